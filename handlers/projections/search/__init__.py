"""Search and statistics: one view of all versions, its writer and its readers.

`SearchIndex` follows the log and writes; `Search` reads, from any process. Statistics are
counts over the same rows (`Search.counts`, `Search.series`): measured at 100,000 specimens a
dimension takes milliseconds, so there is no third projection to keep in step.
"""

from handlers.projections.search.facets import NOT_STATED, Bucket
from handlers.projections.search.index import SearchIndex
from handlers.projections.search.profiles import Profile
from handlers.projections.search.query import (
    FACETS,
    PARAMETERS,
    SORTS,
    InvalidQuery,
    Parameter,
    SearchQuery,
)
from handlers.projections.search.reader import COUNT_CAP, LIMIT_CAP, Facets, Hit, Page, Search

__all__ = [
    "COUNT_CAP",
    "FACETS",
    "LIMIT_CAP",
    "NOT_STATED",
    "PARAMETERS",
    "SORTS",
    "Bucket",
    "Facets",
    "Hit",
    "InvalidQuery",
    "Page",
    "Parameter",
    "Profile",
    "Search",
    "SearchIndex",
    "SearchQuery",
]
