"""A SPARQL store that says no, is none, or never ends; and text that any store reads alike."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Store

from handlers.following import store as module
from handlers.following.asking import Away, SourceRefuses
from handlers.following.store import SparqlStore, Standing, data, moved
from tests.handlers.following.test_asking import Answer, Odd, odd, sends

__all__ = ["odd"]


def asked(odd: Odd, *answers: Answer) -> SparqlStore:
    """A store that answers so."""
    odd.answers = list(answers)
    return SparqlStore(f"{odd.address}/query")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"boolean": true}', b'{"results": {"bindings": [3]}}']
)
def test_what_is_no_answer_of_a_store_is_told_as_that(odd: Odd, body: bytes) -> None:
    with pytest.raises(SourceRefuses, match="is it the query address"):
        asked(odd, sends(200, body)).standing()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (sends(401), "FDO_STORE_AUTHORIZATION"),
        (sends(301, location="/there"), "leads to /there"),
        (sends(400, b"SP031: generated SQL text exceeded 10000 lines"), "400: SP031"),
    ],
)
def test_a_refusal_of_the_store_says_why_and_what_to_do(
    odd: Odd, answer: Answer, said: str
) -> None:
    with pytest.raises(SourceRefuses, match=said):
        asked(odd, answer).update("CLEAR ALL")


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_busy_store_is_asked_again_when_it_says_so(odd: Odd, status: int) -> None:
    with pytest.raises(Away) as away:
        asked(odd, sends(status, retry_after="7")).update("CLEAR ALL")
    assert away.value.details["retry_after"] == 7


def test_an_answer_without_end_is_not_taken(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ANSWER", 1_000)
    with pytest.raises(SourceRefuses, match="more than is taken"):
        asked(odd, sends(200, b" " * 1_001)).standing()


def test_triples_that_are_none_are_told_and_those_that_break_off_asked_for_again(
    odd: Odd,
) -> None:
    def read(answer: Answer) -> Iterator[Quad]:
        return asked(odd, answer).quads(DefaultGraph())

    with pytest.raises(SourceRefuses, match="N-Triples"):
        list(read(sends(200, b"<html>")))
    with pytest.raises(SourceRefuses, match="400: no such graph"):
        list(read(sends(400, b"no such graph")))
    with pytest.raises(Away):
        list(read(sends(200, b"<urn:a> <urn:b> <urn:c> .\n", length=99)))


@pytest.mark.parametrize(
    "value",
    [
        r'\u0022 } ; DROP ALL ; INSERT DATA { <urn:a> <urn:b> "',
        r"\\u0041",
        r"C:\users\Ursula\U0001F33F",
        "\\",
        "\\u",
        "bell \u0007 and tab \t",
    ],
)
def test_a_value_stays_what_it_is_wherever_a_store_reads_escapes(value: str) -> None:
    quad = Quad(NamedNode("urn:a"), NamedNode("urn:b"), Literal(value))
    text = f"INSERT DATA {{ {data([quad], DefaultGraph())} }}"
    for read in (text, _replaced_first(text)):
        store = Store()
        store.update(read)
        assert list(store) == [quad]


def _replaced_first(text: str) -> str:
    """The text as a store reads it that replaces escapes of characters before anything else."""
    escape = r"\\u([0-9A-F]{4})|\\U([0-9A-F]{8})"
    return re.sub(escape, lambda found: chr(int(found[1] or found[2], 16)), text)


def test_the_name_of_a_log_never_becomes_text_of_an_update() -> None:
    store, name = Store(), '" } } ; CLEAR ALL ; INSERT DATA { GRAPH <urn:a> { <urn:b> <urn:c> "'
    mine = Quad(NamedNode("urn:mine"), NamedNode("urn:is"), NamedNode("urn:mine"))
    store.add(mine)
    store.update(moved(Standing(name, 1, "urn:uuid:1")))
    assert mine in store
    assert Literal(name) in {quad.object for quad in store}
    assert len(store) == 4
