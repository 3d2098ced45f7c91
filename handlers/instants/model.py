"""The words of the ladder: what can be asked for, and what is held.

An `Instant` may come with named graphs beside it: another whole instant, what was added or
removed between two positions, or one old version of an object (decision 0029).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eventstore.instant import Instant
from fdo.errors import CollectomeError, Refused, Unavailable
from fdo.identifiers import Pid

GRAPH_TRIPLES = 200_000
"""Most triples of a difference or a version in one named graph; whole instants have no limit."""

Watch = Callable[[float], None]
"""Told how far a build is, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class DeltaGraph:
    """The triples of the default graph that came (or went) between two positions, net."""

    start: int
    end: int
    side: Literal["added", "removed"]

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise Refused(
                f"A difference goes forwards: {self.start} is behind {self.end}; ask for "
                f"{self.end} to {self.start} and swap added and removed."
            )


@dataclass(frozen=True, slots=True)
class VersionGraph:
    """The triples of one version of an object's document."""

    pid: Pid
    number: int


@dataclass(frozen=True, slots=True)
class NamedState:
    """A graph beside the default graph: its name (an IRI) and what it holds."""

    name: str
    state: Instant | DeltaGraph | VersionGraph


@dataclass(frozen=True, slots=True)
class Held:
    """A store that stays where it is while it is held; open it read-only."""

    path: Path
    instant: Instant
    recorded_at: str
    """RFC 3339 time of the instant's last event; empty before the first."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the build of an instant is."""

    key: str
    share: float
    """From 0 to 1."""


class Preparing(Unavailable):
    """The instant is being built; it goes on whoever waits."""

    def __init__(self, key: str, progress: float) -> None:
        self.retry_after = 2
        self.key, self.progress = key, progress
        super().__init__(
            f"The state at this instant is being made ready ({progress:.0%}); ask again.",
            retry_after=self.retry_after,
            progress=round(progress, 3),
            key=key,
        )


class GraphTooLarge(CollectomeError):
    """A difference or a version has more triples than a named graph may hold here."""


def key_of(instant: Instant, graphs: Sequence[NamedState], erasure: int) -> str:
    """The name of a store for this instant and these graphs, after the erasure at a position.

    The erasure is part of the name, so that no store that holds erased text is ever found
    again, not even by somebody who has it open.
    """
    parts = [str(instant.position)]
    if instant.observed is not None:
        parts.append(f"o{instant.observed}")
    if erasure:
        parts.append(f"e{erasure}")
    if graphs:
        said = "\n".join(sorted(f"{graph.name} {graph.state!r}" for graph in set(graphs)))
        parts.append("g" + hashlib.blake2b(said.encode(), digest_size=12).hexdigest())
    return "-".join(parts)


def compacted(path: Path) -> Path:
    """Where the compacted copy of a store lies."""
    return path.with_name(f"{path.name}{_COMPACTED}")


def is_compacted(path: Path) -> bool:
    """Whether this is a compacted copy."""
    return path.name.endswith(_COMPACTED)


_COMPACTED = "-c"
