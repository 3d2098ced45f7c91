"""Services by hand: registered, revised and withdrawn, from the form of openDS or from ours.

A form may leave out all that has a default. What the repository says itself (PID, version, dates,
type) is set here, whatever the sender wrote. A service keeps its name and its topic, by which
queues are called; another name is another service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, opends_time, to_moment
from fdo.agent import Agent
from fdo.catalogue import OBJECT_TYPES, claimable
from fdo.documents import Document
from fdo.errors import AlreadyRegistered, InvalidDocument, InvalidIdentifier, NotFound, Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Register, Revise, Status, Tombstone, stamped
from handlers.mas import filters
from handlers.mas.services import KIND, TTL_S, topic_of
from ontologies.schemas import explain, validator

NO_IMAGE = "n/a"
"""Of a service that comes in no container."""
FILTER = "ods:hasTargetDigitalObjectFilter"
_TOPIC = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
_SECRET = re.compile(r"(?i)(?:^|[_-])(?:api_?key|key|secret|password|passwd|token|credentials?)$")
_OURS = (
    "@id", "dcterms:identifier", "ods:hasTombstoneMetadata", "schema:dateCreated",
    "schema:dateModified", "schema:identifier", "schema:version",
)  # fmt: skip

Form = Mapping[str, Any]


class Registration:
    """The services of one repository in the hands of one person or program."""

    def __init__(self, objects: DigitalObjects, by: Agent) -> None:
        self._objects, self._by = objects, by

    def register(self, form: Form) -> Recorded:
        """A new service; AlreadyRegistered where its name or topic is taken."""
        pid = self._objects.reserve(KIND)
        document = self._document(self._completed(form), pid, 1)
        try:
            event = self._objects.handle(Register(document), pid=pid, kind=KIND, by=self._by)
        except AlreadyRegistered as taken:
            raise _taken(document, taken) from taken
        assert event is not None  # registering always is a fact
        return event

    def revise(self, pid: Pid, form: Form, expected: int | None = None) -> Recorded:
        """A new version of a service; the current one's event where the two say the same."""
        known = self._known(pid)
        draft = self._completed(form)
        draft["schema:creator"] = known.document.get("schema:creator", draft["schema:creator"])
        document = self._document(
            draft, pid, known.version + 1, created=known.document["schema:dateCreated"]
        )
        if known.status is Status.ACTIVE and claimable(KIND, document) != claimable(
            KIND, known.document
        ):
            raise Refused(
                f"{pid} keeps its name and its topic, by which its queue is called; register "
                "another service, and withdraw this one."
            )
        event = self._objects.handle(
            Revise(document), pid=pid, kind=KIND, by=self._by, expected=expected
        )
        return event or known

    def put(self, form: Form) -> Recorded:
        """The service of this name with this form: registered, or revised where it differs."""
        key = f"{KIND}:{_inner(form).get('schema:name')}"
        head = self._objects.log.claimed([key]).get(key)
        return self.revise(head.pid, form) if head else self.register(form)

    def retire(self, pid: Pid, reason: str, expected: int | None = None) -> Recorded:
        """Withdraw a service; what it made stays, its jobs end."""
        self._known(pid)
        if not reason.strip():
            raise Refused("Say why: the reason is shown to everybody who resolves the PID.")
        command = Tombstone(reason.strip(), self._node, self._now)
        event = self._objects.handle(command, pid=pid, kind=KIND, by=self._by, expected=expected)
        assert event is not None  # a tombstone always is a fact
        return event

    def _known(self, pid: Pid) -> Recorded:
        event = self._objects.log.latest(pid)
        if event.type != KIND:
            raise NotFound(f"{pid} is a {event.type}, not a machine-annotation service.")
        return event

    def _completed(self, form: Form) -> Document:
        """The form with all that it leaves out."""
        known = OBJECT_TYPES[KIND]
        draft: Document = {k: v for k, v in _inner(form).items() if k not in _OURS}
        draft |= {"@type": known.rdf_type, "ods:fdoType": known.fdo_type, "ods:status": "Active"}
        draft.setdefault("schema:creator", self._node)
        name = draft.get("schema:name")
        if isinstance(name, str):
            draft.setdefault("ods:topicName", topic_of(name))
        draft.setdefault("ods:containerImage", NO_IMAGE)
        draft.setdefault("ods:containerTag", NO_IMAGE)
        draft.setdefault("ods:batchingPermitted", False)
        draft.setdefault("ods:timeToLive", TTL_S)
        draft.setdefault("col:queue", _queue(draft))
        return draft

    def _document(
        self, draft: Document, pid: Pid, version: int, created: str | None = None
    ) -> Document:
        document = stamped(draft, pid, version, modified=self._now, created=created)
        if not validator(KIND).is_valid(document):
            wrong = explain(KIND, document)
        else:
            wrong = [*_wrong(document), *self._wrong_model(document)]
        if wrong:
            told = "; ".join(f"{at}: {said.rstrip('.')}" for at, said in wrong[:3])
            raise InvalidDocument(f"This describes no service: {told}.", wrong)
        return document

    def _wrong_model(self, document: Document) -> Iterator[tuple[str, str]]:
        """A model under our own prefix has to be one."""
        try:
            pid = Pid.parse(document["col:model"])
        except (KeyError, InvalidIdentifier):
            return
        if pid.prefix in self._objects.prefixes.values():
            heads = self._objects.log.heads_of([str(pid)])
            if not heads or heads[0].type != "ml-model":
                yield "/col:model", f"{pid} is no model; register the model first."

    @property
    def _node(self) -> Document:
        by = self._by
        return {"@type": by.kind, "schema:identifier": by.id, "schema:name": by.name}

    @property
    def _now(self) -> str:
        return opends_time(to_moment(self._objects.clock()))


def _taken(document: Document, taken: AlreadyRegistered) -> AlreadyRegistered:
    """Which of its two names another service has, and what to do about it."""
    pid, term = taken.details.get("pid"), "schema:name"
    if str(taken.details.get("claim", "")).startswith("machine-annotation-topic:"):
        term = "ods:topicName"
    return AlreadyRegistered(
        f"{term} {document[term]!r} is that of the service {pid}; choose another, or revise that "
        "service.",
        **taken.details,
    )


def _inner(form: Form) -> Form:
    """The attributes of a request in the form of DiSSCo (`data`, `attributes`), or the form."""
    data = form.get("data")
    if isinstance(data, Mapping) and isinstance(data.get("attributes"), Mapping):
        inner: Form = data["attributes"]
        return inner
    return form


def _queue(draft: Form) -> str:
    """How a service gets its work, where it does not say: called where it has an endpoint, by
    RabbitMQ where it comes in a container as DiSSCo's do, else by our own queue."""
    if "col:endpoint" in draft:
        return "http"
    return "nats" if draft.get("ods:containerImage") in (None, NO_IMAGE) else "rabbitmq"


def _wrong(document: Document) -> Iterator[tuple[str, str]]:
    """What no schema can say."""
    if not _TOPIC.fullmatch(document["ods:topicName"]):
        yield (
            "/ods:topicName",
            ("A topic has 1 to 64 letters, digits, hyphens and underscores; it names a queue."),
        )
    for said in filters.breaches(document.get(FILTER, {})):
        yield f"/{FILTER}", said
    if document.get("col:autoAccept") and "col:autoAcceptScore" not in document:
        yield "/col:autoAcceptScore", "Say from which score on proposals are sure enough."
    if document["col:queue"] != "http" and "col:endpoint" in document:
        yield "/col:endpoint", "Only services over HTTP are called; leave it out."
    endpoint = document.get("col:endpoint", "https:")
    if not endpoint.startswith(("http:", "https:")):
        yield "/col:endpoint", "An endpoint begins with http:// or https://."
    if "@" in endpoint.partition("//")[2].partition("/")[0]:
        told = "This document is public for ever; calls are signed, and need no user or password."
        yield "/col:endpoint", told
    for place, one in enumerate(document.get("ods:hasEnvironmentalVariables", ())):
        if _SECRET.search(one["schema:name"]):
            yield (
                f"/ods:hasEnvironmentalVariables/{place}",
                (
                    f"{one['schema:name']} looks like a secret, and this document is public for "
                    "ever. Name it in ods:hasSecretVariables, with an ods:secretKeyRef."
                ),
            )
