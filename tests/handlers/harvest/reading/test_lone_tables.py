"""Tables without a metafile as spreadsheets and portals write them: no row of theirs is lost."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pytest

from tests.handlers.harvest.reading.archive_building import Reading, occurrences, read


def reading_of(place: Path, text: str | bytes, name: str = "t.csv") -> Reading:
    file = place / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read(file, place / "w")


# ── what tells the rows apart ────────────────────────────────────────────────────────────


def test_an_id_column_that_stands_empty_is_none(tmp_path: Path) -> None:
    text = "occurrenceID,catalogNumber\n,B 1\n\\N,B 2\nNULL,B 3\n"
    reading = reading_of(tmp_path, text)
    assert [record.id for record in reading.records] == ["B 1", "B 2", "B 3"]
    assert "dwc:catalogNumber" in reading.one("id-from-triplet").message
    assert "dwc:occurrenceID" not in reading.one("id-from-triplet").message


def test_a_row_whose_id_is_empty_is_known_by_its_next_one(tmp_path: Path) -> None:
    text = "occurrenceID,institutionCode,catalogNumber\nx:1,B,1\n,B,2\n,B,\n"
    reading = reading_of(tmp_path, text)
    assert [record.id for record in reading.records] == ["x:1", "B:2"]
    told = "dwc:occurrenceID, else dwc:institutionCode + dwc:catalogNumber serves"
    assert told in reading.one("core-id-guessed").message
    assert reading.one("core-id-null").line == 4


def test_rows_of_a_table_all_of_whose_ids_are_empty_are_told_apart_by_their_line(
    tmp_path: Path,
) -> None:
    reading = reading_of(tmp_path, "occurrenceID,inventory\n,7\n,8\n")
    assert [record.id for record in reading.records] == ["t.csv-line-2", "t.csv-line-3"]
    assert "identifier-missing" in reading.codes


@pytest.mark.parametrize("shared", ["eventID", "taxonID"])
def test_two_specimens_of_one_event_or_taxon_are_two(shared: str, tmp_path: Path) -> None:
    reading = reading_of(tmp_path, f"{shared},catalogNumber\nE,1\nE,2\n")
    assert [record.id for record in reading.records] == ["1", "2"]


# ── rows ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("empty", [",,", ",", ",,,,", "", '"","",""'])
def test_the_empty_rows_of_a_spreadsheet_are_blank_lines(empty: str, tmp_path: Path) -> None:
    text = f"occurrenceID,country,year\nx:1,BE,1901\n{empty}\n{empty}\n"
    reading = reading_of(tmp_path, text)
    assert (len(reading.records), reading.counts["t.csv"].rows_in) == (1, 1)
    assert reading.one("blank-lines").rows == 2


def test_empty_rows_of_an_archive_are_blank_lines_too(tmp_path: Path) -> None:
    source = occurrences(tmp_path / "a", "id,c\n1,BE\n,\n", ("occurrenceID", "country"))
    reading = read(source, tmp_path / "w")
    assert reading.counts["occurrence.txt"].rows_in == 1


# ── the header ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "header",
    [
        '"inventory{end}(museum)",catalogNumber,country',
        'catalogNumber,country,"inventory{end}(museum)"',
        'catalogNumber,"inventory{end}{end}(museum)",country',
    ],
)
def test_a_line_break_in_a_quoted_header_parts_no_header(
    header: str, end: str, tmp_path: Path
) -> None:
    reading = reading_of(tmp_path, f"{header}\nA,B,C\nD,E,F\n".replace("{end}", end))
    assert len(reading.records) == 2
    assert reading.codes <= {"metadata-missing", "id-from-triplet"}
    assert set(reading.cores[0]) == {"dwc:catalogNumber", "dwc:country", "inventory (museum)"}
    assert sorted(reading.cores[1].values()) == ["D", "E", "F"]


@pytest.mark.parametrize("blank", ["\n", "\r\n\n", ",,\n", " \n", '"",,\n'])
def test_a_blank_line_above_the_header_is_passed_over(blank: str, tmp_path: Path) -> None:
    text = f"{blank}occurrenceID,country,year\nx:1,BE,1901\nx:2,NO,1902\n"
    reading = reading_of(tmp_path, text)
    assert [record.id for record in reading.records] == ["x:1", "x:2"]
    assert reading.codes == {"metadata-missing", "core-id-guessed"}


@pytest.mark.parametrize("header", ['catalogNumber,"country', 'catalogNumber,depth 5"'])
@pytest.mark.parametrize("rows", ['A,"BE"\nB,"NO"\n', 'A,BE\nB,"6"\n'])
def test_a_quote_in_the_header_that_nobody_closes_swallows_no_row(
    header: str, rows: str, tmp_path: Path
) -> None:
    reading = reading_of(tmp_path, f"{header}\n{rows}")
    assert [record.id for record in reading.records] == ["A", "B"]


def test_blank_lines_above_a_header_that_is_declared_make_no_record_of_it(tmp_path: Path) -> None:
    terms = ("occurrenceID", "country", "year")
    text = "\noccurrenceID,country,year\nx:1,BE,1901\n"
    reading = read(occurrences(tmp_path / "a", text, terms), tmp_path / "w")
    assert [record.id for record in reading.records] == ["x:1"]
    assert reading.one("header-undeclared").line == 2


def test_a_declared_header_over_two_lines_is_one_row(tmp_path: Path) -> None:
    text = 'occurrenceID,"country\n(today)"\nx:1,BE\n'
    source = occurrences(tmp_path / "a", text, ("occurrenceID", "country"), skip=2)
    reading = read(source, tmp_path / "w")
    assert [record.id for record in reading.records] == ["x:1"]
    assert reading.codes == {"metadata-missing"}


# ── packed tables ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("occ.csv.gz", "occ.csv"),
        ("occurrences.gz", "occurrences.txt"),
        ("occ.csv", "occ.csv"),
        ("occurrences", "occurrences.txt"),
        ("archive.do", "archive.do.txt"),
    ],
)
def test_a_packed_table_is_read_whatever_it_is_called(
    name: str, counted: str, tmp_path: Path
) -> None:
    text = b"occurrenceID,country\nx:1,BE\n"
    for packed in (gzip.compress(text), bz2.compress(text)):
        assert list(reading_of(tmp_path, packed, name).counts) == [counted]
