"""The Handle face of every object: the JSON of the Handle.Net proxy, answered by ourselves.

    GET /api/handles/10.5072/ABC-DEF-123             all values     ?type=URL&index=1&pretty
    GET /api/handles/10.5072/ABC-DEF-123/2           the values of a version
    GET /api/handles/10.5072/ABC-DEF-123?as-of=…     as the record was

The values are the FDO record (`fdo.representations.handle`); the DOI that a dataset has beside its
Handle has the Handle's. What is withdrawn or may not be
published keeps its record; drafts are unknown. Codes are those of the Handle.Net REST API:
1 found, 2 error, 100 no such handle, 200 no such values. Nothing is written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.moments import history_as_of
from api.objects import dossier
from api.objects.exchange import MOMENT, Asked
from api.objects.shown import Shown
from api.problems import MEDIA_TYPE
from api.refusals import UnknownParameter
from api.site import Site
from eventstore.naming import named
from fdo.errors import CollectomeError, InvalidIdentifier, NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.handle import handle_values

FOUND, ERROR, NO_HANDLE, NO_VALUES = 1, 2, 100, 200

_HANDLE = re.compile(r"(?P<pid>[^/]+/[^/]+)(?:/(?P<version>[1-9][0-9]{0,8}))?\Z", re.ASCII)
_IGNORED = ("auth", "cert", "pretty", "noredirect")
"""What the Handle.Net proxy knows and what changes nothing here: each answer is authoritative."""
_REPEATED = ("type", "index")
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
}
_PARAMETERS = [
    {"name": name, "in": "query", "description": told, "schema": {"type": kind}}
    for name, told, kind in (
        ("type", "Only values of this type; repeatable.", "string"),
        ("index", "Only the value at this index; repeatable.", "integer"),
        ("pretty", "Indented.", "string"),
        ("auth", "Accepted; each answer is authoritative.", "string"),
        ("as-of", "The record as it was: an event number, a day or an instant.", "string"),
        ("observed-at", "Only what the sources had shown by a day or an instant.", "string"),
    )
]
_ALSO: dict[int, dict[str, Any]] = {404: {MEDIA_TYPE: {}}}  # of what no route can take for a handle
_ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"description": told, "content": {"application/json": {}} | _ALSO.get(status, {})}
    for status, told in (
        (200, "Values: responseCode 1; none of those asked for: 200"),
        (400, "A parameter is wrong: responseCode 2"),
        (403, "That version is not public: responseCode 2"),
        (404, "No such handle: responseCode 100"),
    )
}


def handles_router(site: Site) -> APIRouter:
    """The routes under /api/handles."""
    router = APIRouter(prefix="/api/handles", tags=["FDO records"])
    shown = Shown(site)

    @router.get("", include_in_schema=False)
    def nothing() -> Response:
        """Handles are not listed here."""
        return _failed("", 400, "Name a handle, as in /api/handles/10.5072/ABC-DEF-123.", False)

    @router.get(
        "/{handle:path}",
        response_class=Response,
        openapi_extra={"parameters": _PARAMETERS},
        responses=_ANSWERS,
    )
    def resolve(request: Request, handle: str) -> Response:
        """The FDO record of an object as Handle values."""
        pretty = _wants_pretty(request)
        try:
            return _resolved(shown, handle, _parameters(request), pretty)
        except (NotFound, InvalidIdentifier):
            return _sent(404, {"responseCode": NO_HANDLE, "handle": handle}, pretty)
        except CollectomeError as refusal:
            status = site.problems.of(refusal).status_code
            return _failed(handle, status, refusal.message, pretty)

    return router


def _resolved(shown: Shown, handle: str, given: Mapping[str, list[str]], pretty: bool) -> Response:
    found = _HANDLE.match(handle)
    if found is None:
        raise NotFound(f"{handle} is no handle of this repository.")
    pid, version = named(shown.site.objects, Pid.parse(found["pid"])), found["version"]
    moment = {name: given[name][0] for name in MOMENT if any(given.get(name, ()))}
    head = shown.log.known(pid)
    event = shown.select(Asked(pid, version, "", moment), head)
    if event.status in (Status.ACTIVE, Status.DRAFT):  # what is PID-only or gone has a record
        shown.guard(event, head)
    known = history_as_of(moment.get("as-of"), pid, shown.site.objects)
    record = dossier.record(event, known)
    values = [
        one.as_json()
        for one in handle_values(
            pid,
            record,
            base=shown.site.base,
            version=None if version is None else event.version,
            timestamp=str(record["pidRecordIssueDate"]),
        )
        if _wanted(one.type, one.index, given)
    ]
    body: dict[str, Any] = {"responseCode": FOUND, "handle": handle, "values": values}
    if not values:
        body = {"responseCode": NO_VALUES, "handle": handle}
    return _sent(200, body, pretty)


def _wanted(kind: str, index: int, given: Mapping[str, list[str]]) -> bool:
    """Whether a value is among those asked for: of one of the types, or at one of the indices."""
    types, indices = given.get("type", ()), given.get("index", ())
    return not (types or indices) or kind in types or str(index) in indices


def _parameters(request: Request) -> dict[str, list[str]]:
    """Parameter → its values; refused by name where we do not know it."""
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items():
        if name == "callback":
            raise UnknownParameter(
                "JSONP is not answered; every origin may read this by CORS.", parameter=name
            )
        if name not in (*_IGNORED, *_REPEATED, *MOMENT):
            known = ", ".join((*_REPEATED, *MOMENT, *_IGNORED))
            raise UnknownParameter(f"There is no parameter {name!r} here; there are {known}.")
        if name in MOMENT and name in found:
            raise UnknownParameter(f"{name} is given twice.", parameter=name)
        if name == "index" and not (value.isascii() and value.isdigit()):
            raise UnknownParameter(f"index is a whole number, not {value[:50]!r}.")
        found.setdefault(name, []).append(value.lstrip("0") if name == "index" else value)
    return found


def _wants_pretty(request: Request) -> bool:
    return request.query_params.get("pretty", "false").lower() in ("", "true", "1")


def _failed(handle: str, status: int, message: str, pretty: bool) -> Response:
    body = {"responseCode": ERROR, "handle": handle, "message": message}
    return _sent(status, body, pretty)


def _sent(status: int, body: Mapping[str, Any], pretty: bool) -> Response:
    data = orjson.dumps(body, option=orjson.OPT_INDENT_2 if pretty else 0)
    return Response(data, status, _HEADERS, media_type="application/json")
