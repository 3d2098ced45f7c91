"""Fragments: the name of a nested node is its path in the document.

`ods:hasEvents` item 1, its `ods:hasLocation` → `#event-1-location`. Arrays count from 1;
a single nested node bears no number. The name depends on the document alone, so one changed
value is one changed triple, and the term paths of annotations map to nodes.

>>> fragment_of(("ods:hasEvents", 0, "ods:hasLocation"))
'event-1-location'
>>> fragment_of(path_of_term("$['ods:hasIdentifications'][1]['ods:hasAgents'][0]"))
'identification-2-agent-1'
"""

from __future__ import annotations

import re
from typing import Any

from fdo.errors import InvalidIdentifier
from ontologies.terms import DOCUMENT_TERMS, FRAGMENT_KEYS, Kind

Path = tuple[str | int, ...]
"""Keys and zero-based places, from the document down; () is the document itself."""

_NAMES = "|".join(sorted(FRAGMENT_KEYS, key=len, reverse=True))
_STEP = re.compile(rf"-({_NAMES})(?:-([1-9][0-9]*))?(?=-|$)")
_TERM_STEP = re.compile(r"\[(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"|([0-9]+))\]")


def fragment_of(path: Path) -> str:
    """The fragment of the node at a path; "" for the document itself."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(str(step + 1))
        elif (term := DOCUMENT_TERMS.get(step)) and term.kind is Kind.NODE:
            parts.append(term.fragment)
        else:
            raise InvalidIdentifier(f"{step!r} does not hold nested nodes; no fragment names it.")
    return "-".join(parts)


def path_of(fragment: str) -> Path:
    """The path that a fragment names, with or without its `#`."""
    text = fragment.removeprefix("#")
    steps = f"-{text}" if text else ""
    path: list[str | int] = []
    place = 0
    while place < len(steps):
        found = _STEP.match(steps, place)
        if not found:
            raise InvalidIdentifier(
                f"#{text} is not a path of nested nodes; an example is #event-1-location."
            )
        path.append(FRAGMENT_KEYS[found[1]])
        if found[2]:
            path.append(int(found[2]) - 1)
        place = found.end()
    return tuple(path)


def node_at(document: dict[str, Any], fragment: str) -> dict[str, Any] | None:
    """The node of a document that a fragment names; None if the document has none there."""
    node: Any = document
    for step in path_of(fragment):
        if isinstance(step, str):
            node = node.get(step) if isinstance(node, dict) else None
        else:
            node = node[step] if isinstance(node, list) and step < len(node) else None
    return node if isinstance(node, dict) else None


def path_of_term(term_path: str) -> Path:
    """The path of an openDS term path in block notation: `$['ods:hasEvents'][0]`."""
    if not term_path.startswith("$"):
        raise InvalidIdentifier(f"{term_path!r} is not a term path; it must begin with $.")
    path: list[str | int] = []
    place = 1
    while place < len(term_path):
        found = _TERM_STEP.match(term_path, place)
        if not found:
            raise InvalidIdentifier(
                f"{term_path!r} is not a term path in block notation at place {place}; an example "
                "is $['ods:hasEvents'][0]['ods:hasLocation']."
            )
        key = found[1] if found[1] is not None else found[2]
        path.append(int(found[3]) if key is None else re.sub(r"\\(.)", r"\1", key))
        place = found.end()
    return tuple(path)


def term_path(path: Path) -> str:
    """The openDS term path of a path, in block notation."""
    return "$" + "".join(f"[{s}]" if isinstance(s, int) else f"[{_quote(s)}]" for s in path)


def _quote(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
