"""The Web Annotation face (W3C Recommendation, 23 February 2017): JSON-LD with the W3C's context.

Pure: the same document gives the same face, and `reading.read` gives the document back but for
what the repository says. What the W3C has no word for stands under its CURIE, declared in a second
context. Two spellings of the stored form give way to rules of the model: a target that is a whole
object is an External Web Resource (a Specific Resource needs something specific), and a selector
of openDS bears its name in the graph (a selector is one of the W3C's or has an IRI).
"""

from __future__ import annotations

from typing import Any

from fdo.documents import Document
from fdo.representations.annotation.resources import SPECIFIC, SPECIFYING
from fdo.representations.annotation.words import (
    BY_KEY,
    CONTEXT,
    MANAGED,
    MOTIVATIONS,
    NAMES,
    OWN_CONTEXT,
    Part,
    Word,
)
from fdo.representations.fragments import fragment_of
from fdo.representations.lexical import is_iri
from ontologies.terms import iri_of_value

_LEFT_OUT = frozenset({"@id", "@type", "dcterms:identifier"})
_NESTED: dict[str, Part] = {
    "resource": "resource",
    "selector": "selector",
    "state": "state",
    "style": "style",
    "agent": "agent",
    "audience": "audience",
}
_OF_OPENDS = ("ods:TermSelector", "ods:ClassSelector")

_Path = tuple[str | int, ...]


def to_w3c(document: Document) -> dict[str, Any]:
    """The W3C face of a stored annotation; its `id` is its PID."""
    face: dict[str, Any] = {"@context": [CONTEXT, OWN_CONTEXT], "id": document["@id"]}
    face["type"] = "Annotation"
    writer = _Writer(document["@id"])
    plain = {key: value for key, value in document.items() if key not in _LEFT_OUT}
    known = {key: plain[key] for key in plain if key in BY_KEY["annotation"]}
    face |= writer.node("annotation", known, ())
    return face | {key: plain[key] for key in plain if key in MANAGED and key not in known}


class _Writer:
    def __init__(self, name: str) -> None:
        self._name = name

    def node(self, part: Part, node: Document, path: _Path) -> dict[str, Any]:
        """A node with the W3C's keys; `path` is its place in the document."""
        found: dict[str, Any] = {}
        for key, value in self._said(part, node, path).items():
            if value == []:
                continue
            word = BY_KEY[part].get(key)
            if word is None:
                found["id" if key == "@id" else key] = value
                continue
            made = self._values(word, value, (*path, key))
            if part == "agent" and key == "schema:identifier" and not is_iri(iri_of_value(value)):
                found[key] = made
            else:
                found[word.name] = made
        return found

    def _said(self, part: Part, node: Document, path: _Path) -> Document:
        """The node as the rules of the model have it."""
        if part == "resource" and "oa:hasSource" in node:
            if "oa:hasPurpose" in node or any(node.get(key) for key in SPECIFYING):
                return node
            whole = {key: value for key, value in node.items() if key != "oa:hasSource"}
            kinds = [kind for kind in _listed(whole.pop("@type", [])) if kind != SPECIFIC]
            return {"@id": node["oa:hasSource"], **({"@type": kinds} if kinds else {}), **whole}
        if part == "selector" and node.get("@type") in _OF_OPENDS:
            return {"@id": f"{self._name}#{fragment_of(path)}", **node}
        if part == "agent" and "@id" in node:
            rest = {key: value for key, value in node.items() if key != "@id"}
            return {"schema:identifier": node["@id"], **rest}
        return node

    def _values(self, word: Word, value: Any, path: _Path) -> Any:
        if word.kind == "nodes":
            return value
        if not isinstance(value, list):
            return self._one(word, value, path)
        made = [self._one(word, each, (*path, place)) for place, each in enumerate(value)]
        return made[0] if len(made) == 1 and word.name != "items" else made

    def _one(self, word: Word, value: Any, path: _Path) -> Any:
        if word.kind in _NESTED and isinstance(value, dict):
            return self.node(_NESTED[word.kind], value, path)
        if word.kind == "type":
            return NAMES.get(value, value)
        if word.kind == "motivation":
            short = str(value).removeprefix("oa:")
            return short if short in MOTIVATIONS else value
        return value


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]
