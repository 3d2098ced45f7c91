"""How attempts end that brought nothing: tried again after a pause, or dead with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.mas.services import Service
from handlers.mas.store import Row

FIRST_S, FACTOR, LONGEST_S = 5.0, 3.0, 3_600.0
"""Pauses before a job is tried again."""
LONGEST = 300
"""Characters of an error that the log keeps, for ever: services may quote what they read."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt without result."""

    row: Row
    error: str
    final: bool = False
    """Whether trying again is of no use."""


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
    if one.final:
        why = ""
    elif one.row.tries >= service.max_attempts:
        why = f" Tried {one.row.tries} times."
    else:
        why = f" Its time to live of {service.ttl_s:.0f} s is over."
    return {
        "id": one.row.id,
        "attempt": one.row.attempt,
        "reason": f"{one.error[:LONGEST]}{why}",
        "target": one.row.target,
        "version": one.row.version,
    }
