"""Holding: built once, in a process of its own, found again, kept while held, evicted last used."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvloop

from eventstore.instant import Instant
from fdo.errors import NotFound, Unavailable
from fdo.lifecycle import Revise
from handlers import stores
from handlers.instants import GraphTooLarge, Held, Instants, NamedState, Preparing, VersionGraph
from handlers.instants import build as building
from handlers.instants.build import Builder
from handlers.instants.model import DeltaGraph
from handlers.instants.orders import asked, understood
from handlers.stores import Charged
from tests.handlers.instants.history import History, pid, quads

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Four events: two objects, each revised once."""
    told = History(tmp_path)
    for number in (1, 2):
        told.register(number)
        told.do(number, Revise(told.stamp(number, "Picea", 2)), observed_at=None)
    told.project()
    yield told
    told.close()


async def held(instants: Instants, position: int, **more: int) -> Held:
    async with instants.hold(Instant(position, **more)) as found:
        return found


async def closing(instants: Instants, *positions: int) -> list[Held]:
    try:
        return list(await asyncio.gather(*(held(instants, p) for p in positions)))
    finally:
        await instants.close()


def stores_made(history: History) -> list[str]:
    return sorted(note.stem for note in history.ladder().instants.glob("*.json"))


def test_an_instant_is_built_in_another_process_and_found_again(
    history: History, capfd: pytest.CaptureFixture[str]
) -> None:
    (first,) = asyncio.run(closing(history.instants(), 3))
    assert capfd.readouterr().err == "", "nothing for the operator to wonder about"
    assert quads(first.path) == history.truth(Instant(3))
    assert first.recorded_at == history.log.recorded_at(3)
    made = first.path.stat().st_mtime_ns
    (again,) = asyncio.run(closing(history.instants(), 3))  # as after a restart
    assert again == first and again.path.stat().st_mtime_ns == made


def test_many_who_ask_for_the_same_instant_get_one_build(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    instants, lines = history.instants(), list[bytes]()
    told = instants._told

    async def counted(line: bytes) -> list[object]:
        lines.append(line)
        return await told(line)

    monkeypatch.setattr(instants, "_told", counted)
    found = asyncio.run(closing(instants, *[2] * 20, *[3] * 20))
    assert len(set(found)) == 2
    assert sorted(lines) == [asked(Instant(2), ()), asked(Instant(3), ())]


def test_two_processes_build_an_instant_once(history: History) -> None:
    builders = [
        subprocess.Popen(
            [sys.executable, "-m", "handlers.instants.build", str(history.folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    said = [b.communicate(asked(Instant(3), ()) + b"\n")[0] for b in builders]
    assert set(said) <= {b'["built"]\n', b'["elsewhere"]\n'} and b'["built"]\n' in said
    assert stores_made(history) == ["3"]


def test_who_has_no_patience_is_told_to_come_again_and_the_build_goes_on(
    history: History,
) -> None:
    async def impatient() -> tuple[Preparing, Held]:
        instants = history.instants(patience_s=0.0)
        with pytest.raises(Preparing) as told:
            await held(instants, 3)
        assert instants.preparing(told.value.key) is not None
        while instants.preparing(told.value.key) is not None:
            await asyncio.sleep(0.02)
        found = await held(instants, 3)
        await instants.close()
        return told.value, found

    told, found = asyncio.run(impatient())
    assert (told.key, told.progress) == ("3", 0.0) and told.details["retry_after"] > 0
    assert quads(found.path) == history.truth(Instant(3))


@pytest.mark.parametrize("key", ["../../log", "", "a" * 200, "3/..", "nothing"])
def test_a_strange_key_is_no_build(history: History, key: str) -> None:
    assert history.instants().preparing(key) is None


def test_a_published_state_is_used_where_it_lies(history: History) -> None:
    (found,) = asyncio.run(closing(history.instants(), 4))
    assert found.path.parent.name == "checkpoints"
    assert stores_made(history) == []


def test_a_held_checkpoint_outlives_its_successors(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.projections.graph.KEEP_SECONDS", 0)
    with history.instants().hold_now(Instant(4)) as held:
        for version in (3, 4, 5):
            history.do(1, Revise(history.stamp(1, f"Picea {version}", version)))
            history.project()
        assert quads(held.path) == history.truth(Instant(4))
    history.do(1, Revise(history.stamp(1, "Picea abies", 6)))
    history.project()
    assert not held.path.exists()


def test_those_not_asked_for_longest_make_room_but_none_in_use(history: History) -> None:
    roomy, narrow = history.instants(), history.instants(budget_mb=0)
    with roomy.hold_now(Instant(1)) as first:
        with roomy.hold_now(Instant(2)):
            pass
        with narrow.hold_now(Instant(3)):
            assert stores_made(history) == ["1", "3"], "2 was free, 1 and 3 are held"
        assert first.path.exists()
    history.ladder().evict(0)
    assert stores_made(history) == []


def test_the_one_asked_for_most_recently_stays(history: History) -> None:
    instants = history.instants()
    for position in (1, 2, 3, 1):
        with instants.hold_now(Instant(position)):
            pass
    taken = Charged(history.ladder().instants / name for name in stores_made(history))
    history.ladder().evict(taken.total - 1)
    assert stores_made(history) == ["1", "3"], "2 was asked longest ago"


def test_a_builder_killed_at_work_leaves_nothing_that_counts(history: History) -> None:
    child = (
        "import os, signal, sys; from handlers.instants import build;"
        "build.apply = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "build.main([sys.argv[1]])"
    )
    died = subprocess.run(
        [sys.executable, "-c", child, str(history.folder)],
        input=asked(Instant(3), ()) + b"\n",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert died.returncode == -signal.SIGKILL
    assert stores_made(history) == []
    with history.instants().hold_now(Instant(3)) as found:
        assert quads(found.path) == history.truth(Instant(3))
    assert not list(history.ladder().instants.glob(".building*"))


def test_what_killed_processes_left_goes_when_room_is_made(history: History) -> None:
    folder = history.ladder().instants
    lefts = [folder / name for name in (".building-3-c", ".removed-2-1", ".building-1")]
    for left in lefts:
        (left / "store").mkdir(parents=True)
    with stores.held(lefts[-1]):
        history.ladder().evict(1 << 30)
    assert [left.exists() for left in lefts] == [False, False, True], "at the last somebody works"
    assert [path.name for path in folder.iterdir()] == [".building-1"]


def test_a_builder_that_died_is_replaced(history: History) -> None:
    async def two() -> list[Held]:
        instants = history.instants()
        first = await held(instants, 1)
        (process,) = instants._idle
        process.kill()
        second = await held(instants, 2)
        await instants.close()
        return [first, second]

    first, second = asyncio.run(two())
    assert quads(first.path) == history.truth(Instant(1))
    assert quads(second.path) == history.truth(Instant(2))


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_builders_that_ended_since_nothing_came_are_replaced(
    history: History, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def after_a_rest() -> list[Held]:
        instants = history.instants()
        await asyncio.gather(held(instants, 1), held(instants, 2))
        for process in instants._idle:
            assert process.stdin is not None
            process.stdin.close()  # it ends, as it does by itself after a while
            await process.wait()
        assert len(instants._idle) == 2
        found = [await held(instants, 3)]
        assert instants._running == set(instants._idle)
        await instants.close()
        return found

    with asyncio.Runner(loop_factory=loop) as runner:
        (found,) = runner.run(after_a_rest())
    assert quads(found.path) == history.truth(Instant(3))


def test_more_than_enough_builds_at_once_are_refused(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.instants.holding.WAITING", 2)

    async def flood() -> list[object]:
        instants = history.instants()
        try:
            return await asyncio.gather(
                *(held(instants, p) for p in (1, 2, 3)), return_exceptions=True
            )
        finally:
            await instants.close()

    told = [type(answer) for answer in asyncio.run(flood())]
    assert sorted(t.__name__ for t in told) == ["Held", "Held", "Unavailable"]
    assert Unavailable in told


def test_a_refusal_of_the_builder_reaches_who_asked_and_is_remembered(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked_twice() -> list[str]:
        instants = history.instants()
        graph = NamedState("urn:g", VersionGraph(pid(9), 1))  # there is no such object
        messages = []
        for _ in range(2):
            with pytest.raises(NotFound, match="No object") as told:
                async with instants.hold(Instant(1), [graph]):
                    pass
            messages.append(str(told.value))
            shutil.rmtree(history.ladder().instants, ignore_errors=True)
        assert not history.ladder().instants.exists(), "the second time nothing was tried"
        await instants.close()
        return messages

    first, second = asyncio.run(asked_twice())
    assert first == second


def test_what_is_asked_survives_the_way_to_the_builder() -> None:
    graphs = [
        NamedState("urn:a", Instant(3, 7)),
        NamedState("urn:b", DeltaGraph(1, 3, "added")),
        NamedState("urn:c", VersionGraph(pid(1), 2)),
    ]
    assert understood(asked(Instant(4, 5), graphs)) == (Instant(4, 5), graphs)


def test_a_graph_over_its_limit_is_refused(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "GRAPH_TRIPLES", 3)
    for state in (DeltaGraph(0, 4, "added"), VersionGraph(pid(1), 1)):
        with pytest.raises(GraphTooLarge) as told:
            Builder(history.ladder()).build(Instant(2), [NamedState("urn:g", state)])
        assert told.value.details["limit"] == 3
    assert stores_made(history) == ["2"]


def test_states_of_a_log_that_was_replaced_by_an_older_copy_are_not_used(
    tmp_path: Path,
) -> None:
    history = History(tmp_path)
    for number in (1, 2, 3, 4):
        history.register(number)
    history.project()
    with history.instants().hold_now(Instant(3)):
        pass
    history.close()
    for path in history.folder.glob("log.sqlite*"):
        path.unlink()
    again = History(history.folder)
    again.deltas.clear()  # as whoever puts back a log is told to
    again.clock.now += 5_000_000
    for number in (7, 8, 9):
        again.register(number)
    with again.instants().hold_now(Instant(3)) as held:
        assert quads(held.path) == again.truth(Instant(3))
    again.register(6)
    with again.instants().hold_now(Instant(4)) as held:
        assert quads(held.path) == again.truth(Instant(4)), "the published one is not of this log"
    again.close()
