"""What services answer, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Ending = Literal["recorded", "late", "unknown", "failed"]
"""The annotations stand in the log; the job had ended before; there is no such job; the answer
was a failure, and counts as a failed attempt."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a service answered to one job."""

    job: str
    """Handle of the job, with or without proxy."""
    annotations: Sequence[Mapping[str, Any]] = ()
    """W3C or openDS form; none: nothing was found, and the job is done."""
    batch: Sequence[Mapping[str, Any]] = ()
    """`batchMetadata`: to which other objects the same answer should be copied."""
    batch_id: str | None = None
    error: str | None = None
    """What went wrong; then the attempt failed, whatever else is there."""
    final: bool = False
    """Of an error: whether trying again is of no use."""
    ours: bool = False
    """Of an error: whether it is in our own words, which quote nothing that a service read."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """`model`, `modelSha256`, `softwareVersion`, `executionProvider`, `seconds`."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one result."""

    job: str
    outcome: Ending
    created: tuple[str, ...] = ()
    """PIDs of the annotations that are new."""
    duplicate: tuple[str, ...] = ()
    """PIDs of annotations that said the same before."""
    refused: tuple[str, ...] = ()
    """Why others could not be recorded, each with its place in the answer."""
    reason: str = ""
    """Of a result that was not recorded: why."""
