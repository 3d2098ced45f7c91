"""The least rate at which a stream must be taken, so that nobody holds its place for nothing.

    await pace.taken(reply.more(piece), len(piece))

Only the time that is spent waiting for the client counts, in windows, so neither a stream that is
written slowly nor one slow moment of a network cuts anything. What is cut raises after the answer
has begun: it ends without its closing chunk, and no client takes it for whole.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Final

from fdo.errors import Unavailable

WINDOW_S: Final = 60.0
"""Of waiting for a client; it must take something in each."""


class Pace:
    """Of one stream: how fast its client takes it."""

    def __init__(self, least: int) -> None:
        """`least`: bytes a second."""
        self._least = least
        self._waited, self._bytes = 0.0, 0

    async def taken(self, sending: Awaitable[None], size: int) -> None:
        """Wait until a piece is taken; Unavailable where its client is too slow."""
        began = time.monotonic()
        try:
            await asyncio.wait_for(sending, WINDOW_S)
        except TimeoutError as stalled:
            raise self._cut() from stalled
        self._waited += time.monotonic() - began
        self._bytes += size
        if self._waited >= WINDOW_S:
            if self._bytes < self._least * self._waited:
                raise self._cut()
            self._waited, self._bytes = 0.0, 0

    def _cut(self) -> Unavailable:
        return Unavailable(
            f"The export was cut: its client took less than {self._least:,} bytes a second for "
            f"{WINDOW_S:g} seconds, and others wait. Take it again over a faster line, or packed "
            "by gzip.",
            retry_after=60,
        )
