"""Term paths of annotations and filters: one value, or every value that a pattern finds.

A path names one place in a document, a pattern (`[*]`) any number of them. Both are read in the
block notation of openDS, with or without the leading `$`, and with dots; they are written in the
one form `$['a'][0]['b']`.

>>> parse("['ods:hasEvents'][0]['ods:hasLocation']") == parse("$.ods:hasEvents[0].ods:hasLocation")
True
>>> match({"a": [{"b": 1}, {"b": 2}]}, parse_pattern("$['a'][*]['b']"))
[(('a', 0, 'b'), 1), (('a', 1, 'b'), 2)]
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from typing import Any

from fdo.errors import InvalidDocument
from fdo.representations.fragments import Path, term_path

__all__ = ["ANY", "Path", "Pattern", "get", "match", "parse", "parse_pattern", "text"]


class _Wild(Enum):
    ANY = "*"


ANY = _Wild.ANY
"""The step of a pattern that stands for every member of an array, or every key of a node."""

Pattern = tuple[str | int | _Wild, ...]
"""A path whose steps may be `ANY`."""

LONGEST = 1_000
"""Characters of a path at most."""
DEEPEST = 32
"""Steps of a path at most; documents are flatter."""

_STEP = re.compile(
    r"\[\s*(?:'(?P<single>(?:[^'\\]|\\.)*)'|\"(?P<double>(?:[^\"\\]|\\.)*)\""
    r"|(?P<place>[0-9]{1,9})|(?P<any>\*))\s*\]"
    r"|\.?(?P<key>[A-Za-z_@][\w:@-]*)|\.(?P<all>\*)"
)


def parse(text: str) -> Path:
    """The path of its text; `$` and the empty text are the whole object."""
    path = parse_pattern(text)
    if ANY in path:
        raise InvalidDocument(
            f"{text!r} names any number of places; an annotation names one, by number: "
            "$['ods:hasEvents'][0]."
        )
    return tuple(step for step in path if not isinstance(step, _Wild))


@lru_cache(maxsize=1024)
def parse_pattern(text: str) -> Pattern:
    """The pattern of its text: a path in which `[*]` stands for every member."""
    if len(text) > LONGEST:
        raise InvalidDocument(f"A term path has {LONGEST} characters at most, not {len(text)}.")
    rest = text.strip().removeprefix("$")
    found: list[str | int | _Wild] = []
    place = 0
    while place < len(rest):
        step = _STEP.match(rest, place)
        if step is None or (place and step["key"] and rest[place] != "."):
            raise InvalidDocument(
                f"{text!r} is not a term path from {rest[place : place + 20]!r} on; an example is "
                "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:country']."
            )
        found.append(_step(step))
        place = step.end()
    if len(found) > DEEPEST:
        raise InvalidDocument(f"A term path has {DEEPEST} steps at most, not {len(found)}.")
    return tuple(found)


def _step(found: re.Match[str]) -> str | int | _Wild:
    if found["any"] or found["all"]:
        return ANY
    if found["place"]:
        return int(found["place"])
    if found["key"]:
        return found["key"]
    quoted = found["single"] if found["single"] is not None else found["double"]
    return re.sub(r"\\(.)", r"\1", quoted)


def text(path: Path) -> str:
    """The one form in which a path is written: `$['a'][0]['b']`."""
    return term_path(path)


def get(document: Any, path: Path) -> Any:
    """The value at a path, or None where there is none (a document holds no null)."""
    node = document
    for step in path:
        if isinstance(step, str):
            node = node.get(step) if isinstance(node, dict) else None
        else:
            node = node[step] if isinstance(node, list) and step < len(node) else None
        if node is None:
            return None
    return node


def match(document: Any, pattern: Pattern) -> list[tuple[Path, Any]]:
    """Every place that a pattern finds, with its value, in the order of the document."""
    return list(_match(document, pattern, ()))


def _match(node: Any, pattern: Pattern, path: Path) -> Iterator[tuple[Path, Any]]:
    if not pattern:
        yield path, node
        return
    step, rest = pattern[0], pattern[1:]
    if isinstance(step, _Wild):
        members = enumerate(node) if isinstance(node, list) else _members(node)
        for name, member in members:
            yield from _match(member, rest, (*path, name))
    elif isinstance(step, str):
        if isinstance(node, dict) and step in node:
            yield from _match(node[step], rest, (*path, step))
    elif isinstance(node, list) and step < len(node):
        yield from _match(node[step], rest, (*path, step))


def _members(node: Any) -> Iterator[tuple[str, Any]]:
    yield from node.items() if isinstance(node, dict) else ()
