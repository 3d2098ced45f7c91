"""What a builder is told, as lines of JSON: which state to build."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from eventstore.instant import Instant
from fdo.identifiers import Pid
from handlers.instants.model import DeltaGraph, NamedState, VersionGraph


def asked(instant: Instant, graphs: Sequence[NamedState]) -> bytes:
    """What to build, as one line of JSON."""
    states = [[graph.name, *_encoded(graph.state)] for graph in graphs]
    return orjson.dumps([instant.position, instant.observed, states])


def understood(line: bytes) -> tuple[Instant, list[NamedState]]:
    """What a line of `asked` asks for."""
    position, observed, states = orjson.loads(line)
    return Instant(position, observed), [NamedState(s[0], _decoded(*s[1:])) for s in states]


def _encoded(state: Instant | DeltaGraph | VersionGraph) -> list[Any]:
    match state:
        case Instant(position, observed):
            return ["at", position, observed]
        case DeltaGraph(start, end, side):
            return ["delta", start, end, side]
        case VersionGraph(pid, number):
            return ["version", str(pid), number]


def _decoded(kind: str, *values: Any) -> Instant | DeltaGraph | VersionGraph:
    match kind:
        case "at":
            return Instant(*values)
        case "delta":
            return DeltaGraph(*values)
        case _:
            return VersionGraph(Pid.parse(values[0]), values[1])
