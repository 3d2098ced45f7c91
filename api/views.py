"""What the pages and searches ask of the projections, beside the log.

Bootstrap fills these in; a repository without a running projector has none of them, and then
the pages say so instead of failing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from handlers.projections.annotations import Annotations
from handlers.projections.conformance import ConformanceReader
from handlers.projections.holdings import HoldingsReader
from handlers.projections.members import MembersReader
from handlers.projections.search import Search
from handlers.projections.terms import TermsReader
from handlers.projections.vectors import VectorsReader


def _nothing() -> Mapping[str, int]:
    return {}


@dataclass(frozen=True, slots=True)
class Views:
    """The reading sides of the projections; each None where the projection is not there."""

    search: Search | None = None
    annotations: Annotations | None = None
    """The reading side of the annotations projection: what is proposed, and what became of it."""
    conformance: ConformanceReader | None = None
    """The reading side of the conformance projection: counts by shape and dataset."""
    holdings: HoldingsReader | None = None
    """The reading side of the holdings projection: what there is, and when it last changed."""
    members: MembersReader | None = None
    """The reading side of the members projection: the pages of the event streams."""
    terms: TermsReader | None = None
    """The reading side of the terms projection: what changed, and when values were held."""
    vectors: VectorsReader | None = None
    """The reading side of the vectors projection: what media look like."""
    positions: Callable[[], Mapping[str, int]] = field(default=_nothing)
    """Projection name → the last position that is in its view."""
    troubles: Callable[[], Mapping[str, int]] = field(default=_nothing)
    """Projection name → how many events its view does not hold whole; none of those with none."""
