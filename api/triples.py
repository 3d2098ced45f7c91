"""Triples in few words, for what the server says of itself: every node has a name."""

from __future__ import annotations

from typing import Final

from pyoxigraph import Literal, NamedNode, Triple

from ontologies.prefixes import PREFIXES

_TYPE: Final = NamedNode(PREFIXES["rdf"] + "type")
_XSD: Final = PREFIXES["xsd"]


def typed(subject: str, kind: str) -> Triple:
    """The subject is of this class."""
    return Triple(NamedNode(subject), _TYPE, NamedNode(kind))


def linked(subject: str, predicate: str, target: str) -> Triple:
    """The subject stands in this relation to another resource."""
    return Triple(NamedNode(subject), NamedNode(predicate), NamedNode(target))


def worded(subject: str, predicate: str, text: str, language: str | None = None) -> Triple:
    """The subject has this text."""
    return Triple(NamedNode(subject), NamedNode(predicate), Literal(text, language=language))


def valued(subject: str, predicate: str, value: object, datatype: str = "integer") -> Triple:
    """The subject has this value; `datatype` is one of XML Schema, or an IRI."""
    kind = NamedNode(datatype if ":" in datatype else _XSD + datatype)
    return Triple(NamedNode(subject), NamedNode(predicate), Literal(str(value), datatype=kind))
