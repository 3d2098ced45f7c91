"""DOIP over HTTP: `/doip?operationId=…&targetId=…`, by GET or POST.

Attributes are query parameters: all in `attributes` as a JSON object, or each by its own name.
The body is the input: JSON, or `multipart/mixed` with a part for each segment. Each answer has
the first segment of the response in the header `Doip-Response`, and its output as the body.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response as HttpResponse

from api.doip.messages import REQUEST_ID, Response
from api.doip.messages import Request as Asked
from api.doip.multipart import JSON, as_bytes, mixed, segments_of
from api.doip.operations import Operations, required
from api.doip.segments import too_large
from api.problems import MEDIA_TYPE
from api.refusals import UnknownParameter
from api.security import Unauthenticated
from api.site import Site
from fdo.errors import CollectomeError

HEADER = "Doip-Response"
_OWN = ("operationId", "targetId", "clientId", "requestId", "attributes")
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": HEADER,
    "Cache-Control": "no-cache",
}
_PARAMETERS = [
    {"name": name, "in": "query", "description": told, "schema": {"type": "string"}}
    for name, told in (
        ("operationId", "What is to be done, as 0.DOIP/Op.Retrieve."),
        ("targetId", "A PID, or service."),
        ("attributes", "Attributes of the request as a JSON object; each may also be a parameter."),
        ("requestId", "Given back with the answer."),
        ("clientId", "Who asks; not used."),
    )
]
_REFUSED = (400, 401, 403, 404, 405, 409, 410, 412, 413, 422, 428, 500, 503)
_DESCRIPTION: dict[str, Any] = {
    "response_class": HttpResponse,
    "openapi_extra": {"parameters": _PARAMETERS},
    "responses": {
        200: {
            "description": "The output of the operation; its status is in Doip-Response",
            "content": {JSON: {}, "multipart/mixed": {}},
        }
    }
    | {
        status: {
            "description": "The members of a problem; the status is in Doip-Response",
            "content": {JSON: {}, MEDIA_TYPE: {}},
        }
        for status in _REFUSED
    },
}


def doip_router(site: Site) -> APIRouter:
    """The routes /doip and /doip/{operation}."""
    router = APIRouter(tags=["DOIP"])
    operations = Operations(site)
    limit = site.settings.body_limit_kb * 1024

    async def answered(request: Request, operation: str | None) -> HttpResponse:
        try:
            asked = await _asked(request, operation, limit, operations)
        except CollectomeError as refusal:
            response = await run_in_threadpool(operations.refuse, refusal)
        else:
            response = await run_in_threadpool(operations.perform, asked)
        request_id = request.query_params.get("requestId")
        return sent(response, request_id and request_id[:REQUEST_ID])

    @router.get("/doip", **_DESCRIPTION)
    async def get(request: Request) -> HttpResponse:
        """Perform a DOIP operation that needs no input."""
        return await answered(request, None)

    @router.post("/doip", **_DESCRIPTION)
    async def post(request: Request) -> HttpResponse:
        """Perform any DOIP operation; the body is its input."""
        return await answered(request, None)

    @router.get("/doip/{operation:path}", include_in_schema=False)
    async def get_operation(request: Request, operation: str) -> HttpResponse:
        return await answered(request, operation)

    @router.post("/doip/{operation:path}", include_in_schema=False)
    async def post_operation(request: Request, operation: str) -> HttpResponse:
        return await answered(request, operation)

    return router


def sent(response: Response, request_id: str | None) -> HttpResponse:
    """A response as HTTP: the first segment in a header of ASCII, the output as the body."""
    first = json.dumps(response.first(request_id), default=str)
    headers = {**_CORS, **response.http_headers, HEADER: first}
    output = response.output
    if not output:
        return HttpResponse(b"", response.http_status, headers)
    if len(output) == 1:
        kind, body = as_bytes(output[0])
    else:
        body, kind = mixed(output)
    return HttpResponse(body, response.http_status, {**headers, "Content-Type": kind})


async def _asked(
    request: Request, operation: str | None, limit: int, operations: Operations
) -> Asked:
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise UnknownParameter(f"{name} is given twice.", parameter=name)
        given[name] = value
    authentication = _authentication(request.headers.get("authorization"))
    body = await _body(request, limit, operations.beside(authentication))
    return Asked(
        required("targetId", given.get("targetId")),
        required("operationId", operation or given.get("operationId")),
        _attributes(given),
        authentication,
        segments_of(body, request.headers.get("content-type", ""), limit),
        given.get("requestId"),
        reading=request.method != "POST",
    )


async def _body(request: Request, limit: int, beside: int) -> bytes:
    """The body, of which no more is read than may be there, a file included."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit + beside:
            raise too_large(limit)
        parts.append(part)
    return b"".join(parts)


def _attributes(given: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if text := given.get("attributes"):
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise UnknownParameter(
                f"attributes is no JSON: {error}.", parameter="attributes"
            ) from error
        if not isinstance(found, dict):
            raise UnknownParameter("attributes is a JSON object.", parameter="attributes")
    single = {
        name.removeprefix("attributes."): value for name, value in given.items() if name not in _OWN
    }
    return {**found, **single}


def _authentication(header: str | None) -> Any:
    """What native DOIP has as `authentication`: of Bearer its token, of Doip its JSON."""
    if header is None:
        return None
    scheme, _, text = header.partition(" ")
    if scheme.lower() == "bearer":
        return {"token": text.strip()}
    if scheme.lower() == "doip":
        try:
            return orjson.loads(base64.b64decode(text.strip(), validate=True))
        except (binascii.Error, orjson.JSONDecodeError) as error:
            raise Unauthenticated(
                'Authorization: Doip is followed by JSON in base64, as {"token": "…"}.'
            ) from error
    raise Unauthenticated("Authorization is `Bearer` and a token, or `Doip` and JSON in base64.")
