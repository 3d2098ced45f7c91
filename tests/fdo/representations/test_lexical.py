"""How values are written: only what every RDF parser takes, and nothing is lost."""

from __future__ import annotations

import math
from decimal import Decimal

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdo.representations.lexical import double, is_date_time, is_iri, quoted
from tests.fdo.representations.documents import _IRIS

S = "<http://example.org/s> <http://example.org/p>"


@settings(max_examples=300)
@given(st.text() | st.text(alphabet='\\u001f"\n\x00\x1f\x7f\ufffe', max_size=12))
def test_text_is_written_in_canonical_n_triples(text: str) -> None:
    line = f"{S} {quoted(text)} .\n"
    parsed = list(ox.parse(line, format=ox.RdfFormat.N_TRIPLES))
    assert parsed[0].object.value == text
    again = ox.serialize(parsed, format=ox.RdfFormat.N_TRIPLES)
    assert again is not None and again.decode() == line


def test_the_escapes_are_those_of_the_canonical_form() -> None:
    assert quoted('\b\t\n\f\r"\\') == r'"\b\t\n\f\r\"\\"'
    assert quoted("\x00\x0b\x1f\x7f\ufffe") == r'"\u0000\u000B\u001F\u007F\uFFFE"'
    assert quoted("\\u001f\x1f") == r'"\\u001f\u001F"'
    assert quoted("é\u2028🦚") == '"é\u2028🦚"'


@settings(max_examples=500)
@given(_IRIS)
def test_what_we_take_for_an_iri_every_parser_takes_too(text: str) -> None:
    if is_iri(text):
        parsed = list(ox.parse(f"{S} <{text}> .\n", format=ox.RdfFormat.N_TRIPLES))
        assert parsed[0].object == ox.NamedNode(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://doi.org/10.5072/AAA-BBB-CCC",
        "urn:lsid:example.org:names:1",
        "https://example.org/a%20b?c=d&e[0]".replace("[0]", ""),
        "https://example.org",
        "https://example.org:8080/ä?q#f",
        "ark:/12148/btv1b8449691v",
        "mailto:a@example.org",
    ],
)
def test_absolute_iris_are_iris(text: str) -> None:
    assert is_iri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1http://x",
        "https://example.org/a b",
        "https://example.org/<a>",
        "https://example.org/a\n",
        "https://example.org/%zz",
        "https://example.org/a#b#c",
        "https://example.org:x/",
        "https://example.org/\x7f",
        "//example.org",
        "_:b0",
    ],
)
def test_everything_else_is_none(text: str) -> None:
    assert not is_iri(text)


@settings(max_examples=500)
@given(st.floats(-1e300, 1e300))
def test_a_double_is_written_as_json_ld_asks(value: float) -> None:
    text = double(value)
    assert float(text) == pytest.approx(value, rel=6.2e-16, abs=5e-324)
    assert double(float(text)) == text, "written once, it stays as it is"
    mantissa, exponent = text.split("E")
    assert mantissa == "0.0" or 1 <= abs(float(mantissa)) < 10
    assert mantissa[-1] != "0" or mantissa[-2] == "."
    assert str(int(exponent)) == exponent


@given(st.decimals(min_value=-180, max_value=180, places=7))
def test_coordinates_keep_their_value(value: Decimal) -> None:
    assert float(double(float(value))) == float(value)


def test_minus_zero_is_zero() -> None:
    assert double(-0.0) == double(0.0) == "0.0E0"
    assert math.copysign(1, float(double(-0.0))) == 1


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2026-03-02T09:00:00Z", True),
        ("2026-03-02T09:00:00.123+02:00", True),
        ("2026-03-02T09:00:00", True),
        ("2024-02-29T00:00:00Z", True),
        ("2000-02-29T00:00:00Z", True),
        ("1900-02-29T00:00:00Z", False),
        ("2026-02-29T00:00:00Z", False),
        ("2026-04-31T00:00:00Z", False),
        ("2026-03-02T25:00:00Z", False),
        ("2026-03-02T24:00:00Z", True),
        ("2026-03-02 09:00:00Z", False),
        ("2026-03-02T09:00Z", False),
        ("2026-03-02", False),
        ("2026-03-02T09:00:00Z\n", False),
    ],
)
def test_only_instants_of_xsd_are_instants(text: str, good: bool) -> None:
    assert is_date_time(text) is good
