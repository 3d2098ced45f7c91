"""The generator writes what it says: the same each time, readable, and with a history."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from bench.generate import generate
from bench.specimens import COLUMNS, MEDIA_COLUMNS, Plan, Specimens

ROOT = Path(__file__).resolve().parents[2]
PLAN = Plan(records=3000, seed=7)
TEXT = "{http://rs.tdwg.org/dwc/text/}"
Rows = dict[str, dict[str, str]]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def keyed(plan: Plan) -> Rows:
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in Specimens(plan).rows()}


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    written = generate(PLAN, folder)
    assert (written.records, written.bytes > 1_000_000) == (3000, True)
    return folder


def test_the_same_plan_gives_the_same_bytes(archive: Path, tmp_path: Path) -> None:
    generate(PLAN, tmp_path / "again")
    assert digests(tmp_path / "again") == digests(archive)
    generate(replace(PLAN, seed=8), tmp_path / "other")
    assert digests(tmp_path / "other")["occurrence.txt"] != digests(archive)["occurrence.txt"]


def test_a_zip_holds_the_files_of_the_folder_and_is_equal_each_time(
    archive: Path, tmp_path: Path
) -> None:
    generate(PLAN, tmp_path / "a.zip")
    generate(PLAN, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as pack:
        assert {name: hashlib.sha256(pack.read(name)).hexdigest() for name in pack.namelist()} == (
            digests(archive)
        )


def test_every_line_parses_into_the_columns_that_the_metafile_names(archive: Path) -> None:
    core, extension = etree.parse(archive / "meta.xml").getroot()
    for part, columns in ((core, COLUMNS[1:]), (extension, MEDIA_COLUMNS)):
        location = part.findtext(f"{TEXT}files/{TEXT}location")
        terms = [field.get("term").rsplit("/", 1)[1] for field in part.findall(f"{TEXT}field")]
        assert terms == columns
        text = (archive / location).read_text(encoding="utf-8")
        read = list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
        assert {len(row) for row in read} == {len(columns) + 1}
        assert read[0][1:] == columns
        assert '"' not in text


def test_records_fill_about_forty_columns(archive: Path) -> None:
    rows = rows_of(archive / "occurrence.txt")
    filled = sum(sum(map(bool, row.values())) for row in rows) / len(rows)
    assert 38 <= filled <= 46


def test_core_ids_are_unique_and_every_image_has_its_record(archive: Path) -> None:
    ids = [row["id"] for row in rows_of(archive / "occurrence.txt")]
    media = rows_of(archive / "multimedia.txt")
    assert len(set(ids)) == len(ids) == 3000
    assert {row["id"] for row in media} <= set(ids)
    assert len({row["identifier"] for row in media}) == len(media)
    assert 0.36 <= len({row["id"] for row in media}) / len(ids) <= 0.44


def test_no_media_share_no_images() -> None:
    assert list(Specimens(replace(PLAN, media_share=0.0)).media()) == []


def test_names_follow_zipf_and_span_the_kingdoms() -> None:
    rows = keyed(PLAN).values()
    names = Counter(row["scientificName"] for row in rows)
    assert len(names) > 500
    assert names.most_common(1)[0][1] > 10 * (len(rows) / len(names))
    assert {row["kingdom"] for row in rows} >= {"Animalia", "Plantae", "Fungi", "Chromista"}
    assert len({row["family"] for row in rows}) > 50
    assert len({row["countryCode"] for row in rows}) > 25


def test_a_name_has_one_classification_and_a_country_its_box() -> None:
    seen: dict[str, tuple[str, ...]] = {}
    for row in keyed(PLAN).values():
        ranks = tuple(row[term] for term in ("kingdom", "class", "family", "scientificNameID"))
        assert seen.setdefault(row["scientificName"], ranks) == ranks
        assert row["scientificName"].startswith(f"{row['genus']} {row['specificEpithet']} ")
        if row["decimalLatitude"]:
            assert -90 < float(row["decimalLatitude"]) < 90
            assert -180 < float(row["decimalLongitude"]) < 180
        if row["countryCode"] == "NL" and row["decimalLatitude"]:
            assert 50.8 <= float(row["decimalLatitude"]) <= 53.4


def test_dates_run_over_two_centuries_and_some_are_years_only() -> None:
    rows = keyed(PLAN).values()
    years = [int(row["year"]) for row in rows]
    assert min(years) < 1830
    assert max(years) == 2025
    assert all(row["eventDate"].startswith(row["year"]) for row in rows)
    assert 0.03 < sum(len(row["eventDate"]) == 4 for row in rows) / 3000 < 0.2


def test_a_second_harvest_changes_adds_and_drops_the_share_that_was_asked() -> None:
    first, second = keyed(PLAN), keyed(replace(PLAN, harvest=2))
    kept = first.keys() & second.keys()
    changed = {key for key in kept if first[key] != second[key]}
    assert 0.08 < len(changed) / len(kept) < 0.12
    assert len(second.keys() - first.keys()) == 30
    assert 15 <= len(first.keys() - second.keys()) <= 50
    assert {second[key]["modified"] for key in changed} == {"2026-02-01"}


def test_a_change_is_a_name_a_place_a_remark_or_an_image() -> None:
    later = replace(PLAN, harvest=2)
    first, second = keyed(PLAN), keyed(later)
    touched = Counter(
        tuple(term for term in COLUMNS if first[key][term] != second[key][term])
        for key in first.keys() & second.keys()
        if first[key] != second[key]
    )
    assert any("scientificName" in terms for terms in touched)
    assert any("decimalLatitude" in terms for terms in touched)
    assert ("modified", "occurrenceRemarks") in touched
    assert ("modified",) in touched
    before = {row[1] for row in Specimens(PLAN).media()}
    assert {row[1] for row in Specimens(later).media()} - before


def test_later_harvests_keep_what_earlier_ones_dropped_and_added() -> None:
    second, third = (keyed(replace(PLAN, harvest=harvest)) for harvest in (2, 3))
    first = keyed(PLAN)
    assert not (first.keys() - second.keys()) & third.keys()
    assert len((second.keys() - first.keys()) & third.keys()) >= 28
    unchanged = [key for key in second.keys() & third.keys() if second[key] == third[key]]
    assert any(second[key] != first.get(key) for key in unchanged)


def test_no_change_share_makes_harvests_equal() -> None:
    still = replace(PLAN, change_share=0.0)
    assert keyed(still) == keyed(replace(still, harvest=3)) == keyed(PLAN)


def test_another_prefix_changes_the_identifiers_and_nothing_else() -> None:
    old, new = keyed(PLAN), keyed(replace(PLAN, catalog_prefix="NEW"))
    assert not old.keys() & new.keys()
    for before, after in zip(old.values(), new.values(), strict=True):
        differ = {term for term in COLUMNS if before[term] != after[term]}
        assert differ == {"id", "occurrenceID", "catalogNumber"}


def test_the_command_writes_and_prints_one_line_of_json(tmp_path: Path) -> None:
    out = tmp_path / "small.zip"
    ran = subprocess.run(
        [sys.executable, "-m", "bench.generate", "--records", "50", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(ran.stdout)
    assert said["written"]["records"] == 50
    assert zipfile.is_zipfile(out)
