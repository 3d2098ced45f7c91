"""The Web Annotation Protocol (W3C Recommendation, 23 February 2017).

    GET, HEAD, OPTIONS, POST    /annotations/    /{pid}/annotations/
    GET, HEAD, OPTIONS          an annotation, at its PID's address
    PUT, DELETE                 the same, by its maker or a curator of the institution

A new annotation gets a PID whatever Slug asks for. PUT names the version that was seen
(If-Match); DELETE withdraws: the tombstone, the versions and the history stay.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Scope

from api.annotations.containers import PARAMETERS
from api.annotations.rights import admit_change, annotation
from api.annotations.shelves import ACCEPT_POST, ALLOW, LINKS, Shelves
from api.annotations.speaking import speaker, spend
from api.negotiation import W3C
from api.objects.exchange import CORS, MAY_SEND, etag_of
from api.objects.preconditions import document_etag
from api.parameters import text_parameters
from api.refusals import PreconditionRequired
from api.security import Token, require
from api.site import Site
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.annotation.life import state_of
from fdo.documents import Document
from fdo.errors import (
    CollectomeError,
    InvalidDocument,
    VersionConflict,
)
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.annotation.reading import Limits, read
from fdo.representations.annotation.w3c import to_w3c
from handlers.annotations import Annotations
from handlers.batches.lines import Wanted
from handlers.batches.recording import Meant, Recording, Speaker

ALLOW_RESOURCE = "GET, HEAD, OPTIONS, PUT, DELETE"
_BODIES = ("application/ld+json", "application/json")
_MAY_SEND = f"{MAY_SEND}, Content-Type, If-Match, Prefer, Slug"
_UNSAID = "Withdrawn by its maker."
_may_annotate = require("agent", "curator")


def protocol_router(site: Site) -> APIRouter:
    """The containers, and what is done to annotations at /api/annotations/{pid}, to which the
    addresses of their PIDs lead."""
    router = APIRouter(tags=["annotations"])
    shelves = Shelves(site)
    door = Door(site, shelves)

    @router.get("/annotations/", response_class=Response, responses=_ANSWERS, openapi_extra=_ASKING)
    @router.get(_OBJECTS, response_class=Response, responses=_ANSWERS, openapi_extra=_ASKING)
    def container(request: Request) -> Response:
        """The container of all annotations, or of those on one object; or a page of it."""
        return door.answer(request, lambda: shelves.shown(request))

    @router.post("/annotations/", **_CREATING)
    @router.post(_OBJECTS, **_CREATING)
    async def create(request: Request) -> Response:
        """Record an annotation, in the form of the W3C or of openDS."""
        body = await request.body()
        return await asyncio.to_thread(door.answer, request, partial(door.create, request, body))

    @router.options("/annotations/", response_class=Response, status_code=204)
    @router.options(_OBJECTS, response_class=Response, status_code=204)
    def of_container(request: Request) -> Response:
        """What can be done with a container."""
        return door.options(request, ALLOW)

    @router.put(_ONE, response_class=Response, openapi_extra=_SENT | _SEEN, responses=_REFUSED)
    async def revise(request: Request, pid: str) -> Response:
        """Replace what an annotation says; If-Match names the version that was seen."""
        body = await request.body()
        return await asyncio.to_thread(
            door.answer, request, lambda: door.revise(request, pid, body)
        )

    @router.delete(
        _ONE, response_class=Response, status_code=204, openapi_extra=_SEEN, responses=_REFUSED
    )
    def withdraw(request: Request, pid: str, reason: str = _UNSAID) -> Response:
        """Withdraw an annotation; its tombstone says why."""
        return door.answer(request, lambda: door.withdraw(request, pid, reason))

    @router.options(_ONE, response_class=Response, include_in_schema=False)
    def of_annotation(request: Request, pid: str) -> Response:  # noqa: ARG001 - it is in the path
        """What can be done with an annotation."""
        return door.options(request, ALLOW_RESOURCE)

    return router


def takes(scope: Scope, found: re.Match[str], log: Log) -> bool:
    """Whether a request for the address of a PID is one to change an annotation; its route is
    /api/annotations/{pid}."""
    if scope["method"] not in ("PUT", "DELETE", "OPTIONS") or found[3] is not None:
        return False
    heads = log.heads_of([f"{found[1]}/{found[2]}".upper()])
    return bool(heads) and heads[0].type == "annotation"


_ONE = "/api/annotations/{pid:path}"
_OBJECTS = "/{prefix}/{suffix}/annotations/"
_SHOWN: dict[str, Any] = {key: {} for key in (*_BODIES, "text/html", "text/turtle")}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "A container or a page of it", "content": _SHOWN},
    301: {"description": "The container of that PID in its canonical form"},
}
_ASKING: dict[str, Any] = {"parameters": text_parameters(PARAMETERS)}
_REFUSED: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {"application/problem+json": {}}}
    for status, text in (
        (409, "Another annotation says the same, or a person has decided"),
        (415, "Neither JSON-LD nor JSON"),
        (429, "The quota of the token is spent"),
    )
}
_MADE = {201: {"description": "Recorded", "content": {"application/ld+json": {}}}, **_REFUSED}
_SENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {one: {"schema": {"type": "object"}} for one in _BODIES},
    },
    "security": [{"HTTPBearer": []}],
}
_CREATING: dict[str, Any] = {
    "status_code": 201, "response_class": Response, "openapi_extra": _SENT, "responses": _MADE,
}  # fmt: skip
_SEEN: dict[str, Any] = {
    "parameters": [{
        "name": "if-match", "in": "header", "schema": {"type": "string"},
        "description": "ETag of the version that was seen.",
    }],
    "security": [{"HTTPBearer": []}],
}  # fmt: skip


class Door:
    """Takes annotations in, and shows containers."""

    def __init__(self, site: Site, shelves: Shelves) -> None:
        settings = site.settings
        self._site, self._log = site, site.objects.log
        self._shelves = shelves
        self._annotations = Annotations(site.objects, settings.reject_profiles)
        self._limits = Limits(settings.annotation_kb * 1024, settings.annotation_parts)

    # ── how it answers ───────────────────────────────────────────────────────────────────

    def answer(self, request: Request, made: Callable[[], Response]) -> Response:
        """The answer, or the refusal as a problem; programs of other pages may read both."""
        try:
            response = made()
        except CollectomeError as refusal:
            response = self._site.problems.of(refusal, request.headers.get("accept", ""))
        for name, value in CORS:
            response.headers[name.decode()] = value.decode()
        response.headers["access-control-expose-headers"] += ", Allow, Accept-Post"
        return response

    def options(self, request: Request, allow: str) -> Response:
        """What is allowed, for protocols and for browsers that ask beforehand."""
        headers = {
            "Allow": allow,
            "Access-Control-Allow-Methods": allow,
            "Access-Control-Allow-Headers": _MAY_SEND,
            "Access-Control-Max-Age": "86400",
        }
        if "POST" in allow:
            headers |= {"Accept-Post": ACCEPT_POST, "Link": LINKS}
        return self.answer(request, lambda: Response(status_code=204, headers=headers))

    # ── annotations ──────────────────────────────────────────────────────────────────────

    def create(self, request: Request, body: bytes) -> Response:
        """Record an annotation; where it is sent to an object's container, it is about that."""
        by = speaker(_may_annotate(request, None), self._site.objects)
        if refused := self._unread(request):
            return refused
        target = self._shelves.target(request)
        draft = self._draft(body, by)
        if target is not None and not _is_about(draft, target):
            raise InvalidDocument(
                f"This is the container of {target}, and the annotation is about something else.",
                [("/target", f"names {target.iri}")],
            )
        spend(by, self._site.settings, len(body))
        outcome = self._annotations.propose(draft, by.agent).required()
        assert outcome.pid is not None  # what was recorded has a PID
        return self._shown(self._log.latest(outcome.pid), 201)

    def revise(self, request: Request, pid: str, body: bytes) -> Response:
        """A new version of an annotation."""
        token = _may_annotate(request, None)
        event = annotation(pid, self._log)
        expected = seen(request.headers.get("if-match"), event, needed=True)
        self._admit(token, event)
        if refused := self._unread(request):
            return refused
        by = speaker(token, self._site.objects)
        draft = self._draft(body, by, event)
        spend(by, self._site.settings, len(body))
        self._annotations.revise(event.pid, draft, by.agent, expected).required()
        return self._shown(self._log.latest(event.pid), 200)

    def withdraw(self, request: Request, pid: str, reason: str) -> Response:
        """The end of an annotation."""
        token = _may_annotate(request, None)
        event = annotation(pid, self._log)
        expected = seen(request.headers.get("if-match"), event, needed=False)
        self._admit(token, event)
        self._annotations.withdraw(event.pid, reason[:2_000], token.agent, expected)
        return Response(status_code=204, headers={"Allow": ALLOW_RESOURCE})

    def _unread(self, request: Request) -> Response | None:
        """The refusal of a body in a form that is not read here."""
        form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if form in _BODIES:
            return None
        return self._site.problems.answer(
            "unsupported-media-type",
            f"An annotation is sent as {' or '.join(_BODIES)}, not as {form or 'no type'}.",
            accept=request.headers.get("accept", ""),
            headers={"Accept-Post": ACCEPT_POST},
        )

    def _admit(self, token: Token, event: Recorded) -> None:
        """Who recorded it may change it, as may its creator and curators of the institution."""
        first = self._log.version(event.pid, 1)
        accepted = state_of(event.status, event.document) == "accepted"
        if accepted or first.agent.id != token.agent.id:
            admit_change(token, event, self._log)

    def _draft(self, body: bytes, by: Speaker, known: Recorded | None = None) -> Document:
        """The annotation of a body, in a name and of objects that the token may write."""
        try:
            sent = orjson.loads(body)
        except orjson.JSONDecodeError as fault:
            raise InvalidDocument("The body is no JSON.", [("", f"{fault}")]) from fault
        found = read(
            sent,
            default_creator=by.creator,
            own=known.pid.iri if known else None,
            base=self._site.base,
            limits=self._limits,
        )
        recording = Recording(self._site.objects, self._annotations, by, "", self._site.base)
        wanted = Wanted("revise", pid=str(known.pid)) if known else Wanted("create")
        meant = recording.named(Meant(1, wanted, found.draft, tuple(found.repaired)))
        if isinstance(meant, Meant):
            (meant,) = recording.admitted([meant])
        if not isinstance(meant, Meant):
            told = "; ".join(sentence for _, sentence in meant.errors)
            raise InvalidDocument(f"The annotation may not be written so: {told}", meant.errors)
        return meant.draft

    def _shown(self, event: Recorded, status: int) -> Response:
        """The annotation as it stands now, in the W3C's form."""
        body = w3c_bytes(event)
        headers = {
            "ETag": etag_of(body, event.salt, W3C.name).decode(),
            "Allow": ALLOW_RESOURCE,
            "Vary": "Accept",
            "Link": '<http://www.w3.org/ns/ldp#Resource>; rel="type"',
            "Content-Location": f"{self._site.base}/{event.pid}",
        }
        if status == 201:
            headers["Location"] = f"{self._site.base}/{event.pid}"
        return Response(body, status, headers, W3C.media_type)


def w3c_bytes(event: Recorded) -> bytes:
    """An annotation in the W3C's form, the same bytes each time."""
    return orjson.dumps(to_w3c(event.document))


def seen(header: str | None, event: Recorded, *, needed: bool) -> int | None:
    """The version that If-Match names, by the ETag of any of its JSON forms; refused where it is
    another one, or is `needed` and missing (RFC 9110, 13.1.1; RFC 6585, 3)."""
    if header is None:
        if not needed:
            return None
        raise PreconditionRequired(
            f"A change of {event.pid} needs the header If-Match with its ETag; it is at version "
            f"{event.version}.",
            version=event.version,
        )
    known = {"*", document_etag(event).decode()}
    if event.status is Status.ACTIVE:
        known.add(etag_of(w3c_bytes(event), event.salt, W3C.name).decode())
    if known.isdisjoint(one.strip() for one in header.split(",")):
        raise VersionConflict(
            f"{event.pid} is at version {event.version}, and If-Match names another; read it "
            "again.",
            version=event.version,
        )
    return event.version


def _is_about(draft: Document, target: Pid) -> bool:
    return any(
        isinstance(one, dict) and str(one.get("oa:hasSource", "")).startswith(target.iri)
        for one in draft["oa:hasTarget"]
    )
