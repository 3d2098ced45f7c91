"""A document as JSON-LD: the document, its context, the names of its nodes, derived terms.

Any JSON-LD processor reads from it exactly the triples of `nquads.triples`. Where JSON's own
types would mislead a processor (a text where an IRI is expected, a double with 17 digits, an
integer beyond 2^53), the value is written out as a value object.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fdo.errors import InvalidDocument
from fdo.representations.derived import geometry
from fdo.representations.lexical import RDF_JSON, double, is_date_time, is_iri, json_text
from ontologies.terms import DOCUMENT_TERMS, Kind, iri_of_value

_EXACT = 2**53
"""Integers beyond are not exact in JavaScript's JSON, so they are written as text."""

_COERCED = frozenset({Kind.DATETIME, Kind.DOUBLE, Kind.IRI})


def to_jsonld(document: dict[str, Any], context: str | dict[str, Any]) -> dict[str, Any]:
    """The JSON-LD form of a document, with the address of its context or the context itself.

    Refuses what `nquads.triples` refuses.
    """
    name = document.get("@id")
    if not (isinstance(name, str) and is_iri(name)):
        raise InvalidDocument("A document needs an IRI in @id.", [("/@id", "no IRI")])
    return {"@context": context, **_node(document, name, "#")}


def _node(node: dict[str, Any], name: str, joint: str) -> dict[str, Any]:
    found: dict[str, Any] = {"@id": name}
    for key, value in node.items():
        if key == "@type":
            found[key] = _classes(value)
        elif key == "@id":
            if joint == "-" and value is not None:
                found["schema:sameAs"] = _values(Kind.NODE, value, key)
        elif term := DOCUMENT_TERMS.get(key):
            if value is None:
                continue
            if term.kind is Kind.NODE:
                found[key] = _nodes(key, f"{name}{joint}{term.fragment}", value)
            elif term.kind is Kind.JSON:
                found[key] = {"@value": json_text(value), "@type": RDF_JSON}
            else:
                found[key] = _values(term.kind, value, key)
        else:
            raise InvalidDocument(f"{key!r} is not in the term table.", [(f"/{key}", "unknown")])
    return found


def _classes(value: Any) -> Any:
    if isinstance(value, list):
        return [_classes(item) for item in value]
    return value if ":" in value else f"ods:{value}"


def _nodes(key: str, name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_one_node(key, f"{name}-{n}", item) for n, item in enumerate(value, 1)]
    return _one_node(key, name, value)


def _one_node(key: str, name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        return None if value is None else _values(Kind.NODE, value, key)
    node = _node(value, name, "-")
    if key == "ods:hasGeoreference" and (wkt := geometry(value)):
        node["hasGeometry"] = {"@id": f"{name}-geometry", "@type": "Geometry", "asWKT": wkt}
    return node


def _values(kind: Kind, value: Any, key: str) -> Any:
    if isinstance(value, list):
        return [_values(kind, item, key) for item in value if item is not None]
    return _value(kind, value, key)


def _value(kind: Kind, value: Any, key: str) -> Any:
    """The value as it is where a processor will read it rightly, else a value object."""
    if isinstance(value, str):
        return _text(kind, value)
    if isinstance(value, bool):
        return {"@value": value} if kind in _COERCED else value
    if isinstance(value, int):
        return _whole(kind, value)
    if isinstance(value, float):
        return _fraction(kind, value)
    raise InvalidDocument(f"{key} takes a plain value.", [(f"/{key}", "not a plain value")])


def _text(kind: Kind, value: str) -> Any:
    if kind in (Kind.IRI, Kind.NODE) and is_iri(iri_of_value(value)):
        return value if kind is Kind.IRI else {"@id": value}
    if kind is Kind.DATETIME and is_date_time(value):
        return value
    return {"@value": value} if kind in _COERCED else value


def _whole(kind: Kind, value: int) -> Any:
    if kind is Kind.DOUBLE:
        return _fraction(kind, float(value))
    if abs(value) > _EXACT:
        return {"@value": str(value), "@type": "xsd:integer"}
    return {"@value": value} if kind in _COERCED else value


def _fraction(kind: Kind, value: float) -> Any:
    """Processors differ where 16 digits are not the shortest form: there it is written out."""
    text = double(value)
    if kind is Kind.DOUBLE and Decimal(text) == Decimal(repr(value)):
        return value + 0.0
    return {"@value": text, "@type": "xsd:double"}
