"""Look-ups, read off the query string in which they came.

    query=SELECT%20*%20%7B%20%3Chttps%3A//doi.org/10.5072/ABC-DEF-123%3E%20%3Fp%20%3Fo%20%7D

Clients ask the same of one object after the other, so query strings differ in the IRIs of their
group. What stands between these is unquoted, recognised and quoted once, and remembered; the
text of the query is never put together. What is written in some other way is left to those who read
every query string (`api.sparql.request`): they find the same.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple
from urllib.parse import quote

from api.sparql.description import ABOUT_SERVICE
from api.sparql.request import unquoted
from handlers.queries.walks import MOST_CHARACTERS, LookUp, filled, shape

_BRACE: Final = re.compile("%7[Bb]")
_IRI: Final = re.compile(
    "%3[Cc]([A-Za-z][A-Za-z0-9+.-]*(?::|%3A)(?:[A-Za-z0-9._~:/-]|%3A|%2F|%23)*)%3[Ee]"
)
_MOST: Final = 3 * MOST_CHARACTERS
_ABOUT_SERVICE_SAID: Final = tuple(
    quote(name.rpartition("/")[2]).encode() for name in ABOUT_SERVICE
)
"""How the namespaces end, whatever else of them is quoted."""


class Said(NamedTuple):
    """One look-up."""

    walk: LookUp
    query: str
    """The query, quoted as in the address of its answer as it is now (`memento_headers`)."""


class _Kind(NamedTuple):
    """What look-ups have in common that differ in IRIs only."""

    walk: LookUp
    quoted: tuple[str, ...]
    """The query between its IRIs."""
    characters: int


def look_up_of(query_string: bytes) -> Said | None:
    """The look-up that this query string holds, and nothing else; None where it is none, or not
    quoted as most clients quote."""
    if len(query_string) > _MOST or not query_string.isascii():
        return None
    if any(name in query_string for name in _ABOUT_SERVICE_SAID):
        return None
    head, *rest = _BRACE.split(query_string.decode(), 1)
    if not rest:
        return None
    pieces = _IRI.split(rest[0])
    kind = _kind(head, *pieces[::2])
    if kind is None:
        return None
    said = pieces[1::2]
    iris = [iri.replace("%3A", ":").replace("%2F", "/").replace("%23", "#") for iri in said]
    if kind.characters + sum(map(len, iris)) > MOST_CHARACTERS:
        return None
    walk = filled(kind.walk, iris)
    if walk is None:
        return None
    again = [iri.replace(":", "%3A").replace("/", "%2F") for iri in said]
    first, *others = kind.quoted
    return Said(walk, first + "".join(chain.from_iterable(zip(again, others, strict=True))))


@lru_cache(maxsize=512)
def _kind(head: str, *pieces: str) -> _Kind | None:
    """What stands before the first brace, and between the IRIs behind it."""
    if not head.startswith("query=") or "&" in "".join((head, *pieces)):
        return None
    try:
        opening, *others = map(unquoted, (head.removeprefix("query="), *pieces))
    except UnicodeDecodeError:
        return None
    first, *between = others
    walk = shape((f"{opening}{{", first, *between))
    whole = "<>".join((f"{opening}{{{first}", *between))
    if walk is None or any(name in whole for name in ABOUT_SERVICE):
        return None
    quoted = quote(whole, safe="").replace("%3C%3E", "%3C<%3E")
    return _Kind(walk, tuple(quoted.split("<")), len(whole))
