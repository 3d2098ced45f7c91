"""What is known of batches: `batches.sqlite`.

    receiving ── the end of the body ──▶ done
        │  ╰── connection lost, quota spent ──▶ interrupted ── sent again ──▶ receiving
    previewed ── run ──▶ waiting ──▶ running ──▶ done ── undo ──▶ undoing ──▶ undone

Of each section the place in the log is noted before it is recorded, and afterwards what became
of its lines. So a crash between the two is found, and told from a duplicate (decision 0054). The
file can be deleted: then batches that were cut are sent again as new ones, whose lines that stand
in the log already are duplicates.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from fdo.errors import NotFound
from handlers.batches.outcomes import COUNTED, LineOutcome
from handlers.batches.quotas import Quota, fitting
from handlers.batches.tables import Tables

FOLDER: Final = "batches"
"""Beside the file: bodies that wait to be carried out."""
KEPT_S: Final = 90 * 86_400.0
"""How long a batch that has ended is remembered, and with it its Idempotency-Key."""

Kind = Literal["posted", "chosen"]
State = Literal[
    "receiving", "interrupted", "previewed", "waiting", "running", "done", "failed", "undoing",
    "undone",
]  # fmt: skip
AT_WORK: Final[tuple[State, ...]] = ("waiting", "running", "undoing")
"""States that somebody carries on after a restart."""

_PACKED: Final = ("counts", "about")
"""Columns that hold JSON."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch and how it stands."""

    id: str
    """A UUID; of a posted batch with a key it follows from owner and key."""
    kind: Kind
    owner: str
    """Name of the token."""
    key: str | None
    """The Idempotency-Key it came with."""
    state: State
    note: str
    """Why it is interrupted or failed, for people."""
    made_at: float
    ended_at: float | None
    total: int | None
    """Lines that it has; None while nobody knows."""
    digest: str | None
    """Over all lines, once it is complete."""
    counts: dict[str, int]
    about: dict[str, Any]
    """What was asked, and of a chosen batch what its preview found."""

    @property
    def lines(self) -> int:
        """Lines of which the outcome is known."""
        return sum(self.counts.get(name, 0) for name in COUNTED)


@dataclass(frozen=True, slots=True)
class Section:
    """Some lines of a batch that are recorded together."""

    number: int
    lines: int
    digest: bytes
    """Over all lines of the batch up to its end."""
    before: int
    """The position of the log before it was first tried."""
    outcomes: tuple[LineOutcome, ...] | None
    """None: it was begun, and whether it was recorded is to be asked of the log."""


class Batches(Tables):
    """The batches of one data folder; safe to share between threads and processes."""

    def body(self, batch: str) -> Path:
        """Where the lines of a batch lie that is carried out later."""
        (self._folder / FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder / FOLDER / f"{batch}.jsonl"

    # ── batches ──────────────────────────────────────────────────────────────────────────

    def begin(self, batch: Batch) -> Batch:
        """Remember a batch, or find the one of this name as it stands."""
        with self._writing() as run:
            self._sweep(run, batch.made_at)
            run.execute(
                "INSERT OR IGNORE INTO batches VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                (batch.id, batch.kind, batch.owner, batch.key, batch.state, batch.note,
                 batch.made_at, batch.ended_at, batch.total, batch.digest, _json(batch.counts),
                 _json(batch.about)),
            )  # fmt: skip
        return self.get(batch.id)

    def get(self, batch: str) -> Batch:
        """The batch of that name; NotFound."""
        for found in self._read("WHERE id=?", (batch,)):
            return found
        raise NotFound(
            f"There is no batch {batch!r}; those that ended long ago are forgotten, and previews "
            "that newer ones took the place of."
        )

    def all(
        self, owner: str | None, kind: Kind, *, limit: int = 50, before: float | None = None
    ) -> list[Batch]:
        """The newest batches of one owner, or of all; begun before a time."""
        return self._read(
            "WHERE kind=? AND (? IS NULL OR owner=?) AND (? IS NULL OR made_at<?) "
            "ORDER BY made_at DESC, id LIMIT ?",
            (kind, owner, owner, before, before, limit),
        )

    def at_work(self) -> list[Batch]:
        """Batches that wait to be carried on, the oldest first."""
        if not self._path.exists():
            return []
        marks = ",".join("?" * len(AT_WORK))
        return self._read(f"WHERE state IN ({marks}) ORDER BY made_at, id", AT_WORK)

    def move(self, batch: str, state: State, note: str = "", **more: Any) -> Batch:
        """Bring a batch into another state; `more`: ended_at, total, digest, about."""
        values = {name: _json(v) if name == "about" else v for name, v in more.items()}
        columns = "".join(f", {name}=?" for name in values)
        with self._writing() as run:
            run.execute(
                f"UPDATE batches SET state=?, note=?{columns} WHERE id=?",
                (state, note, *values.values(), batch),
            )
        return self.get(batch)

    def claim(
        self, batch: str, old: Sequence[State], new: State, note: str, about: dict[str, Any]
    ) -> bool:
        """Bring a batch from one of these states into another; False: it is in none of them."""
        marks = ",".join("?" * len(old))
        with self._writing() as run:
            return bool(
                run.execute(
                    "UPDATE batches SET state=?, note=?, about=? WHERE id=? "
                    f"AND state IN ({marks})",
                    (new, note, _json(about), batch, *old),
                ).rowcount
            )

    def keep_previews(self, owner: str, most: int, size: int) -> None:
        """Forget all but so many of the newest previews of one owner, and so many bytes of them;
        the newest stays, whatever its size."""
        with self._writing() as run:
            rows = run.execute(
                "SELECT id FROM batches WHERE owner=? AND state='previewed' ORDER BY made_at DESC",
                (owner,),
            ).fetchall()
            total = 0
            for number, (batch,) in enumerate(rows):
                body = self.body(batch)
                total += body.stat().st_size if body.exists() else 0
                if number and (number >= most or total > size):
                    self._remove(run, batch)

    # ── sections ─────────────────────────────────────────────────────────────────────────

    def section(self, batch: str, number: int) -> Section | None:
        """A section that was begun."""
        for row in self._rows(
            "SELECT number, lines, digest, before, outcomes FROM sections "
            "WHERE batch=? AND number=?",
            (batch, number),
        ):
            return Section(row[0], row[1], row[2], row[3], _unpacked(row[4]))
        return None

    def intend(self, batch: str, section: Section) -> None:
        """Note where the log stood before a section is recorded."""
        with self._writing() as run:
            run.execute(
                "INSERT INTO sections VALUES (?,?,?,?,?,NULL)",
                (batch, section.number, section.lines, section.digest, section.before),
            )

    def record(self, batch: str, number: int, outcomes: Sequence[LineOutcome]) -> None:
        """Note what became of a section's lines, once it is durable."""
        with self._writing() as run:
            known = run.execute(
                "UPDATE sections SET outcomes=? WHERE batch=? AND number=? AND outcomes IS NULL",
                (_packed(outcomes), batch, number),
            )
            if known.rowcount:
                (text,) = run.execute("SELECT counts FROM batches WHERE id=?", (batch,)).fetchone()
                counts = orjson.loads(text)
                for one in outcomes:
                    counts[one.outcome] = counts.get(one.outcome, 0) + 1
                run.execute("UPDATE batches SET counts=? WHERE id=?", (_json(counts), batch))

    def outcomes(self, batch: str, after: int = 0) -> Iterator[LineOutcome]:
        """What became of the lines behind a line number, in order."""
        number = 0
        while (section := self.section(batch, number)) is not None:
            yield from (one for one in section.outcomes or () if one.line > after)
            number += 1

    # ── the way back ─────────────────────────────────────────────────────────────────────

    def undone(self, batch: str) -> dict[str, tuple[str, str]]:
        """PID → what its undoing came to."""
        rows = self._rows("SELECT pid, outcome, detail FROM undone WHERE batch=?", (batch,))
        return {row[0]: (row[1], row[2]) for row in rows}

    def undo(self, batch: str, pid: str, outcome: str, detail: str) -> None:
        """Note what the undoing of one annotation came to."""
        with self._writing() as run:
            run.execute(
                "INSERT OR REPLACE INTO undone VALUES (?,?,?,?)", (batch, pid, outcome, detail)
            )

    # ── quotas ───────────────────────────────────────────────────────────────────────────

    def take(self, owner: str, limits: Sequence[Quota], sizes: Sequence[int], now: float) -> int:
        """How many lines of these sizes the owner may still write; they are counted."""
        if not limits:
            return len(sizes)
        with self._writing() as run:
            left = [(quota, quota.most - _used(run, owner, quota, now)) for quota in limits]
            taken = fitting(sizes, left)
            for quota, rest in left if taken else ():
                more = sum(sizes[:taken]) if quota.unit == "bytes" else taken
                run.execute(
                    "INSERT OR REPLACE INTO used VALUES (?,?,?,?)",
                    (owner, quota.name, quota.window(now), quota.most - rest + more),
                )
        return taken

    def left(self, owner: str, limits: Sequence[Quota], now: float) -> list[tuple[Quota, int]]:
        """What the owner may still write."""
        if not limits:
            return []
        with self._connected() as run:
            return [(quota, quota.most - _used(run, owner, quota, now)) for quota in limits]

    # ── erasure ──────────────────────────────────────────────────────────────────────────

    def forget(self, pid: str) -> None:
        """Show no more of previews in which an object stands of which something was erased, or
        out of which an annotation came that was."""
        if not self._path.exists():
            return
        for batch in self._read("WHERE kind='chosen'", ()):
            preview = batch.about.get("preview", {})
            named = {one.get("pid") for one in preview.get("sample", ())}
            if pid in named or any(one.pid == pid for one in self.outcomes(batch.id)):
                asked = {k: v for k, v in batch.about.get("asked", {}).items() if k != "template"}
                shown = {**preview, "sample": [], "errors": []}
                about = {**batch.about, "asked": asked, "preview": shown}
                with self._writing() as run:
                    run.execute("UPDATE batches SET about=? WHERE id=?", (_json(about), batch.id))
        with self._connected() as connection:
            connection.execute("VACUUM")  # pages keep what moved within them
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # ── the file ─────────────────────────────────────────────────────────────────────────

    def _sweep(self, run: sqlite3.Connection, now: float) -> None:
        """Forget batches that ended long ago."""
        gone = run.execute(
            "SELECT id FROM batches WHERE coalesce(ended_at, made_at)<? AND state NOT IN "
            f"({','.join('?' * len(AT_WORK))})",
            (now - KEPT_S, *AT_WORK),
        ).fetchall()
        for (batch,) in gone:
            self._remove(run, batch)

    def _remove(self, run: sqlite3.Connection, batch: str) -> None:
        for table, column in (("batches", "id"), ("sections", "batch"), ("undone", "batch")):
            run.execute(f"DELETE FROM {table} WHERE {column}=?", (batch,))
        self.body(batch).unlink(missing_ok=True)

    def _read(self, where: str, params: Sequence[Any]) -> list[Batch]:
        rows = self._rows(f"SELECT * FROM batches {where}", params)
        return [
            Batch(
                **{name: orjson.loads(v) if name in _PACKED else v for name, v in dict(row).items()}
            )
            for row in rows
        ]


def _used(run: sqlite3.Connection, owner: str, quota: Quota, now: float) -> int:
    row = run.execute(
        "SELECT amount FROM used WHERE owner=? AND quota=? AND span=?",
        (owner, quota.name, quota.window(now)),
    ).fetchone()
    return int(row[0]) if row else 0


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _packed(outcomes: Sequence[LineOutcome]) -> bytes:
    return zlib.compress(orjson.dumps([one.row for one in outcomes]), 6)


def _unpacked(data: bytes | None) -> tuple[LineOutcome, ...] | None:
    if data is None:
        return None
    return tuple(LineOutcome.of(row) for row in orjson.loads(zlib.decompress(data)))
