"""The life of an annotation, and the change that it proposes.

    standing ──▶ withdrawn, superseded
    pending ──▶ accepted, rejected, withdrawn, superseded
    accepted ──▶ withdrawn (the change is taken back)

A comment or an assessment stands; adding, editing and deleting wait for a decision (openDS 0.4,
`ods:mergingDecisionStatus`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import orjson

from fdo.annotation.paths import Path, parse
from fdo.errors import InvalidDocument, InvalidIdentifier
from fdo.identifiers import Pid
from fdo.lifecycle import Status

State = Literal["standing", "pending", "accepted", "rejected", "withdrawn", "superseded"]
STATES: tuple[State, ...] = (
    "standing", "pending", "accepted", "rejected", "withdrawn", "superseded",
)  # fmt: skip

Motivation = Literal["ods:adding", "oa:editing", "ods:deleting"]
MERGING: tuple[Motivation, ...] = ("ods:adding", "oa:editing", "ods:deleting")
"""The motivations that propose a change of the target."""

REPLACED = "IsObsoletedBy"
"""How the tombstone of an object that was merged names its successor."""

JSON_FORMAT = "application/json"

_DECIDED: dict[str, State] = {
    "Pending": "pending",
    "Approved": "accepted",
    "Rejected": "rejected",
}
REMARKS = frozenset({"oa:commenting", "oa:describing", "oa:questioning", "oa:replying"})
"""Purposes of a body that is no value, but says something about the change."""


def state_of(status: Status, document: Mapping[str, Any]) -> State:
    """Where an annotation is in its life."""
    if status is Status.TOMBSTONE:
        ended = document.get("ods:hasTombstoneMetadata", {})
        kinds = {each.get("ods:relationshipType") for each in ended.get("ods:hasRelatedPIDs", ())}
        return "superseded" if REPLACED in kinds else "withdrawn"
    return _DECIDED.get(document.get("ods:mergingDecisionStatus", ""), "standing")


@dataclass(frozen=True, slots=True)
class Source:
    """The object that a target names, and the version of it where it names one."""

    pid: Pid
    version: int | None = None


def name_of(target: Any) -> str:
    """The IRI that a target names, that of its source or its own; "" where it has none, as a
    choice."""
    iri = target.get("oa:hasSource", target.get("@id")) if isinstance(target, Mapping) else target
    return iri if isinstance(iri, str) else ""


def source_of(target: Any) -> Source | None:
    """The object of ours that a target may be about; None for what is no PID."""
    return _named(name_of(target))


@lru_cache(maxsize=4096)
def _named(iri: str) -> Source | None:
    name, _, last = iri.rpartition("/")
    try:
        return Source(Pid.parse(iri))
    except InvalidIdentifier:
        if not (last.isascii() and last.isdigit() and last[:1] != "0" and len(last) < 10):
            return None
    try:
        return Source(Pid.parse(name), int(last))
    except InvalidIdentifier:
        return None


@dataclass(frozen=True, slots=True)
class Value:
    """What a body gives as a value: text as it stands, or any JSON."""

    raw: Any
    json: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """The change that an annotation proposes of one place of one object."""

    motivation: Motivation
    target: Pid
    path: Path
    values: tuple[Value, ...] = ()
    whole: bool = False
    """Whether the path names a node (class selector), not a value."""


def merging(document: Mapping[str, Any]) -> list[Motivation]:
    """The motivations of an annotation that propose a change."""
    return [each for each in MERGING if each in document.get("oa:motivatedBy", ())]


def edit_of(document: Mapping[str, Any]) -> Edit | None:
    """The change that an annotation proposes, by its first target; None where it proposes none,
    or does not say one that can be read. InvalidDocument: its path or its JSON is none."""
    motivations, targets = merging(document), document.get("oa:hasTarget", ())
    source = source_of(targets[0]) if targets else None
    if not motivations or source is None:
        return None
    for selector in selectors(targets[0]):
        place = selector.get("ods:term", selector.get("ods:class"))
        if place is not None:
            values = tuple(_values(document))
            return Edit(motivations[0], source.pid, parse(place), values, "ods:class" in selector)
    return None


def selectors(target: Any) -> list[Mapping[str, Any]]:
    """The selectors of a target that are nodes."""
    if not isinstance(target, Mapping):
        return []
    return [each for each in target.get("oa:hasSelector", ()) if isinstance(each, Mapping)]


def _values(document: Mapping[str, Any]) -> Iterator[Value]:
    if "oa:bodyValue" in document:
        yield Value(document["oa:bodyValue"])
    for body in document.get("oa:hasBody", ()):
        if not isinstance(body, Mapping) or "rdf:value" not in body:
            continue
        if REMARKS.isdisjoint(body.get("oa:hasPurpose", ())):
            is_json = JSON_FORMAT in body.get("dcterms:format", ())
            yield Value(_json(body["rdf:value"]) if is_json else body["rdf:value"], is_json)


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as broken:
        raise InvalidDocument(
            f"The body says that it is JSON ({JSON_FORMAT}) and is none: {broken}."
        ) from broken
