"""The datasets of a repository, one for each source system, with what is counted of them.

One home for catalogue, dataset pages and whoever else tells of a dataset: numbers come from the
views and so may be some seconds old; `position` says how new they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from api.site import Site
from eventstore.envelope import Recorded, iso
from eventstore.instant import Instant
from fdo import dataset as told
from fdo.documents import Document
from fdo.errors import Unavailable
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.projections.holdings import HoldingsReader, Tally
from handlers.projections.search import Profile

KIND = "source-system"
_HARVESTS = 10


@dataclass(frozen=True, slots=True)
class Harvest:
    """One harvest of a source, as it was counted."""

    number: int
    position: int
    recorded: str
    observed: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Dataset:
    """What came from one source system."""

    pid: Pid
    version: int
    document: Document
    issued: str
    """When its first object was public (RFC 3339)."""
    modified: str
    """When one of its objects last changed."""
    objects: dict[str, int]
    """Object type → public objects, without the source system itself."""
    withheld: int
    """Objects whose PID is public only, or that were withdrawn."""
    profile: Profile = field(default_factory=Profile)

    @property
    def name(self) -> str:
        """Its title."""
        return _name(self.pid, self.document)

    @property
    def description(self) -> str | None:
        """What its source says of it: its abstract, else the facts that are known."""
        text = str(self.document.get("schema:description") or "")
        return told.abstract(text) or text or None

    @property
    def homepage(self) -> str | None:
        """Where the source is on the web."""
        address = str(self.document.get("schema:url", ""))
        return address if address.startswith(("https://", "http://")) else None

    @property
    def total(self) -> int:
        """Public objects of all types."""
        return sum(self.objects.values())


def datasets(site: Site, start: int = 0, limit: int = 100) -> tuple[int, list[Dataset]]:
    """How many datasets there are, and some of them in order of PID."""
    tallies = holdings(site).tallies()
    pids = sorted(str(t.source) for t in tallies if t.kind == KIND and t.public and t.source)
    return len(pids), _read(site, pids[start : start + limit], tallies)


def dataset(site: Site, pid: Pid) -> Dataset | None:
    """One dataset; None where no public source system has this PID."""
    found = _read(site, [str(pid)], holdings(site).tallies())
    return found[0] if found else None


def names(site: Site, pids: Iterable[str]) -> dict[str, str]:
    """PID of a source system → its name, where that is public."""
    return {str(event.pid): _name(event.pid, event.document) for event in _public(site, pids)}


def harvests(site: Site, pid: Pid, at: Instant | None = None) -> list[Harvest]:
    """The last harvests of a source, newest first: as of now, or of those that count at an
    instant."""
    done = [
        event
        for event in site.objects.log.history(pid)
        if event.what == "HarvestCompleted" and (at is None or _counts(event, at))
    ]
    return [_harvest(event) for event in reversed(done[-_HARVESTS:])]


def holdings(site: Site) -> HoldingsReader:
    """The view of what there is; Unavailable where the server keeps none."""
    if site.views.holdings is None:
        raise Unavailable("This server keeps no list of its objects; is a projector running?")
    return site.views.holdings


def _counts(event: Recorded, at: Instant) -> bool:
    """Whether an event is within both bounds of an instant (decision 0003)."""
    heard = at.observed is None or event.observed_at <= at.observed
    return event.position <= at.position and heard


def _harvest(event: Recorded) -> Harvest:
    counts = {str(name): int(number) for name, number in event.detail.get("counts", {}).items()}
    return Harvest(
        int(event.detail.get("harvest", 0)), event.position, iso(event.recorded_at),
        iso(event.observed_at), counts,
    )  # fmt: skip


def _read(site: Site, pids: Sequence[str], tallies: Iterable[Tally]) -> list[Dataset]:
    known = site.views.search.profiles() if site.views.search is not None else {}
    of_source: dict[str | None, list[Tally]] = {}
    for tally in tallies:
        of_source.setdefault(tally.source, []).append(tally)
    return [
        dataset_of(event, of_source.get(str(event.pid), []), known.get(event.pid.iri, Profile()))
        for event in _public(site, pids)
    ]


def _public(site: Site, pids: Iterable[str]) -> list[Recorded]:
    """The current versions of those of these objects that are public source systems."""
    log = site.objects.log
    heads = [h for h in log.heads_of(pids) if h.type == KIND and h.status is Status.ACTIVE]
    events = log.events_at(head.position for head in heads)
    return sorted(events.values(), key=lambda event: event.pid_text)


def _name(pid: Pid, document: Document) -> str:
    return str(document.get("schema:name") or pid)


def dataset_of(event: Recorded, mine: Sequence[Tally], profile: Profile) -> Dataset:
    """The dataset of a version of a source system, with what was counted of it."""
    objects = {t.kind: t.objects for t in mine if t.public and t.kind != KIND}
    return Dataset(
        event.pid,
        event.version,
        event.document,
        issued=str(event.document.get("schema:dateCreated") or iso(event.recorded_at)),
        modified=iso(max([event.recorded_at, *(t.last_at for t in mine)])),
        objects=objects,
        withheld=sum(t.objects for t in mine if not t.public),
        profile=profile,
    )
