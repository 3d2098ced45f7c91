"""Models of services over HTTP, with their training sets and evaluations.

    GET  /api/models                                 all, and what became of their suggestions
    POST /api/models                                 register one (curators): kind by @type
    GET  /api/models/{prefix}/{suffix}               one
    PUT  /api/models/{prefix}/{suffix}               a new version, with If-Match
    POST /api/models/{prefix}/{suffix}/evaluations   measure what curators made of its suggestions

The document of each is at its PID, as of every object.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, Field

from api.annotations.asking import view_of
from api.mas.services import Curator, IfMatch, unlimited
from api.mas.shown import refusals
from api.objects.preconditions import document_etag, version_seen
from api.site import Site
from eventstore.envelope import Recorded
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.learning import KINDS, Learning, known_in
from handlers.projections.annotations import AnnotationQuery, Tally

Form = Annotated[
    dict[str, Any],
    Body(
        description="fair4ml:MLModel, schema:Dataset or fair4ml:MLModelEvaluation, as /schemas "
        "has them; PID, version and dates are set here."
    ),
]


class Suggestions(BaseModel):
    """What became of the changes that a model proposed."""

    proposed: int
    accepted: int
    rejected: int
    pending: int
    acceptance_rate: float | None = Field(description="Accepted among decided.")


class LearningShown(BaseModel):
    """A model, a training set or an evaluation."""

    pid: str
    url: str
    kind: str = Field(description=f"{', '.join(KINDS)}.")
    name: str
    version: int
    active: bool
    document: dict[str, Any]
    suggestions: Suggestions | None = Field(None, description="Of a model, when all are listed.")


class Models(BaseModel):
    """All that is registered, in order of kind and name."""

    items: list[LearningShown]


def models_router(site: Site) -> APIRouter:
    """The routes under /api/models."""
    router = APIRouter(prefix="/api/models", tags=["machine annotation"])
    objects = site.objects

    def told(event: Recorded, response: Response) -> LearningShown:
        response.headers["ETag"] = document_etag(event).decode()
        response.headers["Location"] = f"{site.base}/api/models/{event.pid}"
        return _shown(event, site.base)

    @router.get("")
    def listed() -> Models:
        """Models, training sets and evaluations, the withdrawn ones included."""
        return Models(items=listed_models(site))

    @router.post("", status_code=201, responses=refusals(409))
    def register(form: Form, by: Curator, response: Response) -> LearningShown:
        """Register a model, a training set or an evaluation."""
        unlimited(by)
        return told(Learning(objects, by.agent).register(form), response)

    @router.get("/{prefix}/{suffix}")
    def one(prefix: str, suffix: str, response: Response) -> LearningShown:
        """One of them."""
        pid = Pid.parse(f"{prefix}/{suffix}")
        return told(known_in(objects.log, pid), response)

    @router.put("/{prefix}/{suffix}", responses=refusals(409))
    def revise(
        prefix: str, suffix: str, form: Form, by: Curator, response: Response,
        if_match: IfMatch = None,
    ) -> LearningShown:  # fmt: skip
        """Replace one by a new version, if the caller saw the current one."""
        unlimited(by)
        pid, hands = Pid.parse(f"{prefix}/{suffix}"), Learning(objects, by.agent)
        known_in(objects.log, pid)
        seen = version_seen(if_match, pid, objects.log)
        return told(hands.revise(pid, form, seen), response)

    @router.post("/{prefix}/{suffix}/evaluations", responses=refusals(409))
    def evaluate(prefix: str, suffix: str, by: Curator, response: Response) -> LearningShown:
        """Record how many of a model's suggestions were accepted; again, as a new version."""
        unlimited(by)
        pid = Pid.parse(f"{prefix}/{suffix}")
        return told(Learning(objects, by.agent).evaluate(pid, view_of(site)), response)

    return router


def listed_models(site: Site) -> list[LearningShown]:
    """All that is registered, in order of kind and name, with what became of suggestions."""
    log, view = site.objects.log, site.views.annotations
    pids = {pid for kind in KINDS for pid in log.of_no_source(kind)}
    heads = log.heads_of(sorted(pids))
    events = log.events_at(head.position for head in heads)
    tallies = {t.value: t for t in view.tallies("model", AnnotationQuery())} if view else {}
    found = [_shown(event, site.base, tallies.get(str(event.pid))) for event in events.values()]
    return sorted(found, key=lambda one: (KINDS.index(one.kind), one.name, one.pid))


def _shown(event: Recorded, base: str, tally: Tally | None = None) -> LearningShown:
    return LearningShown(
        pid=str(event.pid),
        url=f"{base}/{event.pid}",
        kind=event.type,
        name=str(event.document.get("schema:name", "")),
        version=event.version,
        active=event.status is Status.ACTIVE,
        document=event.document,
        suggestions=tally and suggestions(tally),
    )


def suggestions(tally: Tally) -> Suggestions:
    """What a tally says of a model."""
    return Suggestions(
        proposed=tally.proposed,
        accepted=tally.accepted,
        rejected=tally.rejected,
        pending=tally.pending,
        acceptance_rate=None if tally.acceptance is None else round(tally.acceptance, 4),
    )
