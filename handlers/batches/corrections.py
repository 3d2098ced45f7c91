"""Corrections go back: what was accepted here and its source does not say yet.

One row is one accepted change of one object: where, from what, to what, who proposed it on which
evidence, who accepted it, and how it stands with the source since. The rows of a source system
are read from the annotations view and told from the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import orjson

from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.annotation.life import REMARKS, Edit, edit_of, state_of
from fdo.annotation.paths import text
from fdo.errors import InvalidDocument, NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations import credit
from handlers.projections.annotations import AnnotationQuery, Annotations
from ontologies.terms import iri

KIND: Final = "source-system"
_PAGE: Final = 500

Standing = Literal["applied", "conflict", "adopted", "dropped"]
"""The source still says what it said; says a third thing; says the same now; the change is no
longer in force, because its place is gone or a person took the source's value."""


Correction = dict[str, str]
"""One accepted change, as its source needs it: column → cell."""

COLUMNS: Final = (
    "catalogNumber", "occurrenceID", "physicalSpecimenID", "accessURI", "pid", "objectType",
    "term", "termIRI", "path", "action", "oldValue", "newValue", "state", "annotation",
    "annotationVersion", "comment", "references", "score", "annotator", "annotatorID", "proposed",
    "approver", "approverID", "accepted", "reason",
)  # fmt: skip


class Corrections:
    """The accepted changes of one source system's objects."""

    def __init__(self, log: Log, view: Annotations, source: Pid) -> None:
        """NotFound, where the PID is no source system's."""
        if log.head(source).type != KIND:
            raise NotFound(
                f"{source} is no source system; /api/source-systems answers for those only.",
                pid=str(source),
            )
        self._log, self._view, self.source = log, view, source

    @property
    def name(self) -> str:
        """The name of the source system, for people."""
        document = self._log.latest(self.source).document
        return str(document.get("schema:name", self.source))

    def read(self, since: str = "") -> Iterator[Correction]:
        """Accepted changes in the order in which they were proposed; `since`: accepted on or
        after this day or instant (text of a time in UTC)."""
        cursor: str | None = None
        query = AnnotationQuery.parse(
            {"dataset": [str(self.source)], "state": ["accepted"], "sort": ["oldest"]}
        )
        while True:
            page = self._view.find(query, cursor, _PAGE)
            yield from self._told([each.row.pid for each in page.found], since)
            cursor = page.next_cursor
            if cursor is None:
                return

    def _told(self, pids: Sequence[str], since: str) -> Iterator[Correction]:
        heads = {str(head.pid): head for head in self._log.heads_of(pids)}
        events = self._log.events_at(head.position for head in heads.values())
        for pid in pids:
            event = events[heads[pid].position]
            edit = _edit(event)
            if edit is None or event.document["ods:mergingStateChangeDate"] < since:
                continue
            target = self._log.latest(edit.target)
            if target.status is Status.ACTIVE:  # what is not public is not told
                yield correction(event, edit, target)


def _edit(event: Recorded) -> Edit | None:
    """The change of an annotation that stands accepted now."""
    if state_of(event.status, event.document) != "accepted":
        return None
    try:
        return edit_of(event.document)
    except InvalidDocument:
        return None  # erased since


def correction(event: Recorded, edit: Edit, target: Recorded) -> Correction:
    """The row of an accepted change."""
    said, document = event.document, target.document
    numbers = dict(credit.identifiers(document))
    key = next((step for step in reversed(edit.path) if isinstance(step, str)), "")
    maker = _first(said.get("dcterms:creator"))
    approver = said.get("ods:hasMergingStateChangedBy") or {}
    bodies = [body for body in said.get("oa:hasBody", ()) if isinstance(body, dict)]
    return {
        "catalogNumber": numbers.get("dwc:catalogNumber", ""),
        "occurrenceID": numbers.get("dwc:occurrenceID", ""),
        "physicalSpecimenID": str(document.get("ods:physicalSpecimenID", "")),
        "accessURI": str(document.get("ac:accessURI", "")),
        "pid": edit.target.iri,
        "objectType": target.type,
        "term": key,
        "termIRI": iri(key),
        "path": text(edit.path),
        "action": edit.motivation.partition(":")[2],
        "oldValue": _plain(said.get("col:sourceValue")),
        "newValue": " | ".join(_text(value.raw) for value in edit.values),
        "state": str(said.get("col:overlayState", "applied")),
        "annotation": event.pid.iri,
        "annotationVersion": event.pid.version_iri(event.version),
        "comment": " ".join(_remarks(bodies)),
        "references": " ".join(
            str(body["dcterms:references"]) for body in bodies if "dcterms:references" in body
        ),
        "score": " ".join(str(body["ods:score"]) for body in bodies if "ods:score" in body),
        "annotator": str(maker.get("schema:name", "")),
        "annotatorID": str(maker.get("schema:identifier", maker.get("@id", ""))),
        "proposed": str(said.get("dcterms:created", "")),
        "approver": str(approver.get("schema:name", "")),
        "approverID": str(approver.get("schema:identifier", "")),
        "accepted": str(said.get("ods:mergingStateChangeDate", "")),
        "reason": str(said.get("col:decisionReason", "")),
    }


def _remarks(bodies: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for body in bodies:
        if not REMARKS.isdisjoint(body.get("oa:hasPurpose", ())):
            yield str(body.get("rdf:value", ""))


def _first(agents: Any) -> Mapping[str, Any]:
    return agents[0] if isinstance(agents, list) and agents else {}


def _plain(written: Any) -> str:
    """A value that is kept as JSON, as people read it."""
    if written is None:
        return ""
    return _text(orjson.loads(written))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
