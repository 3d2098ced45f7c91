"""The cache of media files: bytes by their SHA-256, and which medium has which.

    {folder}/index.sqlite             medium → address, hash, outcome of the last fetch
    {folder}/files/{ab}/{abcdef…}     the bytes, once, whoever shows them
    {folder}/cuts/{ab}/{abcdef…}/     small images that were made of them, by name
    {folder}/coming/                  what is on its way

The folder may be deleted: files are fetched again when they are asked for. When it outgrows its
quota, the files that were not asked for longest go. What was made of a file goes with it, whoever
lets go of it and why.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eventstore.transaction import writing

Outcome = Literal["fetched", "unreachable", "refused"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS medium (
    pid TEXT PRIMARY KEY, uri TEXT NOT NULL, outcome TEXT NOT NULL, said TEXT NOT NULL,
    sha256 TEXT, checked REAL NOT NULL, failures INTEGER NOT NULL, due REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file (
    sha256 TEXT PRIMARY KEY, length INTEGER NOT NULL, media_type TEXT NOT NULL,
    width INTEGER, height INTEGER, used REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cut (
    sha256 TEXT NOT NULL, name TEXT NOT NULL, length INTEGER NOT NULL, media_type TEXT NOT NULL,
    used REAL NOT NULL, PRIMARY KEY (sha256, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS file_used ON file (used);
CREATE INDEX IF NOT EXISTS cut_used ON cut (used);
CREATE INDEX IF NOT EXISTS medium_sha256 ON medium (sha256);
"""
_BLOCK = 1 << 20
CUTS_SHARE = 20
"""Small images take the twentieth part of the quota, beside it: 500 MB where nothing else is set,
which is ten thousand pictures of a page."""
_WRITTEN_S = 120.0
"""A file on its way that was not written to for this time has broken off."""
_TOUCH_S = 60.0
"""A file that is asked for again within this time counts as used then."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of the file of one medium."""

    pid: str
    uri: str
    outcome: Outcome
    said: str
    """Why it could not be had."""
    sha256: str | None
    """Of the bytes that were had last, so that an erasure finds them; see `shown`."""
    checked: float
    failures: int
    """In a row, since it was had last."""
    due: float
    """Before this time it is not tried again of itself."""

    @property
    def shown(self) -> str | None:
        """The SHA-256 of the bytes that stand for the medium: none where the last fetch failed."""
        return self.sha256 if self.outcome == "fetched" else None


@dataclass(frozen=True, slots=True)
class File:
    """One file that is here."""

    sha256: str
    length: int
    media_type: str
    width: int | None
    height: int | None
    path: Path


class MediaStore:
    """The cache of one data folder; safe to share between threads and processes."""

    def __init__(self, folder: Path, quota: int, clock: Callable[[], float] = time.time) -> None:
        """`quota` is in bytes."""
        self._files, self._cuts = folder / "files", folder / "cuts"
        self.coming = folder / "coming"
        self.coming.mkdir(parents=True, exist_ok=True)
        self._quota, self._clock = quota, clock
        self._connection = sqlite3.connect(
            folder / "index.sqlite", isolation_level=None, check_same_thread=False, timeout=30
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA secure_delete=ON")
        self._connection.executescript(_SCHEMA)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the index."""
        self._connection.close()

    def row(self, pid: str) -> Row | None:
        """What is known of a medium's file."""
        with self._lock:
            found = self._connection.execute("SELECT * FROM medium WHERE pid=?", (pid,)).fetchone()
        return Row(*found) if found else None

    def file(self, sha256: str) -> File | None:
        """A file that is here; asking for it counts as using it."""
        with self._lock:
            found = self._connection.execute(
                "SELECT sha256, length, media_type, width, height, used FROM file WHERE sha256=?",
                (sha256,),
            ).fetchone()
            path = self._place(sha256)
            if found is None or not path.exists():
                return None
            now = self._clock()
            if now - found[5] > _TOUCH_S:
                self._connection.execute("UPDATE file SET used=? WHERE sha256=?", (now, sha256))
        name, length, media_type, width, height, _ = found
        return File(name, length, media_type, width, height, path)

    def holds(self, sha256: str) -> bool:
        """Whether a file is here; to look does not count as using it."""
        with self._lock:
            asked = "SELECT 1 FROM file WHERE sha256=?"
            found = self._connection.execute(asked, (sha256,)).fetchone()
        return found is not None and self._place(sha256).exists()

    def keep(
        self,
        came: Path,
        media_type: str,
        size: tuple[int | None, int | None],
    ) -> File:
        """Take a file in that has come; the bytes are kept once."""
        sha256, length = _hashed(came)
        place = self._place(sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        came.replace(place)
        with self._writing() as run:
            run.execute(
                "INSERT INTO file VALUES (?,?,?,?,?,?) "
                "ON CONFLICT DO UPDATE SET used=excluded.used",
                (sha256, length, media_type, *size, self._clock()),
            )
        self._shrink(sha256)
        return File(sha256, length, media_type, *size, place)

    def note(
        self,
        pid: str,
        uri: str,
        outcome: Outcome,
        *,
        said: str = "",
        sha256: str | None = None,
        pause: float = 0.0,
    ) -> Row:
        """Remember how a fetch ended; `pause` in seconds until it is tried again of itself. Where
        other bytes came, those of before are let go of, unless another medium has them."""
        before = self.row(pid)
        failures = 0 if outcome == "fetched" else (before.failures + 1 if before else 1)
        now = self._clock()
        had = before.sha256 if before else None
        row = Row(pid, uri, outcome, said, sha256 or had, now, failures, now + pause)
        with self._writing() as run:
            run.execute(
                "INSERT OR REPLACE INTO medium VALUES (?,?,?,?,?,?,?,?)",
                (
                    row.pid,
                    row.uri,
                    row.outcome,
                    row.said,
                    row.sha256,
                    row.checked,
                    row.failures,
                    row.due,
                ),
            )
            if had and had != row.sha256 and not self._shown(run, had):
                self._drop(run, had)
        return row

    def forget(self, pid: str) -> None:
        """Let go of a medium, and of its bytes where no other medium has the same."""
        with self._writing() as run:
            found = run.execute("SELECT sha256 FROM medium WHERE pid=?", (pid,)).fetchone()
            run.execute("DELETE FROM medium WHERE pid=?", (pid,))
            if found and found[0] and not self._shown(run, found[0]):
                self._drop(run, found[0])

    def purge(self) -> None:
        """Overwrite what the index said of those that it let go of: addresses name people too."""
        with self._lock:
            self._connection.execute("VACUUM")  # pages keep what moved within them
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def cut(self, sha256: str, name: str) -> tuple[bytes, str] | None:
        """(bytes, media type) of an image that was made of a file, if it is here; asking for it
        counts as using it."""
        with self._lock:
            found = self._connection.execute(
                "SELECT media_type, used FROM cut WHERE sha256=? AND name=?", (sha256, name)
            ).fetchone()
            now = self._clock()
            if found and now - found[1] > _TOUCH_S:
                self._connection.execute(
                    "UPDATE cut SET used=? WHERE sha256=? AND name=?", (now, sha256, name)
                )
        try:
            return (self._cut(sha256, name).read_bytes(), found[0]) if found else None
        except FileNotFoundError:  # it went in this moment
            return None

    def keep_cut(self, sha256: str, name: str, data: bytes, media_type: str) -> None:
        """Keep an image that was made of a file, under a name of letters and digits; not where the
        file went meanwhile, since nothing is left of that."""
        if len(data) > self._quota // CUTS_SHARE:
            return
        with self._writing() as run:
            if run.execute("SELECT 1 FROM file WHERE sha256=?", (sha256,)).fetchone() is None:
                return
            place = self._cut(sha256, name)
            place.parent.mkdir(parents=True, exist_ok=True)
            coming = place.with_suffix(".part")
            coming.write_bytes(data)
            coming.replace(place)
            run.execute(
                "INSERT OR REPLACE INTO cut VALUES (?,?,?,?,?)",
                (sha256, name, len(data), media_type, self._clock()),
            )
            self._shrink_cuts(run)

    def tidy(self, most: int) -> None:
        """Of files that broke off, which may be gone on with, keep the newest, so many bytes of
        them at most; what somebody still writes to stays."""
        parts = [(path, path.stat()) for path in self.coming.glob("*.part") if path.exists()]
        for path, known in sorted(parts, key=lambda one: one[1].st_mtime, reverse=True):
            most -= known.st_size
            if most < 0 and time.time() - known.st_mtime > _WRITTEN_S:
                path.unlink(missing_ok=True)
                path.with_suffix(".json").unlink(missing_ok=True)

    def standing(self) -> tuple[dict[str, int], int, int]:
        """(outcome → media, files, bytes)."""
        with self._lock:
            outcomes = self._connection.execute(
                "SELECT outcome, count(*) FROM medium GROUP BY outcome ORDER BY outcome"
            ).fetchall()
            files, size = self._connection.execute(
                "SELECT count(*), coalesce(sum(length), 0) FROM file"
            ).fetchone()
        return dict(outcomes), files, size

    def _shrink(self, but: str) -> None:
        """Bring the files under the quota; the one that just came stays."""
        with self._writing() as run:
            (size,) = run.execute("SELECT coalesce(sum(length), 0) FROM file").fetchone()
            if size <= self._quota:
                return
            oldest = run.execute("SELECT sha256, length FROM file ORDER BY used").fetchall()
            for sha256, length in oldest:
                if size <= self._quota:
                    return
                if sha256 != but:
                    self._drop(run, sha256)
                    size -= length

    def _shrink_cuts(self, run: sqlite3.Connection) -> None:
        (size,) = run.execute("SELECT coalesce(sum(length), 0) FROM cut").fetchone()
        over = size - self._quota // CUTS_SHARE
        if over <= 0:
            return
        oldest = run.execute("SELECT sha256, name, length FROM cut ORDER BY used, name").fetchall()
        for sha256, name, length in oldest:
            if over <= 0:
                return
            run.execute("DELETE FROM cut WHERE sha256=? AND name=?", (sha256, name))
            self._cut(sha256, name).unlink(missing_ok=True)
            over -= length

    def _drop(self, run: sqlite3.Connection, sha256: str) -> None:
        run.execute("DELETE FROM file WHERE sha256=?", (sha256,))
        run.execute("DELETE FROM cut WHERE sha256=?", (sha256,))
        self._place(sha256).unlink(missing_ok=True)
        made = self._cuts / sha256[:2] / sha256
        if made.exists():
            shutil.rmtree(made)

    @staticmethod
    def _shown(run: sqlite3.Connection, sha256: str) -> bool:
        asked = "SELECT 1 FROM medium WHERE sha256=? LIMIT 1"
        return run.execute(asked, (sha256,)).fetchone() is not None

    def _place(self, sha256: str) -> Path:
        return self._files / sha256[:2] / sha256

    def _cut(self, sha256: str, name: str) -> Path:
        return self._cuts / sha256[:2] / sha256 / name

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, writing(self._connection) as run:
            yield run


def _hashed(path: Path) -> tuple[str, int]:
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            length += len(block)
    return digest.hexdigest(), length
