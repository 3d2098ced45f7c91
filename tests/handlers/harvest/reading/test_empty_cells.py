"""Cells in which a database wrote that there is no value."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.handlers.harvest.reading.archive_building import (
    MULTIMEDIA,
    folder,
    metafile,
    occurrences,
    read,
    table,
)

TERMS = ("", "occurrenceID", "catalogNumber", "recordedBy")


@pytest.mark.parametrize("nothing", ["", "NULL", "\\N", " ", "\u00a0", " NULL "])
def test_a_cell_of_a_database_s_null_or_of_blanks_is_empty(nothing: str, tmp_path: Path) -> None:
    text = f"id,o,c,by\n1,{nothing},B 1,{nothing}\n2,{nothing},B 2,Lee\n"
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert reading.cores == [
        {"dwc:catalogNumber": "B 1"},
        {"dwc:catalogNumber": "B 2", "dwc:recordedBy": "Lee"},
    ]


@pytest.mark.parametrize("name", ["Null", "null", "NULLER", "N"])
def test_a_person_may_be_called_null(name: str, tmp_path: Path) -> None:
    reading = read(occurrences(tmp_path / "a", f"id,o,c,by\n1,x,,{name}\n", TERMS), tmp_path)
    assert reading.cores[0]["dwc:recordedBy"] == name


def test_a_value_keeps_the_blanks_around_it(tmp_path: Path) -> None:
    reading = read(occurrences(tmp_path / "a", "id,o,c,by\n1,x,, Lee \n", TERMS), tmp_path)
    assert reading.cores[0]["dwc:recordedBy"] == " Lee "


def test_what_is_empty_takes_the_default_of_the_metafile(tmp_path: Path) -> None:
    more = '<field index="4" term="http://rs.tdwg.org/dwc/terms/country" default="Estonia"/>'
    text = "id,o,c,by,land\n1,x,,Lee,NULL\n2,y,,Lee,Latvia\n"
    reading = read(occurrences(tmp_path / "a", text, TERMS, more=more), tmp_path)
    assert [core["dwc:country"] for core in reading.cores] == ["Estonia", "Latvia"]


def test_the_rows_of_extensions_are_read_alike(tmp_path: Path) -> None:
    terms = ("", "http://purl.org/dc/terms/identifier", "http://purl.org/dc/terms/license")
    place = folder(
        tmp_path / "a",
        meta=metafile(
            table("occurrence.txt", TERMS),
            table("media.txt", terms, row_type=MULTIMEDIA, kind="extension"),
        ),
        occurrence="id,o,c,by\n1,x,,Lee\n",
        media="id,i,l\n1,https://example.org/1.jpg,NULL\n",
    )
    (record,) = read(place, tmp_path / "w").records
    assert record.extensions == {
        "gbif:Multimedia": [{"dcterms:identifier": "https://example.org/1.jpg"}]
    }
