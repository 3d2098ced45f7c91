"""Texts of sources: what is parted, what a type status is, what an identifier, what a URI."""

from __future__ import annotations

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.harvest.mapping.values import (
    is_absolute,
    kind_of_identifier,
    marks_a_type,
    split_addresses,
    split_names,
    split_texts,
)

URI = jsonschema_rs.Draft202012Validator({"format": "uri"}, validate_formats=True)


@pytest.mark.parametrize(
    "status", ["Holotype", "ParatypeHydropsyche bidens Ross", "type", "syntypes", "Isotypus of X"]
)
def test_type_statuses_mark_a_type(status: str) -> None:
    assert marks_a_type(status)


@pytest.mark.parametrize(
    "status", ["figured in publication", "", "not a type", "nontype", "typical"]
)
def test_other_statuses_mark_no_type(status: str) -> None:
    assert not marks_a_type(status)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Smith, J.", ("Smith, J.",)),
        ("Smith, J. | Jones, B.", ("Smith, J.", "Jones, B.")),
        ("Smith, J.; Jones, B.", ("Smith, J.", "Jones, B.")),
        ("A. Bee & C. Dee", ("A. Bee", "C. Dee")),
        ("García López, Juan Carlos", ("García López, Juan Carlos",)),
        (" | ", ()),
    ],
)
def test_names_are_parted_only_where_it_is_certain(text: str, names: tuple[str, ...]) -> None:
    assert split_names(text) == names


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("http://a.org/1|http://a.org/2", ("http://a.org/1", "http://a.org/2")),
        ("http://a.org/1; http://a.org/2;", ("http://a.org/1", "http://a.org/2")),
        ("http://a.org/1, http://a.org/2", ("http://a.org/1", "http://a.org/2")),
        ("http://a.org/1?a=1;b=2", ("http://a.org/1?a=1;b=2",)),
        ("http://a.org/1,2,3", ("http://a.org/1,2,3",)),
    ],
)
def test_a_list_of_media_is_parted_only_between_addresses(
    text: str, parts: tuple[str, ...]
) -> None:
    assert split_addresses(text) == parts


def test_a_list_of_texts_is_parted_at_bars_only() -> None:
    text = "Smith J; Jones K (2001) A revision. Zootaxa 1:2 | Lee, 1999 |"
    assert split_texts(text) == ("Smith J; Jones K (2001) A revision. Zootaxa 1:2", "Lee, 1999")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https://doi.org/10.1234/x", "DOI"),
        ("hdl:20.5000/1", "Handle"),
        ("https://n2t.net/ark:/65665/3", "ARK"),
        ("http://purl.org/x/1", "PURL"),
        ("https://orcid.org/0000-0002-1825-0097", "URL"),
        ("https://example.org/1", "URL"),
        ("urn:lsid:ipni.org:names:1", "LSID"),
        ("9c752d22-b09a-11e8-96f8-529269fb1459", "UUID"),
        ("urn:catalog:TROM:A:8528", "URN"),
        ("TROM-A-8528", "Locally unique identifier"),
        ("8528", "Locally unique identifier"),
    ],
)
def test_the_form_of_an_identifier_tells_its_kind(text: str, kind: str) -> None:
    assert kind_of_identifier(text)[0] == kind


@pytest.mark.parametrize("text", ["https://a.org/a%20b?c=d#e", "urn:x:1", "mailto:a@b.org"])
def test_an_absolute_uri_may_stand_where_a_uri_must(text: str) -> None:
    assert is_absolute(text)


@pytest.mark.parametrize(
    "text",
    ["a b", "https://a.org/a b", "http://a.org/#b#c", "/x", "x:%zz", "http://a:b", "http://a@b@c"],
)
def test_no_other_text_may(text: str) -> None:
    assert not is_absolute(text)


@given(
    st.sampled_from(["http://", "https://a.org", "urn:x:", "doi:10.1/", "http://a.org:", "x://u@"]),
    st.text(alphabet="a1é:/@#?%[]().-_~ \"'=;,|F", max_size=8),
)
def test_what_is_taken_for_a_uri_is_one_for_the_schema(start: str, rest: str) -> None:
    assert not is_absolute(start + rest) or URI.is_valid(start + rest)


def test_a_very_long_text_is_judged_in_a_moment() -> None:
    assert not is_absolute("https://a.org/" + "a" * 100_000 + " ")
