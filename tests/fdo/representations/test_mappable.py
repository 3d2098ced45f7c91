"""What the mapper would refuse is known before it is recorded."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdo.errors import InvalidDocument
from fdo.representations.mappable import check, parts
from fdo.representations.nquads import triples
from tests.fdo.representations.documents import PID, WRITTEN, documents

KEYS = st.sampled_from(
    [
        "@id",
        "@type",
        "dwc:country",
        "dwc:shoeSize",
        "dwc:decimalLatitude",
        "ods:hasEvents",
        "ods:hasLocation",
        "ods:hasGeoreference",
        "ods:hasDefaultMapping",
        "ods:sourceSystemID",
        "dcterms:created",
    ]
)
PLAIN = st.one_of(
    st.sampled_from([PID, "ods:Event", "Event", "a b", ""]),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)


def refused(take: Any, document: dict[str, Any]) -> bool:
    try:
        take(document)
    except (InvalidDocument, TypeError):
        return True
    return False


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_refused_is_what_the_mapper_refuses_and_nothing_else(drawn: dict[str, Any]) -> None:
    document = orjson.loads(orjson.dumps({"@id": PID, **drawn}))
    assert refused(check, document) == refused(triples, document)


@settings(max_examples=30, deadline=None)
@given(documents())
def test_every_document_that_can_be_mapped_passes(document: dict[str, Any]) -> None:
    check(orjson.loads(orjson.dumps(document)))


def test_every_document_written_by_hand_passes() -> None:
    for document in WRITTEN:
        check(document)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"dwc:shoeSize": 43}, "dwc:shoeSize"),
        ({"ods:hasEvents": [{"ods:hasLocation": {"dwc:shoeSize": 43}}]}, "dwc:shoeSize"),
        ({"dwc:country": [["Malta", {}]]}, "dwc:country"),
        ({"@type": [{"@id": "ods:Event"}]}, "class"),
        ({"@id": "no IRI"}, "@id"),
        ({"dwc:year": 10**30}, "64 bits"),
        ({"dwc:year": [-(10**30)]}, "64 bits"),
    ],
)
def test_the_refusal_names_what_is_wrong(part: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidDocument, match=named):
        check({"@id": PID, **part})


def test_a_table_whose_keys_are_not_ours_may_say_anything() -> None:
    check({"@id": PID, "ods:hasDefaultMapping": [{"any key": {"at all": 1}}]})


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_in_parts_is_said_all_but_the_terms_that_are_refused(drawn: dict[str, Any]) -> None:
    document = orjson.loads(orjson.dumps({**drawn, "@id": PID}))
    lines, left_out = parts(document, PID)
    rest = {term: value for term, value in document.items() if term not in left_out}
    assert sorted(lines) == sorted(triples(rest))
    assert bool(left_out) == refused(triples, document)


def test_what_is_left_out_says_why_without_a_value() -> None:
    _, left_out = parts({"@id": PID, "@type": "a b", "dwc:country": {"secret": 1}, "x": 2}, PID)
    assert left_out == {
        "@type": "@type: no class",
        "dwc:country": "dwc:country: not a plain value",
        "x": "x: unknown term",
    }
