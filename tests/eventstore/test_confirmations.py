"""What confirmations say: of the object's own DOI, and of those of its versions."""

from __future__ import annotations

import pytest

from eventstore.confirmations import state_said, versions_said


def said(version: int | None, state: str) -> dict[str, object]:
    """A confirmation of the DOI of a version, or of the object."""
    return {"doi": "10.5072/AAA-BBB-CCC", "state": state, "doi-version": version}


@pytest.mark.parametrize(
    ("details", "versions"),
    [
        ([], set()),
        ([said(None, "findable")], set()),
        ([said(1, "draft")], set()),
        ([said(1, "draft"), said(1, "findable"), said(3, "findable")], {1, 3}),
        ([said(1, "findable"), said(1, "registered")], {1}),
        ([said(1, "findable"), said(1, "draft")], set()),
        ([{"doi": "10.5072/AAA-BBB-CCC"}], set()),
    ],
)
def test_the_last_word_on_a_version_counts(details, versions):
    assert versions_said(details) == versions


def test_the_state_of_an_object_is_not_that_of_its_versions():
    assert state_said(said(None, "findable")) == "findable"
    assert state_said(said(2, "findable")) is None
