"""Archives as institutions publish them, with the counts of their description."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdo.errors import SourceRefused
from handlers.harvest.reading.archive import open_source
from tests.handlers.harvest.reading.archive_building import read

COUNTS = {
    "dwca/trom-algae-herbarium.zip": (2921, {"gbif:Multimedia": 2951}),
    "dwca/inhs-insects-5k.tar.gz": (5000, {}),
    "dwca/mnhnl-fossils-20-associated-media.zip": (20, {}),
    "dwca/naturalis-tunicata-14-ac-multimedia.zip": (14, {"ac:Multimedia": 14}),
    "csv/naturalis-minerals-1000.csv": (1000, {}),
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_real_archive_gives_all_its_rows(name: str, shared_data: Path, tmp_path: Path) -> None:
    reading = read(shared_data / name, tmp_path, specimens=True)
    attached: dict[str, int] = {}
    for record in reading.records:
        for row_type, rows in record.extensions.items():
            attached[row_type] = attached.get(row_type, 0) + len(rows)
    assert (len(reading.records), attached) == COUNTS[name]
    assert all(each.severity != "error" for each in reading.diagnostics)
    assert reading.metadata.title
    assert reading.metadata.licence
    assert reading.metadata.organisation_name


def test_values_come_from_columns_and_from_defaults(shared_data: Path, tmp_path: Path) -> None:
    records = read(shared_data / "dwca/inhs-insects-5k.tar.gz", tmp_path).records
    assert {record.core["dwc:basisOfRecord"] for record in records} == {"Preserved Specimen"}
    assert sum(record.core.get("dwc:order") == "Plecoptera" for record in records) == 222


def test_the_file_is_believed_where_the_metafile_is_wrong(
    shared_data: Path, tmp_path: Path
) -> None:
    reading = read(shared_data / "csv/naturalis-minerals-1000.csv", tmp_path)
    assert reading.codes == {
        "dialect-contradiction",
        "header-of-numbers",
        "location-contradiction",
        "term-repeated",
    }
    first = reading.records[0]
    assert first.id == "RGM.26190"
    assert first.core["dwc:scientificName"] == "CALCITE, GALENA"
    assert first.core["dwc:geodeticDatum"] == "WGS84"
    assert first.core["dwc:basisOfRecord"] == "OtherSpecimen"


def test_a_checklist_is_refused_as_specimens(shared_data: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceRefused) as refusal:
        open_source(shared_data / "checklist-plecoptera", tmp_path)
    assert refusal.value.details["code"] == "not-specimens"
    assert "dwc:Taxon" in refusal.value.message
    assert not any(tmp_path.iterdir())


def test_a_checklist_can_be_read_by_who_wants_one(shared_data: Path, tmp_path: Path) -> None:
    reading = read(shared_data / "checklist-plecoptera", tmp_path, partial=True)
    assert reading.row_type == "dwc:Taxon"
    assert len(reading.records) == 5198
    assert reading.records[0].core["dwc:scientificName"] == "Plecoptera"
    assert reading.records[0].core["dwc:kingdom"] == "Animalia"
    assert reading.codes == {"extension-missing"}


def test_the_licence_is_the_link_of_the_rights_statement(shared_data: Path, tmp_path: Path) -> None:
    metadata = read(shared_data / "dwca/trom-algae-herbarium.zip", tmp_path).metadata
    assert metadata.licence == "http://creativecommons.org/licenses/by/4.0/legalcode"
