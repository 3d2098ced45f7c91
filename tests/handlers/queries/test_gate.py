"""What the gate lets pass and what it refuses, each rule with the trick that would break it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.queries.errors import ForbiddenQuery, QueryTooLarge
from handlers.queries.gate import Limits, admit, prefixes_of

EVIL = "<http://127.0.0.1:1/>"
HIDDEN_CALLS = {
    "plainly": f"SELECT * {{ SERVICE {EVIL} {{ ?s ?p ?o }} }}",
    "in any case of letters": f"SELECT * {{ sErViCe {EVIL} {{ ?s ?p ?o }} }}",
    "silently, to a variable": "SELECT * { ?s ?p ?e SERVICE SILENT ?e { ?a ?b ?c } }",
    "right after a dot": f"SELECT * {{ ?s ?p ?o.SERVICE{EVIL}{{ ?a ?b ?c }} }}",
    "right after a number": f"SELECT * {{ ?s ?p 1SERVICE{EVIL}{{ ?a ?b ?c }} }}",
    "right after a word": f"SELECT * {{ ?s ?p trueSERVICE{EVIL}{{ ?a ?b ?c }} }}",
    "grown together with a prefix": "PREFIX e:<http://e/> SELECT * { SERVICEe:x { ?a ?b ?c } }",
    "after an empty local name": "PREFIX e:<http://e/> SELECT * { ?s ?p e:.SERVICE e:x { } }",
    "behind an escaped quote in a name": (
        f"PREFIX e:<http://e/> SELECT * {{ ?s ?p e:a\\'.SERVICE {EVIL} {{}} ?s ?p e:b\\' }}"
    ),
    "behind a comparison that looks like an IRI with a quote": (
        f"SELECT * {{ ?s ?p ?a FILTER(?a<'>') SERVICE {EVIL} {{}} FILTER(?b='x') }}"
    ),
    "behind a comparison that looks like an IRI with a comment": (
        f"SELECT * {{ FILTER(?a<?b#>'''\n) SERVICE {EVIL} {{}} #'''\n }}"
    ),
}
HONEST = {
    "the word in a string": 'SELECT * { ?s ?p "SERVICE <http://e/> {" }',
    "the word in a long string": "SELECT * { ?s ?p '''a ' SERVICE '' b''' }",
    "the word in a comment": "SELECT * { ?s ?p ?o } # SERVICE <http://e/> {",
    "the word in an IRI": "SELECT * { ?s <http://e/service#SERVICE> ?o }",
    "the word in a variable": "SELECT ?service { ?service ?p ?o }",
    "the word in a local name": "PREFIX e:<http://e/> SELECT * { ?s e:service.SERVICE ?o }",
    "an IRI with a quote": "SELECT * { <http://e/L'Aquila> ?p 'x' }",
}


@pytest.mark.parametrize("query", HIDDEN_CALLS.values(), ids=HIDDEN_CALLS)
def test_a_call_to_another_server_is_refused_however_it_is_written(query: str) -> None:
    with pytest.raises(ForbiddenQuery, match="SERVICE"):
        admit(query)


@pytest.mark.parametrize("query", HONEST.values(), ids=HONEST)
def test_an_honest_query_passes(query: str) -> None:
    assert admit(query).text == query


@pytest.mark.parametrize(
    "update",
    [
        "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
        "PREFIX e: <http://e/> # note\n delete where { ?s ?p ?o }",
        "BASE <http://e/> PREFIX e: <x> WITH <g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "LOAD <file:///etc/passwd>",
        "CLEAR ALL",
        "drop graph <urn:g>",
    ],
)
def test_an_update_is_refused_by_name(update: str) -> None:
    with pytest.raises(ForbiddenQuery, match="update"):
        admit(update)


@pytest.mark.parametrize("pair", ["{}", "()", "[]"])
def test_brackets_may_nest_so_deep_and_no_deeper(pair: str) -> None:
    opening, closing = pair

    def nested(depth: int) -> str:
        return "ASK {" + opening * (depth - 1) + closing * (depth - 1) + "}"

    admit(nested(128))
    with pytest.raises(QueryTooLarge, match="deeper than 128"):
        admit(nested(129))


def test_depth_is_not_hidden_by_a_comparison_that_looks_like_an_iri() -> None:
    with pytest.raises(QueryTooLarge):
        admit("ASK { FILTER(?a<'>') " + "{" * 200 + "}" * 200 + " FILTER(?b='x') }")


def test_brackets_in_strings_and_comments_do_not_count() -> None:
    admit('ASK { ?s ?p "' + "{" * 500 + '" } #' + "(" * 500)


def test_a_flat_query_with_many_brackets_passes() -> None:
    admit("SELECT * {" + " OPTIONAL { ?s ?p ?o }" * 500 + "}")


def test_a_query_of_more_than_the_limit_is_refused_with_both_numbers() -> None:
    with pytest.raises(QueryTooLarge, match=r"1,001 .* 1,000"):
        admit("#" * 1001, Limits(characters=1000))


def test_many_graphs_in_from_are_refused() -> None:
    few = "SELECT * " + "FROM <http://e/g> " * 64 + "{}"
    assert admit(few).own_dataset
    with pytest.raises(QueryTooLarge, match="65 graphs"):
        admit(few.replace("{}", "FROM <http://e/h> {}"))


def test_a_query_without_from_has_no_dataset_of_its_own() -> None:
    assert not admit("PREFIX e: <http://e/> SELECT ?from { ?from e:from 'FROM' }").own_dataset


def test_declared_prefixes_are_known() -> None:
    assert prefixes_of("PREFIX e: <http://e/> prefix : <urn:x:>") == {
        "e": "http://e/",
        "": "urn:x:",
    }


@given(st.text(alphabet="<>'\"\\#{}()SERVICE ?a:\n.", max_size=200))
def test_the_gate_answers_or_refuses_whatever_the_text(text: str) -> None:
    try:
        admit(text)
    except (ForbiddenQuery, QueryTooLarge):
        return


@pytest.mark.timeout(5)
@pytest.mark.parametrize("piece", ["'", '"', "'''", "<", "<a", "\\", "'\\", "#", "'\n", "\"'"])
def test_no_text_makes_the_gate_slow(piece: str) -> None:
    try:
        admit((piece * 65536)[:65536])
    except QueryTooLarge:
        return
