"""Whether a store holds what the source's patches lead to, triple by triple.

All patches up to the store's position are replayed into a throw-away store on this machine, and
every triple of the kept store is looked up there: what is missing, what is too much. A store that
writes literals in another form (`01` as `1`) differs by those.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import DefaultGraph, NamedNode, Quad, Store

from fdo.errors import Refused, Unavailable
from handlers.following.asking import Query, Source
from handlers.following.patches import GRAPHS, patches
from handlers.following.replica import MEDIA_TYPE, PATH, SECTION, net
from handlers.following.store import SparqlStore

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Compared:
    """One graph of the store beside what it should hold."""

    graph: str
    expected: int
    found: int
    missing: int
    extra: int
    examples: Sequence[str]
    """Some of the triples that are too much."""

    @property
    def equal(self) -> bool:
        """Whether the graph is what it should be."""
        return not self.missing and not self.extra


def compare(store: SparqlStore, source: Source) -> tuple[int, list[Compared]]:
    """The position at which the store stands, and each graph compared with what the patches up
    to there lead to. Unavailable when the store moved meanwhile."""
    before = store.standing()
    if before is None:
        raise Refused(f"{store.query} follows nothing yet; there is nothing to compare.")
    with tempfile.TemporaryDirectory(prefix="collectome-verify-") as folder:
        expected = Store(str(Path(folder) / "store"))
        _replay(source, before.position, expected)
        found = [_compared(store, graph, expected) for graph in GRAPHS]
        del expected
    if store.standing() != before:
        raise Unavailable("The store moved on while it was compared; stop its follower first.")
    return before.position, found


def _replay(source: Source, upto: int, into: Store) -> None:
    position = 0
    while position < upto:
        query: Query = {
            "since": position,
            "until": upto,
            "limit": SECTION,
            "format": "rdf-patch",
        }
        told = patches(source.get(PATH, query, MEDIA_TYPE))
        if not told:
            break
        changes = net(told)
        into.extend([quad for added, quad in changes if added])
        for added, quad in changes:
            if not added:
                into.remove(quad)
        position = told[-1].position


def _compared(store: SparqlStore, graph: NamedNode | DefaultGraph, expected: Store) -> Compared:
    place = store.graph if isinstance(graph, DefaultGraph) else graph
    wanted = sum(1 for _ in expected.quads_for_pattern(None, None, None, graph))
    found, extra, examples = 0, 0, list[str]()
    for quad in store.quads(place):
        found += 1
        if Quad(quad.subject, quad.predicate, quad.object, graph) not in expected:
            extra += 1
            examples += [str(quad)] if len(examples) < EXAMPLES else []
    name = "default" if isinstance(graph, DefaultGraph) else graph.value
    return Compared(name, wanted, found, wanted - (found - extra), extra, examples)
