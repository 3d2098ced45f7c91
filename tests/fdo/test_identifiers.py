"""Identifiers are parsed at the door: every way of writing one gives one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdo.errors import InvalidIdentifier
from fdo.identifiers import (
    SUFFIX_ALPHABET,
    SUFFIXES,
    Pid,
    normalised_physical_id,
    organisation,
    physical_id_type,
    suffix_of,
)

SOURCE = Pid("20.5000.5072", "SRC-SRC-SRC")
prefixes = st.sampled_from(["10.5072", "10.3535", "20.5000.5072", "20.5000.1025"])
suffixes = st.builds(suffix_of, st.integers(0, SUFFIXES - 1))
pids = st.builds(Pid, prefixes, suffixes)


@given(pids, st.sampled_from([str, lambda p: p.iri, lambda p: f"  {p.iri.lower()} "]))
def test_a_pid_survives_every_way_of_writing_it(pid: Pid, write: object) -> None:
    assert callable(write)
    assert Pid.parse(write(pid)) == pid


@pytest.mark.parametrize("before", ["doi:", "http://doi.org/", "https://dx.doi.org/", "hdl:", ""])
def test_every_known_way_of_naming_the_resolver_is_read(before: str) -> None:
    assert Pid.parse(f"{before}10.5072/abc-def-123") == Pid("10.5072", "ABC-DEF-123")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.5072",
        "10.5072/ABCDEF123",
        "10.5072/ABC-DEF-12",
        "10.5072/ABC-DEF-123/2",
        "10.5072/ÄBC-DEF-123",
        "https://example.org/10.5072/ABC-DEF-123",
        "x10.5072/ABC-DEF-123",
        "10.5072/ABC-DEF-123\n10.5072/ABC-DEF-124",
    ],
)
def test_other_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="ABC-DEF-123"):
        Pid.parse(text)


def test_the_prefix_says_whether_a_pid_is_a_doi() -> None:
    assert Pid("10.5072", "AAA-BBB-CCC").iri == "https://doi.org/10.5072/AAA-BBB-CCC"
    assert SOURCE.iri == "https://hdl.handle.net/20.5000.5072/SRC-SRC-SRC"
    assert SOURCE.version_iri(3) == f"{SOURCE.iri}/3"


@given(suffixes)
def test_a_suffix_is_nine_characters_nobody_mistakes(suffix: str) -> None:
    groups = suffix.split("-")
    assert [len(group) for group in groups] == [3, 3, 3]
    assert set(suffix) - {"-"} <= set(SUFFIX_ALPHABET)
    assert not set(suffix) & set("IO")


@pytest.mark.parametrize(
    ("text", "iri"),
    [
        ("https://ror.org/039zvsn29", "https://ror.org/039zvsn29"),
        ("ror.org/039ZVSN29/", "https://ror.org/039zvsn29"),
        ("Q309388", "https://www.wikidata.org/wiki/Q309388"),
        ("http://www.wikidata.org/entity/Q309388", "https://www.wikidata.org/wiki/Q309388"),
        ("https://grid.ac/institutes/grid.35937.3b", None),
        ("https://ror.org/12345", None),
        ("Natural History Museum", None),
        ("Q0", None),
    ],
)
def test_an_organisation_is_a_ror_or_a_wikidata_id(text: str, iri: str | None) -> None:
    assert organisation(text) == iri


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("https://data.nhm.ac.uk/object/1", "Resolvable"),
        ("urn:lsid:example.org:specimens:1", "Global"),
        ("URN:UUID:6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "Global"),
        ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "Global"),
        ("ark:/12148/btv1b8449691v", "Global"),
        ("TU-123", "Local"),
        ("urn:catalog:TU:123", "Local"),
    ],
)
def test_the_form_of_a_physical_id_says_how_far_it_reaches(text: str, kind: str) -> None:
    assert physical_id_type(text) == kind


def test_only_a_local_id_is_joined_with_its_source() -> None:
    assert normalised_physical_id(" TU-1 ", "Local", SOURCE) == "TU-1:SRC-SRC-SRC"
    assert normalised_physical_id("urn:lsid:a:b:1", "Global", SOURCE) == "urn:lsid:a:b:1"


@given(st.integers(0, SUFFIXES - 1), st.integers(0, SUFFIXES - 1))
def test_different_numbers_draw_different_suffixes(one: int, other: int) -> None:
    assert (suffix_of(one) == suffix_of(other)) is (one == other)
