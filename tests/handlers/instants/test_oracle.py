"""The oracle: the store of any instant equals one that is folded from nothing."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Store, Triple

from eventstore.instant import Instant
from fdo.lifecycle import Revise
from handlers.instants import DeltaGraph, NamedState
from handlers.instants.build import Builder
from handlers.stores import all_kept
from tests.eventstore.story import Objects
from tests.examples import examples
from tests.handlers.instants.history import History, Step, bounds, histories, quads

exhaustive = settings(
    max_examples=examples(15), deadline=None, suppress_health_check=list(HealthCheck)
)


def check(history: History, asked: list[tuple[int, int | None]]) -> None:
    """Each instant asked for is what the log folds to."""
    instants = history.instants()
    for position, observed in asked:
        instant = Instant(min(position, history.log.position()), observed)
        with instants.hold_now(instant) as held:
            assert quads(held.path) == history.truth(instant), instant


@given(histories, st.lists(bounds, min_size=1, max_size=5))
@exhaustive
def test_any_instant_is_the_fold_of_the_events_inside_its_bounds(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[Step],
    asked: list[tuple[int, int | None]],
) -> None:
    history = History(tmp_path_factory.mktemp("data"))
    history.tell(steps)
    history.project()
    check(history, asked)
    history.close()


@given(histories, st.lists(bounds, min_size=4, max_size=4))
@exhaustive
def test_it_is_so_from_a_rung_on_either_side_and_from_instants_made_and_compacted_before(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[Step],
    asked: list[tuple[int, int | None]],
) -> None:
    history = History(tmp_path_factory.mktemp("data"))
    rungs = history.rungs(every=3)
    for start in range(0, len(steps), 3):
        history.tell(steps[start : start + 3])
        history.project()
        rungs.consider(idle=True)
    check(history, asked[:2])
    builder = Builder(history.ladder())
    for kept in all_kept(history.ladder().instants):
        builder.compact(kept.path)
    check(history, [*reversed(asked)])
    history.close()


@given(histories, histories, st.lists(bounds, min_size=2, max_size=3))
@settings(exhaustive, max_examples=examples(8))
def test_it_is_so_while_the_projections_are_behind_and_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[Step],
    later: list[Step],
    asked: list[tuple[int, int | None]],
) -> None:
    history = History(tmp_path_factory.mktemp("data"))
    history.tell(steps)
    history.project()
    history.tell(later)
    check(history, asked)
    history.close()
    again = History(history.folder)
    check(again, asked)
    again.project()
    check(again, asked)
    again.close()


@given(histories, st.sampled_from(["missing table", "garbled table", "no manifest", "gone"]))
@settings(exhaustive, max_examples=examples(8))
def test_it_is_so_with_a_rung_destroyed_which_is_removed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], harm: str
) -> None:
    history = History(tmp_path_factory.mktemp("data"))
    history.register(1)
    history.project()
    rung = history.rungs(every=1).consider(idle=True)
    assert rung is not None
    history.tell(steps)
    destroy(rung.path, harm)
    check(history, [(2, None), (1, None), (2, 0)])
    assert not rung.path.exists()
    history.close()


def destroy(store: Path, harm: str) -> None:
    """What can happen to files on a disk; others that share them keep theirs."""
    tables = sorted(store.glob("*.sst"))
    if harm == "gone":
        shutil.rmtree(store)
    elif harm == "no manifest":
        (store / "CURRENT").unlink()
    for table in tables if "table" in harm else []:
        size = table.stat().st_size
        table.unlink()
        if harm == "garbled table":
            table.write_bytes(b"\x5a" * size)


@given(histories)
@settings(exhaustive, max_examples=examples(6))
def test_it_is_so_for_a_value_taken_out_and_put_back(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    """Deleted and added again is no change (decision 0029): neither in the store, nor in the
    difference of the two instants."""
    history = History(tmp_path_factory.mktemp("data"))
    history.register(1)
    before = history.log.position()
    names = ("Picea", "Abies alba", "Picea", "Abies alba")
    for version, name in enumerate(names, 2):
        history.do(1, Revise(history.stamp(1, name, version)), observed_at=None)
    after = history.log.position()
    history.tell(steps)
    history.project()
    check(history, [(before, None), (after, None), (before + 1, None)])
    added = graph_of(history, DeltaGraph(before, after, "added"))
    removed = graph_of(history, DeltaGraph(before, after, "removed"))
    assert not [line for line in added | removed if "specimenName" in line]
    now, then = default_graph(history, after), default_graph(history, before)
    assert (added, removed) == (now - then, then - now)
    history.close()


def default_graph(history: History, position: int) -> set[str]:
    return {line for line in history.truth(Instant(position)) if not line.endswith(_NAMED)}


_NAMED = ("records>", "provenance>")


def graph_of(history: History, state: DeltaGraph) -> set[str]:
    """The triples of a named graph, built beside the first instant."""
    with history.instants().hold_now(Instant(0), [NamedState("urn:g", state)]) as held:
        store = Store.read_only(str(held.path))
        return {
            str(Triple(q.subject, q.predicate, q.object))
            for q in store.quads_for_pattern(None, None, None, NamedNode("urn:g"))
        }


def test_it_is_so_while_a_writer_appends_and_the_ladder_is_thinned(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.register(1)
    history.project()
    rungs = history.rungs(every=1, hours=0, days=0)
    stop = threading.Event()

    def write() -> None:
        told = Objects(tmp_path)
        version = 1
        while not stop.is_set() and version < 300:
            version += 1
            told.do(1, Revise(told.stamp(1, f"Picea {version % 3}", version)))
        told.objects.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(4):
            history.project()
            rungs.consider(idle=True)
            head = history.log.position()
            check(history, [(head, None), (head // 2, None), (1, None)])
            rungs.thin()
    finally:
        stop.set()
        writer.join()
    history.close()
