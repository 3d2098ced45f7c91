"""One byte form for each document, and one rule for when two documents say the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fdo.documents import (
    VOLATILE,
    canonical,
    changed_terms,
    equal,
    essence,
    identical,
    parse,
)

texts = st.text(max_size=8)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
documents = st.dictionaries(texts, values, max_size=4)
near = st.recursive(
    st.sampled_from([0, 0.0, -0.0, False, 1, 1.0, True, "1", None]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "dcterms:license", "ods:version"]), inner)
        | st.builds(
            lambda a: {"ods:hasEntityRelationships": [_relation(_INHERITED)], "a": a}, inner
        )
    ),
    max_leaves=6,
)
"""Values that are equal in Python and not in JSON; what counts here and not there."""
_INHERITED = "hasInheritedLicense"


def shuffled(value: Any) -> Any:
    """The same value with the keys of every node in the opposite order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(documents)
def test_canonical_bytes_read_back_and_do_not_depend_on_the_order_of_keys(
    document: dict[str, Any],
) -> None:
    stored = canonical(document)
    assert parse(stored) == document
    assert canonical(parse(stored)) == stored
    assert canonical(shuffled(document)) == stored


def test_canonical_bytes_are_utf_8_without_white_space() -> None:
    assert canonical({"b": "Järv", "a": [1, 2.5]}) == '{"a":[1,2.5],"b":"Järv"}'.encode()


@given(documents, st.sampled_from(sorted(VOLATILE)), texts)
def test_volatile_terms_do_not_count_wherever_they_stand(
    document: dict[str, Any], term: str, value: str
) -> None:
    touched = {**document, term: value, "inner": [{**document, term: value}]}
    plain = {k: v for k, v in document.items() if k != term} | {"inner": [document]}
    assert equal(touched, plain)
    assert equal(plain, touched)
    assert changed_terms(touched, plain) == []


@given(near, near)
@settings(max_examples=500)
def test_parts_are_equal_exactly_when_their_essences_are(one: Any, other: Any) -> None:
    same = canonical(essence(one)) == canonical(essence(other))
    assert equal(one, other) is equal(other, one) is same
    assert identical(one, other) is (canonical(one) == canonical(other))


@given(documents, documents)
def test_documents_are_equal_exactly_when_their_essences_are(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    same = canonical(essence(one)) == canonical(essence(other))
    assert equal(one, other) is equal(other, one) is same
    assert equal(one, shuffled(one))
    if changed_terms(one, other):
        assert not same


def test_an_inherited_licence_does_not_count_and_one_of_its_own_does() -> None:
    inherited = {"ods:hasEntityRelationships": [_relation(_INHERITED)]}
    one = {**inherited, "dcterms:license": "CC0"}
    assert equal(one, {**inherited, "dcterms:license": "CC BY"})
    assert not equal({"dcterms:license": "CC0"}, {"dcterms:license": "CC BY"})
    assert not equal(one, {"dcterms:license": "CC0"})


def test_the_order_of_a_list_counts() -> None:
    assert not equal({"a": [1, 2]}, {"a": [2, 1]})


def test_a_changed_term_is_named_as_deep_as_it_lies() -> None:
    before = {"dwc:sex": "m", "ods:hasEvents": [{"ods:hasLocation": {"dwc:country": "Esti"}}]}
    after = {"dwc:sex": "m", "ods:hasEvents": [{"ods:hasLocation": {"dwc:country": "Eesti"}}]}
    assert changed_terms(before, after) == ["dwc:country"]
    assert changed_terms(before, {**before, "ods:hasEvents": []}) == ["ods:hasEvents"]
    assert changed_terms(before, {**before, "dwc:lifeStage": "adult"}) == ["dwc:lifeStage"]


def _relation(kind: str) -> dict[str, str]:
    return {"@type": "ods:EntityRelationship", "dwc:relationshipOfResource": kind}
