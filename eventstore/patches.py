"""The patch of an event: N-Quads added and removed at its position.

Derived from the event's document and the one before it, never from a store (stores normalise
literals). A patch is effective: it adds only what was absent and removes only what was
present, so replay works forwards and, with the two swapped, backwards.

Graphs (decision 0010): the default graph holds the documents of active objects, and of
tombstoned and PID-only ones the FDO record; `RECORDS` holds the record's kernel, DOI state, MIDS
and conformance of all; `PROVENANCE` about ten quads an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from eventstore.confirmations import CONFIRMED, state_said
from eventstore.envelope import Recorded, iso
from eventstore.log import Log
from fdo.annotation.life import state_of
from fdo.documents import Document, identical
from fdo.errors import UNREADABLE
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.mids import Mids, assess, judged_alike
from fdo.record import attributes, kernel
from fdo.representations import mappable
from fdo.representations.nquads import triples
from fdo.representations.record import record_triples
from shacl.validate import Report, same_verdict, validate

RECORDS = "urn:collectome:graph:records"
PROVENANCE = "urn:collectome:graph:provenance"
META = "urn:collectome:graph:meta"

_ODS = "http://rs.dissco.eu/opends/terms/"
_PROV = "http://www.w3.org/ns/prov#"
_COL = "urn:collectome:vocab:"
_RDF_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_ACTIVITY = {
    "Registered": "Create",
    "Tombstoned": "Tombstone",
    "Merged": "Tombstone",
    "Divided": "Tombstone",
}


@dataclass(frozen=True, slots=True)
class Patch:
    """What one event changes in the graph, as N-Quads lines ending in ` .\\n`."""

    position: int
    added: list[str]
    removed: list[str]


def document_lines(event: Recorded) -> list[str]:
    """N-Triples lines of the event's document; [] where it has none. Derived once.

    Of a document that cannot be mapped whole, those of the terms that can be; see `unsaid`.
    """
    lines: list[str] | None = event.memo.get("lines")
    if lines is None:
        public = not event.operational and event.status in (Status.ACTIVE, Status.TOMBSTONE)
        lines = _lines(event, event.document) if public else []
        event.memo["lines"] = lines
    return lines


def _lines(event: Recorded, document: Document) -> list[str]:
    """Lines of the event's document, or of some of its terms. Nothing is asked beforehand, so only
    the document that cannot be mapped costs more."""
    try:
        return triples(document)
    except UNREADABLE:
        lines, refused = mappable.parts(document, event.pid.iri)
        _leave_out(event, refused)
        return lines


def unsaid(event: Recorded) -> Mapping[str, str]:
    """What the graph lacks of the event, and why: terms of its document that cannot be mapped
    (decision 0073). Nothing of what this release records."""
    if event.operational:
        asides(event)
    elif event.type == "specimen" and event.status is Status.ACTIVE:
        document_lines(event)  # both are asked for by others anyhow
        mids(event)
    else:
        state_lines(event)
    told: Mapping[str, str] = event.memo.get("unsaid", {})
    return told


def unsaid_anew(event: Recorded) -> Mapping[str, str]:
    """The same of a `revision` of a version that the graph tells whole: only what it revised can be
    lacking."""
    change: Revision = event.memo["revision"]
    if "midsLevel" not in change.alike:
        mids(event)
    told: Mapping[str, str] = event.memo.get("unsaid", {})
    return told


def _leave_out(event: Recorded, refused: Mapping[str, str]) -> None:
    event.memo.setdefault("unsaid", {}).update(refused)


@dataclass(frozen=True, slots=True)
class Revision:
    """Where two public versions of an object differ, in the terms of the document."""

    was: list[str]
    """N-Triples lines of those terms as they were; all others give equal lines."""
    now: list[str]
    alike: frozenset[str]
    """What is judged of both alike, whatever it is: `conforms`, `midsLevel`."""


def revision(event: Recorded, before: Recorded) -> Revision | None:
    """What the event revised, where it and the content event before it are both public; found once.

    What it is not alike in has to be looked at as a whole, which most revisions need not.
    """
    if not (before.status is event.status is Status.ACTIVE):
        return None
    known: Revision | None = event.memo.get("revision")
    if known is None:
        known = event.memo["revision"] = _compared(event, before)
    return known


def _compared(event: Recorded, before: Recorded) -> Revision:
    """Each line comes from one term of the document, so equal terms give equal lines."""
    old, new = before.document, event.document
    terms = [
        term
        for term in {**old, **new}
        if term != "dcterms:created" and not identical(old.get(term), new.get(term))
    ]
    alike = set[str]()
    with suppress(*UNREADABLE):
        if event.type != "specimen" or judged_alike(old, new, terms):
            alike.add("midsLevel")
    name = {"@id": event.pid.iri}
    terms.append("dcterms:created")  # the shapes compare it with the time of the version
    was = _lines(before, name | {term: old[term] for term in terms if term in old})
    now = _lines(event, name | {term: new[term] for term in terms if term in new})
    if same_verdict(was, now, event.type):
        alike.add("conforms")
    return Revision(was, now, frozenset(alike))


def conformance(event: Recorded) -> Report | None:
    """The SHACL report of the event's document; None where no document is public."""
    if "report" not in event.memo:
        event.memo["report"] = (
            validate(document_lines(event), event.type)
            if event.status is Status.ACTIVE and not event.operational
            else None
        )
    report: Report | None = event.memo["report"]
    return report


def mids(event: Recorded) -> Mids:
    """The MIDS level of the event's document and what would lift it. Derived once; of a document
    that cannot be read so, that of an empty one."""
    known: Mids | None = event.memo.get("mids")
    if known is None:
        try:
            known = assess(event.document)
        except UNREADABLE as wrong:
            _leave_out(event, {"MIDS level": mappable.reason(wrong)})
            known = assess({})
        event.memo["mids"] = known
    return known


def state_lines(event: Recorded) -> tuple[list[str], list[str]]:
    """(default graph, records graph) N-Triples lines of the object after the event."""
    known: tuple[list[str], list[str]] | None = event.memo.get("state")
    if known is None:
        match event.status:
            case Status.ACTIVE:
                shown = document_lines(event)
            case Status.DRAFT:
                shown = []
            case Status.PID_ONLY | Status.TOMBSTONE:
                shown = _record_shown(event)
        known = event.memo["state"] = (shown, _record_lines(event))
    return known


def _record_shown(event: Recorded) -> list[str]:
    """Lines of the FDO record of an object whose document is not shown."""
    try:
        record = attributes(event.type, event.status, event.document)
    except UNREADABLE as wrong:
        _leave_out(event, {"FDO record": mappable.reason(wrong)})
        return []
    return record_triples(event.pid.iri, record)


def _judgement(event: Recorded, alike: Set[str] = frozenset()) -> dict[str, Any]:
    """Issue number of the record; of active objects also MIDS level and conformance, but what is
    `alike`; of annotations, withdrawn ones too, where they are in their life."""
    values: dict[str, Any] = {"pidRecordIssueNumber": event.record_issue}
    if event.type == "annotation" and event.status in (Status.ACTIVE, Status.TOMBSTONE):
        try:
            values["annotationState"] = state_of(event.status, event.document)
        except UNREADABLE as wrong:
            _leave_out(event, {"annotationState": mappable.reason(wrong)})
    if event.status is Status.ACTIVE:
        if event.type == "specimen" and "midsLevel" not in alike:
            values["midsLevel"] = mids(event).level
        report = None if "conforms" in alike else conformance(event)
        if report is not None:
            values["conforms"] = report.conforms
            values["failsShape"] = sorted({result.shape for result in report.results})
    return values


def asides(event: Recorded) -> tuple[list[str], list[str]]:
    """(added, removed) records-graph lines of an operational event: what holds of an object
    beside its documents, so that no document speaks of it."""
    try:
        if event.what == "HarvestCompleted":
            return _sightings(event)
        if event.what == CONFIRMED:
            return _confirmation(event)
    except UNREADABLE as wrong:
        _leave_out(event, {event.what: mappable.reason(wrong)})
    return [], []


def _sightings(event: Recorded) -> tuple[list[str], list[str]]:
    """Which objects their source no longer shows, by the number of the harvest that first
    missed them."""
    number = event.detail["harvest"]
    return (
        [_not_seen(pid, number) for pid in event.detail["not_seen"]],
        [_not_seen(pid, missed) for pid, missed in event.detail["seen_again"].items()],
    )


def _confirmation(event: Recorded) -> tuple[list[str], list[str]]:
    """The state that the registration agency confirmed of the DOI, in the place of that before."""
    state, before = state_said(event.detail), event.meta.get("state_before")
    if state is None or state == before:
        return [], []
    iri = event.pid.iri
    return (
        record_triples(iri, {"doiState": state}),
        record_triples(iri, {"doiState": before}) if before else [],
    )


ASIDE = (f"<{_COL}notSeenIn>", f"<{_COL}doiState>")
"""The predicates of `asides`."""


def _not_seen(pid: str, harvest: int) -> str:
    (line,) = record_triples(Pid.parse(pid).iri, {"notSeenIn": harvest})
    return line


def provenance_lines(event: Recorded) -> list[str]:
    """N-Triples of the event's activity, in PROV-O terms (prov:Activity, the version entity
    it generated, its agent with role, the version before)."""
    activity, version = f"<{event.activity}>", f"<{event.version_iri}>"
    when = f'"{iso(event.recorded_at)}"^^<{_XSD}dateTime>'
    agent = f"<{event.agent.id}>"
    lines = [
        f"{activity} {_RDF_TYPE} <{_PROV}Activity> .\n",
        f"{activity} <{_PROV}endedAtTime> {when} .\n",
        f"{activity} <{_PROV}wasAssociatedWith> {agent} .\n",
        f'{activity} <{_COL}position> "{event.position}"^^<{_XSD}integer> .\n',
        f'{activity} <{_COL}topic> "{event.topic}" .\n',
    ]
    if event.agent.role != "Requestor":
        association = f"<{event.activity}#association>"
        lines += [
            f"{activity} <{_PROV}qualifiedAssociation> {association} .\n",
            f"{association} <{_PROV}agent> {agent} .\n",
            f"{association} <{_PROV}hadRole> <{_ODS}{event.agent.role}> .\n",
        ]
    for number, other in enumerate(event.also, 1):
        association = f"<{event.activity}#association-{number}>"
        lines += [
            f"{activity} <{_PROV}wasAssociatedWith> <{other.id}> .\n",
            f"{activity} <{_PROV}qualifiedAssociation> {association} .\n",
            f"{association} <{_PROV}agent> <{other.id}> .\n",
            f"{association} <{_PROV}hadRole> <{_ODS}{other.role}> .\n",
        ]
    lines += [f"{activity} <{_PROV}used> <{used}> .\n" for used in event.used]
    if event.operational:
        lines.append(f"{activity} <{_PROV}used> {version} .\n")
        return lines
    lines += [
        f"{activity} {_RDF_TYPE} <{_ODS}{_ACTIVITY.get(event.what, 'Update')}> .\n",
        f"{version} <{_PROV}wasGeneratedBy> {activity} .\n",
        f"{version} <{_PROV}generatedAtTime> {when} .\n",
        f"{version} <{_PROV}specializationOf> <{event.pid.iri}> .\n",
    ]
    if event.observed_at != event.recorded_at:
        lines.append(
            f'{version} <{_COL}observedAt> "{iso(event.observed_at)}"^^<{_XSD}dateTime> .\n'
        )
    if event.version > 1:
        before = f"<{event.pid.version_iri(event.version - 1)}>"
        lines.append(f"{version} <{_PROV}wasRevisionOf> {before} .\n")
        lines.append(f"{activity} <{_PROV}used> {before} .\n")
    return lines


def in_graph(lines: Iterable[str], graph: str) -> list[str]:
    """The N-Triples lines as N-Quads in a named graph."""
    ending = f" <{graph}> .\n"
    return [line[:-3] + ending for line in lines]


def all_quads(event: Recorded) -> list[str]:
    """All quads of a first version: state and provenance."""
    shown, record = state_lines(event)
    return [*shown, *in_graph(record, RECORDS), *in_graph(provenance_lines(event), PROVENANCE)]


def patch(event: Recorded, before: Recorded | None) -> Patch:
    """What the event changes; `before` is the object's content event before it, if any.

    Derived once an event object: several projections ask for it.
    """
    known: Patch | None = event.memo.get("patch")
    if known is None:
        known = event.memo["patch"] = _derived(event, before)
    return known


def patches(events: Sequence[Recorded], log: Log) -> list[Patch]:
    """The patch of each event; the log is asked only for what no projection derived yet."""
    before = log.previous([event for event in events if "patch" not in event.memo])
    return [patch(event, before.get(event.position)) for event in events]


def _derived(event: Recorded, before: Recorded | None) -> Patch:
    provenance = in_graph(provenance_lines(event), PROVENANCE)
    if event.operational:
        added, removed = asides(event)
        return Patch(
            event.position, in_graph(added, RECORDS) + provenance, in_graph(removed, RECORDS)
        )
    change = None if before is None else revision(event, before)
    if before is not None and change is not None:
        judged, anew = _judgement(before, change.alike), _judgement(event, change.alike)
        old = [*change.was, *_judged(before, judged, anew)]
        new = [*change.now, *_judged(event, anew, judged)]
    else:
        old, new = state_quads(before) if before is not None else [], state_quads(event)
    had, has = set(old), set(new)
    return Patch(
        event.position,
        [quad for quad in new if quad not in had] + provenance,
        [quad for quad in old if quad not in has],
    )


def _judged(event: Recorded, values: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Quads of what is judged of one of two public versions otherwise than of the other one. The
    kernel of the record is the same in both."""
    apart = {name: value for name, value in values.items() if other.get(name) != value}
    return in_graph(record_triples(event.pid.iri, apart), RECORDS)


def _record_lines(event: Recorded) -> list[str]:
    """The record's kernel with what is judged of the object, for the records graph."""
    return record_triples(event.pid.iri, kernel(event.type, event.status) | _judgement(event))


def state_quads(event: Recorded) -> list[str]:
    """The quads of an object's state after an event: without provenance."""
    shown, record = state_lines(event)
    return [*shown, *in_graph(record, RECORDS)]
