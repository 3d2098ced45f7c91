"""Filters: every path must match, any of its values may; and what a filter may look at."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.mas.filters import Filter, breaches
from tests.handlers.mas.story import Repository, commenting

NAMES = "$['ods:hasIdentifications'][*]['dwc:scientificName']"
DOCUMENT: dict[str, Any] = {
    "ods:topicDiscipline": "Botany",
    "ods:hasIdentifications": [
        {"dwc:scientificName": "Abies alba", "ods:isVerifiedIdentification": False},
        {"dwc:scientificName": "Picea abies"},
    ],
    "dwc:individualCount": 3,
    "dwc:preparations": ["sheet", "fruit"],
    "dwc:empty": " ",
}


@pytest.mark.parametrize(
    ("conditions", "passes"),
    [
        ({}, True),
        ({"$['ods:topicDiscipline']": ["Botany"]}, True),
        ({"['ods:topicDiscipline']": ["Zoology", "Botany"]}, True),
        ({"$.ods:topicDiscipline": ["Zoology"]}, False),
        ({NAMES: ["Picea abies"]}, True),
        ({NAMES: ["Larix decidua"]}, False),
        ({NAMES: ["*"]}, True),
        ({"$['dwc:country']": ["*"]}, False),
        ({"$['dwc:empty']": ["*"]}, False),
        ({"$['dwc:preparations']": ["fruit"]}, True),
        ({"$['dwc:preparations'][0]": ["fruit"]}, False),
        ({"$['dwc:individualCount']": [3]}, True),
        ({"$['dwc:individualCount']": ["3"]}, False),
        ({"$['ods:hasIdentifications'][*]['ods:isVerifiedIdentification']": [False]}, True),
        ({"$['ods:hasIdentifications'][*]['ods:isVerifiedIdentification']": [0]}, False),
        ({"$['ods:hasIdentifications'][*]['ods:isVerifiedIdentification']": ["*"]}, True),
        ({NAMES: ["Abies alba"], "$['ods:topicDiscipline']": ["Zoology"]}, False),
        ({"$['ods:hasIdentifications']": ["Abies alba"]}, False),
    ],
)
def test_a_path_matches_where_any_of_its_values_is_allowed(
    conditions: dict[str, list[Any]], passes: bool
) -> None:
    assert Filter(conditions).passes(DOCUMENT) is passes


VALUES = st.one_of(st.booleans(), st.integers(-3, 3), st.text("ab*", max_size=2))
CONDITIONS = st.dictionaries(
    st.sampled_from(["$['a']", "$['b'][*]['c']", "$['d']"]), st.lists(VALUES, min_size=1)
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "a": VALUES,
        "b": st.lists(st.fixed_dictionaries({}, optional={"c": VALUES}), max_size=3),
        "d": st.lists(VALUES, max_size=3),
    },
)


def _said(value: Any) -> bool:
    return value not in ("", None) or value is False or (value == 0 and value != "")


def _reference(conditions: dict[str, list[Any]], document: dict[str, Any]) -> bool:
    """The rule in the plainest words."""
    for path, allowed in conditions.items():
        found = {
            "$['a']": [document["a"]] if "a" in document else [],
            "$['b'][*]['c']": [one["c"] for one in document.get("b", []) if "c" in one],
            "$['d']": document.get("d", []),
        }[path]
        equal = [
            one for one in found for other in allowed if (type(one), one) == (type(other), other)
        ]
        if not equal and not ("*" in allowed and any(map(_said, found))):
            return False
    return True


@given(CONDITIONS, DOCUMENTS)
def test_filters_do_what_the_rule_says(
    conditions: dict[str, list[Any]], document: dict[str, Any]
) -> None:
    assert Filter(conditions).passes(document) == _reference(conditions, document)


@given(CONDITIONS, DOCUMENTS)
def test_one_more_condition_lets_no_more_through(
    conditions: dict[str, list[Any]], document: dict[str, Any]
) -> None:
    whole = Filter(conditions).passes(document)
    for path in conditions:
        fewer = {name: allowed for name, allowed in conditions.items() if name != path}
        assert Filter(fewer).passes(document) or not whole


@pytest.mark.parametrize(
    "wrong",
    [[], "x", {"$['a']": "b"}, {"$['a']": []}, {"$": ["b"]}, {"$['a']": [{}]}, {"$['a'": ["b"]},
     {f"$['{number}']": ["b"] for number in range(60)}, {"$['a']": ["b"] * 2_000}],
)  # fmt: skip
def test_what_is_no_filter_is_refused(wrong: Any) -> None:
    assert breaches(wrong)


@given(CONDITIONS)
def test_what_is_a_filter_is_taken(conditions: dict[str, list[Any]]) -> None:
    assert breaches(conditions) == []


SPECIMENS: dict[str, Any] = {
    "col:worksOn": ["media"],
    "ods:hasTargetDigitalObjectFilter": {
        "$['digitalSpecimen']['ods:topicDiscipline']": ["Botany"],
        "$['digitalSpecimen']['ods:specimenName']": ["Abies alba"],
    },
}


def test_a_filter_for_media_may_look_at_the_specimens_they_show(repository: Repository) -> None:
    repository.service("reader", commenting, SPECIMENS)
    plant = repository.specimen(1, "Abies alba", None, **{"ods:topicDiscipline": "Botany"})
    beetle = repository.specimen(2, "Lucanus cervus", None, **{"ods:topicDiscipline": "Zoology"})
    wanted = repository.medium(1, beetle, plant)
    repository.medium(2, beetle)
    repository.medium(3)
    repository.settle()
    assert list(repository.states()) == [str(wanted)]


def test_conditions_on_specimens_hold_for_one_and_the_same(repository: Repository) -> None:
    repository.service("reader", commenting, SPECIMENS)
    other = repository.specimen(1, "Picea abies", None, **{"ods:topicDiscipline": "Botany"})
    namesake = repository.specimen(2, "Abies alba", None, **{"ods:topicDiscipline": "Zoology"})
    repository.medium(1, other, namesake)
    repository.settle()
    assert repository.states() == {}
