"""A look-up read off a query string is the one that its text is."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.sparql.look_up import look_up_of
from handlers.queries.walks import MOST_CHARACTERS, recognise

ONE = "https://doi.org/10.5072/ABC-DEF-123"
_iris = st.sampled_from(
    [
        ONE,
        f"{ONE}#event-1",
        "urn:n:0",
        "https://hdl.handle.net/20.5000.5072/A_b~c",
        "urn:é",
        "urn:a%20",
    ]
)
_terms = st.one_of(_iris.map("<{}>".format), st.sampled_from(["?s", "?o", "n:a", "a", "'text'"]))
_queries = st.builds(
    "{}SELECT {} {{{}}}{}".format,
    st.sampled_from(["", "PREFIX n: <urn:n:>\n", f"PREFIX n: <{ONE}#> "]),
    st.sampled_from(["*", "?o", "?s ?o"]),
    st.lists(st.tuples(_terms, _terms, _terms).map(" ".join), min_size=1, max_size=3).map(
        " . ".join
    ),
    st.sampled_from(["", " LIMIT 5", "\n"]),
)
_quotings: list[Callable[[str], str]] = [quote, quote_plus, lambda text: quote(text, safe="")]


@given(_queries, st.sampled_from(_quotings))
def test_it_is_what_the_text_is(query: str, quoting: Callable[[str], str]) -> None:
    found = look_up_of(b"query=" + quoting(query).encode())
    known = recognise(query)
    if found is not None:
        assert found.walk == known
        assert found.query == quote(query, safe="")
    elif known is not None:  # an IRI that needs escapes of its own is left to the usual road
        assert "urn:é" in query or "urn:a%20" in query


@given(_iris, _iris, _iris)
def test_what_was_asked_before_of_others_changes_nothing(first: str, second: str, by: str) -> None:
    for iri in (first, second, first):
        query = f"SELECT * {{ <{iri}> <{by}> ?o . <{second}> ?p ?o }}"
        found = look_up_of(b"query=" + quote(query).encode())
        assert found is None or (found.walk, found.query) == (
            recognise(query),
            quote(query, safe=""),
        )


@pytest.mark.parametrize(
    "query_string",
    [
        b"",
        b"query=",
        b"query=ASK%7B%7D",
        b"query=SELECT%20*%20%7B%20%3Curn:a%3E%20?p%20?o%20%7D&format=csv",
        b"format=csv&query=SELECT%20*%20%7B%20%3Curn:a%3E%20?p%20?o%20%7D",
        b"query=SELECT%20*%20%7B%20%3Curn:a%3E%20?p%20?o%20%7D%FF",
        "query=SELECT%20*%20%7B%20%3Curn:é%3E%20?p%20?o%20%7D".encode(),
        b"query=SELECT%20*%20%7B%20%3Chttp://rdfs.org/ns/void%23Dataset%3E%20?p%20?o%20%7D",
        b"query=PREFIX%20v:%20%3Chttp://rdfs.org/ns/v%6Fid%23%3E%20SELECT%20*"
        b"%20%7B%20v:Dataset%20?p%20?o%20%7D",
    ],
)
def test_what_is_no_look_up_alone_is_left_to_others(query_string: bytes) -> None:
    assert look_up_of(query_string) is None


def test_its_length_is_that_of_the_text() -> None:
    query = f"SELECT * {{ <{ONE}> ?p ?o }}"
    longest = query + "\n" * (MOST_CHARACTERS - len(query))
    assert look_up_of(b"query=" + quote_plus(longest).encode()) is not None
    assert look_up_of(b"query=" + quote_plus(longest + "\n").encode()) is None
