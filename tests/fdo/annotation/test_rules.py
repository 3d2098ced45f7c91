"""What may be proposed of what: places, types of values, regions, and the result."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fdo.annotation.merging import applied
from fdo.annotation.paths import get, parse
from fdo.annotation.rules import FORBIDDEN, beside, breaches
from fdo.documents import Document
from fdo.lifecycle import Status
from ontologies.schemas import validator
from tests.fdo.annotation.saying import (
    COUNTRY,
    EVENT,
    IMAGE,
    NAMES,
    adding,
    deleting,
    editing,
    image,
    named,
    note,
    region,
    specimen,
    the,
)

GEOREFERENCE = {"@type": "ods:Georeference", "dwc:decimalLatitude": 58.4}
PLACED = {
    "@type": "ods:Location",
    "dwc:country": "Estonia",
    "dwc:minimumElevationInMeters": 40,
    "ods:hasGeoreference": GEOREFERENCE,
}
LATITUDE = f"{EVENT}['ods:hasLocation']['ods:hasGeoreference']['dwc:decimalLatitude']"


def located() -> Document:
    return specimen(
        **{"ods:hasEvents": [{"@type": "ods:Event", "ods:hasLocation": PLACED, "dwc:year": 1999}]}
    )


def faults(annotation: Document, document: Document | None = None) -> str:
    """What is wrong, in one text; "" for nothing."""
    return "; ".join(
        f"{pointer} {told}" for pointer, told in breaches(annotation, the(document or specimen()))
    )


def result(annotation: Document, document: Document, path: str) -> Any:
    """What stands at a path after a change that the rules let pass."""
    assert not faults(annotation, document)
    after = applied(document, annotation)
    assert validator(the(document).type).is_valid(after)
    return get(after, parse(path))


# ── places ───────────────────────────────────────────────────────────────────────────────


def test_what_is_edited_or_deleted_is_there() -> None:
    assert not faults(editing(COUNTRY, "Eesti"))
    assert not faults(deleting(COUNTRY))
    missing = f"{EVENT}['ods:hasLocation']['dwc:county']"
    assert "to edit; add it instead" in faults(editing(missing, "Tartu"))
    assert faults(deleting(missing)).endswith("to delete.")
    assert "nothing at" in faults(deleting(f"{NAMES}[2]"))


def test_what_is_added_is_not_there_but_its_parent_is() -> None:
    assert not faults(adding(f"{EVENT}['ods:hasLocation']['dwc:county']", "Tartu"))
    assert "edit it instead" in faults(adding(COUNTRY, "Eesti"))
    orphan = f"{EVENT}['ods:hasLocation']['ods:hasGeoreference']['dwc:geodeticDatum']"
    assert "add it first" in faults(adding(orphan, "WGS84"))
    assert "add it first" in faults(adding("$['ods:hasEvents'][3]['ods:hasAgents'][0]", {}))


@pytest.mark.parametrize("path", [NAMES, f"{NAMES}[0]", f"{NAMES}[2]", f"{NAMES}[7]"])
def test_adding_to_an_array_appends(path: str) -> None:
    found = result(adding(path, named("Larix decidua")), specimen(), NAMES)
    assert [each["ods:hasTaxonIdentifications"][0]["dwc:scientificName"] for each in found] == [
        "Abies alba",
        "Picea abies",
        "Larix decidua",
    ]


def test_adding_to_an_array_that_is_missing_makes_it() -> None:
    citation = {"dcterms:bibliographicCitation": "A flora, 1911"}
    made = [{"@type": "ods:Citation", **citation}]
    assert (
        result(adding("$['ods:hasCitations'][0]", citation), specimen(), "ods:hasCitations") == made
    )
    assert result(adding("$['ods:hasCitations']", citation), specimen(), "ods:hasCitations") == made


@pytest.mark.parametrize("term", sorted(FORBIDDEN - {"@type"}))
def test_what_the_repository_writes_is_not_changed(term: str) -> None:
    for annotation in (
        editing(f"$['{term}']", "x"),
        adding(f"$['{term}']", "x"),
        deleting(f"$['{term}']"),
    ):
        assert "written by the repository" in faults(annotation)


def test_the_name_and_class_of_a_node_are_not_changed() -> None:
    assert "written by" in faults(editing(f"{EVENT}['@type']", "ods:Location"))
    assert "written by" in faults(adding(f"{EVENT}['@id']", "x"))


def test_what_makes_no_version_is_not_changed() -> None:
    date = "$['ods:hasEntityRelationships'][0]['dwc:relationshipEstablishedDate']"
    assert "written by" in faults(adding(date, "2026-01-01T00:00:00.000Z"))


def test_a_term_that_its_class_does_not_have_is_refused() -> None:
    assert "is no term of ods:Location" in faults(
        adding(f"{EVENT}['ods:hasLocation']['dwc:sex']", "f")
    )
    assert "is no term" in faults(adding("$['toString']", "x"))


def test_a_whole_object_is_not_changed_at_once() -> None:
    assert "whole object" in faults(editing("$", {}))
    assert "whole object" in faults(deleting("$"))


def test_relationships_of_the_repository_are_kept_and_others_can_be_added() -> None:
    kept = "$['ods:hasEntityRelationships']"
    other = {"dwc:relationshipOfResource": "hasGenBankID", "dwc:relatedResourceID": "AB1"}
    own = {"dwc:relationshipOfResource": "hasDigitalMedia", "dwc:relatedResourceID": "AB1"}
    assert not faults(adding(kept, other))
    assert not faults(adding(f"{kept}[1]", other))
    assert "writes this relationship itself" in faults(adding(kept, own))
    assert "writes this relationship itself" in faults(deleting(f"{kept}[0]"))
    assert "writes this relationship itself" in faults(deleting(kept))
    assert "writes this relationship itself" in faults(editing(f"{kept}[0]", other))


def test_one_annotation_proposes_one_change_of_one_place() -> None:
    two = editing(COUNTRY, "Eesti")
    two["oa:motivatedBy"] = ["oa:editing", "ods:deleting"]
    assert "one change" in faults(two)
    two = editing(COUNTRY, "Eesti")
    two["oa:hasTarget"][0]["oa:hasSelector"] *= 2
    assert "one place" in faults(two)
    assert "Say which term" in faults(note("oa:editing", None, "Eesti"))


def test_a_change_that_changes_nothing_is_refused() -> None:
    assert "already" in faults(editing(COUNTRY, "Estonia"))


def test_a_comment_may_be_about_what_is_missing_but_possible() -> None:
    assert not faults(note("oa:commenting", COUNTRY, "Is it?"))
    assert not faults(note("oa:commenting", None, "A fine specimen"))
    assert not faults(note("oa:commenting", f"{EVENT}['ods:hasLocation']['dwc:county']", "Which?"))
    assert "is no term" in faults(note("oa:commenting", "$['dwc:nonsense']", "Which?"))


def test_only_what_is_active_is_annotated() -> None:
    for status in (Status.PID_ONLY, Status.TOMBSTONE, Status.DRAFT):
        ((pointer, told),) = breaches(note("oa:commenting", None, "x"), the(specimen(), status))
        assert pointer == "/oa:hasTarget/0" and status.value in told


# ── values ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "given_as", "becomes"),
    [
        (LATITUDE, "58.38", 58.38),
        (LATITUDE, 58.38, 58.38),
        (f"{EVENT}['dwc:year']", "1998", 1998),
        (f"{EVENT}['ods:hasLocation']['dwc:minimumElevationInMeters']", "-3", -3),
        ("$['ods:isMarkedAsType']", "true", True),
        ("$['ods:isMarkedAsType']", True, True),
        (COUNTRY, "058", "058"),
        ("$['ods:topicDiscipline']", "Botany", "Botany"),
    ],
)
def test_a_value_becomes_what_its_term_holds(path: str, given_as: Any, becomes: Any) -> None:
    document = located() | {"ods:topicDiscipline": "Zoology"}
    found = result(editing(path, given_as), document, path)
    assert found == becomes and type(found) is type(becomes)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (LATITUDE, "north", "a number"),
        (LATITUDE, "91", "maximum of 90"),
        (LATITUDE, "nan", "a number"),
        (LATITUDE, True, "a number"),
        (f"{EVENT}['dwc:year']", "1999.5", "whole number"),
        ("$['ods:isMarkedAsType']", "yes", "true or false"),
        (COUNTRY, 5, "holds text"),
        (COUNTRY, " ", "empty text"),
        ("$['ods:livingOrPreserved']", "Undead", "Undead"),
        (f"{EVENT}['ods:hasLocation']", "Tartu", "JSON object"),
        (f"{EVENT}['ods:hasLocation']", {"dwc:sex": "f"}, "dwc:sex"),
    ],
)
def test_a_value_that_its_term_cannot_hold_is_refused(path: str, value: Any, told: str) -> None:
    document = located() | {"ods:livingOrPreserved": "Preserved"}
    found = breaches(editing(path, value), the(document))
    assert [pointer for pointer, _ in found] == ["/oa:hasBody"]
    assert told in found[0][1]


def test_nodes_get_their_classes() -> None:
    given_as = {"dwc:country": "Eesti", "ods:hasGeoreference": {"dwc:decimalLatitude": 58}}
    found = result(
        editing(f"{EVENT}['ods:hasLocation']", given_as), located(), f"{EVENT}['ods:hasLocation']"
    )
    assert found["@type"] == "ods:Location"
    assert found["ods:hasGeoreference"]["@type"] == "ods:Georeference"


def test_lists_of_texts_take_texts_or_a_list() -> None:
    for values in (("et", "la"), (["et", "la"],)):
        found = result(
            adding("$['ods:metadataLanguages']", *values), specimen(), "ods:metadataLanguages"
        )
        assert found == ["et", "la"]


def test_a_remark_beside_the_value_is_no_value() -> None:
    annotation = editing(COUNTRY, "Eesti", "since 1918")
    annotation["oa:hasBody"][1]["oa:hasPurpose"] = ["oa:commenting"]
    assert result(annotation, specimen(), COUNTRY) == "Eesti"
    assert "holds one" in faults(editing(COUNTRY, "Eesti", "Estonia!"))
    assert "no value" in faults(editing(COUNTRY))


def test_what_a_schema_requires_is_not_deleted() -> None:
    gone = deleting(f"{NAMES}[0]['ods:isVerifiedIdentification']")
    assert "would break its schema" in faults(gone)


def test_media_are_changed_by_the_same_rules() -> None:
    document = image()
    assert (
        result(adding("$['dcterms:title']", "A label", of=IMAGE), document, "dcterms:title")
        == "A label"
    )
    path = "$['exif:PixelXDimension']"
    assert result(editing(path, "1999", of=IMAGE), document, path) == 1999
    assert "written by" in faults(editing("$['ac:accessURI']", "https://x.org", of=IMAGE), document)


# ── regions ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fragment",
    [
        "xywh=percent:0,0,100,100",
        "xywh=percent:33.3,0.5,66.7,1",
        "xywh=percent:1.2345679012345678,0.5,98.7654320987654322,1",  # 17 digits of a float
        "xywh=percent:30.000000000000004,0,70,100",
        "xywh=0,0,2000,1000",
        "xywh=pixel:1999,999,1,1",
        "t=10,20",
    ],
)
def test_a_region_inside_its_image_passes(fragment: str) -> None:
    assert not faults(region(fragment), image())


@pytest.mark.parametrize(
    ("fragment", "told"),
    [
        ("xywh=percent:50,0,51,10", "beyond the width"),
        ("xywh=percent:0,99,1,2", "beyond the height"),
        ("xywh=pixel:1999,0,2,1", "beyond the width"),
        ("xywh=0,1000,1,1", "beyond the height"),
        ("xywh=percent:0,0,0,10", "above 0"),
        ("xywh=percent:-1,0,5,5", "is no region"),
        ("xywh=1,2,3", "is no region"),
        ("xywh=pixel:1e9,0,1,1", "is no region"),
    ],
)
def test_a_region_outside_its_image_is_refused(fragment: str, told: str) -> None:
    found = breaches(region(fragment), the(image()))
    assert [pointer for pointer, _ in found] == ["/oa:hasTarget/0/oa:hasSelector/0/rdf:value"]
    assert told in found[0][1]


def test_a_region_is_of_an_image() -> None:
    assert "part of an image" in faults(region("xywh=0,0,1,1"), specimen())


def test_pixels_of_an_image_of_unknown_size_are_believed() -> None:
    document = image()
    del document["exif:PixelXDimension"], document["exif:PixelYDimension"]
    assert not faults(region("xywh=pixel:100000,0,1,1"), document)


def drawing(svg: str) -> Document:
    """A comment on what a drawing lies over."""
    said = region("xywh=0,0,1,1")
    selector = {"@type": "oa:SvgSelector", "rdf:value": svg}
    said["oa:hasTarget"][0]["oa:hasSelector"] = [selector]
    return said


@pytest.mark.parametrize(
    ("svg", "told"),
    [
        ("<svg><polygon points='1,2 2000,4 5,1000'/></svg>", ""),
        ("<svg><polygon points='1,2 2001,4 5,60'/></svg>", "beyond the width"),
        ("<svg><circle cx='5' cy='999' r='2'/></svg>", "beyond the height"),
        ("<svg viewBox='0 0 9000 9000'><rect x='5' y='5' width='8000' height='9'/></svg>", ""),
        ("<svg viewBox='0 0 90 90'><rect x='85' y='5' width='8' height='9'/></svg>", "the width"),
        ("<svg><path d='M0 0 c1 1 9999 9 9 9'/></svg>", ""),
    ],
)
def test_a_drawing_lies_in_its_image_as_far_as_it_can_be_read(svg: str, told: str) -> None:
    found = faults(drawing(svg), image())
    assert told in found if told else not found
    assert "part of an image" in faults(drawing(svg), specimen())


def test_a_further_target_is_looked_at_like_the_first() -> None:
    said = region("xywh=0,0,1,1")
    far, nonsense = region("xywh=0,0,2001,1"), note("oa:linking", "$['dwc:nonsense']")
    said["oa:hasTarget"] += [*far["oa:hasTarget"], *nonsense["oa:hasTarget"]]
    assert not breaches(said, the(image()))
    ((place, told),) = beside(said, 1, the(image()))
    assert place == "/oa:hasTarget/1/oa:hasSelector/0/rdf:value" and "beyond the width" in told
    ((place, told),) = beside(said, 2, the(specimen()))
    assert place == "/oa:hasTarget/2/oa:hasSelector/0/ods:term" and "dwc:nonsense" in told
    assert beside(said, 1, the(image(), Status.TOMBSTONE)) == []  # one may link to what ended


@given(x=st.integers(0, 100), y=st.integers(0, 100), w=st.integers(0, 100), h=st.integers(0, 100))
def test_a_region_in_percent_passes_exactly_where_it_lies_inside(
    x: int, y: int, w: int, h: int
) -> None:
    inside = w > 0 and h > 0 and x + w <= 100 and y + h <= 100
    assert (not faults(region(f"xywh=percent:{x},{y},{w},{h}"), image())) == inside


# ── hostile ──────────────────────────────────────────────────────────────────────────────

HOSTILE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = st.sampled_from(
    [
        COUNTRY,
        LATITUDE,
        NAMES,
        f"{NAMES}[0]",
        EVENT,
        "$['ods:isMarkedAsType']",
        "$['ods:hasAgents']",
    ]
)


@given(st.sampled_from([editing, adding]), PLACES, HOSTILE)
def test_whatever_a_body_says_the_result_is_valid_or_refused(
    make: Any, path: str, value: Any
) -> None:
    annotation, document = make(path, value), located()
    if not breaches(annotation, the(document)):
        assert validator("specimen").is_valid(applied(document, annotation))


def test_a_value_that_is_nested_without_end_is_refused() -> None:
    nested = '{"ods:hasAgents":' + "[" * 900 + "]" * 900 + "}"
    for annotation in (editing(EVENT, nested), adding("$['ods:hasEvents']", nested)):
        assert "levels deep" in faults(annotation)


def test_control_characters_are_no_part_of_a_value() -> None:
    assert "control characters" in faults(editing(COUNTRY, "Ees\x00ti"))
    assert "control characters" in faults(adding(NAMES, named("Abies\x1balba")))
    assert not faults(editing(COUNTRY, "Eesti\n(Estland)"))
