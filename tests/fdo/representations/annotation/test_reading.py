"""What strangers send is read, put right and told, or refused by pointer."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdo.errors import InvalidDocument
from fdo.representations.annotation.reading import Limits, read
from tests.fdo.representations.annotation.made import (
    COUNTRY,
    ME,
    MEDIA,
    PID,
    SPECIMEN,
    drafted,
    w3c,
)

BASE = "https://repository.example"


def refused(data: Any, **how: Any) -> dict[str, str]:
    """Pointer → sentence of what is wrong."""
    with pytest.raises(InvalidDocument) as caught:
        read(data, default_creator=ME, **how)
    return dict(caught.value.pointers)


# ── one form for what means the same ─────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "target",
    [
        SPECIMEN,
        "doi:10.5072/aaa-bbb-ccc",
        "10.5072/AAA-BBB-CCC",
        f"{BASE}/10.5072/AAA-BBB-CCC",
        {"id": SPECIMEN},
        {"source": SPECIMEN},
        {"source": {"id": SPECIMEN}},
        {"type": "SpecificResource", "source": SPECIMEN},
        [SPECIMEN],
    ],
)
def test_an_object_of_a_repository_is_a_specific_resource(target: Any) -> None:
    assert drafted(w3c(target=target), base=BASE)["oa:hasTarget"] == [
        {"@type": "oa:SpecificResource", "oa:hasSource": SPECIMEN}
    ]


@pytest.mark.parametrize(
    ("fragment", "selector"),
    [
        ("xywh=percent:1,2,3,4", {"@type": "oa:FragmentSelector",
                                  "rdf:value": "xywh=percent:1,2,3,4",
                                  "dcterms:conformsTo": "http://www.w3.org/TR/media-frags/"}),
        ("event-1-location", {"@type": "ods:ClassSelector",
                              "ods:class": "$['ods:hasEvents'][0]['ods:hasLocation']"}),
    ],
)  # fmt: skip
def test_a_fragment_becomes_a_selector(fragment: str, selector: dict[str, str]) -> None:
    (target,) = drafted(w3c(target=f"{MEDIA}#{fragment}"))["oa:hasTarget"]
    assert target == {
        "@type": "oa:SpecificResource",
        "oa:hasSource": MEDIA,
        "oa:hasSelector": [selector],
    }


@pytest.mark.parametrize("path", [COUNTRY, COUNTRY[1:], COUNTRY.replace("'", '"')])
def test_term_paths_have_one_form(path: str) -> None:
    found = drafted(w3c(target={"source": SPECIMEN, "selector": {"type": "ods:TermSelector",
                                                                "ods:term": path}}))  # fmt: skip
    assert found["oa:hasTarget"][0]["oa:hasSelector"][0]["ods:term"] == COUNTRY


@pytest.mark.parametrize(
    ("region", "canonical"),
    [
        ("xywh=10,20,30,40", "xywh=pixel:10,20,30,40"),
        ("xywh=percent:10.0,020.50,3,4", "xywh=percent:10,20.5,3,4"),
        ("t=10,20", "t=10,20"),
    ],
)
def test_regions_have_one_form(region: str, canonical: str) -> None:
    found = drafted(w3c(target={"source": MEDIA, "selector": {"type": "FragmentSelector",
                                                             "value": region}}))  # fmt: skip
    assert found["oa:hasTarget"][0]["oa:hasSelector"][0]["rdf:value"] == canonical


def test_a_body_value_is_a_plain_text() -> None:
    assert drafted(w3c(bodyValue="x"))["oa:hasBody"] == [
        {"@type": "oa:TextualBody", "rdf:value": "x", "dcterms:format": ["text/plain"]}
    ]


def test_a_value_that_is_no_text_is_json() -> None:
    found = read(w3c(body={"type": "TextualBody", "value": {"a": 1.5}}), default_creator=ME)
    assert found.draft["oa:hasBody"][0]["rdf:value"] == '{"a":1.5}'
    assert found.draft["oa:hasBody"][0]["dcterms:format"] == ["application/json"]
    assert found.repaired == ["A value that is no text was written as JSON."]


def test_who_sends_it_is_the_creator_where_nobody_is_named() -> None:
    assert drafted(w3c())["dcterms:creator"] == [ME]


def test_addresses_of_mail_are_not_kept() -> None:
    found = read(w3c(creator={"type": "Person", "name": "A", "email": "mailto:a@b.example"}),
                 default_creator=ME)  # fmt: skip
    assert found.draft["dcterms:creator"] == [{"@type": "schema:Person", "schema:name": "A"}]
    assert found.repaired == ["Addresses of mail are not kept."]


def test_the_id_that_it_bore_is_kept_as_its_origin() -> None:
    assert drafted(w3c(id="https://example.org/1"))["oa:via"] == "https://example.org/1"
    assert "oa:via" not in drafted(w3c(id=PID), own=PID)


def test_only_the_repository_decides() -> None:
    found = read(
        w3c(**{"ods:mergingDecisionStatus": "Approved", "col:contentKey": "00", "ods:version": 9}),
        default_creator=ME,
    )
    assert not {"ods:mergingDecisionStatus", "col:contentKey", "ods:version"} & found.draft.keys()
    assert found.repaired[0].startswith("What becomes of a proposal is decided here")


def test_what_was_put_right_before_stays_told() -> None:
    found = read(w3c(**{"col:repaired": ["It was so."]}), default_creator=ME, own=PID)
    assert found.repaired == ["It was so."]
    assert read(w3c(**{"col:repaired": ["A lie."]}), default_creator=ME).repaired == []


# ── what cannot be held ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"a/b~c": 1}, "/a~1b~0c"),
        ({"target": []}, "/target"),
        ({"target": {"value": "x"}}, "/target"),
        ({"target": "javascript:alert(1)"}, "/target"),
        ({"body": "data:text/html,<script>"}, "/body"),
        ({"body": {"id": "file:///etc/passwd"}}, "/body/id"),
        ({"body": {"id": "https://u:p@example.org/"}}, "/body/id"),
        ({"body": {"value": "x", "source": "https://example.org/"}}, "/body/source"),
        ({"body": {"value": "x", "id": "https://example.org/", "purpose": "tagging"}}, "/body/id"),
        ({"body": {"id": "https://example.org/", "purpose": "tagging"}}, "/body/purpose"),
        ({"body": {"type": "Choice", "items": []}}, "/body/items"),
        ({"body": {"type": "Choice", "items": ["https://e.org/"], "id": "https://e.org/"}},
         "/body/id"),
        ({"body": [{"value": "x", "ods:score": 2}]}, "/body/0/ods:score"),
        ({"body": {"value": "x", "textDirection": "up"}}, "/body/textDirection"),
        ({"body": {"value": "x"}, "bodyValue": "y"}, "/bodyValue"),
        ({"type": "Bookmark"}, "/type"),
        ({"type": ["Annotation", "https://example.org/T"]}, "/type"),
        ({"motivation": "oa:selling"}, "/motivation"),
        ({"motivation": 5}, "/motivation"),
        ({"target": {"source": MEDIA, "selector": {"type": "SvgSelector", "value":
          "<svg onload=alert(1)>"}}}, "/target/selector/value"),
        ({"target": {"source": MEDIA, "selector": {"type": "SvgSelector"}}}, "/target/selector"),
        ({"target": {"source": MEDIA, "selector": {"type": "ods:TermSelector",
                                                   "ods:term": "$['a'][*]"}}},
         "/target/selector/ods:term"),
        ({"target": {"source": MEDIA, "selector": {"type": "RangeSelector"}}}, "/target/selector"),
        ({"target": {"source": MEDIA, "state": {"type": "TimeState"}}}, "/target/state"),
        ({"target": {"source": MEDIA, "styleClass": "red"}}, "/stylesheet"),
        ({"target": f"{MEDIA}#xywh=1,2,3,4", "body": {"source": MEDIA, "selector": 5}},
         "/body/selector"),
        ({"@context": "https://attacker.example/context"}, "/@context"),
        ({"@context": [{"oa": "https://attacker.example/"}]}, "/@context/oa"),
        ({"ods:placeInBatch": "one"}, "/ods:placeInBatch"),
        ({"col:modelSha256": "abc"}, "/col:modelSha256"),
        ({"rights": "free"}, "/rights"),
        ({"creator": {"id": "javascript:x", "type": "Person"}}, "/creator/id"),
    ],
)  # fmt: skip
def test_what_cannot_be_held_is_refused_by_pointer(more: dict[str, Any], pointer: str) -> None:
    assert pointer in refused(w3c(**more))


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert refused(w3c(colour="red", body={"value": "x", "shape": "round"})).keys() == {
        "/colour",
        "/body/shape",
    }


def test_an_annotation_is_bounded() -> None:
    assert "" in refused(w3c(bodyValue="x" * 70_000))
    assert "" in refused(w3c(bodyValue="x" * 200), limits=Limits(bytes=200))
    assert "/oa:hasBody" in refused(w3c(body=[{"value": "x"}] * 101))
    deep: Any = "https://example.org/"
    for _ in range(30):
        deep = {"type": "Choice", "items": [deep]}
    assert any("deeper" in sentence for sentence in refused(w3c(body=deep)).values())


@pytest.mark.parametrize("data", [None, [], "x", 5, {}, {"\ud800": 1}, {"oa:hasTarget": [[]]}])
def test_what_is_no_annotation_is_refused(data: Any) -> None:
    assert refused(data)


json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False),
              st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(
        st.sampled_from(["id", "@id", "type", "@type", "source", "selector", "value", "items",
                         "oa:value", "oa:hasSelector", "ac:hasROI", "ac:xFrac", "name", "state"]),
        inner, max_size=4)),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.dictionaries(
        st.sampled_from(["type", "@type", "target", "body", "bodyValue", "creator", "motivation",
                         "oa:motivation", "oa:hasTarget", "oa:hasBody", "oa:motivatedBy",
                         "dcterms:creator", "@context", "id", "via", "audience", "stylesheet",
                         "ods:batchID", "ods:mergingDecisionStatus", "col:repaired"]),
        json, max_size=6,
    ),
    own=st.sampled_from([None, PID]),
)  # fmt: skip
def test_nothing_that_is_sent_makes_the_reader_fail(data: dict[str, Any], own: str | None) -> None:
    try:
        found = read(data, default_creator=ME, own=own)
    except InvalidDocument as refusal:
        assert refusal.pointers
    else:
        orjson.dumps(found.draft)
