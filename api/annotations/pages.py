"""What stands on top of an annotation's page: what is said of what, and what became of it.

Bodies come from strangers, and are shown as such (`api.annotations.strangers`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from api.annotations.faces import target_of
from api.annotations.strangers import LONG, READ, plain, without_markup
from api.media.pictures import SMALL, crop_address, file_here, picture_of
from api.objects.addresses import split
from api.rendering import label
from api.site import Site
from eventstore.envelope import Recorded
from fdo.annotation.identity import agent_id
from fdo.annotation.life import name_of, selectors, source_of, state_of
from fdo.annotation.paths import parse
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.representations.annotation.regions import Region, bounding, size_of
from handlers.annotations import changed_since

BODIES = 20
"""Bodies, and targets, on the page."""

_STATES = {
    "standing": "stands",
    "pending": "waits for a decision",
    "accepted": "accepted",
    "rejected": "rejected",
    "withdrawn": "withdrawn",
    "superseded": "superseded",
}


def annotation_part(site: Site, event: Recorded, document: Document) -> dict[str, Any] | None:
    """What the page of an annotation shows beside what all pages show; None for other objects."""
    if event.type != "annotation" or "oa:hasTarget" not in document:
        return None
    state = state_of(event.status, document)
    return {
        "state": _STATES[state],
        "why": [str(one) for one in document.get("oa:motivatedBy", ())],
        "by": [_agent(one) for one in document.get("dcterms:creator", ())],
        "made": document.get("dcterms:created"),
        "targets": [
            _target(site, one, target_of(one, site.objects.log))
            for one in document["oa:hasTarget"][:BODIES]
        ],
        "bodies": [said for one in document.get("oa:hasBody", ())[:BODIES] for said in _body(one)],
        "left": max(0, len(document.get("oa:hasBody", ())) - BODIES),
        "decision": _decision(document),
        "overlay": document.get("col:overlayState"),
        "source": plain(document.get("col:sourceValue", "")),
        "since": _since(site, event),
        "repaired": [plain(one) for one in document.get("col:repaired", ())],
        "service": [
            (key, str(document[key]))
            for key in ("ods:jobID", "ods:batchID", "col:model", "col:modelSha256",
                        "col:softwareVersion", "col:executionProvider")
            if key in document
        ],
    }  # fmt: skip


def annotation_heading(document: Document) -> str:
    """What an annotation does to what: `Editing: country · 10.5072/ABC-DEF-123`."""
    motivations = document.get("oa:motivatedBy") or ["oa:commenting"]
    targets = document.get("oa:hasTarget") or [""]
    source = source_of(targets[0])
    paths = [one[key] for one in selectors(targets[0]) for key in ("ods:term", "ods:class")
             if key in one]  # fmt: skip
    steps = [step for step in parse(paths[0]) if isinstance(step, str)] if paths else []
    place = f": {label(steps[-1])}" if steps else ""
    return f"{label(motivations[0]).capitalize()}{place} · {source.pid if source else 'annotation'}"


def _agent(node: Document) -> dict[str, str]:
    name = agent_id(node)
    return {"name": plain(node.get("schema:name") or name or "somebody"), "iri": _web(name)}


def _web(name: str) -> str:
    """The address, where it is one that a page may link to."""
    return name if name.startswith(("https://", "http://")) else ""


def _decision(document: Document) -> dict[str, Any] | None:
    by = document.get("ods:hasMergingStateChangedBy")
    if by is None:
        return None
    return {
        "what": document.get("ods:mergingDecisionStatus", ""),
        "when": document.get("ods:mergingStateChangeDate"),
        "by": _agent(by),
        "reason": plain(document.get("col:decisionReason", "")),
    }


def _since(site: Site, event: Recorded) -> dict[str, Any] | None:
    found = changed_since(event, site.objects.log)
    if found is None:
        return None
    return {
        "pid": str(found.target),
        "made_on": found.made_on,
        "current": found.current,
        "changed": found.changed,
        "ended": found.ended,
    }


# ── what it is about ─────────────────────────────────────────────────────────────────────


def _target(site: Site, target: Any, object_: Document | None) -> dict[str, Any]:
    node = target if isinstance(target, dict) else {"@id": target}
    source = source_of(node)
    name = name_of(node)
    return {
        "name": name,
        "href": f"/{source.pid}{f'/{source.version}' if source.version else ''}" if source
        else _web(name),
        "times": [told for state in node.get("oa:hasState", ()) if (told := _time(state))],
        "places": [_place(site, one, source.pid if source else None, object_)
                   for one in selectors(node)[:BODIES]],
    }  # fmt: skip


def _time(state: Any) -> str:
    """The time of a state, or both ends of one that lasted; "" of one that names none."""
    if not isinstance(state, dict):
        return ""
    ends = ("oa:sourceDate", "oa:sourceDateStart", "oa:sourceDateEnd")
    return " – ".join(str(state[end]) for end in ends if end in state)


def _place(site: Site, selector: Any, pid: Pid | None, object_: Document | None) -> dict[str, Any]:
    """A selector in words; a region of an image with a link to it, and as a picture where the
    image is here."""
    kind = str(selector.get("@type", "")).partition(":")[2]
    words = next(
        (
            selector[key]
            for key in ("ods:term", "ods:class", "oa:exact", "rdf:value")
            if key in selector
        ),
        "",
    )
    place: dict[str, Any] = {"kind": kind, "text": plain(str(words), 300), "crop": None}
    place |= {"fractions": None, "pixels": None, "picture": None}
    region = region_of(selector)
    if region is not None and pid is not None and object_ and "ac:accessURI" in object_:
        place["crop"] = crop_address(pid, region)
        place["picture"] = picture_of(pid, file_here(site.files, pid, object_), SMALL, region)
        size = size_of(object_)
        place["fractions"] = region.fractions(size)
        place["pixels"] = region.pixels(size)
    return place


def region_of(selector: Any) -> Region | None:
    """The region of an image that a selector names: of shapes the rectangle around them."""
    text = str(selector.get("rdf:value", ""))
    if selector.get("@type") == "oa:SvgSelector":
        return bounding(text)
    return Region.of_fragment(text)


# ── what it says ─────────────────────────────────────────────────────────────────────────


_NOTHING: dict[str, Any] = {
    "link": "", "text": "", "cut": False, "language": "", "format": "", "purpose": (),
    "score": None, "reference": "", "choice": False,
}  # fmt: skip
"""What the template asks of every body."""


def _body(body: Any, depth: int = 3) -> Iterator[dict[str, Any]]:
    if isinstance(body, str):
        yield _NOTHING | {"link": _href(body), "text": plain(body, 300)}
    elif "rdf:value" in body:
        yield _NOTHING | _said(body)
    elif "as:items" in body and depth:
        for one in body["as:items"][:BODIES]:
            yield from ({**said, "choice": True} for said in _body(one, depth - 1))
    else:
        name = str(body.get("oa:hasSource", body.get("@id", "")))
        yield _NOTHING | {"link": _href(name), "text": plain(name, 300)}


def _href(name: str) -> str:
    pid, number = split(name)
    if pid is not None:
        return f"/{pid}{f'/{number}' if number else ''}"
    return _web(name)


def _said(body: Document) -> dict[str, Any]:
    text = str(body["rdf:value"])
    format_ = " ".join(body.get("dcterms:format", ()))
    whole = without_markup(text) if "html" in format_ else text
    languages = body.get("dcterms:language", ())
    return {
        "text": plain(whole),
        "cut": len(whole) > LONG or (whole is not text and len(text) > READ),
        "language": languages[0] if languages and re.fullmatch(r"[A-Za-z-]{2,35}", languages[0])
        else "",
        "format": plain(format_, 100),
        "purpose": [str(one) for one in body.get("oa:hasPurpose", ())],
        "score": body.get("ods:score"),
        "reference": _web(str(body.get("dcterms:references", ""))),
    }  # fmt: skip
