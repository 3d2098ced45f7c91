"""An annotation that somebody sent, as it is stored: the W3C's form, openDS's, or our own.

    read({"@context": "http://www.w3.org/ns/anno.jsonld", "type": "Annotation", …})

The draft lacks what the repository says (PID, version, dates, state, content key). What was put
right is told in sentences and kept with the annotation; what cannot be held is refused, all of it
at once, by JSON pointer. No context is ever fetched: the W3C's is known, and inline ones may only
repeat our prefixes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import InvalidDocument
from fdo.representations.annotation.opends_reading import is_opends, read_opends
from fdo.representations.annotation.resources import Nodes
from fdo.representations.annotation.words import CONTEXT, MANAGED, OWN_CONTEXT, TEXT_TYPE
from ontologies.jsonld import CONTEXTS
from ontologies.prefixes import PREFIXES
from ontologies.schemas import explain, validator


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one annotation may hold."""

    bytes: int = 64 * 1024
    parts: int = 100
    """Targets at most, and bodies at most."""


@dataclass(frozen=True, slots=True)
class Read:
    """What was read."""

    draft: Document
    """As it is stored, `col:repaired` included."""
    repaired: list[str]
    """What was put right, as sentences."""


LIMITS = Limits()
_IDS = ("id", "@id", "dcterms:identifier")
_DECIDED = "ods:mergingDecisionStatus"
_DECISIONS = [f"{prefix}{word}" for prefix in ("", "ods:") for word in ("Approved", "Rejected")]
_IGNORED = MANAGED | {"ods:MergingStateChangedBy"}
"""What is decided here; the last as openDS's own examples misspell it."""
_STAMPS: Document = {
    "@id": "https://hdl.handle.net/20.5000.5072/AAA-AAA-AAA",
    "dcterms:identifier": "https://hdl.handle.net/20.5000.5072/AAA-AAA-AAA",
    "ods:fdoType": OBJECT_TYPES["annotation"].fdo_type,
    "ods:version": 1,
    "dcterms:created": "2026-01-01T00:00:00Z",
    "dcterms:modified": "2026-01-01T00:00:00Z",
    "col:contentKey": "0" * 64,
}
"""Stand for what the repository adds, when a draft is held against the schema."""


def read(
    data: Any,
    *,
    default_creator: Document,
    own: str | None = None,
    base: str = "",
    limits: Limits = LIMITS,
) -> Read:
    """The draft of an annotation; InvalidDocument says all that is wrong with it.

    `default_creator`: openDS agent node of who sends it, where it names no creator. `own`: PID
    IRI of the annotation that is sent back changed; another id is kept in `oa:via` (Web Annotation
    Protocol, 5.1). `base`: public address, whose pages stand for PIDs.
    """
    if not isinstance(data, Mapping):
        raise refusal([("", "An annotation is a JSON object.")])
    _measure(data, limits)
    nodes = Nodes(base)
    said = {key: value for key, value in data.items() if value is not None}
    contexts = said.pop("@context", None)
    names = [name for key in _IDS if isinstance(name := said.pop(key, None), str) and name]
    before = _sentences(said.get("col:repaired")) if own else []
    if own is None and said.get(_DECIDED) in _DECISIONS:
        nodes.mended("What becomes of a proposal is decided here; the decision sent was left out.")
    said = {key: value for key, value in said.items() if key not in _IGNORED}
    if is_opends(said):
        draft = read_opends(nodes, said)
    else:
        _check_context(nodes, contexts)
        draft = _read_w3c(nodes, said)
    _finish(nodes, draft, names, own, default_creator)
    _bound(nodes, draft, limits)
    if nodes.problems:
        raise refusal(nodes.problems)
    repaired = [*dict.fromkeys([*before, *nodes.repaired])]
    if repaired:
        draft["col:repaired"] = repaired
    if not validator("annotation").is_valid(draft | _STAMPS):
        raise refusal(explain("annotation", draft | _STAMPS))
    return Read(draft, repaired)


def refusal(problems: list[tuple[str, str]]) -> InvalidDocument:
    """The error that names everything that is wrong."""
    told = "; ".join(f"{at or '/'}: {said.rstrip('.')}" for at, said in problems[:3])
    more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
    return InvalidDocument(f"The annotation cannot be taken: {told}{more}.", problems[:100])


def _sentences(found: Any) -> list[str]:
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _measure(data: Mapping[str, Any], limits: Limits) -> None:
    try:
        size = len(orjson.dumps(data))
    except (TypeError, orjson.JSONEncodeError, RecursionError) as fault:
        raise refusal([("", f"holds what JSON cannot ({fault}).")]) from fault
    if size > limits.bytes:
        raise refusal([("", f"has {size:,} bytes; an annotation has {limits.bytes:,} at most.")])


def _check_context(nodes: Nodes, found: Any) -> None:
    for one in found if isinstance(found, list) else [found]:
        if one is None or one == CONTEXT:
            continue
        if isinstance(one, str) and one.rpartition("/contexts/")[2] in CONTEXTS:
            continue
        if isinstance(one, Mapping):
            for name, meaning in one.items():
                if meaning not in (PREFIXES.get(name), OWN_CONTEXT.get(name)):
                    nodes.wrong(
                        f"/@context/{name}",
                        f"A context here may only repeat the prefixes {', '.join(PREFIXES)} "
                        "as they are known.",
                    )
            continue
        nodes.wrong("/@context", f"Contexts are not fetched; {CONTEXT} is known.")


def _read_w3c(nodes: Nodes, said: Mapping[str, Any]) -> Document:
    rest = {key: said[key] for key in said if key not in _PARTS}
    draft = nodes.node("annotation", rest, "")
    kinds = draft.pop("@type", None)
    if kinds is None:
        nodes.mended("The annotation did not say that it is one (type).")
    elif kinds != "oa:Annotation":
        nodes.wrong("/type", "is Annotation, and nothing else.")
    draft["oa:hasTarget"] = _listed(said, ("target", "oa:hasTarget"), nodes.target)
    bodies = _listed(said, ("body", "oa:hasBody"), nodes.body)
    if (text := draft.pop("oa:bodyValue", None)) is not None:
        if bodies:
            nodes.wrong("/bodyValue", "An annotation has body or bodyValue, not both.")
        bodies = [  # so the model reads it (3.2.5)
            {"@type": "oa:TextualBody", "rdf:value": text, "dcterms:format": [TEXT_TYPE]}
        ]
    if bodies:
        draft["oa:hasBody"] = bodies
    return draft


_PARTS = ("target", "oa:hasTarget", "body", "oa:hasBody")


def _listed(said: Mapping[str, Any], keys: tuple[str, str], one: Any) -> list[Any]:
    found: list[Any] = []
    for key in keys:
        value = said.get(key, [])
        if isinstance(value, list):
            made = [one(each, f"/{key}/{place}") for place, each in enumerate(value)]
        else:
            made = [one(value, f"/{key}")]
        found += [each for each in made if each is not None]
    return found


def _finish(
    nodes: Nodes, draft: Document, names: list[str], own: str | None, default_creator: Document
) -> None:
    draft["@type"] = "oa:Annotation"
    if not draft.get("oa:motivatedBy"):
        nodes.mended("No motivation was given; it was taken as commenting.")
        draft["oa:motivatedBy"] = ["oa:commenting"]
    if not draft.get("oa:hasTarget"):
        nodes.wrong("/target", "An annotation needs a target.")
    draft.setdefault("dcterms:creator", [dict(default_creator)])
    if own is None:
        via = [name for text in dict.fromkeys(names) if (name := _elsewhere(nodes, text))]
        known = draft.get("oa:via", [])
        all_of_them = dict.fromkeys([*([known] if isinstance(known, str) else known), *via])
        if all_of_them:
            several = list(all_of_them)
            draft["oa:via"] = several[0] if len(several) == 1 else several


def _elsewhere(nodes: Nodes, text: str) -> str | None:
    """The name that an annotation bore where it came from; a name that is none is dropped."""
    trial = Nodes()
    found = trial.name(text, "/id")
    if found is None:
        nodes.mended("The id that the annotation bore is no IRI that can be kept.")
    return found


def _bound(nodes: Nodes, draft: Document, limits: Limits) -> None:
    for key in ("oa:hasTarget", "oa:hasBody"):
        if len(draft.get(key, ())) > limits.parts:
            nodes.wrong(f"/{key}", f"has {len(draft[key])} members; {limits.parts} are allowed.")
    if "oa:styledBy" not in draft and any("oa:styleClass" in node for node in _resources(draft)):
        nodes.wrong("/stylesheet", "A styleClass needs the stylesheet of the annotation.")


def _resources(draft: Document) -> Iterator[Document]:
    open_ends = [*draft.get("oa:hasTarget", ()), *draft.get("oa:hasBody", ())]
    while open_ends:
        one = open_ends.pop()
        if isinstance(one, dict):
            yield one
            open_ends += one.get("as:items", ())
