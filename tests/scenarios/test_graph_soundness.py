"""The demo's graph is sound, and every face of an object says the same."""

from __future__ import annotations

import json

import pytest
from pyoxigraph import CanonicalizationAlgorithm, Dataset, RdfFormat, Store, parse
from rdflib import Graph
from rdflib.compare import isomorphic

from tests.scenarios.graph_soundness import assert_sound, checkpoint

FACES = {
    "text/turtle": RdfFormat.TURTLE,
    "application/n-triples": RdfFormat.N_TRIPLES,
    "application/n-quads": RdfFormat.N_QUADS,
    "application/rdf+xml": RdfFormat.RDF_XML,
    "application/ld+json": RdfFormat.JSON_LD,
}
KINDS = {
    "specimen": "ods:DigitalSpecimen",
    "media": "ods:DigitalMedia",
    "source system": "ods:SourceSystem",
    "data mapping": "ods:DataMapping",
    "profile": "col:FdoProfile",
    "type": "col:FdoType",
    "attribute": "col:FdoAttribute",
    "operation": "col:FdoOperation",
}
SOME = """PREFIX ods: <http://rs.dissco.eu/opends/terms/> PREFIX col: <urn:collectome:vocab:>
SELECT ?s WHERE {{ ?s a {0} }} ORDER BY ?s LIMIT 3"""


def path_of(iri: str) -> str:
    """Where a PID resolves on this server."""
    return "/" + "/".join(iri.split("/")[-2:])


def canonical(quads: object) -> set[str]:
    data = Dataset(quads)
    data.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad) for quad in data}


def test_the_graph_of_the_demo_is_sound(demo):
    assert assert_sound(demo.data) > 1_000


def test_the_context_and_the_vocabulary_know_the_same_words(demo):
    context = demo.client.get("/contexts/opends.jsonld").json()["@context"]
    vocabulary = Graph().parse(
        data=demo.client.get("/vocab", headers={"accept": "text/turtle"}).text, format="turtle"
    )
    named = {str(subject) for subject in vocabulary.subjects()}
    used = {quad.predicate.value for quad in checkpoint(demo.data)}
    missing = {iri for iri in used if iri not in named and "rdf-syntax-ns" not in iri}
    assert not missing
    assert context


@pytest.mark.parametrize("kind", KINDS)
def test_every_face_of_an_object_is_the_same_graph(demo, kind):
    found = [row["s"] for row in demo.rows(SOME.format(KINDS[kind]))]
    assert found
    for iri in found:
        faces = {}
        for accept, syntax in FACES.items():
            answer = demo.client.get(path_of(iri), headers={"accept": accept})
            assert answer.headers["content-type"].split(";")[0] == accept
            if syntax is RdfFormat.JSON_LD:
                document = answer.json()
                address = document["@context"]
                assert isinstance(address, str) and address.startswith(demo.base)
                context = demo.client.get(address).json()["@context"]
                faces[accept] = as_rdflib(document | {"@context": context})
                continue
            faces[accept] = canonical(parse(answer.content, format=syntax))
        expanded = faces.pop("application/ld+json")
        first = faces["application/n-triples"]
        assert len(first) > 5
        assert all(face == first for face in faces.values()), {a: len(f) for a, f in faces.items()}
        turtle = demo.client.get(path_of(iri), headers={"accept": "text/turtle"}).text
        assert isomorphic(expanded, Graph().parse(data=turtle, format="turtle"))


def as_rdflib(document: dict[str, object]) -> Graph:
    """JSON-LD read by another library than the one that wrote it."""
    return Graph().parse(data=json.dumps(document), format="json-ld")


def test_the_default_graph_is_the_sum_of_the_documents(demo):
    """A specimen's triples in SPARQL are those of its document."""
    iri = demo.rows(SOME.format(KINDS["specimen"]))[0]["s"]
    query = f"""CONSTRUCT {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o
        FILTER(?s = <{iri}> || STRSTARTS(STR(?s), "{iri}#")) }}"""
    answer = demo.client.post(
        "/sparql", data={"query": query}, headers={"accept": "application/n-triples"}
    )
    document = demo.client.get(path_of(iri), headers={"accept": "application/n-triples"})
    assert stored(answer.content) == stored(document.content)


def stored(triples: bytes) -> set[str]:
    """Triples as the store keeps them: a number by its value, whatever way it was written."""
    store = Store()
    store.load(triples, format=RdfFormat.N_TRIPLES)
    return {str(quad) for quad in store}
