"""What a harvest may be asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from fdo.documents import Document
from handlers.harvest.reading.limits import Limits


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller asks of a harvest."""

    source_system: str | None = None
    organisation: str | None = None
    holder: str | None = None
    """IRI of the institution of whose datasets and specimens alone it may speak; None: of all."""
    mapping: Document | None = None
    observed_at: datetime | None = None
    dry_run: bool = False
    backfill: bool = False
    reject_shapes: frozenset[str] = frozenset()
    """Object types whose shape violations reject a record."""
    limits: Limits = field(default_factory=Limits)
