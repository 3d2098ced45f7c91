"""The sample harvests hold what the demonstration needs, and are written alike each time."""

from __future__ import annotations

import csv
import itertools
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from lxml import etree

from api.demo.source import Harvest, write_harvests
from api.demo.tables import DATASETS, collection, people, sections
from fdo.identifiers import Pid, organisation
from fdo.mids import assess
from handlers.harvest.mapping.darwin_core import Mapping
from handlers.harvest.reading.archive import open_source
from handlers.harvest.records import Mapped

DWC_TEXT = "{http://rs.tdwg.org/dwc/text/}"
SOURCE = Pid.parse("20.5000.5072/DEM-000-001")
DELIMITERS = {"\\t": "\t"}
Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def harvests(tmp_path_factory: pytest.TempPathFactory) -> list[Harvest]:
    return write_harvests(tmp_path_factory.mktemp("harvests"))


@pytest.fixture(scope="module")
def every_specimen(harvests: list[Harvest]) -> dict[tuple[str, str], dict[str, str]]:
    """The latest row of each specimen that any harvest holds."""
    return {
        (harvest.dataset, row["catalogNumber"]): row
        for harvest in harvests
        for row in table(harvest, "occurrence")
        if row["catalogNumber"]
    }


def table(harvest: Harvest, name: str) -> Rows:
    """The rows of one file, read by what the metafile says of it."""
    meta = etree.parse(harvest.path / "meta.xml").getroot()
    for part in meta:
        location = part.findtext(f"{DWC_TEXT}files/{DWC_TEXT}location")
        if location.startswith(name):
            with (harvest.path / location).open(encoding="utf-8", newline="") as lines:
                delimiter = part.get("fieldsTerminatedBy")
                quoting = csv.QUOTE_MINIMAL if part.get("fieldsEnclosedBy") else csv.QUOTE_NONE
                reader = csv.DictReader(
                    lines, delimiter=DELIMITERS.get(delimiter, delimiter), quoting=quoting
                )
                return list(reader)
    return []


def numbers(harvest: Harvest) -> set[str]:
    return {row["catalogNumber"] for row in table(harvest, "occurrence")}


def of(harvests: list[Harvest], dataset: str) -> list[Harvest]:
    return [harvest for harvest in harvests if harvest.dataset == dataset]


def mids(row: dict[str, str], extension_media: set[str]) -> int:
    """The TDWG level of a raw biological row, as far as the sample's own terms tell it."""
    media = row["id"] in extension_media or row.get("associatedMedia")
    precise = ("decimalLatitude", "coordinatePrecision", "coordinateUncertaintyInMeters")
    levels = (
        ("preparations", "scientificName", "modified"),
        ("locality", "decimalLatitude", "recordedBy", "eventDate", "recordNumber"),
        ("scientificNameID", "identifiedByID", "recordedByID", *precise),
    )
    for level, terms in enumerate(levels):
        if not all(row.get(term) for term in terms) or (level == 1 and not media):
            return level
    return 3


def test_the_same_call_writes_the_same_bytes(harvests: list[Harvest], tmp_path: Path) -> None:
    again = write_harvests(tmp_path)
    assert [h.date + h.dataset for h in again] == [h.date + h.dataset for h in harvests]
    for first, second in zip(harvests, again, strict=True):
        files = sorted(path.name for path in first.path.iterdir())
        assert files == sorted(path.name for path in second.path.iterdir())
        for name in files:
            assert (first.path / name).read_bytes() == (second.path / name).read_bytes()


def test_there_are_six_dates_over_eight_months_and_time_only_rises(
    harvests: list[Harvest],
) -> None:
    assert len({harvest.date for harvest in harvests}) == 6
    assert (harvests[-1].observed_at - harvests[0].observed_at).days > 200
    assert all(a.observed_at < b.observed_at for a, b in itertools.pairwise(harvests))
    assert Counter(h.dataset for h in harvests).keys() == set(DATASETS)


def test_there_are_over_a_hundred_specimens_and_forty_media(
    harvests: list[Harvest], every_specimen: dict[tuple[str, str], dict[str, str]]
) -> None:
    media = {row["identifier"] for harvest in harvests for row in table(harvest, "multimedia")}
    assert len(every_specimen) >= 100
    assert len(media) >= 40
    assert all(uri.startswith("https://example.org/media/") for uri in media)


def test_every_row_has_as_many_cells_as_the_metafile_names(harvests: list[Harvest]) -> None:
    for harvest in harvests:
        meta = etree.parse(harvest.path / "meta.xml").getroot()
        for part in meta:
            location = part.findtext(f"{DWC_TEXT}files/{DWC_TEXT}location")
            rows = table(harvest, location)
            fields = part.findall(f"{DWC_TEXT}field")
            assert rows, f"{harvest.date} {harvest.dataset} {location} is empty"
            assert {len(row) for row in rows} == {len(fields) + 1}
            assert not any(None in row or None in row.values() for row in rows)


def test_each_dataset_names_its_organisation_and_licence(harvests: list[Harvest]) -> None:
    for harvest in harvests:
        eml = etree.parse(harvest.path / "eml.xml")
        assert eml.findtext("dataset/title") == harvest.title
        assert eml.findtext("dataset/creator/userId") == harvest.organisation
        assert organisation(harvest.organisation) == harvest.organisation
        assert eml.find(".//ulink").get("url").startswith(("http://creat", "https://creat"))
        assert eml.findtext("dataset/pubDate") == harvest.date
    assert len({harvest.organisation for harvest in harvests}) == 4


def test_records_are_changed_added_dropped_and_brought_back(harvests: list[Harvest]) -> None:
    for dataset in DATASETS:
        history = [numbers(harvest) for harvest in of(harvests, dataset)]
        ever: set[str] = set()
        events = set()
        for before, after in itertools.pairwise(history):
            ever |= before
            events |= {"added"} if after - ever else set()
            events |= {"dropped"} if before - after else set()
            events |= {"returned"} if (after - before) & ever else set()
        assert "added" in events, dataset
        assert "dropped" in events, dataset
        assert dataset == "minerals" or "returned" in events, dataset


def test_a_returned_record_comes_back_as_it_went(harvests: list[Harvest]) -> None:
    rows = [
        {row["catalogNumber"]: row for row in table(harvest, "occurrence")}.get("DH-000112")
        for harvest in of(harvests, "herbarium")
    ]
    assert rows[3] is None
    assert rows[4] == rows[2]


def test_a_harvest_may_be_equal_to_the_one_before(harvests: list[Harvest]) -> None:
    first, second, third = of(harvests, "minerals")
    assert table(first, "occurrence") == table(second, "occurrence")
    assert table(second, "occurrence") != table(third, "occurrence")


def test_an_edit_touches_its_record_alone_and_its_modified_date(harvests: list[Harvest]) -> None:
    first, second = (
        {row["catalogNumber"]: row for row in table(harvest, "occurrence")}
        for harvest in of(harvests, "zoology")[:2]
    )
    changed = {number for number in first.keys() & second if first[number] != second[number]}
    assert changed == {"NS.PISC.7002", "NS.INS.20002", "NS.INS.20010"}
    assert first["NS.PISC.7002"]["decimalLatitude"] == "71N"
    assert second["NS.PISC.7002"]["decimalLatitude"] == "70.0742"
    assert second["NS.PISC.7002"]["modified"] == "2026-06-03"


def test_all_mids_levels_occur(harvests: list[Harvest]) -> None:
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for dataset in ("herbarium", "zoology"):
        last = of(harvests, dataset)[-1]
        media = {row["id"] for row in table(last, "multimedia")}
        found[dataset].update(mids(row, media) for row in table(last, "occurrence") if row["id"])
    total = found["herbarium"] + found["zoology"]
    assert set(total) == {0, 1, 2, 3}
    assert total[3] >= 5


def test_fossils_have_strata_and_state_one_image_twice(harvests: list[Harvest]) -> None:
    rows = table(of(harvests, "fossils")[0], "occurrence")
    assert sum(bool(row["earliestPeriodOrLowestSystem"]) for row in rows) >= 15
    assert sum(bool(row["formation"] or row["group"]) for row in rows) >= 15
    stated = {row["associatedMedia"] for row in rows} - {""}
    extension = {row["identifier"] for row in table(of(harvests, "fossils")[0], "multimedia")}
    assert stated & extension
    assert stated - extension


def test_minerals_are_classified_by_dana_and_strunz_and_known_by_number_alone(
    harvests: list[Harvest],
) -> None:
    first = of(harvests, "minerals")[0]
    kinds = Counter(row["measurementType"] for row in table(first, "measurement"))
    assert kinds["Strunz classification"] >= 10
    assert kinds["Dana classification"] >= 4
    assert "occurrenceID" not in table(first, "occurrence")[0]


def test_kingdoms_countries_types_and_centuries_are_many(
    every_specimen: dict[tuple[str, str], dict[str, str]],
) -> None:
    rows = every_specimen.values()
    kingdoms = {row["kingdom"] for row in rows if row.get("kingdom")}
    assert kingdoms == {"Animalia", "Plantae", "Fungi", "Chromista", "Bacteria"}
    assert len({row["countryCode"] for row in rows}) > 20
    assert {"holotype", "isotype", "lectotype", "syntype"} <= {
        row.get("typeStatus", "") for row in rows
    }
    years = {row["eventDate"][:4] for row in rows if row["eventDate"]}
    assert (min(years), max(years)) == ("1790", "2025")
    assert {"LivingSpecimen", "FossilSpecimen", "MineralSpecimen"} <= {
        row["basisOfRecord"] for row in rows
    }


def test_some_licences_do_not_pass_and_one_of_them_opens_later(harvests: list[Harvest]) -> None:
    closed = [
        {
            row["catalogNumber"]
            for row in table(harvest, "occurrence")
            if "by-nc" in row.get("license", "")
        }
        for harvest in of(harvests, "herbarium")
    ]
    assert closed[0] == {"DH-000126", "DH-000129"}
    assert closed[-1] == {"DH-000129"}
    media = [row for harvest in harvests for row in table(harvest, "multimedia")]
    assert len({row["identifier"] for row in media if "by-nc" in row["license"]}) >= 4


def test_the_broken_rows_are_there_to_be_reported(harvests: list[Harvest]) -> None:
    herbarium = of(harvests, "herbarium")[0]
    rows = table(herbarium, "occurrence")
    ids = {row["id"] for row in rows}
    assert sum(not row["id"] and not row["catalogNumber"] for row in rows) == 1
    assert [row["id"] for row in table(herbarium, "multimedia") if row["id"] not in ids] == [
        "https://example.org/herbarium/DH-000999"
    ]
    zoology = of(harvests, "zoology")[0]
    known = {row["id"] for row in table(zoology, "occurrence")}
    assert sum(row["id"] not in known for row in table(zoology, "measurement")) == 1


def test_core_ids_do_not_repeat(harvests: list[Harvest]) -> None:
    for harvest in harvests:
        ids = [row["id"] for row in table(harvest, "occurrence")]
        assert len(ids) == len(set(ids)), (harvest.date, harvest.dataset)


def test_orcid_ids_check_and_lie_outside_the_blocks_that_are_handed_out() -> None:
    """https://support.orcid.org/hc/en-us/articles/360006897674 (ISO 7064, 11-2)."""
    ids = [person["id"] for person in people().values() if "orcid" in person.get("id", "")]
    assert len(ids) == len(set(ids)) >= 10
    for iri in ids:
        digits = iri.rsplit("/", 1)[1].replace("-", "")
        total = 0
        for digit in digits[:-1]:
            total = (total + int(digit)) * 2
        assert "0123456789X"[(12 - total % 11) % 11] == digits[-1], iri
        assert int(digits[:-1]) < 1_500_000


def test_every_edit_names_a_harvest_and_a_specimen_of_its_dataset() -> None:
    for key in DATASETS:
        found = collection(key)
        known = {row.get("catalogNumber") for row in found.specimens}
        for edit in found.edits:
            assert edit["harvest"] in found.harvests, edit
            assert edit["catalogNumber"] in known, edit
        for row in [*found.specimens, *found.media, *found.determinations, *found.measurements]:
            assert row.get("from", edit["harvest"]) in found.harvests, row


def test_a_row_with_a_cell_too_many_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="3 cells under 2 headers"):
        sections("## Places\n| key | country |\n|---|---|\n| oslo | Norway | x |")


def test_the_real_reader_and_mapping_keep_or_report_every_row(
    harvests: list[Harvest], tmp_path: Path
) -> None:
    outcome = Counter[str]()
    levels: Counter[int] = Counter()
    for harvest in harvests:
        with open_source(harvest.path, tmp_path) as archive:
            mapping = Mapping(SOURCE, harvest.dataset, archive.metadata, harvest.organisation, None)
            for record in archive.records():
                mapped = mapping.map(record)
                assert isinstance(mapped, Mapped), mapped
                outcome["passes" if mapped.gate.passes else "pid-only"] += 1
                outcome["media"] += len(mapped.media)
                outcome["media pid-only"] += sum(not medium.gate.passes for medium in mapped.media)
                outcome.update(finding.code for finding in mapped.diagnostics)
                levels[assess(mapped.document, bool(mapped.media)).level] += 1
            counts = archive.counts.values()
            assert all(count.rows_in == count.kept + count.reported for count in counts)
            outcome["reported"] += sum(count.reported for count in counts)
    assert set(levels) == {0, 1, 2, 3}
    rows = [row for harvest in harvests for row in table(harvest, "occurrence") if row["id"]]
    assert outcome["passes"] + outcome["pid-only"] == len(rows)
    assert outcome["pid-only"] == 17
    assert outcome["media pid-only"] > 10
    assert outcome["value-does-not-fit"] == 1, "the latitude 71N of the first zoology harvest"
    assert outcome["reported"] == 5 + 5 + 4, "rows without id, orphan images, orphan measurements"
