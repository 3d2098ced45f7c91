"""The part of a definition's page that people read: what it asks for, and where validators go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eventstore.envelope import Recorded
from fdo.definitions.attributes import ATTRIBUTES
from fdo.definitions.names import definition_pid
from fdo.definitions.operations import OPERATIONS
from fdo.definitions.shapes import is_filled
from fdo.documents import Document


def definition_part(event: Recorded, document: Document) -> dict[str, Any] | None:
    """The attributes of a profile, the operations of a type, and the forms for validators; None
    for other objects and where no document is shown."""
    if not event.type.startswith("fdo-") or not document:
        return None
    return {
        "attributes": list(_attributes(event, document)),
        "operations": list(_operations(event, document)),
        "shapes": event.type != "fdo-attribute" or is_filled(document["col:key"]),
    }


def _attributes(event: Recorded, document: Document) -> Iterator[dict[str, Any]]:
    """Each attribute of a profile, the inherited ones too, in order of index."""
    schema = document.get("col:recordSchema", {})
    named = schema.get("properties", {})
    for row in ATTRIBUTES.values():
        if row.name not in named:
            continue
        yield {
            "address": _address(event, "fdo-attribute", row.name),
            "name": row.name,
            "index": row.index,
            "mandatory": row.name in schema.get("required", ()),
            "definition": row.definition,
        }


def _operations(event: Recorded, document: Document) -> Iterator[dict[str, str]]:
    """Each operation that objects of a type understand."""
    understood = set(document.get("col:operation", ()))
    for key, operation in OPERATIONS.items():
        pid = definition_pid(event.pid.prefix, "fdo-operation", key)
        if pid.iri in understood:
            yield {"address": f"/{pid}", "key": key, "definition": operation.definition}


def _address(event: Recorded, kind: str, key: str) -> str:
    return f"/{definition_pid(event.pid.prefix, kind, key)}"
