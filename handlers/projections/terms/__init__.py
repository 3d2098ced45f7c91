"""Questions across time: which values changed, who changed them, when a value was held.

`Terms` follows the log and writes; `TermsReader` reads, from any process.
"""

from handlers.projections.terms.answers import Busy, Changed, Holding, Span, TermCount, Wanted
from handlers.projections.terms.compare import HELD, Difference, differences
from handlers.projections.terms.index import Terms, changes
from handlers.projections.terms.naming import UnknownTerm, held_path, short_name
from handlers.projections.terms.reader import LIMIT_CAP, By, Grouping, TermsReader

__all__ = [
    "HELD",
    "LIMIT_CAP",
    "Busy",
    "By",
    "Changed",
    "Difference",
    "Grouping",
    "Holding",
    "Span",
    "TermCount",
    "Terms",
    "TermsReader",
    "UnknownTerm",
    "Wanted",
    "changes",
    "differences",
    "held_path",
    "short_name",
]
