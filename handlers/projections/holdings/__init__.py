"""What there is and when it last changed, for those who harvest: see `index` and `reader`."""

from handlers.projections.holdings.index import Holdings, is_change
from handlers.projections.holdings.reader import (
    Entry,
    HoldingsReader,
    Part,
    Selection,
    Standing,
    Tally,
)

__all__ = [
    "Entry",
    "Holdings",
    "HoldingsReader",
    "Part",
    "Selection",
    "Standing",
    "Tally",
    "is_change",
]
