"""What an annotation says: the texts and values of its bodies, and how they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from fdo.annotation.life import edit_of
from fdo.documents import Document
from fdo.errors import InvalidDocument

VALUE_LENGTH = 500
"""Characters of a proposed value, or of the one it would replace, that are kept to be shown."""


def proposed(document: Document) -> Any:
    """The value that would stand at the path: of several bodies a list; of what proposes no
    change, what the bodies say."""
    try:
        edit = edit_of(document)
    except InvalidDocument:
        edit = None
    said = values(document) if edit is None else [value.raw for value in edit.values]
    return said[0] if len(said) == 1 else said or None


def values(document: Document) -> list[Any]:
    """What the bodies say: texts, and the values of those that hold JSON."""
    found: list[Any] = []
    for body in document.get("oa:hasBody", ()):
        found += list(_said(body))
    if document.get("oa:bodyValue"):
        found.append(document["oa:bodyValue"])
    return found


def _said(body: Any) -> Iterator[Any]:
    if isinstance(body, str):
        yield body
        return
    if not isinstance(body, dict):
        return
    if (value := body.get("rdf:value")) is not None:
        yield _read(value) if "application/json" in body.get("dcterms:format", ()) else value
    for inner in body.get("as:items", ()):
        yield from _said(inner)


def _read(value: str) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def bounded(value: Any) -> str:
    """The value as JSON; one that is too long is cut and no JSON any more."""
    written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return written if len(written) <= VALUE_LENGTH else written[: VALUE_LENGTH - 1] + "…"
