"""Streams of bytes in pieces that are worth the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

PIECE = 1 << 16
"""Bytes of a piece at the least, but for the last."""


def gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in fewer parts: compression, pipe and network take their time for each."""
    kept: list[bytes] = []
    size = 0
    for part in parts:
        kept.append(part)
        size += len(part)
        if size >= PIECE:
            yield b"".join(kept)
            kept, size = [], 0
    yield b"".join(kept)
