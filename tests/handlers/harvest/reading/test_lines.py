"""A line that is too long is told and left out; those before and behind it are read."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from handlers.harvest.reading.diagnostics import Findings
from handlers.harvest.reading.lines import LONGEST, Lines, known_encoding
from tests.handlers.harvest.reading.archive_building import occurrences, read, refused

LONG = b"9," + b"x" * LONGEST
TERMS = ("occurrenceID", "locality")


def lines_of(path: Path, *, carriage_return: bool = False) -> tuple[Lines, Findings]:
    findings = Findings()
    made = Lines(path, path.name, "utf-8", carriage_return=carriage_return, findings=findings)
    return made, findings


@pytest.mark.parametrize("end", [b"\n", b"\r"])
@pytest.mark.parametrize("more", [0, 1, LONGEST, 3 * LONGEST + 7])
def test_the_lines_around_one_that_is_too_long_keep_number_and_place(
    end: bytes, more: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    long = b"x" * (LONGEST + more)
    path.write_bytes(end.join([b"one", long, b"three", long]))
    lines, findings = lines_of(path, carriage_return=end == b"\r")
    told = [(line.text, line.number, line.offset) for line in lines]
    mark = end.decode()
    assert told == [(f"one{mark}", 1, 0), (f"three{mark}", 3, 4 + len(long) + 1)]
    assert [(each.code, each.line, each.offset) for each in findings.all()] == [
        ("line-too-long", 2, 4),
        ("line-too-long", 4, 4 + len(long) + 1 + 6),
    ]
    assert lines.left_out == 2


def test_a_line_that_just_fits_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * (LONGEST - 1) + b"\ny")
    lines, findings = lines_of(path)
    assert [len(line.text) for line in lines] == [LONGEST, 1] and not findings.all()


@pytest.mark.parametrize(("count", "left"), [(0, [1, 3]), (1, [3]), (2, [3]), (3, []), (9, [])])
def test_skipped_lines_are_counted_whether_they_are_too_long_or_not(
    count: int, left: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\n" + LONG + b"\nthree\n")
    lines, _ = lines_of(path)
    lines.skip(count)
    assert [line.number for line in lines] == left


def test_a_line_is_never_in_memory_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.write(b"one\n")
        file.truncate(40 * LONGEST)  # zeros that take no room
    tracemalloc.start()
    try:
        assert len(list(lines_of(path)[0])) == 1
        assert tracemalloc.get_traced_memory()[1] < 5 * LONGEST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("quote", ['"', ""])
@pytest.mark.parametrize("skip", [0, 1])
def test_a_row_that_is_too_long_is_told_by_file_and_line_and_the_rest_goes_on(
    quote: str, skip: int, tmp_path: Path
) -> None:
    head = b"id,l\n" if skip else b""
    source = occurrences(
        tmp_path / "a", head + b"1,a\n" + LONG + b"\n2,b\n", TERMS, quote=quote, skip=skip
    )
    reading = read(source, tmp_path / "w")
    assert [record.id for record in reading.records] == ["1", "2"]
    told = reading.one("line-too-long")
    assert (told.file, told.line, told.severity) == ("occurrence.txt", 2 + skip, "error")
    assert str(LONGEST) in told.message and told.next_step
    assert reading.counts["occurrence.txt"].rows_in == 3


def test_no_quoted_cell_goes_across_a_line_that_was_left_out(tmp_path: Path) -> None:
    text = b'id,l\n1,"begun\n' + LONG + b'\nended"\n2,b\n'
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path / "w")
    assert "ended" not in str(reading.cores[0])
    assert reading.records[-1].id == "2" and reading.rows_of("line-too-long") == 1


def test_a_quote_that_nobody_closes_does_not_gather_the_file(tmp_path: Path) -> None:
    text = b'id,l\n1,"begun\n' + b"".join(b"%d,%s\n" % (n, b"y" * 999_000) for n in range(2, 9))
    reading = read(occurrences(tmp_path / "a", text, TERMS), tmp_path / "w")
    assert [record.id for record in reading.records] == [str(n) for n in range(1, 9)]
    assert reading.rows_of("runaway-quote") == 1


@pytest.mark.parametrize("text", [LONG, LONG + b"\n1,a\n"])
def test_a_file_whose_header_is_too_long_is_no_table(text: bytes, tmp_path: Path) -> None:
    assert refused(occurrences(tmp_path / "a", text, TERMS), tmp_path / "w") == "not-a-table"
    (tmp_path / "alone.csv").write_bytes(text)
    assert refused(tmp_path / "alone.csv", tmp_path / "w") == "not-a-table"


@pytest.mark.parametrize(
    "name", ["hex", "rot13", "undefined", "unicode_escape", "raw_unicode_escape", "utf-7", "cp037"]
)
def test_what_is_no_encoding_of_a_table_is_told_as_unknown(name: str, tmp_path: Path) -> None:
    assert known_encoding(name) is None
    source = occurrences(tmp_path / "a", b"id,l\n1,caf\xe9 \\ud800\n", TERMS, encoding=name)
    reading = read(source, tmp_path / "w")
    assert reading.cores[0]["dwc:locality"] == "caf\xe9 \\ud800"
    assert "encoding-unknown" in reading.codes


@pytest.mark.parametrize("name", ["UTF-8", "latin-1", "cp1252", "utf-16", "shift_jis", "cp1250"])
def test_the_encodings_of_real_tables_are_known(name: str) -> None:
    assert known_encoding(name)
