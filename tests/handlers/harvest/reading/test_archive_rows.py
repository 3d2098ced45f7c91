"""Rows that are broken in known ways: kept or reported, named, and never lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.harvest.reading import diagnostics
from handlers.harvest.reading.diagnostics import TOLD
from tests.handlers.harvest.reading.archive_building import (
    folder,
    metafile,
    occurrences,
    read,
    table,
)

TERMS = ("occurrenceID", "recordedBy", "locality", "country")


def test_a_line_break_inside_quotes_stays_in_the_cell(tmp_path: Path) -> None:
    text = 'id,by,loc,c\n1,"A. Lee","Two\r\nlines, and\nthree",BE\n2,B,C,D\n'
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert reading.cores[0]["dwc:locality"] == "Two\r\nlines, and\nthree"
    assert [record.line for record in reading.records] == [2, 5]
    assert reading.codes == {"metadata-missing"}


def test_a_quote_that_nobody_closes_swallows_no_row(tmp_path: Path) -> None:
    text = 'id,by,loc,c\n1,"Lee,Ghent,BE\n2,Moe,Oslo,NO\n3,"Poe",Lima,PE\n4,Roe,Rome,IT\n'
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert [record.id for record in reading.records] == ["1", "2", "3", "4"]
    assert reading.cores[0]["dwc:recordedBy"] == '"Lee'
    assert reading.cores[2]["dwc:recordedBy"] == "Poe"
    found = reading.one("runaway-quote")
    assert (found.line, found.offset, found.severity) == (2, 12, "warning")


def test_a_swallowing_that_happens_to_be_well_formed_is_seen_too(tmp_path: Path) -> None:
    text = 'id,by,loc,c\n1,Lee,"Gh,BE\n2,Moe,12",NO\n3,Poe,Lima,PE\n'
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert [record.id for record in reading.records] == ["1", "2", "3"]
    assert reading.cores[1]["dwc:locality"] == '12"'


def test_a_broken_row_does_not_take_whole_rows_with_it(tmp_path: Path) -> None:
    text = 'id,by,loc,c\n1,"Lee\n2,Moe,Oslo,NO\n3,Poe",Lima\n4,Roe,Rome,IT\n'
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert [record.id for record in reading.records] == ["1", "2", "3", "4"]
    assert {"runaway-quote", "row-too-short"} <= reading.codes


def test_a_quote_open_to_the_end_of_a_long_file_costs_one_row(tmp_path: Path) -> None:
    rows = "".join(f"{i},Lee,Ghent,BE\n" for i in range(2, 6000))
    text = f'id,by,loc,c\n1,"Lee,Ghent,BE\n{rows}'
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert len(reading.records) == 5999
    assert reading.rows_of("runaway-quote") == 1


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        ('"the "Big" rock"', 'the "Big" rock', "unescaped-quote"),
        ('"called "Big""', 'called "Big"', "unescaped-quote"),
        (r'"{\"a\": 1, \"b\": 2}"', '{"a": 1, "b": 2}', "backslash-escaped-quote"),
    ],
)
def test_quotes_inside_quoted_cells_are_characters(
    cell: str, value: str, code: str, tmp_path: Path
) -> None:
    text = f"id,by,loc,c\n1,Lee,{cell},BE\n2,Moe,Oslo,NO\n"
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert reading.cores[0]["dwc:locality"] == value
    assert reading.cores[1]["dwc:locality"] == "Oslo"
    assert code in reading.codes


def test_a_quote_inside_an_unquoted_cell_is_nothing_special(tmp_path: Path) -> None:
    text = 'id,by,loc,c\n1,Lee,12\'30"N,BE\n2,Moe,Hole 5" deep,NO\n'
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert reading.cores[0]["dwc:locality"] == "12'30\"N"
    assert reading.codes == {"metadata-missing"}


def test_a_short_row_is_kept_and_a_fragment_reported(tmp_path: Path) -> None:
    text = "id,by,loc,c\n1,Lee,Ghent\nof a text\n2,Moe,Oslo,NO\n"
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert [record.id for record in reading.records] == ["1", "2"]
    assert reading.one("row-too-short").line == 2
    fragment = reading.one("row-fragment")
    assert (fragment.line, fragment.offset, fragment.severity) == (3, 24, "error")


def test_a_row_with_a_value_too_many_is_reported(tmp_path: Path) -> None:
    text = "id,by,loc,c\n1,Lee, Ann,Ghent,BE\n2,Moe,Oslo,NO,,\n"
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert [record.id for record in reading.records] == ["2"]
    assert "5 cells instead of 4" in reading.one("row-too-long").message


def test_repeated_and_null_ids_are_reported_and_the_first_stands(tmp_path: Path) -> None:
    text = "id,by,loc,c\n1,Lee,a,b\n1,Moe,c,d\n,Poe,e,f\n\\N,Roe,g,h\n \t,Zoe,i,j\n"
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert [core["dwc:recordedBy"] for core in reading.cores] == ["Lee"]
    assert reading.rows_of("core-id-repeated") == 1
    assert reading.rows_of("core-id-null") == 3
    assert reading.one("core-id-repeated").record == "1"


def test_each_row_that_is_kept_out_is_told_with_its_line(tmp_path: Path) -> None:
    text = "id,by,loc,c\n" + "".join(f",Lee {i},a,b\n" for i in range(1000))
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    lines = [each.line for each in reading.diagnostics if each.code == "core-id-null"]
    assert lines == list(range(2, 1002))


def test_many_bad_rows_are_counted_in_full_and_told_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnostics, "TOLD_ERRORS", 50)
    bad = (f",Lee {i},a,b\n{i},Short {i},c\n" for i in range(1000))
    reading = read(occurrences(tmp_path / "a", "id,by,loc,c\n" + "".join(bad), TERMS), tmp_path)
    for code, told in (("core-id-null", 50), ("row-too-short", TOLD)):
        assert reading.rows_of(code) == 1000
        assert sum(each.code == code for each in reading.diagnostics) == told + 1


def test_a_term_mapped_twice_loses_neither_value(tmp_path: Path) -> None:
    terms = ("occurrenceID", "locality", "locality")
    text = "id,a,b\n1,Ghent,Gent\n2,,Oslo\n3,Lima,Lima\n"
    reading = read(occurrences(tmp_path / "a", text, terms), tmp_path)
    assert [(c.get("dwc:locality"), c.get("dwc:locality#2")) for c in reading.cores] == [
        ("Ghent", "Gent"),
        ("Oslo", None),
        ("Lima", None),
    ]
    assert "columns 2, 3" in reading.one("term-repeated").message


def test_a_default_fills_empty_cells_only(tmp_path: Path) -> None:
    more = '<field index="1" default="BE" term="http://rs.tdwg.org/dwc/terms/country"/>'
    source = occurrences(tmp_path / "a", "id,c\n1,\n2,NO\n", ("occurrenceID",), more=more)
    reading = read(source, tmp_path)
    assert [core["dwc:country"] for core in reading.cores] == ["BE", "NO"]


def test_a_default_for_a_column_that_the_file_lacks_is_a_constant(tmp_path: Path) -> None:
    more = '<field index="7" default="BE" term="http://rs.tdwg.org/dwc/terms/country"/>'
    source = occurrences(tmp_path / "a", "id\n1\n", ("occurrenceID",), more=more)
    assert read(source, tmp_path).cores == [{"dwc:country": "BE", "dwc:occurrenceID": "1"}]


def test_an_unmapped_column_is_kept_under_its_header(tmp_path: Path) -> None:
    text = "id,shelf,loc\n1,B4,Ghent\n"
    reading = read(occurrences(tmp_path / "a", text, ("occurrenceID", "", "locality")), tmp_path)
    assert reading.cores[0]["shelf"] == "B4"
    assert "column-unmapped" in reading.codes


@pytest.mark.parametrize(
    ("declared", "written", "code"),
    [
        ("UTF-8", "latin-1", "encoding-false"),
        ("ISO-8859-1", "utf-8", None),
        ("UTF-8", "utf-16", "encoding-false"),
        ("UTF-8", "utf-8-sig", None),
        ("windows-1252", "cp1252", None),
        ("no-such-thing", "utf-8", "encoding-unknown"),
        ("ISO-8859-1", "latin-1", None),
    ],
)
def test_text_is_read_right_whatever_the_declared_encoding(
    declared: str, written: str, code: str | None, tmp_path: Path
) -> None:
    text = "id,by,loc,c\n1,Müller,Tromsø,NO\n2,Moe,Oslo,NO\n".encode(written)
    reading = read(occurrences(tmp_path / "a", text, TERMS, encoding=declared), tmp_path)
    assert reading.cores[0]["dwc:recordedBy"] == "Müller"
    assert reading.records[0].id == "1"
    assert (reading.codes - {"metadata-missing"}) == ({code} if code else set())


def test_windows_1252_that_is_declared_as_latin_1_keeps_its_quotes(tmp_path: Path) -> None:
    text = "id,by,loc,c\n1,Müller,“Schöner Fels” – Höhe,DE\n2,Moe,Tromsø,NO\n".encode("cp1252")
    reading = read(occurrences(tmp_path / "a", text, TERMS, encoding="ISO-8859-1"), tmp_path)
    assert [core["dwc:locality"] for core in reading.cores] == ["“Schöner Fels” – Höhe", "Tromsø"]
    found = reading.one("encoding-false")
    assert (found.line, "cp1252" in found.message) == (2, True)
    odd = "id,by,loc,c\n1,M,a\x81,DE\n".encode("latin-1")
    reading = read(occurrences(tmp_path / "b", odd, TERMS, encoding="ISO-8859-1"), tmp_path)
    assert reading.cores[0]["dwc:locality"] == "a\x81", "no byte of Windows-1252"
    assert "encoding-false" not in reading.codes


def test_one_line_in_another_encoding_does_not_spoil_the_rest(tmp_path: Path) -> None:
    text = "id,by,loc,c\n1,Müller,a,b\n".encode() + "2,Måns,c,d\n".encode("latin-1")
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert [core["dwc:recordedBy"] for core in reading.cores] == ["Müller", "Måns"]
    found = reading.one("encoding-false")
    assert (found.line, found.offset) == (3, 26)


def test_an_undeclared_header_is_no_record(tmp_path: Path) -> None:
    text = "occurrenceID,recordedBy,locality,country\n1,Lee,Ghent,BE\n"
    reading = read(occurrences(tmp_path / "a", text, TERMS, skip=0), tmp_path)
    assert [record.id for record in reading.records] == ["1"]
    assert "header-undeclared" in reading.codes


def test_a_declared_header_that_is_a_record_is_kept(tmp_path: Path) -> None:
    terms = ("occurrenceID", "basisOfRecord", "year", "decimalLatitude")
    text = "1,PreservedSpecimen,1887,51.2\n2,PreservedSpecimen,1888,51.3\n"
    reading = read(occurrences(tmp_path / "a", text, terms, skip=1), tmp_path)
    assert [record.id for record in reading.records] == ["1", "2"]
    assert "header-missing" in reading.codes


def test_columns_shifted_through_the_whole_file_are_seen(tmp_path: Path) -> None:
    terms = ("occurrenceID", "locality", "year", "decimalLatitude", "countryCode", "sex")
    rows = "".join(f"{i}, Ghent,near,18{i},51.{i},BE\n" for i in range(10, 40))
    reading = read(occurrences(tmp_path / "a", f"a,b,c,d,e,f\n{rows}", terms), tmp_path)
    assert len(reading.records) == 30
    assert "1 column(s) further to the right" in reading.one("columns-shifted").message


def test_a_column_that_holds_something_else_is_seen(tmp_path: Path) -> None:
    terms = ("occurrenceID", "decimalLatitude")
    rows = "".join(f"{i},Ghent\n" for i in range(20))
    reading = read(occurrences(tmp_path / "a", f"a,b\n{rows}", terms), tmp_path)
    assert "column 2 is a dwc:decimalLatitude" in reading.one("column-misfit").message


def test_a_header_that_names_another_mapped_term_is_pointed_out(tmp_path: Path) -> None:
    text = "occurrenceID,locality,recordedBy,country\n1,a,b,c\n"
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path)
    assert reading.rows_of("header-disagrees") == 2
    assert reading.cores[0]["dwc:recordedBy"] == "a"


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
def test_a_lone_table_needs_no_metafile(delimiter: str, tmp_path: Path) -> None:
    header = ["OCCURRENCEID", "dwc:recordedBy", "http://purl.org/dc/terms/license", "Collector No"]
    rows = [header, ["x:1", "A, B; C", "CC0", "shelf"]]
    quoted = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    file = tmp_path / "table.csv"
    file.write_text(quoted)
    assert read(file, tmp_path / "w").cores == [
        {
            "Collector No": "shelf",
            "dcterms:license": "CC0",
            "dwc:occurrenceID": "x:1",
            "dwc:recordedBy": "A, B; C",
        }
    ]


def test_names_of_the_first_darwin_core_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "old.tab"
    file.write_text("CatalogNumberText\tCollector\tYearCollected\tLatitude\n7\tLee\t1901\t5.5\n")
    reading = read(file, tmp_path / "w")
    assert set(reading.cores[0]) == {
        "dwc:catalogNumber",
        "dwc:decimalLatitude",
        "dwc:recordedBy",
        "dwc:year",
    }
    assert reading.rows_of("term-renamed") == 4


def test_records_without_one_id_are_told_apart_by_the_triplet(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("institutionCode,collectionCode,catalogNumber\nB,H,1\nB,Z,1\nB,Z,1\n")
    reading = read(file, tmp_path / "w")
    assert [record.id for record in reading.records] == ["B:H:1", "B:Z:1"]
    assert {"id-from-triplet", "core-id-repeated"} <= reading.codes


def test_rows_without_any_id_are_told_apart_by_their_line(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("scientificName,country\nQuercus,BE\nQuercus,BE\n")
    reading = read(file, tmp_path / "w")
    assert [record.id for record in reading.records] == ["t.csv-line-2", "t.csv-line-3"]


def test_a_metafile_that_hides_quotes_is_not_believed(tmp_path: Path) -> None:
    text = 'id,by,loc,c\n"1","Lee, A.","Ghent","BE"\n'
    reading = read(occurrences(tmp_path / "a", text, TERMS, quote=""), tmp_path)
    assert reading.cores[0]["dwc:recordedBy"] == "Lee, A."
    assert "dialect-contradiction" in reading.codes


def test_separators_of_several_characters_are_read(tmp_path: Path) -> None:
    text = 'id||by||loc||c\n1||"Lee || Moe"||Ghent||BE\n'
    reading = read(occurrences(tmp_path / "a", text, TERMS, delimiter="||"), tmp_path)
    assert reading.cores[0]["dwc:recordedBy"] == "Lee || Moe"


def test_the_fingerprint_ignores_the_order_of_columns_and_media(tmp_path: Path) -> None:
    media = table(
        "media.txt",
        ("", "http://purl.org/dc/terms/identifier"),
        row_type="http://rs.gbif.org/terms/1.0/Multimedia",
        kind="extension",
    )

    def fingerprint(name: str, terms: tuple[str, ...], core: str, rows: str) -> bytes:
        meta = metafile(table("occurrence.txt", terms), media)
        place = folder(tmp_path / name, meta=meta, occurrence=core, media=rows)
        return read(place, tmp_path / "w").records[0].fingerprint

    first = fingerprint("a", TERMS, "i,b,l,c\n1,Lee,,BE\n", "c,i\n1,x\n1,y\n")
    turned = ("occurrenceID", "country", "recordedBy", "habitat", "locality")
    assert fingerprint("b", turned, "i,c,b,h,l\n1,BE,Lee,,\n", "c,i\n1,y\n1,x\n") == first
    assert fingerprint("c", TERMS, "i,b,l,c\n1,Lee,,NL\n", "c,i\n1,x\n1,y\n") != first
    assert fingerprint("d", TERMS, "i,b,l,c\n1,Lee,,BE\n", "c,i\n1,x\n1,z\n") != first
