"""W3C SPARQL 1.1 Protocol and Service Description tests, over HTTP, one test an entry."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from rdflib import RDF, Graph, Namespace, URIRef

from tests.conformance.conftest import Workbench
from tests.conformance.sparql_manifest import Exchange, ProtocolTest, protocol_tests
from tests.handlers.queries.server import Served

SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
ACCEPT = {
    "boolean": "application/sparql-results+json",
    "tabular": "application/sparql-results+json",
    "RDF": "text/turtle",
}
TESTS = protocol_tests()
UPDATES = [test for test in TESTS if "update" in test.name]


def test_the_protocol_suite_has_all_its_entries(suite: Any) -> None:
    assert len(TESTS) == 34


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_w3c_protocol(workbench: Workbench, test: ProtocolTest) -> None:
    workbench.store.replace([], test.graphs, "http://suite.example/")
    for exchange in test.exchanges:
        _check(exchange, _send(workbench.served, exchange))


@pytest.mark.parametrize("test", UPDATES, ids=lambda test: test.name)
def test_the_public_endpoint_refuses_every_update_of_the_suite(
    public: Served, test: ProtocolTest
) -> None:
    before = _count(public)
    response = _send(public, test.exchanges[0])
    assert response.status_code in (400, 403, 415)
    assert response.headers["content-type"] == "application/problem+json"
    assert _count(public) == before


@pytest.mark.parametrize("form", ["form", "direct"])
def test_the_public_endpoint_refuses_an_update_by_either_post(public: Served, form: str) -> None:
    text = "INSERT DATA { <urn:a> <urn:b> <urn:c> }"
    before = _count(public)
    if form == "form":
        response = httpx.post(public.endpoint, data={"update": text})
    else:
        headers = {"content-type": "application/sparql-update"}
        response = httpx.post(public.endpoint, content=text, headers=headers)
    assert response.status_code == 403
    assert response.json()["type"].endswith("/problems/update-refused")
    assert _count(public) == before


def test_an_update_sent_as_a_query_is_refused_too(public: Served) -> None:
    response = httpx.get(public.endpoint, params={"query": "DELETE WHERE { ?s ?p ?o }"})
    assert (response.status_code, _count(public)) == (403, 60)


def _described(public: Served, accept: str) -> Graph:
    response = httpx.get(public.endpoint, headers={"accept": accept}, timeout=30)
    assert response.status_code == 200
    form = {"application/rdf+xml": "xml"}.get(accept, accept)
    return Graph().parse(data=response.text, format=form)


def test_w3c_service_description_returns_rdf(public: Served) -> None:
    for accept in ("text/turtle", "application/rdf+xml", "application/n-triples"):
        assert len(_described(public, accept)) > 20


def test_w3c_service_description_has_endpoint_triple(public: Served) -> None:
    described = _described(public, "text/turtle")
    assert URIRef(public.endpoint) in set(described.objects(None, SD.endpoint))


def test_w3c_service_description_conforms_to_schema(public: Served) -> None:
    """Each sd: property stands between the classes that the vocabulary gives it."""
    described = _described(public, "text/turtle")
    typed = {
        SD.endpoint: (SD.Service, None),
        SD.defaultDataset: (SD.Service, SD.Dataset),
        SD.supportedLanguage: (SD.Service, None),
        SD.resultFormat: (SD.Service, None),
        SD.defaultGraph: (SD.Dataset, SD.Graph),
        SD.namedGraph: (SD.Dataset, SD.NamedGraph),
        SD.name: (SD.NamedGraph, None),
        SD.graph: (SD.NamedGraph, SD.Graph),
    }
    used = {p for p in described.predicates() if str(p).startswith(str(SD))}
    assert used == set(typed)
    for predicate, (subject_class, object_class) in typed.items():
        for subject, value in described.subject_objects(predicate):
            assert (subject, RDF.type, subject_class) in described
            assert isinstance(value, URIRef)
            assert object_class is None or (value, RDF.type, object_class) in described
    languages = set(described.objects(None, SD.supportedLanguage))
    assert languages == {SD.SPARQL11Query}


def _send(where: Served, exchange: Exchange) -> httpx.Response:
    headers = dict(exchange.headers)
    if exchange.form is not None:
        headers.setdefault("accept", ACCEPT[exchange.form])
    with httpx.Client(timeout=30) as client:
        return client.request(
            exchange.method, where.base + exchange.path, headers=headers, content=exchange.body
        )


def _check(exchange: Exchange, response: httpx.Response) -> None:
    status = f"{response.status_code // 100}xx"
    assert status in exchange.statuses, f"{response.status_code}: {response.text[:300]}"
    if exchange.boolean is not None:
        assert response.json()["boolean"] is exchange.boolean
    if exchange.form == "RDF":
        Graph().parse(data=response.text, format="turtle")
    elif exchange.form == "tabular":
        assert "bindings" in response.json()["results"]


def _count(where: Served) -> int:
    query = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    found = httpx.get(where.endpoint, params={"query": query}, timeout=30).json()
    return int(found["results"]["bindings"][0]["n"]["value"])
