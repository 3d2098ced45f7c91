"""JSON Schemas of our object types: built from one table, asked fast, explained well.

`validator` says yes or no (and is compiled, for the hot path); `explain` says where and why,
for people. Formats are asserted: a date-time that is none is refused. The schemas are
self-contained (`$defs`), JSON Schema 2020-12, and as strict as openDS 0.4 and 0.5; digital
media are stricter, since unknown keys are refused here.

>>> validator("data-mapping").is_valid({"@type": "ods:DataMapping"})
False
>>> explain("data-mapping", {"@type": "ods:Event"})[-1]
('/@type', "'ods:DataMapping' was expected")
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jsonschema_rs

from ontologies.schemas.shape import Shape
from ontologies.schemas.tables import CLASSES, KINDS, OBJECTS

if TYPE_CHECKING:
    import jsonschema

Schema = dict[str, Any]

NAMES = tuple(OBJECTS)
"""The object types that have a schema."""


@cache
def schema(name: str) -> Schema:
    """The JSON Schema of an object type, with all its classes in `$defs`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        **_object(OBJECTS[name]),
        "$defs": {part: _object(CLASSES[part]) for part in sorted(_parts(OBJECTS[name]))},
    }


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    """The compiled validator of an object type: `.is_valid(document)`, formats included."""
    return jsonschema_rs.Draft202012Validator(schema(name), validate_formats=True)


def explain(name: str, document: Any) -> list[tuple[str, str]]:
    """Every breach of the schema as (JSON pointer, sentence), in document order."""
    found = sorted(
        (_pointer(error.absolute_path), error.message)
        for error in _reference(name).iter_errors(document)
    )
    # the fast validator decides; where it alone refuses (a rare form of URI), it explains too
    return found or sorted(
        (_pointer(error.instance_path), error.message)
        for error in validator(name).iter_errors(document)
    )


@cache
def _reference(name: str) -> jsonschema.Draft202012Validator:
    import jsonschema  # a tenth of a second, and needed only where something is wrong

    return jsonschema.Draft202012Validator(schema(name), format_checker=_formats())


def _object(shape: Shape) -> Schema:
    properties: dict[str, Schema] = {}
    for kind, keys in shape.keys.items():
        properties |= dict.fromkeys(keys.split(), _value(kind))
    if shape.types:
        properties["@type"] = (
            {"const": shape.types[0]} if len(shape.types) == 1 else {"enum": list(shape.types)}
        )
    return {
        "type": "object",
        "required": shape.required.split(),
        "properties": dict(sorted(properties.items())),
        "additionalProperties": False,
    }


def _value(kind: str) -> Schema:
    """The schema of one value: a constraint of the table, a nested object, or a list of them."""
    how, colon, name = kind.partition(":")
    if not colon:
        return KINDS[kind]
    reference: Schema = {"$ref": f"#/$defs/{name}"}
    if how == "node":
        return reference
    if how.endswith("iris or nodes"):
        reference = {"anyOf": [KINDS["iri"], reference]}
    at_least = 1 if how.startswith("some ") or name == "Role" else 0
    return {"type": "array", "items": reference, **({"minItems": 1} if at_least else {})}


def _parts(shape: Shape) -> set[str]:
    """The classes that a shape reaches."""
    found: set[str] = set()
    open_ends = [shape]
    while open_ends:
        for kind in open_ends.pop().keys:
            name = kind.partition(":")[2]
            if name and name not in found:
                found.add(name)
                open_ends.append(CLASSES[name])
    return found


def _pointer(path: Any) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


_INSTANT = re.compile(
    r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$", re.ASCII
)
_URI = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]*$")
_IRI = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+$")


@cache
def _formats() -> jsonschema.FormatChecker:
    """Our own checks of the four formats: the library's need packages we do not want."""
    import jsonschema

    checker = jsonschema.FormatChecker(formats=())
    for name, check in _checks():
        checker.checks(name)(check)
    return checker


def _checks() -> Iterator[tuple[str, Any]]:
    yield "date-time", lambda value: not isinstance(value, str) or _is_instant(value)
    patterns: Mapping[str, re.Pattern[str]] = {"uri": _URI, "iri": _IRI, "email": _EMAIL}
    for name, pattern in patterns.items():
        yield (
            name,
            lambda value, pattern=pattern: (
                not isinstance(value, str) or (pattern.match(value) is not None and _splits(value))
            ),
        )


def _is_instant(value: str) -> bool:
    """RFC 3339 date and time, with offset; a leap second is one."""
    if not _INSTANT.match(value):
        return False
    try:
        datetime.fromisoformat(value[:19].replace("60", "59") if value[17:19] == "60" else value)
    except ValueError:
        return False
    return True


def _splits(value: str) -> bool:
    try:
        urlsplit(value)
    except ValueError:
        return False
    return value.count("#") <= 1
