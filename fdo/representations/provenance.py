"""Provenance as JSON-LD: N-Triples lines grouped by node, under a context of prefixes.

Any JSON-LD processor reads from it exactly the triples of the lines. The context stands in the
document, since no other document needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from fdo.representations.rdf import split
from ontologies.prefixes import PREFIXES

_TYPE = f"{PREFIXES['rdf']}type"
_USED = ("col", "ods", "prov", "schema", "xsd")
_CONTEXT = {prefix: PREFIXES[prefix] for prefix in _USED}


def provenance_jsonld(lines: Iterable[str]) -> dict[str, Any]:
    """The lines as one JSON-LD document; a node has its place where it is first spoken of."""
    nodes: dict[str, dict[str, list[Any]]] = {}
    for subject, predicate, value in map(split, lines):
        node = nodes.setdefault(subject, {})
        if predicate == _TYPE:
            node.setdefault("@type", []).append(_short(value[1:-1]))
        else:
            node.setdefault(_short(predicate), []).append(_value(value))
    graph = [
        {"@id": name} | {key: found[0] if len(found) == 1 else found for key, found in node.items()}
        for name, node in nodes.items()
    ]
    return {"@context": _CONTEXT, "@graph": graph}


def _short(iri: str) -> str:
    for prefix, namespace in _CONTEXT.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri


def _value(text: str) -> Any:
    if text[0] == "<":
        return {"@id": text[1:-1]}
    if text[-1] == '"':
        return orjson.loads(text)
    value, _, datatype = text.rpartition("^^<")
    return {"@value": orjson.loads(value), "@type": _short(datatype[:-1])}
