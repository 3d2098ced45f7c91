"""Reading foreign openDS documents: what is meant, and how it differs from what is valid.

Documents in the field, and openDS's own examples, deviate from the schemas in a dozen ways
that recur. `normalise` mends those and reports each by JSON pointer; it never touches the
document it was given, drops nothing, and guesses nothing: what it does not know it leaves for
the schema to refuse.

>>> mended, deviations = normalise("specimen", {"ods:status": "ods:Active"})
>>> mended["ods:status"], deviations[0].pointer
('Active', '/ods:status')
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from fdo.documents import Document
from ontologies.schemas.shape import Shape
from ontologies.schemas.tables import CLASSES, KINDS, OBJECTS


@dataclass(frozen=True, slots=True)
class Deviation:
    """One thing that was mended: where in the original, what stood there, what was made."""

    pointer: str
    found: str
    made: str


RENAMED = {
    "dcterms:creator": "schema:creator",
    "dwc:geoReferencedDate": "dwc:georeferencedDate",
    "dwc:hasGeologicalContext": "ods:hasGeologicalContext",
    "dwc:hasGeoreference": "ods:hasGeoreference",
    "dwc:hasSpecimenParts": "ods:hasSpecimenParts",
    "dwc:identificationVerificationStatus": "ods:isVerifiedIdentification",
    "dwc:relatedResourceURI": "ods:relatedResourceURI",
    "ods:MergingStateChangedBy": "ods:hasMergingStateChangedBy",
    "ods:hasAgent": "ods:hasAgents",
    "ods:hasRelatedPID": "ods:hasRelatedPIDs",
}
"""Keys under other names; other spellings of case are found without a table."""

REWORDED = {
    "identification type": {"Taxon": "TaxonIdentification"},
    "identifier type": {
        "handle": "Handle",
        "isni": "URL",
        "orcid": "URL",
        "qid": "URL",
        "ror": "URL",
        "wikidata": "URL",
    },
    "type": {"schema:SoftwareAgent": "schema:SoftwareApplication"},
}
"""Values under other words, by kind; a stray prefix (`ods:Active`) is found without a table."""

_NUMBERS = {name for name, rule in KINDS.items() if rule.get("type") == "number"}
_INTEGERS = {name for name, rule in KINDS.items() if rule.get("type") == "integer"}
_TRUTHS = {"true": True, "false": False}
_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,15}\s*")
_NUMBER = re.compile(r"\s*[+-]?[0-9]{1,15}(?:\.[0-9]{1,30})?(?:[Ee][+-]?[0-9]{1,2})?\s*")
"""As people write numbers; `nan`, `1_000` and digits without end are left for the schema."""


def normalise(name: str, document: Document) -> tuple[Document, list[Deviation]]:
    """The document as an object of that type should be written, and every change made."""
    deviations: list[Deviation] = []
    return _object(OBJECTS[name], document, "", deviations), deviations


def _object(shape: Shape, node: Document, at: str, deviations: list[Deviation]) -> Document:
    """A node under the keys, types and values of its class."""
    kinds = _kinds(shape)
    if shape is CLASSES["Event"]:
        node = _with_location(node, at, deviations)
    mended: Document = {}
    for key, value in node.items():
        proper = _proper(key, kinds)
        pointer = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
        if proper != key and proper in node:
            mended[key] = value  # both spellings are there: which one is meant is not ours to say
            continue
        if proper != key:
            deviations.append(Deviation(pointer, key, proper))
        mended[proper] = (
            _value(kinds[proper], value, pointer, deviations) if proper in kinds else value
        )
    _type(shape, mended, at, deviations)
    if shape is CLASSES["EntityRelationship"] and "dwc:relatedResourceID" not in mended:
        uri = mended.get("ods:relatedResourceURI")
        if isinstance(uri, str):
            mended["dwc:relatedResourceID"] = uri
            deviations.append(Deviation(f"{at}/dwc:relatedResourceID", "missing", uri))
    return mended


def _with_location(event: Document, at: str, deviations: list[Deviation]) -> Document:
    """An event under which the keys of its place stand directly: they move into the place."""
    known, place = _kinds(CLASSES["Event"]), _kinds(CLASSES["Location"])
    moved = {
        key: value
        for key, value in event.items()
        if _proper(key, known) not in known and _proper(key, place) in place
    }
    if not moved or "ods:hasLocation" in event:
        return event
    for key in moved:
        deviations.append(Deviation(f"{at}/{key}", key, f"ods:hasLocation/{key}"))
    rest = {key: value for key, value in event.items() if key not in moved}
    return {**rest, "ods:hasLocation": {"@type": "ods:Location", **moved}}


def _type(shape: Shape, mended: Document, at: str, deviations: list[Deviation]) -> None:
    """A missing or wrong `@type` of a class that has one only is that one."""
    found = mended.get("@type")
    if not shape.types or found in shape.types:
        return
    made = REWORDED["type"].get(str(found)) or (shape.types[0] if len(shape.types) == 1 else None)
    if made in shape.types:
        mended["@type"] = made
        deviations.append(Deviation(f"{at}/@type", str(found or "missing"), str(made)))


def _value(kind: str, value: Any, at: str, deviations: list[Deviation]) -> Any:
    """A value of its kind; nested nodes in turn; one node where a list belongs is its only one."""
    _, nested, name = kind.partition(":")
    if nested:
        shape = CLASSES[name]
        if kind.startswith("node:"):
            return _object(shape, value, at, deviations) if isinstance(value, dict) else value
        if isinstance(value, dict):
            deviations.append(Deviation(at, "one object", "a list of one"))
            return [_object(shape, value, at, deviations)]
        return list(_items(shape, value, at, deviations)) if isinstance(value, list) else value
    if kind == "term tables" and isinstance(value, dict):
        deviations.append(Deviation(at, "one object", "a list of one"))
        return [value]
    if not isinstance(value, str):
        return value
    made = _worded(kind, value)
    if type(made) is not str or made != value:
        deviations.append(Deviation(at, value, str(made)))
    return made


def _items(shape: Shape, values: list[Any], at: str, deviations: list[Deviation]) -> Iterator[Any]:
    for place, value in enumerate(values):
        if isinstance(value, dict):
            yield _object(shape, value, f"{at}/{place}", deviations)
        else:
            yield value


def _worded(kind: str, text: str) -> Any:
    """The number, truth or word that a text means where its kind is not text."""
    if kind in _INTEGERS:
        return int(text) if _INTEGER.fullmatch(text) else text
    if kind in _NUMBERS:
        return float(text) if _NUMBER.fullmatch(text) else text
    if kind == "boolean":
        return _TRUTHS.get(text.lower(), text)
    allowed = KINDS[kind].get("enum")
    if allowed is None or text in allowed:
        return text
    bare = text.removeprefix("ods:")
    reworded = REWORDED.get(kind, {}).get(bare) or REWORDED.get(kind, {}).get(bare.lower())
    return reworded or (bare if bare in allowed else text)


@cache
def _lower(keys: tuple[str, ...]) -> dict[str, str]:
    return {key.lower(): key for key in keys}


def _proper(key: str, kinds: dict[str, str]) -> str:
    """The key of the class that is meant; an unknown key stays as it is."""
    if key in kinds or key.startswith("@"):
        return key
    renamed = RENAMED.get(key)
    if renamed in kinds:
        return str(renamed)
    return _lower(tuple(kinds)).get(key.lower(), key)


def _kinds(shape: Shape) -> dict[str, str]:
    """key → kind of the class."""
    return {key: kind for kind, keys in shape.keys.items() for key in keys.split()}
