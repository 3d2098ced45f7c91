"""Where a list goes on: a resumption token that needs no memory of the server.

It holds the position of the log at which the list began, so that the list stays the same
however much is recorded meanwhile, and the position behind which it goes on. Nothing of it is
trusted: a forged token leads to another list that anybody may ask for, or is refused. It does
not expire.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import astuple, dataclass

import orjson

from api.harvesting.oai.asking import OaiError

_FORM = 1


@dataclass(frozen=True, slots=True)
class Token:
    """The rest of a list."""

    verb: str
    log: str
    """The id of the log: positions of another one mean nothing here."""
    prefix: str
    set: str
    as_of: int
    after: int
    until: int
    cursor: int
    """Items before this part."""
    size: int
    """Items of the whole list."""

    def text(self) -> str:
        """The token as it is sent."""
        return urlsafe_b64encode(orjson.dumps([_FORM, *astuple(self)])).decode().rstrip("=")

    @classmethod
    def read(cls, text: str, verb: str, log: str) -> Token:
        """The token of this text; OaiError where it is none of this verb and log."""
        try:
            raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            form, *values = orjson.loads(raw)
            token = cls(*values)
        except (ValueError, TypeError, binascii.Error):
            raise _refused("is none of ours") from None
        words = (token.verb, token.log, token.prefix, token.set)
        numbers = (token.as_of, token.after, token.until, token.cursor, token.size)
        if (
            form != _FORM
            or not all(type(word) is str for word in words)
            or not all(type(number) is int and 0 <= number < 2**63 for number in numbers)
        ):
            raise _refused("is none of ours")
        if (token.verb, token.log) != (verb, log):
            raise _refused("belongs to another verb or repository")
        return token


def _refused(why: str) -> OaiError:
    return OaiError("badResumptionToken", f"The token {why}; begin the list again.")
