"""Dublin Core: well-formed whatever the values hold, and only its fifteen elements."""

from __future__ import annotations

from hypothesis import given
from lxml import etree

from fdo.representations.citation.dublin_core import ELEMENTS, NAMESPACE, elements, oai_dc
from fdo.representations.lexical import xml_text
from tests.fdo.representations.citation.cases import ADDRESS, OAK, PID, TEXTS, cited, labelled

FIFTEEN = {
    "contributor", "coverage", "creator", "date", "description", "format", "identifier",
    "language", "publisher", "relation", "rights", "source", "subject", "title", "type",
}  # fmt: skip


@given(TEXTS, TEXTS)
def test_every_value_comes_back_as_it_was(name, collector):
    what = cited(labelled(name, collector))
    root = etree.fromstring(oai_dc(what))
    assert root.tag == f"{{{NAMESPACE}}}dc"
    told = [(str(one.tag).removeprefix(f"{{{ELEMENTS}}}"), one.text or "") for one in root]
    assert told == [(element, xml_text(value)) for element, value in elements(what)]
    assert {element for element, _ in told} <= FIFTEEN


def test_the_version_stands_first_among_the_identifiers():
    found = [value for element, value in elements(cited(OAK)) if element == "identifier"]
    assert found[:3] == [f"{PID.iri}/3", ADDRESS, PID.iri]


def test_places_are_no_more_precise_than_the_document():
    event = {"ods:hasLocation": {"dwc:country": "Estonia", "dwc:locality": "Laelatu"}}
    found = list(elements(cited(OAK | {"ods:hasEvents": [event]})))
    assert ("coverage", "Estonia, Laelatu") in found


def test_of_a_record_nothing_of_the_content_is_told():
    event = {"ods:hasLocation": {"dwc:country": "Estonia"}, "dwc:eventDate": "1998"}
    told = dict(elements(cited(OAK | {"ods:hasEvents": [event]}, pid_only=True)))
    assert "coverage" not in told
    assert "subject" not in told
    assert told["creator"] == "University of Tartu"
