"""SPARQL at an instant is SPARQL on the graph that a fold of the log up to it gives."""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pyoxigraph import DefaultGraph, QueryResultsFormat, QueryTriples, RdfFormat, Store

from api.rates import Clients, Rates
from api.sparql.holds import Holds
from api.sparql.times import Plan, Times
from eventstore.codec import dumps
from eventstore.instant import Instant
from eventstore.patches import META
from fdo.errors import Unavailable
from fdo.lifecycle import Revise
from handlers.instants import DeltaGraph, NamedState
from tests.api.eight_events import (
    COUNT,
    DWC,
    PROVENANCE,
    RECORDS,
    START,
    ask,
    number,
    past_of,
)  # fmt: skip
from tests.eventstore.story import BY, pid
from tests.handlers.instants.history import History
from tests.handlers.queries.server import Served, served

PROV = "http://www.w3.org/ns/prov#"
RESULTS_JSON = "application/sparql-results+json"
COUNTRIES = f"SELECT ?s ?c {{ ?s <{DWC}country> ?c }}"
QUERIES = {
    "all": "SELECT * { ?s ?p ?o }",
    "path": f"SELECT ?s ?c {{ ?s (!<urn:none>)*/<{DWC}country> ?c }}",
    "graph": f"SELECT ?v ?b {{ GRAPH <{PROVENANCE}> {{ ?v <{PROV}wasRevisionOf>+ ?b }} }}",
    "graphs": "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g",
    "sub-select": "SELECT ?p ?n { { SELECT ?p (COUNT(?o) AS ?n) { ?s ?p ?o } GROUP BY ?p } "
    "FILTER(?n > 1) }",
    "aggregate": "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) (MAX(STR(?o)) AS ?x) "
    f"{{ ?s <{DWC}country> ?c ; ?p ?o }} GROUP BY ?c HAVING (COUNT(*) > 0)",
    "optional": f"SELECT ?s ?c {{ ?s a ?t OPTIONAL {{ ?s <{DWC}country> ?c }} "
    "FILTER NOT EXISTS { ?s <urn:none> ?x } }",
    "text": "SELECT ?s { ?s ?p ?o FILTER(CONTAINS(STR(?o), 'Eston') || REGEX(STR(?o), '^B')) }",
    "ask": f"ASK {{ ?s <{DWC}country> 'Estonia' }}",
    "construct": "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }",
    "from": f"SELECT * FROM <{RECORDS}> {{ ?s ?p ?o }}",
    "from named": f"SELECT * FROM NAMED <{RECORDS}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    "look-up": f"SELECT ?p ?o {{ <{pid(1).iri}> ?p ?o }}",
}


def told_by_a_fold(history: History, instant: Instant, query: str) -> list[str]:
    """The answer of a store that was built from nothing up to the instant."""
    store = Store()
    store.load("\n".join(f"{q} ." for q in history.truth(instant)).encode(), RdfFormat.N_QUADS)
    if "FROM" in query:
        result = store.query(query)
    else:
        graphs = [graph for graph in store.named_graphs() if graph.value != META]
        result = store.query(query, default_graph=DefaultGraph(), named_graphs=graphs)
    form: Any = RdfFormat.N_TRIPLES if isinstance(result, QueryTriples) else QueryResultsFormat.TSV
    return sorted((result.serialize(format=form) or b"").decode().splitlines())


# ── an instant ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_an_answer_in_the_past_is_that_of_a_fold(
    endpoint: Served, history: History, query: str
) -> None:
    for instant in (Instant(3), Instant(7), Instant(8), Instant(8, (START + 55) * 1_000_000)):
        accept = "application/n-triples" if "CONSTRUCT" in query else "text/tab-separated-values"
        when: dict[str, Any] = {"as_of": instant.position}
        if instant.observed is not None:
            when["observed_at"] = "2026-03-01T12:00:55Z"
        if query.startswith("ASK"):
            truth = told_by_a_fold(history, instant, "SELECT * " + query[3:])
            verdict = ask(endpoint, query, "application/json", **when).json()["boolean"]
            assert verdict is (len(truth) > 1)
            continue
        response = ask(endpoint, query, accept, **when)
        assert response.status_code == 200, response.text
        assert sorted(response.text.splitlines()) == told_by_a_fold(history, instant, query)
        if query == QUERIES["look-up"]:  # the other way of answering
            found = ask(endpoint, query, "application/json", **when).json()["results"]["bindings"]
            assert len(found) == len(told_by_a_fold(history, instant, query)) - 1


def test_the_answer_says_what_it_stands_on_and_how_to_get_it_again(endpoint: Served) -> None:
    headers = ask(endpoint, COUNT, as_of="2026-03-01T12:00:25Z").headers
    assert headers["collectome-position"] == "3"
    assert headers["collectome-recorded-at"] == "2026-03-01T12:00:20.000000Z"
    assert headers["collectome-release"] == "1.2.3"
    assert headers["collectome-erasures"] == "0"
    again = httpx.get(headers["content-location"], headers={"accept": "text/csv"}, timeout=30)
    assert "as-of=3" in headers["content-location"]
    assert again.text == ask(endpoint, COUNT, as_of=3).text
    assert "content-location" not in ask(endpoint, COUNT).headers


def test_both_forms_of_post_take_an_instant(endpoint: Served) -> None:
    then = number(ask(endpoint, COUNT, as_of=2))
    assert then != number(ask(endpoint, COUNT))
    accept = {"accept": "text/csv"}
    form = httpx.post(endpoint.endpoint, data={"query": COUNT, "as-of": "2"}, headers=accept)
    direct = httpx.post(
        f"{endpoint.endpoint}?as-of=2",
        content=COUNT,
        headers={**accept, "content-type": "application/sparql-query"},
    )
    assert number(form) == number(direct) == then


@pytest.mark.parametrize(
    ("params", "status", "word"),
    [
        ({"as_of": "9999"}, 400, "future"),
        ({"as_of": "2099-01-01"}, 400, "future"),
        ({"as_of": "0" * 20 + "9999"}, 400, "no moment"),
        ({"as_of": "yesterday"}, 400, "no moment"),
        ({"as_of": "v3"}, 400, "no moment"),
        ({"observed_at": "3"}, 400, "no moment"),
        ({"observed_at": "0001-01-01T00:00:00+14:00"}, 400, "no moment"),
        ({"headers": {"accept-datetime": "2026-03-01"}}, 400, "HTTP-date"),
    ],
)
def test_what_is_no_moment_is_refused(
    endpoint: Served, params: dict[str, Any], status: int, word: str
) -> None:
    response = ask(endpoint, COUNT, **params)
    assert response.status_code == status
    assert word in response.json()["detail"]
    assert response.headers["content-type"] == "application/problem+json"


# ── Memento ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wanted", "position"),
    [
        ("Sun, 01 Mar 2026 12:00:20 GMT", "3"),
        ("Sun, 01 Mar 2026 12:00:19 GMT", "2"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", "1"),
        ("Fri, 01 Jan 2100 00:00:00 GMT", "8"),
    ],
)
def test_accept_datetime_negotiates_among_the_states(
    endpoint: Served, wanted: str, position: str
) -> None:
    headers = ask(endpoint, COUNT, headers={"accept-datetime": wanted}).headers
    assert headers["collectome-position"] == position
    assert "Accept-Datetime" in headers["vary"]
    assert headers["memento-datetime"].endswith(" GMT")
    assert headers["content-location"].endswith(f"as-of={position}")
    found = re.findall(r'<([^>]+)>; rel="([^"]+)"', headers["link"])
    links = {rel: target for target, rel in found}
    assert links["original"] == links["timegate"] == f"{endpoint.endpoint}?query={quote(COUNT, '')}"
    assert httpx.get(links["timemap"]).headers["content-type"] == "application/link-format"


def test_the_timemap_lists_a_memento_for_each_second_and_each_resolves(endpoint: Served) -> None:
    response = ask(endpoint, COUNT, "application/link-format")
    found = re.findall(r'<([^>]+)>; rel="([a-z ]*memento)"; datetime="([^"]+)"', response.text)
    assert [rel for _, rel, _ in found] == ["first memento", *["memento"] * 6, "last memento"]
    for target, _, when in found[::3]:
        assert httpx.get(target, timeout=30).headers["memento-datetime"] == when


def test_the_timemap_is_paged(endpoint: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.objects.seconds.PAGE", 3)
    seen, page = [], f"{endpoint.endpoint}?format=timemap"
    while page:
        text = httpx.get(page).text
        seen += re.findall(r'as-of=(\d+)>; rel="[a-z ]*memento"', text)
        following = re.search(r'<([^>]+)>; rel="next timemap"', text)
        page = following[1] if following else ""
    assert seen == [str(position) for position in range(1, 9)]


# ── readiness and shares ─────────────────────────────────────────────────────────────────


def test_a_state_that_is_not_ready_says_when_to_come_back(history: History) -> None:
    graph = history.folder / "projections" / "graph"
    with served(graph, past=lambda base: past_of(history, base, patience_s=0.0)) as where:
        response = ask(where, COUNT, as_of=6)
        assert response.status_code == 503
        assert int(response.headers["retry-after"]) >= 1
        said = response.json()
        assert said["type"].endswith("/problems/preparing")
        assert said["monitor"] in response.headers["link"]
        for _ in range(400):
            progress = httpx.get(said["monitor"]).json()
            if progress["done"]:
                break
        else:
            pytest.fail(f"never done: {progress}")
        assert number(ask(where, COUNT, as_of=6)) > 0


def test_who_does_not_wait_for_states_still_has_them_in_line(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    instants = history.instants(patience_s=0.0)
    done = asyncio.Event()

    async def never(line: bytes) -> list[object]:
        await done.wait()
        return ["failed", "late"]

    monkeypatch.setattr(instants, "_told", never)
    times = Times(history.objects, "https://host")
    queries, exports = (Holds(instants, times, lambda: None) for _ in range(2))

    async def refusals(
        client: str, *positions: int, holds: Holds = queries, observed: int | None = None
    ) -> list[str]:
        found = []
        for position in positions:
            delta = NamedState("urn:g", DeltaGraph(0, position, "added"))
            with pytest.raises(Unavailable) as told:
                async with holds.hold(Plan(Instant(position, observed), (delta,)), 0, client):
                    pass
            found.append(type(told.value).__name__)
        return found

    async def floods() -> None:
        assert await refusals("one", 1, 2, 3, 4, 5, 6) == ["Preparing"] * 4 + ["Busy"] * 2
        assert await refusals("one", 4) == ["Preparing"], "what is in line may be asked again"
        assert await refusals("one", 4, observed=10**18) == ["Preparing"], "it is the same state"
        both = await refusals("one", 4, 5, holds=exports)
        assert both == ["Preparing", "Busy"], "one line for all doors"
        assert await refusals("two", 5) == ["Preparing"]
        done.set()
        while instants._tasks:
            await asyncio.sleep(0)
        done.clear()
        assert await refusals("one", 7) == ["Preparing"]
        await queries.close()
        await exports.close()
        await instants.close()

    asyncio.run(floods())


def test_a_client_that_has_used_up_its_time_is_told_when_to_come_back(history: History) -> None:
    clients = Clients(Rates(time_per_minute=1, errors_per_minute=2))
    with served(history.folder / "projections" / "graph", clients=clients) as where:
        while where.at_once == 0:  # the newest copy is opened beside
            ask(where, QUERIES["look-up"], RESULTS_JSON)
        for _ in range(4):
            assert ask(where, "SELECT nonsense").status_code == 400
        response = ask(where, COUNT)
        assert response.status_code == 429
        assert 0 < int(response.headers["retry-after"]) <= 60
        assert response.headers["ratelimit-policy"] == '"time";q=2;w=120, "errors";q=4;w=120'
        assert '"errors";r=0' in response.headers["ratelimit"]
        assert response.json()["type"].endswith("/problems/too-many-requests")
        before = where.at_once
        assert ask(where, QUERIES["look-up"], RESULTS_JSON).status_code == 200, "decision 0063"
        assert where.at_once == before + 1


def test_an_endpoint_without_a_log_says_that_it_has_no_past(history: History) -> None:
    with served(history.folder / "projections" / "graph") as where:
        assert ask(where, COUNT, as_of=3).status_code == 400
        assert ask(where, COUNT, "application/link-format").status_code == 406


def test_what_is_erased_is_gone_from_every_state_at_once(tmp_path: Path) -> None:
    told = History(tmp_path)
    told.register(1, "A secret")
    told.do(1, Revise(told.stamp(1, "Abies", 2)))
    told.project()
    name = f"SELECT ?n {{ <{pid(1).iri}> <http://rs.dissco.eu/opends/terms/specimenName> ?n }}"
    graph = told.folder / "projections" / "graph"
    with served(graph, past=lambda base: past_of(told, base, patience_s=60.0)) as where:

        def said() -> list[str]:
            filtered = name.replace("?n }", "?n FILTER(BOUND(?n)) }")
            answers = [
                ask(where, query, "application/json", as_of=1)
                for query in (name, name, filtered)
                for _ in range(2)
            ]
            assert len({answer.headers["collectome-erasures"] for answer in answers}) == 1
            found = [answer.json()["results"]["bindings"][0]["n"]["value"] for answer in answers]
            return [*sorted(set(found)), answers[0].headers["collectome-erasures"]]

        assert said() == ["A secret", "0"]
        told.objects.erase(pid(1), [1], dumps(told.stamp(1, "(erased)", 1)), BY)
        assert said() == ["(erased)", "3"]
    told.close()


def test_who_waits_for_what_cannot_come_soon_is_told_at_once(endpoint: Served) -> None:
    for more in ({"min_position": 999_999_999_999}, {"min_position": 8 + 10_001}):
        began = time.monotonic()
        response = ask(endpoint, COUNT, **more)
        assert (response.status_code, response.headers["retry-after"]) == (503, "60")
        assert "event 8, far from" in response.json()["detail"]
        assert time.monotonic() - began < 10, "a third of what a query may wait"


# ── the page ─────────────────────────────────────────────────────────────────────────────


def test_the_page_takes_an_instant_and_says_which_state_answered(endpoint: Served) -> None:
    page = ask(endpoint, COUNTRIES, "text/html", as_of="2026-03-01T12:00:25Z").text
    assert 'value="2026-03-01T12:00:25Z"' in page
    assert "as of event 3" in page
    permalink = f"/sparql?query={quote(COUNTRIES, safe='')}&amp;as-of="
    assert f"{permalink}2026-03-01T12%3A00%3A25Z" in page
    assert f'{permalink}3"' in page


def test_the_page_explains_what_is_no_moment(endpoint: Served) -> None:
    response = ask(endpoint, COUNTRIES, "text/html", as_of="soon")
    assert response.status_code == 400
    assert "is no moment" in response.text


def test_what_is_no_moment_is_refused_without_a_query_too(endpoint: Served) -> None:
    """Clients that add `?query=` to an address with `?as-of=42` make one long moment of it."""
    for asked in ("as-of=42?query=ASK%7B%7D", "observed-at=soon"):
        response = httpx.get(f"{endpoint.endpoint}?{asked}", headers={"accept": "text/turtle"})
        assert response.status_code == 400
        assert "is no moment" in response.json()["detail"]
    described = httpx.get(f"{endpoint.endpoint}?as-of=2", headers={"accept": "text/turtle"})
    assert described.status_code == 200
