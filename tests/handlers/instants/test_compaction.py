"""A state that is asked again gets a copy in one layer, which is the same state."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventstore.codec import dumps
from eventstore.instant import Instant
from fdo.lifecycle import Revise
from handlers.instants import NamedState
from handlers.instants import compaction as compacting
from handlers.instants.build import GIVE_WAY, Builder, main
from handlers.instants.compaction import Compaction
from handlers.instants.model import compacted
from handlers.stores import Kept, all_kept, read_kept
from tests.handlers.instants.history import History, quads


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[History]:
    """Four events, of which the states after the second and third are made; none is too small."""
    monkeypatch.setattr(compacting, "WORTH_BYTES", 0)
    told = History(tmp_path)
    for number in (1, 2):
        told.register(number)
        told.do(number, Revise(told.stamp(number, "Picea", 2)), observed_at=None)
    told.project()
    for position in (2, 3):
        with told.instants().hold_now(Instant(position)):
            pass
    yield told
    told.close()


def made(history: History) -> list[str]:
    return sorted(kept.path.name for kept in all_kept(history.ladder().instants))


def state(history: History, name: str) -> Kept:
    kept = read_kept(history.ladder().instants / name)
    assert kept is not None
    return kept


def asked_twice(history: History, name: str, budget: int) -> None:
    """A state is asked twice; it is compacted in this process, if at all."""
    builder = Builder(history.ladder())

    async def run(source: Path) -> list[object]:
        builder.compact(source)
        return ["built"]

    async def twice() -> None:
        compaction = Compaction(history.ladder(), budget, run)
        for _ in range(2):
            compaction.asked(history.ladder().instants / name)
            await settled(compaction)

    asyncio.run(twice())


async def settled(compaction: Compaction) -> None:
    while (task := compaction._task) is not None:
        await asyncio.wait({task})


def test_the_second_question_has_a_state_compacted_by_another_process(history: History) -> None:
    async def three() -> list[Path]:
        instants = history.instants()
        found = []
        for _ in range(3):
            async with instants.hold(Instant(3)) as held:
                found.append(held.path)
            await settled(instants._compaction)
        assert instants._running == set(), "its process ended"
        await instants.close()
        return found

    found = asyncio.run(three())
    assert [path.name for path in found] == ["3", "3", "3-c"]
    assert quads(found[-1]) == history.truth(Instant(3))
    assert made(history) == ["2", "3-c"], "what it came of was in nobody's hands"


def test_a_copy_has_fewer_tables_and_is_found_first(history: History) -> None:
    graph = NamedState("urn:g", Instant(2))
    with history.instants().hold_now(Instant(3), [graph]) as held:
        plain, told = held.path, quads(held.path)
        tables = len(list(plain.glob("*.sst")))
    Builder(history.ladder()).compact(plain)
    with history.instants().hold_now(Instant(3), [graph]) as held:
        assert held.path == compacted(plain)
        assert quads(held.path) == told and "urn:g" in "".join(told)
        assert 0 < len(list(held.path.glob("*.sst"))) < tables


def test_a_damaged_copy_is_removed_and_the_state_is_right_without_it(history: History) -> None:
    Builder(history.ladder()).compact(state(history, "3").path)
    (state(history, "3-c").path / "CURRENT").unlink()
    with history.instants().hold_now(Instant(3)) as held:
        assert quads(held.path) == history.truth(Instant(3))
    assert made(history) == ["2", "3"]


@pytest.mark.parametrize(("worth", "room"), [(1 << 40, 1 << 40), (0, -1)])
def test_a_state_that_is_small_or_has_no_room_for_a_copy_is_left_as_it_is(
    history: History, monkeypatch: pytest.MonkeyPatch, worth: int, room: int
) -> None:
    monkeypatch.setattr(compacting, "WORTH_BYTES", worth)
    asked_twice(history, "3", state(history, "3").size + room)
    assert made(history) == ["2", "3"]


def test_a_copy_that_was_asked_lately_is_not_put_out_by_another(history: History) -> None:
    Builder(history.ladder()).compact(state(history, "3").path)
    older = state(history, "3-c")
    budget = older.size + state(history, "2").size - 1
    asked_twice(history, "2", budget)
    assert made(history) == ["2", "3", "3-c"]
    os.utime(older.note, (0, 0))
    asked_twice(history, "2", budget)
    assert "2-c" in made(history)


def test_what_could_not_be_compacted_is_told_to_the_operator_and_left_for_a_while(
    history: History, caplog: pytest.LogCaptureFixture
) -> None:
    tried = []

    async def full(source: Path) -> list[object]:
        tried.append(source.name)
        return ["failed", "OSError: no space left"]

    async def often() -> None:
        compaction = Compaction(history.ladder(), 1 << 30, full)
        compaction.asked(history.folder / "projections" / "graph" / "checkpoints" / "4")
        for _ in range(4):
            compaction.asked(history.ladder().instants / "3")
            await settled(compaction)

    asyncio.run(often())
    assert tried == ["3"] and "no space left" in caplog.text


def test_a_process_told_to_compact_gives_way_and_says_what_came_of_it(
    history: History, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    given: list[int] = []
    reading, writing = os.pipe()
    for name in ("3", "7"):
        os.write(writing, dumps(str(history.ladder().instants / name)) + b"\n")
    os.close(writing)
    monkeypatch.setattr(os, "nice", given.append)
    with os.fdopen(reading, "r") as said:
        monkeypatch.setattr("sys.stdin", said)
        assert main([str(history.folder), "--compact"]) == 0
    assert given == [GIVE_WAY]
    assert capfdbinary.readouterr().out == b'["built"]\n["built"]\n', "7 is not there any more"
    assert made(history) == ["2", "3", "3-c"]


def test_who_holds_a_state_is_told_once_a_copy_stands_beside_it(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compacting, "WORTH_BYTES", 1 << 40)
    instants = history.instants()
    with instants.hold_now(Instant(3)) as held:
        assert instants.asked_again(held)
        Builder(history.ladder()).compact(state(history, "3").path)
        assert not instants.asked_again(held)
        history.ladder().evict(1 << 30)
        assert quads(held.path) == history.truth(Instant(3)), "it stays while it is held"
    history.ladder().evict(1 << 30)
    assert made(history) == ["2", "3-c"]


def test_a_rung_is_compacted_as_well_and_stays(history: History) -> None:
    rung = history.rungs(every=1).consider(idle=True)
    assert rung is not None
    history.do(1, Revise(history.stamp(1, "Larix", 3)), observed_at=None)
    history.project()
    with history.instants().hold_now(Instant(4)) as held:
        assert held.path == rung.path
    Builder(history.ladder()).compact(rung.path)
    with history.instants().hold_now(Instant(4)) as held:
        assert held.path.name == "4-c"
        assert quads(held.path) == quads(rung.path) == history.truth(Instant(4))
