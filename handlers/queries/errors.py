"""What can go wrong with a query, in words for the person who asked.

fdo.errors
├── CollectomeError
│   ├── MalformedQuery      the text is not SPARQL; says where
│   ├── QueryTooLarge       longer or deeper than the endpoint takes
│   └── NotOffered          the answer has no such form
├── Refused
│   └── ForbiddenQuery      SPARQL, and not allowed here (SERVICE, update)
└── Unavailable
    ├── Busy                every worker is taken and the queue is full
    └── QueryStopped        time, memory or the engine ended it; `reason` says which
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from fdo.errors import CollectomeError, Refused, Unavailable

StopReason = Literal["deadline", "memory", "crash", "delivery", "closed"]

_PLACE = re.compile(r"error at (\d+):(\d+)")


class MalformedQuery(CollectomeError):
    """The text breaks the grammar of SPARQL 1.1; `line` and `column` where the parser says."""

    def __init__(self, message: str) -> None:
        place = _PLACE.search(message)
        where = {"line": int(place[1]), "column": int(place[2])} if place else {}
        super().__init__(message, **where)


class UnsupportedQuery(CollectomeError):
    """The grammar is right; the engine does not know a function or feature that is used."""


class QueryTooLarge(CollectomeError):
    """The text is longer, deeper or names more graphs than the endpoint takes."""


class NotOffered(CollectomeError):
    """The answer to this kind of query has no representation that the client accepts."""

    def __init__(self, message: str, offered: Sequence[str]) -> None:
        super().__init__(message, offered=list(offered))
        self.offered = tuple(offered)


class ForbiddenQuery(Refused):
    """A well-formed request for something that this endpoint does not do."""


class Busy(Unavailable):
    """Every worker is taken and enough others wait."""


class QueryStopped(Unavailable):
    """The query was ended before its answer was complete; nothing of it may be trusted."""

    def __init__(self, message: str, reason: StopReason) -> None:
        super().__init__(message, reason=reason)
        self.reason: StopReason = reason
