"""A stream whose sender must go on: what is bounded is silence, and slowness, not length.

    paced = Paced(stream, idle_s=60, least=8 * 1024)
    paced.begin()                     another message
    await paced.readuntil(b"\\n")      TimeoutError where nothing came for `idle_s`

A large file over a thin line takes as long as it takes. But who sends fewer than `least` bytes a
second is let go once that has cost `idle_s`, so that nobody holds a place for ever by a byte now
and then.
"""

from __future__ import annotations

import asyncio
from asyncio import IncompleteReadError, LimitOverrunError, StreamReader

from api.doip.segments import LINE


class Paced:
    """Reads a stream as a StreamReader is read, from a sender who keeps going."""

    def __init__(self, stream: StreamReader, idle_s: float, least: int) -> None:
        """`least`: bytes a second."""
        self._stream, self._idle_s, self._least = stream, idle_s, least
        self._held = bytearray()
        self._began: float | None = None
        self._came = 0

    def begin(self) -> None:
        """Judge the sender anew, from the next byte on."""
        self._began, self._came = None, 0

    async def readuntil(self, separator: bytes) -> bytes:
        """Bytes up to the separator, which is one, and with it; LimitOverrunError where a line
        is longer than the buffer."""
        searched = 0
        while (found := self._held.find(separator, searched)) < 0:
            searched = len(self._held)
            if searched >= LINE:
                raise LimitOverrunError("a long line", searched)
            await self._more(None)
        return self._taken(found + 1)

    async def readexactly(self, size: int) -> bytes:
        """So many bytes."""
        while len(self._held) < size:
            await self._more(size)
        return self._taken(size)

    async def _more(self, expected: int | None) -> None:
        """Hold what comes next; IncompleteReadError at the end of the stream."""
        now = asyncio.get_running_loop().time()
        until = now + self._idle_s
        if self._began is not None:
            until = min(until, self._began + self._idle_s + self._came / self._least)
        async with asyncio.timeout_at(until):
            data = await self._stream.read(LINE)
        if not data:
            raise IncompleteReadError(self._taken(len(self._held)), expected)
        if self._began is None:
            self._began = asyncio.get_running_loop().time()
        self._came += len(data)
        self._held += data

    def _taken(self, size: int) -> bytes:
        with memoryview(self._held) as held:
            taken = bytes(held[:size])
        del self._held[:size]
        return taken
