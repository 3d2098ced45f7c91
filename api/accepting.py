"""Of an Accept header so much as is read: strangers write it, and every address reads it."""

from __future__ import annotations

LONGEST = 2_000
"""Characters that are read; browsers send some hundred."""


def bounded(accept: str) -> str:
    """The header in one line without runs of blanks, over which the patterns that part media types
    go back and forth for seconds; what is behind `LONGEST` characters is not read.

    >>> bounded("text/turtle,    text/html;q=0.5")
    'text/turtle, text/html;q=0.5'
    """
    return " ".join(accept[:LONGEST].split())
