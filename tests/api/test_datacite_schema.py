"""Our judge of DataCite metadata beside DataCite's own schema: what we let pass, it lets pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from api.datacite_schema import ADDED, errors, schema, to_xml

_SIGNS = st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff")
TEXTS = st.text(_SIGNS, min_size=1, max_size=4) | st.sampled_from(["word", "two words", ""])
LANGUAGES = st.sampled_from(["en", "de-CH"])
NUMBERS = st.floats(-90, 90) | st.integers(-91, 91)


def a(*words: str) -> st.SearchStrategy[str]:
    """One of these words."""
    return st.sampled_from(words)


def rows(always: dict[str, Any], **perhaps: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """One or two objects with all of the first and some of the other properties, or none."""
    return st.lists(st.fixed_dictionaries(always, optional=perhaps), max_size=2)


PEOPLE: dict[str, st.SearchStrategy[Any]] = {
    "nameType": a("Personal", "Organizational"),
    "lang": LANGUAGES,
    "givenName": TEXTS,
    "familyName": TEXTS,
    "nameIdentifiers": rows(
        {"nameIdentifier": TEXTS, "nameIdentifierScheme": TEXTS}, schemeUri=TEXTS
    ),
    "affiliation": rows({"name": TEXTS}, affiliationIdentifier=TEXTS),
}
POINT = st.fixed_dictionaries({"pointLatitude": NUMBERS, "pointLongitude": NUMBERS})
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "creators": rows({"name": TEXTS}, **PEOPLE),
        "titles": rows({"title": TEXTS}, lang=LANGUAGES, titleType=a("Subtitle", "Other")),
        "publicationYear": a("2026", "1", "20266", "year"),
        "publisher": st.fixed_dictionaries({"name": TEXTS}, optional={"lang": LANGUAGES}),
        "types": st.fixed_dictionaries({"resourceTypeGeneral": a("Poster", "Award", "Sound")}),
        "contributors": rows(
            {"name": TEXTS, "contributorType": a("Translator", "Editor")}, **PEOPLE
        ),
        "subjects": rows({"subject": TEXTS}, lang=LANGUAGES),
        "dates": rows({"date": TEXTS, "dateType": a("Coverage", "Collected")}),
        "alternateIdentifiers": rows(
            {"alternateIdentifier": TEXTS, "alternateIdentifierType": TEXTS}
        ),
        "relatedIdentifiers": rows(
            {
                "relatedIdentifier": TEXTS,
                "relatedIdentifierType": a("SWHID", "RAiD", "DOI"),
                "relationType": a("Other", "HasTranslation", "HasMetadata"),
            }
        ),
        "rightsList": rows({}, rights=TEXTS, rightsIdentifier=TEXTS, lang=LANGUAGES),
        "descriptions": rows(
            {"description": TEXTS, "descriptionType": a("Abstract", "Other")}, lang=LANGUAGES
        ),
        "geoLocations": rows({}, geoLocationPlace=TEXTS, geoLocationPoint=POINT),
        "fundingReferences": rows({"funderName": TEXTS}, awardNumber=TEXTS),
        "formats": st.lists(TEXTS, max_size=2),
        "sizes": st.lists(TEXTS, max_size=2),
        "version": TEXTS,
        "language": LANGUAGES,
    },
)
WHOLE: dict[str, Any] = {
    "doi": "10.5072/AAA-BBB-CCC",
    "schemaVersion": "http://datacite.org/schema/kernel-4",
    "publicationYear": "2026",
    "publisher": {"name": "P"},
    "creators": [{"name": "C"}],
    "titles": [{"title": "T"}],
    "types": {"resourceTypeGeneral": "Sound", "resourceType": "R"},
}


@pytest.fixture(scope="module")
def xsd(shared_data: Path) -> etree.XMLSchema:
    """DataCite's schema 4.7."""
    return etree.XMLSchema(etree.parse(shared_data / "datacite-4.7" / "metadata.xsd"))


@settings(max_examples=300, deadline=None)
@given(told=METADATA)
def test_what_passes_here_is_valid_there(told: dict[str, Any], xsd: etree.XMLSchema):
    metadata = WHOLE | told
    if not errors(metadata):
        written = etree.fromstring(to_xml(metadata))
        assert xsd.validate(written), (xsd.error_log, metadata)


@pytest.mark.parametrize("name", list(ADDED))
def test_the_lists_have_the_words_of_the_schema_and_no_others(name: str, shared_data: Path):
    """The words that 4.5 has and those we add are the words of 4.7."""
    files = {"resourceTypeGeneral": "resourceType"}
    place = f"datacite-4.7/include/datacite-{files.get(name, name)}-v4.xsd"
    ns = {"x": "http://www.w3.org/2001/XMLSchema"}
    words = etree.parse(shared_data / place).iterfind(".//x:enumeration", ns)
    ours = schema()["definitions"][name]["enum"]
    assert set(ours) == {word.get("value") for word in words}


@pytest.mark.parametrize("missing", [name for name in WHOLE if name != "doi"])
def test_what_datacite_demands_is_demanded(missing: str):
    assert errors(WHOLE) == []
    wrong = errors({name: value for name, value in WHOLE.items() if name != missing})
    assert [each.source for each in wrong] == [missing]
