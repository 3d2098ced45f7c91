"""Definitions at the command line: listed, revised, and records judged from then on."""

from __future__ import annotations

import json
from pathlib import Path

from fdo.definitions.names import definition_pid
from tests.scenarios.terminal import Terminal

PROFILE = definition_pid("20.5000.5072", "fdo-profile", "specimen")


def test_a_revised_profile_judges_what_is_issued_from_then_on(
    sample: Terminal, tmp_path: Path
) -> None:
    terminal = sample.copied(tmp_path / "data")
    listed = terminal.json("definitions", "list", "--kind", "fdo-profile")
    assert {"specimen", "media", "doi-kernel"} <= {row["key"] for row in listed}
    assert str(PROFILE) in terminal("definitions", "list").stdout
    document = terminal.json("show", PROFILE)
    document["col:recordSchema"]["required"].append("rightsHolder")
    file = tmp_path / "profile.json"
    file.write_text(json.dumps(document))
    assert "version 2" in terminal("definitions", "revise", PROFILE, file, "--version", 1).stdout
    assert terminal.json("definitions", "revise", PROFILE, file) == {
        "pid": str(PROFILE),
        "version": 2,
        "changed": False,
    }
    table = tmp_path / "new.csv"
    table.write_text(
        "occurrenceID,catalogNumber,scientificName,basisOfRecord,license\n"
        "https://example.org/new/1,N-1,Abies alba Mill.,PreservedSpecimen,CC0\n"
    )
    owner = "https://ror.org/03z77qz90"
    report = tmp_path / "report.jsonl"
    told = terminal.json("ingest", table, "--organisation", owner, "--report", report, code=1)
    assert told["rejected"] == 1 and told["new"] == 0 and told["balanced"]
    assert "record-breaks-profile" in report.read_text()
    assert f"{PROFILE}/2" in report.read_text() and "rightsHolder" in report.read_text()
    terminal("verify", "--quick")


def test_what_is_no_definition_is_refused(sample: Terminal, tmp_path: Path) -> None:
    terminal = sample.copied(tmp_path / "data")
    broken = tmp_path / "broken.json"
    broken.write_text("[1,")
    assert "is not JSON" in terminal.refused("definitions", "revise", PROFILE, broken)
    broken.write_text("[]")
    assert "no JSON object" in terminal.refused("definitions", "revise", PROFILE, broken)
    broken.write_text("{}")
    assert "col:key" in terminal.refused("definitions", "revise", PROFILE, broken)
    terminal("definitions", "list", "--kind", "saved-query", code=2)
