"""Every patch is kept once and read back whole; what is not kept yet comes from the log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore.follower import Projection
from eventstore.instant import Instant
from eventstore.patches import Patch, patch
from fdo.documents import canonical
from fdo.lifecycle import Revise
from handlers.projections.deltas import Deltas, DeltasReader
from tests.eventstore.story import Objects, pid
from tests.handlers.projections.contract import ProjectionContract
from tests.handlers.projections.story import AGENT, Repository, a_specimen, a_story

SECRET = "Ignota Secretaria"


class TestDeltas(ProjectionContract):
    """The contract of all projections."""

    def open(self, folder: Path) -> Projection:
        return Deltas(folder / "view.sqlite")

    def seen(self, projection: Projection, folder: Path) -> Any:
        with sqlite3.connect(folder / "view.sqlite") as view:
            rows = view.execute("SELECT * FROM deltas ORDER BY position").fetchall()
            return rows, view.execute("SELECT * FROM unordered ORDER BY 1").fetchall()


@pytest.fixture
def told(tmp_path: Path) -> Repository:
    return a_story(tmp_path / "log")


def reader(told: Repository, folder: Path, upto: int) -> DeltasReader:
    """A reader of a view that has read so many events."""
    view = Deltas(folder / "view.sqlite")
    view.apply(told.events()[:upto], told.log)
    view.close()
    return DeltasReader(folder / "view.sqlite", told.log)


def derived(told: Repository) -> dict[int, Patch]:
    events = told.events()
    before = told.log.previous(events)
    return {e.position: patch(e, before.get(e.position)) for e in events}


@pytest.mark.parametrize("upto", [0, 13, 1000])
def test_patches_read_back_are_those_derived_however_far_the_view_is(
    told: Repository, tmp_path: Path, upto: int
) -> None:
    wanted = [3, 1, *range(12, told.log.position() + 1)]
    found = list(reader(told, tmp_path, upto).patches(wanted))
    assert [change.position for change in found] == wanted
    assert found == [derived(told)[position] for position in wanted]


def test_a_view_that_was_never_made_is_no_obstacle(told: Repository, tmp_path: Path) -> None:
    missing = DeltasReader(tmp_path / "nowhere" / "view.sqlite", told.log)
    assert list(missing.patches([12])) == [derived(told)[12]]
    assert missing.distance(Instant(2), Instant(7)) == 5


def test_first_versions_take_no_room(told: Repository, tmp_path: Path) -> None:
    reader(told, tmp_path, 1000)
    with sqlite3.connect(tmp_path / "view.sqlite") as view:
        kept = {row[0] for row in view.execute("SELECT position FROM deltas WHERE patch NOTNULL")}
    later = {e.position for e in told.events() if e.version > 1 or e.operational}
    assert kept == later


# ── between two instants ─────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def clocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Objects]:
    """Objects whose sources speak of other times than those of the log."""
    told = Objects(tmp_path_factory.mktemp("log"))
    for number, observed in enumerate((30, 10, None, 20, 10), 1):
        told.register(number, observed_at=observed)
    for number, version, observed in ((1, 2, 40), (3, 2, 25), (2, 2, 50), (2, 3, 50)):
        told.do(number, Revise(told.stamp(number, f"{version}", version)), observed_at=observed)
    yield told
    told.objects.close()


instants = st.builds(
    Instant, st.integers(0, 9), st.none() | st.sampled_from([0, 10, 25, 30, 45, 10**9])
)


@given(instants, instants, st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_the_steps_are_the_events_in_exactly_one_of_the_two(
    tmp_path_factory: pytest.TempPathFactory,
    clocked: Objects,
    start: Instant,
    end: Instant,
    upto: int,
) -> None:
    folder = tmp_path_factory.mktemp("view")
    events = clocked.log.read(0, 100)
    view = Deltas(folder / "view.sqlite")
    view.apply(events[:upto], clocked.log)
    view.close()
    between = DeltasReader(folder / "view.sqlite", clocked.log)

    def inside(instant: Instant) -> set[int]:
        bound = instant.observed
        known = events[: instant.position]
        return {e.position for e in known if bound is None or e.observed_at <= bound}

    steps = between.steps(start, end)
    assert [s.position for s in steps] == sorted(inside(start) ^ inside(end))
    assert {s.position for s in steps if s.forward} == inside(end) - inside(start)
    assert between.distance(start, end) == len(steps)
    assert between.size(end) == len(inside(end))
    assert between.unordered() == {str(pid(3))}


# ── erasure ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seen_first", [True, False])
def test_patches_on_both_sides_of_what_was_erased_are_made_anew(
    tmp_path: Path, seen_first: bool
) -> None:
    told = Repository(tmp_path / "log")
    told.source()
    told.register(1, a_specimen(1))
    told.revise(1, a_specimen(1, ods_specimenName=SECRET))
    told.revise(1, a_specimen(1, ods_specimenName="Bellis"))
    view = Deltas(tmp_path / "view.sqlite")
    if seen_first:
        view.apply(told.events(), told.log)
    redacted = {**told.log.event(3).document, "ods:specimenName": "(erased)"}
    told.objects.erase(told.pid(1), [3], canonical(redacted), AGENT)
    between = DeltasReader(tmp_path / "view.sqlite", told.log)
    assert list(between.patches([3, 4])) == [derived(told)[3], derived(told)[4]]
    view.apply(told.events(), told.log)
    found = list(between.patches([3, 4]))
    view.close()
    assert found == [derived(told)[3], derived(told)[4]]
    assert any("(erased)" in quad for quad in found[1].removed)
    assert SECRET.encode() not in b"".join(p.read_bytes() for p in tmp_path.glob("view.sqlite*"))


@pytest.mark.parametrize("upto", [0, 13, 1000])
def test_a_bound_that_leaves_nothing_out_is_none(
    told: Repository, tmp_path: Path, upto: int
) -> None:
    found, events = reader(told, tmp_path, upto), told.events()
    for position in (0, 1, 7, events[-1].position):
        inside = [event.observed_at for event in events if event.position <= position]
        newest = max(inside, default=0)
        for observed in (newest - 1, newest, newest + 1, 10**18):
            instant = Instant(position, observed)
            same = all(at <= observed for at in inside)
            assert found.plain(instant) == (Instant(position) if same else instant)
    assert found.plain(Instant(7)) == Instant(7)
