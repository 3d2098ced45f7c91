"""Room on disk for answers that wait for their clients, so that no worker has to wait with them.

    spool = Spool(256 << 20, folder)
    waiting = spool.of("192.0.2.1")
    waiting.put(b"…")         # False: no room is left, the worker must wait after all
    waiting.take(3)           # the pieces in their order
    waiting.close()

A worker ends with its answer and is free for the next; a client that reads slowly keeps bytes in
a file, which has no name and goes with the process. One client has at most half of the room.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import IO


class Spool:
    """So many bytes on the disk of a folder, for all answers of a pool together."""

    def __init__(self, most: int, folder: Path) -> None:
        self.folder = folder
        self._most = most
        self._used: Counter[str | None] = Counter()

    @property
    def used(self) -> int:
        """Bytes that are taken."""
        return self._used.total()

    def of(self, client: str | None) -> Waiting:
        """Where an answer for this client can wait; the repository itself has no share."""
        return Waiting(self, client)

    def take(self, client: str | None, size: int) -> bool:
        """Take room; False where there is none, or the client has its share."""
        share = self._most if client is None else self._most // 2
        if self.used + size > self._most or self._used[client] + size > share:
            return False
        self._used[client] += size
        return True

    def give_back(self, client: str | None, size: int) -> None:
        """Room that is needed no more."""
        self._used[client] -= size
        if not self._used[client]:
            del self._used[client]


class Waiting:
    """The part of one answer that waits on disk, first in, first out."""

    def __init__(self, spool: Spool, client: str | None) -> None:
        self._spool, self._client = spool, client
        self._file: IO[bytes] | None = None
        self._begin = self._end = 0

    def put(self, piece: bytes) -> bool:
        """Keep a piece; False where there is no room for it, or the disk does not take it."""
        if not self._spool.take(self._client, len(piece)):
            return False
        try:
            if self._file is None:
                self._file = _without_a_name(self._spool.folder)
            kept = os.pwrite(self._file.fileno(), piece, self._end) == len(piece)
        except OSError:  # a full disk, no such folder: no room
            kept = False
        if kept:
            self._end += len(piece)
        else:
            self._spool.give_back(self._client, len(piece))
        return kept

    def take(self, size: int) -> bytes:
        """The oldest bytes; room is given back when all were taken."""
        assert self._file is not None
        piece = os.pread(self._file.fileno(), size, self._begin)
        if len(piece) != size:
            raise OSError("an answer that waited on disk cannot be read back")
        self._begin += size
        if self._begin == self._end:
            os.ftruncate(self._file.fileno(), 0)
            self._give_back()
        return piece

    def close(self) -> None:
        """Forget what was not taken."""
        self._give_back()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _give_back(self) -> None:
        self._spool.give_back(self._client, self._end)
        self._begin = self._end = 0


def _without_a_name(folder: Path) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=folder, buffering=0)
