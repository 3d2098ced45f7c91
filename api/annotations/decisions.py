"""What curators decide about annotations, and how their makers end them.

    POST /api/annotations/{pid}/accept | reject | settle        curators of the institution
    POST /api/annotations/{pid}/withdraw | supersede            its maker too

A single decision may name the version that was looked at (If-Match); then a later one is refused
with 412. Accepting makes a new version of the object, which names annotator and approver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Response
from pydantic import BaseModel, ConfigDict, Field

from api.annotations.rights import admit_change, admit_decision, annotation, approver
from api.objects.preconditions import document_etag, version_seen
from api.security import Token, require
from api.site import Site
from fdo.errors import CollectomeError, InvalidDocument, Refused
from fdo.identifiers import Pid
from handlers.annotations import Annotations, Decision

MOST = 1_000
"""The most annotations that are decided by one request."""

Verb = Literal["accept", "reject", "keep", "yield"]
VERBS: tuple[Verb, ...] = ("accept", "reject", "keep", "yield")
"""Of pending ones accept and reject; of conflicts keep (the accepted change) and yield (to what
the source says)."""

Curator = Annotated[Token, Depends(require("curator"))]
Maker = Annotated[Token, Depends(require("curator", "agent"))]
IfMatch = Annotated[
    str | None, Header(description="ETag of the version that was looked at; any when left out.")
]


class Reason(BaseModel):
    """Why, for everybody to read."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field("", max_length=2_000, description="For everybody to read.")


class Why(Reason):
    """Why, which must be said."""

    reason: str = Field(min_length=1, max_length=2_000, description="For everybody to read.")


class Settling(Reason):
    """How a conflict ends."""

    keep: bool = Field(description="true: the change stays; false: the source's value holds.")


class Succession(Why):
    """Which annotation takes the place."""

    successor: str = Field(
        max_length=200, description="PID of the annotation that takes its place."
    )


class Decided(BaseModel):
    """What was recorded."""

    pid: str = Field(description="PID of the annotation.")
    version: int = Field(description="Its version now.")
    what: str = Field(description="accepted, rejected, settled, withdrawn or superseded.")
    event: int = Field(description="Number of the event.")
    target: str | None = Field(None, description="PID of the object that changed, if one did.")
    target_version: int | None = Field(
        None, description="The version that the decision made of it."
    )


class Item(BaseModel):
    """What became of one annotation of many."""

    pid: str = Field(description="PID of the annotation.")
    what: str = Field(description="accepted, rejected, settled or refused.")
    version: int | None = Field(None, description="Its version now.")
    detail: str = Field("", description="Why it was refused.")


class Report(BaseModel):
    """What became of many annotations."""

    decision: Verb
    done: int
    refused: int
    left: int = Field(
        0,
        description="Annotations that were selected and are more than one request "
        "decides; send it again.",
    )
    others: int = Field(
        0, description="Annotations that were selected and are for curators of other institutions."
    )
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Desk:
    """The hands of those who decide, at one site."""

    site: Site

    @property
    def hands(self) -> Annotations:
        """What is done to annotations."""
        return Annotations(self.site.objects, self.site.settings.reject_profiles)

    def decide(
        self, verb: Verb, pid: str, by: Token, reason: str, upto: int | None = None
    ) -> Decision:
        """One decision about the current version; refused where the token may not decide, and
        where the version is newer than the event `upto`."""
        event = annotation(pid, self.site.objects.log)
        admit_decision(by, event, self.site.objects.log)
        if upto is not None and event.position > upto:
            raise Refused(f"{event.pid} has changed since you looked at it; look at it again.")
        match verb:
            case "accept":
                return self.hands.accept(event.pid, approver(by), reason)
            case "reject":
                return self.hands.reject(event.pid, approver(by), reason)
            case "keep" | "yield":
                return self.hands.settle(event.pid, verb == "keep", approver(by), reason)

    def decide_many(
        self, verb: Verb, pids: Sequence[str], by: Token, reason: str, upto: int | None = None
    ) -> Report:
        """The same decision about each; what fails is told and keeps no other back. `upto`: the
        event by which they were looked at; what changed since is left undecided."""
        items = [self._one(verb, pid, by, reason, upto) for pid in dict.fromkeys(pids)]
        refused = sum(item.what == "refused" for item in items)
        return Report(decision=verb, done=len(items) - refused, refused=refused, items=items)

    def _one(self, verb: Verb, pid: str, by: Token, reason: str, upto: int | None) -> Item:
        try:
            decision = self.decide(verb, pid, by, reason, upto)
        except InvalidDocument as bad:
            told = "; ".join(sentence for _, sentence in bad.pointers[:3]) or bad.message
            return Item(pid=pid, what="refused", detail=told)
        except CollectomeError as bad:
            return Item(pid=pid, what="refused", detail=bad.message)
        return Item(pid=str(decision.pid), what=decision.what, version=decision.version)


def decisions_router(site: Site) -> APIRouter:
    """The routes by which annotations are decided and ended."""
    router = APIRouter(prefix="/api", tags=["annotations"])
    log, desk = site.objects.log, Desk(site)

    def seen(if_match: str | None, pid: Pid) -> int | None:
        return None if if_match is None else version_seen(if_match, pid, log)

    def admitted(pid: str, by: Token, if_match: str | None) -> tuple[Pid, int | None]:
        """An annotation about which this token may decide, and the version that it saw."""
        event = annotation(pid, log)
        admit_decision(by, event, log)
        return event.pid, seen(if_match, event.pid)

    def told(decision: Decision, response: Response) -> Decided:
        response.headers["ETag"] = document_etag(log.latest(decision.pid)).decode()
        changed = decision.target if decision.target_version else None
        return Decided(
            pid=str(decision.pid), version=decision.version, what=decision.what,
            event=decision.position, target=str(changed) if changed else None,
            target_version=decision.target_version,
        )  # fmt: skip

    @router.post("/annotations/{pid:path}/accept")
    def accept(
        pid: str, body: Reason, by: Curator, response: Response, if_match: IfMatch = None
    ) -> Decided:
        """Approve a proposed change and carry it out as a new version of the object."""
        name, expected = admitted(pid, by, if_match)
        return told(desk.hands.accept(name, approver(by), body.reason, expected), response)

    @router.post("/annotations/{pid:path}/reject")
    def reject(
        pid: str, body: Why, by: Curator, response: Response, if_match: IfMatch = None
    ) -> Decided:
        """Decide against a proposed change, with a reason."""
        name, expected = admitted(pid, by, if_match)
        return told(desk.hands.reject(name, approver(by), body.reason, expected), response)

    @router.post("/annotations/{pid:path}/settle")
    def settle(
        pid: str, body: Settling, by: Curator, response: Response, if_match: IfMatch = None
    ) -> Decided:
        """End the conflict of an accepted change with its source."""
        name, _ = admitted(pid, by, if_match)
        return told(desk.hands.settle(name, body.keep, approver(by), body.reason), response)

    @router.post("/annotations/{pid:path}/withdraw")
    def withdraw(
        pid: str, body: Why, by: Maker, response: Response, if_match: IfMatch = None
    ) -> Decided:
        """Take an annotation back; of an accepted one also its change."""
        event = annotation(pid, log)
        admit_change(by, event, log)
        expected = seen(if_match, event.pid)
        return told(desk.hands.withdraw(event.pid, body.reason, by.agent, expected), response)

    @router.post("/annotations/{pid:path}/supersede")
    def supersede(
        pid: str, body: Succession, by: Maker, response: Response, if_match: IfMatch = None
    ) -> Decided:
        """End an annotation in favour of another one."""
        event = annotation(pid, log)
        successor = annotation(body.successor, log)
        admit_change(by, event, log)
        expected = seen(if_match, event.pid)
        return told(
            desk.hands.supersede(event.pid, successor.pid, body.reason, by.agent, expected),
            response,
        )

    return router
