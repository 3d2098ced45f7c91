"""A metafile may say anything: the archive is read, or refused by name."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.handlers.harvest.reading.archive_building import (
    DWC,
    folder,
    metafile,
    occurrences,
    read,
    refused,
    table,
)

TERMS = ("occurrenceID", "locality")
ROWS = "id\tl\n1\ta, b\n2\tc\n"


@pytest.mark.parametrize("separator", ["", "\n", "\\n", "\\r\\n"])
def test_a_separator_that_parts_nothing_is_told_and_the_true_one_found(
    separator: str, tmp_path: Path
) -> None:
    meta = table("occurrence.txt", TERMS, delimiter="@").replace(
        'fieldsTerminatedBy="@"', f"fieldsTerminatedBy={quoteattr(separator)}"
    )
    source = folder(tmp_path / "a", meta=metafile(meta), occurrence=ROWS)
    if separator == "\n":  # XML reads a line end in an attribute as a space
        assert len(read(source, tmp_path / "w").records) == 2
        return
    reading = read(source, tmp_path / "w")
    assert [core["dwc:locality"] for core in reading.cores] == ["a, b", "c"]
    told = reading.one("separator-unusable")
    assert told.file == "occurrence.txt" and "fieldsTerminatedBy" in told.next_step


@pytest.mark.parametrize("quote", [",", "\\n"])
def test_a_quote_that_parts_rows_or_cells_is_none(quote: str, tmp_path: Path) -> None:
    source = occurrences(tmp_path / "a", "id,l\n1,a\n2,b\n", TERMS, quote=quote)
    assert [core["dwc:locality"] for core in read(source, tmp_path / "w").cores] == ["a", "b"]


@pytest.mark.parametrize("index", ["²", "-1", "1.0", "", "x", "99999999999", "9" * 5000])
def test_a_number_that_is_none_or_beyond_sense_is_refused_by_its_attribute(
    index: str, tmp_path: Path
) -> None:
    meta = metafile(table("occurrence.txt", TERMS)).replace('index="1"', f'index="{index}"')
    source = folder(tmp_path / "a", meta=meta, occurrence=ROWS)
    assert refused(source, tmp_path / "w") == "metafile-broken"
    lines = metafile(table("occurrence.txt", TERMS)).replace(
        'ignoreHeaderLines="1"', f'ignoreHeaderLines="{index or "none"}"'
    )
    source = folder(tmp_path / "b", meta=lines, occurrence=ROWS)
    assert refused(source, tmp_path / "w") == "metafile-broken"


def test_a_file_name_that_no_file_can_have_is_a_file_that_is_not_there(tmp_path: Path) -> None:
    source = folder(tmp_path / "a", meta=metafile(table("x" * 300, TERMS)), occurrence=ROWS)
    assert refused(source, tmp_path / "w") == "core-file-missing"


WORDS = ["||", "9999", "hex", "utf-16", "idna", "punycode", "undefined", "occurrence.txt", "a/b"]
WORDS += [".", "..", "\\t", "\\n", "\\r\\n"]
VALUE = st.one_of(
    st.text(
        alphabet=st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn", "Co"]), max_size=4
    ),
    st.sampled_from([*WORDS, *'\t"²٣017', f"{DWC}Taxon"]),
)
ATTRIBUTES = ("encoding", "fieldsTerminatedBy", "fieldsEnclosedBy", "ignoreHeaderLines", "rowType")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example({"fieldsTerminatedBy": ""}, "0", "occurrence.txt", "locality", "utf-8")
@example({}, "²", "occurrence.txt", "locality", "utf-8")
@given(
    st.dictionaries(st.sampled_from(ATTRIBUTES), VALUE),
    st.one_of(st.sampled_from(["0", "1"]), VALUE),
    st.one_of(st.just("occurrence.txt"), VALUE),
    VALUE,
    st.sampled_from(["utf-8", "utf-16", "latin-1"]),
)
def test_any_metafile_is_read_with_every_row_accounted_for_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory,
    attributes: dict[str, str],
    index: str,
    location: str,
    term: str,
    encoding: str,
) -> None:
    place = tmp_path_factory.getbasetemp() / "drawn"
    said = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    inside = location.replace("&", "").replace("<", "")
    meta = metafile(
        f"<core {said}><files><location>{inside}</location></files><id index={quoteattr(index)}/>"
        f'<field index="0" term="{DWC}occurrenceID"/>'
        f"<field index={quoteattr(index)} term={quoteattr(term)} default={quoteattr(term)}/></core>"
    )
    rows = 'occurrenceID,locality\n1,"café, b"\n2,c\n\n3\n'.encode(encoding)
    source = folder(place / "a", meta=meta, occurrence=rows)
    refused(source, place / "w")  # an error that is no refusal, or a sum that does not hold, fails
