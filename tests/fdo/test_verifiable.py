"""A citation as text and back, also from inside a reference list."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid, suffix_of
from fdo.verifiable import Citation

HASH = "0123456789abcdef" * 4
TEXT = f"https://doi.org/10.5072/ABC-DEF-123/3 (2026-03-01T12:00:00.000000Z) hash://sha256/{HASH}"
CITED = Citation(Pid("10.5072", "ABC-DEF-123"), 3, "2026-03-01T12:00:00.000000Z", HASH)
SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "verify_citation.py"

Parts = tuple[str, str, str, str]
"""Object, version, time and hash."""


def read(text: str) -> Parts | None:
    """What `collectome verify-citation` reads in a text."""
    try:
        found = Citation.parse(text)
    except InvalidIdentifier:
        return None
    return str(found.pid), str(found.version), found.recorded_at, found.hash


@pytest.fixture(scope="module")
def script() -> Callable[[str], Parts | None]:
    """What the stand-alone script reads in a text: given no files, it ends before it checks."""
    made: dict[str, Callable[[str], Parts | None]] = {}
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(sys, "argv", [SCRIPT.name])
        exec(compile(SCRIPT.read_text(), SCRIPT.name, "exec"), made)  # it is no module
    return made["cited_in"]


def test_a_citation_is_one_line_with_address_time_and_hash() -> None:
    assert str(CITED) == TEXT


@given(
    st.integers(0, 34**9 - 1),
    st.integers(1, 999_999_999),
    st.binary(min_size=32, max_size=32),
    st.sampled_from(["10.5072", "20.5000.5072", "21.T11148"]),
)
def test_what_is_written_is_read(
    script: Callable[[str], Parts], number: int, version: int, digest: bytes, prefix: str
) -> None:
    cited = Citation(Pid(prefix, suffix_of(number)), version, CITED.recorded_at, digest.hex())
    assert Citation.parse(str(cited)) == cited
    assert script(str(cited)) == (str(cited.pid), str(version), cited.recorded_at, cited.hash)


_PARTS = (
    ("https://doi.org/", "http://dx.doi.org/", "https://hdl.handle.net/", "doi:", "hdl:", "See ",
     "", "x", "https://example.org/"),
    ("10.5072", "20.5000.5072", "21.T11148", "21.t11148", "2.5", "215.5", "10", "1\u0660.5"),
    ("/ABC-DEF-123", "/abc-DEF-123", "/ABC-DEF-12", "/ABC-DEF-1234", "/ABCDEF123"),
    ("/1", "/999999999", "/0", "/03", "/1234567890", "/\u0663", ""),
    (" (", " ", "", ",\n  (", ">; ", " ((", "\u00a0("),
    (CITED.recorded_at, "2026-03-01T12:00:00Z", CITED.recorded_at.lower()),
    (") ", "", ")", "),\n <", " )", "\u00a0"),
    ("hash://sha256/", "HASH://sha256/", "hash://md5/"),
    (HASH, HASH.upper(), HASH[:-1], HASH + "0", HASH + "."),
)  # fmt: skip
"""What the parts of a citation may look like, first as we write them."""


@st.composite
def near_citations(draw: st.DrawFn) -> str:
    """A citation of which up to three parts are written in another way."""
    parts = [forms[0] for forms in _PARTS]
    for place in draw(st.sets(st.integers(0, len(parts) - 1), max_size=3)):
        parts[place] = draw(st.sampled_from(_PARTS[place]))
    return "".join(parts)


@given(st.lists(near_citations(), min_size=1, max_size=2).map(" ".join))
@settings(max_examples=300)
def test_the_script_reads_in_any_text_what_the_command_reads(
    script: Callable[[str], Parts | None], text: str
) -> None:
    assert script(text) == read(text)


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
def test_a_citation_is_found_inside_other_text(script: Callable[[str], Parts], text: str) -> None:
    assert Citation.parse(text) == CITED
    assert script(text) == read(text)


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
def test_what_is_no_whole_citation_is_refused_with_an_example(
    script: Callable[[str], Parts | None], text: str
) -> None:
    assert script(text) is None
    with pytest.raises(InvalidIdentifier, match="as in https"):
        Citation.parse(text)
