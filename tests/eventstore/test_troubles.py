"""What a view does at an event that it cannot take, whatever the view is."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from eventstore.envelope import Recorded
from eventstore.follower import SqlView, follow_once
from eventstore.log import Log
from eventstore.troubles import Trouble, standing
from fdo.documents import canonical
from fdo.lifecycle import Revise
from tests.eventstore.story import BY, Objects, pid


class Fussy(SqlView):
    """The name of each specimen, by version; it takes no name with an x, and no erasure."""

    name = "fussy"
    schema = ("CREATE TABLE names (position INTEGER PRIMARY KEY, name TEXT, before TEXT)",)
    version = 1

    def enter(self, events: Sequence[Recorded], log: Log) -> None:
        before = log.previous(events)
        with self.transaction(events[-1].position) as tx:
            for event in events:
                if event.what == "Erased" or "x" in name_of(event):
                    raise ValueError(name_of(event))
                was = name_of(before[event.position]) if event.position in before else None
                tx.execute(
                    "INSERT INTO names VALUES (?,?,?)", (event.position, name_of(event), was)
                )

    def names(self) -> list[tuple[str, str | None]]:
        return [tuple(row)[1:] for row in self.connection.execute("SELECT * FROM names")]


def name_of(event: Recorded) -> str:
    return str(event.document.get("ods:specimenName", ""))


@pytest.fixture
def log(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "log")


def follow(view: Fussy, log: Objects, limit: int = 100) -> None:
    while follow_once(log.log, [view], limit):
        pass
    assert view.position() == log.log.position()


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_the_one_event_is_taken_by_its_outline_and_is_that_when_the_next_asks(
    log: Objects, tmp_path: Path, limit: int
) -> None:
    log.register(1, "Abies")
    log.do(1, Revise(log.stamp(1, "Taxus", 2)))
    log.do(1, Revise(log.stamp(1, "Larix", 3)))
    log.register(2, "Picea")
    view = Fussy(tmp_path / "view.sqlite")
    follow(view, log, limit)
    assert view.names() == [("Abies", None), ("", "Abies"), ("", ""), ("Picea", None)]
    told = (1, [Trouble(3, str(pid(1)), f"ValueError in {__name__}.enter")])
    assert standing(view.path, 9) == told
    log.do(1, Revise(log.stamp(1, "Pinus", 4)))
    view.close()
    view = Fussy(tmp_path / "view.sqlite")  # as after a restart
    follow(view, log, limit)
    assert view.names()[-1] == ("Pinus", "")
    assert standing(view.path, 9) == (0, [])
    view.close()


def test_an_erasure_that_fails_leaves_nothing_of_what_was_erased(
    log: Objects, tmp_path: Path
) -> None:
    log.register(1, "Qwyazavohu")
    view = Fussy(tmp_path / "view.sqlite")
    follow(view, log)
    left = canonical(log.stamp(1, "erased", 1))
    log.objects.erase(pid(1), [1], left, BY)
    log.register(2, "Picea")
    follow(view, log)
    assert view.names() == [("erased", None), ("Picea", None)]
    assert standing(view.path, 9)[1][0].position == 2
    for file in tmp_path.glob("view.sqlite*"):
        assert b"Qwyazavohu" not in file.read_bytes(), file
    view.close()


def test_a_lock_or_a_full_disk_is_not_gone_past(log: Objects, tmp_path: Path) -> None:
    class Full(Fussy):
        def enter(self, events: Sequence[Recorded], log: Log) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    log.register(1)
    view = Full(tmp_path / "view.sqlite")
    with pytest.raises(sqlite3.OperationalError):
        follow_once(log.log, [view])
    assert view.position() == 0
    view.close()
