"""The page after this one, as a token: opaque to clients, checked when it comes back.

A cursor holds the position at which the first page was read, so that all pages show one state
of the repository, and the place where the page ended, so that no row is counted past again.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

import orjson

from handlers.projections.search.query import InvalidQuery, SearchQuery

_FORM = 2


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended, and at which state of the log."""

    as_of: int
    observed: int | None
    total: int
    exact: bool
    name: str
    """Of the last row; the sort key where the order is by name."""
    position: int
    """Of the last row."""

    def token(self, query: SearchQuery) -> str:
        """The cursor as text for a URL, good for this query only."""
        parts = [
            _FORM, query.digest, self.as_of, self.observed, self.total, self.exact, self.name,
            self.position,
        ]  # fmt: skip
        return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")

    @classmethod
    def read(cls, token: str, query: SearchQuery) -> Cursor:
        """The cursor of a token; InvalidQuery when it is none, or another query's."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            form, digest, as_of, observed, total, exact, name, position = orjson.loads(raw)
        except (ValueError, TypeError, binascii.Error):
            raise _invalid("is none of ours") from None
        numbers = (digest, as_of, total, position, 0 if observed is None else observed)
        if (
            form != _FORM
            or not all(type(n) is int and 0 <= n < 2**63 for n in numbers)
            or type(exact) is not bool
            or type(name) is not str
        ):
            raise _invalid("is none of ours")
        if digest != query.digest:
            raise _invalid("belongs to another query")
        return cls(as_of, observed, total, exact, name, position)


def _invalid(why: str) -> InvalidQuery:
    return InvalidQuery(
        "cursor", f"The cursor {why}; begin again without it, and follow `next` as it is given."
    )
