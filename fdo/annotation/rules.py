"""What an annotation must satisfy before it is recorded, beyond the form of its document.

`breaches` names each fault as (JSON pointer into the annotation, sentence). An edit must fit its
target as it is now: its path is there, or is not yet, as the motivation asks; its value is of the
type of the term; the result is a valid document. A region lies inside its image.

DiSSCo's rules are the start (openDS 0.4 annotations); numbers and booleans, media as well as
specimens, and a full list of the terms that only the repository writes are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fdo.annotation import merging
from fdo.annotation.life import Edit, edit_of, selectors
from fdo.annotation.life import merging as proposed
from fdo.annotation.merging import operation
from fdo.annotation.paths import Path, get, parse, text
from fdo.annotation.values import Impossible, place_at
from fdo.documents import VOLATILE, Document, equal
from fdo.errors import InvalidDocument
from fdo.lifecycle import DigitalObject, Status
from fdo.representations.annotation.regions import SLACK, Region, bounding, size_of
from ontologies.schemas import explain, validator

Breach = tuple[str, str]
"""JSON pointer (RFC 6901) into the annotation, and what is wrong there."""

EDITABLE = ("specimen", "media")
"""Types whose documents an annotation may change."""

FORBIDDEN = frozenset(
    {
        "@id",
        "@type",
        "ac:accessURI",
        "dcterms:created",
        "dcterms:identifier",
        "dcterms:license",
        "dcterms:modified",
        "dcterms:rights",
        "ods:fdoType",
        "ods:hasTombstoneMetadata",
        "ods:midsLevel",
        "ods:normalisedPhysicalSpecimenID",
        "ods:organisationCode",
        "ods:organisationID",
        "ods:organisationName",
        "ods:physicalSpecimenID",
        "ods:physicalSpecimenIDType",
        "ods:sourceSystemID",
        "ods:sourceSystemName",
        "ods:status",
        "ods:version",
    }
)
"""Terms of the object itself that only the repository and its source write."""

_STAMPS = VOLATILE | {"@id", "@type"}
"""Terms that only the repository writes wherever they stand; most of them make no version."""

RELATIONS = "ods:hasEntityRelationships"
KEPT_RELATIONS = frozenset(
    {
        "hasCollectionID",
        "hasDigitalMedia",
        "hasDigitalSpecimen",
        "hasFDOType",
        "hasInheritedLicense",
        "hasLicense",
        "hasOrganisationID",
        "hasPhysicalIdentifier",
        "hasSourceSystemID",
    }
)
"""Relationships that the repository writes itself."""

_TARGET = "/oa:hasTarget/0"
_SELECTOR = f"{_TARGET}/oa:hasSelector"
_BODY = "/oa:hasBody"


def beside(annotation: Mapping[str, Any], at: int, target: DigitalObject) -> list[Breach]:
    """Every fault of what an annotation says of one of its further targets, at the version given:
    nothing of those is changed, so it only has to be there. Of one that is not public nothing can
    be told."""
    if target.status is not Status.ACTIVE:
        return []
    try:
        return [*_regions(annotation, target, at), *_remark(annotation, target, at)]
    except InvalidDocument as bad:
        return [(f"/oa:hasTarget/{at}", bad.message)]


def breaches(annotation: Mapping[str, Any], target: DigitalObject) -> list[Breach]:
    """Every fault of an annotation of this object, at the version given; [] for a good one."""
    if target.status is not Status.ACTIVE:
        return [
            (_TARGET, f"{target.pid} is {target.status.value}; only what is active is annotated.")
        ]
    found = list(_regions(annotation, target))
    try:
        edit = edit_of(annotation)
        found += (
            _edit(annotation, edit, target) if proposed(annotation) else _remark(annotation, target)
        )
    except InvalidDocument as bad:
        found.append((_TARGET, bad.message))
    return found


# ── places that are talked about ─────────────────────────────────────────────────────────


def _remark(annotation: Mapping[str, Any], target: DigitalObject, of: int = 0) -> Iterator[Breach]:
    """A comment or assessment may be about a term that is missing, if it could be there."""
    for place, path in _paths(annotation, of):
        if get(target.document, path) is not None:
            continue
        if target.type not in EDITABLE:
            yield place, f"{target.pid} has nothing at {text(path)}."
            continue
        try:
            place_at(target.type, path)
        except Impossible as no:
            yield place, str(no)


def _paths(annotation: Mapping[str, Any], of: int = 0) -> Iterator[tuple[str, Path]]:
    """Pointer and path of each term that a target of an annotation names."""
    for at, selector in enumerate(selectors(annotation["oa:hasTarget"][of])):
        for term in ("ods:term", "ods:class"):
            if term in selector:
                yield f"/oa:hasTarget/{of}/oa:hasSelector/{at}/{term}", parse(selector[term])


# ── changes ──────────────────────────────────────────────────────────────────────────────


def _edit(annotation: Mapping[str, Any], edit: Edit | None, target: DigitalObject) -> list[Breach]:
    if target.type not in EDITABLE:
        return [(_TARGET, f"A {target.type} is not changed by annotations; comment on it instead.")]
    if len(proposed(annotation)) > 1:
        told = ", ".join(proposed(annotation))
        return [("/oa:motivatedBy", f"One annotation proposes one change, not {told}.")]
    if edit is None:
        return [(_TARGET, "Say which term is to change: a TermSelector or a ClassSelector.")]
    if len(list(_paths(annotation))) > 1:
        return [(_SELECTOR, "One annotation changes one place; make one for each.")]
    if broken := _place(edit, target.document):
        return [(_SELECTOR, broken)]
    try:
        what = operation(target.document, edit, target.type)
    except Impossible as no:
        return [(_SELECTOR if edit.motivation == "ods:deleting" else _BODY, str(no))]
    if _keeps(what.path, what.value, target.document):
        return [(_BODY, "The repository writes this relationship itself.")]
    members = get(target.document, what.path) if what.what == "append" else ()
    if any(equal(each, what.value) for each in members):
        return [(_BODY, f"{text(what.path)} has this member already.")]
    if edit.motivation == "oa:editing" and equal(get(target.document, edit.path), what.value):
        return [(_BODY, f"{text(edit.path)} has this value already; there is nothing to change.")]
    return _result(merging.done(target.document, what), target)


def _place(edit: Edit, document: Document) -> str | None:
    """Why the place of an edit is none for its motivation."""
    path = edit.path
    shown = text(path)
    if not path:
        return "Name the term that is to change; a whole object is not changed at once."
    if path[0] in FORBIDDEN or any(step in _STAMPS for step in path):
        return f"{shown} is written by the repository or its source only."
    there = get(document, path) is not None
    if edit.motivation != "ods:adding":
        to_do = "edit; add it instead" if edit.motivation == "oa:editing" else "delete"
        return None if there else f"There is nothing at {shown} to {to_do}."
    last = path[-1]
    if isinstance(last, int):
        return _appends(path, document)
    if there:
        many = isinstance(get(document, path), list)
        return None if many else f"There is a value at {shown} already; edit it instead."
    if isinstance(get(document, path[:-1]), dict):
        return None
    return f"{text(path[:-1])} is not there, so nothing can be added to it; add it first."


def _appends(path: Path, document: Document) -> str | None:
    """A path that ends in a place of an array adds behind its last member."""
    members, holder = get(document, path[:-1]), get(document, path[:-2])
    if members is None:
        if isinstance(holder, dict):
            return None
        return f"{text(path[:-2])} is not there, so nothing can be added to it; add it first."
    return None if isinstance(members, list) else f"{text(path[:-1])} is no array."


def _keeps(path: Path, value: Any, document: Document) -> bool:
    """Whether a change touches relationships that the repository keeps."""
    if path[0] != RELATIONS:
        return False
    touched = get(document, path[:2])
    nodes = [value, touched, *(touched if isinstance(touched, list) else ())]
    if isinstance(value, dict) and isinstance(touched, list):
        nodes = [value]  # one is appended to those that are there
    elif isinstance(value, list):
        nodes += value
    return any(
        isinstance(node, dict) and node.get("dwc:relationshipOfResource") in KEPT_RELATIONS
        for node in nodes
    )


def _result(document: Document, target: DigitalObject) -> list[Breach]:
    if validator(target.type).is_valid(document):
        return []
    return [
        (_BODY, f"With it, {target.pid} would break its schema at {pointer or '/'}: {message}")
        for pointer, message in explain(target.type, document)[:5]
    ]


# ── regions ──────────────────────────────────────────────────────────────────────────────


def _regions(annotation: Mapping[str, Any], target: DigitalObject, of: int = 0) -> Iterator[Breach]:
    for at, selector in enumerate(selectors(annotation["oa:hasTarget"][of])):
        if wrong := _region(selector, target):
            yield f"/oa:hasTarget/{of}/oa:hasSelector/{at}/rdf:value", wrong


def _region(selector: Mapping[str, Any], target: DigitalObject) -> str | None:
    """Why a selector is no region of this object; None where it is one, or another selector."""
    kinds, value = _types(selector), selector.get("rdf:value")
    if "oa:SvgSelector" in kinds:
        region = bounding(str(value or ""))
    elif "oa:FragmentSelector" in kinds and isinstance(value, str) and value.startswith("xywh="):
        region = Region.of_fragment(value)
        if region is None:
            return (
                f"{value[:80]!r} is no region; examples are xywh=percent:5,5,20,10 and "
                "xywh=pixel:100,100,640,480."
            )
        if not (region.width and region.height):
            return "A region has a width and a height above 0."
    else:
        return None
    if target.type != "media":
        return f"A region is a part of an image; {target.pid} is a {target.type}."
    return None if region is None else _beyond(region, target.document)


def _types(node: Mapping[str, Any]) -> list[str]:
    types = node.get("@type", [])
    return [types] if isinstance(types, str) else types


def _beyond(region: Region, medium: Document) -> str | None:
    """Where a region ends beyond its image, as far as the medium states where that is."""
    size = (100, 100) if region.unit == "percent" else size_of(medium)
    for name, end, limit in zip(("width", "height"), region.ends, size or (), strict=False):
        if end > limit * (1 + SLACK):
            return f"The region ends at {float(end):g}, beyond the {name} of the image, {limit:g}."
    return None
