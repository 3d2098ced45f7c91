"""What `ingest` promises: a summary, exit codes, silence the second time, pauses, mappings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scenarios.program import HOLDER, specimens
from tests.scenarios.terminal import Terminal

PROMISED = {
    "records", "new", "changed", "unchanged", "vanished", "rejected", "diagnostics", "seconds",
}  # fmt: skip


@pytest.fixture
def empty(tmp_path: Path) -> Terminal:
    """A folder without a repository."""
    return Terminal(tmp_path / "data")


@pytest.fixture(scope="module")
def herbarium(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A repository of one table of eight plants, `plants.csv` beside its folder."""
    place = tmp_path_factory.mktemp("herbarium")
    terminal = Terminal(place / "data")
    plants = specimens(place / "plants.csv", *range(1, 9))
    assert terminal.json("ingest", plants, HOLDER, "--no-wait")["new"] == 8
    return terminal


def test_json_ends_with_one_line_of_one_object_and_the_second_time_is_silent(empty, tmp_path):
    plants = specimens(tmp_path / "plants.csv", *range(1, 7))
    first = empty.json("ingest", plants, HOLDER)
    assert first.keys() >= PROMISED
    assert (first["records"], first["new"], first["balanced"]) == (6, 6, True)
    head = empty.json("status")
    assert {p["lag"] for p in head["projections"].values()} == {0}
    again = empty.json("ingest", plants, HOLDER)
    assert (again["unchanged"], again["new"], again["changed"], again["vanished"]) == (6, 0, 0, 0)
    specimens(plants, *range(1, 6), country="Sweden")
    third = empty.json("ingest", plants, HOLDER)
    assert (third["changed"], third["vanished"]) == (5, 1)
    assert third["changed_terms"] == {"dwc:country": 5}


def test_the_sum_of_rows_is_printed_whatever_the_file_is_called(empty, tmp_path):
    (tmp_path / "[").mkdir()
    plants = specimens(tmp_path / "[" / "]plants[final]:bug:.csv", 1, 1, 2)
    told = empty("ingest", plants, HOLDER, "--no-wait").stdout
    assert f"{plants}: 3 records = 2 new" in told
    assert "]plants[final]:bug:.csv: 3 rows in = 2 kept + 1 reported" in told


def test_a_dry_run_records_nothing_and_says_what_would_happen(herbarium, empty, tmp_path):
    before = herbarium("export", "--format=jsonl").stdout
    changed = specimens(tmp_path / "plants.csv", *range(1, 12), country="Sweden")
    told = herbarium.json("ingest", changed, HOLDER, "--dry-run")
    assert (told["changed"], told["new"], told["dry_run"]) == (8, 3, True)
    assert herbarium("export", "--format=jsonl").stdout == before
    assert empty.json("ingest", changed, HOLDER, "--dry-run")["new"] == 11
    assert empty.json("status")["log"]["position"] == 0


def test_the_report_holds_every_diagnostic_with_file_line_and_next_step(herbarium, tmp_path):
    plants = specimens(tmp_path / "broken.csv", 1, 2)
    plants.write_text(plants.read_text() + "TST-1,too,few\n", encoding="utf-8")
    report = tmp_path / "far" / "report.jsonl"
    told = herbarium.json("ingest", plants, HOLDER, "--dry-run", f"--report={report}")
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == told["diagnostics"] > 0
    assert {line["code"] for line in lines} == set(told["diagnostics_by_code"])
    assert all(line["source"] == str(plants) and line["next_step"] for line in lines), lines
    assert told["report"] == str(report)


def test_several_sources_are_taken_in_one_after_the_other_and_summed(herbarium, tmp_path):
    one, two = specimens(tmp_path / "one.csv", 21, 22), specimens(tmp_path / "two.csv", 31)
    out = herbarium("ingest", one, two, HOLDER, "--no-wait", "--json").stdout
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["harvest"]["records"] for line in lines[:-1]] == [2, 1]
    assert lines[-1].keys() >= PROMISED
    assert (lines[-1]["records"], lines[-1]["new"], lines[-1]["sources"]) == (3, 3, 2)


def test_what_came_before_a_source_that_fails_is_told_and_what_comes_after_is_named(
    herbarium, tmp_path
):
    good, late = specimens(tmp_path / "good.csv", 41), specimens(tmp_path / "late.csv", 42)
    line = ("ingest", good, tmp_path / "missing.zip", late, HOLDER, "--no-wait")
    out = herbarium(*line, "--json", code=1).stdout.splitlines()
    assert json.loads(out[0])["harvest"]["new"] == 1
    assert json.loads(out[-1])["error"] == "SourceRefused"
    told = herbarium(*line, code=1)
    assert "1 unchanged" in told.stdout
    assert "late.csv" in told.stderr


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--organisation=Linnaeus"], "neither a ROR"),
        ([HOLDER, "--observed-at=yesterday"], "RFC 3339"),
        ([HOLDER, "--observed-at=2999-01-01"], "future"),
        ([HOLDER, "--mapping=nowhere.toml"], "nowhere.toml"),
        ([HOLDER, "--report=/proc/nowhere/report.jsonl"], "/proc/nowhere"),
    ],
    ids=["organisation", "observed-at", "future", "mapping", "report"],
)
def test_an_option_that_cannot_be_is_refused_by_name_and_records_nothing(
    herbarium, options, told, tmp_path
):
    before = herbarium.json("status")["log"]["position"]
    plants = specimens(tmp_path / "plants.csv", 51)
    assert told in herbarium.refused("ingest", plants, *options)
    assert herbarium.json("status")["log"]["position"] == before


def test_several_sources_are_not_taken_for_harvests_of_one_dataset(herbarium, tmp_path):
    one, two = specimens(tmp_path / "one.csv", 61), specimens(tmp_path / "two.csv", 62)
    before = herbarium.json("status")["log"]["position"]
    told = herbarium.refused("ingest", one, two, HOLDER, "--source-system=Plants")
    assert "one dataset" in told and "one by one" in told
    assert herbarium.json("status")["log"]["position"] == before


def test_a_source_that_holds_no_specimens_is_refused_with_the_rule(herbarium, tmp_path):
    (tmp_path / "letter.csv").write_text("Dear,curator\nyours,truly\n", encoding="utf-8")
    assert "Darwin Core" in herbarium.refused("ingest", tmp_path / "letter.csv", HOLDER)
    assert "no file or folder" in herbarium.refused("ingest", tmp_path / "none.zip", HOLDER)
    assert "public address" in herbarium.refused("ingest", "http://127.0.0.1:9/a.zip", HOLDER)


def test_a_mapping_file_renames_and_fills_in(empty, tmp_path):
    (tmp_path / "old.csv").write_text(
        "catalogNumber,basisOfRecord,label,license\n"
        "OLD-1,PreservedSpecimen,Carex exemplaris,CC0-1.0\n",
        encoding="utf-8",
    )
    (tmp_path / "old.toml").write_text(
        'name = "Old cards"\n[defaults]\n"ods:organisationID" = "https://ror.org/0566bfb96"\n'
        '[terms]\n"dwc:locality" = "label"\n',
        encoding="utf-8",
    )
    told = empty.json("ingest", tmp_path / "old.csv", f"--mapping={tmp_path / 'old.toml'}")
    assert told["new"] == 1
    hit = empty.json("search")["hits"][0]
    assert hit["organisation"] == "https://ror.org/0566bfb96"
    assert hit["locality"] == "Carex exemplaris"


def test_observed_at_is_kept_and_the_past_is_refused_unless_it_is_a_backfill(empty, tmp_path):
    plants = specimens(tmp_path / "plants.csv", 1, 2, 3)
    empty.json("ingest", plants, HOLDER, "--observed-at=2026-03-01T12:00:00Z")
    pid = empty.json("search")["hits"][0]["pid"]
    assert empty.json("history", pid)[0]["observed_at"].startswith("2026-03-01T12:00:00")
    older = specimens(plants, 1, 2, 3, country="Sweden")
    at = "--observed-at=2025-01-01"
    assert "--backfill" in empty.refused("ingest", older, HOLDER, at)
    empty.json("ingest", older, HOLDER, at, "--backfill")
    assert {hit["country_name"] for hit in empty.json("search")["hits"]} == {"Norway"}
    assert empty.json("verify")["sound"] is True


@pytest.fixture
def paused(empty: Terminal, tmp_path: Path) -> Terminal:
    """A repository whose second harvest paused: all numbers bear a new prefix."""
    plants = specimens(tmp_path / "plants.csv", *range(1, 9))
    assert empty.json("ingest", plants, HOLDER, "--no-wait")["new"] == 8
    renamed = plants.read_text(encoding="utf-8").replace("TST-", "BOT/")
    plants.write_text(renamed, encoding="utf-8")
    told = empty.json("ingest", plants, HOLDER, "--no-wait", code=3)
    assert told["error"] == "IdentityPaused"
    assert "identity" in told["message"]
    return empty


def test_an_approved_pause_keeps_every_pid(paused):
    [waiting] = paused.json("identity", "list")
    harvest = waiting["harvest"]
    assert harvest in paused("identity", "list").stdout
    proposals = paused.json("identity", "show", harvest)["proposals"]
    assert len(proposals) == 8
    assert "BOT" in paused("identity", "show", harvest).stdout
    before = paused.json("status")["objects"]["specimen"]
    told = paused.json("identity", "approve", harvest)
    assert (told["changed"], told["new"], told["vanished"]) == (8, 0, 0)
    assert paused.json("status")["objects"]["specimen"] == before
    assert [each["state"] for each in paused.json("identity", "list")] == ["approve"]
    assert not list((paused.data / "workspace" / "identity").glob("*/*")), "nothing waits any more"
    assert paused.json("verify")["sound"] is True


def test_a_rejected_pause_records_nothing_or_takes_all_in_as_new(paused, tmp_path):
    harvest = paused.json("identity", "list")[0]["harvest"]
    assert paused.json("identity", "reject", harvest)["state"] == "reject"
    assert paused.json("status")["objects"]["specimen"] == {"active": 8}
    paused.refused("identity", "approve", harvest)
    assert "No harvest" in paused.refused("identity", "show", "nothing")


def test_a_pause_may_be_decided_as_all_new(paused):
    harvest = paused.json("identity", "list")[0]["harvest"]
    told = paused.json("identity", "reject", harvest, "--as-new")
    assert (told["new"], told["vanished"]) == (8, 8)
