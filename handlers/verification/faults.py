"""What a verification tells: one fault each for what does not agree, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

SECTION = 2_000
"""Events looked at between two tellings."""

MOST = 1_000
"""Faults that are told of a log."""

Watch = Callable[[str, int, int], None]
"""Is told what is checked, how far, and of how much."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not agree: where, and what."""

    where: str
    what: str


def unwatched(_what: str, _done: int, _total: int) -> None:
    """Nobody watches."""
