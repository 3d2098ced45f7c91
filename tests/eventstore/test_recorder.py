"""The log on SQLite: the library's own recorder tests, our contract, and what we promise more."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventstore.application import LOG_FILE, DigitalObjects
from eventstore.recorder import Datastore, Durability, Recorder
from fdo.errors import AlreadyRegistered, NotFound, Refused
from fdo.lifecycle import Merge, Restore, Split, Status, Tombstone
from handlers.verification import verify_log
from tests.eventstore.contract import LogContract
from tests.eventstore.story import AT, BY, Clock, Objects, pid
from tests.fdo.story import CURATOR


class TestSqliteLog(LogContract):
    """The contract on one SQLite file."""

    def open(self, place: Path, clock: Callable[[], int]) -> DigitalObjects:
        return DigitalObjects(place, durability="normal", clock=clock)


def library_case() -> type[Any]:
    """The test case that `eventsourcing` ships; it needs the package `pycryptodome`."""
    pytest.importorskip("Crypto", reason="pycryptodome, for the library's own test cases")
    from eventsourcing.tests.persistence import ApplicationRecorderTestCase

    class Case(ApplicationRecorderTestCase[Recorder]):
        def new_originator_id(self) -> str:
            return str(uuid.uuid4())  # our objects are named by text

        def create_recorder(self) -> Recorder:
            place = Path(tempfile.mkdtemp()) / LOG_FILE
            recorder = Recorder(Datastore(str(place), durability="normal"), Clock())
            recorder.create_table()
            return recorder

    return Case


LIBRARY_TESTS = (
    "test_insert_select",
    "test_concurrent_no_conflicts",
    "test_concurrent_throughput",
)


@pytest.mark.parametrize("name", LIBRARY_TESTS)
def test_the_library_s_own_test_of_a_recorder_passes(name: str) -> None:
    case = library_case()(name)
    result = case.run()
    assert result is not None
    assert not result.errors and not result.failures, [*result.errors, *result.failures]


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1)])
def test_the_setting_of_durability_reaches_the_database(
    tmp_path: Path, durability: Durability, level: int
) -> None:
    store = Datastore(str(tmp_path / LOG_FILE), durability=durability)
    with store.transaction(commit=True) as cursor:
        cursor.execute("PRAGMA synchronous")
        assert cursor.fetchone()[0] == level
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone()[0] == "wal"


def test_a_position_is_not_reused_after_its_event_is_deleted_by_force(tmp_path: Path) -> None:
    log = Objects(tmp_path)
    log.register(1)
    last = log.register(2).position
    with sqlite3.connect(tmp_path / LOG_FILE) as connection:
        connection.execute("DELETE FROM events WHERE position=?", (last,))
    connection.close()
    assert log.register(3).position == last + 1


def test_a_new_log_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        story = Objects(tmp_path / "data")
        story.register(1)
        modes = {each.name: each.stat().st_mode & 0o777 for each in (tmp_path / "data").iterdir()}
        story.objects.close()
    finally:
        os.umask(before)
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert LOG_FILE in modes and set(modes.values()) == {0o600}


def test_a_log_that_is_opened_again_is_the_same_log(tmp_path: Path) -> None:
    log = Objects(tmp_path)
    event = log.register(1)
    log.objects.close()
    again = Objects(tmp_path)
    assert again.log.id == log.log.id
    assert again.log.event(event.position) == event


# ── relatives ────────────────────────────────────────────────────────────────────────────


def test_a_successor_must_be_an_object_of_the_same_type_that_stands(tmp_path: Path) -> None:
    log = Objects(tmp_path)
    log.register(1)
    with pytest.raises(NotFound):
        log.do(1, Merge(pid(2), "same", CURATOR, AT))
    log.register(2)
    log.do(2, Tombstone("gone", CURATOR, AT))
    with pytest.raises(Refused, match="not tombstoned"):
        log.do(1, Merge(pid(2), "same", CURATOR, AT))
    with pytest.raises(Refused, match="not tombstoned"):
        log.do(1, Split((pid(2),), "two", CURATOR, AT))


def test_a_merged_object_keeps_its_claims_and_the_refusal_names_its_successor(
    tmp_path: Path,
) -> None:
    log = Objects(tmp_path)
    for number in (1, 2, 3):
        log.register(number)
    log.do(1, Merge(pid(2), "same", CURATOR, AT))
    log.do(2, Merge(pid(3), "same", CURATOR, AT))
    assert log.log.standing(pid(1)) == pid(3)
    change = log.registration(4)
    change.fact.document["ods:normalisedPhysicalSpecimenID"] = "TU-1"  # type: ignore[union-attr]
    with pytest.raises(AlreadyRegistered) as refused:
        log.objects.append([change], by=BY)
    assert refused.value.details["pid"] == str(pid(3))
    log.do(1, Restore(log.stamp(1, "Abies alba", 3)))
    assert log.log.standing(pid(1)) == pid(1)
    assert log.log.claimed(["specimen:TU-1"])["specimen:TU-1"].status is Status.ACTIVE
    assert verify_log(log.objects) == []
