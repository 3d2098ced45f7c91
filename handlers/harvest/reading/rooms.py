"""Rooms: the folders in which sources are unpacked, none of which outlives its process for long.

    room = Room.take(workspace)
    room.path                       # workspace/source-x1y2z3
    room.leave()                    # and it is gone

A room is locked as long as its process lives, however that ends. So a room that nobody holds was
left by a process that was killed: whoever takes one next removes it, and downloads with which
nobody went on.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DOWNLOADS = "downloads"
"""Folder of the workspace where addresses are fetched to."""
KEPT_S = 7 * 86_400
"""How long the begun file of a download waits for somebody who goes on with it."""
_PREFIX = "source-"


class Room:
    """A folder of one process, empty at first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = os.open(path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @classmethod
    def take(cls, workspace: Path) -> Room:
        """A new room; what was left behind in the workspace goes first."""
        workspace.mkdir(parents=True, exist_ok=True)
        with _alone(workspace):  # else a room could be taken for one that was left: not locked yet
            _remove_left(workspace)
            return cls(Path(tempfile.mkdtemp(prefix=_PREFIX, dir=workspace)))

    def leave(self) -> None:
        """Remove the room and what is in it; it may be left twice."""
        if self._lock >= 0:
            shutil.rmtree(self.path, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1


def sweep(workspace: Path) -> None:
    """Remove what killed processes left in a workspace."""
    if workspace.is_dir():
        with _alone(workspace):
            _remove_left(workspace)


@contextmanager
def _alone(workspace: Path) -> Iterator[None]:
    handle = os.open(workspace, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _remove_left(workspace: Path) -> None:
    for path in workspace.glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError, NotADirectoryError, BlockingIOError):
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)
    for path in (workspace / DOWNLOADS).glob("*"):
        with suppress(FileNotFoundError):
            if path.suffix != ".lock" and time.time() - path.stat().st_mtime > KEPT_S:
                path.unlink()
