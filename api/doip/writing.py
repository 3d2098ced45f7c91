"""DOIP operations that write: Create, Update, Delete.

They take the way of all writing by hand: role, holder, schema, licence gate, and the version
that the caller saw. The file of a medium may come with it (`api.doip.brought`).
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from api.doip.brought import InvalidInput, brought
from api.doip.messages import Blob, Request, Response
from api.doip.objects import DigitalObjects, whole_number
from api.objects.lifecycle import admit, admit_holder
from api.refusals import PreconditionRequired
from api.security import Forbidden, Token, Unauthenticated, bearer
from eventstore.envelope import Recorded
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.tolerant import Deviation
from handlers.curation import Curation
from handlers.deposit import KINDS, Deposit

REASON = 2_000
"""Characters of the reason of a withdrawal."""
NO_REASON = "Withdrawn through DOIP; no reason was given."
MENDED, POINTER = 10, 100
"""Places of a document that an answer names as mended, and characters of each: they travel in a
header."""


def create(objects: DigitalObjects, request: Request) -> Response:
    """A new object; the target is the service, the input a digital object."""
    by = writer(objects, request.authentication)
    given = _digital_object(request)
    kind, document = _kind(given), _content(given)
    file = _brought(objects, request, given, kind)
    admit_holder(by, document.get("ods:organisationID"), f"A {kind}")
    identifier = given.get("id")
    pid = Pid.parse(str(identifier)) if identifier else None
    mended: list[Deviation] = []
    event = _deposit(objects, by, mended.append).register(kind, document, pid)
    return _saying(_kept(objects, event, file, by), mended)


def update(objects: DigitalObjects, request: Request) -> Response:
    """A new version of the target; the input is a digital object."""
    by = writer(objects, request.authentication)
    pid = Pid.parse(request.target)
    latest = objects.log.latest(pid)
    given = _digital_object(request)
    if given.get("id") and Pid.parse(str(given["id"])) != pid:
        raise InvalidInput(f"The input is {given['id']}, the target {pid}.", parameter="id")
    document = _content(given)
    admit(by, latest)
    admit_holder(by, document.get("ods:organisationID"), str(pid))
    file = _brought(objects, request, given, latest.type)
    seen = _seen(request, given, document)
    if seen is None:
        raise PreconditionRequired(
            f"Say which version of {pid} was changed: the attribute version, or the version in "
            f"the content. It is at version {latest.version}.",
            version=latest.version,
        )
    mended: list[Deviation] = []
    event = _deposit(objects, by, mended.append).revise(pid, document, seen)
    return _saying(_kept(objects, event, file, by), mended)


def delete(objects: DigitalObjects, request: Request) -> Response:
    """Withdraw the target: its identifier leads to a tombstone that says why."""
    by = writer(objects, request.authentication)
    pid = Pid.parse(request.target)
    admit(by, objects.log.latest(pid))
    reason = str(request.attributes.get("reason") or NO_REASON)
    if len(reason) > REASON:
        raise InvalidInput(f"A reason has {REASON:,} characters at most.", parameter="reason")
    event = _curation(objects, by).tombstone(pid, reason, _seen(request, {}, {}))
    return Response((), {"gone": True, "version": event.version})


# ── who ──────────────────────────────────────────────────────────────────────────────────


def writer(objects: DigitalObjects, authentication: Any) -> Token:
    """The token of a request that writes; Unauthenticated, Forbidden where it may not."""
    token = _token(objects, authentication)
    if not token.may("curator"):
        raise Forbidden(f"This needs the role curator; the token {token.name!r} has not got it.")
    return token


def _token(objects: DigitalObjects, authentication: Any) -> Token:
    text = authentication.get("token") if isinstance(authentication, Mapping) else None
    if not isinstance(text, str) or not text.strip():
        raise Unauthenticated(
            "This needs a token: authentication is an object with the member token, over HTTP "
            "also the header `Authorization: Bearer`."
        )
    found = bearer(f"Bearer {text.strip()}", objects.site.tokens)
    assert found is not None  # a header was given
    return found


# ── what ─────────────────────────────────────────────────────────────────────────────────


def _digital_object(request: Request) -> Mapping[str, Any]:
    first, *_ = request.input or (None,)
    if not isinstance(first, Mapping) or isinstance(first, Blob):
        raise InvalidInput("The input begins with a digital object as JSON.", parameter="input")
    return first


def _brought(
    objects: DigitalObjects, request: Request, given: Mapping[str, Any], kind: str
) -> bytes | None:
    return brought(given, request.input[1:], kind, objects.files.largest)


def _content(given: Mapping[str, Any]) -> Document:
    attributes = given.get("attributes")
    content = attributes.get("content") if isinstance(attributes, Mapping) else None
    if not isinstance(content, dict):
        raise InvalidInput("attributes.content holds the openDS document.", parameter="attributes")
    return content


def _kind(given: Mapping[str, Any]) -> str:
    """The object type by name, RDF type, or FDO type as IRI or PID."""
    said = str(given.get("type", ""))
    for name in KINDS:
        known = OBJECT_TYPES[name]
        iri = known.fdo_type
        if said in (name, known.rdf_type, iri, iri.removeprefix("https://doi.org/")):
            return name
    types = ", ".join(f"{name} ({OBJECT_TYPES[name].fdo_type})" for name in KINDS)
    raise InvalidInput(f"type is {said[:100]!r}; there are {types}.", parameter="type")


def _seen(request: Request, given: Mapping[str, Any], document: Mapping[str, Any]) -> int | None:
    """The version that the caller changed: as an attribute, or as it stands in what was read."""
    attributes = given.get("attributes")
    read = attributes.get("version") if isinstance(attributes, Mapping) else None
    said = (
        request.attributes.get("version"),
        read,
        document.get("ods:version"),
        document.get("schema:version"),
    )
    for value in said:
        if value is not None:
            return whole_number(value, "version")
    return None


def _deposit(objects: DigitalObjects, by: Token, note: Callable[[Deviation], None]) -> Deposit:
    site = objects.site
    return Deposit(site.objects, by.agent, site.settings.reject_profiles, note)


def _curation(objects: DigitalObjects, by: Token) -> Curation:
    site = objects.site
    return Curation(site.objects, by.agent, site.settings.reject_profiles)


def _kept(objects: DigitalObjects, event: Recorded, file: bytes | None, by: Token) -> Response:
    """The object as it is now, its file taken in where one came.

    The object is recorded by then, and stays: where its file cannot be kept, the answer is the
    object all the same, and says so. Files are a cache (0059), and the next Update may bring it.
    """
    told = {} if file is None else _taken_in(objects, event.pid, file, by)
    return Response((objects.whole(event, objects.log.head(event.pid)),), told)


def _saying(response: Response, mended: Sequence[Deviation]) -> Response:
    """The response with what was mended of the document before it was looked at: how much, and
    where that began."""
    if not mended:
        return response
    places = [one.pointer[:POINTER] for one in mended[:MENDED]]
    told = {"deviations": len(mended), "mended": places}
    return replace(response, attributes={**response.attributes, **told})


def _taken_in(objects: DigitalObjects, pid: Pid, file: bytes, by: Token) -> dict[str, str]:
    """Keep a file; what the answer says of it where that fails."""
    try:
        objects.files.receive(pid, file, by.agent)
    except (CollectomeError, OSError, sqlite3.Error) as failure:
        logging.getLogger("collectome").error("The file of %s was not kept", pid, exc_info=failure)
        return {
            "fileNotKept": f"{pid} is recorded, but its file could not be kept here. Send it again "
            "with Update; until then it is fetched from its ac:accessURI."
        }
    return {}
