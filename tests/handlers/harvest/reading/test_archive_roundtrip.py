"""What is written with care is read back without loss, whatever characters it holds."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handlers.harvest.reading.rows import parse
from handlers.harvest.reading.tables import NO_VALUE
from tests.handlers.harvest.reading.archive_building import occurrences, read

TERMS = ("occurrenceID", "recordedBy", "locality", "country", "occurrenceRemarks")
ANYTHING = st.text(
    st.one_of(
        st.sampled_from("\",;|\t\r\n\\'\0\x0b\x0c\x1c\x85\u2028 ab"),
        st.characters(exclude_categories=["Cs"], codec="utf-8"),
    ),
    max_size=12,
)
ONE_LINE = ANYTHING.filter(lambda text: not set(text) & set("\r\n\t"))
ROWS = st.lists(st.tuples(ANYTHING, ANYTHING, ANYTHING, ANYTHING), min_size=1, max_size=6)


def cores_of(text: str, **how: str) -> list[dict[str, str]]:
    with tempfile.TemporaryDirectory() as room:
        source = occurrences(Path(room) / "a", text, TERMS, **how)
        reading = read(source, Path(room) / "w")
    assert all(each.severity != "error" for each in reading.diagnostics)
    return reading.cores


def expected(rows: list[tuple[str, ...]]) -> list[dict[str, str]]:
    return [
        {
            key: value
            for key, value in sorted(
                zip((f"dwc:{term}" for term in TERMS), (f"id {number}", *row), strict=True)
            )
            if value.strip() not in NO_VALUE
        }
        for number, row in enumerate(rows)
    ]


@settings(max_examples=150, deadline=None)
@given(ROWS, st.sampled_from(["\n", "\r\n"]))
def test_quoted_cells_come_back_as_they_were_written(rows: list[tuple[str, ...]], end: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=end)
    writer.writerow(TERMS)
    writer.writerows((f"id {number}", *row) for number, row in enumerate(rows))
    assume(not looks_like_a_lost_quote(rows))
    assert cores_of(out.getvalue()) == expected(rows)


def looks_like_a_lost_quote(rows: list[tuple[str, ...]]) -> bool:
    """Cells whose every line is a whole row by itself: nobody can tell them from a runaway."""
    for row in rows:
        out = io.StringIO()
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="").writerow(("id", *row))
        lines = out.getvalue().split("\n")
        widths = {len(parse(line, ",", '"', literal_open=True)[0]) for line in lines}
        if len(lines) > 1 and widths == {len(TERMS)}:
            return True
    return False


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(ONE_LINE, ONE_LINE, ONE_LINE, ONE_LINE), min_size=1, max_size=6))
def test_unquoted_cells_come_back_as_they_were_written(rows: list[tuple[str, ...]]) -> None:
    assume(not any(cell.startswith('"') for row in rows for cell in row))
    lines = ["\t".join(TERMS), *("\t".join((f"id {n}", *row)) for n, row in enumerate(rows))]
    text = "".join(f"{line}\n" for line in lines)
    assert cores_of(text, delimiter="\t", quote="") == expected(rows)


@settings(max_examples=300, deadline=None)
@given(st.lists(ANYTHING, min_size=1, max_size=5))
def test_the_patient_parser_agrees_with_the_csv_module_on_sound_rows(cells: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
    assert parse(out.getvalue(), ",", '"') == (cells, False)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('",\\ab'), max_size=20))
def test_the_patient_parser_ends_on_any_text(text: str) -> None:
    for flags in ({}, {"backslash": True}, {"double_closes": True}, {"literal_open": True}):
        cells, is_open = parse(text, ",", '"', **flags)
        assert cells
        assert not (is_open and flags.get("literal_open"))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.sampled_from('",ab\n'), max_size=15), min_size=1, max_size=8))
def test_no_physical_line_is_ever_lost(lines: list[str]) -> None:
    text = "".join(f"id {number},{line}\n" for number, line in enumerate(lines))
    with tempfile.TemporaryDirectory() as room:
        source = occurrences(Path(room) / "a", "a,b,c\n" + text, TERMS[:3])
        reading = read(source, Path(room) / "w")  # proves rows in = kept + reported
    heard = "".join("".join(core.values()) for core in reading.cores)
    errors = [each.line or 0 for each in reading.diagnostics if each.severity == "error"]
    ends = 1
    for number, line in enumerate(lines):
        ends += 1 + line.count("\n")
        swallowed_by_a_reported_row = any(at <= ends for at in errors)
        assert f"id {number}" in heard or swallowed_by_a_reported_row
