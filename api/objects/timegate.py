"""TimeGates and TimeMaps over HTTP (RFC 7089, 4 and 5).

    /timegate/{URI of an original}             Accept-Datetime → 302 to the memento
    /timemap/link/{URI of an original}         all mementos as links (RFC 6690), 1,000 a page
    /timemap/json/{URI of an original}         the same as JSON

An original is an object, or the result of a saved query (`api.objects.results`). The mementos of an
object are its versions; those of a dataset the versions of its source system and its harvests.

Both answer HEAD, which is what Memento clients send.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from api.objects.exchange import CORS
from api.objects.memento import LINK_FORMAT, Form, Mementos, accept_datetime, dated, original_of
from api.objects.results import Results
from api.objects.seconds import LATEST
from api.refusals import UnknownParameter
from api.site import Site
from eventstore.envelope import iso
from eventstore.log import unknown
from eventstore.naming import named
from eventstore.timeline import Dated, Times
from fdo.identifiers import Pid

AcceptDatetime = Annotated[
    str | None, Header(alias="Accept-Datetime", description="An HTTP-date; else now.")
]
JSON = "application/json"
PAGE = 1_000
"""Mementos on one page of a TimeMap."""


def timegate_router(site: Site) -> APIRouter:
    """The routes /timegate/{uri} and /timemap/{link|json}/{uri}."""
    router = APIRouter(tags=["versions"])
    mementos = Mementos.of(site.objects.recorder, site.base)
    gate = TimeGate(site, mementos)
    maps = TimeMaps(site, mementos)
    results = Results(site.objects.log, site.base)

    @router.get("/timegate/{uri:path}", status_code=302, response_class=Response)
    @router.head("/timegate/{uri:path}", include_in_schema=False)
    def timegate(uri: str, request: Request, when: AcceptDatetime = None) -> Response:
        """Lead to the version of an object that was in force at Accept-Datetime."""
        for name in request.query_params:
            raise UnknownParameter(
                f"A TimeGate takes no parameter {name!r}; ask by the header Accept-Datetime.",
                parameter=name,
            )
        if (query := results.named(uri)) is not None:
            return _leading(*results.gate(query, None if when is None else accept_datetime(when)))
        return gate.answer(uri, when)

    @router.options("/timegate/{uri:path}", include_in_schema=False)
    def preflight() -> Response:
        """Let pages of other origins ask for a datetime (a header that browsers ask about)."""
        allowed = {
            "Allow": "GET, HEAD, OPTIONS",
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": "Accept-Datetime",
        }
        return _open(Response(status_code=204, headers=allowed))

    @router.get("/timemap/{form}/{uri:path}", response_class=Response)
    @router.head("/timemap/{form}/{uri:path}", include_in_schema=False)
    def timemap(
        form: Form,
        uri: str,
        page: Annotated[int | None, Query(ge=1, le=10**6, description="From 1.")] = None,
        after: Annotated[
            int, Query(ge=0, le=LATEST, description="Of a result: from this second since 1970 on.")
        ] = 0,
    ) -> Response:
        """List the versions of an object, or the states of a saved query's result, by datetime."""
        query = results.named(uri)
        if (query is None and after) or (query is not None and page is not None):
            raise UnknownParameter(
                "The TimeMap of an object has pages by number (page), that of the result of a "
                "saved query pages by second (after); follow the links to the next.",
                parameter="after" if query is None else "page",
            )
        if query is None:
            return maps.answer(form, uri, page)
        if form == "json":
            return _listing(Response(results.timemap_json(query, after), media_type=JSON))
        return _listing(Response(results.timemap(query, after), media_type=LINK_FORMAT))

    return router


class TimeGate:
    """Finds the memento of an original at a datetime."""

    def __init__(self, site: Site, mementos: Mementos) -> None:
        self._site, self._mementos = site, mementos

    def answer(self, uri: str, wanted: str | None) -> Response:
        """302 to the memento; without a datetime to the newest."""
        pid = named(self._site.objects, original_of(uri, self._site.base))
        kind = self._site.objects.log.head(pid).type
        times = self._mementos.times(kind)
        second = None if wanted is None else accept_datetime(wanted)
        found = times.last(pid) if second is None else times.at_second(pid, second)
        if found is None:
            raise unknown(pid)
        links = [
            f'<{self._mementos.original(pid)}>; rel="original"',
            f'<{self._mementos.timemap(pid)}>; rel="timemap"; type="{LINK_FORMAT}"',
            *self._mementos.around(pid, kind, found),
        ]
        return _leading(self._mementos.address(pid, found), links)


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of a TimeMap, with the first and last memento of it and of its neighbours."""

    number: int
    mementos: Sequence[Dated]
    ends: dict[str, tuple[int, Dated, Dated]]
    """`prev` and `next`, where there are such: page, first, last."""


class TimeMaps:
    """Lists the mementos of an original."""

    def __init__(self, site: Site, mementos: Mementos) -> None:
        self._site, self._mementos = site, mementos

    def answer(self, form: Form, uri: str, number: int | None) -> Response:
        """One page; the first where no number is given."""
        pid = named(self._site.objects, original_of(uri, self._site.base))
        times = self._mementos.times(self._site.objects.log.head(pid).type)
        first, last = times.first(pid), times.last(pid)
        if first is None or last is None:
            raise unknown(pid)
        page = _page(times, pid, first, last, number)
        if form == "link":
            body = ",\n".join(self._links(pid, page, first, last)).encode()
            response = Response(body, media_type=LINK_FORMAT)
        else:
            body = orjson.dumps(self._json(pid, page, first, last))
            response = Response(body, media_type=JSON)
        return _listing(response)

    def _links(self, pid: Pid, page: _Page, first: Dated, last: Dated) -> Iterable[str]:
        yield f'<{self._mementos.original(pid)}>; rel="original"'
        yield f'<{self._mementos.timegate(pid)}>; rel="timegate"'
        yield self._timemap(pid, "self", page.number, page.mementos[0], page.mementos[-1])
        for name, (number, start, end) in page.ends.items():
            yield self._timemap(pid, f"{name} timemap", number, start, end)
        for one in page.mementos:
            rel = [name for name, end in (("first", first), ("last", last)) if end == one]
            address = self._mementos.address(pid, one)
            yield f'<{address}>; rel="{" ".join([*rel, "memento"])}"; datetime="{dated(one)}"'

    def _timemap(self, pid: Pid, rel: str, number: int, start: Dated, end: Dated) -> str:
        address = self._mementos.timemap(pid, page=number)
        return (
            f'<{address}>; rel="{rel}"; type="{LINK_FORMAT}"; from="{dated(start)}"; '
            f'until="{dated(end)}"'
        )

    def _json(self, pid: Pid, page: _Page, first: Dated, last: Dated) -> dict[str, Any]:
        """The JSON form that Memento aggregators share; `pages` and `recorded_at` are ours."""
        return {
            "original_uri": self._mementos.original(pid),
            "self": self._mementos.timemap(pid, "json", page.number),
            "timegate_uri": self._mementos.timegate(pid),
            "timemap_uri": {
                "link_format": self._mementos.timemap(pid),
                "json_format": self._mementos.timemap(pid, "json"),
            },
            "mementos": {
                "first": self._entry(pid, first),
                "last": self._entry(pid, last),
                "list": [self._entry(pid, one) for one in page.mementos],
            },
            "pages": {
                name: {
                    "uri": self._mementos.timemap(pid, "json", number),
                    "from": _whole(start),
                    "until": _whole(end),
                }
                for name, (number, start, end) in page.ends.items()
            },
        }

    def _entry(self, pid: Pid, one: Dated) -> dict[str, Any]:
        return {
            "datetime": _whole(one),
            "uri": self._mementos.address(pid, one),
            "recorded_at": iso(one.recorded_at),
        }


def _page(times: Times, pid: Pid, first: Dated, last: Dated, number: int | None) -> _Page:
    pages = range(_page_of(first), _page_of(last) + 1)
    number = pages[0] if number is None else number
    if number not in pages:
        raise UnknownParameter(
            f"page={number}: the TimeMap of {pid} has the pages {pages[0]} to {pages[-1]}.",
            parameter="page",
        )
    numbers = range((number - 1) * PAGE + 1, number * PAGE + 1)
    listed = list(times.those(pid, numbers).values())
    edges = {"prev": number - 1, "next": number + 1}
    bounds = {
        name: (max(first.number, (at - 1) * PAGE + 1), min(last.number, at * PAGE))
        for name, at in edges.items()
        if at in pages
    }
    known = times.those(pid, (one for pair in bounds.values() for one in pair))
    ends = {name: (edges[name], known[a], known[b]) for name, (a, b) in bounds.items()}
    return _Page(number, listed, ends)


def _page_of(one: Dated) -> int:
    return (one.number - 1) // PAGE + 1


def _whole(one: Dated) -> str:
    return f"{iso(one.recorded_at)[:19]}Z"


def _leading(memento: str, links: Sequence[str]) -> Response:
    """The answer of a TimeGate (RFC 7089, 4.1.1): 302 to a memento."""
    headers = {
        "Location": memento,
        "Vary": "accept-datetime",
        "Link": ", ".join(links),
        "Cache-Control": "no-cache",
    }
    return _open(Response(status_code=302, headers=headers))


def _listing(response: Response) -> Response:
    """A TimeMap, which the next version or event makes longer."""
    response.headers["Cache-Control"] = "no-cache"
    return _open(response)


def _open(response: Response) -> Response:
    """Any origin may read the answer and its headers."""
    for name, value in CORS:
        response.headers[name.decode()] = value.decode()
    return response
