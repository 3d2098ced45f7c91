"""Whether the engine has merged what was loaded into a store.

It merges behind our back, and tells nobody. Until it has merged what the loads left, queries look
into many tables and take several times as long; then hardly longer than after compacting, which
writes everything once more (decision 0070). So a publication of much waits for it, and one of
little is repeated. What it goes on with behind that, level by level, changes nothing for readers.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

from handlers.stores import is_as_loaded, tables

MUCH: Final = 20_000
"""Loaded events that are shown when they are merged."""
FEW: Final = 4
"""Tables as the loads left them that may be there then: the engine leaves one here and there."""
STILL_S: Final = 2.0
"""How long no table comes, goes or grows when all is merged…"""
MOST_S: Final = 900.0
"""…and how long that is waited for."""

GIVES_WAY: Final = 5
"""The nice value of the threads that merge."""
_MERGES: Final = "rocksdb:low"


class Merging:
    """What was loaded into one store and may not be merged yet."""

    def __init__(self, store: Path, loaded: int = 0) -> None:
        """`loaded`: events of which nobody knows; any number, where it was just opened."""
        self._store, self._loaded = store, loaded
        self._tables, self._still_since = tables(store), time.monotonic()
        self._waits_since = 0.0
        self._changed = False
        self._as_loaded: dict[str, bool] = {}

    def load(self, events: int) -> None:
        """So many were, or are to be, loaded."""
        self._loaded += events
        self._changed = False
        self._still_since = time.monotonic()

    def change(self) -> None:
        """Something came behind them that is to be seen at once."""
        self._changed = True

    @property
    def waits(self) -> bool:
        """Whether a publication was put off by `ready`."""
        return self._waits_since > 0

    def through(self) -> bool:
        """Whether there was something to merge and the engine is through with it."""
        if not self._loaded:
            return False
        found, now = tables(self._store), time.monotonic()
        if found != self._tables:
            self._tables, self._still_since = found, now
        if now - self._still_since < STILL_S:
            return False
        self._loaded, self._changed, self._waits_since = 0, False, 0.0
        return True

    def ready(self) -> bool:
        """Whether to publish what the engine is not through with: little, something newer, what is
        merged but for the deeper levels, or after a long time."""
        if self._loaded < MUCH or self._changed or self._left() <= FEW:
            self._waits_since = 0.0
            return True
        self._waits_since = self._waits_since or time.monotonic()
        return time.monotonic() - self._waits_since >= MOST_S

    def _left(self) -> int:
        """How many tables are as a load left them."""
        names = [name for name, _ in tables(self._store)]
        known = self._as_loaded
        self._as_loaded = {
            name: known[name] if name in known else is_as_loaded(self._store / name)
            for name in names
        }
        return sum(self._as_loaded.values())


def stand_back() -> None:
    """Have the engine's merging in this process give way to other work, where the system allows
    that of a thread (Linux). It would merge each file that comes with all that is there; kept
    waiting, it merges many at once. It waits for nothing else: a writer that it holds up, or a
    machine with time to spare, lets it go on."""
    for thread in Path("/proc/self/task").glob("*"):
        with contextlib.suppress(OSError):
            if (thread / "comm").read_text().strip() == _MERGES:
                os.setpriority(os.PRIO_PROCESS, int(thread.name), GIVES_WAY)
