"""`GET /dois`: pages by number up to 10,000 results, by cursor beyond."""

from __future__ import annotations

import base64
import binascii
from typing import get_args
from urllib.parse import urlencode

from api.datacite_double.exchange import Answer, Asked
from api.datacite_double.resource import resource
from api.datacite_double.states import State
from api.datacite_double.store import Registered, Store

REACH = 10_000
"""Results that page numbers reach."""
LARGEST = 1_000
DEFAULT = 25
_ORDERS = {
    "name": "doi",
    "-name": "doi DESC",
    "created": "created, doi",
    "-created": "created DESC, doi",
    "updated": "updated, doi",
    "-updated": "updated DESC, doi",
}
_FIRST = "1"
"""The cursor with which a walk begins."""


def page_of(asked: Asked, store: Store, *, known: bool) -> Answer:
    """A page of DOIs; whoever does not own them sees the findable ones only."""
    told = asked.parameters
    wanted = told.get("state")
    state: State | None = next((each for each in get_args(State) if each == wanted), None)
    if not known:
        state = "findable"
    prefix, query = told.get("prefix") or None, told.get("query", "")
    size = _number(told.get("page[size]"), DEFAULT, LARGEST)
    number = _number(told.get("page[number]"), 1, max(1, REACH // max(1, size)))
    cursor = told.get("page[cursor]")
    try:
        after = None if cursor is None else _read(cursor)
    except (binascii.Error, UnicodeDecodeError):
        return Answer.refusal(400, "Invalid base64 used for cursor passed from query params")
    found = store.page(
        state=state,
        prefix=prefix,
        query=query,
        order=_ORDERS.get(told.get("sort", ""), _ORDERS["-updated"]),
        after=after,
        limit=size,
        offset=0 if cursor is not None else (number - 1) * size,
    )
    total = store.count(state=state, prefix=prefix, query=query)
    reached = total if cursor is not None else min(total, REACH)
    pages = -(-reached // size) if size else 0
    more = _next(told, found, size, number, pages)
    meta = {"total": total, "totalPages": pages, **({} if cursor else {"page": number})}
    return Answer.json(
        200,
        {
            "data": [resource(each, told, detail=False) for each in found],
            "meta": meta,
            "links": {"self": f"/dois?{asked.query}", **({"next": more} if more else {})},
        },
        "application/json; charset=utf-8",
    )


def _next(
    told: dict[str, str], found: list[Registered], size: int, number: int, pages: int
) -> str | None:
    if len(found) < size or not size:
        return None
    if "page[cursor]" in told:
        turned = {"page[cursor]": base64.urlsafe_b64encode(found[-1].doi.encode()).decode()}
    elif number < pages:
        turned = {"page[number]": str(number + 1)}
    else:
        return None
    return f"/dois?{urlencode({**told, **turned})}"


def _read(cursor: str) -> str:
    """The DOI after which a walk goes on."""
    if cursor == _FIRST:
        return ""
    return base64.b64decode(
        cursor.encode("ascii", "replace"), altchars=b"-_", validate=True
    ).decode()


def _number(text: str | None, default: int, largest: int) -> int:
    if text is None or not text.isdecimal() or len(text) > 9:
        return default
    return min(int(text), largest) or (0 if default == DEFAULT else default)
