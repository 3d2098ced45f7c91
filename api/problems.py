"""Every refusal in one form: RFC 9457 problem details, with a page behind each type.

The domain raises its own words; the table here gives each class its slug, and each slug its
status and explanation. The framework's own 404, 405 and 422 and a plain crash take the same
way. A browser is shown the same problem as a page; everybody else gets
`application/problem+json`.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import Match, Route

from api.rates import TooManyRequests
from api.refusals import NotAcceptable, PreconditionRequired, TooLarge, UnknownParameter
from api.security import CHALLENGE, Forbidden, Unauthenticated
from fdo import errors
from handlers.batches.errors import KeyReused
from handlers.batches.quotas import QuotaSpent
from handlers.instants import GraphTooLarge, Preparing
from handlers.projections.annotations import InvalidFilter
from handlers.projections.search import InvalidQuery
from handlers.projections.terms import UnknownTerm
from handlers.queries.errors import ForbiddenQuery, QueryTooLarge

MEDIA_TYPE = "application/problem+json"
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Allow, Link, Retry-After, WWW-Authenticate",
}
"""Of every problem: a page of another origin may read why it was refused (Fetch, 3.3.3). Nothing
is told to a session that is not told to everybody."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of problem, as its page explains it."""

    slug: str
    status: int
    title: str
    meaning: str
    next_step: str


KINDS: dict[str, Kind] = {
    kind.slug: kind
    for kind in (
        Kind("already-registered", 409, "Already registered",
             "Another object bears this physical specimen id or access URI.",
             "Revise the object that `pid` names instead of registering a second one."),
        Kind("erased", 410, "Erased",
             "What was here was destroyed on a recorded decision. Who, when and why is in the "
             "object's history; hash and proof of it still hold.",
             "Read the history of the object. A copy that was kept can still be checked."),
        Kind("forbidden", 403, "Not allowed for this token",
             "The token is good, but its roles do not allow this.",
             "Use a token with the role that the detail names."),
        Kind("identity-paused", 409, "Harvest waits for a decision",
             "Too many records of a known source bear identifiers that are not known here.",
             "Look at the proposals and approve or reject them; then ingest again."),
        Kind("internal-error", 500, "Something broke here",
             "A fault of the server, not of the request. It was logged under `reference`.",
             "Try again; if it stays, tell the people who run this server the reference."),
        Kind("invalid-document", 422, "Document breaks its schema",
             "The document does not validate; `errors` holds JSON pointers and reasons.",
             "Correct the places named and send it again."),
        Kind("invalid-identifier", 400, "Not an identifier",
             "Text that should be a PID, ROR, ORCID or the like is none.",
             "Write it in the form that the detail shows."),
        Kind("invalid-parameter", 400, "Unknown or impossible parameter",
             "A query parameter is unknown to this resource, or its value is impossible.",
             "Take a parameter and a value that the detail or /openapi.json lists."),
        Kind("invalid-request", 422, "Request could not be understood",
             "Path, query or body do not have the form that /openapi.json gives.",
             "Correct the places that `errors` names."),
        Kind("malformed-query", 400, "The query is not SPARQL",
             "The text breaks the grammar of SPARQL 1.1.",
             "Correct it at the `line` and `column` that the problem names."),
        Kind("method-not-allowed", 405, "Method not allowed",
             "The resource exists but does not know this method.",
             "Use a method of the Allow header."),
        Kind("non-conformant", 422, "Document breaks a shape",
             "The document is well-formed but violates a SHACL shape whose profile rejects.",
             "Read the report and correct the values it names."),
        Kind("not-acceptable", 406, "No such format",
             "The resource is there, but in none of the formats asked for.",
             "Choose one that `available` lists, by Accept or ?format=."),
        Kind("not-found", 404, "Not found",
             "No object or page has this address, or the object has no such version.",
             "Check the address. A withdrawn object would answer 410, not 404."),
        Kind("pid-only", 403, "Only the PID is public",
             "The licence of the record or medium does not let this repository publish it. "
             "The PID and its FDO record are public, the document is not.",
             "Read the record at /{pid}/record; ask the institution for the data."),
        Kind("precondition-required", 428, "Say which version you saw",
             "A change must name the version that it is a change of.",
             "Read the object and send its ETag back as If-Match."),
        Kind("query-refused", 403, "Query not allowed here",
             "The query is SPARQL, but asks for what this endpoint does not do, as SERVICE.",
             "Leave that part out, or ask the other endpoint yourself."),
        Kind("preparing", 503, "State is being made ready",
             "The state at the instant asked for is being built; `monitor` says how far it is.",
             "Ask again after the seconds of Retry-After."),
        Kind("query-stopped", 504, "Query was stopped",
             "Time, memory or the engine ended the query before its answer was complete (504 for "
             "time, 503 otherwise).",
             "Ask for less: a LIMIT, fewer joins, a narrower pattern."),
        Kind("query-too-large", 413, "Query too large",
             "The text is longer, deeper or names more or larger graphs than this endpoint takes.",
             "Shorten it, split it into several queries, or do as the detail says."),
        Kind("query-unsupported", 400, "The engine cannot answer this query",
             "The grammar is right, but a function or feature is not known to the engine.",
             "Do without the feature that the detail names."),
        Kind("record-invalid", 422, "FDO record breaks its profile",
             "The record of the object would not keep the version of its profile in force.",
             "Give the document what `rules` asks for, or revise the profile."),
        Kind("refused", 409, "Not possible in this state",
             "The life of the object does not allow this command now.",
             "Read the object's history; the detail says what is possible."),
        Kind("source-refused", 422, "Source cannot be taken in",
             "The archive, table or address cannot be read as specimens.",
             "Follow the next step of the detail; `code` names the rule."),
        Kind("too-large", 413, "Body too large",
             "The body of the request is larger than this server takes.",
             "Send less, or use the ingest resource for archives."),
        Kind("tombstoned", 410, "Withdrawn",
             "The object was withdrawn. Its tombstone, record and history remain.",
             "Read the tombstone for the reason and the successor, if there is one."),
        Kind("unauthenticated", 401, "Token needed",
             "Writing needs a token; none was sent, or it is unknown, revoked or expired.",
             "Send `Authorization: Bearer` and a token."),
        Kind("too-many-requests", 429, "Too much asked",
             "This client has used its share: of the query engine, of errors, or of pages.",
             "Ask again after the seconds of Retry-After; ask for less at a time."),
        Kind("unavailable", 503, "Busy or not ready",
             "Something that this answer needs is down, busy or still being built.",
             "Try again after the seconds of Retry-After."),
        Kind("unsupported-media-type", 415, "Unsupported media type",
             "The body is of a type that the resource does not read.",
             "Send one of the types that the detail names."),
        Kind("update-refused", 403, "Updates are not taken",
             "The SPARQL endpoint answers queries only.",
             "Change objects through ingest; the graph follows the log."),
        Kind("version-conflict", 412, "Object changed meanwhile",
             "Somebody else changed the object since it was read.",
             "Read it again, apply the change to the new version, send that."),
    )
}  # fmt: skip

SLUGS: dict[type[errors.CollectomeError], str] = {
    errors.NotFound: "not-found",
    errors.Tombstoned: "tombstoned",
    errors.Erased: "erased",
    errors.PidOnly: "pid-only",
    errors.AlreadyRegistered: "already-registered",
    errors.VersionConflict: "version-conflict",
    errors.InvalidDocument: "invalid-document",
    errors.NonConformant: "non-conformant",
    errors.RecordInvalid: "record-invalid",
    errors.InvalidIdentifier: "invalid-identifier",
    errors.Refused: "refused",
    errors.SourceRefused: "source-refused",
    errors.IdentityPaused: "identity-paused",
    errors.Unavailable: "unavailable",
    Preparing: "preparing",
    TooManyRequests: "too-many-requests",
    QuotaSpent: "too-many-requests",
    KeyReused: "invalid-request",
    Unauthenticated: "unauthenticated",
    Forbidden: "forbidden",
    PreconditionRequired: "precondition-required",
    UnknownParameter: "invalid-parameter",
    ForbiddenQuery: "query-refused",
    QueryTooLarge: "query-too-large",
    GraphTooLarge: "query-too-large",
    InvalidFilter: "invalid-parameter",
    InvalidQuery: "invalid-parameter",
    UnknownTerm: "invalid-parameter",
    NotAcceptable: "not-acceptable",
    TooLarge: "too-large",
}
"""Each class of refusal → its type of problem; a subclass follows its parent."""

_BY_STATUS = {
    400: "invalid-request", 401: "unauthenticated", 403: "forbidden", 404: "not-found",
    405: "method-not-allowed", 406: "not-acceptable", 409: "refused", 413: "too-large",
    415: "unsupported-media-type", 422: "invalid-request", 503: "unavailable",
}  # fmt: skip

Page = Callable[[Kind, Mapping[str, Any]], str]


class Problems:
    """Makes problem answers for one server: `base` for the type URLs, `page` for browsers."""

    def __init__(self, base: str, page: Page | None = None) -> None:
        self.base = base
        self.page = page

    def body(
        self, slug: str, detail: str, *, status: int | None = None, **extensions: Any
    ) -> dict[str, Any]:
        """The members of a problem; extensions never overwrite those of the standard."""
        kind = KINDS[slug]
        return {
            **extensions,
            "type": f"{self.base}/problems/{slug}",
            "title": kind.title,
            "status": status or kind.status,
            "detail": detail,
        }

    def answer(
        self,
        slug: str,
        detail: str,
        *,
        accept: str = "",
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> Response:
        """A response; a page where `accept` asks for one, else problem+json."""
        body = self.body(slug, detail, status=status, **extensions)
        sent = {"Vary": "Accept", "Cache-Control": "no-store", **OPEN, **(headers or {})}
        if slug == "unauthenticated":
            sent["WWW-Authenticate"] = CHALLENGE
        elif slug == "forbidden":
            sent["WWW-Authenticate"] = f'{CHALLENGE}, error="insufficient_scope"'
        if "retry_after" in extensions or body["status"] == 503:
            sent.setdefault("Retry-After", str(extensions.get("retry_after", 5)))
        if self.page is not None and wants_page(accept):
            return HTMLResponse(self.page(KINDS[slug], body), body["status"], sent)
        return Response(
            orjson.dumps(body, default=str), body["status"], sent, media_type=MEDIA_TYPE
        )

    def of(self, error: Exception, accept: str = "") -> Response:
        """The answer for a refusal of the domain."""
        slug = next((SLUGS[kind] for kind in type(error).__mro__ if kind in SLUGS), None)
        if slug is None or not isinstance(error, errors.CollectomeError):
            return self.crash(error, accept)
        return self.answer(slug, error.message, accept=accept, **dict(error.details))

    def crash(self, error: Exception, accept: str = "") -> Response:
        """The answer for a fault of ours: a reference, and nothing of the inside."""
        reference = uuid.uuid4().hex[:12]
        logging.getLogger("collectome").error("fault %s", reference, exc_info=error)
        return self.answer(
            "internal-error",
            f"The server failed; the fault was logged under {reference}.",
            accept=accept,
            reference=reference,
        )

    def install(self, app: FastAPI) -> None:
        """Answer every refusal of an application, the framework's own included."""

        async def refusal(request: Request, error: Exception) -> Response:
            return self.of(error, request.headers.get("accept", ""))

        async def framework(request: Request, error: Exception) -> Response:
            assert isinstance(error, HTTPException)
            return self._of_framework(request, error)

        async def validation(request: Request, error: Exception) -> Response:
            assert isinstance(error, RequestValidationError)
            accept = request.headers.get("accept", "")
            if error.body and isinstance(error.body, bytes):  # left unread, being no JSON
                kind = request.headers.get("content-type", "no type")
                said = f"A body of {kind[:100]} is not read here; send application/json."
                return self.answer("unsupported-media-type", said, accept=accept)
            return self.answer(
                "invalid-request",
                _sentence(error.errors()),
                accept=accept,
                errors=[_place(found) for found in error.errors()],
            )

        app.add_exception_handler(errors.CollectomeError, refusal)
        app.add_exception_handler(HTTPException, framework)
        app.add_exception_handler(RequestValidationError, validation)
        app.add_exception_handler(Exception, refusal)

    def _of_framework(self, request: Request, error: HTTPException) -> Response:
        slug = _BY_STATUS.get(
            error.status_code, "internal-error" if error.status_code >= 500 else "invalid-request"
        )
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = _allowed(request)
        said = error.detail
        if said == HTTPStatus(error.status_code).phrase:
            said = _plain(request, error.status_code, headers)
        return self.answer(
            slug,
            said,
            accept=request.headers.get("accept", ""),
            status=error.status_code,
            headers=headers,
        )


def wants_page(accept: str) -> bool:
    """Whether a browser asks: HTML by name, and no JSON before it."""
    html = accept.find("text/html")
    return html >= 0 and not 0 <= accept.find("json") < html


def _allowed(request: Request) -> str:
    """What Allow says: the methods of all routes of this address (RFC 9110, 10.2.1); files, which
    are no routes, can be read."""
    routes = [one for one in request.app.routes if isinstance(one, Route)]
    here = [one for one in routes if one.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({name for one in here for name in one.methods or ()})) or "GET, HEAD"


def _plain(request: Request, status: int, headers: Mapping[str, str]) -> str:
    if status == 404:
        return f"There is nothing at {request.url.path}; start at /, or search at /search."
    if status == 405:
        return f"{request.method} is not possible here; allowed: {headers['Allow']}."
    return KINDS[_BY_STATUS.get(status, "invalid-request")].meaning


def _sentence(found: Sequence[Any]) -> str:
    return "; ".join(f"{_where(one)}: {one['msg']}" for one in found[:3])


def _where(one: Mapping[str, Any]) -> str:
    return ".".join(map(str, one["loc"]))


def _place(one: Mapping[str, Any]) -> dict[str, str]:
    return {"place": _where(one), "detail": str(one["msg"])}
