"""Programs that others wrote: curl, SPARQLWrapper, RDFLib; each reads what it came for."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from rdflib import Graph, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import CSV, JSON, POST, TURTLE, XML, SPARQLWrapper

from tests.scenarios.program import Server

DWC = "PREFIX dwc: <http://rs.tdwg.org/dwc/terms/>\n"
COUNTRIES = DWC + "SELECT ?country WHERE { ?place dwc:country ?country }"
ESTONIA = DWC + "SELECT DISTINCT ?s WHERE { ?place dwc:country 'Estonia' . BIND(?place AS ?s) }"


@pytest.fixture(scope="module")
def pid(demo: Server) -> str:
    """The path of a specimen with several versions."""
    items = demo.client.get("/api/search?limit=200").json()["items"]
    return "/" + next(i["pid"].removeprefix("https://doi.org/") for i in items if i["version"] > 2)


def curl(*line: str) -> tuple[int, dict[str, str], str]:
    """(status, headers, body) of one request of curl's."""
    program = shutil.which("curl")
    if program is None:
        # a system package: only .ci/run installs those
        pytest.skip("curl is not on this machine (.ci/debian.txt)")
    done = subprocess.run(
        [program, "--silent", "--include", "--max-time", "30", *line],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    head, _, body = done.stdout.partition("\n\n")
    first, *rest = head.splitlines()
    headers = {name.lower(): value for name, _, value in (r.partition(": ") for r in rest)}
    return int(first.split()[1]), headers, body


def test_curl_asks_again_only_for_what_changed(demo, pid):
    status, headers, body = curl(demo.base + pid)
    assert (status, headers["content-type"].split(";")[0]) == (200, "application/json")
    assert body.startswith("{")
    again = curl("-H", f"If-None-Match: {headers['etag']}", demo.base + pid)
    assert (again[0], again[2], again[1]["etag"]) == (304, "", headers["etag"])
    stale = curl("-H", 'If-None-Match: "another"', demo.base + pid)
    assert stale[0] == 200
    turtle = curl("-H", "Accept: text/turtle", demo.base + pid)
    assert turtle[1]["etag"] != headers["etag"]
    assert "accept" in turtle[1]["vary"].lower()
    assert {"last-modified", "link"} <= headers.keys()


def test_curl_asks_for_the_head_alone(demo, pid):
    full = curl(demo.base + pid)
    head = curl("--head", demo.base + pid)
    assert (head[0], head[2]) == (200, "")
    assert head[1]["etag"] == full[1]["etag"]
    assert head[1]["content-length"] == full[1]["content-length"] == str(len(full[2].encode()))


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("*/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("text/turtle", "text/turtle"),
        ("application/ld+json", "application/ld+json"),
        ("application/rdf+xml;q=0.5, application/n-triples", "application/n-triples"),
        ("application/json;q=0, text/turtle;q=0.1", "text/turtle"),
        ("application/*", "application/json"),
    ],
)
def test_curl_gets_what_it_prefers(demo, pid, accept, given):
    status, headers, _ = curl("-H", f"Accept: {accept}", demo.base + pid)
    assert (status, headers["content-type"].split(";")[0]) == (200, given)


def test_curl_is_told_what_there_is_instead(demo, pid):
    status, headers, body = curl("-H", "Accept: image/png", demo.base + pid)
    assert (status, headers["content-type"]) == (406, "application/problem+json")
    assert "text/turtle" in body
    missing = curl(demo.base + "/10.5072/AAA-AAA-AAA")
    assert (missing[0], missing[1]["content-type"]) == (404, "application/problem+json")


def test_curl_runs_the_three_queries_that_the_demo_prints(demo):
    queries = demo.said.split("Three questions to copy:")[1].split("curl -s ")[1:]
    assert len(queries) == 3
    for text in queries:
        query = text.split("'query=")[1].rsplit("'", 1)[0]
        status, headers, body = curl(
            "-H", "Accept: text/csv", f"{demo.base}/sparql", "--data-urlencode", f"query={query}"
        )
        assert (status, headers["content-type"].split(";")[0]) == (200, "text/csv")
        assert len(body.splitlines()) > 1


def wrapper(demo: Server, query: str, format: str) -> SPARQLWrapper:
    client = SPARQLWrapper(f"{demo.base}/sparql")
    client.setQuery(query)
    client.setReturnFormat(format)
    return client


def test_sparqlwrapper_reads_json_xml_and_csv_by_get_and_post(demo):
    found = wrapper(demo, COUNTRIES, JSON).query().convert()["results"]["bindings"]
    names = sorted(row["country"]["value"] for row in found)
    assert len(names) > 100
    post = wrapper(demo, COUNTRIES, XML)
    post.setMethod(POST)
    document = post.query().convert()
    texts = document.getElementsByTagName("literal")
    assert sorted(text.firstChild.data for text in texts) == names
    table = wrapper(demo, COUNTRIES, CSV).query().convert().decode().splitlines()
    assert sorted(line.strip('"') for line in table[1:]) == names


def test_sparqlwrapper_reads_a_graph_and_yes_or_no(demo):
    graph = Graph().parse(
        data=wrapper(demo, "DESCRIBE ?s { ?s a ?c } LIMIT 1", TURTLE).query().convert(),
        format="turtle",
    )
    assert len(set(graph.subjects())) == 1
    assert wrapper(demo, "ASK { ?s ?p ?o }", JSON).query().convert()["boolean"] is True


def test_rdflib_looks_into_the_endpoint_as_into_a_graph(demo, pid):
    graph = Graph(SPARQLStore(f"{demo.base}/sparql", returnFormat="json"))
    subject = URIRef(f"https://doi.org{pid}")
    local = Graph().parse(
        data=demo.client.get(pid, headers={"accept": "text/turtle"}).text, format="turtle"
    )
    assert set(graph.predicates(subject)) == set(local.predicates(subject))
    assert len(list(graph.query(ESTONIA))) > 5


def test_rdflib_reads_a_pid_by_its_address(demo, pid):
    graph = Graph().parse(demo.base + pid)
    assert (URIRef(f"https://doi.org{pid}"), None, None) in graph
