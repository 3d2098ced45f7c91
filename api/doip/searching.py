"""DOIP Search: words and filters in, pages of ids or objects out.

    query="quercus country:EE"   words, and filters by the names of /api/search
    pageNum=2 pageSize=50 sortFields=name type=id asOf=2026-05-01

Both `query` and each of `filterQueries` are read the same way; `*:*` selects everything. The
answer is one state of the repository; `asOf` among the response's attributes names it, so that
further pages can be asked of the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from api.doip.messages import Request, Response
from api.doip.objects import DigitalObjects, whole_number
from api.moments import instant_of
from api.refusals import UnknownParameter
from eventstore.envelope import iso
from eventstore.instant import Instant
from fdo.errors import Unavailable
from fdo.identifiers import Pid
from handlers.projections.search import LIMIT_CAP, PARAMETERS, Hit, Page, Search, SearchQuery

PAGE = 100
"""Objects on a page at most, and when no size is asked for."""
REACH = 10_000
"""Results that pages reach; to see all of more, narrow the query, or read /changes."""
LONGEST = 2_000
EVERYTHING = ("*", "*:*")

_TERM = re.compile(r'(?:(?P<name>[a-z_]+):)?(?:"(?P<quoted>[^"]*)"|(?P<bare>\S+))')
MOMENT = ("asOf", "observedAt")


def search(objects: DigitalObjects, request: Request) -> Response:
    """Find specimens; the target is the service."""
    asked = request.attributes
    query = _query(asked)
    number, size = _page_of(asked)
    full = _full(asked)
    view = objects.site.views.search
    if view is None:
        raise Unavailable("This server keeps no search view.")
    at = _instant(objects, asked)
    if size == 0:
        page: Page = view.find(query, None, 1, at.position, at.observed)
        hits: list[Hit] = []
    else:
        page, hits = _hits(view, query, number * size, size, at)
    results = _objects(objects, hits) if full else [hit.pid for hit in hits]
    attributes: dict[str, Any] = {"asOf": page.as_of, "sizeIsExact": page.exact}
    if page.observed is not None:
        attributes["observedAt"] = iso(page.observed)
    return Response(({"size": page.total, "results": results},), attributes)


def parsed(text: str) -> dict[str, list[str]]:
    """Words and filters of one query text → parameters of a search.

    >>> parsed('oak country:EE locality:"wooded meadow"')
    {'q': ['oak'], 'country': ['EE'], 'locality': ['wooded meadow']}
    """
    if len(text) > LONGEST:
        raise UnknownParameter(
            f"A query has {LONGEST:,} characters at most, not {len(text):,}.", parameter="query"
        )
    found: dict[str, list[str]] = {}
    if text.strip() in EVERYTHING:
        return found
    for term in _TERM.finditer(text):
        name, value = term["name"], term["quoted"] if term["bare"] is None else term["bare"]
        if name is not None and name not in PARAMETERS:
            raise UnknownParameter(
                f"Nothing can be searched by {name!r}; there are {', '.join(PARAMETERS)}.",
                parameter="query",
            )
        found.setdefault(name or "q", []).append(value)
    return found


def _query(asked: Mapping[str, Any]) -> SearchQuery:
    parameters: dict[str, list[str]] = {}
    more = asked.get("filterQueries") or []
    for text in (asked.get("query") or "", *(more if isinstance(more, list) else [more])):
        for name, values in parsed(str(text)).items():
            parameters.setdefault(name, []).extend(values)
    if sort := asked.get("sortFields"):
        parameters["sort"] = [str(sort)]
    return SearchQuery.parse(parameters)


def _page_of(asked: Mapping[str, Any]) -> tuple[int, int]:
    """Number and size of the page; a negative or missing size is the largest."""
    given = asked.get("pageSize")
    size = PAGE
    if given is not None and not str(given).startswith("-"):
        size = whole_number(given, "pageSize", least=0)
    if size > PAGE:
        raise UnknownParameter(f"A page has {PAGE} results at most.", parameter="pageSize")
    number = whole_number(asked.get("pageNum") or 0, "pageNum", least=0)
    if (number + 1) * size > REACH:
        raise UnknownParameter(
            f"Pages reach the first {REACH:,} results; narrow the query, or follow /changes for "
            "everything.",
            parameter="pageNum",
        )
    return number, size


def _full(asked: Mapping[str, Any]) -> bool:
    kind = asked.get("type") or "full"
    if kind not in ("full", "id"):
        raise UnknownParameter(f"type is full or id, not {kind!r}.", parameter="type")
    return bool(kind == "full")


def _instant(objects: DigitalObjects, asked: Mapping[str, Any]) -> Instant:
    as_of, observed = (asked.get(name) for name in MOMENT)
    return instant_of(
        None if as_of is None else str(as_of),
        None if observed is None else str(observed),
        objects.site.objects,
    )


def _hits(
    view: Search, query: SearchQuery, skip: int, size: int, at: Instant
) -> tuple[Page, list[Hit]]:
    """A page by number, of pages that go on by cursor."""
    page = view.find(query, None, min(skip + size, LIMIT_CAP), at.position, at.observed)
    first, hits = page, list(page.hits)
    while len(hits) < skip + size and page.next_cursor:
        page = view.find(query, page.next_cursor, min(skip + size - len(hits), LIMIT_CAP))
        hits += page.hits
    return first, hits[skip : skip + size]


def _objects(objects: DigitalObjects, hits: list[Hit]) -> list[dict[str, Any]]:
    """The objects of these hits in the version that was found; what was withheld meanwhile is
    named by its id only."""
    events = objects.log.events_at(hit.position for hit in hits)
    heads = {str(head.pid): head for head in objects.log.heads_of(hit.pid for hit in hits)}
    found: list[dict[str, Any]] = []
    for hit in hits:
        event, head = events[hit.position], heads[str(Pid.parse(hit.pid))]
        if objects.shown.hidden(event, head):
            found.append({"id": str(event.pid), "type": event.type})
        else:
            found.append(objects.listed(event, head))
    return found
