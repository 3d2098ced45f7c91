"""What is asked of the terms view, and the rows that it answers with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Changed:
    """One value of one object that became another one at an event."""

    position: int
    ordinal: int
    pid: str
    type: str
    version: int
    term: str
    fragment: str
    old: str | None
    new: str | None
    cut: int
    """1 where a value was too long to be kept whole, else 0."""
    recorded_at: int
    observed_at: int
    agent: str
    agent_name: str
    source: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes are asked for; None leaves a side open."""

    term: str | None = None
    old: str | None = None
    new: str | None = None
    type: str | None = None
    source: str | None = None
    agent: str | None = None
    """The IRI of the agent, or its name."""
    observed: int | None = None
    """Only what was observed by this time (microseconds)."""


@dataclass(frozen=True, slots=True)
class Busy:
    """One line of who or what changed most."""

    value: str
    label: str
    changes: int
    objects: int
    last: int
    """The position of the newest of these changes."""


@dataclass(frozen=True, slots=True)
class TermCount:
    """A term that ever changed."""

    term: str
    name: str
    changes: int
    last: int


@dataclass(frozen=True, slots=True)
class Span:
    """One object held a value from one event on, up to another or still."""

    object: int
    """The position of its first event."""
    pid: str
    type: str
    begin: int
    upto: int | None


@dataclass(frozen=True, slots=True)
class Holding:
    """When a value was held at all, and by how many objects."""

    objects: int
    """That ever held it."""
    now: int
    """That hold it at the moment asked for."""
    first: int | None
    """The event from which on the first object held it."""
    last: int | None
    """The event at which the last object ceased to hold it; None while one does."""
