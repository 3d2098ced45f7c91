"""Mapping files: what a curator writes becomes an openDS data-mapping document, or is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fdo.errors import SourceRefused
from handlers.harvest.mapping.curated import default_values, load_mapping, source_terms

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


def test_the_mapping_example_of_opends_is_understood(shared_data: Path, tmp_path: Path) -> None:
    example = shared_data / "openDS/fdo-type/data-mapping/0.4.0/examples/data-mapping-example.json"
    document = json.loads(example.read_text("utf-8"))
    assert source_terms(document) == {"ods:physicalSpecimenID": "dwc:catalogNumber"}
    assert default_values(document)["ods:physicalSpecimenIDType"] == "Global"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bad.toml", "[defaults"),
        ("bad.json", "[]"),
        ("bad.json", "{"),
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
