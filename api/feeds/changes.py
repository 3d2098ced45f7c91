"""The feed of every change: /changes, by event number, in the form that was asked for.

    /changes?since=120&limit=500             what came after event 120
    /changes?since=2026-05-01&type=specimen&term=dwc:country&format=csv

A page is chosen by envelopes first, so that its links and validator are known before the first
document is read; then it is written while it is read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from api.feeds.asking import CONTROL, LIMIT, MOST, Asked, asked
from api.feeds.choosing import Choosing, Chosen
from api.feeds.filters import FILTERS
from api.feeds.formats import (
    CSV,
    FORMATS,
    LINES,
    PATCH,
    json_lines,
    json_page,
    rdf_patches,
    table,
)
from api.feeds.reading import read
from api.feeds.rows import row
from api.negotiation import HTML, Format, choose
from api.site import Site
from fdo.errors import Unavailable
from fdo.lifecycle import Status
from handlers.pieces import gathered

AT_ONCE = 8
"""Pages that are written at a time; patches of many versions keep a processor busy."""
_PAGE = 50
"""Events on a page for people."""
_CLOSED = "public, max-age=3600"
"""Of a page to which nothing is added: what is withheld or erased later leaves it, in a row without
documents too (the terms that changed), so that none is immutable."""


def changes_router(site: Site) -> APIRouter:
    """The routes /changes and /feeds."""
    router = APIRouter(tags=["feeds"])
    feed = ChangeFeed(site)

    @router.get("/changes", **_described())
    @router.head("/changes", include_in_schema=False)
    def changes(request: Request) -> Response:
        """Every change, in the order in which it was recorded."""
        return feed.answer(request)

    @router.get("/feeds", include_in_schema=False)
    def feeds() -> Response:
        """Explain every feed to people."""
        page = site.renderer.page("feeds.html", head=site.objects.log.position())
        return HTMLResponse(page, headers={"Cache-Control": "no-cache"})

    return router


class ChangeFeed:
    """Answers requests for changes of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._log = site.objects.log
        self._choosing = Choosing(site.objects, site.views)
        self._busy = 0

    def answer(self, request: Request) -> Response:
        """One page of the feed."""
        given = parse_qsl(request.url.query, keep_blank_values=True)
        wanted = asked(given, self._site.objects)
        shown = choose(request.headers.get("accept", ""), wanted.format, FORMATS)
        if shown is HTML:
            return self._page(wanted, any(name == "limit" for name, _ in given))
        drafts = shown is PATCH and wanted.wanted.everything
        chosen = self._choosing.page(
            wanted.wanted, wanted.since, wanted.until, wanted.limit, drafts=drafts
        )
        headers = self._headers(wanted, chosen, shown)
        known = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
        if headers.get("ETag", "-") in known:
            return Response(status_code=304, headers=headers)
        headers["Content-Type"] = shown.content_type.decode()
        if request.method == "HEAD":
            return Response(headers=headers)
        if self._busy >= AT_ONCE:
            raise Unavailable(
                f"{AT_ONCE} pages of changes are being written, which is all at a time; try again.",
                retry_after=5,
            )
        return StreamingResponse(self._written(self._body(wanted, chosen, shown)), headers=headers)

    def _written(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        self._busy += 1
        try:
            yield from gathered(parts)
        finally:
            self._busy -= 1

    def _body(self, wanted: Asked, chosen: Chosen, shown: Format) -> Iterator[bytes]:
        events = read(self._log, chosen.positions)
        if shown is PATCH:
            previous = None
            if wanted.wanted.everything and chosen.positions:
                previous = self._choosing.outlines.before(chosen.positions[0])
            return rdf_patches(events, previous)
        events = (one for one in events if one.disclosure != "nothing")
        if shown is LINES:
            return json_lines(events, self._site.base, wanted.documents)
        if shown is CSV:
            return table(events, self._site.base)
        frame: dict[str, object] = {
            "since": wanted.since,
            "upto": chosen.upto,
            "next": self._next(wanted, chosen),
        }
        return json_page(events, self._site.base, wanted.documents, frame)

    def _next(self, wanted: Asked, chosen: Chosen) -> str | None:
        return None if chosen.next is None else self._site.base + wanted.address(chosen.next)

    def _headers(self, wanted: Asked, chosen: Chosen, shown: Format) -> dict[str, str]:
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "ETag, Link, Collectome-Position",
            "Cache-Control": "no-cache",
            "Collectome-Position": str(chosen.upto),
            "Vary": "Accept",
        }
        if following := self._next(wanted, chosen):
            headers["Link"] = f'<{following}>; rel="next"'
        closed = wanted.until is not None or chosen.next is not None
        if closed and wanted.wanted.query is None:
            headers["Cache-Control"] = _CLOSED
            headers["ETag"] = self._validator(wanted, chosen, shown)
        return headers

    def _validator(self, wanted: Asked, chosen: Chosen, shown: Format) -> str:
        """A strong validator of a closed page: what it holds, how far each object is public
        now, and the last erasure. No hash of contents, from which they could be guessed."""
        outlines = self._choosing.outlines.at(chosen.positions)
        heads = self._log.heads_of({outline.pid for outline in outlines})
        kept = sorted(
            (str(head.pid), head.status, head.version)
            for head in heads
            if head.status is not Status.ACTIVE
        )
        erased = self._log.erasures()[-1:]
        said = repr((shown.name, wanted.address(wanted.since), chosen, kept, erased))
        return f'"{hashlib.blake2b(said.encode(), digest_size=12).hexdigest()}"'

    # ── for people ───────────────────────────────────────────────────────────────────────

    def _page(self, wanted: Asked, limited: bool) -> Response:
        limit = min(wanted.limit, _PAGE * 10) if limited else _PAGE
        chosen = self._choosing.page(wanted.wanted, wanted.since, wanted.until, limit)
        events = [one for one in read(self._log, chosen.positions) if one.disclosure != "nothing"]
        values = dict(wanted.wanted.pairs)
        page = self._site.renderer.page(
            "changes.html",
            rows=[row(one, self._site.base) for one in events],
            asked=wanted,
            filters=[(name, said, values.get(name, "")) for name, said in FILTERS.items()],
            following=wanted.address(chosen.next) if chosen.next is not None else None,
            head=self._log.position(),
            query=wanted.address(wanted.since).partition("?")[2],
        )
        return HTMLResponse(page, headers={"Cache-Control": "no-cache", "Vary": "Accept"})


def parameters() -> list[dict[str, Any]]:
    """The parameters of the feed for OpenAPI."""
    return [
        {
            "name": name,
            "in": "query",
            "description": description,
            "schema": _SCHEMAS.get(name, {"type": "string"}),
        }
        for name, description in (*CONTROL.items(), *FILTERS.items())
    ]


_SCHEMAS: dict[str, dict[str, Any]] = {
    "documents": {"type": "string", "enum": ["yes", "no"], "default": "no"},
    "format": {"type": "string", "enum": [one.name for one in FORMATS]},
    "limit": {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT},
}


def _described() -> dict[str, Any]:
    return {
        "response_class": Response,
        "openapi_extra": {"parameters": parameters()},
        "responses": {
            200: {
                "description": "Events in ascending order",
                "content": {one.media_type: {} for one in FORMATS},
            },
            304: {"description": "Not changed since it was last read"},
        },
    }
