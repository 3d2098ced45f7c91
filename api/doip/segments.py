"""Framing of native DOIP: segments on a stream of bytes (DOIP 2.0, 6).

    {"operationId": …}⏎#⏎          a segment of JSON ends with a line that holds `#`
    @⏎3⏎abc⏎2⏎de⏎#⏎                one of bytes begins with `@`; chunks follow, each after its size
    #⏎                             an empty segment ends the message

Written for strangers: each message may hold so many bytes and segments, and what breaks the form
is refused by name.
"""

from __future__ import annotations

from asyncio import IncompleteReadError, LimitOverrunError
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import orjson

from api.doip.messages import Blob
from api.refusals import TooLarge, UnknownParameter

LINE = 64 * 1024
"""The stream's buffer; sizes of chunks and ends of segments are short lines."""
SEGMENTS = 64
LINES = 20_000
"""Lines of one message; reading very short ones costs more than their bytes do."""
CHUNK = 1024 * 1024
FILE_MB = 32
"""Of a file that comes in a message, which is held in memory; larger ones are fetched."""
_SIZE_DIGITS = 10


class BrokenFraming(UnknownParameter):
    """The bytes are no segments of DOIP; nothing behind them can be read."""


class Stream(Protocol):
    """What messages are read from: a StreamReader, or one whose sender must go on (`Paced`)."""

    async def readuntil(self, separator: bytes, /) -> bytes:
        """Bytes up to the separator and with it."""

    async def readexactly(self, size: int, /) -> bytes:
        """So many bytes."""


class SegmentReader:
    """Messages from a stream, each of at most `limit` bytes and, in segments of bytes, as many more
    as `beside` says of its first segment."""

    def __init__(
        self, stream: Stream, limit: int, beside: Callable[[Any], int] = lambda _: 0
    ) -> None:
        self._stream, self._limit, self._of_first = stream, limit, beside
        self._left, self._beside, self._lines = limit, 0, 0

    async def message(self) -> list[Any] | None:
        """The segments of the next message; None where the stream ended before one began."""
        self._left, self._beside, self._lines = self._limit, 0, 0
        found: list[Any] = []
        while True:
            try:
                line = await self._line()
            except EOFError:
                if found:
                    raise BrokenFraming("The stream ended inside a message.") from None
                return None
            mark = line.strip()
            if mark == b"#":
                return found
            if not mark:
                continue
            if len(found) == SEGMENTS:
                raise TooLarge(f"A message has {SEGMENTS} segments at most.")
            found.append(await self._blob() if mark == b"@" else await self._json(line))
            if len(found) == 1:
                self._beside = self._of_first(found[0])

    async def _json(self, line: bytes) -> Any:
        """Lines up to one that holds `#` alone."""
        lines = [line]
        while (line := await self._inner_line()).strip() != b"#":
            lines.append(line)
        return json_of(b"".join(lines))

    async def _blob(self) -> Blob:
        """Chunks, each after a line with its size, up to a line that holds `#`."""
        chunks: list[bytes] = []
        while (line := (await self._inner_line()).strip()) != b"#":
            if not line:
                continue  # the line end behind a chunk
            if not line.isdigit() or len(line) > _SIZE_DIGITS or int(line) == 0:
                raise BrokenFraming(f"{line[:20]!r} is no size of a chunk.")
            chunks.append(await self._exactly(int(line)))
        return Blob(b"".join(chunks))

    async def _exactly(self, size: int) -> bytes:
        beside = min(size, self._beside)
        self._beside -= beside
        self._spend(size - beside)
        try:
            return await self._stream.readexactly(size)
        except IncompleteReadError as end:
            raise BrokenFraming("The stream ended inside a chunk.") from end

    async def _inner_line(self) -> bytes:
        try:
            return await self._line()
        except EOFError:
            raise BrokenFraming("The stream ended inside a segment.") from None

    async def _line(self) -> bytes:
        """One line with its end, however long; EOFError where the stream is at its end."""
        self._lines += 1
        if self._lines > LINES:
            raise TooLarge(f"A message has {LINES:,} lines at most.")
        parts: list[bytes] = []
        while True:
            try:
                part = await self._stream.readuntil(b"\n")
            except LimitOverrunError as more:
                part = await self._stream.readexactly(more.consumed)
            except IncompleteReadError as end:
                if not (end.partial or parts):
                    raise EOFError from end
                raise BrokenFraming("The stream ended inside a line.") from end
            self._spend(len(part))
            parts.append(part)
            if part.endswith(b"\n"):
                return b"".join(parts)

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise too_large(self._limit)


def too_large(limit: int) -> TooLarge:
    """What is said of a message that has more bytes than this, a file in it not counted."""
    return TooLarge(
        f"A message has {limit:,} bytes at most, not counting the file of a medium that a curator "
        f"sends, which has {FILE_MB} MB at most."
    )


def json_of(data: bytes) -> Any:
    """A segment's JSON; BrokenFraming where it is none."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BrokenFraming(f"A segment is no JSON: {error}.") from error


def framed(segments: Sequence[Any]) -> Iterator[bytes]:
    """A message as bytes, in pieces that can be sent one by one."""
    for segment in segments:
        if isinstance(segment, Blob):
            yield b"@\n"
            for start in range(0, len(segment.data), CHUNK):
                chunk = segment.data[start : start + CHUNK]
                yield b"%d\n%b\n" % (len(chunk), chunk)
            yield b"#\n"
        else:
            yield orjson.dumps(segment, default=str) + b"\n#\n"
    yield b"#\n"
