"""What differs between two documents, and the operations that make one of the other."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdo import difference
from fdo.difference import align, changes, json_patch
from fdo.documents import canonical

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2), st.sampled_from([0.0, -0.0, 1.0, 1.5]),
    st.text("ab~/", max_size=3),
)  # fmt: skip
KEYS = st.sampled_from(["@id", "@type", "a/b", "c~d", "x", ""])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["@id", "@type", "a/b", "c~d", "x", ""]), inner, max_size=4
        ),
    ),
    max_leaves=14,
)
DOCUMENTS = st.dictionaries(st.sampled_from(["a/b", "c~d", "x", "y", "0"]), VALUES, max_size=5)


@given(DOCUMENTS, DOCUMENTS)
def test_the_patch_makes_of_one_document_exactly_the_other(old, new):
    kept = copy.deepcopy(old)
    patched = jsonpatch.apply_patch(old, json_patch(old, new))
    assert canonical(patched) == canonical(new)
    assert canonical(old) == canonical(kept)


@given(DOCUMENTS, DOCUMENTS)
def test_equal_documents_and_only_they_have_no_difference(old, new):
    same = canonical(old) == canonical(new)
    assert (json_patch(old, new) == []) is same
    assert (changes(old, new) == []) is same


@given(DOCUMENTS, DOCUMENTS)
def test_the_table_names_values_that_stand_there(old, new):
    for one in changes(old, new):
        if one.kind == "removed":
            assert canonical({"": _at(old, one.path)}) == canonical({"": one.before})
        else:
            assert canonical({"": _at(new, one.path)}) == canonical({"": one.after})


def _at(document: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        document = document[step]
    return document


@given(st.lists(VALUES, max_size=6), st.lists(VALUES, max_size=6))
def test_every_member_stands_in_the_alignment_once_and_in_order(old, new):
    steps = align(old, new)
    assert [left for left, _ in steps if left is not None] == list(range(len(old)))
    assert [right for _, right in steps if right is not None] == list(range(len(new)))


# ── arrays ───────────────────────────────────────────────────────────────────────────────

OAK = {"@type": "ods:Identification", "dwc:identificationID": "1", "name": "Quercus robur"}
ASH = {"@type": "ods:Identification", "dwc:identificationID": "2", "name": "Fraxinus"}


def told(old, new):
    """(kind, term path) of each change of an array of identifications."""
    term = "ods:hasIdentifications"
    return [(str(one.kind), one.term_path) for one in changes({term: old}, {term: new})]


def test_an_identification_put_in_front_is_one_addition():
    assert told([OAK], [ASH, OAK]) == [("added", "$['ods:hasIdentifications'][0]")]
    assert told([ASH, OAK], [OAK]) == [("removed", "$['ods:hasIdentifications'][0]")]


def test_members_with_one_identifier_are_the_same_however_much_changed():
    other = {"dwc:identificationID": "1", "name": "Quercus petraea", "by": "A. Sampler"}
    assert told([OAK], [ASH, other]) == [
        ("added", "$['ods:hasIdentifications'][0]"),
        ("changed", "$['ods:hasIdentifications'][1]['name']"),
        ("added", "$['ods:hasIdentifications'][1]['by']"),
        ("removed", "$['ods:hasIdentifications'][0]['@type']"),
    ]


def test_members_with_other_identifiers_are_never_paired():
    assert {kind for kind, _ in told([OAK], [ASH])} == {"added", "removed"}


def test_members_without_identifier_are_paired_by_what_they_say():
    first = {"a": 1, "b": 2, "c": 3}
    assert told([first], [{"x": 9}, {**first, "c": 4}]) == [
        ("added", "$['ods:hasIdentifications'][0]"),
        ("changed", "$['ods:hasIdentifications'][1]['c']"),
    ]


def test_a_value_of_another_json_type_is_a_change():
    for old, new in ((1, 1.0), (1, True), (0.0, -0.0), ("1", 1), ([], {}), (None, False)):
        assert [str(one.kind) for one in changes({"x": old}, {"x": new})] == ["changed"]


def test_what_the_repository_computes_is_marked():
    (one,) = changes({"ods:version": 1}, {"ods:version": 2})
    assert one.stamp
    (one,) = changes({"dwc:country": "Norge"}, {"dwc:country": "Norway"})
    assert not one.stamp


def test_very_long_arrays_are_paired_by_place_and_still_right(monkeypatch):
    monkeypatch.setattr(difference, "CELLS", 3)
    old, new = [{"n": n} for n in range(5)], [{"n": n + 1} for n in range(9)]
    assert len(align(old, new)) == 9
    assert jsonpatch.apply_patch({"x": old}, json_patch({"x": old}, {"x": new})) == {"x": new}


@pytest.mark.parametrize("many", [20_000])
def test_a_long_array_with_one_insertion_is_quick(many):
    old = [f"value {n}" for n in range(many)]
    new = [*old[:100], "inserted", *old[100:]]
    assert json_patch({"x": old}, {"x": new}) == [
        {"op": "add", "path": "/x/100", "value": "inserted"}
    ]
