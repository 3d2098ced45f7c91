"""The endpoint over real HTTP: what clients meet, what they are refused, and what a cut is like."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from api.rates import Clients, Rates
from api.sparql.endpoint import _send_answer
from api.sparql.reply import Header, Reply
from api.sparql.request import Wrong, understand
from fdo.errors import CollectomeError
from handlers.queries.answer import Question
from handlers.queries.errors import QueryStopped
from handlers.queries.pool import QueryPool
from tests.handlers.queries.publisher import Publisher, people
from tests.handlers.queries.server import Served, served

FOAF = "http://xmlns.com/foaf/0.1/"
NAME = f"SELECT ?name {{ <http://example.org/person/7> <{FOAF}name> ?name }}"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
ENDLESS = (
    f"SELECT * {{ {{ ?s <{FOAF}name> ?o . ?t <{FOAF}age> 3 }} UNION "
    "{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?a = ?i && ?c = ?g) } }"
)
"""Rows at first, then a search that finds nothing and does not end."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    publisher = Publisher(tmp_path_factory.mktemp("sparql")).load(people(1000))
    publisher.load(
        f"<http://example.org/person/1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        f"<{FOAF}Person> .\n<urn:x> <{FOAF}note> \"<script>alert('1')</script>\"@en .\n"
    )
    publisher.publish()
    return publisher


@pytest.fixture(scope="module")
def endpoint(store: Publisher) -> Iterator[Served]:
    with served(store.folder) as where:
        yield where


def get(where: Served, query: str | None, accept: str = "*/*", **params: Any) -> httpx.Response:
    fields = params if query is None else {"query": query, **params}
    return httpx.get(where.endpoint, params=fields, headers={"accept": accept}, timeout=30)


# ── answers ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/sparql-results+json"),
        ("application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv", "text/csv; charset=utf-8; header=present"),
        ("text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
        ("text/csv;q=0.5, application/sparql-results+json", "application/sparql-results+json"),
        ("application/xml", "application/sparql-results+xml"),
        ("image/png, */*;q=0.1", "application/sparql-results+json"),
    ],
)
def test_bindings_come_as_accept_says(endpoint: Served, accept: str, content_type: str) -> None:
    response = get(endpoint, NAME, accept)
    assert (response.status_code, response.headers["content-type"]) == (200, content_type)
    assert "Person 7" in response.text
    assert "Accept" in response.headers["vary"]


@pytest.mark.parametrize(
    "media_type",
    [
        "text/turtle", "application/n-triples", "application/n-quads", "application/ld+json",
        "application/rdf+xml", "application/trig",
    ],
)  # fmt: skip
def test_triples_come_as_accept_says(endpoint: Served, media_type: str) -> None:
    response = get(endpoint, "DESCRIBE <http://example.org/person/7>", media_type)
    assert response.headers["content-type"] == media_type
    assert "Person 7" in response.text


def test_format_in_the_address_wins_over_accept(endpoint: Served) -> None:
    assert get(endpoint, NAME, "text/html", format="csv").text == "name\r\nPerson 7\r\n"
    triples = "CONSTRUCT WHERE { <http://example.org/person/7> ?p ?o }"
    assert get(endpoint, triples, format="ttl").headers["content-type"] == "text/turtle"


def test_an_answer_names_the_state_it_speaks_of(endpoint: Served) -> None:
    headers = get(endpoint, NAME).headers
    assert headers["collectome-position"] == "1"
    assert headers["collectome-recorded-at"].endswith("Z")


def test_head_answers_like_get_without_a_body(endpoint: Served) -> None:
    response = httpx.head(endpoint.endpoint, params={"query": COUNT})
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["collectome-position"] == "1"


def test_a_browser_of_another_site_may_ask(endpoint: Served) -> None:
    response = httpx.options(endpoint.endpoint, headers={"origin": "https://elsewhere.example"})
    assert response.status_code == 204
    assert response.headers.get_list("access-control-allow-origin") == ["*"]
    assert "POST" in response.headers["access-control-allow-methods"]
    answer = httpx.get(endpoint.endpoint, params={"query": NAME}, headers={"origin": "null"})
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "Collectome-Position" in answer.headers["access-control-expose-headers"]
    refused = httpx.get(endpoint.endpoint, params={"query": "no"}, headers={"origin": "null"})
    assert refused.status_code == 400
    assert refused.headers["access-control-allow-origin"] == "*"


def test_a_large_answer_is_streamed_whole(endpoint: Served) -> None:
    query = f"SELECT * {{ ?s ?p ?o . ?t <{FOAF}age> 5 }}"
    with httpx.stream("GET", endpoint.endpoint, params={"query": query, "format": "csv"}) as answer:
        assert answer.headers["transfer-encoding"] == "chunked"
        lines = sum(chunk.count(b"\n") for chunk in answer.iter_bytes())
    assert lines == 3002 * 12 + 1


# ── refusals ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("query", "status", "slug"),
    [
        ("SELECT * {", 400, "malformed-query"),
        ("", 400, "malformed-query"),
        ("SELECT (<http://e/f>(1) AS ?x) {}", 400, "query-unsupported"),
        ("SELECT * { SERVICE <http://e/> { ?s ?p ?o } }", 403, "query-refused"),
        ("INSERT DATA { <urn:a> <urn:b> <urn:c> }", 403, "query-refused"),
        ("ASK {" + "{" * 3200 + "}" * 3200 + "}", 413, "query-too-large"),
    ],
)
def test_a_refusal_is_a_problem_with_its_type(
    endpoint: Served, query: str, status: int, slug: str
) -> None:
    response = httpx.post(endpoint.endpoint, data={"query": query})
    assert (response.status_code, response.headers["content-type"]) == (
        status,
        "application/problem+json",
    )
    body = response.json()
    assert body["type"] == f"{endpoint.base}/problems/{slug}"
    assert (body["status"], bool(body["title"]), bool(body["detail"])) == (status, True, True)


def test_a_malformed_query_is_told_where_it_breaks(endpoint: Served) -> None:
    body = get(endpoint, "SELECT *\n{ ?s ?p }").json()
    assert (body["line"], "expected" in body["detail"]) == (2, True)


@pytest.mark.parametrize("accept", ["image/png", "text/turtle"])
def test_what_cannot_be_had_lists_what_can(endpoint: Served, accept: str) -> None:
    response = get(endpoint, NAME, accept)
    assert response.status_code == 406
    assert "text/csv" in response.json()["offered"]


def test_an_unknown_format_lists_those_there_are(endpoint: Served) -> None:
    typed = f"{endpoint.endpoint}?query={quote(NAME)}&format=application/sparql-results+json"
    assert httpx.get(typed).status_code == 200
    response = get(endpoint, NAME, format="pdf")
    assert (response.status_code, "turtle" in response.json()["detail"]) == (406, True)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused_with_those_allowed(endpoint: Served, method: str) -> None:
    response = httpx.request(method, endpoint.endpoint, params={"query": COUNT})
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"


def test_two_queries_at_once_and_none_at_all_are_refused(endpoint: Served) -> None:
    assert httpx.get(endpoint.endpoint + "?query=ASK{}&query=ASK{}").status_code == 400
    assert httpx.post(endpoint.endpoint, data={"nothing": "here"}).status_code == 400
    assert get(endpoint, None, "text/csv").status_code == 400


def test_a_body_of_many_megabytes_is_refused_before_it_is_read(endpoint: Served) -> None:
    headers = {"content-type": "application/sparql-query"}
    response = httpx.post(endpoint.endpoint, content=b"#" * 3_000_000, headers=headers)
    assert response.status_code == 413


def test_no_query_reaches_another_server(endpoint: Served) -> None:
    calls: list[Any] = []
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(1)

        def accept() -> None:
            with contextlib.suppress(TimeoutError, OSError):
                calls.append(listener.accept())

        thread = threading.Thread(target=accept)
        thread.start()
        evil = f"<http://127.0.0.1:{listener.getsockname()[1]}/>"
        for query in (
            f"SELECT * {{ SERVICE {evil} {{ ?s ?p ?o }} }}",
            f"SELECT * {{ ?s ?p 1SERVICE{evil}{{ ?a ?b ?c }} }}",
            f"PREFIX e:{evil} SELECT * {{ SERVICEe: {{ ?a ?b ?c }} }}",
            f"SELECT * {{ ?s ?p ?a FILTER(?a<'>') SERVICE {evil} {{}} FILTER(?b='x') }}",
            f"SELECT * FROM {evil} {{ ?s ?p ?o }}",
        ):
            assert get(endpoint, query).status_code in (200, 403)
        assert httpx.post(endpoint.endpoint, data={"update": f"LOAD {evil}"}).status_code == 403
        thread.join()
    assert calls == []


# ── limits ───────────────────────────────────────────────────────────────────────────────────


def test_a_query_that_takes_too_long_is_a_problem_and_hurts_nobody_else(store: Publisher) -> None:
    clients = Clients(Rates(), address_header="x-client")
    with (
        served(store.folder, timeout_s=0.8, clients=clients) as where,
        ThreadPoolExecutor() as threads,
    ):
        slow = threads.submit(get, where, RUNAWAY)
        while not slow.done():
            quick = {"query": f"{NAME} # {time.monotonic()}"}
            other = httpx.get(where.endpoint, params=quick, headers={"x-client": "192.0.2.1"})
            assert other.status_code == 200
        assert slow.result().status_code == 504
        assert "longer than 0.8 seconds" in slow.result().json()["detail"]


def _fetch_cut(where: Served) -> bytes:
    """What arrives of an answer that is cut; http.client tells a cut from an end."""
    address = where.base.removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(address, timeout=30)) as client:
        client.request("GET", f"/sparql?format=csv&query={quote(ENDLESS)}")
        response = client.getresponse()
        assert response.status == 200
        with pytest.raises(http.client.IncompleteRead) as cut:
            response.read()
        return cut.value.partial


def test_a_cut_answer_is_never_taken_for_a_complete_one(store: Publisher) -> None:
    clients = Clients(Rates(errors_per_minute=3))
    with served(store.folder, timeout_s=1.0, clients=clients) as where:
        assert len(_fetch_cut(where)) > 100_000
        assert get(where, COUNT).headers["ratelimit"] == '"errors";r=5;t=0', "it is an error"


def test_a_cut_stays_a_cut_in_a_framework_that_handles_our_errors(store: Publisher) -> None:
    async def handle(request: Request, error: Exception) -> Response:
        return PlainTextResponse("refused", 500)

    def within_framework(app: ASGIApp) -> ASGIApp:
        return Starlette(
            routes=[Route("/sparql", app)], exception_handlers={CollectomeError: handle}
        )

    with served(store.folder, timeout_s=1.0, around=within_framework) as where:
        assert len(_fetch_cut(where)) > 100_000


def test_a_client_that_leaves_ends_its_query(store: Publisher) -> None:
    with served(store.folder, workers=1, timeout_s=30) as where:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(where.endpoint, params={"query": RUNAWAY}, timeout=0.5)
        began = time.monotonic()
        assert get(where, NAME).status_code == 200
        assert time.monotonic() - began < 15, "half of the time that the query may take"
        assert where.pool.standing.answered == 1


def test_when_all_are_taken_the_next_is_told_when_to_come_back(store: Publisher) -> None:
    clients = Clients(Rates(errors_per_minute=3))
    with (
        served(store.folder, workers=1, queue_limit=0, timeout_s=3, clients=clients) as where,
        ThreadPoolExecutor() as threads,
    ):
        slow = threads.submit(get, where, RUNAWAY)
        until = time.monotonic() + 60
        while not where.pool._busy:
            assert time.monotonic() < until
            time.sleep(0.01)
        response = get(where, NAME)
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) >= 1
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["ratelimit"] == '"errors";r=6;t=0', "nobody's error"
        assert slow.result().status_code == 504


def test_who_stops_workers_spends_errors(store: Publisher) -> None:
    clients = Clients(Rates(errors_per_minute=1))
    with served(store.folder, memory_mb=1, clients=clients) as where:
        stopped = get(where, RUNAWAY)
        assert (stopped.status_code, stopped.json()["reason"]) == (503, "memory")
        assert int(stopped.headers["retry-after"]) >= 1, "of every 503"
        assert get(where, RUNAWAY, "text/html").status_code == 503
        assert get(where, RUNAWAY).status_code == 429


def test_what_is_published_is_seen_by_the_next_request(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path).load(people(10))
    publisher.publish()
    with served(publisher.folder) as where:
        assert '"30"' in get(where, COUNT).text
        publisher.load(people(5, first=10)).publish()
        response = get(where, COUNT)
        assert ('"45"' in response.text, response.headers["collectome-position"]) == (True, "2")


def test_who_reads_an_own_write_waits_until_it_is_published(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path).load(people(10))
    publisher.publish()
    with served(publisher.folder) as where, ThreadPoolExecutor() as threads:
        call = f"SELECT (COUNT(*) AS ?n) {{ SERVICE <{where.endpoint}%s> {{ ?s ?p ?o }} }}"
        asked: list[tuple[str, dict[str, Any]]] = [
            (COUNT, {"min-position": 2}),
            (call % "", {"min-position": 2}),
            (call % "?min-position=2", {}),
        ]
        waiting = [threads.submit(get, where, query, **params) for query, params in asked]
        publisher.load(people(5, first=10))
        assert not wait(waiting, timeout=0.3).done
        publisher.publish()
        for answer in (each.result() for each in waiting):
            assert ('"45"' in answer.text, answer.headers["collectome-position"]) == (True, "2")
        where.pool.timeout_s = 0.1
        for query, params in ((COUNT, {"min-position": 9}), (call % "?min-position=9", {})):
            late = get(where, query, **params)
            assert (late.status_code, late.headers["retry-after"]) == (503, "1")
            assert "position 2, not yet to 9" in late.json()["detail"]


def test_who_waits_for_a_position_and_leaves_gives_the_place_back(store: Publisher) -> None:
    with served(store.folder, timeout_s=60) as where:
        with pytest.raises(httpx.ReadTimeout):
            asked = {"query": COUNT, "min-position": 2}
            httpx.get(where.endpoint, params=asked, timeout=0.5)
        until = time.monotonic() + 20
        while where.pool._reaching:
            assert time.monotonic() < until
            time.sleep(0.01)


def test_who_is_over_with_the_rest_does_not_wait_for_a_position(store: Publisher) -> None:
    clients = Clients(Rates(errors_per_minute=0.5))
    with served(store.folder, timeout_s=60, clients=clients) as where:
        assert get(where, "SELECT nonsense").status_code == 400
        assert get(where, COUNT, **{"min-position": 2}).status_code == 429


def test_an_answer_that_is_not_taken_is_cut(store: Publisher) -> None:
    class Stalled(Reply):
        def __init__(self) -> None:
            self.method = "GET"

        async def begin(self, status: int, headers: list[Header]) -> None:
            assert status == 200

        async def more(self, body: bytes, *, last: bool = False) -> None:
            await asyncio.Event().wait()

    async def scene() -> None:
        query = f"SELECT * {{ ?s ?p ?o . ?t <{FOAF}age> 5 }}"
        async with (
            QueryPool(store.folder, delivery_s=0.1) as pool,
            pool.run(Question(query)) as answer,
        ):
            with pytest.raises(QueryStopped) as stopped:
                await _send_answer(Stalled(), answer, [], pool.delivery_s)
            assert stopped.value.reason == "delivery"
            assert pool.standing.stopped == {"delivery": 1}

    asyncio.run(scene())


def test_slow_readers_keep_nobody_waiting(store: Publisher) -> None:
    clients = Clients(Rates(), address_header="x-client")
    query = f"SELECT * {{ ?s ?p ?o . ?t <{FOAF}age> 5 }}"
    with served(store.folder, clients=clients) as where, contextlib.ExitStack() as slow:
        answers = []
        for address in ("192.0.2.1", "192.0.2.2"):
            asked = {"params": {"query": query}, "headers": {"x-client": address}}
            stream = httpx.stream("GET", where.endpoint, timeout=30, **asked)
            answers.append(slow.enter_context(stream))
        began = time.monotonic()
        assert "3002" in get(where, COUNT).text
        assert time.monotonic() - began < 10, "a third of what a query may wait"
        for answer in answers:
            assert len(json.loads(answer.read())["results"]["bindings"]) == 3002 * 12


def test_a_small_answer_is_kept_for_its_state_and_no_longer(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path).load(people(10))
    publisher.publish()
    with served(publisher.folder) as where:
        first = get(where, COUNT)
        assert get(where, COUNT).content == first.content
        assert get(where, COUNT).headers["collectome-position"] == "1"
        assert where.pool.standing.answered == 1
        assert get(where, COUNT, "text/csv").text == "n\r\n30\r\n"
        assert httpx.head(where.endpoint, params={"query": COUNT}).content == b""
        publisher.load(people(5, first=10)).publish()
        assert '"45"' in get(where, COUNT).text


@pytest.mark.parametrize("function", ["RAND()", "UUID()", "STRUUID()", "BNODE()", "now ( )"])
def test_what_may_differ_each_time_is_asked_each_time(endpoint: Served, function: str) -> None:
    before = endpoint.pool.standing.answered
    for _ in range(3):
        assert get(endpoint, f"SELECT ({function} AS ?x) {{}}").status_code == 200
    assert endpoint.pool.standing.answered == before + 3


# ── clients ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("form", ["json", "xml", "csv"])
def test_sparqlwrapper_understands_us(endpoint: Served, method: str, form: str) -> None:
    from SPARQLWrapper import SPARQLWrapper

    client = SPARQLWrapper(endpoint.endpoint)
    client.setQuery(NAME)
    client.setMethod(method)
    client.setReturnFormat(form)
    answer = client.query().convert()
    text = answer.toxml() if form == "xml" else str(answer)
    assert "Person 7" in text


def test_sparqlwrapper_gets_a_graph(endpoint: Served) -> None:
    from SPARQLWrapper import RDFXML, SPARQLWrapper

    client = SPARQLWrapper(endpoint.endpoint)
    client.setQuery("CONSTRUCT WHERE { <http://example.org/person/7> ?p ?o }")
    client.setReturnFormat(RDFXML)
    assert len(client.query().convert()) == 3


@pytest.mark.parametrize("form", ["JSONLD", "N3", "TURTLE", "RDFXML", "XML"])
def test_sparqlwrapper_gets_a_graph_in_whatever_form_it_asks_for(
    endpoint: Served, form: str
) -> None:
    import SPARQLWrapper

    client = SPARQLWrapper.SPARQLWrapper(endpoint.endpoint)
    client.setQuery("CONSTRUCT WHERE { <http://example.org/person/7> ?p ?o }")
    client.setReturnFormat(getattr(SPARQLWrapper, form))
    assert b"Person 7" in client.query().response.read()


def test_rdflib_s_sparql_store_reads_from_us(endpoint: Served) -> None:
    from rdflib import Graph, URIRef
    from rdflib.plugins.stores.sparqlstore import SPARQLStore

    graph = Graph(SPARQLStore(endpoint.endpoint))
    person = URIRef("http://example.org/person/7")
    assert [str(row[0]) for row in graph.query(NAME)] == ["Person 7"]
    assert len(list(graph.triples((person, None, None)))) == 3


@given(st.text(alphabet=st.sampled_from('ab+% <>{}?#"é25C3B0'), max_size=30), st.booleans())
def test_a_query_is_unescaped_as_forms_are(text: str, quoted: bool) -> None:
    sent = quote_plus(text) if quoted else text.replace("&", "")
    try:
        expected = unquote_plus(sent, errors="strict")
    except UnicodeDecodeError:
        with pytest.raises(Wrong):
            understand("GET", b"query=" + sent.encode(), "", b"")
        return
    assert understand("GET", b"query=" + sent.encode(), "", b"").query == expected
