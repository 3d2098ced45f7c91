"""The vectors view: what media look like, as services wrote it into annotations.

One row a vector that is in force. A row goes when its annotation is withdrawn or erased, or its
medium erased; `losses` counts that, so that an index in memory knows when to be made anew. Of one
medium and one model the newest vector counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eventstore.envelope import Recorded
from eventstore.follower import SqlReader, SqlView
from eventstore.log import Log
from fdo.annotation.life import source_of
from fdo.lifecycle import Status
from handlers.similarity.vectors import vector_of

VERSION = 2
SCHEMA = (
    "CREATE TABLE vectors (number INTEGER PRIMARY KEY, annotation TEXT NOT NULL "
    "UNIQUE, target TEXT NOT NULL, model TEXT NOT NULL, vector BLOB NOT NULL, "
    "UNIQUE (target, model))",
    "CREATE INDEX vectors_of_model ON vectors (model, number)",
    "CREATE TABLE losses (model TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID",
)
_GONE = "SELECT number, model FROM vectors WHERE annotation=? OR target=?"
_LOSS = "INSERT INTO losses VALUES (?, 1) ON CONFLICT DO UPDATE SET count=count+1"


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector."""

    number: int
    """The position of the event that told it."""
    annotation: str
    target: str
    vector: bytes
    """16-bit floats, little-endian."""


class Vectors(SqlView):
    """Every vector in force; rebuildable."""

    name = "vectors"
    schema = SCHEMA
    version = VERSION
    pragmas = ("secure_delete=ON",)

    def enter(self, events: Sequence[Recorded], log: Log) -> None:
        """See `SqlView.enter`."""
        del log
        with self.transaction(events[-1].position) as tx:
            for event in events:
                changed = event.type == "annotation" and not event.operational
                if not changed and event.what != "Erased":
                    continue
                found = _vector(event) if changed else None
                for number, model in tx.execute(_GONE, (event.pid_text,) * 2).fetchall():
                    tx.execute("DELETE FROM vectors WHERE number=?", (number,))
                    tx.execute(_LOSS, (model,))
                if found is not None:
                    target, model, vector = found
                    row = "SELECT number FROM vectors WHERE target=? AND model=?"
                    if tx.execute(row, (target, model)).fetchone():
                        tx.execute("DELETE FROM vectors WHERE target=? AND model=?", found[:2])
                        tx.execute(_LOSS, (model,))
                    tx.execute(
                        "INSERT INTO vectors VALUES (?,?,?,?,?)",
                        (event.position, event.pid_text, target, model, vector),
                    )


class VectorsReader:
    """The vectors for reading, from any process; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._reader = SqlReader(path, "vectors")

    def section(self, model: str, after: int, count: int) -> list[Vector]:
        """The next vectors of a model, in the order in which they came."""
        with self._reader.reading() as (run, _):
            rows = run.execute(
                "SELECT number, annotation, target, vector FROM vectors WHERE model=? AND number>? "
                "ORDER BY number LIMIT ?",
                (model, after, count),
            ).fetchall()
        return [Vector(*row) for row in rows]

    def losses(self, model: str) -> int:
        """How often a vector of the model went; changes whenever one does."""
        with self._reader.reading() as (run, _):
            found = run.execute("SELECT count FROM losses WHERE model=?", (model,)).fetchone()
        return int(found[0]) if found else 0

    def of(self, target: str, model: str) -> bytes | None:
        """The vector of a medium."""
        with self._reader.reading() as (run, _):
            row = run.execute(
                "SELECT vector FROM vectors WHERE target=? AND model=?", (target, model)
            ).fetchone()
        return bytes(row[0]) if row else None

    def models(self) -> dict[str, int]:
        """Model (SHA-256 of its weights) → vectors."""
        with self._reader.reading() as (run, _):
            rows = run.execute("SELECT model, count(*) FROM vectors GROUP BY model ORDER BY model")
            return dict(rows.fetchall())

    def close(self) -> None:
        """Close this thread's connection."""
        self._reader.close()


def _vector(event: Recorded) -> tuple[str, str, bytes] | None:
    """(medium, model, vector) of an annotation that is in force and holds one."""
    if event.status is not Status.ACTIVE:
        return None
    document = event.document
    model, vector = document.get("col:modelSha256"), vector_of(document)
    if vector is None or model is None:
        return None
    source = source_of(document["oa:hasTarget"][0])
    return (str(source.pid), model, vector) if source else None
