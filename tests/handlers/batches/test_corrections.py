"""What was accepted goes back to its source: as rows, and as a package that can be checked."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.follower import follow_once
from fdo.errors import NotFound
from fdo.identifiers import Pid
from handlers.annotations import Annotations
from handlers.batches.corrections import COLUMNS, Corrections
from handlers.batches.packaging import TABLES, by_specimen, safe, table_of, write
from handlers.projections.annotations import Annotations as View
from handlers.projections.annotations import AnnotationsIndex
from tests.fdo.annotation.saying import COUNTRY, EVENT, NAMES, named
from tests.handlers.annotations.museum import ANNA, CLARA, Museum
from tests.handlers.harvest.collection import image, row

REMARKS = f"{EVENT}['dwc:eventRemarks']"


class Post:
    """A museum, and the package that it would be sent now."""

    def __init__(self, folder: Path) -> None:
        self.museum = Museum(folder)
        source = self.museum.now(self.museum.specimen).source
        assert source is not None
        self.source = Pid.parse(source)
        self._view = folder / "annotations.sqlite"

    def corrections(self) -> Corrections:
        index = AnnotationsIndex(self._view)
        while follow_once(self.museum.log, [index]):
            pass
        index.close()
        return Corrections(self.museum.log, View(self._view), self.source)

    def rows(self, since: str = "") -> list[dict[str, str]]:
        return list(self.corrections().read(since))

    def package(self) -> dict[str, bytes]:
        out = io.BytesIO()
        write(out, self.rows(), self.source.iri, "Herbarium")
        with zipfile.ZipFile(out) as package:
            return {name: package.read(name) for name in package.namelist()}

    def harvest(self, **cells: str) -> None:
        self.museum.collection.harvest([row(1, **cells), row(2), row(3)], [image(1, "a")])


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    yield Post(tmp_path)


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_an_accepted_change_is_told_with_its_evidence(post: Post):
    pid = post.museum.accepted("oa:editing", COUNTRY, "Eesti")
    (told,) = post.rows()
    expected = {
        "catalogNumber": "",
        "occurrenceID": "TU-1",
        "physicalSpecimenID": "TU-1",
        "pid": post.museum.specimen.iri,
        "objectType": "specimen",
        "term": "dwc:country",
        "termIRI": "http://rs.tdwg.org/dwc/terms/country",
        "path": COUNTRY,
        "action": "editing",
        "oldValue": "Estonia",
        "newValue": "Eesti",
        "state": "applied",
        "annotation": pid.iri,
        "annotationVersion": f"{pid.iri}/2",
        "annotator": ANNA.name,
        "annotatorID": ANNA.id,
        "approver": CLARA.name,
        "approverID": CLARA.id,
    }
    assert {name: told[name] for name in expected} == expected
    assert tuple(told) == COLUMNS and told["proposed"] < told["accepted"]


def test_what_waits_was_rejected_or_withdrawn_is_not_told(post: Post):
    post.museum.propose("oa:editing", COUNTRY, "waits")
    annotations = Annotations(post.museum.objects)
    rejected = post.museum.propose("oa:editing", COUNTRY, "no").pid
    taken_back = post.museum.accepted("oa:editing", COUNTRY, "Eesti")
    assert rejected is not None
    annotations.reject(rejected, CLARA, "No.")
    annotations.withdraw(taken_back, "A mistake.", ANNA)
    assert post.rows() == []


def test_a_correction_moves_on_as_its_source_does(post: Post):
    post.museum.accepted("oa:editing", COUNTRY, "Eesti")
    seen = []
    for cells in ({}, {"country": "Latvia"}, {"country": "Eesti"}):
        post.harvest(**cells)
        (told,) = post.rows()
        seen.append((told["state"], told["oldValue"]))
    assert seen == [("applied", "Estonia"), ("conflict", "Latvia"), ("adopted", "Latvia")]
    package = post.package()
    assert read(package["corrections.csv"]) == [] == read(package["conflicts.csv"])
    assert [told["newValue"] for told in read(package["adopted.csv"])] == ["Eesti"]


def test_changes_of_media_bear_the_address_of_the_medium(post: Post):
    post.museum.accepted("ods:adding", "$['dcterms:title']", "Sheet", of=post.museum.medium)
    (told,) = post.rows()
    assert (told["objectType"], told["action"], told["oldValue"]) == ("media", "adding", "")
    assert told["accessURI"] and told["term"] == "dcterms:title"


def test_since_a_day_only_later_decisions_are_told(post: Post):
    post.museum.accepted("oa:editing", COUNTRY, "Eesti")
    (told,) = post.rows()
    assert post.rows(told["accepted"]) == [told]
    assert post.rows("2999-01-01") == []


def test_what_is_no_source_system_has_no_corrections(post: Post):
    with pytest.raises(NotFound):
        Corrections(post.museum.log, View(post._view), post.museum.specimen)


def test_the_package_describes_its_tables_column_by_column(post: Post):
    post.museum.accepted("oa:editing", COUNTRY, "Eesti")
    package = post.package()
    described = json.loads(package["datapackage.json"])
    assert {one["path"] for one in described["resources"]} == {
        *(f"{table}.csv" for table in TABLES), "by-specimen.csv",
    }  # fmt: skip
    for resource in described["resources"]:
        (header, *_) = csv.reader(io.StringIO(package[resource["path"]].decode("utf-8-sig")))
        assert package[resource["path"]].startswith(BOM_UTF8), "spreadsheets ask for it"
        assert header == [field["name"] for field in resource["schema"]["fields"]]
    assert b"1 row." in package["README.txt"]
    assert post.package() == package, "equal rows make equal bytes"


def test_specimens_have_a_row_and_terms_a_column(post: Post):
    post.museum.accepted("oa:editing", COUNTRY, "Eesti")
    post.museum.accepted("ods:adding", REMARKS, "wet")
    post.museum.accepted("oa:editing", COUNTRY, "Läti", of=post.museum.other)
    header, first, second = by_specimen(post.rows())
    assert header[4:] == ("dwc:country", "dwc:eventRemarks")
    assert (first[1], *first[4:]) == ("TU-1", "Eesti", "wet")
    assert (second[1], *second[4:]) == ("TU-2", "Läti", "")


def test_no_correction_hides_another_of_the_same_term(post: Post):
    for name in ("Larix", "Picea abies"):
        post.museum.accepted("ods:adding", NAMES, named(name))
    remark = "['ods:hasLocation']['dwc:locationRemarks']"
    post.museum.accepted("ods:adding", f"{EVENT}{remark}", "wet")
    rows = post.rows()
    elsewhere = {**rows[-1], "path": "$['dwc:locationRemarks']", "newValue": "dry"}
    header, first = by_specimen([*rows, elsewhere])
    cells = dict(zip(header, first, strict=True))
    assert "Larix" in cells["ods:hasIdentifications"]
    assert "Picea abies" in cells["ods:hasIdentifications"]
    assert cells["dwc:locationRemarks"] == "", "which of the two it is only the long table says"


# ── strangers wrote the cells ────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-cmd|x", "'-cmd|x"),
        ("\t=1", "'\t=1"),
        ("-12.5", "-12.5"),
        ("12", "12"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_no_cell_is_calculated_and_numbers_stay(cell: str, written: str):
    assert safe(cell) == written


@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=5))
def test_every_table_is_read_back_cell_by_cell(rows: list[list[Any]]):
    text = table_of(rows).decode("utf-8", "surrogatepass")
    found = list(csv.reader(io.StringIO(text, newline="")))
    assert [[cell.removeprefix("'") for cell in one] for one in found] == [
        [cell.removeprefix("'") for cell in one] for one in rows
    ]
