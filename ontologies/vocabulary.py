"""The vocabulary document: every word used, with a definition or its standard's page.

Terms of openDS and our own are defined here; for all others the standard's page is named, and
nothing is redefined. One set of rows feeds both the Turtle and the page for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ontologies.prefixes import DOCUMENTATION, PREFIXES
from ontologies.terms import CLASSES, TERMS, Class, Kind, Term

if TYPE_CHECKING:  # a good part of a second, and only the Turtle needs it
    from rdflib import Graph
    from rdflib.term import Node

_RANGES: dict[Kind, str] = {
    Kind.BOOLEAN: PREFIXES["xsd"] + "boolean",
    Kind.DATETIME: PREFIXES["xsd"] + "dateTime",
    Kind.DOUBLE: PREFIXES["xsd"] + "double",
    Kind.INTEGER: PREFIXES["xsd"] + "integer",
    Kind.JSON: PREFIXES["rdf"] + "JSON",
}
_OURS = ("ods", "col")
_TITLES = {
    "Iptc4xmpExt": "IPTC Extension",
    "ac": "Audiovisual Core (Audubon Core)",
    "as": "Activity Streams 2.0",
    "chrono": "Darwin Core Chronometric Age",
    "col": "This repository's own words",
    "dcterms": "DCMI Metadata Terms",
    "dctypes": "DCMI Type Vocabulary",
    "dwc": "Darwin Core",
    "dwciri": "Darwin Core with IRIs as values",
    "eco": "Humboldt Extension",
    "exif": "Exif",
    "fair4ml": "FAIR4ML",
    "foaf": "FOAF",
    "geo": "GeoSPARQL 1.1",
    "ltc": "Latimer Core",
    "oa": "Web Annotation Vocabulary",
    "ods": "openDS",
    "prov": "PROV-O",
    "rdf": "RDF",
    "rdfs": "RDF Schema",
    "schema": "schema.org",
    "xmp": "XMP",
    "xmpRights": "XMP Rights Management",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One word as a page shows it; it has a definition, a standard's page, or both."""

    key: str
    iri: str
    sort: str
    """`class`, or the kind of the property's values: `literal`, `iri`, `double`, …"""
    label: str
    definition: str | None
    standard: str | None


@dataclass(frozen=True, slots=True)
class Section:
    """The words of one vocabulary."""

    prefix: str
    namespace: str
    title: str
    standard: str | None
    rows: tuple[Row, ...]


@cache
def sections() -> tuple[Section, ...]:
    """All words by vocabulary, openDS and our own first, each sorted by key."""
    rows: dict[str, list[Row]] = {}
    for row in _rows():
        rows.setdefault(row.key.partition(":")[0], []).append(row)
    order = sorted(rows, key=lambda prefix: (_OURS.index(prefix) if prefix in _OURS else 9, prefix))
    return tuple(
        Section(
            prefix,
            PREFIXES[prefix],
            _TITLES[prefix],
            DOCUMENTATION.get(prefix),
            tuple(sorted(rows[prefix], key=lambda row: row.key)),
        )
        for prefix in order
    )


def entries() -> Iterator[Row]:
    """All words in that order, one after the other."""
    for section in sections():
        yield from section.rows


@cache
def turtle() -> str:
    """The same as Turtle: classes, properties, labels, definitions, ranges, links."""
    from rdflib import OWL, RDF, RDFS, Graph, Literal, URIRef

    graph = Graph(bind_namespaces="none")
    for prefix, namespace in PREFIXES.items():
        graph.bind(prefix, namespace, replace=True)
    for term in TERMS.values():
        _describe(graph, term, RDF.Property)
        if term.kind in _RANGES and term.key.partition(":")[0] in _OURS:
            graph.add((URIRef(term.iri), RDFS.range, URIRef(_RANGES[term.kind])))
    for each in CLASSES.values():
        _describe(graph, each, RDFS.Class)
    for prefix in _OURS:
        ontology = URIRef(PREFIXES[prefix])
        graph.add((ontology, RDF.type, OWL.Ontology))
        graph.add((ontology, RDFS.label, Literal(_TITLES[prefix], lang="en")))
    return graph.serialize(format="turtle")


def _describe(graph: Graph, word: Term | Class, kind: Node) -> None:
    from rdflib import RDF, RDFS, Literal, URIRef

    name = URIRef(word.iri)
    prefix = word.key.partition(":")[0]
    graph.add((name, RDF.type, kind))
    graph.add((name, RDFS.label, Literal(word.label, lang="en")))
    graph.add((name, RDFS.isDefinedBy, URIRef(PREFIXES[prefix])))
    if word.definition:
        graph.add((name, RDFS.comment, Literal(word.definition, lang="en")))
    if word.standard:
        graph.add((name, RDFS.seeAlso, URIRef(word.standard)))


def _rows() -> Iterator[Row]:
    for term in TERMS.values():
        sort = term.kind.value
        yield Row(term.key, term.iri, sort, term.label, term.definition, term.standard)
    for each in CLASSES.values():
        yield Row(each.key, each.iri, "class", each.label, each.definition, each.standard)
