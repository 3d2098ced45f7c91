"""The register of record attributes: one index each, and the same words everywhere."""

from __future__ import annotations

import re

import pytest

from fdo.definitions.attributes import ATTRIBUTES, VALUES, Attribute
from fdo.record import ATTRIBUTES as FILLED
from ontologies.terms import TERMS

ROWS = pytest.mark.parametrize("row", ATTRIBUTES.values(), ids=lambda row: row.name)


def test_no_two_attributes_share_an_index_or_a_name() -> None:
    assert len({row.index for row in ATTRIBUTES.values()}) == len(ATTRIBUTES)
    assert list(ATTRIBUTES.values()) == sorted(ATTRIBUTES.values(), key=lambda row: row.index)


@ROWS
def test_every_attribute_has_a_kind_of_value_and_a_sentence(row: Attribute) -> None:
    assert row.value in VALUES
    assert row.definition.endswith(".")
    assert row.cardinality == ("0..n" if row.value in ("ids", "iris") else "0..1")


@ROWS
def test_the_vocabulary_gives_an_attribute_the_index_of_the_register(row: Attribute) -> None:
    term = TERMS.get(f"col:{row.name}")
    if term is not None and (said := re.match(r"FDO record, value (\d+):", term.definition or "")):
        assert int(said[1]) == row.index


@pytest.mark.parametrize("name", sorted({name for each in FILLED.values() for name in each}))
def test_what_a_document_fills_is_in_the_register(name: str) -> None:
    assert name in ATTRIBUTES
