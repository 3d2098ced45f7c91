"""The ends of objects, the way back and erasure over HTTP.

    POST /api/objects/{pid}/tombstone | restore | merge | split      curators of the holder
    POST /api/objects/{pid}/erase                                    admins

A change names the version that it is a change of, by If-Match (see `api.objects.preconditions`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from api.annotations.waiting import waiting_in
from api.objects.preconditions import document_etag, version_seen
from api.security import Forbidden, Token, require
from api.site import Site
from eventstore.envelope import Recorded, iso
from eventstore.log import unknown
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.batches.store import Batches
from handlers.curation import Curation
from handlers.harvest import reports
from handlers.media import FOLDER, forget

Curator = Annotated[Token, Depends(require("curator"))]
Admin = Annotated[Token, Depends(require("admin"))]
IfMatch = Annotated[str | None, Header(description="ETag of the version that is changed.")]
PARTS = 100
"""The most objects that one may be split into."""


class Why(BaseModel):
    """Why it is done."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=1, max_length=2_000, description="For everybody to read.")


class Return(BaseModel):
    """Why an object comes back."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field("", max_length=2_000, description="For everybody to read.")


class Into(Why):
    """Which object remains."""

    into: str = Field(max_length=200, description="PID of the successor.")


class Parts(Why):
    """Which objects it was."""

    parts: list[Annotated[str, Field(max_length=200)]] = Field(
        min_length=1, max_length=PARTS, description="PIDs of the parts."
    )


class Erasure(Why):
    """What is destroyed for ever; all versions where neither is named."""

    version: int | None = Field(None, ge=1, description="Only this version.")
    event: int | None = Field(None, ge=1, description="Only this event.")
    confirm: Literal[True] = Field(description="true: it cannot be undone.")


class Done(BaseModel):
    """What was recorded."""

    pid: str = Field(description="PID of the object.")
    version: int = Field(description="Its version now.")
    what: str = Field(description="The event, as `SpecimenTombstoned.v1`.")
    event: int = Field(description="Its number.")
    recorded_at: str = Field(description="When, RFC 3339.")
    erased: list[int] = Field(default_factory=list, description="Events whose bytes are gone.")


def lifecycle_router(site: Site) -> APIRouter:
    """The routes under /api/objects."""
    router = APIRouter(prefix="/api/objects", tags=["objects"])
    log = site.objects.log

    def curation(by: Token, pids: Iterable[Pid]) -> Curation:
        for pid in pids:
            admit(by, log.latest(pid))
        found = waiting_in(site.views.annotations, log)
        return Curation(site.objects, by.agent, site.settings.reject_profiles, found)

    def done(event: Recorded, response: Response) -> Done:
        response.headers["ETag"] = document_etag(log.latest(event.pid)).decode()
        return Done(
            pid=event.pid.iri, version=event.version, what=event.topic, event=event.position,
            recorded_at=iso(event.recorded_at), erased=list(event.erased),
        )  # fmt: skip

    @router.post("/{pid:path}/tombstone")
    def tombstone(
        pid: str, body: Why, by: Curator, response: Response, if_match: IfMatch = None
    ) -> Done:
        """Withdraw an object; its PID leads to the tombstone."""
        name = Pid.parse(pid)
        hands = curation(by, [name])
        seen = version_seen(if_match, name, log)
        return done(hands.tombstone(name, body.reason, seen), response)

    @router.post("/{pid:path}/restore")
    def restore(
        pid: str, body: Return, by: Curator, response: Response, if_match: IfMatch = None
    ) -> Done:
        """Bring a tombstoned object back as it was when it was last active."""
        name = Pid.parse(pid)
        hands = curation(by, [name])
        seen = version_seen(if_match, name, log)
        return done(hands.restore(name, body.reason, seen), response)

    @router.post("/{pid:path}/merge")
    def merge(
        pid: str, body: Into, by: Curator, response: Response, if_match: IfMatch = None
    ) -> Done:
        """Withdraw an object in favour of another of the same type."""
        name, into = Pid.parse(pid), Pid.parse(body.into)
        hands = curation(by, [name, into])
        seen = version_seen(if_match, name, log)
        return done(hands.merge(name, into, body.reason, seen), response)

    @router.post("/{pid:path}/split")
    def split(
        pid: str, body: Parts, by: Curator, response: Response, if_match: IfMatch = None
    ) -> Done:
        """Withdraw an object that turned out to be several."""
        name, parts = Pid.parse(pid), [Pid.parse(part) for part in body.parts]
        hands = curation(by, [name, *parts])
        seen = version_seen(if_match, name, log)
        return done(hands.split(name, parts, body.reason, seen), response)

    @router.post("/{pid:path}/erase")
    def erase(
        pid: str, body: Erasure, by: Admin, response: Response, if_match: IfMatch = None
    ) -> Done:
        """Destroy for ever what versions say; events, commitments and the PID stay."""
        name = Pid.parse(pid)
        version_seen(if_match, name, log)
        hands = Curation(site.objects, by.agent)
        chosen = hands.erasable(name, body.version, body.event)
        data = site.settings.data
        erased = hands.erase(chosen, body.reason, lambda: reports.forget(data, log.history(name)))
        forget(data / FOLDER, name)
        Batches(data).forget(str(name))
        return done(erased, response)

    return router


def admit(by: Token, event: Recorded) -> None:
    """A curator acts on the objects of the token's institution only, an admin on all. That there
    is a draft is not told to the others."""
    holder = event.document.get("ods:organisationID")
    if event.status is Status.DRAFT and not _is_for(by, holder):
        raise unknown(event.pid)
    admit_holder(by, holder, str(event.pid))


def admit_holder(by: Token, holder: str | None, what: str) -> None:
    """As `admit`, of what is held by an institution or is about to be."""
    if not _is_for(by, holder):
        raise Forbidden(
            f"{what} is held by {holder or 'nobody known'}; the token {by.name!r} is for "
            f"{by.organisation}."
        )


def _is_for(by: Token, holder: str | None) -> bool:
    return by.holder in (None, holder)
