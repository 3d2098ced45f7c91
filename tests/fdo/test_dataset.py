"""The holder of a dataset, written into a description and read from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdo import dataset

ROR = "https://ror.org/03z77qz90"
TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: "; Organisation" not in text)
PLAIN = TEXTS.filter(lambda text: "; " not in text)


@given(st.none() | TEXTS, st.none() | TEXTS, st.sampled_from([None, ROR]))
def test_what_is_written_is_read(title: str | None, name: str | None, iri: str | None) -> None:
    facts = {dataset.TITLE: title, dataset.HOLDER: name, dataset.HOLDER_ID: iri}
    wanted = (name or iri, iri) if name or iri else None
    assert dataset.holder(dataset.description(facts)) == wanted


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("Beetles of the Organisation: none", None),
        ("Organisation id: not a ROR", None),
        ("Organisation: A; Organisation id: x", ("A; Organisation id: x", None)),
        (f"Dataset: x; Organisation: A; Organisation: B; Organisation id: {ROR}", ("B", ROR)),
    ],
)
def test_only_what_stands_at_its_end_is_a_holder(
    text: str, found: tuple[str, str | None] | None
) -> None:
    assert dataset.holder(text) == found


@given(st.none() | PLAIN, st.none() | PLAIN, st.sampled_from([None, ROR]))
def test_the_licence_that_is_written_is_read(
    licence: str | None, name: str | None, iri: str | None
) -> None:
    facts = {dataset.LICENCE: licence, dataset.HOLDER: name, dataset.HOLDER_ID: iri}
    assert dataset.licence(dataset.description({dataset.TITLE: "Beetles", **facts})) == licence


@given(st.text(max_size=60), st.none() | PLAIN, st.none() | PLAIN, st.sampled_from([None, ROR]))
def test_an_abstract_says_nothing_of_licence_or_holder(
    said: str, licence: str | None, name: str | None, iri: str | None
) -> None:
    facts = {dataset.LICENCE: licence, dataset.HOLDER: name, dataset.HOLDER_ID: iri}
    bare = dataset.description({dataset.TITLE: "Beetles", **facts})
    for text in (said, f"{said}; Licence: CC0; Organisation: Others; Organisation id: {ROR}"):
        whole = dataset.description({dataset.ABSTRACT: text, dataset.TITLE: "Beetles", **facts})
        assert whole.endswith(bare)
        assert dataset.licence(whole) == dataset.licence(bare)
        assert dataset.holder(whole) == dataset.holder(bare)


def test_an_abstract_is_read_again_and_cut_at_a_word_where_it_is_very_long() -> None:
    assert dataset.abstract(dataset.description({dataset.TITLE: "Abstract: x"})) is None
    assert dataset.abstract(dataset.description({dataset.ABSTRACT: "Dataset: y"})) == "Dataset: y"
    long = dataset.abstract(dataset.description({dataset.ABSTRACT: "beetle " * 1_000}))
    assert long is not None and long.endswith("beetle …") and len(long) <= dataset.LONGEST + 2
