"""By what a table without a metafile is parted: what parts its header, as its rows agree."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.harvest.reading.diagnostics import Findings
from handlers.harvest.reading.dialect import DELIMITERS, Dialect, find_dialect
from handlers.harvest.reading.metafile import TableSpec

ALONE = TableSpec("dwc:Occurrence", ("plants.csv",), (), None, is_core=True)
"""A table beside which no metafile lies."""


def dialect_of(folder: Path, text: str) -> Dialect:
    path = folder / "plants.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return find_dialect(path, path.name, ALONE, Findings(), folder)


def test_a_list_of_values_in_the_only_row_parts_no_table(tmp_path: Path) -> None:
    media = "|".join(f"https://m.example/{number}.jpg" for number in range(5))
    found = dialect_of(tmp_path, f"catalogNumber,country,associatedMedia\nA-1,Norway,{media}\n")
    assert found.delimiter == ","
    assert found.sample[1] == ("A-1", "Norway", media)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("a,b,c\n1,2\n3,4\n", ","),
        ("a,b\n1;2;3,4;5;6\n", ","),
        ('"a;x",b,c\n1;1;1;1,2,3\n', ","),
        ("a|b|c\n1|2|3\n", "|"),
        ("a;x,b;y,c;z\n1,2,3\n4,5,6\n", ","),
    ],
    ids=["decimals", "ragged", "rows disagree", "quoted header", "bars", "both part the header"],
)
def test_the_header_says_what_parts_it_and_the_rows_agree(
    tmp_path: Path, text: str, delimiter: str
) -> None:
    assert dialect_of(tmp_path, text).delimiter == delimiter


def test_a_table_of_one_column_is_not_parted_by_what_stands_in_it(tmp_path: Path) -> None:
    found = dialect_of(tmp_path, "catalogNumber\nA|1\nA|2\n")
    assert found.sample == (("catalogNumber",), ("A|1",), ("A|2",))


_cell = st.text(st.sampled_from("ab ,;\t|'"), max_size=8)


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from(DELIMITERS),
    st.integers(2, 5),
    st.data(),
)
def test_whatever_stands_in_the_cells(delimiter: str, width: int, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.lists(_cell, min_size=width, max_size=width), max_size=4))
    out = io.StringIO()
    header = [f"term{number}" for number in range(width)]
    csv.writer(out, delimiter=delimiter).writerows([header, *rows])
    with TemporaryDirectory() as folder:
        assert dialect_of(Path(folder), out.getvalue()).delimiter == delimiter
