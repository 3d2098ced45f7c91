"""Graphs beside an instant: another whole one, a difference, an old version of one object."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Store

from eventstore.instant import Instant
from fdo.errors import Refused
from fdo.lifecycle import Release, Revise, Tombstone, Withhold
from handlers.instants import DeltaGraph, NamedState, VersionGraph
from tests.eventstore.story import AT
from tests.fdo.story import CURATOR
from tests.handlers.instants.history import History, pid

NAME = "https://collectome.example/at/1"
STUB = {"reason": "closed", "dcterms:license": "none"}


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Two objects; the first revised twice, the second registered between."""
    told = History(tmp_path)
    told.register(1, "Abies alba")
    told.do(1, Revise(told.stamp(1, "Picea abies", 2)), observed_at=None)
    told.register(2, "Larix decidua")
    told.do(1, Revise(told.stamp(1, "Abies alba", 3)), observed_at=None)
    told.project()
    return told


def asked(history: History, position: int, *graphs: NamedState) -> Store:
    with history.instants().hold_now(Instant(position), graphs) as held:
        return Store.read_only(str(held.path))


def named(store: Store, name: str = NAME) -> set[str]:
    found = store.quads_for_pattern(None, None, None, NamedNode(name))
    return {f"{q.subject} {q.predicate} {q.object}" for q in found}


def default(store: Store) -> set[str]:
    found = store.quads_for_pattern(None, None, None, DefaultGraph())
    return {f"{q.subject} {q.predicate} {q.object}" for q in found}


def test_a_whole_instant_can_stand_beside_another(history: History) -> None:
    both = asked(history, 4, NamedState(NAME, Instant(1)))
    assert named(both) == default(asked(history, 1))
    assert default(both) == default(asked(history, 4))
    answer = both.query(
        f"SELECT ?o WHERE {{ ?o a ?t FILTER NOT EXISTS {{ GRAPH <{NAME}> {{ ?o a ?t }} }} }}"
    )
    assert {str(row["o"]) for row in answer} == {f"<{pid(2).iri}>"}  # type: ignore[union-attr]


def test_a_difference_is_net_both_ways(history: History) -> None:
    store = asked(
        history,
        2,
        NamedState("urn:added", DeltaGraph(1, 4, "added")),
        NamedState("urn:removed", DeltaGraph(1, 4, "removed")),
    )
    then, now = default(asked(history, 1)), default(asked(history, 4))
    assert named(store, "urn:added") == now - then
    assert named(store, "urn:removed") == then - now
    assert named(asked(history, 2, NamedState(NAME, DeltaGraph(3, 3, "added")))) == set()


def test_a_difference_goes_forwards() -> None:
    with pytest.raises(Refused, match="swap"):
        DeltaGraph(4, 1, "added")


def test_an_old_version_is_the_graph_of_its_document(history: History) -> None:
    store = asked(history, 4, NamedState(NAME, VersionGraph(pid(1), 2)))
    assert named(store) == default(asked(history, 2)), "it was the only object then"


def test_versions_of_a_withheld_object_are_not_shown(history: History) -> None:
    def shown(number: int) -> set[str]:
        position = history.log.position()
        return named(asked(history, position, NamedState(NAME, VersionGraph(pid(1), number))))

    history.do(1, Withhold({"@type": "ods:DigitalSpecimen", **STUB}))
    assert shown(1) == shown(4) == set()
    history.do(1, Tombstone("Lost.", CURATOR, AT))
    assert shown(1) == shown(5) == set(), "a tombstone does not publish what was withheld"
    history.do(2, Withhold({"@type": "ods:DigitalSpecimen", **STUB}))
    history.do(2, Release(history.stamp(2, "Larix decidua", 3)))
    history.do(2, Tombstone("Lost.", CURATOR, AT))
    position = history.log.position()
    released = named(asked(history, position, NamedState(NAME, VersionGraph(pid(2), 3))))
    assert any("Larix" in line for line in released)


def test_the_same_graphs_in_another_order_are_the_same_store(history: History) -> None:
    one, two = NamedState("urn:a", Instant(1)), NamedState("urn:b", Instant(2))
    with history.instants().hold_now(Instant(3), [one, two]) as first:
        pass
    with history.instants().hold_now(Instant(3), [two, one]) as second:
        assert second.path == first.path
    with history.instants().hold_now(Instant(3), [one]) as third:
        assert third.path != first.path
