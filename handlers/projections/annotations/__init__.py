"""Annotations as rows: what is proposed of what, by whom, and what became of it; at any time.

`AnnotationsIndex` follows the log and writes; `Annotations` reads, from any process.
"""

from handlers.projections.annotations.index import AnnotationsIndex
from handlers.projections.annotations.query import (
    PARAMETERS,
    AnnotationQuery,
    InvalidFilter,
)
from handlers.projections.annotations.reader import (
    BY,
    LIMIT_CAP,
    Annotations,
    Found,
    Group,
    Groups,
    Page,
    Tally,
)
from handlers.projections.annotations.rows import SEVERITIES

__all__ = [
    "BY",
    "LIMIT_CAP",
    "PARAMETERS",
    "SEVERITIES",
    "AnnotationQuery",
    "Annotations",
    "AnnotationsIndex",
    "Found",
    "Group",
    "Groups",
    "InvalidFilter",
    "Page",
    "Tally",
]
