"""The openDS 0.4 face of an annotation: one target, one selector, texts with one score.

What openDS cannot hold is left out and told: no losses, and `reading.read` gives the document
back. A region becomes the fractions of Audubon Core, a polygon its bounding box.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.representations.annotation.opends_reading import GENERATOR, REASON, holds_json
from fdo.representations.annotation.regions import Region, Size, bounding, size_of
from fdo.representations.annotation.resources import SPECIFIC
from fdo.representations.annotation.words import JSON_TYPE, MANAGED, MEDIA_FRAGMENTS
from fdo.representations.lexical import is_iri

VOCABULARY = "https://ac.tdwg.org/termlist/#711-region-of-interest-vocabulary"
"""What a region in openDS conforms to."""
MOTIVATIONS = ("ods:adding", "ods:deleting", "oa:assessing", "oa:editing", "oa:commenting")

_AS_IT_IS = (
    "@id", "dcterms:identifier", "ods:fdoType", "ods:status", "ods:version", "dcterms:created",
    "dcterms:modified", "ods:batchID", "ods:placeInBatch", "ods:mergingDecisionStatus",
    "ods:mergingStateChangeDate", "ods:hasMergingStateChangedBy", "ods:hasAggregateRating",
    "ods:hasTombstoneMetadata",
)  # fmt: skip
_AGENT = ("@type", "schema:name", "schema:url", "ods:hasRoles", "ods:hasIdentifiers")
_HELD = frozenset(
    (*_AS_IT_IS, "@type", "ods:jobID", "oa:motivatedBy", "oa:hasTarget", "oa:hasBody",
     "dcterms:creator", "dcterms:issued", "as:generator")
) | MANAGED  # fmt: skip
_SAID_OF_TEXT = frozenset({"@type", "rdf:value", "dcterms:references", "ods:score"})
_HANDLE = "https://hdl.handle.net/"
_TYPES = {kind.fdo_type: kind.rdf_type for kind in OBJECT_TYPES.values()}


def to_opends(
    document: Document, target: Mapping[str, Any] | None = None
) -> tuple[Document, list[str]]:
    """The openDS face of a stored annotation, and what it could not hold, as sentences.

    `target`: document of the object that the first target names, where it is at hand; it tells
    the size of an image.
    """
    losses: dict[str, None] = {}
    face: Document = {key: document[key] for key in _AS_IT_IS if key in document}
    face["@type"] = "ods:Annotation"
    for key in sorted(document.keys() - _HELD):
        losses[f"openDS has no place for {key}."] = None
    face["oa:motivation"] = _motivation(document.get("oa:motivatedBy", []), losses)
    face["oa:hasTarget"] = _target(document.get("oa:hasTarget", []), target or {}, losses)
    _bodies(face, document.get("oa:hasBody", []), losses)
    face["dcterms:creator"] = _agent(document.get("dcterms:creator", []), "creator", losses)
    face["as:generator"] = _agent(document.get("as:generator", [GENERATOR]), "generator", losses)
    face["dcterms:issued"] = document.get("dcterms:issued", document.get("dcterms:created"))
    if (job := document.get("ods:jobID")) is not None:
        if job.startswith(_HANDLE):
            face["ods:jobID"] = job
        else:
            losses["The job has no Handle."] = None
    return {key: value for key, value in face.items() if value is not None}, list(losses)


def _motivation(found: Iterable[str], losses: dict[str, None]) -> str:
    known = [one for one in found if one in MOTIVATIONS]
    for one in found:
        if one not in known[:1]:
            losses[f"openDS takes one motivation of five; {one} is left out."] = None
    return known[0] if known else "oa:commenting"


def _agent(agents: list[Document], what: str, losses: dict[str, None]) -> Document:
    if len(agents) > 1:
        losses[f"openDS takes one {what}; {len(agents) - 1} more are left out."] = None
    agent = agents[0] if agents else GENERATOR
    found = {key: agent[key] for key in _AGENT if key in agent}
    name = agent.get("schema:identifier", agent.get("@id"))
    if name is not None:
        found["schema:identifier"] = name
        if is_iri(name):
            found["@id"] = name
    for key in sorted(agent.keys() - {*_AGENT, "schema:identifier", "@id"}):
        losses[f"openDS has no place for {key} of an agent."] = None
    return found


# ── targets ──────────────────────────────────────────────────────────────────────────────


def _target(targets: list[Any], object_: Mapping[str, Any], losses: dict[str, None]) -> Document:
    if len(targets) > 1:
        losses[f"openDS takes one target; {len(targets) - 1} more are left out."] = None
    found = targets[0] if targets else ""
    node = found if isinstance(found, dict) else {"@id": found}
    name = node.get("oa:hasSource", node.get("@id", ""))
    kind = node.get("ods:fdoType", object_.get("ods:fdoType", ""))
    target: Document = {
        "@id": name,
        "@type": _TYPES.get(kind, object_.get("@type", "")).replace("oa:A", "ods:A"),
        "dcterms:identifier": name,
        "ods:fdoType": kind,
    }
    if node.get("@type") != SPECIFIC or not kind:
        losses["openDS knows objects of repositories only, and their types."] = None
    for key in sorted(node.keys() - {"@type", "oa:hasSource", "ods:fdoType", "oa:hasSelector"}):
        losses[f"openDS has no place for {key} of a target."] = None
    selectors = node.get("oa:hasSelector", [])
    if len(selectors) > 1:
        losses[f"openDS takes one selector; {len(selectors) - 1} more are left out."] = None
    if selectors and (selector := _selector(selectors[0], size_of(object_), losses)):
        target["oa:hasSelector"] = selector
    return target


def _selector(selector: Any, size: Size | None, losses: dict[str, None]) -> Document | None:
    """The selector, or that of the smallest rectangle around it."""
    if not isinstance(selector, dict):
        losses["openDS knows no selectors by IRI; the whole object is given."] = None
        return None
    kind = selector["@type"]
    for name, key in (("ods:TermSelector", "ods:term"), ("ods:ClassSelector", "ods:class")):
        if kind == name:
            _told(selector, {"@type", key}, losses)
            return {"@type": name, key: selector[key]}
    if kind == "oa:FragmentSelector":
        _told(selector, {"@type", "rdf:value", "dcterms:conformsTo"}, losses)
        return _fragment(selector, size, losses)
    if kind == "oa:SvgSelector" and (box := bounding(selector.get("rdf:value", ""))):
        losses["The shape is given as its bounding box."] = None
        if roi := _roi(box.fractions(size)):
            return roi
    losses[f"openDS knows no {kind}; the whole object is given."] = None
    return None


def _told(selector: Document, held: set[str], losses: dict[str, None]) -> None:
    for key in sorted(selector.keys() - held):
        losses[f"openDS has no place for {key} of a selector."] = None


def _fragment(selector: Document, size: Size | None, losses: dict[str, None]) -> Document | None:
    region = Region.of_fragment(selector["rdf:value"])
    if region is None or selector.get("dcterms:conformsTo") != MEDIA_FRAGMENTS:
        losses["openDS knows regions only; the whole object is given."] = None
        return None
    fractions = region.fractions(size)
    if fractions is None:
        losses["The region in pixels is left out; the size of the image is not known, or the "
               "region lies outside."] = None  # fmt: skip
    elif str(Region.of_fractions(*fractions)) != str(region):
        losses["The region is given in fractions, rounded."] = None
    return _roi(fractions)


def _roi(fractions: tuple[float, float, float, float] | None) -> Document | None:
    if fractions is None:
        return None
    corners = ("ac:xFrac", "ac:yFrac", "ac:widthFrac", "ac:heightFrac")
    return {
        "@type": "oa:FragmentSelector",
        "ac:hasROI": dict(zip(corners, fractions, strict=True)),
        "dcterms:conformsTo": VOCABULARY,
    }


# ── bodies ───────────────────────────────────────────────────────────────────────────────


def _bodies(face: Document, bodies: list[Any], losses: dict[str, None]) -> None:
    reasons = [body["rdf:value"] for body in bodies if _is_reason(body)]
    if reasons:
        face["oa:motivatedBy"] = reasons[0]
    if len(reasons) > 1:
        losses["openDS takes one reason; the others are left out."] = None
    values = [body for body in bodies if not _is_reason(body)]
    texts = [body for body in values if _is_text(body)]
    if len(texts) < len(values):
        losses["openDS takes bodies of text only; others are left out."] = None
    if not texts:
        return
    shared = _shared(texts[0])
    same = [body for body in texts if _shared(body) == shared]
    if len(same) < len(texts):
        losses["openDS takes one score and one reference; bodies with others are left out."] = None
    for body in same:
        losses |= dict.fromkeys(_lost(body))
    face["oa:hasBody"] = {
        "@type": "oa:TextualBody",
        "oa:value": [body["rdf:value"] for body in same],
        **shared,
    }


def _is_reason(body: Any) -> bool:
    return isinstance(body, dict) and body == {
        "@type": "oa:TextualBody",
        "rdf:value": body.get("rdf:value"),
        "oa:hasPurpose": REASON,
    }


def _is_text(body: Any) -> bool:
    return isinstance(body, dict) and "rdf:value" in body


def _shared(body: Document) -> Document:
    return {key: body[key] for key in ("dcterms:references", "ods:score") if key in body}


def _lost(body: Document) -> Iterator[str]:
    for key in sorted(body.keys() - _SAID_OF_TEXT - {"dcterms:format"}):
        yield f"openDS has no place for {key} of a body."
    if body.get("@type") != "oa:TextualBody":
        yield "openDS knows one class of bodies."
    implied = [JSON_TYPE] if holds_json(body["rdf:value"]) else None
    if body.get("dcterms:format") != implied:
        yield "openDS does not say of which media type a text is."
