"""The openDS face is valid openDS, says what it left out, and leaves nothing else out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdo.documents import Document
from fdo.representations.annotation.opends import MOTIVATIONS, to_opends
from fdo.representations.annotation.reading import read
from tests.fdo.representations.annotation.made import (
    COUNTRY,
    ME,
    MEDIA,
    MEDIA_TYPE,
    PID,
    SAMPLES,
    SPECIMEN,
    SPECIMEN_TYPE,
    any_annotation,
    drafted,
    stored,
    w3c,
    words,
)
from tests.opends_reference import their_validator

ANY = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
IMAGE: Document = {"exif:PixelXDimension": 2000, "exif:PixelYDimension": 1000}


def region(value: str) -> Document:
    return drafted(
        w3c(target={"source": MEDIA, "ods:fdoType": MEDIA_TYPE,
                    "selector": {"type": "FragmentSelector", "value": value}})
    )  # fmt: skip


def roi_of(face: Document) -> Any:
    return face["oa:hasTarget"]["oa:hasSelector"]["ac:hasROI"]


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_valid_opends(name: str, shared_data: Path) -> None:
    face, _ = to_opends(stored(drafted(SAMPLES[name])), IMAGE)
    errors = list(their_validator(shared_data / "openDS", "annotation").iter_errors(face))
    assert [(e.instance_path, e.message) for e in errors] == []


@ANY
@given(sent=any_annotation())
def test_any_annotation_becomes_valid_opends(sent: dict[str, Any], shared_data: Path) -> None:
    face, _ = to_opends(orjson.loads(orjson.dumps(stored(drafted(sent)))), IMAGE)
    assert their_validator(shared_data / "openDS", "annotation").is_valid(
        orjson.loads(orjson.dumps(face))
    )


@ANY
@given(sent=any_annotation())
def test_what_is_held_without_loss_comes_back(sent: dict[str, Any]) -> None:
    draft = drafted(sent)
    face, losses = to_opends(stored(draft), IMAGE)
    if not losses:
        assert known(drafted(orjson.loads(orjson.dumps(face)), own=PID)) == known(draft)


# ── what openDS can hold ─────────────────────────────────────────────────────────────────

fractions = st.tuples(*[st.floats(0, 0.5, allow_nan=False)] * 4).filter(
    lambda four: all(one == 0 or one > 1e-6 for one in four)
)
held_selectors = st.one_of(
    st.none(),
    st.sampled_from([
        {"@type": "ods:TermSelector", "ods:term": COUNTRY},
        {"@type": "ods:ClassSelector", "ods:class": "$['ods:hasEvents'][0]"},
    ]),
    st.builds(
        lambda four: {
            "@type": "oa:FragmentSelector",
            "ac:hasROI": dict(zip(("ac:xFrac", "ac:yFrac", "ac:widthFrac", "ac:heightFrac"), four,
                                  strict=True)),
            "dcterms:conformsTo": "https://ac.tdwg.org/termlist/"
                                  "#711-region-of-interest-vocabulary",
        },
        fractions,
    ),
)  # fmt: skip
values = st.one_of(words, st.dictionaries(words, words, max_size=2).map(json.dumps))


@st.composite
def opends(draw: st.DrawFn) -> Document:
    """An openDS annotation without defects."""
    selector = draw(held_selectors)
    target: Document = {"@id": MEDIA, "@type": "ods:DigitalMedia", "dcterms:identifier": MEDIA,
                        "ods:fdoType": MEDIA_TYPE}  # fmt: skip
    body: Document = {
        "@type": "oa:TextualBody",
        "oa:value": draw(st.lists(values, min_size=1, max_size=3)),
        **draw(st.fixed_dictionaries({}, optional={
            "ods:score": st.floats(0, 1), "dcterms:references": st.just("https://example.org/r"),
        })),
    }  # fmt: skip
    return {
        "@type": "ods:Annotation",
        "oa:motivation": draw(st.sampled_from(MOTIVATIONS)),
        "oa:hasTarget": target | ({"oa:hasSelector": selector} if selector else {}),
        "dcterms:creator": {"@type": "schema:Person", "@id": "https://orcid.org/0000-0002-1825-0097",
                            "schema:identifier": "https://orcid.org/0000-0002-1825-0097",
                            "schema:name": draw(words)},
        **draw(st.fixed_dictionaries({}, optional={
            "oa:hasBody": st.just(body), "oa:motivatedBy": words,
            "ods:placeInBatch": st.integers(0, 9),
            "ods:batchID": st.just("123e4567-e89b-12d3-a456-426614174000"),
        })),
    }  # fmt: skip


@ANY
@given(sent=opends())
def test_opends_is_held_without_loss(sent: Document) -> None:
    draft = drafted(sent)
    face, losses = to_opends(stored(draft))
    assert losses == []
    again = orjson.loads(orjson.dumps(face))
    assert {key: again.get(key) for key in sent} == sent
    assert known(drafted(again, own=PID)) == known(draft)


def known(draft: Document) -> Document:
    """Bodies are a set."""
    return draft | {"oa:hasBody": sorted(map(orjson.dumps, draft.get("oa:hasBody", [])))}


# ── regions ──────────────────────────────────────────────────────────────────────────────


def test_a_region_in_pixels_becomes_fractions_where_the_size_is_known() -> None:
    face, losses = to_opends(stored(region("xywh=500,250,1000,500")), IMAGE)
    assert list(roi_of(face).values()) == [0.25, 0.25, 0.5, 0.5]
    assert losses == ["The region is given in fractions, rounded."]
    face, losses = to_opends(stored(region("xywh=500,250,1000,500")))
    assert "oa:hasSelector" not in face["oa:hasTarget"]
    assert "size of the image is not known" in losses[0]


def test_a_polygon_becomes_its_bounding_box_and_says_so() -> None:
    face, losses = to_opends(
        stored(drafted(w3c(target={"source": MEDIA, "ods:fdoType": MEDIA_TYPE, "selector": {
            "type": "SvgSelector", "value": "<svg><polygon points='100,100 300,200 200,600'/></svg>"
        }}))), IMAGE,
    )  # fmt: skip
    assert list(roi_of(face).values()) == [0.05, 0.1, 0.1, 0.5]
    assert losses == ["The shape is given as its bounding box."]


def test_a_second_target_and_body_are_told_as_lost() -> None:
    face, losses = to_opends(stored(drafted(w3c(
        target=[{"source": SPECIMEN, "ods:fdoType": SPECIMEN_TYPE}, MEDIA],
        body=[{"value": "a"}, "https://example.org/b"],
    ))))  # fmt: skip
    assert face["oa:hasTarget"]["@type"] == "ods:DigitalSpecimen"
    assert face["oa:hasBody"]["oa:value"] == ["a"]
    assert losses == [
        "openDS takes one target; 1 more are left out.",
        "openDS takes bodies of text only; others are left out.",
    ]


# ── as it comes from the field ───────────────────────────────────────────────────────────


def field(**more: Any) -> Document:
    """What a service sends, with the defects that are met."""
    return {
        "oa:motivation": "oa:editing",
        "oa:hasTarget": {
            "@id": SPECIMEN, "@type": SPECIMEN_TYPE, "dcterms:identifier": SPECIMEN,
            "oa:hasSelector": {"@type": "ods:TermSelector",
                               "ods:term": "['ods:hasEvents'][0]['dwc:eventDate']"},
        },
        "oa:hasBody": {"@type": "oa:TextualBody", "oa:value": '{"a": 1}', "ods:score": 0.9},
        "dcterms:creator": {"@type": "schema:SoftwareAgent", "schema:name": "ocr",
                            "schema:email": "a@b.example"},
        "dcterms:created": "2026-03-01T12:00:00.000Z",
        **more,
    }  # fmt: skip


def test_defects_of_the_field_are_mended_and_told() -> None:
    found = read(field(), default_creator=ME)
    (target,) = found.draft["oa:hasTarget"]
    assert target["ods:fdoType"] == SPECIMEN_TYPE
    assert target["oa:hasSelector"][0]["ods:term"] == "$['ods:hasEvents'][0]['dwc:eventDate']"
    assert found.draft["oa:hasBody"] == [
        {"@type": "oa:TextualBody", "rdf:value": '{"a": 1}', "ods:score": 0.9,
         "dcterms:format": ["application/json"]}
    ]  # fmt: skip
    assert found.draft["dcterms:creator"] == [
        {"@type": "schema:SoftwareApplication", "schema:name": "ocr"}
    ]
    assert found.repaired == found.draft["col:repaired"]
    assert len(found.repaired) == 4


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        ({"oa:motivation": "ods:commenting"}, {"oa:motivatedBy": ["oa:commenting"]}),
        ({"oa:motivation": "oa:deleting", "ods:mergingDecisionStatus": "ods:Pending"},
         {"oa:motivatedBy": ["ods:deleting"]}),
        ({"ods:placeInBatch": 4}, {"ods:placeInBatch": 4}),
        ({"ods:jobID": "20.5000.5072/AAA-BBB-CCC"},
         {"ods:jobID": "https://hdl.handle.net/20.5000.5072/AAA-BBB-CCC"}),
    ],
)  # fmt: skip
def test_words_under_the_wrong_prefix_are_understood(sent: Document, held: Document) -> None:
    assert held.items() <= drafted(field(**sent)).items()


def test_pixels_in_place_of_fractions_are_taken_as_pixels() -> None:
    roi = {"ac:xFrac": 0, "ac:yFrac": 0, "ac:widthFrac": 2000, "ac:heightFrac": 1400}
    sent = field()
    sent["oa:hasTarget"]["oa:hasSelector"] = {"@type": "oa:FragmentSelector", "ac:hasROI": roi}
    (target,) = drafted(sent)["oa:hasTarget"]
    assert target["oa:hasSelector"][0]["rdf:value"] == "xywh=pixel:0,0,2000,1400"


def test_examples_of_opends_are_read(shared_data: Path) -> None:
    seen = 0
    for file in sorted(shared_data.glob("openDS/fdo-type/annotation/0.4.0/examples/*.json")):
        example = json.loads(file.read_text("utf-8"))
        draft = drafted(example, own=example["@id"])
        face, losses = to_opends(stored(draft))
        assert losses == []
        reads = json.loads(json.dumps(face["dcterms:creator"]))
        reads.pop("schema:identifier")  # said twice, as openDS asks
        assert reads == example["dcterms:creator"]
        assert face.get("oa:motivatedBy") == example.get("oa:motivatedBy")
        assert face.get("oa:hasBody", {}).get("oa:value") == example.get("oa:hasBody", {}).get(
            "oa:value"
        )
        seen += 1
    assert seen == 5
