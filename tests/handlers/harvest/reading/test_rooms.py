"""What a killed process unpacked goes when the next one comes; what is in use stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handlers.harvest.reading import rooms
from handlers.harvest.reading.rooms import KEPT_S, Room, sweep
from tests.handlers.harvest.reading.archive_building import folder, metafile, read, table

KILLED = """
import os, sys
from pathlib import Path
from handlers.harvest.reading.rooms import Room
room = Room.take(Path(sys.argv[1]))
(room.path / "unpacked").write_text("much")
os._exit(9)
"""


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """The room of a process that was killed."""
    line = [sys.executable, "-c", KILLED, str(tmp_path)]
    assert subprocess.run(line, cwd=Path(rooms.__file__).parents[3]).returncode == 9
    (room,) = tmp_path.glob("source-*")
    return room


def test_the_room_of_a_killed_process_goes_when_a_source_is_opened(
    left: Path, tmp_path: Path
) -> None:
    meta = metafile(table("occurrence.txt", ("occurrenceID",)))
    place = folder(tmp_path / "archive", meta=meta, occurrence="id\n1\n")
    read(place, tmp_path)
    assert not left.exists()


def test_a_room_that_is_in_use_stays_until_it_is_left(left: Path, tmp_path: Path) -> None:
    room = Room.take(tmp_path)
    other = Room.take(tmp_path)
    sweep(tmp_path)
    assert (room.path.is_dir(), other.path.is_dir(), left.exists()) == (True, True, False)
    room.leave()
    room.leave()
    assert (room.path.exists(), other.path.is_dir()) == (False, True)
    other.leave()
    assert list(tmp_path.iterdir()) == []


def test_downloads_with_which_nobody_went_on_go_after_a_week(tmp_path: Path) -> None:
    downloads = tmp_path / rooms.DOWNLOADS
    downloads.mkdir()
    old = time.time() - KEPT_S - 60
    for name, at in (("a.part", old), ("a.json", old), ("a.lock", old), ("b.part", old + 120)):
        (downloads / name).touch()
        os.utime(downloads / name, (at, at))
    sweep(tmp_path)
    assert {path.name for path in downloads.iterdir()} == {"a.lock", "b.part"}


def test_there_is_nothing_to_sweep_where_nothing_was_taken_in(tmp_path: Path) -> None:
    sweep(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
