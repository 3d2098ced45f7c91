"""Random histories, random moments, random questions, over HTTP: the answer in the past is that
of a store in memory that is folded from nothing up to the moment."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from pyoxigraph import (
    DefaultGraph,
    QueryBoolean,
    QueryResultsFormat,
    QueryTriples,
    RdfFormat,
    Store,
)

from eventstore.envelope import iso
from eventstore.instant import Instant
from eventstore.patches import META
from fdo.lifecycle import Revise
from handlers.stores import all_kept
from tests.api.eight_events import ask, past_of
from tests.api.questions import questions
from tests.eventstore.story import Clock, Objects
from tests.examples import examples
from tests.handlers.instants.history import History, Step, bounds, histories
from tests.handlers.instants.test_oracle import destroy
from tests.handlers.queries.server import Served, served

NOW = Clock().now
"""The clock of these histories stands still; what is later is refused as the future."""

moments = st.lists(bounds, min_size=2, max_size=3)
asked_for = st.lists(questions(), min_size=8, max_size=12)


def folded(history: History, instant: Instant) -> Store:
    """The graphs of an instant, in memory, by the events alone."""
    store = Store()
    store.load("\n".join(f"{q} ." for q in history.truth(instant)).encode(), RdfFormat.N_QUADS)
    return store


def told_by(store: Store, query: str) -> list[str]:
    """The answer of a store, its rows sorted."""
    if "FROM" in query:
        result = store.query(query)
    else:
        graphs = [graph for graph in store.named_graphs() if graph.value != META]
        result = store.query(query, default_graph=DefaultGraph(), named_graphs=graphs)
    if isinstance(result, QueryBoolean):
        return [str(bool(result)).lower()]
    form: Any = RdfFormat.N_TRIPLES if isinstance(result, QueryTriples) else QueryResultsFormat.TSV
    return sorted((result.serialize(format=form) or b"").decode().split("\n"))


def told_by_the_endpoint(where: Served, query: str, **when: Any) -> list[str]:
    if query.startswith("ASK"):
        answer = ask(where, query, "application/sparql-results+json", **when)
        assert answer.status_code == 200, (query, answer.text)
        return [json.dumps(answer.json()["boolean"])]
    graph = query.startswith("CONSTRUCT")
    accept = "application/n-triples" if graph else "text/tab-separated-values"
    answer = ask(where, query, accept, **when)
    assert answer.status_code == 200, (query, answer.text)
    return sorted(answer.content.decode().split("\n"))


def named(instant: Instant) -> dict[str, Any]:
    """The parameters that name an instant."""
    when: dict[str, Any] = {"as_of": instant.position}
    return when if instant.observed is None else {**when, "observed_at": iso(instant.observed)}


def compare(
    where: Served, history: History, asked: list[tuple[int, int | None]], *queries: str
) -> None:
    for position, observed in asked:
        bound = None if observed is None else min(observed, NOW)
        instant = Instant(min(position, history.log.position()), bound)
        store = folded(history, instant)
        for query in queries:
            expected = told_by(store, query)
            event("found something" if len(expected) > 2 else "found little")
            found = told_by_the_endpoint(where, query, **named(instant))
            assert found == expected, (instant, query)


@given(histories, histories, moments, asked_for)
@settings(max_examples=examples(5), deadline=None, suppress_health_check=list(HealthCheck))
def test_any_question_of_any_moment_is_answered_as_by_a_fold(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[Step],
    later: list[Step],
    asked: list[tuple[int, int | None]],
    queries: list[str],
) -> None:
    """Also when past states were thinned, after a restart, and with a checkpoint destroyed."""
    history = History(tmp_path_factory.mktemp("data"))
    rungs = history.rungs(every=2, hours=0, days=0)
    history.register(1)
    history.tell(steps)
    history.project()
    rungs.consider(idle=True)
    graph = history.folder / "projections" / "graph"
    try:
        with served(graph, past=lambda base: past_of(history, base)) as where:
            compare(where, history, asked, *queries)
            history.tell(later)
            history.project()
            rungs.consider(idle=True)
            rungs.thin()
            compare(where, history, asked, *queries)
        for made in all_kept(graph / "instants"):
            destroy(made.path, "gone")
        for rung in all_kept(graph / "rungs")[:1]:
            destroy(rung.path, "garbled table")
            asked = [(rung.instant.position, None), *asked]
        with served(graph, past=lambda base: past_of(history, base)) as where:
            compare(where, history, asked[:1], *queries)
    finally:
        history.close()


@given(st.lists(questions(), min_size=4, max_size=6))
@settings(max_examples=examples(2), deadline=None, suppress_health_check=list(HealthCheck))
def test_it_is_so_while_a_writer_writes_and_past_states_are_thinned(
    tmp_path_factory: pytest.TempPathFactory, queries: list[str]
) -> None:
    history = History(tmp_path_factory.mktemp("data"))
    for number in (1, 2):
        history.register(number)
    history.project()
    rungs = history.rungs(every=1, hours=0, days=0)
    stop = threading.Event()

    def write() -> None:
        told = Objects(history.folder)
        for version in range(2, 400):
            if stop.wait(0.005):
                break
            place = {"@type": "ods:Location", "dwc:country": f"Estonia {version % 3}"}
            more = {"ods:hasEvents": [{"@type": "ods:Event", "ods:hasLocation": place}]}
            told.do(1, Revise(told.stamp(1, f"Picea {version % 5}", version, **more)))
        told.objects.close()

    def keep() -> None:
        while not stop.wait(0.02):
            history.project()
            rungs.consider(idle=True)
            rungs.thin()

    graph = history.folder / "projections" / "graph"
    with ThreadPoolExecutor(2) as both:
        beside = [both.submit(write), both.submit(keep)]
        try:
            with served(graph, past=lambda base: past_of(history, base)) as where:
                for _ in range(3):
                    head = history.log.position()
                    asked = [(position, None) for position in (head, head // 2, 1)]
                    compare(where, history, asked, *queries)
        finally:
            stop.set()
    for work in beside:
        work.result()
    assert history.log.position() > 10, "something was written meanwhile"
    history.close()
