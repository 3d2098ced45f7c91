"""Tolerant reading: what openDS's own examples do wrong, and which of them become valid."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from fdo.tolerant import Deviation, normalise
from ontologies.schemas import explain

EXAMPLES = {
    # example: object type, breaches as found, breaches left
    "digital-specimen/0.4.0/examples/digital-specimen-example.json": ("specimen", 14, 0),
    "digital-specimen/0.4.0/examples/digital-specimen-specimen-parts-example.json": (
        "specimen",
        18,
        0,
    ),
    # xmpRights:Owner and ods:ID have no place in 0.5; what they mean is not ours to say
    "digital-media/0.4.0/examples/digital-media-example.json": ("media", 8, 1),
    "digital-media/0.4.0/examples/tombstoned-digital-media-example.json": ("media", 9, 2),
    "source-system/0.4.0/examples/source-system-example.json": ("source-system", 3, 0),
    "data-mapping/0.4.0/examples/data-mapping-example.json": ("data-mapping", 2, 0),
    "data-mapping/0.4.0/examples/tombstoned-data-mapping-example.json": ("data-mapping", 2, 0),
}


def example(shared_data: Path, file: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (shared_data / "openDS/fdo-type" / file).read_text("utf-8")
    )
    return content


@pytest.mark.parametrize(("file", "expected"), EXAMPLES.items())
def test_the_examples_of_opends_become_valid_where_their_meaning_is_plain(
    file: str, expected: tuple[str, int, int], shared_data: Path
) -> None:
    name, found, left = expected
    document = example(shared_data, file)
    mended, deviations = normalise(name, document)
    assert len(explain(name, document)) == found
    assert len(explain(name, mended)) == left, explain(name, mended)
    assert deviations


@pytest.mark.parametrize("file", EXAMPLES)
def test_a_mended_document_needs_no_more_mending(file: str, shared_data: Path) -> None:
    name = EXAMPLES[file][0]
    mended, _ = normalise(name, example(shared_data, file))
    assert normalise(name, mended) == (mended, [])


def test_the_given_document_stays_as_it_is(shared_data: Path) -> None:
    document = example(shared_data, next(iter(EXAMPLES)))
    before = copy.deepcopy(document)
    normalise("specimen", document)
    assert document == before


@pytest.mark.parametrize(
    ("found", "made", "pointer"),
    [
        ({"ods:status": "ods:Active"}, {"ods:status": "Active"}, "/ods:status"),
        ({"ods:version": "3"}, {"ods:version": 3}, "/ods:version"),
        (
            {"ods:isMarkedAsType": "true"},
            {"ods:isMarkedAsType": True},
            "/ods:isMarkedAsType",
        ),
        (
            {"ods:hasAgent": {"@type": "schema:SoftwareAgent"}},
            {"ods:hasAgents": [{"@type": "schema:SoftwareApplication"}]},
            "/ods:hasAgent",
        ),
        (
            {"ods:hasIdentifiers": [{"@type": "ods:Identifier", "dcterms:type": "orcid"}]},
            {"ods:hasIdentifiers": [{"@type": "ods:Identifier", "dcterms:type": "URL"}]},
            "/ods:hasIdentifiers/0/dcterms:type",
        ),
        (
            {"ods:hasEvents": [{"@type": "ods:Event", "dwc:country": "Norway"}]},
            {
                "ods:hasEvents": [
                    {
                        "@type": "ods:Event",
                        "ods:hasLocation": {"@type": "ods:Location", "dwc:country": "Norway"},
                    }
                ]
            },
            "/ods:hasEvents/0/dwc:country",
        ),
    ],
)
def test_each_recurrent_deviation_is_mended_and_reported(
    found: dict[str, Any], made: dict[str, Any], pointer: str
) -> None:
    mended, deviations = normalise("specimen", {"@type": "ods:DigitalSpecimen", **found})
    assert mended == {"@type": "ods:DigitalSpecimen", **made}
    assert pointer in {deviation.pointer for deviation in deviations}


def test_a_relation_known_by_its_uri_only_is_known_by_that() -> None:
    mended, deviations = normalise(
        "specimen",
        {
            "@type": "ods:DigitalSpecimen",
            "ods:hasEntityRelationships": [
                {"@type": "ods:EntityRelationship", "dwc:relatedResourceURI": "https://a.org/1"}
            ],
        },
    )
    node = mended["ods:hasEntityRelationships"][0]
    assert node["ods:relatedResourceURI"] == node["dwc:relatedResourceID"] == "https://a.org/1"
    assert (
        Deviation(
            "/ods:hasEntityRelationships/0/dwc:relatedResourceURI",
            "dwc:relatedResourceURI",
            "ods:relatedResourceURI",
        )
        in deviations
    )


def test_what_is_not_known_is_left_for_the_schema_to_refuse() -> None:
    document = {"@type": "ods:DigitalSpecimen", "ods:version": "three", "x:unknown": 1}
    assert normalise("specimen", document) == (document, [])


def test_a_table_of_a_mapping_that_stands_alone_is_the_only_one_of_its_list() -> None:
    mended, deviations = normalise("data-mapping", {"ods:hasTermMapping": {"a": "b", "c": "d"}})
    assert mended["ods:hasTermMapping"] == [{"a": "b", "c": "d"}]
    assert Deviation("/ods:hasTermMapping", "one object", "a list of one") in deviations
