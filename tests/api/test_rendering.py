"""Values as pages tell them."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rendering import told

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
