"""What every log keeps, whatever database holds it: inherit, and say how to open one.

class TestSqliteLog(LogContract):
    def open(self, place, clock): return DigitalObjects(place, clock=clock)
"""

from __future__ import annotations

import multiprocessing
from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded
from fdo.errors import AlreadyRegistered, CollectomeError, NotFound, VersionConflict
from fdo.lifecycle import Command, Note, Restore, Revise, Tombstone, Withhold
from handlers.verification import verify_log
from tests.eventstore.story import AT, BY, Clock, Objects, pid
from tests.fdo.story import CURATOR

NAMES = ("Abies alba", "Larix decidua", "Pinus mugo")


class LogContract(ABC):
    """Positions, clocks, claims, concurrency and look-ups of one log."""

    @abstractmethod
    def open(self, place: Path, clock: Callable[[], int]) -> DigitalObjects:
        """A log in this place, empty or as it was left; several may be open at once."""

    def objects(self, place: Path, clock: Callable[[], int] | None = None) -> Objects:
        """The log in the words of the tests."""
        given_clock = clock or Clock()
        words = Objects.__new__(Objects)
        words.folder, words.clock = place, given_clock
        words.objects = self.open(place, given_clock)
        words.log = words.objects.log
        return words

    # ── positions and clocks ─────────────────────────────────────────────────────────────

    def test_positions_rise_and_a_refused_batch_uses_none_that_is_given_again(
        self, tmp_path: Path
    ) -> None:
        log = self.objects(tmp_path)
        first = log.register(1).position
        with pytest.raises(AlreadyRegistered):
            log.objects.append([log.registration(2), self._same_claim(log.registration(3))], by=BY)
        second = log.register(4).position
        assert second > first
        assert [e.position for e in log.log.read(0, 10)] == [first, second]

    def test_recorded_times_rise_strictly_even_when_the_clock_jumps_back(
        self, tmp_path: Path
    ) -> None:
        clock = Clock(5_000_000)
        log = self.objects(tmp_path, clock)
        times = []
        for number, now in enumerate((5_000_000, 5_000_000, 1_000, 9_000_000, 8_000_000)):
            clock.now = now
            times.append(log.register(number).recorded_at)
        assert times == sorted(set(times))
        assert times == [5_000_000, 5_000_001, 5_000_002, 9_000_000, 9_000_001]

    def test_an_instant_names_one_position(self, tmp_path: Path) -> None:
        clock = Clock()
        log = self.objects(tmp_path, clock)
        events = []
        for number, now in enumerate((10, 20, 20, 15, 400)):
            clock.now = now
            events.append(log.register(number))
        for instant in range(410):
            known = [e.position for e in events if e.recorded_at <= instant]
            assert log.log.position_at(instant) == (known[-1] if known else 0)

    def test_what_was_observed_is_kept_beside_what_was_recorded(self, tmp_path: Path) -> None:
        log = self.objects(tmp_path, Clock(1_000))
        assert log.register(1, observed_at=10).observed_at == 10
        assert log.register(2).observed_at == 1_001

    # ── claims and conflicts ─────────────────────────────────────────────────────────────

    def test_a_claim_is_made_once_and_the_refusal_names_its_holder(self, tmp_path: Path) -> None:
        log = self.objects(tmp_path)
        log.register(1)
        with pytest.raises(AlreadyRegistered) as refused:
            log.objects.append([self._same_claim(log.registration(2))], by=BY)
        assert refused.value.details["pid"] == str(pid(1))
        assert refused.value.details["claim"] == "specimen:TU-1"

    def test_a_batch_with_one_taken_claim_records_nothing_at_all(self, tmp_path: Path) -> None:
        log = self.objects(tmp_path)
        log.register(1)
        head = log.log.position()
        batch = [log.registration(2), self._same_claim(log.registration(3)), log.registration(4)]
        with pytest.raises(AlreadyRegistered):
            log.objects.append(batch, by=BY)
        assert log.log.position() == head
        assert log.log.heads_of([str(pid(n)) for n in (2, 3, 4)]) == []
        assert dict(log.log.claims()) == {"specimen:TU-1": str(pid(1))}

    def test_two_claims_of_one_batch_may_not_be_the_same(self, tmp_path: Path) -> None:
        log = self.objects(tmp_path)
        with pytest.raises(AlreadyRegistered, match="one batch"):
            log.objects.append([log.registration(1), self._same_claim(log.registration(2))], by=BY)

    def test_a_suffix_that_is_drawn_twice_is_drawn_again(self, tmp_path: Path) -> None:
        log = self.objects(tmp_path)
        log.register(1)
        with pytest.raises(VersionConflict):
            log.objects.append([log.registration(1)], by=BY)
        with pytest.raises(VersionConflict):
            log.objects.append([log.registration(2), log.registration(2)], by=BY)
        assert log.log.position() == 1

    def test_who_saw_an_older_version_is_told_the_newer(self, tmp_path: Path) -> None:
        log = self.objects(tmp_path)
        log.register(1)
        log.do(1, Revise(log.stamp(1, "Larix decidua", 2)), expected=1)
        with pytest.raises(VersionConflict) as late:
            log.do(1, Revise(log.stamp(1, "Pinus mugo", 2)), expected=1)
        assert late.value.details["version"] == 2
        assert log.log.latest(pid(1)).document["ods:specimenName"] == "Larix decidua"

    def test_a_fact_decided_on_an_older_state_is_not_recorded(self, tmp_path: Path) -> None:
        log = self.objects(tmp_path)
        stale = log.registration(1)
        log.register(1)
        with pytest.raises(VersionConflict):
            log.objects.append([stale], by=BY)

    def test_several_facts_of_one_object_in_one_batch_count_on(self, tmp_path: Path) -> None:
        log = self.objects(tmp_path)
        change = log.registration(1)
        later = type(change)(pid(1), "specimen", _revised(log, 1, "Larix decidua", 2), None)
        log.objects.append([change, later], by=BY)
        assert [(e.sequence, e.version) for e in log.log.history(pid(1))] == [(1, 1), (2, 2)]
        assert verify_log(log.objects) == []

    # ── several at once ──────────────────────────────────────────────────────────────────

    def test_a_reader_sees_what_another_opening_committed(self, tmp_path: Path) -> None:
        one, other = self.objects(tmp_path), self.objects(tmp_path)
        one.register(1)
        assert other.log.position() == 1
        other.register(2)
        assert one.log.position() == 2
        assert one.log.id == other.log.id

    def test_a_still_log_does_not_move(self, tmp_path: Path) -> None:
        one, other = self.objects(tmp_path), self.objects(tmp_path)
        one.register(1)
        with one.log.still():
            assert one.log.position() == 1
            other.register(2)
            assert one.log.position() == 1
        assert one.log.position() == 2

    def test_two_processes_that_append_to_one_log_lose_nothing(self, tmp_path: Path) -> None:
        self.objects(tmp_path)
        spawn = multiprocessing.get_context("spawn")
        each = 40
        work = [
            spawn.Process(target=append_many, args=(type(self), tmp_path, start, each))
            for start in (0, 1000)
        ]
        for process in work:
            process.start()
        for process in work:
            process.join(60)
        assert [process.exitcode for process in work] == [0, 0]
        log = self.objects(tmp_path)
        events = log.log.read(0, 1000)
        assert len(events) == 2 * each + 2 * each  # the second half revised one object
        assert [e.position for e in events] == list(range(1, len(events) + 1))
        assert verify_log(log.objects) == []
        assert log.log.head(pid(5000)).version == 2 * each

    # ── looking up ───────────────────────────────────────────────────────────────────────

    @given(
        st.lists(
            st.tuples(
                st.integers(1, 4),
                st.sampled_from(["register", "revise", "note", "tombstone", "restore", "withhold"]),
                st.sampled_from(NAMES),
            ),
            max_size=25,
        )
    )
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    def test_every_look_up_gives_what_a_naive_fold_gives(
        self, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str, str]]
    ) -> None:
        log = self.objects(tmp_path_factory.mktemp("log"))
        events: list[Recorded] = []
        for number, deed, name in steps:
            try:
                done = _carried_out(log, number, deed, name)
            except CollectomeError:
                continue
            if done is not None:
                events.append(done)
        assert [e.position for e in log.log.read(0, 1000)] == [e.position for e in events]
        for number in range(1, 5):
            _compare(log, [e for e in events if e.pid == pid(number)], number)
        heads = log.log.heads()
        assert [str(h.pid) for h in heads] == sorted({e.pid_text for e in events})
        assert verify_log(log.objects) == []

    @staticmethod
    def _same_claim(change: Any) -> Any:
        """The registration with the physical id of the first specimen."""
        change.fact.document["ods:normalisedPhysicalSpecimenID"] = "TU-1"
        return change


def append_many(contract: type[LogContract], place: Path, start: int, number: int) -> None:
    """In a process of its own: new objects, and one that both processes revise."""
    log = contract().objects(place)
    for n in range(start, start + number):
        log.register(n)
        known, _ = log.objects.state(pid(5000))
        command: Command
        if known is None:
            try:
                log.register(5000, f"by {start}/{n}")
                continue
            except CollectomeError:
                pass
        command = Revise(log.stamp(5000, f"by {start}/{n}", 0))
        log.do(5000, command, retries=1000)
    log.objects.close()


def _revised(log: Objects, number: int, name: str, version: int) -> Any:
    from fdo.lifecycle import Revised

    return Revised(log.stamp(number, name, version))


def _carried_out(log: Objects, number: int, deed: str, name: str) -> Recorded | None:
    known, _ = log.objects.state(pid(number))
    version = known.version + 1 if known else 1
    document = log.stamp(number, name, version)
    match deed:
        case "register":
            return log.register(number, name)
        case "revise":
            return log.do(number, Revise(document))
        case "note":
            return log.do(number, Note("PidConfirmed", {"by": name}))
        case "tombstone":
            return log.do(number, Tombstone(name, CURATOR, AT))
        case "restore":
            return log.do(number, Restore(document))
        case _:
            return log.do(number, Withhold({**document, "reason": name}))


def _compare(log: Objects, events: list[Recorded], number: int) -> None:
    """All questions about one object, answered from the list of its events."""
    if not events:
        with pytest.raises(NotFound):
            log.log.history(pid(number))
        with pytest.raises(NotFound):
            log.log.latest(pid(number))
        return
    contents = [e for e in events if not e.operational]
    head = log.log.head(pid(number))
    assert (head.sequence, head.version) == (len(events), len(contents))
    assert (head.position, head.status) == (contents[-1].position, contents[-1].status)
    assert head.issue == events[-1].record_issue
    assert log.log.history(pid(number)) == events
    assert log.log.latest(pid(number)) == contents[-1]
    for version, event in enumerate(contents, 1):
        assert log.log.version(pid(number), version) == event
    with pytest.raises(NotFound):
        log.log.version(pid(number), len(contents) + 1)
    before = log.log.previous(events)
    for one, other in pairwise(contents):
        assert before[other.position] == one
    for position in range(contents[0].position, log.log.position() + 1):
        expected = [e for e in contents if e.position <= position][-1]
        assert log.log.at(pid(number), position) == expected
    with pytest.raises(NotFound):
        log.log.at(pid(number), contents[0].position - 1)
