"""The tree over the log, kept in tiles of 256 hashes (C2SP tlog-tiles).

Tile (0, k) holds the leaf hashes 256k to 256k + 255, tile (L, k) the roots of 256 full tiles of
the level below. The last tile of a level grows; all others stay as they are for ever. Leaves
are counted densely in order of position, and `runs` says which positions they are, since gaps
between positions are legal.

The tree grows behind the log, a batch of events in one transaction, and not in the transaction
that records them: what is recorded stands with its leaf hash, and nobody relies on the tree
before it was signed (see `eventstore.checkpoints`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eventstore import merkle
from eventstore.recorder import Recorder
from fdo.errors import NotFound

if TYPE_CHECKING:
    from eventsourcing.sqlite import SQLiteCursor

WIDTH = 256
_HASH = 32
BATCH = 16_384
"""Events by which the tree grows in one transaction."""


class Tree:
    """The tree of one log, as far as it has grown."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    # ── growing ──────────────────────────────────────────────────────────────────────────

    def grow(self) -> int:
        """Take in what was recorded since; the number of leaves then."""
        while self._behind():
            with self._recorder.datastore.transaction(commit=True) as c:
                _grow(c)
        return self.size()

    def _behind(self) -> bool:
        (row,) = self._recorder.rows(
            "SELECT coalesce((SELECT max(position) FROM events), 0)"
            " > coalesce((SELECT max(last) FROM runs), 0)"
        )
        return bool(row[0])

    # ── reading ──────────────────────────────────────────────────────────────────────────

    def size(self) -> int:
        """How many leaves there are."""
        (row,) = self._recorder.rows("SELECT coalesce(sum(last - first + 1), 0) FROM runs")
        return int(row[0])

    def index(self, position: int) -> int:
        """The leaf of the event at a position; NotFound where the tree has none."""
        rows = self._recorder.rows(
            "SELECT first, (SELECT coalesce(sum(b.last - b.first + 1), 0) FROM runs b"
            " WHERE b.first<a.first) FROM runs a WHERE first<=?1 AND last>=?1",
            [position],
        )
        if not rows:
            raise NotFound(f"The tree of the log has no leaf for event {position} yet.")
        return int(rows[0][1]) + position - int(rows[0][0])

    def position(self, index: int) -> int:
        """The position of the event whose leaf this is; NotFound for a leaf there is not."""
        before = 0
        for first, last in self._recorder.rows("SELECT first, last FROM runs ORDER BY first"):
            if index < before + last - first + 1:
                return int(first) + index - before
            before += last - first + 1
        raise NotFound(f"The tree of the log has {before} leaves, numbered from 0; not {index}.")

    def positions_digest(self, size: int) -> tuple[int, str]:
        """The position of the last of so many leaves, and the SHA-256 over all their positions,
        written as runs: `1-40,43-99`."""
        said, before, last = [], 0, 0
        for first, end in self._recorder.rows("SELECT first, last FROM runs ORDER BY first"):
            last = min(int(end), int(first) + size - before - 1)
            if last < first:
                break
            said.append(f"{first}-{last}")
            before += last - int(first) + 1
        last = int(said[-1].partition("-")[2]) if said else 0
        return last, hashlib.sha256(",".join(said).encode()).hexdigest()

    def tile(self, level: int, number: int, width: int = WIDTH) -> bytes:
        """The first `width` hashes of a tile; NotFound where it has not grown so far."""
        rows = self._recorder.rows(
            "SELECT hashes FROM tiles WHERE level=? AND number=?", [level, number]
        )
        hashes = bytes(rows[0][0]) if rows else b""
        if not 0 < width <= len(hashes) // _HASH:
            raise NotFound(f"Tile {number} of level {level} has not {width} hashes.")
        return hashes[: width * _HASH]

    def over(self, start: int, end: int) -> bytes:
        """The hash of the tree over the leaves from `start` up to, not with, `end`."""
        count = end - start
        if count == 0:
            return merkle.EMPTY
        if count & (count - 1) == 0 and start % count == 0:
            return self._perfect(start, count.bit_length() - 1)
        middle = start + (1 << (count - 1).bit_length() - 1)
        return merkle.joined(self.over(start, middle), self.over(middle, end))

    def root(self, size: int) -> bytes:
        """The root of the tree when it had so many leaves."""
        return self.over(0, size)

    def leaf(self, index: int) -> bytes:
        """A leaf hash as the tree has it."""
        return self.over(index, index + 1)

    def _perfect(self, start: int, height: int) -> bytes:
        """The hash over 2^height leaves, from one tile."""
        level, inside = divmod(height, 8)
        number, first = divmod(start >> 8 * level, WIDTH)
        hashes = self.tile(level, number, first + (1 << inside))[first * _HASH :]
        return merkle.perfect_root(split(hashes))


def split(hashes: bytes) -> list[bytes]:
    """The hashes of a tile, one by one."""
    return [hashes[at : at + _HASH] for at in range(0, len(hashes), _HASH)]


def _grow(c: SQLiteCursor) -> None:
    """Take the next events into the tree, in the transaction of the cursor."""
    c.execute("SELECT max(first), max(last), sum(last - first + 1) FROM runs")
    first, last, size = c.fetchone()
    c.execute(
        "SELECT position, leaf FROM events WHERE position>? ORDER BY position LIMIT ?",
        (last or 0, BATCH),
    )
    rows = c.fetchall()
    runs: dict[int, int] = {} if first is None else {first: last}
    for position, _ in rows:
        if first is None or position != last + 1:
            first = position
        runs[first] = last = position
    c.executemany("INSERT OR REPLACE INTO runs VALUES (?,?)", runs.items())
    _append(c, 0, size or 0, [bytes(leaf) for _, leaf in rows])


def _append(c: SQLiteCursor, level: int, size: int, fresh: list[bytes]) -> None:
    """Add hashes behind the `size` that a level has; what fills a tile goes up a level."""
    number, begun = divmod(size, WIDTH)
    hashes = [_stored(c, level, number)] if begun else []
    hashes += fresh
    pending = split(b"".join(hashes))
    rows, full = [], []
    for start in range(0, len(pending), WIDTH):
        part = pending[start : start + WIDTH]
        rows.append((level, number + start // WIDTH, b"".join(part)))
        if len(part) == WIDTH:
            full.append(merkle.perfect_root(part))
    c.executemany("INSERT OR REPLACE INTO tiles VALUES (?,?,?)", rows)
    if full:
        _append(c, level + 1, number, full)


def _stored(c: SQLiteCursor, level: int, number: int) -> bytes:
    c.execute("SELECT hashes FROM tiles WHERE level=? AND number=?", (level, number))
    return bytes(c.fetchone()[0])
