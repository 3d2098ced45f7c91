"""What may stand at a place of a document, by the tables of our schemas, and values of that type.

An annotation gives most values as text; in the document a number is a number.

>>> place = place_at("specimen", ("ods:isMarkedAsType",))
>>> typed(place, (Value("true"),))
True
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from fdo.annotation.life import Value
from fdo.annotation.paths import DEEPEST, Path, text
from ontologies.schemas.shape import Shape
from ontologies.schemas.tables import CLASSES, KINDS, OBJECTS


@dataclass(frozen=True, slots=True)
class Place:
    """What a document may hold at a path: a value of a kind, a node of a class, or many."""

    kind: str
    """Of `KINDS`; "" for nodes."""
    shape: Shape | None = None
    many: bool = False
    """Whether it is an array; its members are of the kind or class."""


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Impossible(ValueError):
    """No document of the type can hold this; the message says why."""


@cache
def place_at(kind: str, path: Path) -> Place:
    """What an object of a type may hold at a path; Impossible where its schema has no such
    place."""
    place = Place("", OBJECTS[kind])
    for at, step in enumerate(path):
        if isinstance(step, int):
            if not place.many:
                raise Impossible(f"{text(path[:at])} is no array, so it has no place {step}.")
            place = Place(place.kind, place.shape)
        elif place.many:
            raise Impossible(f"{text(path[:at])} is an array: name the place in it, as [0].")
        elif place.shape is None:
            raise Impossible(f"{text(path[:at])} is a value and holds no {step}.")
        else:
            place = _member(place.shape, step, path[:at])
    return place


def _member(shape: Shape, key: str, path: Path) -> Place:
    if key == "@type" and shape.types:
        return Place("text")
    for kind, keys in shape.keys.items():
        if key in keys.split():
            how, _, name = kind.partition(":")
            if name:
                return Place("", CLASSES[name], many=how != "node")
            return Place(kind, many=KINDS[kind].get("type") == "array")
    noun = shape.types[0] if shape.types else "node"
    raise Impossible(f"{key} is no term of {noun}, at {text(path)}; see the terms of its schema.")


def typed(place: Place, values: tuple[Value, ...]) -> Any:
    """The values of an annotation as they stand in a document; Impossible says what is wrong."""
    if not values:
        raise Impossible("There is no value; give one as the text of a body.")
    if place.many:
        whole = values[0].raw if len(values) == 1 else None
        if values[0].json and isinstance(whole, list):
            return [_one(place, Value(item, True)) for item in whole]
        return [_one(place, value) for value in values]
    if len(values) > 1:
        raise Impossible(f"There are {len(values)} values; this place holds one.")
    return _one(place, values[0])


def member(place: Place, values: tuple[Value, ...]) -> Any:
    """One value as a member of an array."""
    if len(values) != 1:
        raise Impossible(f"There are {len(values)} values; one is added at a time.")
    return _one(place, values[0])


def _one(place: Place, value: Value) -> Any:
    shape = place.shape
    raw = _as_json(value) if shape is not None or place.kind == "json" else value.raw
    if any(map(_CONTROL.search, texts(raw))):
        raise Impossible("The value holds control characters, which no document may hold.")
    if shape is None:
        return raw if place.kind == "json" else _AS.get(_json_type(place.kind), _plain)(raw)
    if not isinstance(raw, dict):
        noun = shape.types[0] if shape.types else "node"
        raise Impossible(f"This place holds a {noun}: give it as a JSON object.")
    return with_types(shape, raw)


def _json_type(kind: str) -> str:
    """The JSON type of one value of a kind; "" where it may be of several."""
    schema = KINDS[kind]
    wanted = (schema["items"] if schema.get("type") == "array" else schema).get("type")
    return wanted if isinstance(wanted, str) else ""


def _as_json(value: Value) -> Any:
    if not isinstance(value.raw, str) or value.json:
        return value.raw
    try:
        return orjson.loads(value.raw)
    except orjson.JSONDecodeError:
        raise Impossible("This place holds a node: give it as a JSON object.") from None


def texts(node: Any) -> Iterator[str]:
    """Every key and text of a JSON value. Impossible where it is nested deeper than any document
    of ours; so nothing that reads it level by level is led too deep."""
    level = [node]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for each in level:
            if isinstance(each, str):
                yield each
            elif isinstance(each, dict):
                yield from each
                below += each.values()
            elif isinstance(each, list):
                below += each
        level = below
    if level:
        raise Impossible(f"It is nested more than {DEEPEST} levels deep.")


def with_types(shape: Shape, node: dict[str, Any]) -> dict[str, Any]:
    """The node with the `@type` of each nested node whose class leaves no choice."""
    filled = dict(node)
    if len(shape.types) == 1:
        filled.setdefault("@type", shape.types[0])
    for kind, keys in shape.keys.items():
        _, _, name = kind.partition(":")
        for key in keys.split() if name else ():
            if key in filled:
                filled[key] = _nested(CLASSES[name], filled[key])
    return filled


def _nested(shape: Shape, value: Any) -> Any:
    if isinstance(value, list):
        return [_nested(shape, item) for item in value]
    return with_types(shape, value) if isinstance(value, dict) else value


# ── plain values ─────────────────────────────────────────────────────────────────────────


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise Impossible(f"This place holds text, not {_shown(raw)}.")
    if not raw.strip():
        raise Impossible("An empty text is no value; delete the term instead.")
    return raw


def _number(raw: Any) -> int | float:
    if isinstance(raw, str):
        plain = raw.strip()
        for read in (int, float):
            try:
                raw = read(plain)
                break
            except ValueError:
                continue
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        raise Impossible(f"This place holds a number, as 52.1, not {_shown(raw)}.")
    if isinstance(raw, int) and not -(2**53) < raw < 2**53:
        raise Impossible("The number is too large.")
    return raw


def _integer(raw: Any) -> int:
    number = _number(raw)
    if number != int(number):
        raise Impossible(f"This place holds a whole number, not {_shown(raw)}.")
    return int(number)


def _boolean(raw: Any) -> bool:
    if isinstance(raw, str):
        raw = {"true": True, "false": False}.get(raw.strip().lower(), raw)
    if not isinstance(raw, bool):
        raise Impossible(f"This place holds true or false, not {_shown(raw)}.")
    return raw


def _plain(raw: Any) -> Any:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        raise Impossible("An empty value is no value; delete the term instead.")
    return raw


_AS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "string": _text,
}


def _shown(raw: Any) -> str:
    shown = repr(raw)
    return shown if len(shown) < 60 else f"{shown[:60]}…"
