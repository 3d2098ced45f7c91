"""An openDS 0.4 annotation, or a request for one, as it is stored; also as services send them.

Known departures of services in the field are put right: the address of the FDO type in `@type`,
a bare text in `oa:value`, pixels where fractions belong, paths without `$`, motivations under the
wrong prefix. Each is told as a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from fdo.documents import Document
from fdo.representations.annotation.regions import Region
from fdo.representations.annotation.resources import SPECIFIC, Nodes
from fdo.representations.annotation.values import as_json
from fdo.representations.annotation.words import JSON_TYPE, MEDIA_FRAGMENTS

REASON = ["oa:describing"]
"""Purpose of the body that holds openDS's free text of a motivation (`oa:motivatedBy`)."""

GENERATOR: Document = {"@type": "schema:SoftwareApplication", "schema:name": "Collectome"}
"""Who stored the annotation, which openDS asks for; said where nothing else is known."""

_OWN = ("oa:motivation", "oa:motivatedBy", "oa:hasTarget", "oa:hasBody", "@type")
_TARGET = frozenset({"@id", "@type", "dcterms:identifier", "ods:fdoType", "oa:hasSelector"})
_BODY = frozenset({"@type", "oa:value", "dcterms:references", "ods:score"})
_CORNERS = ("ac:xFrac", "ac:yFrac", "ac:widthFrac", "ac:heightFrac")


def is_opends(data: Mapping[str, Any]) -> bool:
    """Whether an annotation is written as openDS has it."""
    targets = data.get("oa:hasTarget")
    first = targets[0] if isinstance(targets, list) and targets else targets
    if "oa:motivation" in data or data.get("@type") == "ods:Annotation":
        return True
    named = isinstance(first, Mapping) and bool({"dcterms:identifier", "@id"} & first.keys())
    return named and not isinstance(data.get("oa:motivatedBy"), list)


def read_opends(nodes: Nodes, data: Mapping[str, Any]) -> Document:
    """The annotation in our keys."""
    if data.get("@type", "ods:Annotation") not in ("ods:Annotation", "oa:Annotation"):
        nodes.wrong("/@type", "is ods:Annotation.")
    draft = nodes.node("annotation", {key: data[key] for key in data if key not in _OWN}, "")
    if draft.get("as:generator") == [GENERATOR]:
        del draft["as:generator"]  # what the face says where nothing is known
    draft["oa:motivatedBy"] = list(_motivations(nodes, data))
    targets = list(_each(data.get("oa:hasTarget"), "/oa:hasTarget"))
    draft["oa:hasTarget"] = [
        made for one, at in targets if (made := _target(nodes, one, at)) is not None
    ]
    bodies: list[Any] = []
    for one, at in _each(data.get("oa:hasBody"), "/oa:hasBody"):
        bodies += _bodies(nodes, one, at)
    bodies += _reasons(nodes, data)
    if bodies:
        draft["oa:hasBody"] = bodies
    return draft


def _each(found: Any, at: str) -> Iterator[tuple[Any, str]]:
    if isinstance(found, list):
        yield from ((one, f"{at}/{place}") for place, one in enumerate(found))
    elif found is not None:
        yield found, at


def _motivations(nodes: Nodes, data: Mapping[str, Any]) -> Iterator[str]:
    for one, at in _each(data.get("oa:motivation"), "/oa:motivation"):
        if (made := nodes.motivation(one, at)) is not None:
            yield made


def _reasons(nodes: Nodes, data: Mapping[str, Any]) -> Iterator[Document]:
    for one, at in _each(data.get("oa:motivatedBy"), "/oa:motivatedBy"):
        if text := nodes.value(one, at):
            yield {"@type": "oa:TextualBody", "rdf:value": text, "oa:hasPurpose": [*REASON]}


# ── targets ──────────────────────────────────────────────────────────────────────────────


def _target(nodes: Nodes, found: Any, at: str) -> Any:
    if not isinstance(found, Mapping):
        return nodes.target(found, at)
    if "oa:hasSource" in found:
        return nodes.target(found, at)
    for key in found.keys() - _TARGET:
        nodes.wrong(f"{at}/{key}", f"{key!r} is no key of a target in openDS.")
    name = found.get("@id", found.get("dcterms:identifier"))
    iri = nodes.name(name, f"{at}/@id")
    if iri is None:
        return None
    target: Document = {"@type": SPECIFIC, "oa:hasSource": iri}
    kind = _fdo_type(nodes, found)
    if kind is not None and (read := nodes.iri(kind, f"{at}/ods:fdoType")):
        target["ods:fdoType"] = read
    selectors = [
        made
        for one, place in _each(found.get("oa:hasSelector"), f"{at}/oa:hasSelector")
        if (made := _selector(nodes, one, place)) is not None
    ]
    if selectors:
        target["oa:hasSelector"] = selectors
    return target


def _fdo_type(nodes: Nodes, found: Mapping[str, Any]) -> Any:
    said = found.get("@type")
    if isinstance(said, str) and said.startswith(("https://doi.org/", "http://doi.org/")):
        nodes.mended("A target had its FDO type in @type.")
        return found.get("ods:fdoType", said)
    return found.get("ods:fdoType")


def _selector(nodes: Nodes, found: Any, at: str) -> Any:
    if not (isinstance(found, Mapping) and "ac:hasROI" in found):
        return nodes.selector(found, at)
    roi = found["ac:hasROI"]
    if not isinstance(roi, Mapping) or roi.keys() - set(_CORNERS):
        nodes.wrong(f"{at}/ac:hasROI", f"has the keys {', '.join(_CORNERS)}.")
        return None
    numbers = [_number(nodes, roi.get(key), f"{at}/ac:hasROI/{key}") for key in _CORNERS]
    region = _region(nodes, [one for one in numbers if one is not None], f"{at}/ac:hasROI")
    if region is None:
        return None
    return {
        "@type": "oa:FragmentSelector",
        "rdf:value": str(region),
        "dcterms:conformsTo": MEDIA_FRAGMENTS,
    }


def _number(nodes: Nodes, found: Any, at: str) -> float | None:
    if isinstance(found, str):
        try:
            found = float(found)
            nodes.mended("A number was written as text.")
        except ValueError:
            found = None
    if type(found) not in (int, float) or not 0 <= found < 1e9:
        nodes.wrong(at, "is a number from 0 to 1.")
        return None
    return found  # type: ignore[no-any-return]  # the line above leaves numbers only


def _region(nodes: Nodes, numbers: list[float], at: str) -> Region | None:
    """Fractions; or pixels, where whole numbers beyond 1 stand for them."""
    if len(numbers) < len(_CORNERS):
        return None
    x, y, width, height = numbers
    if max(numbers) <= 1:
        return Region.of_fractions(x, y, width, height)
    if any(0 < one < 1 for one in numbers):
        nodes.wrong(at, "holds fractions and pixels; fractions are from 0 to 1.")
        return None
    nodes.mended("A region was given in pixels where fractions belong.")
    return Region.of_pixels(x, y, width, height)


# ── bodies ───────────────────────────────────────────────────────────────────────────────


def _bodies(nodes: Nodes, found: Any, at: str) -> Iterator[Any]:
    """One body for each value; all bear the score and the reference."""
    if not (isinstance(found, Mapping) and "oa:value" in found):
        if (made := nodes.body(found, at)) is not None:
            yield made
        return
    for key in found.keys() - _BODY:
        nodes.wrong(f"{at}/{key}", f"{key!r} is no key of a body in openDS.")
    of_all = nodes.node(
        "resource",
        {key: found[key] for key in ("dcterms:references", "ods:score") if key in found},
        at,
    )
    values = found["oa:value"]
    if not isinstance(values, list):
        nodes.mended("The value of a body stood without its list.")
        values = [values]
    for place, value in enumerate(values):
        text, is_json = _text(nodes, value, f"{at}/oa:value/{place}")
        if text is not None:
            body: Document = {"@type": "oa:TextualBody", "rdf:value": text, **of_all}
            if is_json:
                body["dcterms:format"] = [JSON_TYPE]
            yield body


def _text(nodes: Nodes, value: Any, at: str) -> tuple[str | None, bool]:
    """The value as text, and whether the text is a node or a list written as JSON."""
    if not isinstance(value, str):
        nodes.mended("A value that is no text was written as JSON.")
        return as_json(value), True
    return nodes.value(value, at), holds_json(value)


def holds_json(text: str) -> bool:
    """Whether a text is a JSON object or array, as openDS writes nodes."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
