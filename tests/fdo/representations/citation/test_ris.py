"""RIS: one tag a line, whatever the values hold."""

from __future__ import annotations

import re

from hypothesis import given

from fdo.representations.citation.ris import ris
from tests.fdo.representations.citation.cases import OAK, PID, TEXTS, WITHDRAWN, cited, labelled

_LINE = re.compile(r"([A-Z][A-Z0-9])  - (.*)", re.DOTALL)


def tags(record: str) -> list[tuple[str, str]]:
    """(tag, value) of each line, as a reader that takes every kind of line end sees them."""
    lines = [_LINE.fullmatch(line) for line in record.splitlines()]
    assert all(lines), "each line has its tag"
    return [(line[1], line[2]) for line in lines if line]


@given(TEXTS, TEXTS, TEXTS)
def test_no_value_begins_a_line_of_its_own(name, collector, licence):
    more = {"dcterms:license": f"https://x.example/{licence}"}
    what = cited(labelled(name, collector, **more))
    read = tags(ris(what))
    assert [tag for tag, _ in read] == [
        "TY", "ID", "TI", "AU", "PY", "DA", "PB", "ET", "M3", "DO", "UR", "KW", "C1", "N1", "ER",
    ]  # fmt: skip
    assert dict(read)["TI"] == what.title
    assert dict(read)["AU"] == what.creators[0].name


def test_the_version_is_the_edition_and_in_the_note():
    read = dict(tags(ris(cited(OAK))))
    assert read["ET"] == "3"
    assert read["N1"].startswith("Version 3, recorded ")
    assert "hash://sha256/" in read["N1"]
    assert (read["DO"], read["PY"], read["DA"]) == (str(PID), "2026", "2026/03/01")


def test_a_tombstone_says_so():
    assert "withdrawn 2026-10-20" in dict(tags(ris(cited(WITHDRAWN))))["N1"]


def test_lines_end_as_the_format_wants():
    assert ris(cited(OAK)).endswith("ER  - \r\n")
