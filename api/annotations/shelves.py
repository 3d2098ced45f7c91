"""How containers of annotations are shown: negotiated, as it is preferred, with their links.

JSON-LD in the terms of the Web Annotation model, Turtle in those of LDP, and a page (Web Annotation
Protocol, 4).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import orjson
from fastapi import Request
from starlette.datastructures import URL
from starlette.responses import RedirectResponse, Response

from api.annotations.containers import Asked, Containers, Part
from api.annotations.strangers import plain
from api.negotiation import HTML, JSON, W3C, Format, choose
from api.objects.exchange import etag_of
from api.site import Site
from fdo.errors import InvalidIdentifier, NotFound
from fdo.identifiers import Pid
from fdo.representations.rdf import turtle

ALLOW = "GET, HEAD, OPTIONS, POST"
ACCEPT_POST = f"{W3C.media_type}, application/ld+json, application/json"
LINKS = (
    '<http://www.w3.org/ns/ldp#BasicContainer>; rel="type", '
    "<http://www.w3.org/TR/annotation-protocol/>; "
    'rel="http://www.w3.org/ns/ldp#constrainedBy"'
)
_TURTLE = Format("turtle", "text/turtle", "ttl", "Turtle")
_LD = Format("jsonld", "application/ld+json", "jsonld", "JSON-LD")
_FORMATS = (_LD, JSON, HTML, _TURTLE)
_PREFERRED = re.compile(r"""include\s*=\s*"([^"]*)"|include\s*=\s*([^\s;,]+)""", re.I)


class Shelves:
    """The containers of one site, as they are asked for over HTTP."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._containers = Containers(site)

    def target(self, request: Request) -> Pid | None:
        """The object whose container is asked for, which there is; None for that of all."""
        target = _target(request)
        if target is not None:
            self._site.objects.log.known(target)
        return target

    def shown(self, request: Request) -> Response:
        """A container or a page of it, as it is preferred."""
        target = self.target(request)
        if target is not None and str(target) not in request.url.path:
            path = f"/{target}/annotations/"
            return RedirectResponse(URL(path).replace(query=request.url.query), 301)
        pairs = [(k, v) for k, v in request.query_params.multi_items() if k != "format"]
        asked = self._containers.asked(pairs, target)
        preferred = frozenset[str]()
        if asked.page is None:  # of a page it was said when the container was asked (4.3)
            preferred = _preference(", ".join(request.headers.getlist("prefer")))
            asked = _preferring(asked, preferred)
        shown = choose(
            request.headers.get("accept", ""), request.query_params.get("format"), _FORMATS
        )
        part = self._containers.part(asked)
        body, content_type = self._written(part, shown)
        etag = etag_of(body, None, shown.name).decode()
        headers = {
            "ETag": etag,
            "Allow": ALLOW,
            "Accept-Post": ACCEPT_POST,
            "Vary": "Accept, Prefer",
            "Cache-Control": "no-cache",
            "Content-Location": part.shown,
            "Link": LINKS if asked.page is None else _paging(part),
        }
        if preferred:
            headers["Preference-Applied"] = "return=representation"
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=content_type, headers=headers)

    def _written(self, part: Part, shown: Format) -> tuple[bytes, str]:
        if shown is HTML:
            page = self._site.renderer.page("annotations.html", part=part, rows=_rows(part))
            return page.encode(), "text/html; charset=utf-8"
        if shown is _TURTLE:
            return turtle(part.lines(), part.address).encode(), "text/turtle; charset=utf-8"
        return orjson.dumps(part.json()), W3C.media_type if shown is _LD else JSON.media_type


def _target(request: Request) -> Pid | None:
    parts = request.path_params
    if "prefix" not in parts:
        return None
    try:
        return Pid.parse(f"{parts['prefix']}/{parts['suffix']}")
    except InvalidIdentifier:
        raise NotFound("No page has this address.") from None


def _preference(header: str) -> frozenset[str]:
    """What the client prefers to be shown (RFC 7240; Protocol, 4.2)."""
    found = _PREFERRED.search(header)
    named = (found[1] or found[2] or "").split() if found else []
    return frozenset(re.split(r"[#/:]", one)[-1] for one in named) & {
        "PreferContainedIRIs", "PreferContainedDescriptions", "PreferMinimalContainer",
    }  # fmt: skip


def _preferring(asked: Asked, preferred: frozenset[str]) -> Asked:
    """The container as it is preferred: without members wherever that is asked for, and then
    the pages that it links hold what is preferred beside that (4.2.1)."""
    iris = "PreferContainedIRIs" in preferred and "PreferContainedDescriptions" not in preferred
    minimal = "PreferMinimalContainer" in preferred
    return replace(asked, iris=asked.iris or iris, minimal=minimal)


def _paging(part: Part) -> str:
    links = {"next": part.following, "prev": part.preceding}
    return ", ".join(f'<{to}>; rel="{rel}"' for rel, to in links.items() if to) or LINKS


def _rows(part: Part) -> list[dict[str, Any]]:
    return [
        {
            "pid": one.row.pid, "state": one.row.state, "motivation": one.row.motivation,
            "target": one.row.target, "term": one.row.term, "text": plain(one.body, 300),
            "by": plain(one.row.creator_name or one.row.creator, 300),
        }
        for one in part.found
    ]  # fmt: skip
