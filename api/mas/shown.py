"""Services and jobs as the web shows them, and as services and clients of DiSSCo know jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from eventstore.envelope import iso, to_micros
from eventstore.log import Log
from fdo.errors import NotFound
from fdo.identifiers import PROXIES
from handlers.mas.dispatch import NO_ANSWER
from handlers.mas.services import Service
from handlers.mas.store import Row, State, Store

DISSCO: Mapping[State, str] = {
    "scheduled": "QUEUED",
    "queued": "SCHEDULED",
    "running": "RUNNING",
    "completed": "COMPLETED",
    "failed": "QUEUED",
    "dead": "FAILED",
}
"""The states of DiSSCo: what was handed over is scheduled there, what waits here is queued."""


TROUBLED = "It gets no jobs now; those who run services are told why."
"""What everybody else is told."""

_REFUSALS = {
    403: "Only the PID is public, or the token may not",
    409: "Another service bears the name, or the object or the service is not in a state for it",
    410: "The object was withdrawn",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Answers of a route beside those of every route, for its description."""
    content: dict[str, Any] = {"application/problem+json": {}}
    return {one: {"description": _REFUSALS[one], "content": content} for one in statuses}


class ServiceShown(BaseModel):
    """A service and how its jobs stand."""

    pid: str = Field(description="PID, without proxy.")
    url: str = Field(description="Its page and document.")
    name: str
    version: int
    active: bool = Field(description="false: it was withdrawn.")
    description: str | None
    queue: str = Field(description="How it gets its work: nats, rabbitmq, http.")
    topic: str
    works_on: list[str] = Field(serialization_alias="worksOn")
    triggers: list[str]
    motivations: list[str]
    gpu: str = Field(description="Whether its workers need a GPU: none, optional, required.")
    replicas: int = Field(description="Workers at most.")
    model: str | None
    jobs: dict[str, int] = Field(description="State → number.")
    refused: dict[str, int] = Field(
        description="Why jobs were not made → how often: own-output, depth, budget."
    )
    trouble: str = Field(
        description="Whether it gets no jobs now, and why, for who runs services; empty: it does."
    )


class Services(BaseModel):
    """All services."""

    services: list[ServiceShown]


class Remark(BaseModel):
    """A line of the log of a job."""

    at: str
    said: str


class JobShown(BaseModel):
    """A job."""

    id: str = Field(description="Its Handle, without proxy.")
    iri: str
    url: str
    state: State
    service: str
    target: str
    version: int = Field(description="Of the target, that the service works on.")
    kind: str = Field(
        description="What made it: registered, changed, annotated, request, backfill."
    )
    cause: int = Field(description="The event of the log that led to it.")
    root: int = Field(description="The first event of the chain of services that led to it.")
    depth: int = Field(description="Its place in that chain; 1: the first.")
    annotation: str | None = Field(description="The annotation that led to it.")
    requested_by: str | None = Field(serialization_alias="requestedBy")
    attempts: int
    scheduled: str
    due: str | None = Field(description="When it is tried again.")
    started: str | None
    ended: str | None
    error: str
    annotations: int = Field(description="How many it made.")


class JobDetail(JobShown):
    """A job with its place, its log and what it made."""

    ahead: int | None = Field(description="Jobs of the service that go before; null: it ended.")
    log: list[Remark]
    created: list[str] = Field(description="PIDs of the annotations that it made.")
    duplicates: list[str] = Field(description="PIDs of annotations that said the same before.")


class Jobs(BaseModel):
    """A page of jobs, newest first."""

    jobs: list[JobShown]
    next: str | None = Field(description="Address of the next page.")


def service_shown(
    service: Service,
    document: Mapping[str, Any],
    base: str,
    store: Store,
    counts: Mapping[str, Mapping[str, int]],
    *,
    told: bool,
) -> ServiceShown:
    """A service for people and programs; `told`: for those who run services. Why one gets no jobs
    names folders and hosts, which are nobody else's."""
    pid, troubles = str(service.pid), store.troubles() if service.active else {}
    trouble = troubles.get(pid) or troubles.get(service.queue, "")
    return ServiceShown(
        pid=pid,
        url=f"{base}/{pid}",
        name=service.name,
        version=service.version,
        active=service.active,
        description=document.get("schema:description"),
        queue=service.queue,
        topic=service.topic,
        works_on=list(service.works_on),
        triggers=list(service.triggers),
        motivations=list(service.motivations),
        gpu=service.gpu,
        replicas=service.replicas,
        model=service.model,
        jobs=dict(counts.get(pid, {})),
        refused=store.refusals(pid),
        trouble=trouble if told or not trouble else TROUBLED,
    )


def job_shown(row: Row, base: str) -> JobShown:
    """A job in short."""
    return JobShown(**_said(row, base))


def job_detail(row: Row, base: str, store: Store, log: Log) -> JobDetail:
    """A job in full."""
    created, duplicates = _made(row, log)
    ended = row.state in ("completed", "dead")
    return JobDetail(
        **_said(row, base),
        ahead=None if ended else store.ahead(row),
        log=_log(row, store),
        created=created,
        duplicates=duplicates,
    )


def job_record(row: Row, service: Service) -> dict[str, Any]:
    """A job in the words of DiSSCo."""
    return {
        "id": row.id,
        "type": "MachineJobRecord",
        "attributes": {
            "jobHandle": f"{PROXIES['handle']}{row.id}",
            "masId": row.service,
            "targetId": row.target,
            "state": DISSCO[row.state],
            "timeScheduled": _when(row.scheduled_at),
            "timeStarted": _when(row.started_at),
            "timeCompleted": _when(row.ended_at),
            "batchingRequested": bool(row.batching),
            "timeToLive": int(service.ttl_s),
            "error": _error(row),
            "errorMessage": row.error or None,
            "annotationCount": row.annotations,
        },
    }


def _error(row: Row) -> str | None:
    """The kind of a failure in the words of DiSSCo."""
    if row.state != "dead":
        return None
    return "TIMEOUT" if row.error.startswith(NO_ANSWER) else "MAS_EXCEPTION"


def found(store: Store, id: str) -> Row:
    """The job of a Handle; NotFound says where jobs are listed."""
    row = store.job(id) if store.there else None
    if row is None:
        raise NotFound(f"There is no job {id}; /api/jobs lists those there are.")
    return row


def _said(row: Row, base: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "iri": f"{PROXIES['handle']}{row.id}",
        "url": f"{base}/api/jobs/{row.id}",
        "state": row.state,
        "service": row.service,
        "target": row.target,
        "version": row.version,
        "kind": row.kind,
        "cause": row.cause,
        "root": row.root,
        "depth": row.depth,
        "annotation": row.annotation,
        "requested_by": row.requested_by,
        "attempts": row.attempt,
        "scheduled": _when(row.scheduled_at),
        "due": _when(row.due) if row.due else None,
        "started": _when(row.started_at),
        "ended": _when(row.ended_at),
        "error": row.error,
        "annotations": row.annotations,
    }


def _log(row: Row, store: Store) -> list[Remark]:
    """What happened to a job, in order."""
    lines = [(row.scheduled_at, f"Scheduled by event {row.position} ({row.kind}).")]
    if row.sent_at:
        lines.append((row.sent_at, "Handed over to its service."))
    if row.started_at:
        lines.append((row.started_at, "Running."))
    if row.state == "completed" and row.ended_at:
        lines.append((row.ended_at, f"Completed; {row.annotations} new annotations."))
    lines += [(one.at, one.said) for one in store.remarks(row.id)]
    return [Remark(at=_when(at) or "", said=said) for at, said in sorted(lines)]


def _made(row: Row, log: Log) -> tuple[list[str], list[str]]:
    """What a job made, as the event of its end says."""
    if row.ended_by is None:
        return [], []
    told = log.event(row.ended_by).detail.get("jobs", ())
    mine: Mapping[str, Any] = next((one for one in told if one["id"] == row.id), {})
    return list(mine.get("annotations", ())), list(mine.get("duplicates", ()))


def _when(seconds: float | None) -> str | None:
    return None if seconds is None else iso(to_micros(datetime.fromtimestamp(seconds, UTC)))
