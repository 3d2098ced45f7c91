"""Choosing a format, and what a moment is."""

from __future__ import annotations

import time

import pytest

from api.negotiation import (
    ANNOTATION_FORMATS,
    DATACITE_FORMATS,
    DOCUMENT_FORMATS,
    W3C,
    choose,
)
from api.refusals import NotAcceptable
from api.sparql.request import FORM, Wrong, understand, wanted
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


@pytest.mark.parametrize(
    ("asked", "among", "name"),
    [
        ("application/ld json", DOCUMENT_FORMATS, "jsonld"),
        ("application/vnd.datacite.datacite xml", DATACITE_FORMATS, "xml"),
        (W3C.media_type.replace("+", " "), ANNOTATION_FORMATS, "w3c"),
    ],
)
def test_the_plus_of_a_media_type_may_arrive_as_a_space(asked, among, name):
    assert choose("", asked, among).name == name


SPARQLWRAPPER = "application/turtle,text/turtle,text/rdf+n3,application/n-triples"


@pytest.mark.parametrize(
    ("query_string", "accept", "results", "graphs"),
    [
        ("format=application/sparql-results+json", "", "json", None),
        ("format=application/rdf+xml", "", None, "rdfxml"),
        ("output=rdf+xml", "", None, "rdfxml"),
        ("format=json-ld&format=application/ld%2Bjson,application/x-json%2Bld", "", None, "jsonld"),
        ("format=x-unknown,%20csv", "", "csv", None),
        ("format=n3&output=n3", SPARQLWRAPPER, None, "turtle"),
        ("format=words-of-others", "text/csv;q=0.5, */*;q=0.1", "csv", "turtle"),
        ("format=", "text/csv", "csv", None),
    ],
)
def test_sparql_answers_in_the_first_format_that_it_knows(query_string, accept, results, graphs):
    asked = understand("GET", query_string.encode(), "", b"")
    found = wanted(accept, asked.formats)
    assert (found.results and found.results.name) == results
    assert (found.graphs and found.graphs.name) == graphs


@pytest.mark.parametrize("accept", ["", "*/*", "text/html,application/xml;q=0.9,*/*;q=0.8"])
def test_an_unknown_format_is_refused_where_accept_names_no_other(accept):
    with pytest.raises(Wrong) as refusal:
        wanted(accept, ("pdf",))
    assert refusal.value.status == 406


def test_a_list_of_formats_of_any_length_is_read_in_a_moment():
    begun = time.process_time()
    asked = understand("POST", b"", FORM, b"query=ASK{}&format=" + b"no," * 250_000)
    with pytest.raises(Wrong):
        wanted("", asked.formats)
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize("accept", ["", "  ", ",", " , ,"])
def test_who_asks_for_nothing_gets_the_first(accept):
    assert choose(accept, None, DOCUMENT_FORMATS).name == "json"
    assert wanted(accept).results is RESULTS[0]


@pytest.mark.parametrize("accept", [f"a{' ' * 60_000}b", "x/y\t " * 15_000, ";" * 60_000])
def test_a_header_of_any_length_is_read_in_a_moment(accept):
    begun = time.process_time()
    with pytest.raises(NotAcceptable):
        choose(accept, None, DOCUMENT_FORMATS)
    assert wanted(accept).results is None
    assert time.process_time() - begun < 0.5
