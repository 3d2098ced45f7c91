"""IIIF Change Discovery 1.0, level 2: every version as an activity, newest last.

/iiif/activity names the first and the last page; clients read backwards from the last one and
stop where they were before. https://iiif.io/api/discovery/1.0/
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.feeds.paging import Pages
from api.feeds.reading import Shown, read
from api.objects.dossier import public_address
from api.site import Site
from eventstore.envelope import iso
from eventstore.outlines import Outlines
from fdo.catalogue import OBJECT_TYPES
from fdo.errors import NotFound
from ontologies.terms import iri

CONTEXT = "http://iiif.io/api/discovery/1/context.json"
MEDIA_TYPE = f'application/ld+json;profile="{CONTEXT}"'
SIZE = 500
"""Activities of a page."""

ACTIVITIES = {
    "Registered": "Create",
    "Activated": "Create",
    "Released": "Create",
    "Restored": "Create",
    "Revised": "Update",
    "Withheld": "Delete",
    "Tombstoned": "Delete",
    "Merged": "Delete",
    "Divided": "Delete",
}
"""What happened → type of the activity; what is withheld is gone for those who look."""


def iiif_router(site: Site) -> APIRouter:
    """The routes /iiif/activity and /iiif/activity/{page}."""
    router = APIRouter(tags=["feeds"])
    stream = ActivityStream(site)
    said: dict[str, Any] = {
        "response_class": Response,
        "responses": {
            200: {
                "description": "In the terms of Activity Streams",
                "content": {"application/ld+json": {}},
            }
        },
    }

    @router.get("/iiif/activity", **said)
    def collection(request: Request) -> Response:
        """Name the pages of the activity stream (IIIF Change Discovery)."""
        return stream.collection(request)

    @router.get("/iiif/activity/{page}", **said)
    def activities(request: Request, page: int) -> Response:
        """One page of activities, oldest first."""
        return stream.page(request, page)

    router.head("/iiif/activity", include_in_schema=False)(collection)
    router.head("/iiif/activity/{page}", include_in_schema=False)(activities)
    return router


class ActivityStream:
    """The activity stream of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._log = site.objects.log
        self._pages = Pages(self._log, Outlines(site.objects.recorder), SIZE)
        self._address = f"{site.base}/iiif/activity"

    def collection(self, request: Request) -> Response:
        """The entry: how many activities there are, and where they begin and end."""
        total = self._pages.total()
        body = {
            "@context": CONTEXT,
            "id": self._address,
            "type": "OrderedCollection",
            "totalItems": total,
            "first": self._named(0),
            "last": self._named(self._pages.last(total)),
        }
        return _answer(request, body, "no-cache")

    def page(self, request: Request, page: int) -> Response:
        """One page; NotFound says which there are."""
        last = self._pages.last(self._pages.total())
        if not 0 <= page <= last:
            raise NotFound(f"There is no page {page}; the last one is {self._address}/{last}.")
        items = [
            self._activity(shown)
            for shown in read(self._log, self._pages.positions(page))
            if shown.disclosure != "nothing"
        ]
        body = {
            "@context": CONTEXT,
            "id": f"{self._address}/{page}",
            "type": "OrderedCollectionPage",
            "startIndex": page * SIZE,
            "partOf": {"id": self._address, "type": "OrderedCollection"},
            **({"prev": self._named(page - 1)} if page else {}),
            **({"next": self._named(page + 1)} if page < last else {}),
            "orderedItems": items,
        }
        return _answer(request, body, "public, max-age=3600" if page + 1 < last else "no-cache")

    def _named(self, page: int) -> dict[str, str]:
        return {"id": f"{self._address}/{page}", "type": "OrderedCollectionPage"}

    def _activity(self, shown: Shown) -> dict[str, Any]:
        event = shown.event
        address = public_address(self._site.base, event.pid)
        return {
            "type": ACTIVITIES[event.what],
            "endTime": iso(event.recorded_at),
            "object": {
                "id": address,
                "canonical": event.pid.iri,
                "type": iri(OBJECT_TYPES[event.type].rdf_type),
                "seeAlso": [
                    {
                        "id": public_address(self._site.base, event.pid, event.version),
                        "type": "Dataset",
                        "format": "application/json",
                    }
                ],
            },
        }


def _answer(request: Request, body: dict[str, Any], cache: str) -> Response:
    content = orjson.dumps(body)
    etag = f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": cache, "Access-Control-Allow-Origin": "*"}
    if etag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(content, headers={**headers, "Content-Type": MEDIA_TYPE})
