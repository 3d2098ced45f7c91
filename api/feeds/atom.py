"""Every version as an Atom entry (RFC 4287), older ones in archives (RFC 5005, section 4).

/changes.atom holds the newest entries, newest first; `prev-archive` leads back through full
pages that are complete together: every version is on one of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.feeds.paging import Pages
from api.feeds.reading import Shown, read
from api.feeds.rows import row
from api.refusals import UnknownParameter
from api.site import Site
from eventstore.envelope import iso
from eventstore.outlines import Outlines
from fdo.errors import NotFound
from fdo.representations.lexical import xml_text

MEDIA_TYPE = "application/atom+xml"
SIZE = 100
"""Entries of an archive."""

_ATOM = "http://www.w3.org/2005/Atom"
_HISTORY = "http://purl.org/syndication/history/1.0"
register_namespace("", _ATOM)
register_namespace("fh", _HISTORY)


def atom_router(site: Site) -> APIRouter:
    """The route /changes.atom."""
    router = APIRouter(tags=["feeds"])
    feed = AtomFeed(site)

    @router.get(
        "/changes.atom",
        response_class=Response,
        responses={200: {"description": "Entries, newest first", "content": {MEDIA_TYPE: {}}}},
    )
    def entries(request: Request, page: int | None = None) -> Response:
        """The newest versions as an Atom feed, or one of its archives."""
        for name in request.query_params:
            if name != "page":
                raise UnknownParameter(
                    f"The Atom feed has every version and takes no parameter {name!r} but page; "
                    "ask /changes for a choice.",
                    parameter=name,
                    known=["page"],
                )
        return feed.answer(request, page)

    router.head("/changes.atom", include_in_schema=False)(entries)
    return router


class AtomFeed:
    """The feed of one site and its archives."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._log = site.objects.log
        self._pages = Pages(self._log, Outlines(site.objects.recorder), SIZE)
        self._address = f"{site.base}/changes.atom"

    def answer(self, request: Request, page: int | None) -> Response:
        """The newest entries, or an archive: a page that is full."""
        full = self._pages.total() // SIZE
        if page is None:
            body = self._newest(full)
            cache = "no-cache"
        elif 0 <= page < full:
            body = self._archive(page, full)
            cache = "public, max-age=3600" if page + 1 < full else "public, max-age=60"
        else:
            raise NotFound(
                f"There is no archive {page}; there are {full}, counted from 0. The newest "
                f"entries are at {self._address}."
            )
        etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        headers = {"ETag": etag, "Cache-Control": cache, "Access-Control-Allow-Origin": "*"}
        if etag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type=MEDIA_TYPE)

    def _newest(self, full: int) -> bytes:
        """The last page with the full one before it, so that there is always something to read."""
        numbers = range(max(0, full - 1), self._pages.last(self._pages.total()) + 1)
        feed = self._feed([one for number in numbers for one in self._read(number)])
        _link(feed, "self", self._address)
        if full:
            _link(feed, "prev-archive", f"{self._address}?page={full - 1}")
        return _bytes(feed)

    def _archive(self, page: int, full: int) -> bytes:
        feed = self._feed(self._read(page))
        SubElement(feed, f"{{{_HISTORY}}}archive")
        _link(feed, "self", f"{self._address}?page={page}")
        _link(feed, "current", self._address)
        if page:
            _link(feed, "prev-archive", f"{self._address}?page={page - 1}")
        if page + 1 < full:
            _link(feed, "next-archive", f"{self._address}?page={page + 1}")
        return _bytes(feed)

    def _read(self, page: int) -> list[Shown]:
        events = read(self._log, self._pages.positions(page))
        return [shown for shown in events if shown.disclosure != "nothing"]

    def _feed(self, events: Sequence[Shown]) -> Element:
        feed = Element(f"{{{_ATOM}}}feed")
        _text(feed, "id", f"urn:uuid:{self._log.id}")
        _text(feed, "title", f"{self._site.settings.title}: every change")
        updated = max((shown.event.recorded_at for shown in events), default=0)
        _text(feed, "updated", iso(updated))
        _link(feed, "alternate", f"{self._site.base}/changes", "text/html")
        for shown in reversed(events):
            self._entry(feed, shown)
        return feed

    def _entry(self, feed: Element, shown: Shown) -> None:
        said = row(shown, self._site.base)
        entry = SubElement(feed, f"{{{_ATOM}}}entry")
        _text(entry, "id", said["activity"])
        _text(entry, "title", f"{said['what']}: {said['type']} {shown.event.pid}")
        _text(entry, "updated", said["recordedAt"])
        author = SubElement(entry, f"{{{_ATOM}}}author")
        _text(author, "name", said["agent"]["name"])
        _text(author, "uri", said["agent"]["id"])
        _link(entry, "alternate", said["url"])
        SubElement(entry, f"{{{_ATOM}}}category", {"term": said["what"]})
        changed = ", ".join(said.get("changed", ()))
        more = f" Changed: {changed}." if changed else ""
        _text(entry, "summary", f"Version {said['version']}.{more}")


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, f"{{{_ATOM}}}{name}").text = xml_text(text)


def _link(parent: Element, relation: str, address: str, kind: str | None = None) -> None:
    attributes = {"rel": relation, "href": address} | ({"type": kind} if kind else {})
    SubElement(parent, f"{{{_ATOM}}}link", attributes)


def _bytes(feed: Element) -> bytes:
    made: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return made
