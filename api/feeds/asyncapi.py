"""`/asyncapi.json`: what is sent without being asked for each time, in AsyncAPI 3.0.

Two channels: the stream of Server-Sent Events (`api.feeds.live`) and the messages of webhooks
(`api.feeds.webhooks`). Both carry rows of /changes, whose schema stands here once; the parameters
are read off the tables that the routes use themselves.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from api.feeds.disclosed import Disclosure
from api.feeds.filters import FILTERS
from api.feeds.live import CONTROL
from api.feeds.live import MEDIA_TYPE as EVENT_STREAM
from api.site import Site
from fdo.catalogue import OBJECT_TYPES
from fdo.lifecycle import Status

MEDIA_TYPE = "application/vnd.aai.asyncapi+json"
_TIME = {"type": "string", "format": "date-time"}
_IRI = {"type": "string", "format": "uri"}
_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 1}
_HEX = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_REF = "#/components/schemas/change"


def asyncapi_router(site: Site, version: str) -> APIRouter:
    """The route /asyncapi.json."""
    router = APIRouter(tags=["feeds"])
    body = orjson.dumps(description(site.base, site.settings.title, version))

    @router.get(
        "/asyncapi.json",
        response_class=Response,
        responses={200: {"description": "AsyncAPI 3.0", "content": {MEDIA_TYPE: {}}}},
    )
    def asyncapi() -> Response:
        """Describe the live feeds: server-sent events and webhooks (AsyncAPI 3.0)."""
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}
        return Response(body, media_type=MEDIA_TYPE, headers=headers)

    return router


def description(base: str, title: str, version: str) -> dict[str, Any]:
    """The whole document, for a server at an address."""
    address = urlsplit(base)
    server = {"host": address.netloc, "protocol": address.scheme}
    if address.path:
        server["pathname"] = address.path
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{title}: live feeds",
            "version": version,
            "description": "Every change of every object, while it happens. What is asked for "
            f"one answer at a time is described at {base}/openapi.json.",
        },
        "defaultContentType": "application/json",
        "servers": {"repository": server},
        "channels": {"live": _live(), "webhook": _webhook()},
        "operations": {
            name: {
                "action": "send",
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{message}"}],
                "bindings": bindings,
            }
            for name, message, bindings in (
                ("live", "change", _asked()),
                ("webhook", "changes", {"http": {"method": "POST", "bindingVersion": "0.3.0"}}),
            )
        },
        "components": {"schemas": {"change": CHANGE, "delivery": _DELIVERY}},
    }


def _live() -> dict[str, Any]:
    return {
        "address": "/changes/live",
        "description": f"Server-Sent Events ({EVENT_STREAM}). The id of each is the number of its "
        "event, so Last-Event-ID resumes without loss.",
        "servers": [{"$ref": "#/servers/repository"}],
        "messages": {
            "change": {"title": "One change", "payload": {"$ref": _REF}},
        },
    }


def _asked() -> dict[str, Any]:
    """How the stream is opened (HTTP operation binding 0.3.0)."""
    properties = {
        name: {"type": "string", "description": said}
        for name, said in {**CONTROL, **FILTERS}.items()
    }
    query = {"type": "object", "properties": properties}
    return {"http": {"method": "GET", "query": query, "bindingVersion": "0.3.0"}}


def _webhook() -> dict[str, Any]:
    signed = ("webhook-id", "webhook-timestamp", "webhook-signature")
    headers = {"type": "object", "required": list(signed),
               "properties": dict.fromkeys(signed, _TEXT)}  # fmt: skip
    return {
        "address": None,
        "description": "Messages to the address of a subscription, which is made at "
        "/api/webhooks; signed and repeated as Standard Webhooks has it.",
        "messages": {
            "changes": {
                "title": "Some changes, in order",
                "headers": headers,
                "payload": {"$ref": "#/components/schemas/delivery"},
            }
        },
    }


CHANGE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "description": "One event, as a row of /changes.",
    "required": ["position", "pid", "type", "sequence", "version", "what", "status", "recordedAt",
                 "observedAt", "agent", "role", "activity", "leafHash", "versionIri", "url",
                 "disclosure"],
    "properties": {
        "position": {**_COUNT, "description": "Number of the event; the cursor of all feeds."},
        "pid": _IRI,
        "type": {"enum": sorted(OBJECT_TYPES)},
        "sequence": _COUNT,
        "version": _COUNT,
        "what": {**_TEXT, "description": "What happened, in a word such as Revised."},
        "status": {"enum": [one.value for one in Status]},
        "recordedAt": _TIME,
        "observedAt": _TIME,
        "agent": {"type": "object", "required": ["id", "name"],
                  "properties": {"id": _TEXT, "name": _TEXT, "type": _TEXT}},
        "role": _TEXT,
        "activity": _IRI,
        "cause": {**_COUNT, "description": "The event that this one comes of."},
        "source": {**_TEXT, "description": "The source system, by PID."},
        "also": {"type": "array", "items": {"type": "object"},
                 "description": "Further agents, each with a role."},
        "used": {"type": "array", "items": _TEXT, "description": "What it was made from."},
        "salt": {**_TEXT, "description": "With a document: proves the commitment."},
        "leafHash": _HEX,
        "commitment": _HEX,
        "changed": {"type": "array", "items": _TEXT, "description": "Terms that changed."},
        "detail": {"type": "object"},
        "versionIri": _IRI,
        "url": _IRI,
        "disclosure": {"enum": list(get_args(Disclosure))},
        "document": {"type": "object", "description": "With documents=yes, where public."},
        "record": {"type": "object", "description": "The FDO record, where that alone is public."},
    },
}  # fmt: skip
"""A row of /changes (`api.feeds.rows`) in JSON Schema."""
_DELIVERY: dict[str, Any] = {
    "type": "object",
    "required": ["type", "timestamp", "data"],
    "properties": {
        "type": {"const": "changes"},
        "timestamp": _TIME,
        "data": {
            "type": "object",
            "required": ["after", "upto", "events"],
            "properties": {
                "after": {"type": "integer", "minimum": 0},
                "upto": _COUNT,
                "events": {"type": "array", "items": {"$ref": _REF}},
            },
        },
    },
}
