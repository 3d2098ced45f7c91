"""Mapping files: what a curator writes becomes an openDS data-mapping document, or is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdo.errors import SourceRefused
from fdo.representations.mappable import check
from handlers.harvest.mapping.curated import (
    default_values,
    draft_of,
    load_mapping,
    source_terms,
)

SHORT = """
name = "Minerals"
description = "Holder and ids"
[defaults]
"ods:organisationID" = "https://ror.org/0566bfb96"
[terms]
"ods:physicalSpecimenID" = "dwc:catalogNumber"
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_short_form_becomes_a_data_mapping(tmp_path: Path) -> None:
    document = load_mapping(written(tmp_path, "minerals.toml", SHORT))
    assert document["@type"] == "ods:DataMapping"
    assert document["schema:name"] == "Minerals"
    assert default_values(document) == {"ods:organisationID": "https://ror.org/0566bfb96"}
    assert source_terms(document) == {"ods:physicalSpecimenID": "dwc:catalogNumber"}


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    content = {
        "name": "Minerals",
        "description": "Holder and ids",
        "defaults": {"ods:organisationID": "https://ror.org/0566bfb96"},
        "terms": {"ods:physicalSpecimenID": "dwc:catalogNumber"},
    }
    as_json = load_mapping(written(tmp_path, "minerals.json", json.dumps(content)))
    assert as_json == load_mapping(written(tmp_path, "minerals.toml", SHORT))


def test_a_full_document_is_taken_as_it_is(tmp_path: Path) -> None:
    document = {
        "@type": "ods:DataMapping",
        "ods:hasDefaultMapping": [{"dwc:country": "Norway"}, {"dwc:country": "Sweden"}],
    }
    loaded = load_mapping(written(tmp_path, "m.json", json.dumps(document)))
    assert loaded == document
    assert default_values(loaded) == {"dwc:country": "Norway"}


def test_the_mapping_example_of_opends_can_be_used(shared_data: Path) -> None:
    example = shared_data / "openDS/fdo-type/data-mapping/0.4.0/examples/data-mapping-example.json"
    document = load_mapping(example)
    assert source_terms(document) == {"ods:physicalSpecimenID": "dwc:catalogNumber"}
    assert default_values(document) == {
        "ods:organisationID": "https://ror.org/05xg72x27",
        "ods:physicalSpecimenIDType": "Global",
    }
    assert document["schema:creator"]["schema:name"] == "John Doe"


@pytest.mark.parametrize(
    "written_as",
    [
        {"ods:hasDefaultMapping": {"dwc:country": "Norway"}},
        {"ods:hasDefaultMapping": [{"dwc:country": "Norway"}]},
        {"@type": "DataMapping", "ods:hasdefaultmapping": [{"dwc:country": "Norway"}]},
        {"@type": "ods:DataMapping", "ods:hasDefaultMapping": [{" dwc:country' ": "Norway"}]},
        {"ods:status": "ods:Active", "ods:hasDefaultMapping": [{"dwc:country": "Norway"}]},
    ],
)
def test_a_document_of_others_is_read_as_it_is_meant(
    written_as: dict[str, Any], tmp_path: Path
) -> None:
    loaded = load_mapping(written(tmp_path, "m.json", json.dumps(written_as)))
    assert default_values(loaded) == {"dwc:country": "Norway"}
    assert loaded["@type"] == "ods:DataMapping"


def test_what_the_repository_says_itself_of_a_specimen_no_mapping_says(tmp_path: Path) -> None:
    entries = [{"ods:fdoType": "ZoologyVertebrateSpecimen", "ods:type": "x", "dwc:country": "NO"}]
    text = json.dumps({"@type": "ods:DataMapping", "ods:hasDefaultMapping": entries})
    loaded = load_mapping(written(tmp_path, "m.json", text))
    assert default_values(loaded) == {"dwc:country": "NO"}
    assert loaded["ods:hasDefaultMapping"] == entries  # nothing that somebody wrote is lost


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bad.toml", "[defaults"),
        ("bad.json", "[]"),
        ("bad.json", "{"),
        ("bad.json", "[" * 100_000),
        ("bad.json", '{"defaults": [1]}'),
        ("bad.json", '{"terms": {"dwc:country": ["a"]}}'),
        ("bad.toml", '[default]\n"dwc:country" = "Norway"'),
        ("bad.toml", '[defaults]\n"dwc:county_name" = "Troms"'),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_refused_with_the_next_step(
    name: str, text: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceRefused) as refused:
        load_mapping(written(tmp_path, name, text))
    assert refused.value.details["code"] == "mapping-invalid" and name in refused.value.message


def test_a_missing_mapping_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused):
        load_mapping(tmp_path / "none.toml")


OTHERS = {"@id": "https://hdl.handle.net/20.5000.1025/AAA-BBB-CCC", "schema:version": 7}


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ({"ods:hasDefaultMappings": [{"dwc:country": "Norway"}]}, "ods:hasDefaultMappings"),
        ({"ods:hasDefaultMapping": "dwc:country"}, "/ods:hasDefaultMapping"),
        ({"ods:hasDefaultMapping": [{"dwc:country": {}}]}, "/ods:hasDefaultMapping/0/dwc:country"),
        ({"ods:hasTermMapping": ["dwc:country"]}, "/ods:hasTermMapping/0"),
        ({"ods:mappingDataStandard": "Excel"}, "/ods:mappingDataStandard"),
        ({"schema:name": 5}, "/schema:name"),
        ({"schema:creator": {"@type": "schema:Person", "age": 5}}, "/schema:creator"),
        ({"dwc:country": "Norway"}, "dwc:country"),
    ],
)
def test_a_full_document_that_could_not_be_recorded_is_refused_and_the_place_named(
    entries: dict[str, Any], named: str, tmp_path: Path
) -> None:
    text = json.dumps({"@type": "ods:DataMapping", **entries})
    with pytest.raises(SourceRefused) as refused:
        load_mapping(written(tmp_path, "m.json", text))
    assert refused.value.details["code"] == "mapping-invalid"
    assert named in refused.value.message and "m.json" in refused.value.message


def test_what_another_repository_says_of_its_mapping_is_not_said_of_ours(tmp_path: Path) -> None:
    loaded = load_mapping(
        written(tmp_path, "m.json", json.dumps({"@type": "ods:DataMapping", **OTHERS}))
    )
    recorded = draft_of(loaded, {"@type": "schema:Person"})
    assert recorded.keys().isdisjoint(OTHERS)
    assert recorded["ods:status"] == "Active" and recorded["schema:name"]


def test_a_date_in_toml_is_its_text(tmp_path: Path) -> None:
    text = '[defaults]\n"dwc:eventDate" = 1999-05-04'
    loaded = load_mapping(written(tmp_path, "m.toml", text))
    assert default_values(loaded) == {"dwc:eventDate": "1999-05-04"}


SHORT_FORMS = st.dictionaries(
    st.sampled_from(["name", "standard", "defaults", "terms", "@type", "ods:hasDefaultMapping"]),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=2),
            st.dictionaries(st.sampled_from(["dwc:country", "dwc:year", "x"]), inner, max_size=2),
        ),
        max_leaves=4,
    ),
)


@settings(max_examples=100, deadline=None)
@given(SHORT_FORMS)
def test_a_mapping_is_taken_or_refused_and_can_be_recorded_when_it_is_taken(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "drawn.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    try:
        document = load_mapping(path)
    except SourceRefused as refused:
        assert refused.details["code"] == "mapping-invalid"
        return
    check({"@id": "https://hdl.handle.net/20.5000.5072/AAA-AAA-AAA", **document})
    assert all(isinstance(value, str) for value in default_values(document).values())
