"""Files of quads on their way into a store, behind the back of who gathers them.

    loads = Loads(begins, passed)
    loads.put(store, path, upto)        # returns at once, unless many are under way
    loads.reap()                        # tells `passed` what is in by now, in the order given

The engine loads without Python's lock, some files at a time. While they are held back, for a
checkpoint that wants the store at rest, files wait on the disk and their gathering goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from pyoxigraph import RdfFormat, Store

AT_A_TIME: Final = 2
"""Files loaded at a time: one load keeps one core at work, most of the time."""
QUEUED: Final = 64
"""Files under way or held back, at most: who gathers goes ahead of the engine by these, some
gigabytes of disk. A checkpoint of a large store takes minutes, in which nobody is to idle."""

LOOK_S: Final = 0.5
"""How often who waits looks whether there is a reason to leave off."""


@dataclass(slots=True)
class _File:
    """A file; `done` is there while it is the engine's, or in line for it."""

    path: Path
    upto: int
    done: Future[None] | None = None


def patiently(done: Future[None], meanwhile: Callable[[], None]) -> None:
    """Wait until something is done, well or not; what is raised meanwhile ends the waiting."""
    while not wait([done], LOOK_S).done:
        meanwhile()


class Loads:
    """Loads files; one thread uses it.

    `begins` is told the position of the last fact in a file before that is begun, by a thread that
    loads, one at a time; `passed` when it and all before it are in. What goes wrong in a file is
    raised by whoever comes next, and nothing of it, nor of what is behind it, is passed. While
    something is waited for, `meanwhile` is called; what that raises ends the waiting only.
    """

    def __init__(
        self,
        begins: Callable[[int], None],
        passed: Callable[[int], None],
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._begins, self._passed, self._meanwhile = begins, passed, meanwhile
        self._files: deque[_File] = deque()
        self._held = False
        self._beginning = Lock()
        self._pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="bulk-load")

    def __bool__(self) -> bool:
        """Whether any file is under way or held back."""
        return bool(self._files)

    @property
    def at_rest(self) -> bool:
        """Whether none is with the engine."""
        return not self._files or self._files[0].done is None

    @property
    def full(self) -> bool:
        """Whether as many wait as may."""
        return len(self._files) >= QUEUED

    def put(self, store: Store, path: Path, upto: int) -> None:
        """Have a file loaded, and removed then."""
        file = _File(path, upto)
        self._files.append(file)
        if not self._held:
            file.done = self._pool.submit(self._load, store, file)

    def hold(self) -> None:
        """Let wait what is not begun, and what comes from now on."""
        self._held = True
        self._call_back()

    def release(self, store: Store) -> None:
        """Begin what waited."""
        self._held = False
        for file in self._files:
            if file.done is None:
                file.done = self._pool.submit(self._load, store, file)

    def reap(self) -> None:
        """Pass what is in by now, without waiting."""
        while self._files and (done := self._files[0].done) is not None and done.done():
            self.wait()

    def wait(self) -> None:
        """Wait for the oldest file, which is with the engine, and pass it."""
        file = self._files[0]
        assert file.done is not None
        patiently(file.done, self._meanwhile)
        try:
            file.done.result()
        except BaseException:
            self._call_back()
            self._files.clear()  # no position may pass what is missing; all are read again
            raise
        self._files.popleft()
        self._passed(file.upto)
        file.path.unlink()

    def abandon(self) -> None:
        """Give up what is not begun."""
        self._call_back()
        while self._files and self._files[-1].done is None:
            self._files.pop().path.unlink()

    def close(self) -> None:
        """End the threads, when all is in."""
        self._pool.shutdown()

    def _call_back(self) -> None:
        """Take out of the line what is not begun, from its end: nothing is taken out that lies
        before a file which a thread has begun meanwhile."""
        for file in reversed(self._files):
            if file.done is not None and not file.done.cancel():
                return
            file.done = None

    def _load(self, store: Store, file: _File) -> None:
        with self._beginning:
            self._begins(file.upto)
        try:  # our mapper wrote these lines, with IRIs that it checked: not once more
            store.bulk_load(path=str(file.path), format=RdfFormat.N_QUADS, lenient=True)
        finally:
            del store  # which nobody could open anew while the traceback of an error holds it
