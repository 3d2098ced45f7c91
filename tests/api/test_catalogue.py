"""The catalogue of datasets: DCAT that parses, in declared words, with numbers that are true."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from rdflib import BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, FOAF, RDF

from api.harvesting import catalogue, dcat
from fdo.dataset import description
from fdo.identifiers import Pid
from ontologies.catalogues import CATALOGUE_TERMS, term
from tests.api.conftest import BASE, Browser
from tests.api.documents import LICENCE, a_medium, a_source, a_specimen
from tests.api.holding import Holding

DCAT = Namespace("http://www.w3.org/ns/dcat#")
VOID = Namespace("http://rdfs.org/ns/void#")
STRING = URIRef("http://www.w3.org/2001/XMLSchema#string")
NAME = URIRef(f"{BASE}/catalogue#catalogue")


@pytest.fixture
def source(holding: Holding) -> Pid:
    """A dataset of two oaks, a picture, and a specimen that is withheld."""
    told = holding.told
    source = told.register("source-system", a_source())
    origin = {"ods:sourceSystemID": source.iri}
    for number in ("A", "B"):
        oak = told.register("specimen", a_specimen(number, **origin), source=source)
    told.register("media", a_medium(oak) | origin, source=source)
    secret = told.register("specimen", a_specimen("C", **origin), source=source)
    told.withhold(secret, "not ours to show")
    return source


def graph(browser: Browser, path: str = "/catalogue", accept: str = "text/turtle") -> Graph:
    """The catalogue as rdflib reads it."""
    response = browser.get(path, accept=accept)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith(accept)
    return Graph().parse(data=response.text, format=accept)


@pytest.mark.parametrize(
    "accept", ["text/turtle", "application/ld+json", "application/rdf+xml", "application/n-triples"]
)
def test_every_syntax_says_the_same(holding, source, accept):
    found = {
        (s, p, Literal(o.toPython()) if o.datatype == STRING else o)
        if isinstance(o, Literal) else (s, p, o)
        for s, p, o in graph(holding.browser, accept=accept)
    }  # fmt: skip
    turtle = {
        (s, p, Literal(o.toPython()) if o.datatype == STRING else o)
        if isinstance(o, Literal) else (s, p, o)
        for s, p, o in graph(holding.browser)
    }  # fmt: skip
    assert found == turtle


def test_only_declared_words_and_no_blank_nodes(holding, source):
    found = graph(holding.browser)
    declared = {URIRef(term(curie)) for curie in CATALOGUE_TERMS}
    assert {predicate for _, predicate, _ in found} <= declared
    assert set(found.objects(None, RDF.type)) <= declared
    assert not any(isinstance(node, BNode) for triple in found for node in triple)


def test_a_dataset_says_what_it_holds_whose_it_is_and_where_from(holding, source):
    found, name = graph(holding.browser), URIRef(source.iri)
    assert (NAME, DCAT.dataset, name) in found
    assert found.value(name, VOID.entities).toPython() == 3
    parts = {
        found.value(part, VOID["class"]): found.value(part, VOID.entities).toPython()
        for part in found.objects(name, VOID.classPartition)
    }
    assert sorted(parts.values()) == [1, 2]
    holder = found.value(name, DCTERMS.publisher)
    assert holder == URIRef("https://ror.org/03z77qz90")
    assert str(found.value(holder, FOAF.name)) == "University of Tartu"
    assert found.value(name, DCTERMS.license) == URIRef(LICENCE)
    box = str(found.value(found.value(name, DCTERMS.spatial), DCAT.bbox))
    assert box.startswith("POLYGON ((23.5712 58.5839, ")
    period = found.value(name, DCTERMS.temporal)
    assert str(found.value(period, DCAT.startDate)) == "1998"
    assert str(found.value(name, DCTERMS.modified)).startswith("2026-03-06")


def test_every_way_to_a_dataset_names_its_service_and_the_services_name_the_dataset(
    holding, source
):
    found, name = graph(holding.browser), URIRef(source.iri)
    services = set(found.objects(NAME, DCAT.service))
    assert services == {URIRef(BASE + one.path) for one in dcat.SERVICES}
    for service in services:
        assert (service, DCAT.servesDataset, name) in found
        assert found.value(service, DCAT.endpointURL) == service
    ways = list(found.objects(name, DCAT.distribution))
    assert len(ways) == 5
    for way in ways:
        assert found.value(way, DCAT.accessService) in services
        assert found.value(way, DCTERMS.license) == URIRef(LICENCE)
    (dump,) = found.objects(None, DCAT.downloadURL)
    asked = urlencode({"format": "ntriples", "source-system": str(source)})
    assert str(dump) == f"{BASE}/api/export?{asked}"
    assert (name, VOID.dataDump, dump) in found


def test_the_ways_of_this_application_answer(holding, source):
    found = graph(holding.browser)
    addresses = [str(address) for address in found.objects(None, DCAT.accessURL)]
    ours = [a.removeprefix(BASE) for a in addresses if "/oai" in a or "/api/search" in a]
    assert len(ours) == 2
    for path in ours:
        response = holding.browser.get(path)
        assert response.status_code == 200
        assert "<error" not in response.text


def test_a_catalogue_of_many_is_read_by_pages(holding, monkeypatch):
    monkeypatch.setattr(catalogue, "SIZE", 2)
    names = {holding.told.register("source-system", a_source(f"Source {n}")).iri for n in range(5)}
    found, path, pages = set(), "/catalogue", 0
    while path:
        response = holding.browser.get(path, accept="text/turtle")
        read = Graph().parse(data=response.text, format="turtle")
        found |= {str(one) for one in read.objects(NAME, DCAT.dataset)}
        path, pages = response.links.get("next", {}).get("url", "").removeprefix(BASE), pages + 1
        assert pages <= 3
        assert holding.browser.get(path or "/catalogue", accept="text/html").status_code == 200
    assert (found, pages) == (names, 3)
    assert holding.browser.get("/catalogue?page=4").status_code == 404
    assert holding.browser.get("/catalogue?page=0").status_code == 422
    past = holding.browser.get("/catalogue?as-of=3")
    assert past.status_code == 400 and "of now" in past.json()["detail"]


def test_without_datasets_the_catalogue_says_so(holding):
    found = graph(holding.browser)
    assert not list(found.objects(NAME, DCAT.dataset))
    page = holding.browser.get("/catalogue", accept="text/html").text
    assert "No source has been harvested yet" in page


def test_the_abstract_of_a_dataset_is_its_description_on_the_page_and_in_rdf(holding):
    facts = {"Abstract": "Beetles; pinned & dried.", "Dataset": "Beetles", "Licence": "CC0"}
    said = {"schema:description": description(facts)}
    pid = holding.told.register("source-system", a_source("Beetles") | said)
    page = holding.browser.get("/catalogue", accept="text/html").text
    assert "<p>Beetles; pinned &amp; dried.</p>" in page
    told = graph(holding.browser).value(URIRef(pid.iri), DCTERMS.description)
    assert str(told) == "Beetles; pinned & dried."


def test_the_page_names_the_datasets_and_escapes_what_sources_say(holding):
    nasty = "</a><script>alert(1)</script>"
    told = holding.told
    pid = told.register("source-system", a_source(nasty) | {"schema:description": nasty})
    odd = {"ods:sourceSystemID": pid.iri, "ods:organisationID": "javascript:alert(1)",
           "ods:organisationName": nasty, "dcterms:license": "javascript:alert(2)"}  # fmt: skip
    told.register("specimen", a_specimen("A", **odd), source=pid)
    page = holding.browser.get("/catalogue", accept="text/html").text
    assert f'href="/{pid}"' in page
    assert "javascript:alert(2)" in page
    for text in (page, holding.browser.get(f"/{pid}", accept="text/html").text):
        assert "<script>" not in text
        assert 'href="javascript' not in text
    assert nasty in str(graph(holding.browser).value(URIRef(pid.iri), DCTERMS.title))
