"""What stands on top of an annotation's page: what is said of what, and what became of it.

Bodies come from strangers. They are shown as text, whatever media type they claim: of HTML the
text alone, without its markup; without signs that turn the direction of a line around; cut where
they are long. The templates escape what is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from api.annotations.faces import target_of
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

LONG = 2_000
"""Characters of a text on the page; the document has it all."""
_READ = 2 * LONG
"""Characters of HTML that are read for its text; the parser takes much longer for twice as many."""
BODIES = 20
"""Bodies, and targets, on the page."""

_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that change the direction of text (UAX 9, 2); what they turn around deceives readers."""
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u200b\u2060\ufeff]")
_SILENT = frozenset({"script", "style", "template", "iframe", "object", "noscript"})
_APART = frozenset({"br", "div", "h1", "h2", "h3", "li", "p", "td", "th", "tr"})
"""Tags that part words."""
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
        "cut": len(whole) > LONG or (whole is not text and len(text) > _READ),
        "language": languages[0] if languages and re.fullmatch(r"[A-Za-z-]{2,35}", languages[0])
        else "",
        "format": plain(format_, 100),
        "purpose": [str(one) for one in body.get("oa:hasPurpose", ())],
        "score": body.get("ods:score"),
        "reference": _web(str(body.get("dcterms:references", ""))),
    }  # fmt: skip


def plain(text: str, most: int = LONG) -> str:
    """A stranger's text as it may stand on a page: without signs that hide or turn it, and not
    longer than `most`."""
    clean = _UNSEEN.sub("", _TURNING.sub("", str(text[: most * 2])))
    return clean if len(clean) <= most else f"{clean[: most - 1]}…"


def without_markup(text: str) -> str:
    """The text of HTML: no tags, and nothing of scripts and styles."""
    reader = _Text()
    reader.feed(text[:_READ].replace("<![", "<! ["))  # the parser asserts what it should read over
    reader.close()
    return reader.text


class _Text(HTMLParser):
    """Collects text; a parser, since what strips tags by pattern can be led astray."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._silent: list[str] = []

    @property
    def text(self) -> str:
        """What was read, blanks joined."""
        return re.sub(r"\s+", " ", "".join(self._parts)).strip()

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        """Begin to leave out what is no text; attributes are never text."""
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag in _APART:
            self._parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """Come back to text."""
        if tag in self._silent:
            self._silent.remove(tag)

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if not self._silent:
            self._parts.append(data)
