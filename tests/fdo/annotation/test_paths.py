"""One place, however its path is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdo.annotation.paths import ANY, get, match, parse, parse_pattern, text
from fdo.errors import InvalidDocument

STEPS = st.one_of(st.integers(0, 99), st.text(min_size=1, max_size=8))


@pytest.mark.parametrize(
    "written",
    [
        "$['ods:hasEvents'][0]['dwc:eventDate']",
        "['ods:hasEvents'][0]['dwc:eventDate']",
        '$["ods:hasEvents"][0]["dwc:eventDate"]',
        "$.ods:hasEvents[0].dwc:eventDate",
        "ods:hasEvents[0].dwc:eventDate",
        " $[ 'ods:hasEvents' ][ 0 ]['dwc:eventDate'] ",
    ],
)
def test_a_path_is_read_in_every_way_that_services_write_it(written: str) -> None:
    assert parse(written) == ("ods:hasEvents", 0, "dwc:eventDate")
    assert text(parse(written)) == "$['ods:hasEvents'][0]['dwc:eventDate']"


@pytest.mark.parametrize("written", ["", "$", " $ "])
def test_the_whole_object_is_the_empty_path(written: str) -> None:
    assert parse(written) == ()


@pytest.mark.parametrize(
    "written",
    [
        "$[",
        "$['a'",
        "$['a']b",
        "$..a",
        "$['a'][-1]",
        "$['a'][?(@.b)]",
        "$['a'][0:2]",
        "$['a'][*]",
        "a b",
        "$" + "['a']" * 33,
        "$['" + "a" * 1000 + "']",
    ],
)
def test_what_names_no_single_place_is_refused(written: str) -> None:
    with pytest.raises(InvalidDocument):
        parse(written)


@given(st.lists(STEPS, max_size=6).map(tuple))
def test_a_path_that_is_written_is_read_as_itself(path: tuple[str | int, ...]) -> None:
    assert parse(text(path)) == path


def test_a_pattern_finds_every_place_in_order() -> None:
    document = {"a": [{"b": 1}, {"c": 2}, {"b": 3}]}
    assert match(document, parse_pattern("$['a'][*]['b']")) == [
        (("a", 0, "b"), 1),
        (("a", 2, "b"), 3),
    ]
    assert match(document, parse_pattern("a[1].*")) == [(("a", 1, "c"), 2)]
    assert parse_pattern("$['a'][*]") == ("a", ANY)


def test_what_is_not_there_is_nothing() -> None:
    assert get({"a": [1]}, ("a", 1)) is None
    assert get({"a": [1]}, ("a", "b")) is None
    assert get({"a": "text"}, ("a", 0)) is None
