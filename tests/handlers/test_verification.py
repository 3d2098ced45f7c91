"""Verification finds what was broken by force, and finds nothing where nothing was."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import orjson
import pytest

from eventstore.application import LOG_FILE
from eventstore.codec import pack
from eventstore.transfer import read_log, write_log
from handlers import HANDLERS
from handlers.projector import Projector
from handlers.verification import Fault, table_digests, verify_log, verify_projections
from tests.eventstore.story import Objects
from tests.handlers.harvest.collection import CLOSED, Collection, image, row


@pytest.fixture
def herbarium(tmp_path: Path) -> Collection:
    """A harvested collection in which most things happened."""
    collection = Collection(tmp_path)
    collection.harvest(
        [row(1), row(2), row(3, license=CLOSED)], [image(1, "a"), image(2, "b", CLOSED)]
    )
    collection.harvest([row(1, country="Latvia"), row(3)], [image(1, "a")])
    return collection


def by_force(place: Path, statement: str, *values: object) -> None:
    """Change the file behind everybody's back."""
    connection = sqlite3.connect(place)
    with connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


def faults(herbarium: Collection) -> list[Fault]:
    return verify_log(herbarium.objects)


def test_a_harvested_log_is_sound_and_so_is_its_copy(herbarium: Collection, tmp_path: Path) -> None:
    assert faults(herbarium) == []
    copy = Objects(tmp_path / "copy")
    read_log(copy.objects, write_log(herbarium.log))
    assert verify_log(copy.objects) == []


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE events SET bytes=x'00' WHERE position=3", "does not decode"),
        ("UPDATE events SET topic='SpecimenVanished.v1' WHERE position=3", "does not decode"),
        ("UPDATE events SET observed_at=1 WHERE position=3", "leaf hash"),
        ("UPDATE events SET sequence=9 WHERE position=3", "does not follow"),
        ("UPDATE events SET version=9 WHERE position=3", "does not follow"),
        ("UPDATE events SET recorded_at=1 WHERE position=3", "recorded before"),
        ("UPDATE events SET salt=NULL WHERE position=3", "salt is gone"),
        ("UPDATE heads SET version=9 WHERE type='specimen'", "its head says"),
        ("DELETE FROM heads WHERE type='media'", "has events and no head"),
        ("DELETE FROM claims WHERE key LIKE 'specimen:TU-1:%'", "none of the claims"),
        ("UPDATE claims SET key='specimen:X' WHERE key LIKE 'specimen:TU-1:%'", "no document"),
        ("DELETE FROM events WHERE position=3", "does not follow"),
    ],
)
def test_what_was_changed_by_force_is_found(
    herbarium: Collection, statement: str, what: str
) -> None:
    by_force(herbarium.place / "data" / LOG_FILE, statement)
    assert any(what in fault.what for fault in faults(herbarium)), faults(herbarium)


@pytest.mark.parametrize(("column", "what"), [("bytes", "document"), ("verbatim", "verbatim")])
def test_another_document_under_the_same_envelope_is_found(
    herbarium: Collection, column: str, what: str
) -> None:
    place = herbarium.place / "data" / LOG_FILE
    frame = pack(orjson.dumps({"@type": "ods:DigitalSpecimen", "x": "y" * 100}))
    by_force(place, f"UPDATE events SET {column}=? WHERE topic LIKE 'SpecimenRevised%'", frame)
    (fault,) = [f for f in faults(herbarium) if "commitment" in f.what]
    assert what in fault.what


def test_a_log_can_be_verified_while_others_append(herbarium: Collection) -> None:
    stop = threading.Event()

    def go_on() -> None:
        number = 100
        while not stop.is_set():
            number += 1
            herbarium.harvest([row(n) for n in range(100, number)])

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        for _ in range(10):
            assert faults(herbarium) == []
    finally:
        stop.set()
        writer.join()


def test_projections_that_equal_a_rebuild_are_sound(herbarium: Collection) -> None:
    projector = Projector(herbarium.place / "data")
    projector.settle()
    projector.close()
    views = herbarium.place / "data" / "projections"
    assert verify_projections(herbarium.log, views) == []
    by_force(views / "search" / "view.sqlite", "UPDATE specimens SET version=version+1")
    found = verify_projections(herbarium.log, views)
    assert [fault.where for fault in found] == ["projection search"] * len(found) and found


def test_a_projection_that_is_missing_is_told(herbarium: Collection) -> None:
    views = herbarium.place / "data" / "projections"
    views.mkdir()
    told = verify_projections(herbarium.log, views)
    assert {fault.where for fault in told} == set(HANDLERS)
    assert all("rebuild" in fault.what for fault in told)


def test_views_are_compared_by_what_they_say_and_not_by_their_numbers() -> None:
    def view(*shapes: str, said: str) -> dict[str, str]:
        connection = sqlite3.connect(":memory:")
        connection.execute("CREATE TABLE shapes (id INTEGER PRIMARY KEY, shape TEXT)")
        connection.execute("CREATE TABLE findings (object TEXT, shape INTEGER)")
        connection.executemany("INSERT INTO shapes (shape) VALUES (?)", [(s,) for s in shapes])
        connection.execute("INSERT INTO findings SELECT 'o', id FROM shapes WHERE shape=?", (said,))
        return table_digests(connection)

    assert view("a", "b", said="b") == view("b", "a", said="b") == view("b", said="b")
    assert view("a", "b", said="b") != view("a", "b", said="a")
