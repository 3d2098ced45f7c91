"""The graph of an annotation and that of its W3C face say the same, where both can say it.

They differ by design in agents (schema.org here, FOAF there), in a target that is a whole object,
in resources that bear an IRI of their own (a node of the document with `schema:sameAs` here), in
the order of choices, and in the data type of positions.
"""

from __future__ import annotations

from typing import Any

import orjson
import pyoxigraph as ox
import pytest
import rdflib
from rdflib.compare import graph_diff, to_isomorphic

from fdo.representations.annotation.w3c import to_w3c
from fdo.representations.annotation.words import OWN_CONTEXT
from fdo.representations.nquads import triples
from fdo.representations.rdf import SYNTAXES
from ontologies.jsonld import context
from ontologies.prefixes import PREFIXES
from tests.fdo.representations.annotation.made import (
    MEDIA,
    PID,
    SAMPLES,
    SPECIMEN,
    drafted,
    stored,
    w3c,
)

DC = "http://purl.org/dc/elements/1.1/"
OA = PREFIXES["oa"]
ANNO: dict[str, Any] = {
    **{name: PREFIXES[name] for name in ("oa", "dcterms", "dctypes", "schema", "xsd", "rdf")},
    "id": "@id",
    "type": {"@id": "@type", "@type": "@id"},
    **{name: f"{OA}{name}" for name in (
        "Annotation", "TextualBody", "SpecificResource", "FragmentSelector", "SvgSelector",
        "TextQuoteSelector", "XPathSelector", "TimeState", "HttpRequestState", "commenting",
        "editing", "highlighting", "linking", "tagging",
    )},
    **{name: {"@id": f"{OA}{key}", "@type": "@id"} for name, key in (
        ("body", "hasBody"), ("target", "hasTarget"), ("source", "hasSource"),
        ("selector", "hasSelector"), ("state", "hasState"), ("refinedBy", "refinedBy"),
        ("scope", "hasScope"), ("cached", "cachedSource"), ("via", "via"),
    )},
    **{name: {"@id": f"{OA}{key}", "@type": "@vocab"} for name, key in (
        ("motivation", "motivatedBy"), ("purpose", "hasPurpose"),
    )},
    **{name: f"{OA}{name}" for name in ("exact", "prefix", "suffix")},
    "conformsTo": {"@id": f"{PREFIXES['dcterms']}conformsTo", "@type": "@id"},
    "rights": {"@id": f"{PREFIXES['dcterms']}rights", "@type": "@id"},
    "value": f"{PREFIXES['rdf']}value",
    "format": f"{DC}format",
    "language": f"{DC}language",
    **{name: {"@id": iri, "@type": "xsd:dateTime"} for name, iri in (
        ("created", f"{PREFIXES['dcterms']}created"),
        ("modified", f"{PREFIXES['dcterms']}modified"), ("sourceDate", f"{OA}sourceDate"),
    )},
}  # fmt: skip
"""What the W3C's context says of the words used here (Web Annotation Vocabulary, appendix A)."""

COMPARABLE: dict[str, dict[str, Any]] = {
    "term edit": SAMPLES["term edit"],
    "region": SAMPLES["region"],
    "past": w3c(
        motivation=["linking", "tagging", "ods:adding"],
        target=[{"source": f"{SPECIMEN}/3", "scope": "https://example.org/s", "state": {
            "type": "TimeState", "sourceDate": "2026-03-01T12:00:00Z",
            "cached": "https://example.org/copy"}}, "https://example.org/else"],
    ),
    "words": w3c(
        via=["https://example.org/a", "https://example.org/b"], rights="https://example.org/r",
        target={"source": MEDIA, "selector": {
            "type": "TextQuoteSelector", "exact": "a", "prefix": "b", "suffix": "c",
            "refinedBy": {"type": "XPathSelector", "value": "/x"}}},
        body=["https://example.org/b", {"value": "x", "format": "text/plain", "language": "en",
                                        "purpose": "tagging", "ods:score": 0.25,
                                        "dcterms:references": "https://example.org/why"}],
    ),
}  # fmt: skip
"""Annotations that both graphs can say in full."""

_APART = {f"{PREFIXES['dcterms']}creator", f"{PREFIXES['dcterms']}identifier"}
_RENAMED = {f"{PREFIXES['dcterms']}{name}": f"{DC}{name}" for name in ("format", "language")}


def graph(quads: Any) -> rdflib.Graph:
    """The graph with its nodes below the annotation unnamed, and without what is apart."""
    found = rdflib.Graph()
    for quad in quads:
        predicate = quad.predicate.value
        subject = str(quad.subject)
        if predicate in _APART or "#dcterms-creator" in subject:
            continue
        found.add((
            node(quad.subject), rdflib.URIRef(_RENAMED.get(predicate, predicate)),
            node(quad.object),
        ))  # fmt: skip
    return found


def node(term: Any) -> Any:
    if isinstance(term, ox.Literal):
        return rdflib.Literal(term.value, datatype=term.datatype.value)
    if isinstance(term, ox.BlankNode) or term.value.startswith(f"{PID}#"):
        return rdflib.BNode(term.value.rpartition("#")[2])
    return rdflib.URIRef(term.value)


@pytest.mark.parametrize("name", COMPARABLE)
def test_both_graphs_say_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdflib, "NORMALIZE_LITERALS", False)
    document = stored(drafted(COMPARABLE[name]))
    ours = graph(ox.parse("".join(triples(document)), format=ox.RdfFormat.N_TRIPLES))
    face = to_w3c(document) | {"@context": [ANNO, OWN_CONTEXT]}
    del face["creator"]
    theirs = graph(ox.parse(orjson.dumps(face), format=ox.RdfFormat.JSON_LD))
    _, only_ours, only_theirs = graph_diff(to_isomorphic(ours), to_isomorphic(theirs))
    assert (sorted(only_ours), sorted(only_theirs)) == ([], [])
    assert len(ours) > 10


@pytest.mark.parametrize("name", SAMPLES)
def test_every_syntax_says_what_the_mapper_says_of_an_annotation(name: str) -> None:
    document = stored(drafted(SAMPLES[name]))
    expected = set(ox.parse("".join(triples(document)), format=ox.RdfFormat.N_TRIPLES))
    readers = {"turtle": ox.RdfFormat.TURTLE, "nquads": ox.RdfFormat.N_QUADS,
               "rdfxml": ox.RdfFormat.RDF_XML, "jsonld": ox.RdfFormat.JSON_LD}  # fmt: skip
    for syntax, format_ in readers.items():
        text = SYNTAXES[syntax].write(document, "https://example.org/contexts/opends.jsonld")
        if syntax == "jsonld":
            text = orjson.dumps(orjson.loads(text) | {"@context": context()})
        found = {quad.triple for quad in ox.parse(text, format=format_)}
        assert found == {quad.triple for quad in expected}, syntax
