"""Saved queries: SPARQL under a PID of its own, with versions like every object.

    POST   /api/queries            save one (name, query, description)
    PUT    /api/queries/{pid}      a new version, with If-Match
    DELETE /api/queries/{pid}      withdraw it; what was cited stays readable
    /{pid}                         what it asks      /{pid}/result   303 to its answer

A citation of data is two names: `/{pid}/result?as-of=…` leads to the query as it was then, asked
of the graph as it was then.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Response
from fastapi import Query as QueryParameter
from pydantic import BaseModel, ConfigDict, Field

from api.moments import instant_of
from api.objects.exchange import CORS, MOMENT, Asked, Sent
from api.objects.preconditions import document_etag, version_seen
from api.objects.results import KIND, Results
from api.objects.shown import Shown
from api.security import Token, require
from api.site import Site
from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, opends_time, to_moment
from fdo.documents import Document
from fdo.errors import InvalidDocument, NotFound, Tombstoned
from fdo.identifiers import Pid
from fdo.lifecycle import Register, Revise, Status, Tombstone, stamped
from handlers.queries.gate import Limits, admit
from ontologies.schemas import explain, validator

LONGEST = 8_000
"""Characters of a query; its answer has an address that holds it, and servers cut longer ones."""
_LIMITS = Limits(characters=LONGEST)

Curator = Annotated[Token, Depends(require("curator"))]
Reason = Annotated[
    str, QueryParameter(min_length=1, max_length=1_000, description="Shown on the tombstone.")
]
IfMatch = Annotated[str | None, Header(description="ETag of the version that is changed.")]


class Query(BaseModel):
    """What is saved."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=200, description="What it asks, in a few words.")
    query: str = Field(min_length=1, max_length=LONGEST, description="SPARQL 1.1, no update.")
    description: str | None = Field(None, max_length=4_000, description="What it is good for.")


class Saved(BaseModel):
    """A query that was saved."""

    pid: str = Field(description="PID of the query.")
    version: int = Field(description="Its version now.")
    url: str = Field(description="Its page and document.")
    result: str = Field(description="Where its answer is.")


def queries_router(site: Site) -> APIRouter:
    """The routes under /api/queries; all need the role curator."""
    router = APIRouter(prefix="/api/queries", tags=["saved queries"])
    objects = site.objects

    @router.post("", status_code=201)
    def save(body: Query, by: Curator, response: Response) -> Saved:
        """Keep a query under a new PID."""
        pid = objects.reserve(KIND)
        document = _valid(stamped(_draft(body, _creator(by)), pid, 1, modified=_now(objects)))
        event = objects.handle(Register(document), pid=pid, kind=KIND, by=by.agent)
        return _saved(site, event or objects.log.latest(pid), response)

    @router.put("/{pid:path}")
    def revise(
        pid: str, body: Query, by: Curator, response: Response, if_match: IfMatch = None
    ) -> Saved:
        """Replace a query by a new version, if the caller saw the current one."""
        known = _known(site, pid)
        seen = version_seen(if_match, known.pid, objects.log)
        creator = known.document["dcterms:creator"]
        created = known.document["dcterms:created"]
        document = stamped(
            _draft(body, creator), known.pid, seen + 1, modified=_now(objects), created=created
        )
        event = objects.handle(
            Revise(_valid(document)), pid=known.pid, kind=KIND, by=by.agent, expected=seen
        )
        return _saved(site, event or known, response)

    @router.delete("/{pid:path}")
    def withdraw(
        pid: str, reason: Reason, by: Curator, response: Response, if_match: IfMatch = None
    ) -> Saved:
        """Withdraw a query; its PID leads to a tombstone, its versions stay."""
        known = _known(site, pid)
        seen = version_seen(if_match, known.pid, objects.log)
        command = Tombstone(reason, _creator(by), _now(objects))
        event = objects.handle(command, pid=known.pid, kind=KIND, by=by.agent, expected=seen)
        return _saved(site, event or known, response)

    return router


def result(shown: Shown, asked: Asked) -> Sent:
    """303 to the answer of a saved query: of the version in force, at the moment asked for."""
    asked.only(*MOMENT)
    head = shown.log.known(asked.pid)
    if head.type != KIND:
        raise NotFound(f"{asked.pid} is a {head.type}; only saved queries have a result.")
    event = shown.select(asked, head)
    shown.guard(event, head)
    if event.status is Status.TOMBSTONE:
        raise Tombstoned(
            f"{asked.pid} was withdrawn; ask for the result of an earlier version, as in "
            f"/{asked.pid}/result?as-of=v{max(1, event.version - 1)}."
        )
    if "schema:text" not in event.document:
        raise NotFound(f"The query of version {event.version} of {asked.pid} was erased.")
    moment = _moment(shown, asked, event)
    address = answer_address(shown.site.base, event, moment)
    past = Results(shown.log, shown.site.base).headers(
        asked.pid, moment.get("as-of"), neighbours="observed-at" not in moment
    )
    headers = [(b"location", address.encode()), (b"content-length", b"0"), *past, *CORS]
    return Sent(303, [*headers, (b"cache-control", b"no-cache")], b"", b"")


def answer_address(base: str, event: Recorded, moment: dict[str, Any]) -> str:
    """Where the endpoint answers a version of a saved query."""
    asked = {"query": event.document["schema:text"], **moment}
    return f"{base}/sparql?{urlencode(asked)}"


def _moment(shown: Shown, asked: Asked, event: Recorded) -> dict[str, Any]:
    """The moment of the answer: an event number, so that it can be repeated; a version's is
    that of its own event."""
    as_of, observed = asked.query.get("as-of"), asked.query.get("observed-at")
    if as_of is None and observed is None:
        return {}
    if as_of is not None and as_of.startswith("v"):
        position = event.position
    else:
        position = instant_of(as_of, observed, shown.site.objects).position
    return {"as-of": position} | ({} if observed is None else {"observed-at": observed})


def _known(site: Site, text: str) -> Recorded:
    pid = Pid.parse(text)
    event = site.objects.log.latest(pid)
    if event.type != KIND:
        raise NotFound(f"{pid} is a {event.type}, not a saved query.")
    return event


def _draft(body: Query, creator: Document) -> Document:
    admit(body.query, _LIMITS)
    draft: Document = {
        "@type": "schema:SoftwareSourceCode",
        "ods:status": "Active",
        "schema:name": body.name,
        "schema:text": body.query,
        "schema:programmingLanguage": "SPARQL 1.1",
        "dcterms:creator": creator,
    }
    if body.description:
        draft["schema:description"] = body.description
    return draft


def _creator(by: Token) -> Document:
    agent = by.agent
    return {"@type": agent.kind, "schema:identifier": agent.id, "schema:name": agent.name}


def _valid(document: Document) -> Document:
    if not validator(KIND).is_valid(document):
        errors = explain(KIND, document)
        raise InvalidDocument("The query does not make a valid document.", errors)
    return document


def _now(objects: DigitalObjects) -> str:
    return opends_time(to_moment(objects.clock()))


def _saved(site: Site, event: Recorded, response: Response) -> Saved:
    address = f"{site.base}/{event.pid}"
    response.headers["ETag"] = document_etag(event).decode()
    response.headers["Location"] = address
    return Saved(pid=event.pid.iri, version=event.version, url=address, result=f"{address}/result")
