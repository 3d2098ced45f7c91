"""Which graphs and services a query names, however it writes them."""

from __future__ import annotations

import re

import pytest

from handlers.queries.mentions import MOST_CALLS, mentions

GRAPHS = {
    "in full": ("SELECT * { GRAPH <http://e/at/1> { ?s ?p ?o } }", ("http://e/at/1",)),
    "by a prefix": (
        "PREFIX at: <http://e/at/> SELECT * { GRAPH at:1 {} graph at:2 {} }",
        ("http://e/at/1", "http://e/at/2"),
    ),
    "by a prefix, with an escape": (
        "PREFIX e: <http://e/> SELECT * { GRAPH e:at\\/1 {} }",
        ("http://e/at/1",),
    ),
    "by a base": (
        "BASE <http://e/x/> PREFIX at: <../at/> SELECT * { GRAPH at:1 {} GRAPH </at/2> {} }",
        ("http://e/at/1", "http://e/at/2"),
    ),
    "by the numbers of characters": (
        "BASE <http://e/x/\\U00000041/> SELECT * { GRAPH <../at/\\u0031> {} }",
        ("http://e/x/at/1",),
    ),
    "by numbers of no characters": (
        "SELECT * { GRAPH <urn:\\u003E> {} GRAPH <urn:\\UFFFFFFFF> {} GRAPH <urn:\\uD800> {} }",
        (),
    ),
    "beside a comment": ("SELECT * { GRAPH # <urn:no>\n <urn:yes> {} }", ("urn:yes",)),
    "in strings, comments, variables and names only": (
        "PREFIX e: <urn:e:> SELECT ?GRAPH { ?s e:GRAPH <urn:a> , 'GRAPH <urn:b>' . "
        "?GRAPH <urn:c> ?o } # GRAPH <urn:d>",
        (),
    ),
    "by an undeclared prefix": ("SELECT * { GRAPH e:x {} }", ()),
}


@pytest.mark.parametrize(("query", "graphs"), GRAPHS.values(), ids=GRAPHS)
def test_graphs_are_found(query: str, graphs: tuple[str, ...]) -> None:
    assert mentions(query).graphs == graphs


def test_from_and_from_named_are_told_apart() -> None:
    found = mentions("SELECT * FROM <urn:a> from named <urn:b> FROM\nNAMED <urn:c> FROM <urn:a> {}")
    assert found.default == ("urn:a",)
    assert found.named == ("urn:b", "urn:c")


def test_a_call_is_found_with_its_group_and_its_place() -> None:
    query = "PREFIX e: <urn:e:> SELECT * { ?s ?p ?o SERVICE <http://e/s?as-of=1> { ?s e:p '}' } }"
    (call,) = mentions(query).calls
    assert call.address == "http://e/s?as-of=1"
    assert call.pattern == "{ ?s e:p '}' }"
    assert query[call.begin : call.end] == "SERVICE <http://e/s?as-of=1> { ?s e:p '}' }"
    assert call.hindrance == ""
    assert mentions(query).prologue == "PREFIX e: <urn:e:>\n"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT * { OPTIONAL { SERVICE <urn:s> { ?s ?p ?o } } }", "inside another group"),
        ("SELECT * { { SELECT * { SERVICE <urn:s> { } } } }", "inside another group"),
        ("SELECT * { SERVICE SILENT <urn:s> { ?s ?p ?o } }", "SILENT"),
        ("SELECT * { SERVICE ?s { ?s ?p ?o } }", "no.* constant"),
        ("SELECT * { SERVICE <urn:s> { ?s ?p ?o ", "no end"),
    ],
)
def test_a_call_that_cannot_be_joined_says_why(query: str, why: str) -> None:
    (call,) = mentions(query).calls
    assert re.search(why, call.hindrance)


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "piece", ["a.", "a:", "a-", "{", "SERVICE <a> {", "GRAPH ", "a\\", "?a", "'", "PREFIX a:<b> "]
)
def test_no_text_makes_the_reading_slow(piece: str) -> None:
    assert len(mentions((piece * 65536)[:65536]).calls) <= MOST_CALLS
