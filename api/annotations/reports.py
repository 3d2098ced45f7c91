"""Batches for whoever asks: how one stands, what became of its lines."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import orjson
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.security import Token
from eventstore.envelope import iso
from fdo.errors import NotFound
from handlers.batches.store import Batch, Batches, Kind

SHOWN = 100
"""Refused lines that stand in a report; all are among the outcomes."""


class Report(BaseModel):
    """A batch as it stands."""

    model_config = ConfigDict(populate_by_name=True)

    id: str = Field(description="Name of the batch; `ods:batchID` of its annotations.")
    url: str
    state: str = Field(
        description="receiving, interrupted (send it again), previewed, waiting, running, done, "
        "failed, undoing or undone."
    )
    note: str = Field(description="Why it is interrupted or failed, and the next step.")
    owner: str = Field(description="Name of the token.")
    key: str | None = Field(description="The Idempotency-Key it came with.")
    made_at: str = Field(alias="madeAt")
    ended_at: str | None = Field(alias="endedAt")
    total: int | None = Field(description="Lines that it has; null while nobody knows.")
    lines: int = Field(description="Lines of which the outcome is known.")
    counts: dict[str, int] = Field(description="Outcome → lines.")
    errors: list[dict[str, Any]] = Field(
        description=f"The first {SHOWN} refused lines: number, what is wrong where, next step."
    )
    outcomes: str = Field(description="Where what became of each line stands, JSON Lines.")
    undone: dict[str, int] = Field(
        default_factory=dict, description="What undoing came to → annotations."
    )
    about: dict[str, Any] = Field(default_factory=dict, description="What was asked.")


def report(batches: Batches, batch: Batch, address: str) -> Report:
    """The report of a batch; `address` is where it stands."""
    refused = (one.told for one in batches.outcomes(batch.id) if one.outcome == "refused")
    undone: dict[str, int] = {}
    for outcome, _ in batches.undone(batch.id).values():
        undone[outcome] = undone.get(outcome, 0) + 1
    return Report(
        id=batch.id, url=address, state=batch.state, note=batch.note, owner=batch.owner,
        key=batch.key, made_at=_when(batch.made_at),
        ended_at=None if batch.ended_at is None else _when(batch.ended_at), total=batch.total,
        lines=batch.lines, counts=batch.counts,
        errors=list(islice(refused, SHOWN)) if batch.counts.get("refused") else [],
        outcomes=f"{address}/outcomes", undone=undone, about=batch.about,
    )  # fmt: skip


def outcome_lines(batches: Batches, batch: Batch, after: int = 0) -> Iterator[bytes]:
    """What became of each line, JSON Lines; of what was undone, also that."""
    undone = batches.undone(batch.id)
    for one in batches.outcomes(batch.id, after):
        told = one.told
        if one.outcome == "created" and one.pid in undone:
            told["undone"], told["undoneDetail"] = undone[one.pid]
        yield orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


Limit = Annotated[int, Query(ge=1, le=200)]
After = Annotated[int, Query(ge=0, le=10**15, description="Only lines behind this one.")]
Before = Annotated[str | None, Query(description="Only those older than this one.")]


def owned(batches: Batches, name: str, kind: str, by: Token) -> Batch:
    """A batch of the token's own; an admin has all. NotFound for any other."""
    batch = batches.get(name)
    if batch.kind != kind or (batch.owner != by.name and "admin" not in by.roles):
        raise NotFound(f"There is no batch {name!r} of yours.")
    return batch


def listed(batches: Batches, kind: Kind, by: Token, limit: int, before: str | None) -> list[Batch]:
    """The token's own batches, the newest first, older than the one that is named; an admin has
    those of all."""
    owner = None if "admin" in by.roles else by.name
    older = None if before is None else batches.get(before).made_at
    return batches.all(owner, kind, limit=limit, before=older)


def _when(seconds: float) -> str:
    return iso(round(seconds * 1_000_000))
