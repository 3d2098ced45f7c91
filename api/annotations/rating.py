"""Ratings: how useful somebody finds an annotation, from 1 to 5.

    POST /api/annotations/{pid}/ratings    {"stars": 4}

A rating is a fact: an annotation of its own on the annotation, motivated by `oa:assessing`, with
the number as its body. Each rater has one; the next one is a new version of it. Which one that is
follows from the claims of the five that the rater could have made first, so no view has to be up
to date for it.
"""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from api.annotations.rights import annotation
from api.annotations.speaking import admit, spend
from api.security import Forbidden, Token, require
from api.site import Site
from eventstore.envelope import Recorded
from fdo.agent import Agent
from fdo.annotation.identity import agent_id, content_key
from fdo.documents import Document
from fdo.errors import Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.annotations import Annotations, Outcome

STARS = range(1, 6)

Rater = Annotated[Token, Depends(require("curator", "agent"))]


class Stars(BaseModel):
    """A rating."""

    model_config = ConfigDict(extra="forbid")

    stars: int = Field(ge=1, le=5, strict=True, description="1 (no use) to 5 (very useful).")


class Rated(BaseModel):
    """What was recorded."""

    pid: str = Field(description="PID of the rating, an annotation itself.")
    version: int = Field(description="Its version: how often the rater changed it, plus one.")
    what: str = Field(description="created, revised or unchanged.")


def rating_router(site: Site) -> APIRouter:
    """The route that takes ratings."""
    router = APIRouter(prefix="/api/annotations", tags=["annotations"])

    @router.post("/{pid:path}/ratings", status_code=201)
    def rate(pid: str, body: Stars, by: Rater) -> Rated:
        """Rate an annotation from 1 to 5; a later rating replaces the earlier one."""
        event = annotation(pid, site.objects.log)
        draft = _draft(event.pid, body.stars, by.agent)
        admit(by, draft, site.objects.log.head(event.pid))
        spend(by, site.settings, len(orjson.dumps(draft)))
        hands = Annotations(site.objects, site.settings.reject_profiles)
        outcome = rated(hands, event, body.stars, by.agent, site)
        return Rated(pid=str(outcome.pid), version=outcome.version, what=outcome.what)

    return router


def rated(hands: Annotations, event: Recorded, stars: int, by: Agent, site: Site) -> Outcome:
    """Record the rating of somebody, or its next version."""
    if by.id in map(agent_id, event.document.get("dcterms:creator", ())):
        raise Forbidden(f"{event.pid} is your own; let others rate it.")
    drafts = {number: _draft(event.pid, number, by) for number in STARS}
    claims = [f"annotation:{content_key(draft)}" for draft in drafts.values()]
    held = sorted(site.objects.log.claimed(claims).values(), key=lambda head: head.position)
    standing = [head for head in held if head.status is Status.ACTIVE]
    if standing:
        return hands.revise(standing[-1].pid, drafts[stars], by).required()
    if held:
        raise Refused(
            f"Your rating {held[-1].pid} was withdrawn; a curator can restore it.",
            pid=str(held[-1].pid),
        )
    return hands.propose(drafts[stars], by).required()


def _draft(pid: Pid, stars: int, by: Agent) -> Document:
    return {
        "oa:motivatedBy": ["oa:assessing"],
        "oa:hasTarget": [{"@type": "oa:SpecificResource", "oa:hasSource": pid.iri}],
        "oa:hasBody": [
            {
                "@type": "oa:TextualBody",
                "rdf:value": str(stars),
                "dcterms:format": ["application/json"],
                "oa:hasPurpose": ["oa:assessing"],
            }
        ],
        "dcterms:creator": [{"@type": by.kind, "schema:identifier": by.id, "schema:name": by.name}],
    }
