"""Whom a service may follow: never its own answer, not too deep, and not without end.

An event that a job led to says so: an annotation by its job, the revision of a specimen by the
annotation that was accepted. Followed back to the nearest job, that gives the service which made
it, how many services stand in a row by now, and the event with which it all began.

    own-output   the nearest job is the service's own
    depth        more services would follow one another than the service allows (`col:maxDepth`)
    budget       so many jobs came of one first event that no more are made
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid
from handlers.mas.services import Service
from handlers.mas.store import Store

Refusal = Literal["own-output", "depth", "budget"]
FARTHEST = 16
"""Events that are followed back; longer chains of causes are none of services."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where an event comes from, as far as services had a part in it."""

    root: int
    """The event with which the chain began."""
    depth: int = 0
    """Services that stand between that event and this one."""
    service: str | None = None
    """PID of the one that led to it; None: no service did."""


def lineage(log: Log, store: Store, event: Recorded, known: Mapping[str, Service]) -> Lineage:
    """Where an event comes from; `known` are the services by their PID."""
    at = event
    for _ in range(FARTHEST):
        if (job := _job(at)) and (row := store.job(job)):
            return Lineage(row.root, row.depth, row.service)
        if service := _maker(at, known):
            return Lineage(at.position, 1, service)
        if at.cause is None:
            break
        at = log.event(at.cause)
    return Lineage(at.position)


def refusal(service: Service, came: Lineage, spent: int, budget: int) -> Refusal | None:
    """Why the service may not follow an event; None: it may. `spent` jobs came of the first
    event of its chain already."""
    if came.service == str(service.pid):
        return "own-output"
    if came.depth >= service.max_depth:
        return "depth"
    return "budget" if spent >= budget else None


def _job(event: Recorded) -> str | None:
    """The job that an annotation names as its origin."""
    said = event.document.get("ods:jobID") if event.type == "annotation" else None
    try:
        return str(Pid.parse(said)) if isinstance(said, str) else None
    except InvalidIdentifier:
        return None


def _maker(event: Recorded, known: Mapping[str, Service]) -> str | None:
    """The service that recorded an event of itself, with a token of its own."""
    if event.type != "annotation":
        return None
    creators = event.document.get("dcterms:creator", ())
    said = [event.agent.id, *(one.get("@id") or one.get("schema:identifier") for one in creators)]
    for one in said:
        try:
            pid = str(Pid.parse(one)) if isinstance(one, str) else ""
        except InvalidIdentifier:
            continue
        if pid in known:
            return pid
    return None
