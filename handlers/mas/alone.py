"""Work that one process does for a data folder at a time: whoever holds its lock.

A lock of the kernel ends with its process, so nobody has to clean up behind one that was killed.
"""

from __future__ import annotations

import fcntl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POLL_S = 0.1
LOOKED_S = 0.5
"""Somebody who only looks whether the lock is held has it for a moment."""


@contextmanager
def alone(place: Path, stop: threading.Event, *, wait: bool) -> Iterator[bool]:
    """The right to do it; whether it was to be had."""
    with place.open("w") as file:
        patient_until = time.monotonic() + LOOKED_S
        while not (held := _locked(file.fileno(), fcntl.LOCK_EX)):
            if stop.wait(POLL_S) or not (wait or time.monotonic() < patient_until):
                break
        yield held


def is_held(place: Path) -> bool:
    """Whether a process does it now."""
    if not place.exists():
        return False
    with place.open("r") as lock:
        return not _locked(lock.fileno(), fcntl.LOCK_SH)


def _locked(file: int, how: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, how | fcntl.LOCK_NB)
        return True
    return False
