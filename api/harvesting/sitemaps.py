"""`/sitemap.xml` and `/robots.txt`: what there is for crawlers, and what they should leave alone.

The index names one file for the pages of the server, and one for each part of the register of
objects. An object stands in the same part for ever, so a crawler reads again only the parts
whose `lastmod` moved. Withdrawn and withheld objects are left out. https://www.sitemaps.org/
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from fastapi import APIRouter, Path, Request
from starlette.responses import PlainTextResponse, Response

from api.harvesting.datasets import holdings
from api.site import Site
from eventstore.envelope import iso, to_micros
from fdo.errors import NotFound

PAGES = (
    "/",
    "/annotations/",
    "/catalogue",
    "/feeds",
    "/mas",
    "/models",
    "/pids",
    "/review",
    "/search",
    "/statistics",
    "/time",
)
"""The pages that show what the log holds: they change when it does."""

RELEASED = ("/contexts", "/problems", "/schemas", "/shapes", "/vocab")
"""The pages that a release brings: they change when a server of another one begins."""

CLOSED = (
    "/sparql",  # each is a query
    "/search?",  # as many pages as there are combinations of facets
    "/api/",
    "/oai",  # harvesters of metadata know what they do; crawlers read the sitemaps
    "/timegate/",
    "/delta/",
    "/at/",
    "/*as-of=",  # every page once more for each instant
    "/*observed-at=",
    "/*/diff",
)
"""What crawlers are asked to leave alone (RFC 9309); `*` is any text."""

Rows = list[tuple[str, int]]
"""(address, last change in microseconds)"""

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_CACHE = "public, max-age=300"


def sitemaps_router(site: Site) -> APIRouter:
    """The routes /robots.txt, /sitemap.xml and /sitemaps/…"""
    router = APIRouter(tags=["harvesting"])
    began = to_micros(datetime.now(UTC))
    xml: dict[str, Any] = {
        "response_class": Response,
        "responses": {200: {"description": "Sitemap", "content": {"application/xml": {}}}},
    }

    @router.get("/robots.txt", response_class=PlainTextResponse)
    def robots() -> Response:
        """Ask crawlers to leave alone what is dear, and name the sitemap."""
        return PlainTextResponse(robots_text(site.base), headers={"Cache-Control": _CACHE})

    @router.get("/sitemap.xml", **xml)
    def index(request: Request) -> Response:
        """Name the sitemaps: of the pages, and of the parts of the register of objects."""
        newest = max(at for _, at in _pages(site, began))
        rows: Rows = [(f"{site.base}/sitemaps/pages.xml", newest)]
        rows += [(f"{site.base}/sitemaps/{p.number}.xml", p.at) for p in holdings(site).parts()]
        return _answer(request, _written("sitemapindex", "sitemap", rows))

    @router.get("/sitemaps/pages.xml", **xml)
    def pages(request: Request) -> Response:
        """Name the pages of this server that are no objects."""
        return _answer(request, _written("urlset", "url", _pages(site, began)))

    @router.get("/sitemaps/{number}.xml", **xml)
    def part(request: Request, number: int = Path(ge=0, lt=2**31)) -> Response:
        """Name the public objects of one part, and when each last changed."""
        found = holdings(site).part(number)
        if not found:
            raise NotFound(f"There is no sitemap {number}; /sitemap.xml names those there are.")
        rows: Rows = [(f"{site.base}/{one.pid}", one.at) for one in found]
        return _answer(request, _written("urlset", "url", rows))

    return router


def _pages(site: Site, began: int) -> Rows:
    """The pages that are no objects, by a server that began at this time."""
    last = site.objects.log.last(site.objects.log.position())
    told = last.recorded_at if last else began
    changed = dict.fromkeys(PAGES, told) | dict.fromkeys(RELEASED, began)
    return [(f"{site.base}{path}", at) for path, at in changed.items()]


def robots_text(base: str) -> str:
    """The rules of RFC 9309 for a server at this address."""
    under = urlsplit(base).path
    closed = "\n".join(f"Disallow: {under}{path}" for path in CLOSED)
    return f"User-agent: *\n{closed}\n\nSitemap: {base}/sitemap.xml\n"


def _written(root: str, item: str, rows: Rows) -> bytes:
    lines = "".join(
        f"<{item}><loc>{escape(address)}</loc><lastmod>{iso(at)[:19]}Z</lastmod></{item}>\n"
        for address, at in rows
    )
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_NAMESPACE}">\n'
    return f"{head}{lines}</{root}>\n".encode()


def _answer(request: Request, body: bytes) -> Response:
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": _CACHE, "Access-Control-Allow-Origin": "*"}
    if etag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/xml")
