"""Media of a specimen: three ways to state them, one document each, and whose licence counts."""

from __future__ import annotations

import pytest

from handlers.harvest.records import DatasetMetadata
from tests.darwin_core_sources import SOURCE
from tests.handlers.harvest.mapping.one_record import a_record, mapped, mapping, relations

PICTURE = "https://example.org/1.jpg"


def test_three_ways_to_state_a_medium_give_one_document() -> None:
    result = mapped(
        a_record(
            {
                "gbif:Multimedia": [
                    {
                        "dcterms:identifier": PICTURE,
                        "dcterms:title": "Sheet with label",
                        "dcterms:creator": "A. Bee",
                    }
                ],
                "ac:Multimedia": [
                    {
                        "ac:accessURI": PICTURE,
                        "dcterms:title": "Sheet",
                        "ac:variant": "ac:GoodQuality",
                        "exif:PixelXDimension": "1024",
                    }
                ],
            },
            dwc_associatedMedia=f"{PICTURE} | https://example.org/2.mp4",
        )
    )
    assert [medium.access_uri for medium in result.media] == [PICTURE, "https://example.org/2.mp4"]
    document = result.media[0].document
    assert document["dcterms:title"] == "Sheet with label"
    assert document["ac:variantLiteral"] == "ac:GoodQuality" and "ac:variant" not in document
    assert document["exif:PixelXDimension"] == 1024
    assert document["ods:hasAgents"][0]["schema:name"] == "A. Bee"
    assert document["dcterms:type"] == "StillImage"
    assert result.media[1].document["dcterms:type"] == "MovingImage"
    assert result.document["ods:isKnownToContainMedia"] is True


def test_each_medium_is_judged_by_its_own_licence_else_by_that_of_its_record() -> None:
    rows = {
        "gbif:Multimedia": [
            {"dcterms:identifier": "http://a.org/1", "dcterms:license": "CC BY-SA 4.0"},
            {"dcterms:identifier": "http://a.org/2"},
        ]
    }
    by = mapping(DatasetMetadata(licence="CC-BY"))
    first, second = mapped(a_record(rows, dcterms_license=""), by).media
    assert not first.gate.passes
    assert second.gate.passes and second.gate.inherited
    assert relations(second.document)["hasInheritedLicense"] == SOURCE.iri


def test_of_two_licences_of_one_medium_the_stricter_counts() -> None:
    rows = {
        "ac:Multimedia": [{"ac:accessURI": PICTURE, "dcterms:rights": "CC0 1.0"}],
        "gbif:Multimedia": [{"dcterms:identifier": PICTURE, "dcterms:license": "CC BY-NC 4.0"}],
    }
    result = mapped(a_record(rows))
    assert not result.media[0].gate.passes
    assert [finding.code for finding in result.diagnostics] == ["media-licences-differ"]


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ({"xmpRights:UsageTerms": "Copyright the artist. No reuse without permission."}, False),
        ({"xmpRights:WebStatement": "https://example.org/terms"}, False),
        ({"dcterms:rights": "(c) 2019 J. Doe"}, False),
        ({"dcterms:rights": "(c) 2019 J. Doe", "xmpRights:UsageTerms": "CC BY 4.0"}, True),
        ({"dcterms:rightsHolder": "J. Doe", "xmpRights:Owner": "A museum"}, True),
    ],
)
def test_what_a_medium_says_of_its_rights_counts_though_nobody_can_read_it(
    said: dict[str, str], passes: bool
) -> None:
    rows = {"ac:Multimedia": [{"ac:accessURI": PICTURE, **said}]}
    (medium,) = mapped(a_record(rows), mapping(DatasetMetadata(licence="CC0"))).media
    assert medium.gate.passes is passes
    assert passes or not medium.gate.inherited


def test_rights_that_nobody_can_read_are_not_passed_by_a_second_row() -> None:
    rows = {
        "ac:Multimedia": [{"ac:accessURI": PICTURE, "xmpRights:UsageTerms": "Ask the artist"}],
        "gbif:Multimedia": [{"dcterms:identifier": PICTURE, "xmpRights:WebStatement": "CC0"}],
    }
    (medium,) = mapped(a_record(rows)).media
    assert not medium.gate.passes and medium.gate.licence == "Ask the artist"


def test_a_medium_without_address_is_reported_and_left_out() -> None:
    rows = {"gbif:Multimedia": [{"dcterms:title": "a picture", "dcterms:identifier": "IMG_1.jpg"}]}
    result = mapped(a_record(rows, dwc_associatedMedia="photo in album 3"))
    assert result.media == []
    assert [finding.code for finding in result.diagnostics] == ["media-without-address"] * 2
    assert result.document["ods:isKnownToContainMedia"] is False
