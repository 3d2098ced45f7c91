"""Reports of harvests are kept for a time, and an erasure takes its rows out of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import orjson
import pytest

from handlers.harvest import reports
from handlers.harvest.records import Diagnostic
from tests.handlers.harvest.collection import Collection, image, row

SECRET = "Qwyxzavohu"
"""Stands in what the reports quote."""


def finding(record: str | None, said: str = f"dwc:sex: '{SECRET}' is no sex.") -> Diagnostic:
    return Diagnostic(
        "value-does-not-fit", "warning", said, "Correct it.", "a.csv", 2, None, record
    )


def report(path: Path, *findings: Diagnostic, days: float = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(reports.line("a.zip", one) for one in findings))
    os.utime(path, (time.time() - days * 86_400,) * 2)
    return path


def rows(path: Path) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def herbarium(tmp_path: Path) -> Collection:
    collection = Collection(tmp_path)
    collection.harvest([row(1), row(2)], [image(1, "a")])
    return collection


def forget(herbarium: Collection, data: Path, name: str = "TU-1") -> None:
    reports.forget(data, herbarium.log.history(herbarium.specimens()[name].pid))


def test_the_rows_of_a_record_leave_every_report_and_the_others_stay(
    herbarium: Collection, tmp_path: Path
) -> None:
    other = finding("TU-2", "Something else.")
    of_command = report(tmp_path / "reports" / "1.jsonl", finding("TU-1"), other, finding("TU-1"))
    of_job = report(tmp_path / "jobs" / "ab" / reports.OF_JOB, other, finding("TU-1"))
    sizes = [path.stat().st_size for path in (of_command, of_job)]
    for _ in range(2):  # who was cut off does it again
        forget(herbarium, tmp_path)
        assert [row["code"] for row in rows(of_command)] == ["erased", other.code, "erased"]
        assert [row["code"] for row in rows(of_job)] == [other.code, "erased"]
        assert SECRET.encode() not in of_command.read_bytes() + of_job.read_bytes()
        assert [path.stat().st_size for path in (of_command, of_job)] == sizes


def test_the_same_id_in_another_dataset_is_another_record(
    herbarium: Collection, tmp_path: Path
) -> None:
    specimen = herbarium.specimens()["TU-1"]
    path = tmp_path / "reports" / "1.jsonl"
    path.parent.mkdir()
    about = f"The physical specimen id belongs to {specimen.pid}."
    lines = [
        reports.line("ours.zip", finding("TU-1"), specimen.source),
        reports.line("theirs.zip", finding("TU-1", "Theirs."), "20.5000.5072/AAA-AAA-AAA"),
        reports.line("theirs.zip", finding("X-1", about), "20.5000.5072/AAA-AAA-AAA"),
        reports.line("tried.zip", finding("TU-1", "Of a dry run.")),
    ]
    path.write_bytes(b"".join(lines))
    forget(herbarium, tmp_path)
    assert [row["message"] for row in rows(path)] == [
        "Taken out by an erasure.",
        "Theirs.",
        "Taken out by an erasure.",
        "Taken out by an erasure.",
    ]


def test_what_a_harvest_writes_meanwhile_is_kept(herbarium: Collection, tmp_path: Path) -> None:
    path = report(tmp_path / "reports" / "1.jsonl")
    with path.open("wb", buffering=0) as lines:
        lines.write(reports.line("a.zip", finding("TU-1")))
        forget(herbarium, tmp_path)
        lines.write(reports.line("a.zip", finding("TU-2", "After it.")))
    assert [row["message"] for row in rows(path)] == ["Taken out by an erasure.", "After it."]


def test_a_row_that_was_cut_off_is_taken_out_since_nobody_can_tell_whose_it_was(
    herbarium: Collection, tmp_path: Path
) -> None:
    path = report(tmp_path / "reports" / "1.jsonl", finding("TU-2", "Whole."), finding("TU-1"))
    path.write_bytes(path.read_bytes()[:-60])
    assert SECRET.encode() in path.read_bytes()
    forget(herbarium, tmp_path, "TU-2")
    assert SECRET.encode() not in path.read_bytes()


def test_rows_that_quote_the_address_of_a_medium_go_with_the_medium(
    herbarium: Collection, tmp_path: Path
) -> None:
    (medium,) = (event for event in herbarium.log.read(0, 100) if event.type == "media")
    quoting = f"What 'X' says of {medium.document['ac:accessURI']} makes no valid medium."
    path = report(tmp_path / "reports" / "1.jsonl", finding("X", quoting), finding("TU-2"))
    reports.forget(tmp_path, herbarium.log.history(medium.pid))
    assert [row["code"] for row in rows(path)] == ["erased", "value-does-not-fit"]


def test_reports_are_kept_for_a_time_and_up_to_a_number(tmp_path: Path) -> None:
    old = report(tmp_path / "reports" / "1.jsonl", days=31)
    of_job = report(tmp_path / "jobs" / "ab" / reports.OF_JOB, days=3)
    kept = [report(tmp_path / "reports" / f"{n}.jsonl", days=n - 2) for n in (2, 3)]
    job = report(tmp_path / "jobs" / "ab" / "job.json", days=400)
    reports.sweep(tmp_path, days=30, most=3)
    assert [path.exists() for path in (old, of_job, *kept, job)] == [False, True, True, True, True]
    reports.sweep(tmp_path, days=30, most=2)
    assert [path.exists() for path in (of_job, *kept)] == [False, True, True]
