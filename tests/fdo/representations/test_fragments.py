"""Fragments and paths name the same nodes, both ways."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdo.errors import InvalidIdentifier
from fdo.representations.fragments import (
    fragment_of,
    node_at,
    path_of,
    path_of_term,
    term_path,
)
from fdo.representations.nquads import triples
from ontologies.terms import DOCUMENT_TERMS, FRAGMENT_KEYS, Kind
from tests.fdo.representations.documents import BOTANY, GEOLOGY, documents

NODE_KEYS = sorted(FRAGMENT_KEYS.values())
PATHS = st.lists(
    st.tuples(st.sampled_from(NODE_KEYS), st.none() | st.integers(0, 2000)), max_size=5
).map(lambda steps: tuple(part for step in steps for part in step if part is not None))


@given(PATHS)
def test_a_fragment_is_its_path_and_nothing_else(path: tuple[str | int, ...]) -> None:
    assert path_of(fragment_of(path)) == path
    assert path_of("#" + fragment_of(path)) == path


@given(PATHS)
def test_a_term_path_is_its_path_and_nothing_else(path: tuple[str | int, ...]) -> None:
    assert path_of_term(term_path(path)) == path


def test_every_key_of_nested_nodes_has_a_fragment_name_of_its_own() -> None:
    keys = [key for key, term in DOCUMENT_TERMS.items() if term.kind is Kind.NODE]
    assert sorted(keys) == NODE_KEYS


@pytest.mark.parametrize(
    ("term", "fragment"),
    [
        ("$", ""),
        ("$['ods:hasEvents'][0]", "event-1"),
        ("$['ods:hasEvents'][0]['ods:hasLocation']", "event-1-location"),
        ('$["ods:hasIdentifications"][1]["ods:hasAgents"][0]', "identification-2-agent-1"),
        ("$['ods:hasTombstoneMetadata']['ods:hasRelatedPIDs'][9]", None),
        ("$['oa:hasTarget']['oa:hasSelector']['ac:hasROI']", "target-selector-roi"),
    ],
)
def test_term_paths_of_annotations_map_to_fragments(term: str, fragment: str | None) -> None:
    expected = "tombstone-metadata-related-pid-10" if fragment is None else fragment
    assert fragment_of(path_of_term(term)) == expected


@pytest.mark.parametrize(
    "text", ["events-1", "event-0", "event-01", "event--1", "event-1-", "-event", "event-1-2", "x"]
)
def test_text_that_is_no_fragment_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        path_of(text)


@pytest.mark.parametrize("text", ["", "ods:hasEvents", "$.x", "$['a'", "$[a]", "$['a']x"])
def test_text_that_is_no_term_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        path_of_term(text)


def test_a_plain_value_has_no_fragment() -> None:
    with pytest.raises(InvalidIdentifier, match="dwc:country"):
        fragment_of(("dwc:country",))


def test_nodes_are_found_by_their_fragment() -> None:
    assert node_at(BOTANY, "") is BOTANY
    location = BOTANY["ods:hasEvents"][0]["ods:hasLocation"]
    assert node_at(BOTANY, "#event-1-location") is location
    part = GEOLOGY["ods:hasSpecimenParts"][0]["ods:hasIdentifications"][0]
    assert node_at(GEOLOGY, "specimen-part-1-identification-1") is part
    assert node_at(BOTANY, "event-2") is None
    assert node_at(BOTANY, "event") is None
    assert node_at(BOTANY, "location-1") is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_every_subject_of_a_document_is_found_again_in_it(document: dict[str, Any]) -> None:
    for line in triples(document):
        _, _, fragment = line[1:].partition(">")[0].partition("#")
        if not fragment.endswith("-geometry"):
            assert node_at(document, fragment) is not None
