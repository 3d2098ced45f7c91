"""How attempts end that brought nothing: tried again after a pause, or dead with the reason.

The log keeps our own words for it, which quote nothing. What a service said of its failure may
quote what it read, and the log does not forget: that is kept beside it, where an erasure reaches
it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fdo.wording import many
from handlers.mas.answers import Result
from handlers.mas.services import Service
from handlers.mas.store import Row

FIRST_S, FACTOR, LONGEST_S = 5.0, 3.0, 3_600.0
"""Pauses before a job is tried again."""
LONGEST = 300
"""Characters of an error that the log keeps, for ever."""
SAID = "The service said that it failed."
"""What the log is told where a service says why in its own words."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt without result."""

    row: Row
    error: str
    """In our own words, for the log: quotes nobody."""
    final: bool = False
    """Whether trying again is of no use."""
    words: str = ""
    """What the service said of it; never for the log."""


def failure(row: Row, result: Result) -> Ended:
    """The end of an attempt by a result that is an error."""
    error = result.error or ""
    if result.ours:
        return Ended(row, error, result.final)
    return Ended(row, SAID, result.final, error)


def notes(service: Service, ended: Sequence[Ended], now: float) -> list[tuple[str, dict[str, Any]]]:
    """What the log is told: (name of the fact, its detail); nothing for nothing."""
    failed = [_failed(one) for one in ended if not _is_dead(service, one, now)]
    dead = [_dead(service, one) for one in ended if _is_dead(service, one, now)]
    found: list[tuple[str, dict[str, Any]]] = []
    if failed:
        found.append(("JobsFailed", {"jobs": failed}))
    if dead:
        found.append(("JobsDead", {"jobs": dead}))
    return found


def words(service: Service, ended: Sequence[Ended], now: float) -> list[tuple[str, str]]:
    """What is kept beside the log: (job, what its service said, and why it is not tried again)."""
    return [
        (one.row.id, f"{one.words}{_why(service, one) if _is_dead(service, one, now) else ''}")
        for one in ended
        if one.words
    ]


def pause(tries: int) -> float:
    """Seconds until the next attempt."""
    return min(FIRST_S * FACTOR ** max(0, min(tries, 20) - 1), LONGEST_S)


def _is_dead(service: Service, one: Ended, now: float) -> bool:
    return one.final or one.row.tries >= service.max_attempts or _too_old(service, one.row, now)


def _too_old(service: Service, row: Row, now: float) -> bool:
    return row.sent_at is not None and now - row.sent_at > service.ttl_s


def _failed(one: Ended) -> Mapping[str, Any]:
    return {
        "id": one.row.id,
        "attempt": one.row.attempt,
        "error": one.error[:LONGEST],
        "wait": pause(one.row.tries),
    }


def _dead(service: Service, one: Ended) -> Mapping[str, Any]:
    return {
        "id": one.row.id,
        "attempt": one.row.attempt,
        "reason": f"{one.error[:LONGEST]}{_why(service, one)}",
        "target": one.row.target,
        "version": one.row.version,
    }


def _why(service: Service, one: Ended) -> str:
    """Why a dead job is not tried again, where its error does not say so."""
    if one.final:
        return ""
    if one.row.tries >= service.max_attempts:
        return f" Tried {many(one.row.tries, 'time')}."
    return f" Its time to live of {service.ttl_s:.0f} s is over."
