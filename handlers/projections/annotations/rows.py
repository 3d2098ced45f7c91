"""What of an annotation is asked for: one row a version, derived from the log alone.

A row says what the annotation proposes of which object, by whom, and where it is in its life.
What it needs of its target it reads from the log, as the target was when the annotation was
made: dataset, holder, and the value that stood at the path. So the same log gives the same rows,
whenever they are made; after an erasure they are derived once more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import orjson

from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.annotation.identity import agent_id
from fdo.annotation.life import edit_of, merging, selectors, source_of, state_of
from fdo.annotation.paths import Path, get, parse, text
from fdo.documents import Document
from fdo.errors import InvalidDocument, InvalidIdentifier, NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status

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
VALUE_LENGTH = 500
"""Characters of a proposed value, or of the one it would replace, that are kept to be shown."""
_DEPTH = 4
"""Annotations on annotations: so far their dataset is looked for."""


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


class _Target(NamedTuple):
    """What is known of the first target."""

    pid: str = ""
    type: str = ""
    position: int = 0
    dataset: str = ""
    organisation: str = ""
    was: str | None = None


def entry_of(event: Recorded, log: Log) -> Entry | None:
    """What the view says of one version of an annotation; None where it is not public."""
    if event.status not in (Status.ACTIVE, Status.TOMBSTONE):
        return None
    document = event.document
    state = state_of(event.status, document)
    first = event if event.version == 1 else log.version(event.pid, 1)
    path = _path(document)
    target = _target(document, path, first, log)
    said = state not in ("withdrawn", "superseded")
    values = _values(document) if said else []
    motivations = [str(one) for one in document.get("oa:motivatedBy", ())]
    creators = list(_creators(document))
    creator, creator_name, service = creators[0] if creators else ("", "", "")
    proposal = _bounded(_proposed(document) if said else None)
    term = text(path) if path is not None else ""
    leaf = _leaf(path or ())
    changes = bool(merging(document))
    row = Row(
        event.position, event.pid_text, event.version, state,
        _severity(document, changes, motivations, leaf), first.recorded_at,
        target.pid, target.type, target.position, target.dataset, target.organisation,
        motivations[0] if motivations else "", changes, term, leaf,
        creator, creator_name, service, _pid(document.get("col:model", "")),
        document.get("ods:batchID", ""), _pid(document.get("ods:jobID", "")),
        document.get("col:overlayState", ""), _score(document),
        _stars(target, motivations, values) if said else None,
        _group(motivations, term, target.was, proposal),
        _shown(document, target, proposal, said=said),
    )  # fmt: skip
    names = {("creator", one) for one, _, _ in creators}
    names |= {("motivation", one) for one in motivations}
    names |= set(_about(document))
    body = "\n".join(map(str, values))[:BODY_LENGTH]
    return Entry(row, tuple(sorted(names)), body)


# ── what it says ─────────────────────────────────────────────────────────────────────────


def targets(document: Document) -> Iterator[tuple[str, Path | None]]:
    """(PID of an object of ours, else IRI; path) of every target; None: the whole object."""
    for target in document.get("oa:hasTarget", ()):
        source = source_of(target)
        if source is not None:
            name = str(source.pid)
        else:
            node = target if isinstance(target, dict) else {"@id": target}
            name = str(node.get("oa:hasSource") or node.get("@id") or "")
        paths: list[Path | None] = [*_paths(target)]
        yield from ((name, path) for path in paths or [None])


def _paths(target: Any) -> Iterator[Path]:
    for selector in selectors(target):
        written = selector.get("ods:term") or selector.get("ods:class")
        if written:
            with suppress(InvalidDocument):
                yield parse(written)


def _about(document: Document) -> Iterator[tuple[str, str]]:
    for name, path in targets(document):
        yield "target", name
        if path:
            yield "path", text(path)
            yield "term", _leaf(path)


def _leaf(path: Path) -> str:
    """The last name of a path: of `$['a'][0]['b'][2]` that is `b`."""
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _path(document: Document) -> Path | None:
    return next((path for _, path in targets(document)), None)


def _proposed(document: Document) -> Any:
    """The value that would stand at the path: of several bodies a list; of what proposes no
    change, what the bodies say."""
    try:
        edit = edit_of(document)
    except InvalidDocument:
        edit = None
    said = _values(document) if edit is None else [value.raw for value in edit.values]
    return said[0] if len(said) == 1 else said or None


def _values(document: Document) -> list[Any]:
    """What the bodies say: texts, and the values of those that hold JSON."""
    found: list[Any] = []
    for body in document.get("oa:hasBody", ()):
        found += list(_said(body))
    if document.get("oa:bodyValue"):
        found.append(document["oa:bodyValue"])
    return found


def _said(body: Any) -> Iterator[Any]:
    if isinstance(body, str):
        yield body
        return
    if not isinstance(body, dict):
        return
    if (value := body.get("rdf:value")) is not None:
        yield _read(value) if "application/json" in body.get("dcterms:format", ()) else value
    for inner in body.get("as:items", ()):
        yield from _said(inner)


def _read(value: str) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _creators(document: Document) -> Iterator[tuple[str, str, str]]:
    """(IRI, name, PID of the service or nothing) of every creator."""
    for agent in document.get("dcterms:creator", ()):
        iri = agent_id(agent)
        software = "schema:SoftwareApplication" in _listed(agent.get("@type"))
        yield iri, str(agent.get("schema:name", "")), _pid(iri) if software else ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _score(document: Document) -> float | None:
    scores = [
        body["ods:score"]
        for body in document.get("oa:hasBody", ())
        if isinstance(body, dict) and isinstance(body.get("ods:score"), int | float)
    ]
    return float(min(scores)) if scores else None


def _stars(target: _Target, motivations: list[str], values: list[Any]) -> int | None:
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


# ── of what ──────────────────────────────────────────────────────────────────────────────


def _target(document: Document, path: Path | None, first: Recorded, log: Log) -> _Target:
    name = next((name for name, _ in targets(document)), "")
    event = _meant(name, first, log)
    if event is None:
        return _Target(name)
    holder = _held(event, first.position, log)
    was = None
    if path and event.status is Status.ACTIVE:
        found = get(event.document, path)
        was = None if found is None else _bounded(found)
    return _Target(
        name,
        event.type,
        event.position,
        _pid(holder.get("ods:sourceSystemID", "")),
        holder.get("ods:organisationID", ""),
        was,
    )


def _held(event: Recorded, position: int, log: Log) -> Document:
    """The document that names dataset and holder: of an annotation, that of its own target."""
    for _ in range(_DEPTH):
        if event.type != "annotation":
            break
        below = _at(next((name for name, _ in targets(event.document)), ""), position, log)
        if below is None:
            break
        event = below
    return event.document


def _meant(name: str, first: Recorded, log: Log) -> Recorded | None:
    """The version of the target on which the annotation was made, as its first event says; else
    the one in force then."""
    used = source_of(first.used[0]) if first.used else None
    if used is not None and used.version is not None and str(used.pid) == name:
        return log.version(used.pid, used.version)
    return _at(name, first.position, log)


def _at(name: str, position: int, log: Log) -> Recorded | None:
    try:
        return log.at(Pid.parse(name), position)
    except (InvalidIdentifier, NotFound):
        return None


def _pid(iri: Any) -> str:
    """The PID of an object or of a version of it, as text; nothing where it is none."""
    source = source_of(iri)
    return "" if source is None else str(source.pid)


# ── how it is kept ───────────────────────────────────────────────────────────────────────


def _bounded(value: Any) -> str:
    """The value as JSON; one that is too long is cut and no JSON any more."""
    written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return written if len(written) <= VALUE_LENGTH else written[: VALUE_LENGTH - 1] + "…"


def _group(motivations: list[str], term: str, was: str | None, proposal: str) -> str:
    parts = orjson.dumps([motivations, term, was, proposal])
    return hashlib.sha256(parts).hexdigest()[:16]


def _shown(document: Document, target: _Target, proposal: str, *, said: bool) -> bytes:
    by = document.get("ods:hasMergingStateChangedBy") or {}
    shown = {
        "motivations": document.get("oa:motivatedBy", ()),
        "targets": [
            {"pid": name, "term": text(path) if path is not None else None}
            for name, path in targets(document)
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
