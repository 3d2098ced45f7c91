"""One query and its answer as it arrives: the buffer between a worker and a reader.

The worker's link writes, whoever asked reads. The buffer is bounded: above a quarter of a
megabyte the link stops reading from the worker, which then blocks, so an answer of any size
takes little memory here. While reading is paused the engine's clock stands still: a slow client
does not use up the query's time (delivery has a limit of its own).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from handlers.queries.errors import StopReason

_PAUSE_ABOVE: Final = 256 * 1024
_RESUME_BELOW: Final = 64 * 1024


class Exchange:
    """What is known of one query; `complete`, `error` or `stopped` ends it, exactly one."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.head: dict[str, Any] | None = None
        self.complete = False
        self.error: dict[str, str] | None = None
        self.stopped: StopReason | None = None
        self._chunks: deque[bytes] = deque()
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
        now = self._ended or time.monotonic()
        waiting = now - self._paused_at if self._paused_at is not None else 0.0
        return now - self._started - self._paused - waiting

    @property
    def total_seconds(self) -> float:
        """How long ago the query was asked."""
        return time.monotonic() - self._started

    def put(self, chunk: bytes) -> None:
        """Another piece of the answer."""
        self._chunks.append(chunk)
        self._buffered += len(chunk)

    def pause_if_full(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        """Stop reading from the worker until the reader has caught up."""
        if self._buffered > _PAUSE_ABOVE and self._paused_at is None and not self.finished:
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
        if not self._chunks:
            return None
        piece = self._chunks.popleft()
        self._buffered -= len(piece)
        if self._paused_at is not None and self._buffered < _RESUME_BELOW:
            self._paused += time.monotonic() - self._paused_at
            self._paused_at = None
            if self._resume is not None and not self.finished:
                self._resume()
        return piece

    def take_all(self) -> bytes:
        """Everything that is here."""
        body = b"".join(self._chunks)
        self._chunks.clear()
        self._buffered = 0
        return body
