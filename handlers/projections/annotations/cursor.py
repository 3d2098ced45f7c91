"""The page after this one, as a token: opaque to clients, checked when it comes back.

It holds the position at which the first page was read, so that all pages show one state of the
repository, and the row with which the page ended.
"""

from __future__ import annotations

import binascii
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import astuple, dataclass

import orjson

from handlers.projections.annotations.query import AnnotationQuery, InvalidFilter, unfit


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended, and at which state of the log."""

    as_of: int
    severity: int
    """Of the last row."""
    position: int
    """Of the last row."""
    total: int
    exact: bool

    def token(self, query: AnnotationQuery) -> str:
        """The place as text for a URL, good for this query only."""
        parts = [_digest(query), *astuple(self)]
        return urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")

    @classmethod
    def read(cls, token: str, query: AnnotationQuery) -> Place:
        """The place of a token; InvalidFilter when it is none, or another query's."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            digest, as_of, severity, position, total, exact = orjson.loads(raw)
        except (ValueError, TypeError, binascii.Error):
            raise _invalid("is none of ours") from None
        numbers = (digest, as_of, severity, position, total)
        if not all(type(n) is int and 0 <= n < 2**62 for n in numbers) or type(exact) is not bool:
            raise _invalid("is none of ours")
        if digest != _digest(query):
            raise _invalid("belongs to another query")
        return cls(as_of, severity, position, total, exact)


def _digest(query: AnnotationQuery) -> int:
    return zlib.crc32(repr((query.conditions, query.sort)).encode())


def _invalid(why: str) -> InvalidFilter:
    return unfit(
        "cursor", f"The cursor {why}; begin again without it, and follow `next` as it is given."
    )
