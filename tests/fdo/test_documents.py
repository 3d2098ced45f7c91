"""One byte form for each document, and one rule for when two documents say the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fdo.documents import VOLATILE, canonical, changed_terms, equality_hash, essence, parse

texts = st.text(max_size=8)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
documents = st.dictionaries(texts, values, max_size=4)


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
    assert equality_hash(touched) == equality_hash(plain)
    assert changed_terms(touched, plain) == []


@given(documents, documents)
def test_documents_are_equal_exactly_when_their_essences_are(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    same = canonical(essence(one)) == canonical(essence(other))
    assert (equality_hash(one) == equality_hash(other)) is same
    if changed_terms(one, other):
        assert not same


def test_an_inherited_licence_does_not_count_and_one_of_its_own_does() -> None:
    inherited = {"ods:hasEntityRelationships": [_relation("hasInheritedLicense")]}
    one = {**inherited, "dcterms:license": "CC0"}
    assert equality_hash(one) == equality_hash({**inherited, "dcterms:license": "CC BY"})
    assert equality_hash({"dcterms:license": "CC0"}) != equality_hash({"dcterms:license": "CC BY"})


def test_the_order_of_a_list_counts() -> None:
    assert equality_hash({"a": [1, 2]}) != equality_hash({"a": [2, 1]})


def test_a_changed_term_is_named_as_deep_as_it_lies() -> None:
    before = {"dwc:sex": "m", "ods:hasEvents": [{"ods:hasLocation": {"dwc:country": "Esti"}}]}
    after = {"dwc:sex": "m", "ods:hasEvents": [{"ods:hasLocation": {"dwc:country": "Eesti"}}]}
    assert changed_terms(before, after) == ["dwc:country"]
    assert changed_terms(before, {**before, "ods:hasEvents": []}) == ["ods:hasEvents"]
    assert changed_terms(before, {**before, "dwc:lifeStage": "adult"}) == ["dwc:lifeStage"]


def _relation(kind: str) -> dict[str, str]:
    return {"@type": "ods:EntityRelationship", "dwc:relationshipOfResource": kind}
