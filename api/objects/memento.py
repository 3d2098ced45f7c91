"""Memento (RFC 7089): originals, TimeGates, TimeMaps and mementos of every object.

    /10.5072/ABC-DEF-123                          the original: never varies on Accept-Datetime
    /timegate/https://doi.org/10.5072/ABC-DEF-123 Accept-Datetime → 302 to the memento
    /timemap/link/10.5072/ABC-DEF-123             all mementos, 1,000 a page; also /timemap/json/
    /10.5072/ABC-DEF-123/2                        a memento: its version 2
    /20.5000.5072/XYZ-DEF-123?as-of=42            a memento of a dataset: as of a harvest

The TimeGate has an address of its own, because clients take an original that varies for one
that has no TimeGate. Times are whole seconds there: the memento of T is the last version whose
time, cut to seconds, is not after T. Who needs more asks by `?as-of=`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

from api.harvesting.datasets import KIND as DATASET
from api.objects.exchange import Headers, http_date
from api.refusals import UnknownParameter
from eventstore.envelope import Recorded, iso
from eventstore.instant import Instant
from eventstore.patches import document_lines
from eventstore.recorder import Recorder
from eventstore.timeline import Dated, HarvestTimeline, Timeline, Times
from fdo.errors import InvalidIdentifier, NotFound
from fdo.identifiers import Pid
from fdo.representations.rdf import ntriples

LINK_FORMAT = "application/link-format"

_HTTP_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"\d{4} \d\d:\d\d:\d\d GMT\Z",
    re.ASCII,
)
_ADDRESS = re.compile(r"(https?):/+([^/]+)(/.*)\Z", re.I | re.S)

Form = Literal["link", "json"]


def accept_datetime(text: str) -> int:
    """The second (since 1970) that an Accept-Datetime header names: an HTTP-date of RFC 1123's
    form, as RFC 7089 (2.1.1) asks; anything else is refused."""
    try:
        if _HTTP_DATE.match(text.strip()):
            return int(parsedate_to_datetime(text.strip()).timestamp())
    except (ValueError, OverflowError):
        pass
    raise UnknownParameter(
        f"Accept-Datetime: {text!r} is no HTTP-date; write it as "
        f"{http_date(int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())).decode()}.",
        parameter="Accept-Datetime",
    )


@dataclass(frozen=True, slots=True)
class Mementos:
    """Names and times of mementos, as headers say them."""

    objects: Times
    datasets: Times
    base: str

    @classmethod
    def of(cls, recorder: Recorder, base: str) -> Mementos:
        """Those of the objects of a log."""
        return cls(Timeline(recorder), HarvestTimeline(recorder), base)

    def times(self, kind: str) -> Times:
        """The mementos of objects of a type."""
        return self.datasets if kind == DATASET else self.objects

    def original(self, pid: Pid) -> str:
        """The address of which all mementos of an object are."""
        return f"{self.base}/{pid}"

    def timegate(self, pid: Pid) -> str:
        """Where to ask for an object at a datetime."""
        return f"{self.base}/timegate/{pid}"

    def timemap(self, pid: Pid, form: Form = "link", page: int | None = None) -> str:
        """Where all mementos of an object are listed."""
        return f"{self.base}/timemap/{form}/{pid}" + (f"?page={page}" if page else "")

    def memento(self, pid: Pid, version: int) -> str:
        """The address of one version."""
        return f"{self.base}/{pid}/{version}"

    def address(self, pid: Pid, one: Dated) -> str:
        """The address of a memento: a version, or the state after a harvest."""
        if one.version is not None:
            return self.memento(pid, one.version)
        return self.state(pid, Instant(one.position))

    def state(self, pid: Pid, at: Instant) -> str:
        """The address of an object as it was at an instant."""
        heard = "" if at.observed is None else f"&observed-at={iso(at.observed)}"
        return f"{self.original(pid)}?as-of={at.position}{heard}"

    def headers(self, event: Recorded, at: Dated, body: bytes, *, graph: bool) -> Headers:
        """What a memento says beside its links: the time of the state that it shows, the digest of
        this representation (RFC 9530), and with `graph` that of its canonical graph (RDFC-1.0)."""
        said: Headers = [
            (b"memento-datetime", http_date(at.recorded_at // 1_000_000)),
            (b"repr-digest", digest(body)),
        ]
        if graph:
            lines = ntriples(document_lines(event)).encode()
            said.append((b"collectome-graph-digest", digest(lines)))
        return said

    def links(self, pid: Pid, kind: str, at: Dated) -> str:
        """The links of a memento to its original and its neighbours."""
        return ", ".join([f'<{self.original(pid)}>; rel="original"', *self.around(pid, kind, at)])

    def around(self, pid: Pid, kind: str, at: Dated) -> list[str]:
        """A memento itself, the first, the last, and those before and after it; an address
        that is several of them has one link."""
        times = self.times(kind)
        near = times.beside(pid, at)
        named: list[tuple[str, Dated | None]] = [
            ("first", times.first(pid)),
            ("prev", near.before),
            ("", near.itself),
            ("next", near.behind),
            ("last", times.last(pid)),
        ]
        relations: dict[Dated, list[str]] = {}
        for name, one in named:
            if one is not None:
                relations.setdefault(one, []).extend([name] if name else [])
        return [
            self._link(pid, one, " ".join([*names, "memento"])) for one, names in relations.items()
        ]

    def _link(self, pid: Pid, one: Dated, rel: str) -> str:
        return f'<{self.address(pid, one)}>; rel="{rel}"; datetime="{dated(one)}"'


def digest(data: bytes) -> bytes:
    """A digest as RFC 9530 writes it."""
    return b"sha-256=:" + base64.b64encode(hashlib.sha256(data).digest()) + b":"


def original_of(uri: str, base: str) -> Pid:
    """The object of which a URI is the original: its path here, its PID IRI, or its address
    here. Proxies that merge slashes make `https:/` of `https://`; both are read."""
    text = uri.strip().removesuffix("/")
    try:
        if found := _ADDRESS.match(text):
            here = urlsplit(base)
            if found[2].lower() == here.netloc.lower() and found[3].startswith(f"{here.path}/"):
                text = found[3].removeprefix(f"{here.path}/")
            else:
                text = f"{found[1]}://{found[2]}{found[3]}"
        return Pid.parse(text)
    except InvalidIdentifier as wrong:
        raise NotFound(
            f"{uri[:200]!r} is no original here; give the address or the PID of an object, as in "
            f"{base}/timegate/10.5072/ABC-DEF-123."
        ) from wrong


def dated(one: Dated) -> str:
    """The time of a version as HTTP writes it, cut to seconds."""
    return http_date(one.recorded_at // 1_000_000).decode()
