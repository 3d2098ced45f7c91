"""Names of states in a query (FROM, FROM NAMED, GRAPH), and SERVICE to ourselves."""

from __future__ import annotations

import pytest

from api.sparql.times import MOST_STATES
from eventstore.instant import Instant
from tests.api.eight_events import (
    COUNT,
    DWC,
    ask,
    lines,
    number,
)  # fmt: skip
from tests.eventstore.story import pid
from tests.handlers.instants.history import History
from tests.handlers.queries.server import Served

GRAPHS = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"


# ── names of states in the query ─────────────────────────────────────────────────────────


def test_a_single_from_is_the_whole_state(endpoint: Served) -> None:
    base = endpoint.base
    for name in (
        f"{base}/at/3",
        "https://elsewhere.example/at/3",
        f"{base}/at/2026-03-01T12:00:29Z",
    ):
        query = COUNT.replace("{", f"FROM <{name}> {{", 1)
        assert ask(endpoint, query).text == ask(endpoint, COUNT, as_of=3).text
        graphs = GRAPHS.replace("{", f"FROM <{name}> {{", 1)
        assert lines(ask(endpoint, graphs)) == lines(ask(endpoint, GRAPHS, as_of=3))
    assert ask(endpoint, query).headers["collectome-position"] == "3"


def test_a_name_may_be_written_with_a_prefix_or_a_base(endpoint: Served) -> None:
    truth = ask(endpoint, COUNT, as_of=3).text
    for prologue, name in (
        (f"PREFIX at: <{endpoint.base}/at/>", "at:3"),
        (f"BASE <{endpoint.base}/>", "<at/3>"),
    ):
        query = f"{prologue} SELECT (COUNT(*) AS ?n) FROM {name} {{ ?s ?p ?o }}"
        assert ask(endpoint, query).text == truth


def test_two_instants_are_joined_in_one_query(endpoint: Served) -> None:
    query = (
        f"SELECT ?was ?is {{ ?s <{DWC}country> ?is "
        f"GRAPH <{endpoint.base}/at/3> {{ ?s <{DWC}country> ?was }} FILTER(?was != ?is) }}"
    )
    assert lines(ask(endpoint, query)) == ["Estonia,Norway", "Latvia,Estonia"]
    assert lines(ask(endpoint, query, as_of=5)) == ["Latvia,Estonia"]


def test_from_named_says_which_graphs_there_are(endpoint: Served) -> None:
    base = endpoint.base
    query = (
        f"SELECT ?g (COUNT(*) AS ?n) FROM NAMED <{base}/at/2> FROM NAMED <{base}/at/8> "
        "{ GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
    )
    truth = [number(ask(endpoint, COUNT, as_of=n)) for n in (2, 8)]
    assert lines(ask(endpoint, query)) == [
        f"{base}/at/2,{truth[0]}",
        f"{base}/at/8,{truth[1]}",
    ]
    unnamed = f"ASK FROM NAMED <{base}/at/2> {{ GRAPH <{base}/at/8> {{ ?s ?p ?o }} }}"
    assert ask(endpoint, unnamed, "application/json").json()["boolean"] is False


def test_differences_and_versions_are_datasets_too(endpoint: Served) -> None:
    delta, version = f"{endpoint.base}/delta/1/3", f"{pid(1).iri}/2"
    places = f"{{ ?s <{DWC}country> ?c }}"

    def default(*names: str) -> list[str]:
        dataset = " ".join(f"FROM <{name}>" for name in names)
        return lines(ask(endpoint, f"SELECT ?c {dataset} {places}"))

    assert default(f"{delta}/added") == ["Estonia", "Latvia"]
    assert default(f"{delta}/removed") == ["Estonia"]
    assert default(version) == ["Latvia"]
    assert default(f"{delta}/added", version) == ["Estonia", "Latvia"], "a merge is a set"
    named = (f"{delta}/added", f"{delta}/removed", version)
    dataset = " ".join(f"FROM NAMED <{name}>" for name in named)
    found = lines(ask(endpoint, f"SELECT ?g ?c {dataset} {{ GRAPH ?g {places} }}"))
    assert found == sorted(
        [f"{named[0]},Estonia", f"{named[0]},Latvia", f"{named[1]},Estonia", f"{version},Latvia"]
    )
    assert lines(ask(endpoint, f"SELECT ?c {dataset} {places}")) == [], "no default graph is named"


def test_several_from_are_merged(endpoint: Served, history: History) -> None:
    base = endpoint.base
    query = f"SELECT (COUNT(*) AS ?n) FROM <{base}/at/3> FROM <{base}/at/8> {{ ?s ?p ?o }}"
    merged = {
        quad
        for position in (3, 8)
        for quad in history.truth(Instant(position))
        if "collectome:graph:" not in quad
    }
    assert number(ask(endpoint, query)) == len(merged)


def test_the_dataset_of_the_request_wins(endpoint: Served) -> None:
    at = f"{endpoint.base}/at/"
    query = COUNT.replace("{", f"FROM <{at}8> {{", 1)
    truth = number(ask(endpoint, COUNT, as_of=3))
    assert number(ask(endpoint, query, **{"default-graph-uri": f"{at}3"})) == truth
    inside = COUNT.replace("?s ?p ?o", "GRAPH ?g { ?s ?p ?o }")
    assert number(ask(endpoint, inside, **{"named-graph-uri": f"{at}3"})) == truth
    assert number(ask(endpoint, COUNT, **{"named-graph-uri": f"{at}3"})) == 0


def test_a_value_taken_out_and_put_back_is_no_change(endpoint: Served) -> None:
    delta = f"{endpoint.base}/delta/1/5"
    query = "SELECT ?o { GRAPH <%s> { ?s <" + DWC + "country> ?o } }"
    changed = "SELECT ?s { GRAPH <%s> { <" + pid(1).iri + "#event-1-location> ?p ?o } }"
    assert lines(ask(endpoint, changed % f"{delta}/removed")) == []
    assert lines(ask(endpoint, changed % f"{delta}/added")) == []
    assert lines(ask(endpoint, query % f"{endpoint.base}/delta/1/3/added")) == ["Estonia", "Latvia"]
    assert lines(ask(endpoint, query % f"{endpoint.base}/delta/1/3/removed")) == ["Estonia"]


def test_a_difference_is_what_the_two_states_say(endpoint: Served, history: History) -> None:
    for start, end in ((0, 8), (3, 7), (7, 7)):
        before, after = (
            {quad for quad in history.truth(Instant(at)) if "collectome:graph:" not in quad}
            for at in (start, end)
        )
        for side, truth in (("added", after - before), ("removed", before - after)):
            name = f"{endpoint.base}/delta/{start}/{end}/{side}"
            query = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}"
            response = ask(endpoint, query, "application/n-triples")
            assert {line.removesuffix(" .") for line in response.text.splitlines()} == truth


def test_one_old_version_is_a_graph(endpoint: Served, history: History) -> None:
    query = f"SELECT ?c {{ GRAPH <{pid(1).iri}/2> {{ ?s <{DWC}country> ?c }} }}"
    assert lines(ask(endpoint, query)) == ["Latvia"]
    for address in (f"{endpoint.base}/{pid(1)}", f"https://elsewhere.example/{pid(1)}"):
        assert lines(ask(endpoint, query.replace(pid(1).iri, address))) == ["Latvia"]
    missing = ask(endpoint, query.replace("/2>", "/9>"))
    assert missing.status_code == 404
    assert "1 to 3" in missing.json()["detail"]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("/at/9999", "future"),
        ("/at/soon", "no moment"),
        ("/delta/5/3/added", "backwards"),
        ("/delta/soon/3/added", "no moment"),
    ],
)
def test_a_name_that_names_no_state_here_is_refused(endpoint: Served, name: str, word: str) -> None:
    response = ask(endpoint, f"SELECT * {{ GRAPH <{endpoint.base}{name}> {{ ?s ?p ?o }} }}")
    assert response.status_code == 400
    assert word in response.json()["detail"]


def test_names_of_others_are_graphs_like_any(endpoint: Served) -> None:
    for name in (
        "https://elsewhere.example/at/soon",
        "https://elsewhere.example/x/at/3",
        "urn:x:3",
    ):
        query = f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{name}> {{ ?s ?p ?o }} }}"
        assert number(ask(endpoint, query)) == 0


def test_from_does_not_go_with_the_other_clock(endpoint: Served) -> None:
    query = COUNT.replace("{", f"FROM <{endpoint.base}/at/3> {{", 1)
    response = ask(endpoint, query, observed_at="2026-03-01T12:00:55Z")
    assert response.status_code == 400
    assert "observed-at" in response.json()["detail"]


def test_many_states_in_one_query_are_refused(endpoint: Served) -> None:
    names = " ".join(f"GRAPH <https://h{n}.example/at/1> {{}}" for n in range(MOST_STATES + 1))
    assert ask(endpoint, f"SELECT * {{ {names} }}").status_code == 413


# ── SERVICE to ourselves ─────────────────────────────────────────────────────────────────


def test_a_service_of_ours_is_joined(endpoint: Served) -> None:
    then = f"{endpoint.endpoint}?as-of=3"
    query = (
        f"PREFIX dwc: <{DWC}> SELECT ?was ?is {{ ?s dwc:country ?is "
        f"SERVICE <{then}> {{ ?s dwc:country ?was }} FILTER(?was != ?is) }}"
    )
    assert lines(ask(endpoint, query)) == ["Estonia,Norway", "Latvia,Estonia"]
    two = query.replace("FILTER", f"SERVICE <{then[:-1]}8> {{ ?s dwc:country ?is }} FILTER")
    assert lines(ask(endpoint, two)) == ["Estonia,Norway", "Latvia,Estonia"]


def test_a_service_keeps_every_term_and_what_is_unbound(endpoint: Served) -> None:
    inside = "{ ?s ?p ?o OPTIONAL { ?o ?none ?u FILTER(false) } }"
    query = f"SELECT * {{ SERVICE <{endpoint.endpoint}?as-of=8> {inside} }}"
    accept = "text/tab-separated-values"
    both = [ask(endpoint, each, accept) for each in (query, f"SELECT * {inside}")]
    assert lines(both[0]) == lines(both[1])


def test_a_service_without_variables_keeps_its_count(endpoint: Served) -> None:
    inside = f"{{ <{pid(1).iri}> a <http://rs.dissco.eu/opends/terms/DigitalSpecimen> }}"
    query = f"SELECT (COUNT(*) AS ?n) {{ SERVICE <{endpoint.endpoint}?as-of=%d> {inside} }}"
    assert number(ask(endpoint, query % 8)) == 1
    assert number(ask(endpoint, query % 0)) == 0


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("SELECT * { OPTIONAL { SERVICE <%s> { ?s ?p ?o } } }", "another group"),
        ("SELECT * { SERVICE SILENT <%s> { ?s ?p ?o } }", "SILENT"),
        ("SELECT * { SERVICE <%s> { SERVICE <%s> { ?s ?p ?o } } }", "inside a SERVICE"),
        ("SELECT * { SERVICE <%s> { ?s ?p ?o SERVICE <http://127.0.0.1:1/> {} } }", "refused"),
        ("SELECT * { SERVICE <http://127.0.0.1:1/sparql> { ?s ?p ?o } }", "refused"),
        ("SELECT * { SERVICE <http://[x/sparql> { ?s ?p ?o } }", "refused"),
        ("BASE <http://[x/> SELECT * { SERVICE <sparql> { ?s ?p ?o } }", "refused"),
        ("SELECT * { SERVICE ?e { ?s ?p ?o } BIND(<%s> AS ?e) }", "refused"),
    ],
)
def test_any_other_service_is_refused_with_the_reason(
    endpoint: Served, query: str, word: str
) -> None:
    response = ask(endpoint, query.replace("%s", f"{endpoint.endpoint}?as-of=3"))
    assert response.status_code == 403
    assert word in response.json()["detail"]


def test_a_service_of_many_rows_is_refused(
    endpoint: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.sparql.joining.MOST_ROWS", 5)
    query = f"SELECT * {{ SERVICE <{endpoint.endpoint}?as-of=8> {{ ?s ?p ?o }} }}"
    response = ask(endpoint, query)
    assert response.status_code == 413
    assert "more than 5 rows" in response.json()["detail"]


def test_the_address_of_a_service_holds_no_query(endpoint: Served) -> None:
    query = f"SELECT * {{ SERVICE <{endpoint.endpoint}?query=ASK%20%7B%7D> {{ ?s ?p ?o }} }}"
    assert ask(endpoint, query).status_code == 400
