"""A state that is asked again is compacted, behind the answers.

The store of an instant is a clone with a difference brought in, so every look into it goes through
two or three layers of tables; a rung has those that the graph had just then. The first question is
answered so, as soon as the state is there. When it is asked again, a process of its own, which
gives way to all others, writes a copy of one layer; whoever asks then is answered by that one, and
an instant that it came of goes when nobody holds it. A copy takes as much disk as the whole state
and is part of the instants' budget.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from handlers import stores
from handlers.instants.ladder import Ladder
from handlers.instants.model import is_compacted

WORTH_BYTES = 8 << 20
"""Size from which a state is compacted; in less every question is quick."""
LATELY_S = 600.0
"""A copy that was asked in this time is not put out by a new one; and so long after it was tried,
a state is tried again. So strangers who ask for ever other states keep no processor busy."""
_REMEMBERED = 1_000


class Compaction:
    """Has states of one ladder compacted, one at a time; `run` does one and says what came of it.

    One event loop uses it.
    """

    def __init__(
        self, ladder: Ladder, budget: int, run: Callable[[Path], Awaitable[list[object]]]
    ) -> None:
        self._ladder, self._budget, self._run = ladder, budget, run
        self._next: dict[Path, float] = {}
        self._task: asyncio.Task[None] | None = None

    def asked(self, path: Path) -> None:
        """A question is put to this store; the second has it compacted, where that is worth it."""
        if self._ladder.copy_of(path) is None:
            return
        now = time.monotonic()
        if path not in self._next:
            while len(self._next) >= _REMEMBERED:
                del self._next[next(iter(self._next))]
            self._next[path] = now
        elif self._task is None and now >= self._next[path]:
            self._next[path] = now + LATELY_S
            kept = stores.read_kept(path)
            if kept is not None and kept.size >= WORTH_BYTES:
                self._task = asyncio.create_task(self._compact(kept), name=f"compact {path.name}")
                self._task.add_done_callback(self._ended)

    async def close(self) -> None:
        """End what is under way; what it had not finished is thrown away by the next."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (fault := task.exception()):
            logging.getLogger("collectome").warning("A past state was not compacted: %s", fault)

    async def _compact(self, kept: stores.Kept) -> None:
        copy = self._ladder.copy_of(kept.path)
        if copy is None or not await asyncio.to_thread(self._fits, kept):
            return
        match await self._run(kept.path):
            case ["built"]:
                await asyncio.to_thread(self._ladder.evict, self._budget, copy.name)
            case ["elsewhere"]:
                pass
            case answer:
                raise RuntimeError(f"{kept.path.name}: {answer}")

    def _fits(self, kept: stores.Kept) -> bool:
        """Whether a copy has room beside those that were asked lately."""
        since, taken = time.time() - LATELY_S, kept.size
        for other in stores.all_kept(self._ladder.instants):
            with contextlib.suppress(FileNotFoundError):  # evicted just now
                if is_compacted(other.path) and other.note.stat().st_mtime > since:
                    taken += other.size
        return taken <= self._budget
