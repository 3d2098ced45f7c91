"""Choosing a format, and what a moment is."""

from __future__ import annotations

import time

import pytest

from api.negotiation import DATACITE_FORMATS, DOCUMENT_FORMATS, choose
from api.refusals import NotAcceptable
from api.sparql.request import wanted
from handlers.queries.formats import RESULTS


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/*", "json"),
        ("application/json; charset=utf-8", "json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html"),
        ("text/turtle", "turtle"),
        ("TEXT/TURTLE", "turtle"),
        ("text/turtle;q=0.4, application/n-quads;q=0.5", "nquads"),
        ('application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', "jsonld"),
        ("application/json;q=0, */*;q=0.1", "html"),
        ("image/png, */*;q=0.1", "json"),
    ],
)
def test_the_best_format_that_is_there_is_chosen(accept, name):
    assert choose(accept, None, DOCUMENT_FORMATS).name == name


@pytest.mark.parametrize(
    ("accept", "name"), [("application/json", "json"), ("application/xml;q=0.5", "xml")]
)
def test_who_takes_json_takes_any_kind_of_it(accept, name):
    assert choose(accept, None, DATACITE_FORMATS, loosely=True).name == name
    with pytest.raises(NotAcceptable):
        choose(accept, None, DATACITE_FORMATS)


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0", "nonsense"])
def test_when_nothing_fits_the_formats_are_listed(accept):
    with pytest.raises(NotAcceptable) as refusal:
        choose(accept, None, DOCUMENT_FORMATS)
    assert len(refusal.value.details["available"]) == len(DOCUMENT_FORMATS)


@pytest.mark.parametrize("asked", ["turtle", "ttl", "text/turtle"])
def test_a_format_by_name_ending_or_media_type_wins_over_accept(asked):
    assert choose("text/html", asked, DOCUMENT_FORMATS).name == "turtle"


@pytest.mark.parametrize("accept", ["", "  ", ",", " , ,"])
def test_who_asks_for_nothing_gets_the_first(accept):
    assert choose(accept, None, DOCUMENT_FORMATS).name == "json"
    assert wanted(accept, None).results is RESULTS[0]


@pytest.mark.parametrize("accept", [f"a{' ' * 60_000}b", "x/y\t " * 15_000, ";" * 60_000])
def test_a_header_of_any_length_is_read_in_a_moment(accept):
    begun = time.process_time()
    with pytest.raises(NotAcceptable):
        choose(accept, None, DOCUMENT_FORMATS)
    assert wanted(accept, None).results is None
    assert time.process_time() - begun < 0.5
