"""Look-ups answered in place say what the workers' engine says, and never do much."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, QueryResultsFormat, QuerySolutions, Store

from handlers.queries.answer import Question
from handlers.queries.formats import RESULTS
from handlers.queries.lookup import LookUps, walked, walked_body
from handlers.queries.walks import MOST_CHARACTERS, MOST_QUADS, recognise
from tests.handlers.queries.publisher import Publisher, people

NODES = [NamedNode(f"urn:n:{number}") for number in range(4)]
PREDICATES = [NamedNode(f"urn:p:{number}") for number in range(3)]
LITERALS = [
    Literal("plain"),
    Literal("mot", language="fr"),
    Literal("7", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#integer")),
    Literal('say "hé"\n'),
]

graphs = st.lists(
    st.builds(
        Quad,
        st.sampled_from(NODES),
        st.sampled_from(PREDICATES),
        st.sampled_from(NODES + LITERALS),
    ),
    max_size=25,
)


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query of the small grammar: every subject constant or reached before."""
    reached: list[str] = []
    lines = []
    for number in range(draw(st.integers(1, 4))):
        subject = draw(st.sampled_from(["<urn:n:0>", "<urn:n:1>", "n:2", *reached]))
        path = "/".join(
            draw(st.lists(st.sampled_from(["p:0", "<urn:p:1>", "p:2"]), min_size=1, max_size=3))
        )
        predicate = draw(st.sampled_from([path, path, f"?by{number}"]))
        target = draw(st.sampled_from([f"?o{number}", f"?o{number}", "n:1", *reached]))
        if predicate[0] == "?":
            reached.append(predicate)
        if target[0] == "?":
            reached.append(target)
        lines.append(f"{subject} {predicate} {target}")
    names = draw(st.sampled_from(["*", " ".join(dict.fromkeys(reached)) or "*"]))
    return f"PREFIX n: <urn:n:> prefix p: <urn:p:>\nSELECT {names} WHERE {{ {' . '.join(lines)} }}"


def said_by_engine(store: Store, query: str) -> dict[str, Any]:
    answer = store.query(query)
    assert isinstance(answer, QuerySolutions)
    said: dict[str, Any] = json.loads(answer.serialize(format=QueryResultsFormat.JSON) or b"")
    return said


def counted(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True) for row in rows)


@given(graphs, queries())
def test_a_walk_gives_what_the_engine_gives(quads: list[Quad], query: str) -> None:
    store = Store()
    store.extend(quads)
    walk = recognise(query)
    if walk is None:  # `SELECT *` over constants alone, or one variable twice in a pattern
        assert "?" not in query or "SELECT *" in query or query.count("?by") + query.count("?o") > 1
        return
    said = said_by_engine(store, query)
    assert walk.columns == said["head"]["vars"]
    assert counted(walked(store, walk)) == counted(said["results"]["bindings"])


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { ?s ?p ?o }",
        "SELECT * { ?s <urn:p> <urn:o> }",
        "SELECT * { <urn:a> <urn:p> ?o . ?s <urn:p> ?o }",
        "SELECT * { <urn:a> <urn:p>* ?o }",
        "SELECT * { <urn:a> ^<urn:p> ?o }",
        "SELECT * { <urn:a> <urn:p>|<urn:q> ?o }",
        "SELECT * { <a> <urn:p> ?o }",
        "SELECT * { <urn:a> x:p ?o }",
        "SELECT * { <urn:a> <urn:p> ?o FILTER(?o > 1) }",
        "SELECT * { <urn:a> <urn:p> 'text' }",
        "SELECT * { GRAPH <urn:g> { <urn:a> ?p ?o } }",
        "SELECT * { <urn:a> ?p ?o } ORDER BY ?o",
        "SELECT * { <urn:a> ?p ?o } LIMIT 1 OFFSET 1",
        "SELECT * { <urn:a> ?p ?o } # and more",
        "SELECT * FROM <urn:g> { <urn:a> ?p ?o }",
        "SELECT DISTINCT ?p { <urn:a> ?p ?o }",
        "SELECT (COUNT(*) AS ?n) { <urn:a> ?p ?o }",
        "ASK { <urn:a> ?p ?o }",
        "DESCRIBE <urn:a>",
        "SELECT * { <urn:a> ?p ?o . SERVICE <urn:s> { ?o ?q ?r } }",
        "SELECT * { <urn:a> ?x ?x }",
        "SELECT ?o ?o { <urn:a> ?p ?o }",
        "SELECT { <urn:a> ?p ?o }",
        "SELECT * { <urn:a> ?p ?o",
        "SELECT * { }",
        "",
        "SELECT * { <urn:a> <urn:p> " + "?o , " * 20 + "?x }",
    ],
)
def test_what_is_not_of_the_small_grammar_is_left_to_the_workers(query: str) -> None:
    assert recognise(query) is None


@pytest.mark.parametrize("sign", ["%", ".%", "-%", ":"])
def test_a_text_of_one_long_name_is_read_in_no_time(sign: str) -> None:
    text = "SELECT * { a:" + "b" * (MOST_CHARACTERS - 20) + sign
    began = time.perf_counter()
    for number in range(10):
        assert recognise(text.replace("b", "cdefghijkl"[number])) is None
    assert time.perf_counter() - began < 0.05  # once 20 ms each, in the loop of the server


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT * { <urn:n:0> ?p ?o } LIMIT 0", 0),
        ("select $o where{<urn:n:0> a ?o;}", 1),
        ("PREFIX : <urn:p:> SELECT ?a ?none { <urn:n:0> :0 ?a , ?b ; :1/:0 ?c . }", 1),
    ],
)
def test_the_forms_that_people_write(query: str, rows: int) -> None:
    store = Store()
    store.update(
        "INSERT DATA { <urn:n:0> a <urn:c> ; <urn:p:0> 1 ; <urn:p:1> <urn:n:1> . "
        "<urn:n:1> <urn:p:0> 2 }"
    )
    walk = recognise(query)
    assert walk is not None
    assert (
        len(walked(store, walk)) == rows == len(said_by_engine(store, query)["results"]["bindings"])
    )


def test_the_same_question_about_another_object_is_another_walk() -> None:
    store = Store()
    store.update("INSERT DATA { <urn:n:0> <urn:p> 'one' . <urn:n:1> <urn:p> 'two' }")
    for name, said in (("0", b"one"), ("1", b"two"), ("0", b"one")):
        walk = recognise(f"SELECT ?o {{ <urn:n:{name}> <urn:p> ?o }}")
        assert walk is not None
        body = walked_body(store, walk)
        assert body is not None and said in body


@given(graphs, queries())
def test_what_is_written_in_one_go_is_what_the_walk_gives(quads: list[Quad], query: str) -> None:
    store = Store()
    store.extend(quads)
    walk = recognise(query)
    if walk is not None:
        said = json.loads(walked_body(store, walk) or b"")
        assert said["head"]["vars"] == walk.columns
        assert counted(said["results"]["bindings"]) == counted(walked(store, walk))


def test_a_long_walk_is_given_up(graph: Publisher) -> None:
    hub = "".join(f"<urn:hub> <urn:p> <urn:o:{n}> .\n" for n in range(MOST_QUADS + 1))
    graph.load(hub)
    graph.publish()
    looks = opened(graph)
    assert looks.answer(Question("SELECT * { <urn:hub> ?p ?o }")) is None
    dead_end = "SELECT * { <urn:hub> <urn:p> ?a ; <urn:p> ?b ; <urn:p> ?c . ?c <urn:none> ?d }"
    began = time.process_time()
    assert looks.answer(Question(dead_end)) is None
    assert time.process_time() - began < 1
    looks.close()


def test_a_walk_that_would_hold_up_the_server_is_left_to_a_worker(graph: Publisher) -> None:
    """Twice all that is said of an object: 10 and 10 times 11 quads, or 20 and 20 times 21."""
    for name, said in (("few", 10), ("many", 20)):
        graph.load("".join(f"<urn:{name}> <urn:p> <urn:o:{n}> .\n" for n in range(said)))
    graph.publish()
    looks = opened(graph)
    twice = "SELECT * { <urn:NAME> ?a ?b . <urn:NAME> ?c ?d }"
    assert looks.answer(Question(twice.replace("NAME", "few"))) is not None
    assert looks.answer(Question(twice.replace("NAME", "many"))) is None
    looks.close()


def test_it_speaks_of_the_newest_copy_or_not_at_all(graph: Publisher) -> None:
    looks = opened(graph)
    query = Question("SELECT ?o { <urn:new> <urn:p> ?o }")
    before = looks.answer(query)
    assert before is not None and b'"bindings":[]' in before.body
    graph.load("<urn:new> <urn:p> <urn:o> .\n")
    graph.publish()
    assert looks.answer(query) is None  # a worker answers while the new copy is opened
    after = _soon(lambda: looks.answer(query))
    assert b"urn:o" in after.body and after.position > before.position
    looks.close()


def test_a_dataset_a_form_or_a_position_of_its_own_is_for_the_workers(graph: Publisher) -> None:
    looks = opened(graph)
    text = "SELECT * { <urn:a> ?p ?o }"
    for question in (
        Question(text, results=RESULTS[2]),
        Question(text, results=None),
        Question(text, default_graphs=("urn:g",)),
        Question(text, named_graphs=("urn:g",)),
        Question(text, min_position=10**9),
        Question(text, rows=10),
    ):
        assert looks.answer(question) is None
    looks.close()


def opened(graph: Publisher) -> LookUps:
    looks = LookUps(graph.folder)
    _soon(lambda: looks.answer(Question("SELECT * { <urn:a> ?p ?o }")))
    return looks


def _soon(ask: Callable[[], Any]) -> Any:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if (answer := ask()) is not None:
            return answer
        time.sleep(0.005)
    raise AssertionError("no answer")


def test_people_of_the_fixture_are_found(graph: Publisher) -> None:
    looks = opened(graph)
    subject = people(1).split(">", 1)[0] + ">"
    found = looks.answer(Question(f"SELECT * {{ {subject} ?p ?o }}"))
    assert found is not None and json.loads(found.body)["results"]["bindings"]
    looks.close()
