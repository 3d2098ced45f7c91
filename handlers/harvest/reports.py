"""Reports of harvests: every finding of one ingest, one JSON object a line.

    reports/1774000000000000000.jsonl   of an ingest by command
    jobs/{id}/diagnostics.jsonl         of one over HTTP

A report quotes what the source said, and is no part of the log. So it is kept for a time only, and
an erasure takes the rows of its record out of every report. That comes before the bytes in the log
go, for the log is where it stands which record was meant: whoever is cut off in between erases
again, and both are done.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from eventstore.envelope import Recorded
from handlers.harvest.reading.diagnostics import legible
from handlers.harvest.records import Diagnostic

FOLDER = "reports"
OF_JOB = "diagnostics.jsonl"
GONE = b'{"code":"erased","severity":"info","message":"Taken out by an erasure."}'
"""Stands in the place of a row that was taken out, with blanks up to its length: nothing behind it
moves, so a harvest may be writing at the end meanwhile."""
QUOTED = 200
"""Characters of an address that a finding quotes."""
_NAMING = ("ods:physicalSpecimenID", "ods:normalisedPhysicalSpecimenID", "ac:accessURI")
_DAY_S = 86_400


def line(source: str, finding: Diagnostic, dataset: str | None = None) -> bytes:
    """One finding as a row of a report; `dataset` is the PID of the source system, where it is one
    of the repository's."""
    told = {"source": legible(source), "source_system": dataset, **asdict(finding)}
    return orjson.dumps(told) + b"\n"


def sweep(data: Path, *, days: int, most: int) -> None:
    """Remove reports that are older than `days`, and all but the newest `most`."""
    dated = []
    for path in _reports(data):
        with suppress(FileNotFoundError):  # swept by another ingest meanwhile
            dated.append((path.stat().st_mtime, path))
    dated.sort(reverse=True)
    for place, (at, path) in enumerate(dated):
        if place >= most or time.time() - at > days * _DAY_S:
            path.unlink(missing_ok=True)


def forget(data: Path, history: Iterable[Recorded]) -> None:
    """Take out of every report the rows of the records that an object was made from, by their
    dataset and the ids that they have in it, and those that quote its PID or the address of a
    medium. Of a row that names no dataset, as a dry run writes it, the id decides: rather too much
    is taken out than too little. It may be done again."""
    sought = _Sought.of(history)
    if not sought.named:
        return
    for path in _reports(data):
        with suppress(FileNotFoundError), path.open("r+b") as report:
            if _blanked(report, sought):
                report.flush()
                os.fsync(report.fileno())


def _reports(data: Path) -> list[Path]:
    return [*(data / FOLDER).glob("*.jsonl"), *(data / "jobs").glob(f"*/{OF_JOB}")]


@dataclass(frozen=True, slots=True)
class _Sought:
    """By what the rows of an object are known."""

    named: frozenset[str]
    """What rows may call its records, or quote of a medium."""
    datasets: frozenset[str]
    everywhere: frozenset[str]
    """What stands in a message of any dataset only where that is about the object."""
    quoted: tuple[bytes, ...]
    """All of it, as it stands in a row."""

    @classmethod
    def of(cls, history: Iterable[Recorded]) -> _Sought:
        events = list(history)
        named = frozenset[str]().union(*map(_names, events))
        addresses = {name for name in named if "://" in name}
        everywhere = addresses.union(event.pid_text for event in events)
        quoted = tuple(orjson.dumps(name)[1:-1] for name in named | everywhere)
        datasets = frozenset(event.source for event in events if event.source)
        return cls(named, datasets, frozenset(everywhere), quoted)


def _names(event: Recorded) -> set[str]:
    read: dict[str, Any] = event.verbatim or {}
    said = (read.get("id"), *(event.document.get(term) for term in _NAMING))
    return {str(name)[:QUOTED] for name in said if name}


def _blanked(report: BinaryIO, sought: _Sought) -> bool:
    """Whether rows of these records stood in a report; they do no more."""
    places, start = [], 0
    for row in report:
        if _is_of(row, sought):
            places.append((start, len(row.rstrip(b"\n"))))
        start += len(row)
    for start, size in places:
        report.seek(start)
        report.write(GONE.ljust(size) if size >= len(GONE) else b" " * size)
    return bool(places)


def _is_of(row: bytes, sought: _Sought) -> bool:
    """A row that was cut off as its harvest was killed may have lost the id: it is taken out with
    the others."""
    if row.endswith(b"\n") and not any(name in row for name in sought.quoted):
        return False
    try:
        told = orjson.loads(row)
    except orjson.JSONDecodeError:
        return True
    message = told.get("message", "")
    if any(name in message for name in sought.everywhere):
        return True
    dataset = told.get("source_system")
    here = dataset is None or not sought.datasets or dataset in sought.datasets
    return here and str(told.get("record"))[:QUOTED] in sought.named
