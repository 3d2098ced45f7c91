"""A machine-annotation service as the program reads it from its document.

The document is the truth (openDS 0.4 words and a few of our own); here every choice that it leaves
open has its default. Registering one is done in `handlers.mas.registration`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from eventstore.envelope import Recorded
from eventstore.log import Log, unknown
from fdo.agent import Agent
from fdo.documents import Document
from fdo.errors import Erased, NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.mas.filters import Filter

KIND = "machine-annotation-service"

Queue = Literal["nats", "rabbitmq", "http"]
Gpu = Literal["none", "optional", "required"]
WorksOn = Literal["specimen", "media", "annotation"]
Trigger = Literal["registered", "changed", "annotated", "request"]

MICRO_BATCH, WAIT_MS = 16, 50
LEASE_S, TTL_S = 120, 86_400
MAX_ATTEMPTS, MAX_DEPTH, REPLICAS = 3, 3, 1


@dataclass(frozen=True)
class Service:
    """A registered service, as one version of its document says."""

    pid: Pid
    version: int
    name: str
    topic: str
    """Name of the queue; `mas-{topic}-queue` in the contract."""
    queue: Queue = "nats"
    works_on: tuple[WorksOn, ...] = ("specimen",)
    triggers: tuple[Trigger, ...] = ("request",)
    filter: Filter = field(default_factory=lambda: Filter({}))
    motivations: tuple[str, ...] = ()
    """What its annotations may be for; empty: anything."""
    batching: bool = False
    """Whether it may ask for its answer to be copied to other objects."""
    micro_batch: int = MICRO_BATCH
    wait_ms: int = WAIT_MS
    lease_s: float | None = None
    """As its document says; None: as its jobs show."""
    ttl_s: float = TTL_S
    max_attempts: int = MAX_ATTEMPTS
    max_depth: int = MAX_DEPTH
    replicas: int = REPLICAS
    gpu: Gpu = "none"
    endpoint: str | None = None
    webhook_secret: str | None = None
    """Name of the secret that signs requests; never the secret."""
    model: str | None = None
    auto_accept: bool = False
    auto_accept_score: float = 1.0
    software_version: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Variable → name under which the secret store keeps its value."""
    active: bool = True

    @property
    def agent(self) -> Agent:
        """The service as the maker of its annotations."""
        return Agent(self.pid.iri, self.name, "schema:SoftwareApplication", "Annotator")

    @property
    def node(self) -> Document:
        """The same as a node of a document."""
        return {
            "@type": "schema:SoftwareApplication",
            "@id": self.pid.iri,
            "schema:identifier": self.pid.iri,
            "schema:name": self.name,
        }

    @property
    def lease(self) -> float:
        """Seconds for which one attempt may go without an answer: never beyond its life."""
        return min(self.lease_s or LEASE_S, self.ttl_s)

    @classmethod
    def of(cls, document: Mapping[str, Any], *, active: bool = True) -> Service:
        """The service of a document that its schema accepts."""
        said = document.get
        return cls(
            pid=Pid.parse(document["schema:identifier"]),
            version=document["schema:version"],
            name=document["schema:name"],
            topic=document["ods:topicName"],
            queue=said("col:queue", "nats"),
            works_on=tuple(said("col:worksOn", ("specimen",))),
            triggers=_triggers(document),
            filter=Filter(said("ods:hasTargetDigitalObjectFilter") or {}),
            motivations=tuple(said("oa:motivatedBy", ())),
            batching=document["ods:batchingPermitted"],
            micro_batch=said("col:microBatch", MICRO_BATCH),
            wait_ms=said("col:microBatchWaitMs", WAIT_MS),
            lease_s=said("col:leaseSeconds"),
            ttl_s=float(document["ods:timeToLive"]),
            max_attempts=said("col:maxAttempts", MAX_ATTEMPTS),
            max_depth=said("col:maxDepth", MAX_DEPTH),
            replicas=said("ods:maxReplicas", REPLICAS),
            gpu=said("col:gpu", "none"),
            endpoint=said("col:endpoint"),
            webhook_secret=said("col:webhookSecretKeyRef"),
            model=said("col:model"),
            auto_accept=bool(said("col:autoAccept", False)),
            auto_accept_score=float(said("col:autoAcceptScore", 1.0)),
            software_version=said("schema:softwareVersion"),
            variables={
                one["schema:name"]: str(one["schema:value"])
                for one in said("ods:hasEnvironmentalVariables", ())
            },
            secrets={
                one["schema:name"]: one["ods:secretKeyRef"]
                for one in said("ods:hasSecretVariables", ())
            },
            active=active,
        )


def service_of(event: Recorded) -> Service:
    """The service of its newest content event. Of one whose document was erased only the PID is
    left; it works no more, and what it was asked to do ends."""
    if is_erased(event):
        return Service(event.pid, event.version, str(event.pid), "", active=False)
    return Service.of(event.document, active=event.status is Status.ACTIVE)


def is_erased(event: Recorded) -> bool:
    """Whether an erasure took what a service is."""
    return "ods:topicName" not in event.document


def _triggers(document: Mapping[str, Any]) -> tuple[Trigger, ...]:
    """What makes jobs: as said, else as `ods:isIngestionCompatible` says; a request always does."""
    said = document.get("col:trigger")
    if said is None:
        said = ("registered", "changed") if document.get("ods:isIngestionCompatible") else ()
    return tuple(dict.fromkeys((*said, "request")))


def topic_of(name: str) -> str:
    """The topic of a service that names none."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64].strip("-")


def services(log: Log) -> Iterator[Service]:
    """All services of a log, the retired and erased ones included, in order of name."""
    heads = log.heads_of(log.of_no_source(KIND))
    events = log.events_at(head.position for head in heads)
    found = (service_of(events[head.position]) for head in heads)
    return iter(sorted(found, key=lambda service: (service.name, str(service.pid))))


def any_active(log: Log) -> bool:
    """Whether there is a service that works."""
    heads = log.heads_of(log.of_no_source(KIND))
    return any(head.status is Status.ACTIVE for head in heads)


def service_at(log: Log, pid: Pid) -> Service:
    """The service of a PID as it is now; NotFound where there is none, Erased where it was."""
    event = log.latest(pid)
    if event.status is Status.DRAFT:
        raise unknown(pid)
    if event.type != KIND:
        raise NotFound(f"{pid} is no machine-annotation service; /api/mas lists those there are.")
    if is_erased(event):
        raise Erased(
            f"What the machine-annotation service {pid} was is erased on a recorded decision; "
            f"/{pid}/history says when. /api/mas lists the services there are."
        )
    return Service.of(event.document, active=event.status is Status.ACTIVE)
