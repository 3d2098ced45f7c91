"""What lies around the object of a work: the annotation that caused it, and linked objects.

A job that an annotation caused brings it along; it is read here in the stored form and in the
forms of openDS and W3C, so that a service need not know which one came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from fdo.annotation.life import source_of
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import InvalidIdentifier, Refused
from fdo.identifiers import Pid
from fdo.representations.annotation.regions import bounding
from handlers.media.regions import Area
from handlers.media.regions import area_of as parsed
from handlers.queueing.kit import MediaUnavailable, Work

_RELATION = "hasDigitalSpecimen"
_TYPES = {kind.fdo_type: kind.name for kind in OBJECT_TYPES.values()}


def kind_of(document: Mapping[str, Any]) -> str:
    """Which type of object of ours a document is; empty when it does not say."""
    return _TYPES.get(str(document.get("ods:fdoType", "")), "")


def cause(work: Work) -> Mapping[str, Any] | None:
    """The annotation that asked for this work, if one did."""
    given = work.payload.get("annotation")
    if isinstance(given, Mapping):
        return given
    return work.object if kind_of(work.object) == "annotation" else None


def area_of(annotation: Mapping[str, Any], name: str) -> Area | None:
    """The rectangle of an object, by its IRI, that an annotation is about, if it is about one: of
    a drawing the rectangle around it. What it says of other objects is not of this one."""
    for target in _listed(annotation, "oa:hasTarget", "target"):
        if not f"{_source(target)}/".startswith(f"{name}/"):
            continue
        for selector in _listed(target, "oa:hasSelector", "selector"):
            if found := _rectangle(selector):
                return found
    return None


def _source(target: Mapping[str, Any]) -> str:
    """The IRI of the object, or of the version of it, that a target names."""
    names = (target.get(key) for key in ("oa:hasSource", "source", "@id", "id"))
    return next((name for name in names if isinstance(name, str)), "")


def _rectangle(selector: Mapping[str, Any]) -> Area | None:
    roi = selector.get("ac:hasROI")
    if isinstance(roi, Mapping):
        sides = [roi.get(f"ac:{side}Frac") for side in ("x", "y", "width", "height")]
        if all(isinstance(one, int | float) for one in sides):
            x, y, width, height = (float(one) * 100 for one in sides if one is not None)
            return Area(x, y, width, height, percent=True)
    text = str(selector.get("rdf:value", selector.get("value", "")))
    if "SvgSelector" in str(selector.get("@type", selector.get("type", ""))):
        around = bounding(text)
        if around is None:
            return None
        x, y, width, height = map(float, around.numbers)
        return Area(x, y, width, height, percent=around.unit == "percent")
    try:
        return parsed(text)
    except Refused:
        return None  # a selector of another kind


def xywh(area: Area) -> str:
    """The area as a media fragment writes it, after `xywh=`."""
    sides = (area.x, area.y, area.width, area.height)
    said = ",".join(f"{side:.4f}".rstrip("0").rstrip(".") for side in sides)
    return f"{'percent' if area.percent else 'pixel'}:{said}"


def texts(annotation: Mapping[str, Any]) -> list[str]:
    """What an annotation says in plain text."""
    said = []
    for body in _listed(annotation, "oa:hasBody", "body"):
        form = body.get("dcterms:format", body.get("format", "text/plain"))
        value = body.get("rdf:value", body.get("value", body.get("oa:value")))
        if "text/plain" in form:
            said += [one for one in ([value] if isinstance(value, str) else value or []) if one]
    return [one for one in said if isinstance(one, str)]


def annotated(work: Work) -> Work | None:
    """The object that the annotation of a work is about, as a work of its own."""
    for node in _listed(work.object, "oa:hasTarget", "target"):
        source = source_of(_source(node))
        if source is not None and (document := linked(work, source.pid.iri)):
            return replace(work, object=document, version=int(document.get("ods:version", 1)))
    return None


def specimens(work: Work) -> Iterator[Work]:
    """The specimens that a work is about, each as a work of its own: the object itself, or those
    that the medium shows. One that cannot be read now is left out."""
    if kind_of(work.object) == "specimen":
        yield work
        return
    for relation in work.object.get("ods:hasEntityRelationships", ()):
        if relation.get("dwc:relationshipOfResource") != _RELATION:
            continue
        document = linked(work, str(relation.get("dwc:relatedResourceID", "")))
        if document is not None and kind_of(document) == "specimen":
            yield replace(work, object=document, version=int(document.get("ods:version", 1)))


def linked(work: Work, iri: str) -> Document | None:
    """The public document of another object of the repository, if there is one."""
    try:
        pid = Pid.parse(iri)
        said = orjson.loads(work.media.get(f"{work.base}/{pid}?format=json", work.version))
    except (InvalidIdentifier, MediaUnavailable, orjson.JSONDecodeError):
        return None
    return said if isinstance(said, dict) else None


def _listed(node: Mapping[str, Any], *keys: str) -> list[Mapping[str, Any]]:
    for key in keys:
        if key in node:
            found = node[key] if isinstance(node[key], list) else [node[key]]
            return [one for one in found if isinstance(one, Mapping)]
    return []
