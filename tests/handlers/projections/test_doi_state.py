"""The state of DOIs in the graph: live equals rebuild, by bulk and by delta, at any instant."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import QuerySolutions, Store

from eventstore.follower import follow_once
from eventstore.instant import Instant
from fdo.documents import canonical
from fdo.lifecycle import Note, Revise
from handlers.instants.difference import Difference, Sink
from handlers.projections import graph
from handlers.projections.deltas import DeltasReader
from handlers.projections.graph import Graph
from tests.eventstore.story import BY, Objects, pid

QUERY = """
    PREFIX col: <urn:collectome:vocab:>
    SELECT ?object ?state { GRAPH <urn:collectome:graph:records> {
        ?object col:pidStatus ?status . OPTIONAL { ?object col:doiState ?state } } }
    ORDER BY ?object
"""


def confirm(log: Objects, number: int, state: str, version: int | None = None) -> None:
    log.do(number, Note("PidConfirmed", {"state": state, "doi-version": version}))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Objects]:
    """Four specimens: findable, hidden again, reserved and revised, and never confirmed."""
    found = Objects(tmp_path / "log")
    for number in (1, 2, 3, 4):
        found.register(number)
    for state in ("draft", "findable"):
        confirm(found, 1, state)
    confirm(found, 1, "findable", version=1)
    confirm(found, 1, "findable")  # told again: nothing changes
    for state in ("findable", "registered"):
        confirm(found, 2, state)
    confirm(found, 3, "draft")
    found.do(3, Revise(found.stamp(3, "Abies cephalonica", 2)))
    yield found
    found.objects.close()


def states(view: Graph, folder: Path) -> list[str | None]:
    view.flush()
    view.dump(folder / "dump.nq")
    store = Store()
    store.bulk_load(path=str(folder / "dump.nq"))
    answer = store.query(QUERY)
    assert isinstance(answer, QuerySolutions)
    rows = {str(row["object"]): row["state"] for row in answer}
    found = [rows[f"<{pid(number).iri}>"] for number in (1, 2, 3, 4)]
    return [None if state is None else state.value for state in found]


@pytest.mark.parametrize("bulk_at_least", [1, 10**9])
@pytest.mark.parametrize("section", [1, 4, 1000])
def test_live_and_rebuilt_the_graph_tells_the_newest_state(
    log: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bulk_at_least: int, section: int
) -> None:
    monkeypatch.setattr(graph, "BULK_AT_LEAST", bulk_at_least)
    view = Graph(tmp_path / "view")
    while follow_once(log.log, [view], section):
        pass
    assert states(view, tmp_path) == ["findable", "registered", "draft", None]
    live = (tmp_path / "dump.nq").read_text().splitlines()
    view.clear()
    while follow_once(log.log, [view], 1000):
        pass
    assert states(view, tmp_path) == ["findable", "registered", "draft", None]
    assert sorted((tmp_path / "dump.nq").read_text().splitlines()) == sorted(live)
    view.close()


def test_an_erasure_leaves_the_state_of_the_doi(log: Objects, tmp_path: Path) -> None:
    view = Graph(tmp_path / "view")
    first = log.log.version(pid(2), 1)
    log.objects.erase(pid(2), [first.position], canonical(log.stamp(2, "[erased]", 1)), BY)
    while follow_once(log.log, [view], 1000):
        pass
    assert states(view, tmp_path) == ["findable", "registered", "draft", None]
    view.close()


def test_the_difference_of_two_instants_brings_each_state_to_the_other(
    log: Objects, tmp_path: Path
) -> None:
    deltas = DeltasReader(tmp_path / "none.sqlite", log.log)
    head = log.log.position()
    whole = _reached(log, deltas, Instant(0), Instant(head), set())
    for position in range(head + 1):
        there = _reached(log, deltas, Instant(0), Instant(position), set())
        assert _reached(log, deltas, Instant(position), Instant(head), there) == whole
        assert _reached(log, deltas, Instant(head), Instant(position), whole) == there


def _reached(
    log: Objects, deltas: DeltasReader, start: Instant, end: Instant, begun: set[str]
) -> set[str]:
    added: list[str] = []
    removed: list[str] = []
    Difference(log.log, deltas, start, end).into(Sink(added.extend, removed.extend))
    assert not set(added) & set(removed)
    return (begun - set(removed)) | set(added)
