"""Nodes of an annotation that somebody sent, as they are stored: driven by the table of words.

Each resource is one of the kinds of the Web Annotation model (3.2, 4): a Choice holds items, a
Specific Resource a source, an embedded text a value, an External Web Resource its IRI alone. Which
keys belong to which kind is asked here, so that what is stored keeps the rules (MUST) of the
model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fdo.agent import Kind as AgentKind
from fdo.annotation.life import source_of
from fdo.documents import Document
from fdo.errors import InvalidIdentifier
from fdo.representations.annotation.places import DEEPEST, Places, Read, listed
from fdo.representations.annotation.values import as_json
from fdo.representations.annotation.words import (
    BY_NAME,
    JSON_TYPE,
    MEDIA_FRAGMENTS,
    MOTIVATIONS,
)
from fdo.representations.fragments import path_of, term_path
from fdo.representations.lexical import is_iri

SPECIFIC = "oa:SpecificResource"
SPECIFYING = (
    "oa:hasSelector", "oa:hasState", "oa:styleClass", "oa:renderedVia", "oa:hasScope",
)  # fmt: skip
"""What makes a Specific Resource of a source, beside a purpose."""
_AGENT_TYPES: tuple[tuple[str, AgentKind], ...] = (
    ("https://ror.org/", "schema:Organization"),
    ("https://doi.org/", "schema:SoftwareApplication"),
    ("https://hdl.handle.net/", "schema:SoftwareApplication"),
)
"""What an agent is that is named by its IRI alone; else a person."""


class Nodes(Places):
    """Reads bodies, targets and agents."""

    def nested(self) -> dict[str, Read]:
        """What reads values that are nodes, by the kinds of the table."""
        return {
            **super().nested(),
            "resource": self.body,
            "agent": lambda value, at, _: self.agent(value, at),
            "audience": self._audience,
        }

    # ── bodies and targets ───────────────────────────────────────────────────────────────

    def body(self, found: Any, at: str, depth: int = 0, *, item: bool = False) -> Any:
        """A body, or an item of a choice."""
        if isinstance(found, str):
            return self.name(found, at)
        if not isinstance(found, Mapping):
            self.wrong(at, "is an IRI or a node.")
            return None
        node = self.resource(found, at, depth)
        if "rdf:value" in node:
            self._embedded(node, at, item=item)
        elif "oa:hasSource" in node:
            self._specific(node, at, whole=False)
        else:
            self._external_or_choice(node, at)
        return node

    def target(self, found: Any, at: str, depth: int = 0) -> Any:
        """A target; an object of a repository becomes a Specific Resource, whole or in part, so
        that all of them are asked for in one way."""
        if isinstance(found, str):
            located = self._located({"@id": found}, at)
            return located["@id"] if located.keys() == {"@id"} else located
        if not isinstance(found, Mapping):
            self.wrong(at, "is an IRI or a node.")
            return None
        node = self.resource(found, at, depth)
        if "rdf:value" in node:
            self.wrong(at, "A target is a thing with a name; an embedded text is none.")
        elif "as:items" in node or "oa:Choice" in listed(node.get("@type")):
            self._external_or_choice(node, at)
        else:
            node = self._located(node, at)
            if "oa:hasSource" in node:
                self._specific(node, at, whole=source_of(node) is not None)
            else:
                self._external_or_choice(node, at)
        return node

    def resource(self, found: Mapping[str, Any], at: str, depth: int) -> Document:
        """A body or target in our keys, its source a plain name and its value a text."""
        said = dict(found)
        for key in ("source", "oa:hasSource"):
            if isinstance(said.get(key), Mapping):
                said[key] = self._name_of(said[key], f"{at}/{key}")
        for key in ("value", "rdf:value"):
            if key in said and not isinstance(said[key], str):
                self.mended("A value that is no text was written as JSON.")
                said[key] = as_json(said[key])
                said["format"] = JSON_TYPE
                said.pop("dcterms:format", None)
        items = [said.pop(key) for key in ("items", "as:items") if key in said]
        node = self.node("resource", said, at, depth)
        if items:
            node["as:items"] = list(self._items(items[0], f"{at}/items", depth + 1))
        return node

    def _name_of(self, source: Mapping[str, Any], at: str) -> Any:
        name = source.get("id", source.get("@id"))
        if name is None:
            self.wrong(at, "A source needs its IRI in id.")
        elif len(source) > 1:
            self.mended("What was said of a source beside its name was left out.")
        return name

    def _items(self, found: Any, at: str, depth: int) -> Iterator[Any]:
        values = found if isinstance(found, list) else [found]
        if not values:
            self.wrong(at, "A choice has one item at least.")
        if depth > DEEPEST:
            self.wrong(at, f"lies deeper than {DEEPEST} nodes within nodes.")
            return
        for place, value in enumerate(values):
            if (made := self.body(value, f"{at}/{place}", depth, item=True)) is not None:
                yield made

    def _embedded(self, node: Document, at: str, *, item: bool) -> None:
        node["@type"] = _with_type(node.get("@type"), "oa:TextualBody")
        self._forbidden(node, at, "An embedded text", ("oa:hasSource", "as:items", *SPECIFYING))
        if "@id" in node and (item or "oa:hasPurpose" in node):
            self.wrong(f"{at}/id", "A text that has an IRI takes no purpose and is no item.")

    def _specific(self, node: Document, at: str, *, whole: bool) -> None:
        """`whole`: it may be one without saying what is specific of it, as the W3C's may not."""
        node["@type"] = _with_type(node.get("@type"), SPECIFIC)
        self._forbidden(node, at, "A Specific Resource", ("as:items",))
        if any(key in node for key in SPECIFYING):
            return
        purposes = {word.removeprefix("oa:") for word in node.get("oa:hasPurpose", ())}
        if purposes:
            if not purposes <= MOTIVATIONS:
                self.wrong(f"{at}/purpose", "The purpose of a whole resource is one of the W3C's.")
        elif not whole:
            node["@id"] = node.pop("oa:hasSource")
            kinds = [kind for kind in listed(node.pop("@type")) if kind != SPECIFIC]
            if kinds:
                node["@type"] = kinds[0] if len(kinds) == 1 else kinds

    def _external_or_choice(self, node: Document, at: str) -> None:
        choice = "as:items" in node or "oa:Choice" in listed(node.get("@type"))
        if choice:
            node["@type"] = "oa:Choice"
            self._forbidden(node, at, "A Choice", ("@id", "oa:hasPurpose", *SPECIFYING))
            if "as:items" not in node:
                self.wrong(at, "A Choice needs items.")
        elif "@id" not in node:
            self.wrong(at, "needs one of value, source, items and id.")
        else:
            self._forbidden(node, at, "A resource without source", ("oa:hasPurpose", *SPECIFYING))

    def _forbidden(self, node: Document, at: str, what: str, keys: tuple[str, ...]) -> None:
        for key in keys:
            if key in node:
                name = BY_NAME["resource"][key].name
                self.wrong(f"{at}/{name}", f"{what} takes no {name} (Web Annotation model).")

    # ── the place within a target ────────────────────────────────────────────────────────

    def _located(self, node: Document, at: str) -> Document:
        """The target with a canonical name, and with a selector in place of a fragment."""
        key = "oa:hasSource" if "oa:hasSource" in node else "@id"
        if not isinstance(node.get(key), str):
            return node
        name, sign, fragment = node[key].partition("#")
        known = self.known(name)
        if known is None:
            read = self.iri(node[key], at)
            return {**node, key: read} if read else node
        found = {name: value for name, value in node.items() if name != key}
        found["oa:hasSource"] = known
        if sign and fragment:
            if "oa:hasSelector" in node:
                self.wrong(at, "names its part by a fragment and by a selector; one is enough.")
            found["oa:hasSelector"] = [self._of_fragment(fragment)]
        found["@type"] = _with_type(node.get("@type"), SPECIFIC)
        return found

    def _of_fragment(self, fragment: str) -> Document:
        """The selector that says what a fragment says: of a node of the document, or of media."""
        try:
            path = term_path(path_of(fragment))
        except InvalidIdentifier:
            selector: Document = {"@type": "oa:FragmentSelector", "rdf:value": fragment}
            if fragment.startswith(("xywh=", "t=")):
                selector["dcterms:conformsTo"] = MEDIA_FRAGMENTS
            self.settle(selector, "")
            return selector
        self.mended(f"The fragment #{fragment} was read as the path {path}.")
        return {"@type": "ods:ClassSelector", "ods:class": path}

    # ── agents ───────────────────────────────────────────────────────────────────────────

    def agent(self, found: Any, at: str) -> Document | None:
        """Who made it: a node of schema.org; addresses of mail are not taken over."""
        if isinstance(found, str):
            name = self.name(found, at)
            return {"@type": _agent_type(name), "schema:identifier": name} if name else None
        if not isinstance(found, Mapping):
            self.wrong(at, "is an IRI or a node.")
            return None
        said = dict(found)
        for key in ("email", "schema:email", "foaf:mbox"):
            if said.pop(key, None) is not None:
                self.mended("Addresses of mail are not kept.")
        named = [(key, said.pop(key)) for key in ("id", "@id", "schema:identifier") if key in said]
        names = [(key, value) for key, value in named if value]
        if len({str(value) for _, value in names}) > 1:
            self.mended(f"An agent had two identifiers; {names[0][1]!s:.100} was kept.")
        for key in ("name", "schema:name", "nickname", "foaf:nick"):
            if isinstance(said.get(key), list) and len(said[key]) > 1:
                self.mended("An agent had several names; the first was kept.")
                said[key] = said[key][0]
        node = self.node("agent", said, at)
        if names and (name := self._agent_name(*names[0], at)):
            node["schema:identifier"] = name
        if "@type" not in node:
            node["@type"] = _agent_type(node.get("schema:identifier"))
        return node

    def _agent_name(self, key: str, found: Any, at: str) -> str | None:
        if isinstance(found, str) and not is_iri(found.strip()) and not self.known(found):
            if found.strip().lower().startswith(("javascript:", "data:")):
                self.wrong(f"{at}/{key}", "is no identifier of an agent.")
                return None
            return self.text(found, f"{at}/{key}")
        return self.name(found, f"{at}/{key}")

    def _audience(self, found: Any, at: str, depth: int) -> Document | None:
        if isinstance(found, str):
            name = self.iri(found, at)
            return {"@id": name} if name else None
        if not isinstance(found, Mapping):
            self.wrong(at, "is an IRI or a node.")
            return None
        return self.node("audience", found, at, depth + 1)


def _agent_type(name: str | None) -> AgentKind:
    for begin, kind in _AGENT_TYPES:
        if name and name.startswith(begin):
            return kind
    return "schema:Person"


def _with_type(found: Any, kind: str) -> Any:
    """The classes of a node, this one first."""
    others = [one for one in listed(found) if one != kind]
    return [kind, *others] if others else kind
