"""What a person meets at /sparql, and what the service says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from rdflib import RDF, Graph, Literal, Namespace, URIRef

from api.objects.addresses import Addresses
from api.problems import Problems
from api.sparql.page import _dress
from tests.api.documents import a_specimen
from tests.api.test_sparql import COUNT, FOAF, NAME, Publisher, Served, get, store
from tests.handlers.queries.server import served

__all__ = ["store"]

PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
VOID = Namespace("http://rdfs.org/ns/void#")
SH = Namespace("http://www.w3.org/ns/shacl#")


@pytest.fixture(scope="module")
def endpoint(store: Publisher) -> Iterator[Served]:
    with served(store.folder) as where:
        yield where


class Outline(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_a_browser_gets_a_labelled_form_that_needs_no_script(endpoint: Served) -> None:
    response = get(endpoint, None, PAGE)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = Outline(response.text)
    (form,), (area,) = page.all("form"), page.all("textarea")
    assert (form["method"], form["action"]) == ("get", "/sparql")
    assert area["id"] in [label["for"] for label in page.all("label")]
    assert page.all("script") == []
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_no_page_asks_another_host_for_anything(endpoint: Served) -> None:
    page = Outline(get(endpoint, NAME, PAGE).text)
    loaded = [each.get("src") for tag in ("img", "script", "iframe") for each in page.all(tag)]
    loaded += [each["href"] for each in page.all("link")]
    assert [urlsplit(each).netloc for each in loaded if each] == [""] * len(loaded)
    assert (
        httpx.get(f"{endpoint.endpoint}/style.css").headers["content-type"].startswith("text/css")
    )


def test_an_answer_is_a_table_with_downloads_and_a_permalink(endpoint: Served) -> None:
    response = get(endpoint, NAME, PAGE)
    page = Outline(response.text)
    assert ">Person 7<" in response.text
    assert [each["scope"] for each in page.all("th")] == ["col"]
    links = [each["href"] for each in page.all("a") if each["href"].startswith("/sparql?")]
    mine = [parse_qs(urlsplit(link).query) for link in links]
    assert {"query": [NAME]} in mine
    forms = {each["format"][0] for each in mine if each.get("query") == [NAME] and len(each) == 2}
    assert forms == {"csv", "tsv", "json", "xml"}
    for link in links:
        assert httpx.get(endpoint.base + link, timeout=30).status_code == 200


def test_a_long_answer_says_that_it_is_not_all(endpoint: Served) -> None:
    response = get(endpoint, "SELECT * { ?s ?p ?o }", PAGE)
    assert "The first 1,000 rows are shown; there are more." in response.text
    assert len(Outline(response.text).all("tr")) == 1001
    assert "all shown" in get(endpoint, "SELECT * { ?s ?p ?o } LIMIT 1000", PAGE).text


def test_a_graph_is_shown_as_turtle_with_the_prefixes_of_the_query(endpoint: Served) -> None:
    query = f"PREFIX foaf: <{FOAF}> CONSTRUCT WHERE {{ <http://example.org/person/7> ?p ?o }}"
    response = get(endpoint, query, PAGE)
    assert "foaf:name &#34;Person 7&#34;" in response.text
    assert "format=turtle" in response.text


def test_yes_and_no_are_said_in_words(endpoint: Served) -> None:
    assert ">Yes<" in get(endpoint, "ASK {}", PAGE).text
    assert ">No<" in get(endpoint, "ASK { <urn:no> ?p ?o }", PAGE).text


def test_what_the_graph_holds_cannot_become_markup(endpoint: Served) -> None:
    response = get(endpoint, f"SELECT ?o {{ <urn:x> <{FOAF}note> ?o }} # </textarea><script>", PAGE)
    assert "&lt;script&gt;alert" in response.text
    assert Outline(response.text).all("script") == []


def test_a_link_in_the_graph_is_a_link_only_where_it_can_be_followed(endpoint: Served) -> None:
    query = "SELECT ?a ?b { VALUES (?a ?b) { (<javascript:alert(1)> <https://example.org/x>) } }"
    hrefs = [each["href"] for each in Outline(get(endpoint, query, PAGE).text).all("a")]
    assert "https://example.org/x" in hrefs
    assert not any(href.startswith("javascript") for href in hrefs)


@pytest.mark.parametrize(("query", "status"), [("SELECT * {", 400), ("DROP ALL", 403)])
def test_a_mistake_is_shown_beside_the_query(endpoint: Served, query: str, status: int) -> None:
    response = get(endpoint, query, PAGE)
    assert response.status_code == status
    page = Outline(response.text)
    assert page.all("textarea")[0]["aria-invalid"] == "true"
    assert query in response.text


def test_the_form_keeps_the_dataset_of_its_page(endpoint: Served) -> None:
    graphs = {"default-graph-uri": ["urn:a", "urn:b"], "named-graph-uri": ["urn:c"]}
    page = Outline(get(endpoint, COUNT, PAGE, **graphs).text)
    hidden = [each for each in page.all("input") if each.get("type") == "hidden"]
    assert [(each["name"], each["value"]) for each in hidden] == [
        (name, graph) for name, values in graphs.items() for graph in values
    ]
    everything = f"/sparql?query={quote(COUNT, safe='')}"
    assert everything in [each["href"] for each in page.all("a")]
    assert "these graphs only" not in get(endpoint, COUNT, PAGE).text


@pytest.mark.parametrize("path", ["/.well-known/void", "/sparql/examples"])
def test_descriptions_are_turtle_for_browsers_and_what_format_says(
    endpoint: Served, path: str
) -> None:
    shown = httpx.get(endpoint.base + path, headers={"accept": PAGE})
    assert shown.headers["content-type"] == "text/turtle"
    asked = {"params": {"format": "jsonld"}, "headers": {"accept": PAGE}}
    assert httpx.get(endpoint.base + path, **asked).json()
    for none in ("csv", "html", "pdf"):
        assert httpx.get(endpoint.base + path, params={"format": none}).status_code == 406


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/sparql/nothing", 404),
        ("/sparql?query=ASK{}&query=ASK{}", 400),
        ("/sparql?query=ASK{}&format=pdf", 406),
    ],
)
def test_a_browser_is_shown_a_refusal_as_a_page(
    store: Publisher, address: str, status: int
) -> None:
    def problems(base: str) -> Problems:
        return Problems(base, lambda kind, body: f"<h1>{kind.title}</h1><p>{body['detail']}</p>")

    with served(store.folder, problems=problems) as where:
        headers = {"accept": PAGE, "origin": "https://elsewhere.example"}
        page = httpx.get(where.base + address, headers=headers)
        assert page.status_code == status
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers.get_list("access-control-allow-origin") == ["*"]
        assert page.headers.get_list("vary") == ["Accept, Accept-Datetime, Origin"]
        plain = httpx.get(where.base + address)
        assert plain.headers["content-type"] == "application/problem+json"
        assert f"<h1>{plain.json()['title']}</h1>" in page.text


def test_the_description_counts_classes_and_properties(endpoint: Served) -> None:
    described = Graph().parse(data=get(endpoint, None, "text/turtle").text)
    (person,) = described.subjects(VOID["class"], URIRef(f"{FOAF}Person"))
    assert described.value(person, VOID.entities) == Literal(1)
    graph = URIRef(f"{endpoint.endpoint}#default-graph")
    assert described.value(graph, VOID.triples) == Literal(3002)
    counts = {
        str(described.value(part, VOID.property)): int(described.value(part, VOID.triples))  # type: ignore[arg-type]
        for part in described.objects(graph, VOID.propertyPartition)
    }
    assert counts[f"{FOAF}name"] == 1000


def test_void_is_found_at_its_well_known_place(endpoint: Served) -> None:
    response = httpx.get(f"{endpoint.base}/.well-known/void", headers={"accept": "text/turtle"})
    described = Graph().parse(data=response.text)
    assert (None, RDF.type, VOID.Dataset) in described
    dumps = {str(dump) for dump in described.objects(None, VOID.dataDump)}
    assert dumps == {f"{endpoint.base}/api/export?format={name}" for name in ("nquads", "ntriples")}


def test_descriptions_come_in_every_rdf_syntax_and_nothing_else(endpoint: Served) -> None:
    assert get(endpoint, None, "application/ld+json").json()
    assert get(endpoint, None, "application/rdf+xml").text.startswith("<?xml")
    response = httpx.get(f"{endpoint.base}/.well-known/void", headers={"accept": "image/png"})
    assert response.status_code == 406


def test_each_example_is_a_query_that_runs(endpoint: Served) -> None:
    examples = Graph().parse(data=httpx.get(f"{endpoint.endpoint}/examples").text)
    found = list(examples.subjects(RDF.type, SH.SPARQLExecutable))
    assert len(found) >= 6
    for example in found:
        query = examples.value(example, SH.select) or examples.value(example, SH.construct)
        response = get(endpoint, str(query), "*/*")
        assert response.status_code == 200, response.text
        alone = httpx.get(str(example), headers={"accept": "text/turtle"})
        assert (example, RDF.type, SH.SPARQLExecutable) in Graph().parse(data=alone.text)
    assert httpx.get(f"{endpoint.endpoint}/examples/nothing").status_code == 404


DISCOVERY = {
    "classes and properties": """
        PREFIX void: <http://rdfs.org/ns/void#> PREFIX ext: <http://ldf.fi/void-ext#>
        SELECT DISTINCT ?class ?prop ?object ?datatype WHERE {
          ?part void:class ?class ; void:propertyPartition ?pp . ?pp void:property ?prop .
          OPTIONAL { { ?pp void:classPartition [ void:class ?object ] }
            UNION { ?pp ext:datatypePartition [ ext:datatype ?datatype ] } } }""",
    "examples": """
        PREFIX sh: <http://www.w3.org/ns/shacl#>
        PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT DISTINCT ?sq ?comment ?query WHERE {
          ?sq a sh:SPARQLExecutable ; rdfs:comment ?comment ; sh:select|sh:construct ?query }""",
    "prefixes": """
        PREFIX sh: <http://www.w3.org/ns/shacl#>
        SELECT DISTINCT ?prefix ?namespace WHERE {
          [] sh:namespace ?namespace ; sh:prefix ?prefix }""",
}


@pytest.mark.parametrize("query", DISCOVERY.values(), ids=DISCOVERY)
def test_editors_find_what_they_ask_the_endpoint_for(endpoint: Served, query: str) -> None:
    rows = get(endpoint, query).json()["results"]["bindings"]
    assert len(rows) >= 3


def test_a_question_about_shapes_in_the_data_goes_to_the_data(endpoint: Served) -> None:
    query = "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT * { ?r sh:conforms ?c }"
    assert get(endpoint, query).json()["results"]["bindings"] == []


def test_no_address_of_the_server_stands_in_the_example_files() -> None:
    from api.sparql.description import _FOLDER

    for file in _FOLDER.glob("*.ttl"):
        assert not re.search(r"localhost|127\.0\.0\.1", file.read_text(encoding="utf-8"))


def test_objects_of_the_log_in_an_answer_lead_to_their_pages_here(repository) -> None:
    oak = repository.register("specimen", a_specimen())
    cell: dict[str, Any] = {"type": "uri", "value": f"{oak.iri}#event-1"}
    _dress(cell, Addresses(repository.objects.log), "?as-of=1")
    assert cell["href"] == f"/{oak}?as-of=1#event-1"
