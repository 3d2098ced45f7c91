"""The commands that keep a repository: export and import, ends and returns, rebuild, verify."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from api.commands import export
from fdo.errors import Unavailable
from tests.scenarios.terminal import Terminal

SPECIMENS = "--filter=has_media=false"


@pytest.fixture(scope="module")
def copy(sample: Terminal, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A repository of our own, to be changed."""
    return sample.copied(tmp_path_factory.mktemp("copy") / "data")


@pytest.fixture(scope="module")
def pids(copy: Terminal) -> list[str]:
    """Four specimens."""
    return [hit["pid"] for hit in copy.json("search", SPECIMENS, "--limit=4")["hits"]]


def test_status_tells_the_head_the_lag_and_the_counts(sample):
    told = sample.json("status")
    assert {p["lag"] for p in told["projections"].values()} == {0}
    assert told["objects"]["specimen"]["active"] > 100
    assert str(told["log"]["position"]) in sample("status").stdout
    assert told["server"] is False


def test_an_exported_log_makes_an_equal_repository_and_is_exported_alike(
    sample, demo_log, tmp_path
):
    for line in ("--format=jsonl", "--format=nquads", "--format=documents"):
        told = sample.json("export", line, f"--output={tmp_path / line[9:]}")
        assert told["lines"] == len((tmp_path / line[9:]).read_bytes().splitlines()) > 100
        assert told["position"] > 200 and told["recordedAt"].endswith("Z")
    assert (tmp_path / "jsonl").read_bytes() == demo_log.read_bytes()
    again = Terminal(tmp_path / "again")
    again.json("import", tmp_path / "jsonl")
    assert again.json("verify")["sound"] is True
    assert sorted(again("export", "--format=nquads").stdout.splitlines()) == sorted(
        (tmp_path / "nquads").read_text(encoding="utf-8").splitlines()
    )
    assert "empty repository" in again.refused("import", tmp_path / "jsonl")


def test_exported_documents_are_the_active_ones(sample, tmp_path):
    lines = sample("export", "--format=documents").stdout.splitlines()
    active = sum(states.get("active", 0) for states in sample.json("status")["objects"].values())
    assert len({json.loads(line)["@id"] for line in lines}) == len(lines) == active


def test_an_altered_log_is_refused_before_anything_is_recorded(demo_log, tmp_path):
    text = demo_log.read_text(encoding="utf-8")
    assert "Dactylorhiza" in text
    (tmp_path / "altered.jsonl").write_text(text.replace("Dactylorhiza", "Dactylorhyza", 1))
    terminal = Terminal(tmp_path / "data")
    assert "hashes promise" in terminal.refused("import", tmp_path / "altered.jsonl")
    assert terminal.json("status")["log"]["position"] == 0


def test_what_is_no_log_is_refused_in_a_sentence(tmp_path):
    terminal = Terminal(tmp_path / "data")
    (tmp_path / "letter.txt").write_text("Dear curator,\n", encoding="utf-8")
    assert "not JSON" in terminal.refused("import", tmp_path / "letter.txt")
    assert "nowhere.jsonl" in terminal.refused("import", tmp_path / "nowhere.jsonl")
    assert "No such file" in terminal.refused("import", tmp_path / "nowhere.jsonl")


def test_a_file_that_cannot_be_written_is_named(sample, tmp_path):
    assert "no/way" in sample.refused("export", f"--output={tmp_path / 'no' / 'way'}")


def test_an_export_that_fails_leaves_the_file_that_was_there(sample, tmp_path, monkeypatch):
    kept = tmp_path / "kept.nq"
    kept.write_text("yesterday\n")

    def broken(*_):
        yield b"a line\n"
        raise Unavailable("The disk is gone.")

    monkeypatch.setattr(export, "_lines", broken)
    for output in (kept, tmp_path / "new.nq"):
        assert "disk is gone" in sample.refused("export", f"--output={output}")
    assert [file.name for file in tmp_path.iterdir()] == ["kept.nq"]
    assert kept.read_text() == "yesterday\n"
    monkeypatch.undo()
    assert sample.json("export", f"--output={kept}")["lines"] > 100
    assert [file.name for file in tmp_path.iterdir()] == ["kept.nq"]


def test_a_tombstoned_object_leaves_search_and_comes_back_under_its_pid(copy, pids):
    gone = pids[0]
    before = copy.json("show", gone)
    told = copy.json("tombstone", gone, "--reason=Lost in the post.")
    assert told["what"].startswith("SpecimenTombstoned")
    assert told["version"] == int(before["ods:version"]) + 1
    assert gone not in {h["pid"] for h in copy.json("search", "--limit=1000")["hits"]}
    assert "Lost in the post." in copy("show", gone).stdout
    assert "tombston" in copy.refused("tombstone", gone, "--reason=Again.").lower()
    assert copy.json("restore", gone)["version"] == told["version"] + 1
    after = copy.json("show", gone)
    volatile = {"ods:version", "dcterms:modified"}
    assert {k: v for k, v in after.items() if k not in volatile} == {
        k: v for k, v in before.items() if k not in volatile
    }
    assert gone in {h["pid"] for h in copy.json("search", "--limit=1000")["hits"]}


def test_a_merged_object_names_the_one_that_remains(copy, pids):
    gone, remains = pids[1], pids[2]
    assert copy.json("merge", gone, remains, "--reason=Registered twice.")["pid"] == gone
    assert remains in copy("show", gone).stdout
    assert copy.json("show", remains)["ods:status"] == "Active"


def test_a_merged_object_can_be_brought_back(copy, pids):
    assert copy.json("restore", pids[1])["what"].startswith("SpecimenRestored")
    assert copy.json("show", pids[1])["ods:status"] == "Active"
    assert copy.json("verify")["faults"] == []


@pytest.mark.parametrize("into", ["itself", "10.5072/AAA-AAA-AAA"])
def test_nothing_is_merged_into_itself_or_into_nothing(copy, pids, into):
    before = copy.json("status")["log"]["position"]
    copy.refused("merge", pids[3], pids[3] if into == "itself" else into)
    assert copy.json("status")["log"]["position"] == before


def test_a_divided_object_names_its_parts(copy, pids):
    told = copy.json("split", pids[0], pids[2], pids[3], "--reason=Two plants on one sheet.")
    assert told["what"].startswith("SpecimenDivided")
    assert pids[2] in copy("show", pids[0]).stdout
    copy.json("restore", pids[0], "--reason=One after all.")
    assert copy.json("show", pids[0])["ods:status"] == "Active"


def test_an_erasure_is_told_first_and_done_when_confirmed(copy, pids):
    line = ("erase", pids[3], "--version=1", "--reason=Asked for by the family.")
    before = copy.json("status")["log"]["position"]
    assert "add --yes" in copy.refused(*line)
    assert copy.json("status")["log"]["position"] == before
    told = copy.json(*line, "--yes")
    assert (told["versions"], len(told["positions"])) == ([1], 1)
    assert "ods:hasEvents" not in copy.json("show", pids[3], "--version=1")
    assert "nothing to erase" in copy.refused(*line, "--yes")
    assert "goes with a PID" in copy.refused("erase", "3", "--version=1", "--reason=x", "--yes")
    assert "no event" in copy.refused("erase", "999999", "--reason=x", "--yes")
    assert copy.json("verify")["faults"] == []


def test_only_a_tombstoned_object_can_be_restored(copy, pids):
    assert "active" in copy.refused("restore", pids[3])
    assert "No object bears" in copy.refused("restore", "10.5072/AAA-AAA-AAA")


def test_rebuilt_projections_are_those_that_were(copy):
    before = sorted(copy("export", "--format=nquads").stdout.splitlines())
    told = copy.json("rebuild", "all")
    assert told["rebuilt"] == "all"
    assert sorted(copy("export", "--format=nquads").stdout.splitlines()) == before
    told_now = copy.json("verify")
    assert (told_now["faults"], told_now["events"]) == ([], told["position"])
    assert "agree" in copy("verify", "--quick").stdout
    assert "there are" in copy.refused("rebuild", "everything")


@pytest.mark.parametrize("broken", ["search", "conformance"])
def test_a_projection_that_is_no_database_any_more_is_made_anew(copy, broken):
    view = copy.data / "projections" / broken / "view.sqlite"
    for rest in view.parent.glob("view.sqlite-*"):
        rest.unlink()
    view.write_bytes(b"not a database" * 400)
    copy.json("rebuild", broken)
    assert copy.json("verify")["sound"] is True


def test_a_graph_whose_store_is_broken_is_made_anew(copy):
    for manifest in (copy.data / "projections" / "graph").rglob("CURRENT"):
        manifest.write_bytes(b"nonsense")
    copy.json("rebuild", "graph")
    assert copy.json("verify")["sound"] is True


def test_an_older_log_that_is_put_back_rules_the_projections_after_a_rebuild(sample, tmp_path):
    copy = sample.copied(tmp_path / "data")
    log, backup = copy.data / "log.sqlite", tmp_path / "backup.sqlite"
    with sqlite3.connect(log) as live, sqlite3.connect(backup) as kept:
        live.backup(kept)
    before = sorted(copy("export", "--format=nquads").stdout.splitlines())
    gone = copy.json("search", "--limit=1")["hits"][0]["pid"]
    copy.json("tombstone", gone, "--reason=A mistake.")
    for file in copy.data.glob("log.sqlite*"):
        file.unlink()
    log.write_bytes(backup.read_bytes())
    copy.json("rebuild", "all")
    assert sorted(copy("export", "--format=nquads").stdout.splitlines()) == before
    assert copy.json("verify")["sound"] is True


def test_verify_names_the_event_that_was_altered(sample, tmp_path: Path):
    copy = sample.copied(tmp_path / "data")
    with sqlite3.connect(copy.data / "log.sqlite") as log:
        tables = [r[0] for r in log.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        events = next(t for t in tables if "event" in t)
        log.execute(f"UPDATE {events} SET observed_at = observed_at + 1 WHERE position = 9")
    log.close()
    told = copy.json("verify", "--quick", code=1)
    assert told["sound"] is False
    assert any("event 9" in fault["where"] for fault in told["faults"])
    assert "event 9" in copy("verify", "--quick", code=1).stderr
