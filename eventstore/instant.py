"""An instant: a state of the repository that can be named, asked again and compared.

Two bounds (decision 0003): what the repository knew (`position`, recorded time), and of that,
what the sources had said by a time (`observed`). An object is at an instant as the newest of
its content events within both bounds left it. As a rule those events are the first so many of
its stream, and then the patches between two instants can be replayed in any order that keeps
each object's own; where an older export followed a curator's edit they are not, and the states
themselves are compared (`handlers.instants.difference`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """The state after event `position`, of what was observed by `observed` (microseconds)."""

    position: int
    """The last event that counts; 0 is before the first."""
    observed: int | None = None
    """Events that their source said later than this do not count; None: no bound."""
