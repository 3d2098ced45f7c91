"""Search over HTTP: every parameter checked, every page continued by a cursor.

`/api/search` is for programs; `/search` shows the same as a page, and `/search.json` is its twin.
All of them look at one state of the repository, `asOf`, which a cursor keeps from page to page.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.annotations.asking import item
from api.annotations.strangers import plain
from api.counting import Counting
from api.moments import instant_of
from api.negotiation import JSON, PLAIN_FORMATS, choose
from api.parameters import whole_number
from api.refusals import UnknownParameter
from api.site import Site
from eventstore.envelope import iso
from eventstore.instant import Instant
from fdo.errors import Unavailable
from handlers.projections.annotations import AnnotationQuery, InvalidFilter
from handlers.projections.search import (
    COUNT_CAP,
    FACETS,
    LIMIT_CAP,
    PARAMETERS,
    SORTS,
    Bucket,
    Facets,
    Hit,
    Page,
    Search,
    SearchQuery,
)

Given = list[tuple[str, str]]

PAGE_FACETS = (
    "discipline", "kingdom", "family", "genus", "country", "organisation", "source",
    "collection", "type_status", "licence", "has_media", "mids", "mids_missing", "preserved",
    "decade",
)  # fmt: skip
"""The facets that the page offers, in its order."""

TEXTS = ("q", "name", "locality", "collector", "number")
RANGES = ("date_from", "date_to", "elevation_from", "elevation_to", "bbox")

_LIMIT = 50
_VALUES, _LINKS = 50, 12
"""Values of a facet that programs get, and those that a page offers."""
_SAID = 5
"""Annotations that are named beside the specimens."""
CONTROL = {
    "cursor": "Where the next page begins, as `next` gives it.",
    "limit": f"Hits on a page, 1 to {LIMIT_CAP}.",
    "facets": "Facets to count among the hits, separated by commas; `all` for all.",
    "as-of": "The repository as it was: an event number, a day or an RFC 3339 instant.",
    "observed-at": "Only what the sources had shown by a day or an RFC 3339 instant.",
}
MOMENT = ("as-of", "observed-at")


def search_router(site: Site) -> APIRouter:
    """The routes /search, /search.json and /api/search."""
    router, counting = APIRouter(tags=["search"]), Counting(site)

    @router.get("/api/search", **described(CONTROL))
    @router.get("/search.json", include_in_schema=False)
    def search(request: Request) -> Response:
        """Find specimens by words, facets, ranges and a bounding box; with `q` also the newest
        annotations that say these words."""
        return json_answer(_found(site, counting, request, given_in(request)))

    @router.get("/search", include_in_schema=False)
    def page(request: Request) -> Response:
        """Search on a page, without scripts."""
        given, wants_json = given_on_a_page(request)
        if wants_json:
            return json_answer(_found(site, counting, request, given))
        body = site.renderer.page("search.html", **_shown(site, counting, request, given))
        return HTMLResponse(body, headers={"Cache-Control": "no-cache", "Vary": "Accept"})

    return router


def given_on_a_page(request: Request) -> tuple[Given, bool]:
    """What a form says beside the format, without fields left empty; and whether JSON is wanted."""
    given = [pair for pair in given_in(request) if pair[1] or pair[0] in FACETS]
    asked = [value for name, value in given if name == "format"]
    accept = page_first(request.headers.get("accept", "text/html"))
    wants_json = choose(accept, asked[-1] if asked else None, PLAIN_FORMATS) is JSON
    return [pair for pair in given if pair[0] != "format"], wants_json


def page_first(accept: str) -> str:
    """What is accepted, where the page is for those who take anything."""
    return "text/html" if accept.strip() in ("", "*/*") else accept


# ── for programs ─────────────────────────────────────────────────────────────────────────


def _found(site: Site, counting: Counting, request: Request, given: Given) -> dict[str, Any]:
    control, query = parsed(given, CONTROL)
    search = search_view(site)
    at = asked_instant(site, control)
    page = search.find(query, control.get("cursor"), _limit(control), at.position, at.observed)
    body: dict[str, Any] = {
        "total": page.total,
        "totalIsExact": page.exact,
        **at_of(page),
        "next": _next(site, given, page),
        "items": [_item(site, hit) for hit in page.hits],
    }
    if said := _said(site, given, page):
        body["annotations"] = {
            "total": said["total"], "url": f"{site.base}{said['all']}", "items": said["items"],
        }  # fmt: skip
    if "facets" in control:
        names = facet_names(control["facets"], "facets")
        at = Instant(page.as_of, page.observed)
        facets = counting.facets(search, request, query, names, at, size=_VALUES, cap=COUNT_CAP)
        body["facets"] = {name: buckets_of(facets.counts[name]) for name in names}
        body["facetsAreComplete"] = facets.complete
    return body


def _item(site: Site, hit: Hit) -> dict[str, Any]:
    row = asdict(hit)
    return {"url": f"{site.base}/{hit.pid}", **row}


def _said(site: Site, given: Given, page: Page) -> dict[str, Any] | None:
    """Annotations whose bodies hold the words that specimens are searched by, at the same moment;
    None where there are none, or they cannot be told."""
    words = next((value for name, value in given if name == "q"), "")
    view = site.views.annotations
    if not words.strip() or view is None or page.observed is not None:
        return None
    try:
        query = AnnotationQuery.parse({"body": [words]})
        found = view.find(query, limit=_SAID, as_of=page.as_of)
    except (InvalidFilter, Unavailable):  # no word in it; the view is being made
        return None
    if not found.found:
        return None
    return {
        "total": found.total,
        "all": f"/api/annotations?{urlencode({'body': words, 'as-of': page.as_of})}",
        "items": [item(site.base, one) for one in found.found],
        "texts": [plain(one.body, 160) for one in found.found],
    }


def at_of(answer: Page | Facets) -> dict[str, Any]:
    """The instant of an answer, so that it can be asked for again (decision 0029)."""
    if answer.observed is None:
        return {"asOf": answer.as_of}
    return {"asOf": answer.as_of, "observedAt": iso(answer.observed)}


def buckets_of(buckets: list[Bucket]) -> list[dict[str, Any]]:
    """The values of a facet as JSON."""
    return [{"value": b.value, "label": b.label, "count": b.count} for b in buckets]


def _next(site: Site, given: Given, page: Page) -> str | None:
    if page.next_cursor is None:
        return None
    kept = [(name, value) for name, value in given if name not in ("cursor", *MOMENT)]
    return f"{site.base}/api/search?{urlencode([*kept, ('cursor', page.next_cursor)])}"


def json_answer(body: dict[str, Any]) -> Response:
    """An answer that any origin may read; where there is a page too, Accept chose it."""
    headers = {"Cache-Control": "no-cache", "Vary": "Accept", "Access-Control-Allow-Origin": "*"}
    return Response(orjson.dumps(body), media_type="application/json", headers=headers)


# ── parameters ───────────────────────────────────────────────────────────────────────────


def given_in(request: Request) -> Given:
    """The parameters of a request in order, empty ones too."""
    return parse_qsl(request.url.query, keep_blank_values=True)


def parsed(given: Given, control: dict[str, str]) -> tuple[dict[str, str], SearchQuery]:
    """The parameters that steer the answer, and the query made of the others."""
    steering: dict[str, str] = {}
    asked: dict[str, list[str]] = {}
    for name, value in given:
        if name in steering:
            raise UnknownParameter(f"{name} is given twice.", parameter=name)
        if name in control:
            steering[name] = value
        elif name in PARAMETERS:
            asked.setdefault(name, []).append(value)
        else:
            known = [*PARAMETERS, *control]
            raise UnknownParameter(
                f"There is no parameter {name!r} here; there are {', '.join(known)}.",
                parameter=name,
            )
    return steering, SearchQuery.parse(asked)


def asked_instant(site: Site, control: dict[str, str]) -> Instant:
    """The instant that is asked for; the newest that there is without one."""
    for name in MOMENT:
        if control.get(name) and control.get("cursor"):
            raise UnknownParameter(
                f"A cursor keeps its own moment; leave {name} out.", parameter=name
            )
    return instant_of(control.get("as-of"), control.get("observed-at"), site.objects)


def _limit(control: dict[str, str]) -> int:
    return whole_number(control.get("limit", str(_LIMIT)), "limit", LIMIT_CAP)


def facet_names(text: str, parameter: str) -> list[str]:
    """The facets that a parameter names; `all` names all."""
    if text == "all":
        return list(FACETS)
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in FACETS:
            raise UnknownParameter(
                f"There is no facet {name!r} for {parameter}; there are {', '.join(FACETS)}.",
                parameter=parameter,
            )
    return names


def search_view(site: Site) -> Search:
    """The view of specimens; Unavailable where the server keeps none."""
    if site.views.search is None:
        raise Unavailable("This server keeps no search view; ask /sparql, or start a projector.")
    return site.views.search


# ── for people ───────────────────────────────────────────────────────────────────────────


def _shown(site: Site, counting: Counting, request: Request, given: Given) -> dict[str, Any]:
    control, query = parsed(given, CONTROL)
    search = search_view(site)
    past = any(name in control for name in MOMENT)
    cursor = control.get("cursor")
    # A further page stands where the first one stood; its links go on naming the moment.
    at = asked_instant(site, {} if cursor else control)
    page = search.find(query, cursor, _limit(control), at.position, at.observed)
    at = Instant(page.as_of, page.observed)
    try:
        facets = counting.facets(
            search, request, query, PAGE_FACETS, at, size=_LINKS, cap=COUNT_CAP
        )
    except Unavailable:  # who has found something is shown it
        facets = None
    values = dict(given)
    kept = [(n, v) for n, v in given if n not in ("cursor",)]
    return {
        "page": page,
        "said": _said(site, given, page),
        "observed": None if page.observed is None else iso(page.observed),
        "facets": [] if facets is None else _facet_links(kept, facets),
        "counts_missing": facets is None,
        "complete": facets is None or facets.complete,
        "chosen": [
            {"name": n, "value": v, "without": _address([p for p in kept if p != (n, v)])}
            for n, v in kept
            if n not in ("limit", "sort")
        ],
        "hidden": [(n, v) for n, v in kept if n not in (*TEXTS, *RANGES, *MOMENT, "limit", "sort")],
        "texts": [(n, PARAMETERS[n].description, values.get(n, "")) for n in TEXTS],
        "ranges": [(n, PARAMETERS[n].description, values.get(n, "")) for n in RANGES],
        "moments": [
            (n, label, CONTROL[n], values.get(n, ""))
            for n, label in zip(MOMENT, ("As of", "Observed by"), strict=True)
        ],
        "past": past,
        "sort": values.get("sort", "newest"),
        "following": _address([*kept, ("cursor", page.next_cursor)]) if page.next_cursor else None,
        "as_json": "/search.json?" + urlencode(kept),
    }


def _facet_links(kept: Given, facets: Facets) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "title": PARAMETERS[name].description.rstrip("."),
            "links": [_facet_link(kept, name, bucket) for bucket in facets.counts[name]],
        }
        for name in PAGE_FACETS
        if facets.counts[name]
    ]


def _facet_link(kept: Given, name: str, bucket: Bucket) -> dict[str, Any]:
    pair = (name, bucket.value)
    chosen = pair in kept
    left = [p for p in kept if p != pair] if chosen else [*kept, pair]
    return {
        "label": bucket.label, "count": bucket.count, "chosen": chosen, "href": _address(left),
    }  # fmt: skip


def _address(given: Given) -> str:
    return "/search?" + urlencode(given)


# ── OpenAPI ──────────────────────────────────────────────────────────────────────────────


_DAY = {"type": "string", "pattern": r"^\d{4}(-(0[1-9]|1[0-2])(-([0-2]\d|3[01]))?)?$"}
_METRES = {"type": "number"}
_FLAG = {"type": "string", "enum": ["true", "false"]}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "bbox": {"type": "string", "example": "21.5,57.5,28.2,59.7"},
    "date_from": _DAY,
    "date_to": _DAY,
    "decade": {"type": "integer", "minimum": 1000, "maximum": 9990},
    "elevation_from": _METRES,
    "elevation_to": _METRES,
    "has_media": _FLAG,
    "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_CAP, "default": _LIMIT},
    "marked_as_type": _FLAG,
    "mids": {"type": "integer", "minimum": -1, "maximum": 3},
    "not_seen": _FLAG,
    "sort": {"type": "string", "enum": list(SORTS), "default": SORTS[0]},
    "year": {"type": "integer", "minimum": 1000, "maximum": 9999},
}


def described(control: dict[str, str]) -> dict[str, Any]:
    """What OpenAPI says of a route that takes these parameters and those of a search."""
    parameters = [
        {
            "name": name,
            "in": "query",
            "description": description,
            "schema": _SCHEMAS.get(name, {"type": "string"}),
        }
        for name, description in (
            *((p.name, p.description) for p in PARAMETERS.values()),
            *control.items(),
        )
    ]
    return {
        "response_class": Response,
        "openapi_extra": {"parameters": parameters},
        "responses": {200: {"description": "What was found", "content": {"application/json": {}}}},
    }
