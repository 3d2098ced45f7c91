"""One query and its answer as it arrives: the buffer between a worker and a reader.

The worker's link writes, whoever asked reads. The buffer is bounded: above half a megabyte pieces
wait on disk (`spool`), so that the worker comes to its end whatever its reader does. Where there
is no room either, the link stops reading from the worker, which then stands still, and the
engine's clock with it: a slow client does not use up the query's time (standing still has a limit
of its own).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from handlers.queries.errors import StopReason
from handlers.queries.spool import Waiting

_MOST: Final = 512 * 1024
"""Bytes kept in memory: more than one read of the socket brings, so that a reader who keeps up
needs no disk."""
_RESUME_BELOW: Final = 64 * 1024


class Exchange:
    """What is known of one query; `complete`, `error` or `stopped` ends it, exactly one."""

    def __init__(self, timeout_s: float, on_disk: Waiting) -> None:
        self.timeout_s = timeout_s
        self.head: dict[str, Any] | None = None
        self.complete = False
        self.error: dict[str, str] | None = None
        self.stopped: StopReason | None = None
        self._pieces: deque[bytes | int] = deque()  # a number: so many bytes on disk
        self._on_disk = on_disk
        self._buffered = 0
        self._started = time.monotonic()
        self._ended: float | None = None
        self._paused_at: float | None = None
        self._paused = 0.0
        self._resume: Callable[[], None] | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing more will arrive."""
        return self.complete or self.error is not None or self.stopped is not None

    @property
    def engine_seconds(self) -> float:
        """How long the worker has been at it, without the time that the reader let it wait."""
        return self.worker_seconds - self.still_seconds

    @property
    def worker_seconds(self) -> float:
        """How long the worker was taken."""
        return (self._ended or time.monotonic()) - self._started

    @property
    def still_seconds(self) -> float:
        """How long the worker stood still because the reader was behind, all times together."""
        if self._paused_at is None:
            return self._paused
        return self._paused + (self._ended or time.monotonic()) - self._paused_at

    def put(self, chunk: bytes) -> None:
        """Another piece of the answer."""
        if self._buffered + len(chunk) > _MOST and self._on_disk.put(chunk):
            self._pieces.append(len(chunk))
        else:
            self._pieces.append(chunk)
            self._buffered += len(chunk)

    def pause_if_full(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        """Stop reading from the worker until the reader has caught up."""
        if self._buffered > _MOST and self._paused_at is None and not self.finished:
            self._paused_at = time.monotonic()
            self._resume = resume
            pause()

    def wake(self) -> None:
        """Tell the reader that something changed."""
        if self._ended is None and self.finished:
            self._ended = time.monotonic()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def news(self) -> None:
        """Return once something changed; the reader then looks what."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def take(self) -> bytes | None:
        """The next piece, if it is here."""
        if not self._pieces:
            return None
        piece = self._pieces.popleft()
        if isinstance(piece, int):
            return self._on_disk.take(piece)
        self._buffered -= len(piece)
        if self._paused_at is not None and self._buffered < _RESUME_BELOW:
            self._paused += (self._ended or time.monotonic()) - self._paused_at
            self._paused_at = None
            if self._resume is not None and not self.finished:
                self._resume()
        return piece

    def take_all(self) -> bytes | None:
        """Everything that is here; None where some of it is on disk."""
        pieces = [piece for piece in self._pieces if isinstance(piece, bytes)]
        if len(pieces) < len(self._pieces):
            return None
        self._pieces.clear()
        self._buffered = 0
        return b"".join(pieces)

    def close(self) -> None:
        """Nobody reads on: forget what is here."""
        self._pieces.clear()
        self._on_disk.close()
