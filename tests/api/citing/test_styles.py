"""Citations as text: no style, language or label loses the version."""

from __future__ import annotations

import warnings

import pytest
from citeproc import CitationStylesStyle
from hypothesis import given, settings
from hypothesis import strategies as st

from api.citing.styles import FOLDER, LOCALES, STYLES, Manner, manner, text
from api.refusals import NotAcceptable, UnknownParameter
from fdo.verifiable import Citation
from tests.fdo.representations.citation.cases import (
    ADDRESS,
    OAK,
    PID,
    PROOF,
    TEXTS,
    WITHDRAWN,
    cited,
    labelled,
)


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_valid_csl(style):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # how citeproc-py tells what its schema refuses
        CitationStylesStyle(str(FOLDER / f"{style}.csl"), validate=True)


def test_each_style_has_its_file():
    assert {file.stem for file in FOLDER.glob("*.csl")} == set(STYLES)


@settings(max_examples=15)
@given(TEXTS, TEXTS, st.sampled_from(["en-US", "de-DE", "ar", "zh-CN"]), st.booleans())
@pytest.mark.parametrize("style", STYLES)
def test_no_style_loses_the_version(style, name, collector, locale, minted):
    what = cited(labelled(name, collector), minted=minted)
    line = text(what, Manner(style, locale))
    assert what.url in line
    assert str(PID) in line
    assert "2026" in line.replace(what.title, "").replace(PROOF, "")
    assert " 3" in line.replace(what.title, "").replace(collector, "")
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_names_version_year_and_address(locale):
    line = text(cited(OAK), Manner("apa", locale))
    assert " 3) [Digital specimen]" in line
    assert "(2026, " in line
    assert line.endswith(f"{PID.iri}, {ADDRESS}")


@pytest.mark.parametrize("style", STYLES)
def test_a_withdrawn_object_is_cited_as_withdrawn(style):
    assert "withdrawn 2026-10-20" in text(cited(WITHDRAWN), Manner(style))


@given(TEXTS, TEXTS)
def test_the_first_style_can_be_checked_whatever_the_label_says(name, collector):
    line = text(cited(labelled(name, collector)), Manner())
    assert line.endswith(PROOF)
    assert str(Citation.parse(line)) == PROOF


def test_markup_of_the_processor_is_text_in_a_label():
    line = text(cited(labelled('<span class="nocase">Quercus</span>', "X")), Manner("apa"))
    assert "nocase" in line


@pytest.mark.parametrize(
    ("accept", "style", "locale", "wanted"),
    [
        ("", None, None, Manner("collectome", "en-US")),
        ("*/*", "apa", None, Manner("apa", "en-US")),
        ("text/x-bibliography; style=ieee; locale=fr-FR", None, None, Manner("ieee", "fr-FR")),
        ("text/html, TEXT/X-Bibliography;style=ieee", None, "de", Manner("ieee", "de-DE")),
        ("text/x-bibliography; style=ieee", "apa", "EN-gb", Manner("apa", "en-GB")),
        ('text/x-bibliography; style="apa"; q=0.5', None, None, Manner("apa", "en-US")),
    ],
)
def test_the_query_goes_before_accept(accept, style, locale, wanted):
    assert manner(accept, style, locale) == wanted


def test_what_is_not_there_is_refused_with_what_is():
    with pytest.raises(UnknownParameter, match="collectome, apa"):
        manner("", "../../etc/passwd", None)
    with pytest.raises(UnknownParameter, match="en-US"):
        manner("", None, "xx")
    with pytest.raises(NotAcceptable, match="vancouver"):
        manner("text/x-bibliography; style=nature", None, None)
