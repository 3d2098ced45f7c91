"""Models, training sets and evaluations by hand, in terms of FAIR4ML, and what curators made of
a model's suggestions, measured here.

A model is one by its SHA-256, or by its name where it has none; a training set by its name, an
evaluation by its model and name. What the repository says itself (PID, version, dates) is set
here, whatever the sender wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, opends_time, to_moment
from eventstore.log import Log
from fdo.agent import Agent
from fdo.catalogue import OBJECT_TYPES, claimable, type_of
from fdo.documents import Document
from fdo.errors import InvalidDocument, InvalidIdentifier, NotFound, Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Register, Revise, Status, stamped
from handlers.projections.annotations import AnnotationQuery, Annotations
from ontologies.schemas import explain

MODEL, DATASET, EVALUATION = "ml-model", "ml-dataset", "ml-evaluation"
KINDS = (MODEL, DATASET, EVALUATION)
ACCEPTANCE = "Suggestions that curators accepted"
"""Name of the evaluation that the repository makes."""
_OURS = (
    "@id", "dcterms:created", "dcterms:identifier", "dcterms:modified",
    "ods:hasTombstoneMetadata", "ods:version",
)  # fmt: skip
_LINKS = {
    "col:model": MODEL,
    "fair4ml:fineTunedFrom": MODEL,
    "fair4ml:trainedOn": DATASET,
    "fair4ml:testedOn": DATASET,
    "fair4ml:validatedOn": DATASET,
    "fair4ml:evaluatedOn": DATASET,
}
"""Terms that name objects → of which type they are, where they are ours."""


class Learning:
    """The models of one repository in the hands of one person or program."""

    def __init__(self, objects: DigitalObjects, by: Agent) -> None:
        self._objects, self._by = objects, by

    def register(self, form: Mapping[str, Any]) -> Recorded:
        """A new model, training set or evaluation, by `@type`; AlreadyRegistered where it is
        known."""
        kind = kind_of(form)
        pid = self._objects.reserve(kind)
        document = self._document(kind, form, pid, 1, self._now)
        event = self._objects.handle(Register(document), pid=pid, kind=kind, by=self._by)
        assert event is not None  # registering always is a fact
        return event

    def revise(self, pid: Pid, form: Mapping[str, Any], expected: int | None = None) -> Recorded:
        """A new version with this document; the current one's event where both say the same."""
        known = known_in(self._objects.log, pid)
        if kind_of(form) != known.type:
            raise Refused(f"{pid} is a {known.type}; a revision keeps its type.")
        form = {"dcterms:creator": known.document.get("dcterms:creator"), **form}
        created = known.document["dcterms:created"]
        document = self._document(known.type, form, pid, known.version + 1, created)
        if known.status is Status.ACTIVE and claimable(known.type, document) != claimable(
            known.type, known.document
        ):
            raise Refused(
                f"{pid} stands for another {OBJECT_TYPES[known.type].label}: a revision keeps the "
                "SHA-256 or the name by which it is known. Register a new one."
            )
        event = self._objects.handle(
            Revise(document), pid=pid, kind=known.type, by=self._by, expected=expected
        )
        return event or known

    def put(self, form: Mapping[str, Any]) -> Recorded:
        """What bears this SHA-256 or name, with this document: registered, or revised where it
        differs."""
        keys = claimable(kind_of(form), dict(form)) or ()
        heads = self._objects.log.claimed(keys)
        return self.revise(next(iter(heads.values())).pid, form) if heads else self.register(form)

    def evaluate(self, model: Pid, view: Annotations) -> Recorded:
        """How many of a model's suggestions curators accepted, as an evaluation of it; measured
        again, a new version of that. Refused while nothing was decided."""
        event = known_in(self._objects.log, model)
        if event.type != MODEL:
            raise NotFound(f"{model} is a {event.type}, no model.", pid=str(model))
        at = view.position()
        found = view.tallies("model", AnnotationQuery.parse({"model": [str(model)]}), as_of=at)
        tally = found[0] if found else None
        if tally is None or tally.acceptance is None:
            waiting = tally.pending if tally else 0
            raise Refused(
                f"No suggestion of {model} was accepted or rejected yet; {waiting} wait for a "
                "decision. Measure it when some are decided."
            )
        decided = tally.accepted + tally.rejected
        form = {
            "@type": OBJECT_TYPES[EVALUATION].rdf_type,
            "schema:name": ACCEPTANCE,
            "schema:description": f"Of {decided} decided suggestions {tally.accepted} were "
            f"accepted and {tally.rejected} rejected; {tally.pending} waited.",
            "col:model": model.iri,
            "col:metric": "acceptance rate",
            "col:measured": round(tally.acceptance, 6),
            "col:objectCount": decided,
            "col:logPosition": at,
        }
        before = self._objects.log.claimed(claimable(EVALUATION, form) or ())
        for head in before.values():
            known = self._objects.log.latest(head.pid)
            same = ("schema:description", "col:measured")
            if known.status is Status.ACTIVE and all(known.document[k] == form[k] for k in same):
                return known
        return self.put(form)

    def _document(
        self, kind: str, form: Mapping[str, Any], pid: Pid, version: int, created: str
    ) -> Document:
        draft: Document = {key: value for key, value in form.items() if key not in _OURS}
        draft |= {"@type": OBJECT_TYPES[kind].rdf_type, "ods:status": "Active"}
        if not draft.get("dcterms:creator"):
            by = self._by
            draft["dcterms:creator"] = {
                "@type": by.kind, "schema:identifier": by.id, "schema:name": by.name,
            }  # fmt: skip
        document = stamped(draft, pid, version, modified=self._now, created=created)
        if wrong := explain(kind, document) or list(self._astray(document)):
            told = "; ".join(f"{at}: {said.rstrip('.')}" for at, said in wrong[:3])
            raise InvalidDocument(f"This is no {OBJECT_TYPES[kind].label}: {told}.", wrong)
        return document

    def _astray(self, document: Document) -> Iterator[tuple[str, str]]:
        """PIDs of ours that do not name what they should."""
        for term, kind in _LINKS.items():
            said = document.get(term, [])
            for iri in said if isinstance(said, list) else [said]:
                try:
                    pid = Pid.parse(iri)
                except InvalidIdentifier:
                    continue
                if pid.prefix in self._objects.prefixes.values():
                    heads = self._objects.log.heads_of([str(pid)])
                    if not heads or heads[0].type != kind:
                        yield f"/{term}", f"{pid} is no {OBJECT_TYPES[kind].label} of ours."

    @property
    def _now(self) -> str:
        return opends_time(to_moment(self._objects.clock()))


def known_in(log: Log, pid: Pid) -> Recorded:
    """The current version of a model, training set or evaluation; NotFound for others."""
    event = log.latest(pid)
    if event.type not in KINDS:
        raise NotFound(f"{pid} is a {event.type}, no model, training set or evaluation.")
    return event


def kind_of(form: Mapping[str, Any]) -> str:
    """Which of the three a document describes; InvalidDocument for any other."""
    found = type_of(dict(form))
    if found is None or found.name not in KINDS:
        told = ", ".join(OBJECT_TYPES[kind].rdf_type for kind in KINDS)
        raise InvalidDocument(f"@type is one of {told}.", [("/@type", f"This is one of {told}.")])
    return found.name
