"""So many at once, some more in line, and whoever comes beyond that is told to come back.

What strangers ask for and what is dear (files that slow senders give, pictures that are decoded)
must not hold every thread of the server, or all of its memory.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fdo.errors import Unavailable

PATIENCE_S = 30.0
RETRY_S = 10


class Gate:
    """A door with a short line before it; safe to share between threads."""

    def __init__(self, at_once: int, in_line: int, said: str, patience_s: float = PATIENCE_S):
        """`said`: what whoever is sent away is told."""
        self._turns = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + in_line)
        self._said, self._patience_s = said, patience_s

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in line; Unavailable where there is none."""
        if not self._places.acquire(blocking=False):
            raise self.full()
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One of the turns, for who has a place; Unavailable where none comes in time."""
        self.wait_for(self._turns)
        try:
            yield
        finally:
            self._turns.release()

    @contextmanager
    def passed(self) -> Iterator[None]:
        """A place, and then a turn."""
        with self.place(), self.turn():
            yield

    def wait_for(self, lock: threading.Lock | threading.Semaphore) -> None:
        """Take a lock; Unavailable where that lasts too long."""
        if not lock.acquire(timeout=self._patience_s):
            raise self.full()

    def full(self) -> Unavailable:
        """The refusal of whoever comes too many."""
        return Unavailable(self._said, retry_after=RETRY_S)
