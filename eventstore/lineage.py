"""The history of one object in PROV-O: how each version came from the one before.

It holds every triple that the provenance graph holds of the object (`provenance_lines`), and
says besides what a reader of one object wants and a graph of millions need not hold: who the
agents are, in which role, what ended which version, what came from which source, and where a
merged or divided object went. The chain of `prov:wasRevisionOf` runs over every version:
withdrawal, merge and return included.

An event is recorded at one instant, so an activity starts when it ends. `lineage` of a section
of a history and of the section behind it together give the lineage of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eventstore.envelope import Recorded, activity_id, iso
from eventstore.log import Head
from eventstore.patches import document_lines, provenance_lines
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.lexical import XSD, is_iri, quoted
from ontologies.prefixes import PREFIXES

_PROV, _ODS, _SCHEMA = PREFIXES["prov"], PREFIXES["ods"], PREFIXES["schema"]
_TYPE = f"{PREFIXES['rdf']}type"
_AGENTS = {
    "schema:Person": "Person",
    "schema:Organization": "Organization",
    "schema:SoftwareApplication": "SoftwareAgent",
}


def lineage(events: Iterable[Recorded], head: Head) -> list[str]:
    """N-Triples lines of some events of an object, each once; `head` says what holds now."""
    lines: dict[str, None] = {}
    for event in events:
        lines.update(dict.fromkeys(provenance_lines(event)))
        lines.update(dict.fromkeys(_activity(event)))
        if not event.operational:
            lines.update(dict.fromkeys(_version(event)))
            if event.position == head.position and head.status is Status.TOMBSTONE:
                lines.update(dict.fromkeys(_ended(event.pid.iri, event)))
    return list(lines)


def rdf_patch(old: Recorded, new: Recorded) -> str:
    """What turns the graph of one version of an object into that of another, as RDF Patch.

    The patch is named by the activity that made `new`, the one before by that of `old`, so the
    patches of neighbouring versions are a chain.
    """
    was, now = dict.fromkeys(document_lines(old)), dict.fromkeys(document_lines(new))
    removed = [f"D {line}" for line in was if line not in now]
    added = [f"A {line}" for line in now if line not in was]
    head = [f"H id <{new.activity}> .\n", f"H prev <{old.activity}> .\n"]
    return "".join([*head, "TX .\n", *removed, *added, "TC .\n"])


def _activity(event: Recorded) -> Iterator[str]:
    """When it began, what led to it, and who took part as what."""
    activity, agent = event.activity, event.agent
    association, role = f"{activity}#association", f"{_ODS}{agent.role}"
    yield _line(activity, f"{_PROV}startedAtTime", _when(event))
    yield _link(activity, f"{_PROV}qualifiedAssociation", association)
    yield _link(association, _TYPE, f"{_PROV}Association")
    yield _link(association, f"{_PROV}agent", agent.id)
    yield _link(association, f"{_PROV}hadRole", role)
    yield _link(role, _TYPE, f"{_PROV}Role")
    yield _link(agent.id, _TYPE, f"{_PROV}Agent")
    yield _link(agent.id, _TYPE, f"{_PROV}{_AGENTS[agent.kind]}")
    yield _line(agent.id, f"{_SCHEMA}name", quoted(agent.name))
    if event.cause is not None:
        yield _link(activity, f"{_PROV}wasInformedBy", activity_id(event.log_id, event.cause))


def _version(event: Recorded) -> Iterator[str]:
    """What a version is, from whom and where it came, and what it ended."""
    name = event.version_iri
    yield _link(name, _TYPE, f"{_PROV}Entity")
    yield _link(event.pid.iri, _TYPE, f"{_PROV}Entity")
    yield _link(name, f"{_PROV}wasAttributedTo", event.agent.id)
    if event.source is not None:
        yield _link(name, f"{_PROV}hadPrimarySource", Pid.parse(event.source).iri)
    if event.version > 1:
        yield from _ended(event.pid.version_iri(event.version - 1), event)
        yield from _relatives(event)


def _relatives(event: Recorded) -> Iterator[str]:
    """A merged object and its successor are the same thing (`prov:alternateOf`); the parts of a
    divided one are made from it (`prov:wasDerivedFrom`)."""
    last = event.pid.version_iri(event.version - 1)
    successor = event.detail.get("successor")
    if successor is not None and is_iri(successor):
        yield _link(event.version_iri, f"{_PROV}alternateOf", successor)
        yield _link(event.version_iri, f"{_PROV}wasDerivedFrom", last)
    for part in event.detail.get("parts", ()):
        if is_iri(part):
            yield _link(part, f"{_PROV}wasDerivedFrom", last)


def _ended(entity: str, event: Recorded) -> Iterator[str]:
    yield _link(entity, f"{_PROV}wasInvalidatedBy", event.activity)
    yield _line(entity, f"{_PROV}invalidatedAtTime", _when(event))


def _when(event: Recorded) -> str:
    return f'"{iso(event.recorded_at)}"^^<{XSD}dateTime>'


def _line(subject: str, predicate: str, value: str) -> str:
    return f"<{subject}> <{predicate}> {value} .\n"


def _link(subject: str, predicate: str, target: str) -> str:
    return _line(subject, predicate, f"<{target}>")
