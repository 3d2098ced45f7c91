"""Places within a target that somebody sent: selectors and states, as they are stored.

The walk over nodes is here too: driven by the table of words, it reads each key by the kind of its
values and refuses those that a node cannot have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fdo.documents import Document
from fdo.representations.annotation.regions import Region
from fdo.representations.annotation.values import Values
from fdo.representations.annotation.words import BY_NAME, MEDIA_FRAGMENTS, SHAPED, Part, Word

DEEPEST = 6
"""Nodes within nodes at most: a choice of choices, a selector refined again and again."""

Read = Callable[[Any, str, int], Any]
"""(what was sent, its JSON pointer, nodes above it) → what is stored, or None."""

_ACTIVE_SVG = re.compile(
    r"<\s*(?:\w+:)?(?:script|foreignobject|style|image|use|a|animate\w*|set|handler|iframe)\b"
    r"|<[!?]|href|javascript:|url\(|\bon\w+\s*="
)
"""What makes a drawing more than shapes."""
_ARTICLES: dict[Part, str] = {
    "annotation": "an annotation",
    "resource": "a body or target",
    "selector": "a selector",
    "state": "a state",
    "style": "a style sheet",
    "agent": "an agent",
    "audience": "an audience",
}
_ENDS = frozenset(f"oa:{kind}" for kind in SHAPED if kind != "RangeSelector")
_NEEDS: dict[str, tuple[str, ...]] = {
    "FragmentSelector": ("rdf:value",),
    "CssSelector": ("rdf:value",),
    "XPathSelector": ("rdf:value",),
    "TextQuoteSelector": ("oa:exact",),
    "TextPositionSelector": ("oa:start", "oa:end"),
    "DataPositionSelector": ("oa:start", "oa:end"),
    "RangeSelector": ("oa:hasStartSelector", "oa:hasEndSelector"),
}
"""What a selector cannot do without (Web Annotation model, 4.2)."""


class Places(Values):
    """Reads nodes, and the selectors and states among them."""

    def node(self, part: Part, found: Mapping[str, Any], at: str, depth: int = 0) -> Document:
        """The node in our keys; keys that its part does not know are refused."""
        read: Document = {}
        for key, value in found.items():
            word = BY_NAME[part].get(key)
            place = f"{at}/{escaped(key)}"
            if word is None:
                self.wrong(place, f"{key!r} is no key of {_ARTICLES[part]} that can be held here.")
            elif word.key in read:
                self.wrong(place, f"{key!r} says again what {word.name!r} says.")
            elif value is not None:
                self._set(read, word, value, place, depth)
        return read

    def _set(self, read: Document, word: Word, value: Any, at: str, depth: int) -> None:
        if depth > DEEPEST:
            self.wrong(at, f"lies deeper than {DEEPEST} nodes within nodes.")
            return
        one = self._reader(word.kind)
        if word.amount == "one":
            if isinstance(value, list) and len(value) == 1 and word.kind != "nodes":
                value = value[0]
            if (made := one(value, at, depth)) is not None:
                read[word.key] = made
            return
        values = value if isinstance(value, list) else [value]
        places = [at] if not isinstance(value, list) else [f"{at}/{n}" for n in range(len(values))]
        many = [
            made
            for each, place in zip(values, places, strict=True)
            if (made := one(each, place, depth)) is not None
        ]
        if many:
            read[word.key] = many[0] if word.amount == "some" and len(many) == 1 else many

    def _reader(self, kind: str) -> Read:
        if reader := self.nested().get(kind):
            return reader
        plain: Callable[[Any, str], Any] = getattr(self, kind)
        return lambda value, at, _: plain(value, at)

    def nested(self) -> dict[str, Read]:
        """What reads values that are nodes, by the kinds of the table."""
        return {
            "selector": self.selector,
            "state": self.state,
            "style": lambda value, at, depth: self.iri_or_node("style", value, at, depth),
            "nodes": lambda value, _at, _depth: value if isinstance(value, list) else [value],
        }

    def selector(self, found: Any, at: str, depth: int = 0) -> Any:
        """A selector: an IRI, or a node of one of the W3C's or openDS's kinds."""
        read = self.iri_or_node("selector", found, at, depth)
        if isinstance(read, dict):
            self.settle(read, at)
        return read

    def settle(self, selector: Document, at: str) -> None:
        """Hold a selector that was read against the rules of its kind (4.2)."""
        kinds = listed(selector.get("@type"))
        kind = kinds[0].removeprefix("oa:") if len(kinds) == 1 else ""
        if kind in ("ods:TermSelector", "ods:ClassSelector"):
            selector.pop("@id", None)  # the name of its node in the face, not of another thing
            key = "ods:term" if kind == "ods:TermSelector" else "ods:class"
            if key not in selector:
                self.wrong(at, f"The {kind} needs {key}.")
            return
        if kind not in SHAPED:
            self.wrong(at, f"is an IRI or one of {', '.join(SHAPED)}, ods:TermSelector and "
                           "ods:ClassSelector.")  # fmt: skip
            return
        for key in _NEEDS.get(kind, ()):
            if key not in selector:
                self.wrong(at, f"The {kind} needs {BY_NAME['selector'][key].name}.")
        if kind == "RangeSelector":
            ends = (selector.get(key) for key in _NEEDS["RangeSelector"])
            if any(not isinstance(end, dict) or end.get("@type") not in _ENDS for end in ends):
                self.wrong(at, "A RangeSelector runs from one selector of the W3C to another.")
        elif kind == "SvgSelector":
            self._drawn(selector, at)
        elif kind == "FragmentSelector" and (region := _region_of(selector)):
            selector["rdf:value"] = str(region)
            selector.setdefault("dcterms:conformsTo", MEDIA_FRAGMENTS)

    def _drawn(self, selector: Document, at: str) -> None:
        if ("rdf:value" in selector) == ("@id" in selector):
            self.wrong(at, "The SvgSelector needs either value or id.")
        drawn = str(selector.get("rdf:value", "")).lower()
        if _ACTIVE_SVG.search(drawn):
            self.wrong(f"{at}/value", "An SVG selector holds shapes only, no scripts or links.")

    def state(self, found: Any, at: str, depth: int = 0) -> Any:
        """In which state a target is meant."""
        read = self.iri_or_node("state", found, at, depth)
        if isinstance(read, dict):
            kind = read.get("@type")
            spans = {"oa:sourceDateStart", "oa:sourceDateEnd"} & read.keys()
            if kind == "oa:TimeState":
                if len(spans) == 1 or ("oa:sourceDate" in read) == bool(spans):
                    self.wrong(at, "A TimeState has sourceDate, or sourceDateStart and …End.")
                if len(read.get("oa:cachedSource", ())) > 1:
                    self.wrong(f"{at}/cached", "One copy is enough (schemas of the W3C).")
            elif kind == "oa:HttpRequestState":
                if "rdf:value" not in read:
                    self.wrong(at, "An HttpRequestState needs its headers in value.")
            else:
                self.wrong(at, "is an IRI, a TimeState or an HttpRequestState.")
        return read

    def iri_or_node(self, part: Part, found: Any, at: str, depth: int) -> Any:
        """A node, or the IRI of one."""
        if isinstance(found, str):
            return self.iri(found, at)
        if not isinstance(found, Mapping):
            self.wrong(at, "is an IRI or a node.")
            return None
        return self.node(part, found, at, depth + 1)


def _region_of(selector: Document) -> Region | None:
    return Region.of_fragment(selector.get("rdf:value", ""))


def listed(found: Any) -> list[Any]:
    """A value or values as a list."""
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def escaped(key: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")
