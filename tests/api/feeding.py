"""A small history with everything that a feed must keep apart, and its views."""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from api.views import Views
from eventstore.follower import follow_once
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Note, Status
from handlers.projections.search import Search, SearchIndex
from handlers.projections.terms import Terms, TermsReader
from tests.api.conftest import Repository
from tests.api.documents import a_medium, a_source, a_specimen, a_stub


@dataclass(frozen=True, slots=True)
class History:
    """The objects of the history, by what became of them."""

    source: Pid
    oak: Pid
    """Revised: its country is Latvia now."""
    hidden: Pid
    """Public, revised, then withheld: PID-only now."""
    gone: Pid
    """Tombstoned."""
    draft: Pid
    picture: Pid
    stub: Pid
    """PID-only from the beginning."""

    @property
    def public(self) -> set[str]:
        """PIDs of what every feed names."""
        named = (self.source, self.oak, self.hidden, self.gone, self.picture, self.stub)
        return {str(pid) for pid in named}


def in_country(country: str, number: str = "DH-1") -> Document:
    """A specimen that was collected there."""
    found = a_specimen(number)
    found["ods:hasEvents"][0]["ods:hasLocation"]["dwc:country"] = country
    return found


def a_history(repository: Repository) -> History:
    """One event a day from 1 March 2026; 12 events."""
    source = repository.register("source-system", a_source())
    oak = repository.register("specimen", in_country("Estonia"), source=source)
    hidden = repository.register("specimen", in_country("Secretland", "DH-2"), source=source)
    draft = repository.register("specimen", in_country("Draftland", "DH-3"), Status.DRAFT)
    gone = repository.register("specimen", in_country("Malta", "DH-4"))
    repository.revise(oak, in_country("Latvia"))
    repository.revise(hidden, in_country("Hiddenland", "DH-2"))
    repository.withhold(hidden, "The licence was withdrawn.")
    repository.tombstone(gone, "Registered twice.")
    picture = repository.register("media", a_medium(oak))
    unlicensed = a_stub(Pid.parse("10.5072/ABC-DEF-123"), "No licence.")
    stub = repository.register(
        "specimen", {**unlicensed, "ods:normalisedPhysicalSpecimenID": "DH-5"}, Status.PID_ONLY
    )
    detail = {"harvest": 1, "not_seen": [str(oak)], "seen_again": {}}
    repository.do(Note("HarvestCompleted", detail), source, "source-system")
    return History(source, oak, hidden, gone, draft, picture, stub)


def the_views(repository: Repository) -> Views:
    """Search and changed terms, up to date."""
    folder = repository.folder
    writers = [SearchIndex(folder / "search.sqlite"), Terms(folder / "terms.sqlite")]
    while follow_once(repository.objects.log, writers):
        pass
    for writer in writers:
        writer.close()
    return Views(
        search=Search(folder / "search.sqlite"), terms=TermsReader(folder / "terms.sqlite")
    )


def replayed(patches: str, onto: set[Quad] | None = None) -> set[Quad]:
    """The quads after these RDF Patches, as a replica keeps them."""
    quads = set(onto or ())
    for line in patches.splitlines():
        code, _, rest = line.partition(" ")
        if code == "A":
            quads.update(parse(rest.encode(), RdfFormat.N_QUADS))
        elif code == "D":
            quads.difference_update(parse(rest.encode(), RdfFormat.N_QUADS))
        elif line.startswith("H cleared "):
            name = rest.removeprefix("cleared ").strip(" .<>")
            quads = {quad for quad in quads if not _of(quad, name)}
    return quads


def _of(quad: Quad, name: str) -> bool:
    subject = quad.subject
    if not isinstance(subject, NamedNode) or isinstance(quad.graph_name, NamedNode):
        return False
    return subject.value == name or subject.value.startswith(f"{name}#")
