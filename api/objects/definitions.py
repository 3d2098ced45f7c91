"""What a definition defines, in the forms that validators read: `/schema` and `/shapes`.

A profile gives the JSON Schema and the SHACL of records, a type those of documents (with what
`shacl/` asks of them beyond structure), an attribute those of its values in records or, where only
these bear it, in Handles, an operation those of requests. `as-of` gives an old version's.
"""

from __future__ import annotations

from typing import Any

import orjson

from api.negotiation import RDF_FORMATS, Format
from api.objects.exchange import MOMENT, Asked, Sent
from api.objects.shown import Shown
from eventstore.envelope import Recorded
from fdo.definitions.requests import request_shapes
from fdo.definitions.shapes import is_filled, record_shapes, value_shapes
from fdo.definitions.structure import document_shapes
from fdo.errors import NotFound
from ontologies import schemas
from shacl.engine import shapes_text
from shacl.validate import SHAPED

SCHEMA_FORMATS: tuple[Format, ...] = (
    Format("json", "application/schema+json", "json", "JSON Schema"),
    Format("plain", "application/json", "json", "JSON Schema"),
)
SHAPES_FORMATS: tuple[Format, ...] = tuple(one for one in RDF_FORMATS if one.name == "turtle")


def schema(shown: Shown, asked: Asked) -> Sent:
    """The JSON Schema of what is defined."""
    event = _definition(shown, asked, "schema")
    wanted = asked.format(SCHEMA_FORMATS)
    return shown.report(asked, orjson.dumps(_schema(event)), wanted, event.salt)


def shapes(shown: Shown, asked: Asked) -> Sent:
    """The SHACL of what is defined, in Turtle."""
    event = _definition(shown, asked, "shapes")
    wanted = asked.format(SHAPES_FORMATS)
    return shown.report(asked, _shapes(event).encode(), wanted, event.salt)


def _definition(shown: Shown, asked: Asked, tail: str) -> Recorded:
    asked.only("format", *MOMENT)
    head = shown.log.known(asked.pid)
    event = shown.select(asked, head)
    shown.guard(event, head)
    if not event.type.startswith("fdo-"):
        raise NotFound(
            f"{asked.pid} is a {event.type} and defines nothing, so it has no {tail}; its record, "
            f"/{asked.pid}/record, names the definitions of its type and profile."
        )
    return event


def _schema(event: Recorded) -> dict[str, Any]:
    document = event.document
    if event.type == "fdo-type":
        return {"$id": event.pid.iri, **schemas.schema(document["col:key"])}
    found: dict[str, Any] = document.get("col:recordSchema") or {
        "$id": event.pid.iri,
        **document["col:valueSchema"],
    }
    return found


def _shapes(event: Recorded) -> str:
    document = event.document
    if event.type == "fdo-profile":
        return record_shapes(document["col:recordSchema"])
    if event.type == "fdo-type":
        kind = document["col:key"]
        structure = document_shapes(event.pid.iri, schemas.schema(kind))
        return f"{structure}\n{shapes_text(kind)}" if kind in SHAPED else structure
    if event.type == "fdo-operation":
        return request_shapes(event.pid.iri, document["schema:name"], document["col:valueSchema"])
    if event.type == "fdo-attribute" and is_filled(document["col:key"]):
        return value_shapes(event.pid.iri, document["col:key"], document["col:valueSchema"])
    raise NotFound(
        f"{event.pid} ({document['schema:name']}) is told in JSON Schema only: no record and no "
        f"Handle here bears it. See /{event.pid}/schema."
    )
