"""SPARQL in time on the real program: the demo's past, its shares, and the command line."""

from __future__ import annotations

import csv
import io
import json
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.scenarios.program import HOLDER, Server, collectome, specimens

COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
SPECIMENS = "SELECT ?s { ?s a <http://rs.dissco.eu/opends/terms/DigitalSpecimen> } LIMIT 1"
CSV = {"accept": "text/csv"}


def rows(server: Server, query: str, **params: str) -> list[dict[str, str]]:
    """The rows of an answer; `as_of` stands for `as-of`."""
    fields = {"query": query, **{name.replace("_", "-"): value for name, value in params.items()}}
    for _ in range(600):
        answer = server.client.get("/sparql", params=fields, headers=CSV)
        if answer.status_code != 503:
            break
        time.sleep(0.1)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two workers, behind a proxy that names its clients."""
    folder = tmp_path_factory.mktemp("crowded")
    plants = specimens(folder / "plants.csv", *range(1, 60))
    assert collectome("ingest", plants, HOLDER, data=folder / "data").code == 0
    settings = {
        "client_address_header": "X-Forwarded-For",
        "sparql_workers": 2,
        "sparql_timeout_s": 4,
        "sparql_time_per_minute_s": 10,
        "sparql_errors_per_minute": 3,
    }
    with Server("serve", folder / "data", **settings) as server:
        yield server


def test_the_demo_answers_of_any_day_what_it_answered_then(demo: Server) -> None:
    before = int(rows(demo, COUNT, as_of="2026-03-03")[0]["n"])
    after = int(rows(demo, COUNT)[0]["n"])
    head = demo.client.get("/health").json()["position"]
    delta = f"{demo.base}/delta/2026-03-03/{head}"
    came, went = (
        int(rows(demo, COUNT.replace("?s ?p ?o", f"GRAPH <{delta}/{side}> {{ ?s ?p ?o }}"))[0]["n"])
        for side in ("added", "removed")
    )
    assert 0 < before < after
    assert before + came - went == after


def test_the_examples_about_time_find_something_in_the_demo(demo: Server) -> None:
    page = demo.client.get("/sparql/examples", headers={"accept": "application/ld+json"})
    queries = [
        node["http://www.w3.org/ns/shacl#select"][0]["@value"]
        for node in page.json()
        if node["@id"].endswith(("country-then-and-now", "what-came-and-went"))
    ]
    assert len(queries) == 2
    for query in queries:
        assert rows(demo, query)


def test_the_command_line_asks_the_same_past(demo: Server) -> None:
    ended = collectome("sparql", COUNT, "--as-of=2026-03-03", "--format=csv", data=demo.data)
    assert ended.code == 0, ended.err
    assert ended.out.split() == ["n", rows(demo, COUNT, as_of="2026-03-03")[0]["n"]]
    named = COUNT.replace("{", f"FROM <{demo.base}/at/2026-03-03> {{", 1)
    found = collectome("sparql", named, "--json", data=demo.data).said
    assert found["results"]["bindings"][0]["n"]["value"] == ended.out.split()[1]
    refused = collectome("sparql", COUNT, "--as-of=2099-01-01", data=demo.data)
    assert refused.code == 1 and "future" in refused.err


def test_one_client_s_slow_queries_never_slow_another_s(crowded: Server) -> None:
    (specimen,) = (row["s"] for row in rows(crowded, SPECIMENS))
    lookups = iter(range(1_000_000))

    def look_up() -> float:
        # A name of its own, so that no memo answers, and a FILTER, so that a worker must.
        query = f"SELECT ?v{next(lookups)} {{ <{specimen}> ?p ?o FILTER(ISIRI(?p)) }} LIMIT 3"
        began = time.perf_counter()
        answer = crowded.client.get(
            "/sparql", params={"query": query}, headers={"x-forwarded-for": "192.0.2.2"}
        )
        assert answer.status_code == 200, answer.text
        return time.perf_counter() - began

    look_up()
    stop, statuses = threading.Event(), list[int]()

    def flood(_: int) -> None:
        with httpx.Client(base_url=crowded.base, timeout=60) as client:
            while not stop.is_set():
                answer = client.get(
                    "/sparql",
                    params={"query": RUNAWAY},
                    headers={"x-forwarded-for": "203.0.113.1"},
                )
                statuses.append(answer.status_code)
                if answer.status_code in (429, 503):
                    time.sleep(0.2)

    with ThreadPoolExecutor(20) as crowd:
        for each in range(20):
            crowd.submit(flood, each)
        time.sleep(1.0)
        try:
            beside = [look_up() for _ in range(60)]
        finally:
            stop.set()
    assert statuses and set(statuses) <= {429, 503, 504}
    assert statistics.median(beside) < 0.5, "a query of the other client takes four seconds"
    assert max(beside) < 3


def test_who_has_used_up_a_share_is_told_how_long_to_wait(crowded: Server) -> None:
    wrong = {"params": {"query": "SELECT nonsense"}, "headers": {"x-forwarded-for": "192.0.2.9"}}
    answers = [crowded.client.get("/sparql", **wrong) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [400] * 6 + [429] * 2
    assert 0 < int(answers[-1].headers["retry-after"]) <= 20
    assert json.loads(answers[-1].text)["policy"] == "errors"
    other = {"params": {"query": COUNT}, "headers": {"x-forwarded-for": "192.0.2.10"}}
    assert crowded.client.get("/sparql", **other).status_code == 200


def test_a_service_to_the_server_itself_compares_now_and_then(demo: Server) -> None:
    query = f"""PREFIX dwc: <http://rs.tdwg.org/dwc/terms/>
        SELECT ?place ?then ?now {{ ?place dwc:country ?now
        SERVICE <{demo.base}/sparql?as-of=2026-03-03> {{ ?place dwc:country ?then }}
        FILTER(?then != ?now) }}"""
    named = query.replace(
        f"SERVICE <{demo.base}/sparql?as-of=2026-03-03>", f"GRAPH <{demo.base}/at/2026-03-03>"
    )
    found = rows(demo, query)
    assert found
    assert sorted(map(str, found)) == sorted(map(str, rows(demo, named)))


def test_names_of_states_lead_somewhere(demo: Server) -> None:
    page = demo.client.get("/at/2026-03-03", headers={"accept": "text/html"}, follow_redirects=True)
    assert page.status_code == 200
    assert 'name="as-of" value="' in page.text
    triples = demo.client.get(
        "/delta/2026-03-03/2026-06-01/removed",
        headers={"accept": "application/n-triples"},
        follow_redirects=True,
    )
    assert triples.status_code == 200
    assert triples.text.count("\n") > 1
