"""A citation as text and back, also from inside a reference list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid, suffix_of
from fdo.verifiable import Citation

HASH = "0123456789abcdef" * 4
TEXT = f"https://doi.org/10.5072/ABC-DEF-123/3 (2026-03-01T12:00:00.000000Z) hash://sha256/{HASH}"
CITED = Citation(Pid("10.5072", "ABC-DEF-123"), 3, "2026-03-01T12:00:00.000000Z", HASH)


def test_a_citation_is_one_line_with_address_time_and_hash() -> None:
    assert str(CITED) == TEXT


@given(
    st.integers(0, 34**9 - 1),
    st.integers(1, 999_999_999),
    st.binary(min_size=32, max_size=32),
    st.sampled_from(["10.5072", "20.5000.5072"]),
)
def test_what_is_written_is_read(number: int, version: int, digest: bytes, prefix: str) -> None:
    cited = Citation(Pid(prefix, suffix_of(number)), version, CITED.recorded_at, digest.hex())
    assert Citation.parse(str(cited)) == cited


@pytest.mark.parametrize(
    "text",
    [
        f"Collectome (2026). Oak. {TEXT}.",
        f"[12] <{TEXT}>; accessed today",
        TEXT.replace(" ", "\n   "),
        TEXT.replace("https://doi.org/", "doi:"),
        TEXT.replace("https://doi.org/", ""),
        TEXT.replace("ABC-DEF", "abc-def").replace(HASH, HASH.upper()),
        TEXT.replace("(", "").replace(")", ""),
        TEXT.replace(" (", ", (").replace(") ", "), "),
    ],
)
def test_a_citation_is_found_inside_other_text(text: str) -> None:
    assert Citation.parse(text) == CITED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://doi.org/10.5072/ABC-DEF-123/3",
        TEXT.replace("/3 ", "/0 "),
        TEXT[:-1],
        TEXT + "0",
        TEXT.replace("sha256", "md5"),
        "9" + TEXT.removeprefix("https://doi.org/"),
        TEXT.replace("12:00:00.000000Z", "12:00"),
    ],
)
def test_what_is_no_whole_citation_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="as in https"):
        Citation.parse(text)
