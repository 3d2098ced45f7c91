"""When a rung is made and of what, which stay, and a ladder of very many."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from eventstore.instant import Instant
from fdo.documents import canonical
from fdo.lifecycle import Revise
from handlers.instants.rungs import Policy
from handlers.projector import Projector
from handlers.queries.checkpoint import Current
from handlers.stores import Kept, all_kept, remove
from tests.eventstore.story import BY
from tests.handlers.instants.history import History, pid, quads


def a_rung(position: int, recorded_at: str) -> Kept:
    return Kept(Path(str(position)), Instant(position), f"{recorded_at}:00.000000Z", position)


def kept(policy: Policy, *times: str) -> list[str]:
    """Of rungs recorded at these times, those that stay."""
    rungs = [a_rung(number, time) for number, time in enumerate(times, 1)]
    gone = policy.thinned(rungs)
    return [rung.recorded_at[:16] for rung in rungs if rung not in gone]


@pytest.mark.parametrize(
    ("last", "now", "idle", "due"),
    [
        (None, (1, "2026-03-01"), True, True),
        (None, (1, "2026-03-01"), False, False),
        (None, (0, ""), True, False),
        ((10, "2026-03-01"), (10, "2026-03-02"), True, False),
        ((10, "2026-03-01"), (11, "2026-03-01"), True, False),
        ((10, "2026-03-01"), (11, "2026-03-02"), True, True),
        ((10, "2026-03-01"), (11, "2026-03-02"), False, False),
        ((10, "2026-03-01"), (110, "2026-03-01"), True, True),
        ((10, "2026-03-01"), (110, "2026-03-01"), False, False),
        ((10, "2026-03-01"), (410, "2026-03-01"), False, True),
        ((10, "2026-03-01"), (9, "2026-03-02"), True, False),
    ],
)
def test_a_rung_is_due_after_so_many_events_and_once_a_day_if_anything_happened(
    last: tuple[int, str] | None, now: tuple[int, str], idle: bool, due: bool
) -> None:
    newest = a_rung(last[0], f"{last[1]}T12:00") if last else None
    current = Current("c", now[0], f"{now[1]}T12:00:00.000000Z")
    assert Policy(every=100).due(newest, current, idle=idle) is due


def test_rungs_are_thinned_to_hours_then_days_then_months() -> None:
    assert kept(
        Policy(hours=24, days=31),
        "2025-01-03T09:00",  # the first stays
        "2025-11-02T09:00",
        "2025-11-30T23:00",  # the newest of its month
        "2026-03-02T08:00",
        "2026-03-02T21:00",  # the newest of its day
        "2026-03-09T22:10",
        "2026-03-09T22:50",  # the newest of its hour
        "2026-03-09T23:10",
        "2026-03-09T23:20",  # the newest
    ) == [
        "2025-01-03T09:00",
        "2025-11-30T23:00",
        "2026-03-02T21:00",
        "2026-03-09T22:50",
        "2026-03-09T23:20",
    ]


def test_thinning_twice_is_thinning_once_and_an_empty_ladder_is_thin() -> None:
    generator = random.Random(7)
    times = sorted(
        f"2026-{generator.randint(1, 9):02d}-{generator.randint(1, 28):02d}T0{n % 10}:00"
        for n in range(200)
    )
    once = kept(Policy(), *times)
    assert kept(Policy(), *once) == once and times[0] in once and times[-1] in once
    assert Policy().thinned([]) == []


def test_the_projector_makes_a_rung_when_all_is_taken_in(tmp_path: Path) -> None:
    told = History(tmp_path)
    told.register(1)
    told.close()
    projector = Projector(tmp_path, Policy(every=1))
    projector.settle()
    projector.settle()
    assert [k.instant.position for k in all_kept(projector.graph.folder / "rungs")] == [1]
    projector.close()


def test_a_rebuild_of_the_graph_begins_a_new_ladder(tmp_path: Path) -> None:
    told = History(tmp_path)
    told.register(1)
    told.project()
    rungs = told.rungs(every=1)
    assert rungs.consider(idle=True)
    with told.instants().hold_now(Instant(1, 10**15)):
        pass
    rungs.clear()
    assert all_kept(told.ladder().rungs) == all_kept(told.ladder().instants) == []
    assert rungs.consider(idle=True)
    told.close()


def with_a_light_rung(folder: Path) -> tuple[History, Kept, Kept]:
    """A full rung at event 2, and a light one at event 4 that came of it; event 5 is published."""
    told = History(folder)
    rungs = told.rungs(every=1)
    for number in (1, 2):
        told.register(number)
    told.project()
    full = rungs.consider(idle=True)
    told.do(1, Revise(told.stamp(1, "Larix decidua", 2)), observed_at=None)
    told.register(3, "Picea")
    told.project()
    light = rungs.consider(idle=True)
    assert full and light and (full.light, light.light) == (False, True)
    told.register(4)
    told.project()
    return told, full, light


def test_a_rung_near_a_full_one_shares_its_tables_and_outlives_it(tmp_path: Path) -> None:
    told, full, light = with_a_light_rung(tmp_path)
    shared = {path.name for path in full.path.glob("*.sst")} & {
        path.name for path in light.path.iterdir()
    }
    assert shared
    assert all((full.path / name).samefile(light.path / name) for name in shared)
    assert remove(full.path)
    right(told, [2, 3, 4])
    assert quads(light.path) == told.truth(Instant(4))
    with told.instants().hold_now(Instant(4)) as held:
        assert held.path.parent == told.ladder().instants, "written to tables before it is asked"
    remove(held.path)
    assert told.ladder().choices(Instant(4))[0].kept == light
    told.close()


@pytest.mark.parametrize("left", [0, 0.5, 0.99])
def test_a_light_rung_with_a_torn_journal_is_passed_over_and_removed(
    tmp_path: Path, left: float
) -> None:
    told, _, light = with_a_light_rung(tmp_path)
    (journal,) = (path for path in light.path.glob("*.log") if path.stat().st_size)
    os.truncate(journal, int(journal.stat().st_size * left))
    right(told, [4, 3])
    assert not light.path.exists()
    told.close()


def test_a_rung_is_a_full_one_where_much_lies_between_or_something_was_erased(
    tmp_path: Path,
) -> None:
    told = History(tmp_path)
    sparing = told.rungs(every=1, share=3)
    for number in range(1, 7):
        told.clock.now += 3_600_000_000  # each has an hour of its own, so none is thinned
        told.register(number)
        told.project()
        sparing.consider(idle=True)
    made = all_kept(told.ladder().rungs)
    assert [rung.light for rung in made] == [False, False, True, False, True, True]
    before = told.log.event(2)
    redacted = canonical({**before.document, "ods:specimenName": "(erased)"})
    told.objects.erase(pid(2), [2], redacted, BY)
    told.project()
    rung = told.rungs(every=1).consider(idle=True)
    assert rung and not rung.light and quads(rung.path) == told.truth(Instant(7))
    told.close()


def test_what_a_killed_process_left_half_made_goes_when_the_ladder_is_thinned(
    tmp_path: Path,
) -> None:
    told, full, light = with_a_light_rung(tmp_path)
    folders = [full.path.with_name(name) for name in (".building-7", "7-1", ".building-8")]
    for folder in folders:
        folder.mkdir()
    for folder in folders[:2]:
        os.utime(folder, (0, 0))
    told.rungs(every=1).thin()
    assert [folder.exists() for folder in folders] == [False, False, True]
    assert all_kept(told.ladder().rungs) == [full, light]
    told.close()


@pytest.mark.slow
def test_instants_are_right_on_a_ladder_of_500_rungs_while_it_is_thinned(tmp_path: Path) -> None:
    told = History(tmp_path)
    rungs = told.rungs(share=1_000, every=1, hours=0, days=0)
    generator, names = random.Random(3), ["Abies alba", "Picea", "Larix"]
    versions: dict[int, int] = {}
    for _ in range(500):
        number = generator.randint(1, 5)
        version = versions[number] = versions.get(number, 0) + 1
        name = f"{generator.choice(names)} {version}"
        if version == 1:
            told.register(number, name)
        else:
            told.do(number, Revise(told.stamp(number, name, version)), observed_at=None)
        told.project()
        current = told.graph.folder / "checkpoints"
        newest = max(current.iterdir(), key=lambda path: path.name)
        position = told.log.position()
        rungs.make(newest, position, told.log.recorded_at(position) or "", position)
    assert len(all_kept(told.ladder().rungs)) == 500
    right(told, generator.sample(range(501), 5))
    assert len(rungs.thin()) == 498, "the first and the newest stay"
    right(told, generator.sample(range(501), 5))
    told.close()


def right(told: History, positions: Sequence[int]) -> None:
    for position in positions:
        for instant in (Instant(position), Instant(position, told.clock.now + position // 2)):
            with told.instants().hold_now(instant) as held:
                assert quads(held.path) == told.truth(instant)
