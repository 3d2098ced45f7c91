"""Documents of every object type: from the sample log, or written here where it has none."""

from __future__ import annotations

import gzip
from functools import cache
from typing import Any

import orjson

from api.demo import LOG
from fdo.catalogue import OBJECT_TYPES

Document = dict[str, Any]
PUBLIC = ("active", "tombstone")


@cache
def _lines() -> tuple[tuple[str, str, Document], ...]:
    with gzip.open(LOG) as lines:
        read = [orjson.loads(line) for line in lines]
    return tuple(
        (line["meta"]["type"], line["meta"]["status"], line["document"])
        for line in read
        if line.get("meta") and line["document"]
    )


def documents(kind: str, *statuses: str) -> list[Document]:
    """The documents of a type in the sample log; the public ones unless statuses are named."""
    return [told for of, status, told in _lines() if of == kind and status in (statuses or PUBLIC)]


def sampled(*statuses: str) -> dict[str, list[Document]]:
    """Documents of every object type, at least one of each."""
    stamps = {"dcterms:created": "2026-03-02T09:00:00.000Z", "ods:version": 2}
    named = {"@id": "https://hdl.handle.net/20.5000.5072/DEF-000-001", "schema:name": "Countries"}
    found = {name: documents(name, *statuses) for name in OBJECT_TYPES}
    return {
        name: told or [{"@type": OBJECT_TYPES[name].rdf_type, **named, **stamps}]
        for name, told in found.items()
    }


def one_of_each() -> dict[str, Document]:
    """One active document of each object type, of the sample the newest."""
    return {name: told[-1] for name, told in sampled("active").items()}
