"""Whole numbers as parameters give them."""

from __future__ import annotations

import pytest

from api.parameters import whole_number
from api.refusals import UnknownParameter


@pytest.mark.parametrize(("text", "number"), [("1", 1), ("007", 7), ("000001000", 1000)])
def test_a_number_within_its_bounds_is_taken(text: str, number: int):
    assert whole_number(text, "limit", 1000) == number


def test_the_least_may_be_nought():
    assert whole_number("0", "offset", 10, least=0) == 0


@pytest.mark.parametrize(
    "text",
    ["", "0", "1001", "-1", "+1", " 1", "1.0", "x", "٣", "²", "0000000010", "00000000199999999"],
)
def test_any_other_is_refused_by_name(text: str):
    with pytest.raises(UnknownParameter) as refused:
        whole_number(text, "limit", 1000)
    assert refused.value.details["parameter"] == "limit"
    assert "from 1 to 1000" in refused.value.message


def test_thousands_of_digits_are_refused_and_not_repeated():
    with pytest.raises(UnknownParameter) as refused:
        whole_number("1" + "0" * 4400, "limit", 1000)
    assert len(refused.value.message) < 120
