"""Values as pages tell them."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rendering import happened, place, readable, told

NODE = {
    "@type": "ods:Identification",
    "dwc:identificationRemarks": 'So says the "label".',
    "ods:isVerifiedIdentification": False,
    "ods:hasTaxonIdentifications": [{"dwc:scientificName": "Abies alba", "dwc:taxonID": 4}],
}
SAID = (
    'identification remarks: So says the "label".; is verified identification: false; '
    "scientific name: Abies alba"
)


@pytest.mark.parametrize("node", [NODE, orjson.dumps(NODE).decode()])
def test_a_node_is_told_by_its_terms(node: object):
    assert told(node) == f"{SAID}; taxon ID: 4"


def test_what_is_cut_off_is_told_as_far_as_it_goes():
    written = orjson.dumps(NODE).decode()
    assert told(written[: written.index("taxonID") + 3]) == SAID


@given(st.text())
def test_any_text_is_told(text: str):
    assert told(text) == text or text.startswith("{")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Registered", "registered"),
        ("VersionDoiRequested", "version DOI requested"),
        ("PidConfirmed", "PID confirmed"),
        ("accepted", "accepted"),
    ],
)
def test_what_happened_is_said_in_words(name: str, words: str):
    assert happened(name) == words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (
            "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:country']",
            "events 1 › location › country",
        ),
        ("$['dwc:preparations']", "preparations"),
        ("no path at all", "no path at all"),
    ],
)
def test_a_term_path_is_told_as_a_place(path: str, words: str):
    assert place(path) == words


def test_instants_among_values_are_told_to_the_second_and_all_else_stands_as_it_is():
    assert ">2026-03-02 05:15:00 UTC</time>" in readable("2026-03-02T05:15:00.003Z")
    for text in ("2026-03-02", "2026-02-31T00:00:00Z", "Estonia", ""):
        assert readable(text) == text


@given(st.text())
def test_no_value_breaks_a_page(text: str):
    assert isinstance(happened(text) + place(text) + readable(text), str)
