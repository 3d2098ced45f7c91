"""Paused harvests over HTTP: what is proposed, and a person's decision.

A harvest pauses when a known source suddenly speaks of unknown specimens in place of its known
ones (see `handlers.harvest.identity`). Approving, or taking the records as new, queues an
ingest job for the archive that was kept.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from api.ingest_jobs import Job, Jobs
from api.objects.lifecycle import admit_holder
from api.security import Token, require
from eventstore.application import DigitalObjects
from fdo.agent import Agent
from fdo.identifiers import Pid
from handlers.harvest.holders import holder_of
from handlers.harvest.identity import let_go, pause_named, pauses, settle

Curator = Annotated[Token, Depends(require("curator"))]


class Decision(BaseModel):
    """What a person decided about a paused harvest."""

    model_config = ConfigDict(extra="forbid")

    decision: Literal["approve", "reject", "as-new"] = Field(
        description="approve: the proposed pairs keep their PIDs; as-new: unknown records get new "
        "ones; reject: the harvest is left out."
    )


class Pause(BaseModel):
    """A paused harvest."""

    harvest: str = Field(description="Name of the harvest, for the addresses below.")
    source_system: str = Field(description="PID of the source system.")
    name: str = Field(description="Name of the dataset.")
    state: Literal["pending", "approve", "reject", "as-new"]
    paused_at: str
    counts: dict[str, int] = Field(description="known, missing, unknown and proposed records.")


class Proposals(Pause):
    """A paused harvest with its proposed pairs."""

    proposals: list[dict[str, Any]] = Field(
        description="new_id, pid and old_id of each pair, its score (0 to 1) and the evidence."
    )


class Decided(BaseModel):
    """The decision as recorded, and the job that takes the harvest in."""

    harvest: str
    state: Literal["approve", "reject", "as-new"]
    job: Job | None = None


def harvests_router(objects: DigitalObjects, workspace: Path, jobs: Jobs) -> APIRouter:
    """The routes of paused harvests; deciding needs the role curator."""
    router = APIRouter(prefix="/api/harvests", tags=["ingest"])

    @router.get("")
    def paused() -> list[Pause]:
        """Harvests that paused, and what was decided."""
        return [Pause.model_validate(pause) for pause in pauses(workspace, objects)]

    @router.get("/{harvest}/identity")
    def proposals(harvest: str) -> Proposals:
        """The pairs that are proposed for a paused harvest."""
        return Proposals.model_validate(pause_named(workspace, objects, harvest))

    @router.post("/{harvest}/identity")
    def decide(harvest: str, body: Decision, by: Curator, response: Response) -> Decided:
        """Decide; unless rejected, the harvest is queued for ingest, within what the token that
        asked for it and the one that decides may take in."""
        paused = pause_named(workspace, objects, harvest)
        source = Pid.parse(paused["source_system"])
        admit_holder(by, holder_of(objects, source), f"{paused['name']} ({source})")
        agent = Agent(by.agent.id, by.agent.name, "schema:Person", "Approver")
        pause = settle(workspace, objects, harvest, body.decision, agent)
        if body.decision == "reject":
            return Decided(harvest=harvest, state="reject")
        options = pause["options"]
        options["holder"] = by.holder or options.get("holder")
        job = jobs.queue_kept(pause["archive"], options, by.name)
        let_go(pause)  # the job has a copy, until it is done
        response.headers["Location"] = f"/api/ingest/{job.id}"
        return Decided(harvest=harvest, state=body.decision, job=job)

    return router
