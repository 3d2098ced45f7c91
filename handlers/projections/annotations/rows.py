"""What of an annotation is asked for: one row a version, derived from the log alone.

A row says what the annotation proposes of which object, by whom, and where it is in its life.
What it needs of its target it reads from the log, as the target was when the annotation was
made: dataset, holder, and the value that stood at the path. So the same log gives the same rows,
whenever they are made; after an erasure they are derived once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.annotation.identity import agent_id
from fdo.annotation.life import merging, state_of
from fdo.annotation.paths import Path, text
from fdo.documents import Document
from fdo.lifecycle import Status
from handlers.projections.annotations.said import bounded, proposed, values
from handlers.projections.annotations.targets import About, Target, pid_of, target_of, targets

SEVERITIES = ("high", "medium", "low")
"""How urgent a review is, most urgent first; a row bears the place in this list."""

URGENT = frozenset({
    "dwc:country", "dwc:countryCode", "dwc:decimalLatitude", "dwc:decimalLongitude",
    "dwc:scientificName", "dwc:acceptedNameUsage", "dwc:typeStatus", "dwc:verbatimIdentification",
    "ods:hasGeoreference", "ods:hasIdentifications", "ods:hasTaxonIdentifications",
    "ods:specimenName",
})  # fmt: skip
"""Terms of which a wrong value leads most users astray: where a specimen is from, what it is."""

BODY_LENGTH = 2_000
"""Characters of a body that can be searched and listed; the object has the whole."""


class Row(NamedTuple):
    """One version of an annotation, in the order of the columns."""

    position: int
    pid: str
    version: int
    state: str
    severity: int
    created: int
    """When it was proposed, in microseconds."""
    target: str
    """PID of the first target."""
    target_type: str
    target_position: int
    """The event of the target from which the next four were read; 0: none."""
    dataset: str
    organisation: str
    motivation: str
    merging: bool
    """Whether it proposes a change, which somebody decides."""
    term: str
    leaf: str
    """The name at the end of the path: `dwc:country`."""
    creator: str
    creator_name: str
    service: str
    """PID of the machine annotation service that made it."""
    model: str
    batch: str
    job: str
    overlay: str
    score: float | None
    stars: int | None
    """Where it rates another annotation: 1 to 5."""
    grouped: str
    """Equal for equal proposals: same motivation, path, value and value to be replaced."""
    shown: bytes
    """JSON of what is shown and never asked for."""


class Entry(NamedTuple):
    """A row with what can be asked for beside it."""

    row: Row
    names: tuple[tuple[str, str], ...]
    """(kind, value): every target, creator, motivation, path and term."""
    body: str


def entry_of(event: Recorded, log: Log) -> Entry | None:
    """What the view says of one version of an annotation; None where it is not public."""
    if event.status not in (Status.ACTIVE, Status.TOMBSTONE):
        return None
    document = event.document
    state = state_of(event.status, document)
    first = event if event.version == 1 else log.version(event.pid, 1)
    about = list(targets(document))
    path = about[0][1] if about else None
    target = target_of(about, first, log)
    said = state not in ("withdrawn", "superseded")
    bodies = values(document) if said else []
    motivations = [str(one) for one in document.get("oa:motivatedBy", ())]
    creators = list(_creators(document))
    creator, creator_name, service = creators[0] if creators else ("", "", "")
    proposal = bounded(proposed(document) if said else None)
    term = text(path) if path is not None else ""
    leaf = _leaf(path or ())
    changes = bool(merging(document))
    row = Row(
        event.position, event.pid_text, event.version, state,
        _severity(document, changes, motivations, leaf), first.recorded_at,
        target.pid, target.type, target.position, target.dataset, target.organisation,
        motivations[0] if motivations else "", changes, term, leaf,
        creator, creator_name, service, pid_of(document.get("col:model", "")),
        document.get("ods:batchID", ""), pid_of(document.get("ods:jobID", "")),
        document.get("col:overlayState", ""), _score(document),
        _stars(target, motivations, bodies) if said else None,
        _group(motivations, term, target.was, proposal),
        _shown(document, about, target, proposal, said=said),
    )  # fmt: skip
    names = {("creator", one) for one, _, _ in creators}
    names |= {("motivation", one) for one in motivations}
    names |= set(_about(about))
    body = "\n".join(one if isinstance(one, str) else bounded(one) for one in bodies)
    return Entry(row, tuple(sorted(names)), body[:BODY_LENGTH])


# ── what it says ─────────────────────────────────────────────────────────────────────────


def _about(about: Sequence[About]) -> Iterator[tuple[str, str]]:
    for name, path in about:
        yield "target", name
        if path:
            yield "path", text(path)
            yield "term", _leaf(path)


def _leaf(path: Path) -> str:
    """The last name of a path: of `$['a'][0]['b'][2]` that is `b`."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _creators(document: Document) -> Iterator[tuple[str, str, str]]:
    """(IRI, name, PID of the service or nothing) of every creator."""
    for agent in document.get("dcterms:creator", ()):
        iri = agent_id(agent)
        software = "schema:SoftwareApplication" in _listed(agent.get("@type"))
        yield iri, str(agent.get("schema:name", "")), pid_of(iri) if software else ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _score(document: Document) -> float | None:
    scores = [
        body["ods:score"]
        for body in document.get("oa:hasBody", ())
        if isinstance(body, dict) and isinstance(body.get("ods:score"), int | float)
    ]
    return float(min(scores)) if scores else None


def _stars(target: Target, motivations: list[str], values: list[Any]) -> int | None:
    """The rating of an annotation: an assessment of it that is a whole number from 1 to 5."""
    if target.type != "annotation" or "oa:assessing" not in motivations or len(values) != 1:
        return None
    (value,) = values
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if number and value in (1, 2, 3, 4, 5) else None


def _severity(document: Document, changes: bool, motivations: list[str], leaf: str) -> int:
    """What the annotation says of itself; else high where the source contradicts an accepted
    change, or where or what a specimen is would change; low where nothing is replaced."""
    said = document.get("col:severity")
    if said in SEVERITIES:
        return SEVERITIES.index(said)
    if document.get("col:overlayState") == "conflict":
        return 0
    if not changes or "ods:adding" in motivations:
        return 2
    return 0 if leaf in URGENT else 1


# ── how it is kept ───────────────────────────────────────────────────────────────────────


def _group(motivations: list[str], term: str, was: str | None, proposal: str) -> str:
    parts = orjson.dumps([motivations, term, was, proposal])
    return hashlib.sha256(parts).hexdigest()[:16]


def _shown(
    document: Document, about: Sequence[About], target: Target, proposal: str, *, said: bool
) -> bytes:
    by = document.get("ods:hasMergingStateChangedBy") or {}
    shown = {
        "motivations": document.get("oa:motivatedBy", ()),
        "targets": [
            {"pid": name, "term": text(path) if path is not None else None} for name, path in about
        ],
        "proposed": proposal if said and proposal != "null" else None,
        "was": target.was,
        "placeInBatch": document.get("ods:placeInBatch"),
        "decided": document.get("ods:mergingStateChangeDate"),
        "decidedBy": agent_id(by) or None,
        "decidedByName": by.get("schema:name"),
        "reason": _reason(document),
        "sourceValue": document.get("col:sourceValue"),
        "repaired": document.get("col:repaired"),
    }
    return orjson.dumps({k: v for k, v in shown.items() if v is not None})


def _reason(document: Document) -> str | None:
    tombstone = document.get("ods:hasTombstoneMetadata") or {}
    reason = tombstone.get("ods:tombstoneText") or document.get("col:decisionReason")
    return None if reason is None else str(reason)[:BODY_LENGTH]
