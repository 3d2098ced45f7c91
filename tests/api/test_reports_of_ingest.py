"""The rows of a report name the dataset, so that an erasure finds those of its own record."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from api.cli import app

TABLE = """occurrenceID,basisOfRecord,scientificName,decimalLatitude,license
TU-1,PreservedSpecimen,Abies alba,200,http://creativecommons.org/publicdomain/zero/1.0/
"""


@pytest.mark.parametrize("dry", [False, True])
def test_a_row_names_its_dataset_unless_nothing_was_recorded(dry: bool, tmp_path: Path) -> None:
    table, report = tmp_path / "plants.csv", tmp_path / "report.jsonl"
    table.write_text(TABLE, encoding="utf-8")
    asked = [
        "ingest",
        str(table),
        "--organisation=https://ror.org/03z77qz90",
        "--no-wait",
        "--json",
    ]
    where = [f"--data={tmp_path / 'data'}", f"--report={report}"]
    ended = CliRunner().invoke(app, [*asked, *where, *(["--dry-run"] if dry else [])])
    assert ended.exit_code == 0, ended.output
    source = orjson.loads(ended.stdout.splitlines()[-1])["source_system"]
    rows = [orjson.loads(line) for line in report.read_bytes().splitlines()]
    assert "TU-1" in {row["record"] for row in rows}
    assert {row["source_system"] for row in rows} == {None if dry else source}
