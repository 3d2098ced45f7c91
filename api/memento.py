"""Memento (RFC 7089): originals, TimeGates, TimeMaps and mementos of every object.

    /10.5072/ABC-DEF-123                          the original: never varies on Accept-Datetime
    /timegate/https://doi.org/10.5072/ABC-DEF-123 Accept-Datetime → 302 to the memento
    /timemap/link/10.5072/ABC-DEF-123             all mementos, 1,000 a page; also /timemap/json/
    /10.5072/ABC-DEF-123/2                        a memento: its version 2

The TimeGate has an address of its own, because clients take an original that varies for one
that has no TimeGate. Times are whole seconds there: the memento of T is the last version whose
time, cut to seconds, is not after T. Who needs more asks by `?as-of=`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.exchange import CORS, Headers, http_date
from api.problems import UnknownParameter
from api.site import Site
from eventstore.envelope import Recorded, iso
from eventstore.patches import document_lines
from eventstore.timeline import Dated, Timeline
from fdo.errors import InvalidIdentifier, NotFound
from fdo.identifiers import Pid
from fdo.representations.rdf import ntriples

PAGE = 1_000
"""Mementos on one page of a TimeMap."""
LINK_FORMAT = "application/link-format"

_HTTP_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"\d{4} \d\d:\d\d:\d\d GMT\Z",
    re.ASCII,
)
_ADDRESS = re.compile(r"(https?):/+([^/]+)(/.*)\Z", re.I | re.S)

Form = Literal["link", "json"]


def accept_datetime(text: str) -> int:
    """The second (since 1970) that an Accept-Datetime header names: an HTTP-date of RFC 1123's
    form, as RFC 7089 (2.1.1) asks; anything else is refused."""
    try:
        if _HTTP_DATE.match(text.strip()):
            return int(parsedate_to_datetime(text.strip()).timestamp())
    except (ValueError, OverflowError):
        pass
    raise UnknownParameter(
        f"Accept-Datetime: {text!r} is no HTTP-date; write it as "
        f"{http_date(int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())).decode()}.",
        parameter="Accept-Datetime",
    )


@dataclass(frozen=True, slots=True)
class Mementos:
    """Names and times of mementos, as headers say them."""

    timeline: Timeline
    base: str

    def original(self, pid: Pid) -> str:
        """The address of which all mementos of an object are."""
        return f"{self.base}/{pid}"

    def timegate(self, pid: Pid) -> str:
        """Where to ask for an object at a datetime."""
        return f"{self.base}/timegate/{pid}"

    def timemap(self, pid: Pid, form: Form = "link", page: int | None = None) -> str:
        """Where all mementos of an object are listed."""
        return f"{self.base}/timemap/{form}/{pid}" + (f"?page={page}" if page else "")

    def memento(self, pid: Pid, version: int) -> str:
        """The address of one version."""
        return f"{self.base}/{pid}/{version}"

    def headers(self, event: Recorded, body: bytes, *, graph: bool) -> Headers:
        """What a memento says beside its links: its time, the digest of this representation
        (RFC 9530), and with `graph` that of its canonical graph (RDFC-1.0)."""
        said: Headers = [
            (b"memento-datetime", http_date(event.recorded_at // 1_000_000)),
            (b"repr-digest", digest(body)),
        ]
        if graph:
            lines = ntriples(document_lines(event)).encode()
            said.append((b"collectome-graph-digest", digest(lines)))
        return said

    def links(self, pid: Pid, version: int) -> str:
        """The links of a memento to its original and its neighbours."""
        return ", ".join([f'<{self.original(pid)}>; rel="original"', *self.around(pid, version)])

    def around(self, pid: Pid, version: int) -> list[str]:
        """A memento itself, the first, the last, and those before and after it; an address
        that is several of them has one link."""
        first, last = self.timeline.first(pid), self.timeline.last(pid)
        near = self.timeline.those(pid, (version - 1, version, version + 1))
        named: list[tuple[str, Dated | None]] = [
            ("first", first),
            ("prev", near.get(version - 1)),
            ("", near.get(version)),
            ("next", near.get(version + 1)),
            ("last", last),
        ]
        relations: dict[Dated, list[str]] = {}
        for name, one in named:
            if one is not None:
                relations.setdefault(one, []).extend([name] if name else [])
        return [
            self._link(pid, one, " ".join([*names, "memento"])) for one, names in relations.items()
        ]

    def _link(self, pid: Pid, one: Dated, rel: str) -> str:
        return f'<{self.memento(pid, one.version)}>; rel="{rel}"; datetime="{_date(one)}"'


def digest(data: bytes) -> bytes:
    """A digest as RFC 9530 writes it."""
    return b"sha-256=:" + base64.b64encode(hashlib.sha256(data).digest()) + b":"


def memento_router(site: Site) -> APIRouter:
    """The routes /timegate/{uri} and /timemap/{link|json}/{uri}."""
    router = APIRouter(tags=["versions"])
    mementos = Mementos(Timeline(site.objects.recorder), site.base)
    gate = TimeGate(site, mementos)
    maps = TimeMaps(site, mementos)

    @router.get("/timegate/{uri:path}", status_code=302, response_class=Response)
    @router.head("/timegate/{uri:path}", include_in_schema=False)
    def timegate(uri: str, request: Request) -> Response:
        """Lead to the version of an object that was in force at Accept-Datetime."""
        for name in request.query_params:
            raise UnknownParameter(
                f"A TimeGate takes no parameter {name!r}; ask by the header Accept-Datetime.",
                parameter=name,
            )
        return gate.answer(uri, request.headers.get("accept-datetime"))

    @router.get("/timemap/{form}/{uri:path}", response_class=Response)
    @router.head("/timemap/{form}/{uri:path}", include_in_schema=False)
    def timemap(
        form: Form,
        uri: str,
        page: Annotated[int | None, Query(ge=1, le=10**6, description="From 1.")] = None,
    ) -> Response:
        """List the versions of an object with their datetimes, 1,000 a page."""
        return maps.answer(form, uri, page)

    return router


class TimeGate:
    """Finds the memento of an original at a datetime."""

    def __init__(self, site: Site, mementos: Mementos) -> None:
        self._site, self._mementos = site, mementos

    def answer(self, uri: str, wanted: str | None) -> Response:
        """302 to the memento; without a datetime to the newest."""
        pid = original_of(uri, self._site.base)
        timeline = self._mementos.timeline
        if wanted is None:
            found = timeline.last(pid)
        else:
            found = timeline.at_second(pid, accept_datetime(wanted))
        if found is None:
            raise _no_memento(pid, self._site)
        links = [
            f'<{self._mementos.original(pid)}>; rel="original"',
            f'<{self._mementos.timemap(pid)}>; rel="timemap"; type="{LINK_FORMAT}"',
            *self._mementos.around(pid, found.version),
        ]
        headers = {
            "Location": self._mementos.memento(pid, found.version),
            "Vary": "accept-datetime",
            "Link": ", ".join(links),
            "Cache-Control": "no-cache",
        }
        return _open(Response(status_code=302, headers=headers))


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
        pid = original_of(uri, self._site.base)
        first, last = self._mementos.timeline.first(pid), self._mementos.timeline.last(pid)
        if first is None or last is None:
            raise _no_memento(pid, self._site)
        page = self._page(pid, first, last, number)
        if form == "link":
            body = ",\n".join(self._links(pid, page, first, last)).encode()
            response = Response(body, media_type=LINK_FORMAT)
        else:
            body = orjson.dumps(self._json(pid, page, first, last))
            response = Response(body, media_type="application/json")
        response.headers["Cache-Control"] = "no-cache"
        return _open(response)

    def _page(self, pid: Pid, first: Dated, last: Dated, number: int | None) -> _Page:
        pages = range(_page_of(first), _page_of(last) + 1)
        number = pages[0] if number is None else number
        if number not in pages:
            raise UnknownParameter(
                f"page={number}: the TimeMap of {pid} has the pages {pages[0]} to {pages[-1]}.",
                parameter="page",
            )
        timeline = self._mementos.timeline
        listed = timeline.between(pid, (number - 1) * PAGE + 1, number * PAGE)
        edges = {"prev": number - 1, "next": number + 1}
        bounds = {
            name: (max(first.version, (at - 1) * PAGE + 1), min(last.version, at * PAGE))
            for name, at in edges.items()
            if at in pages
        }
        known = timeline.those(pid, (one for pair in bounds.values() for one in pair))
        ends = {name: (edges[name], known[a], known[b]) for name, (a, b) in bounds.items()}
        return _Page(number, listed, ends)

    def _links(self, pid: Pid, page: _Page, first: Dated, last: Dated) -> Iterable[str]:
        yield f'<{self._mementos.original(pid)}>; rel="original"'
        yield f'<{self._mementos.timegate(pid)}>; rel="timegate"'
        yield self._timemap(pid, "self", page.number, page.mementos[0], page.mementos[-1])
        for name, (number, start, end) in page.ends.items():
            yield self._timemap(pid, f"{name} timemap", number, start, end)
        for one in page.mementos:
            rel = [name for name, end in (("first", first), ("last", last)) if end == one]
            address = self._mementos.memento(pid, one.version)
            yield f'<{address}>; rel="{" ".join([*rel, "memento"])}"; datetime="{_date(one)}"'

    def _timemap(self, pid: Pid, rel: str, number: int, start: Dated, end: Dated) -> str:
        address = self._mementos.timemap(pid, page=number)
        return (
            f'<{address}>; rel="{rel}"; type="{LINK_FORMAT}"; from="{_date(start)}"; '
            f'until="{_date(end)}"'
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
            "uri": self._mementos.memento(pid, one.version),
            "recorded_at": iso(one.recorded_at),
        }


def original_of(uri: str, base: str) -> Pid:
    """The object of which a URI is the original: its path here, its PID IRI, or its address
    here. Proxies that merge slashes make `https:/` of `https://`; both are read."""
    text = uri.strip().removesuffix("/")
    try:
        if found := _ADDRESS.match(text):
            here = urlsplit(base)
            if found[2].lower() == here.netloc.lower() and found[3].startswith(f"{here.path}/"):
                text = found[3].removeprefix(f"{here.path}/")
            else:
                text = f"{found[1]}://{found[2]}{found[3]}"
        return Pid.parse(text)
    except InvalidIdentifier as wrong:
        raise NotFound(
            f"{uri!r} is no original here; give the address or the PID of an object, as in "
            f"{base}/timegate/10.5072/ABC-DEF-123."
        ) from wrong


def _no_memento(pid: Pid, site: Site) -> NotFound:
    site.objects.log.head(pid)  # an unknown PID is refused in these words
    return NotFound(f"{pid} is a draft and not public yet.")


def _page_of(one: Dated) -> int:
    return (one.version - 1) // PAGE + 1


def _date(one: Dated) -> str:
    return http_date(one.recorded_at // 1_000_000).decode()


def _whole(one: Dated) -> str:
    return f"{iso(one.recorded_at)[:19]}Z"


def _open(response: Response) -> Response:
    """Any origin may read the answer and its headers."""
    for name, value in CORS:
        response.headers[name.decode()] = value.decode()
    return response
