"""What became of the records of one batch: the counts that must balance, and what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson

from fdo.errors import RecordInvalid
from fdo.wording import many
from handlers.harvest.records import Diagnostic, Record


@dataclass(slots=True)
class Outcome:
    """`records` is the sum of `counts`: new, changed, unchanged, pid_only, rejected and
    duplicates."""

    records: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    media: dict[str, str] = field(default_factory=dict)
    """PID (text) of a medium → new, changed, unchanged or pid_only."""
    terms: Counter[str] = field(default_factory=Counter)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    """PIDs (text) of the known or new specimens of which a row spoke."""
    postponed: list[Record] = field(default_factory=list)
    equal: dict[str, bytes] = field(default_factory=dict)
    """PID (text) → fingerprint of source bytes that say what the object says already."""
    backfilled: int = 0

    def postpone(self, record: Record) -> None:
        """Leave a record for the end of the harvest; it will be counted there."""
        self.postponed.append(record)
        self.records -= 1

    def reject(self, finding: Diagnostic, record: Record) -> None:
        """Count a record that makes no object, and say why."""
        self._turn_away("rejected", finding, record)

    def pass_over(self, finding: Diagnostic, record: Record) -> None:
        """Count a record whose specimen another row or source speaks for, and say so."""
        self._turn_away("duplicates", finding, record)

    def _turn_away(self, counted: str, finding: Diagnostic, record: Record) -> None:
        self.counts[counted] += 1
        self.diagnostics += [finding, *_rows_beside(record)]


def _rows_beside(record: Record) -> Iterator[Diagnostic]:
    """What is said of the extension rows of a record that was turned away: they are not kept."""
    for file, rows in Counter(file for file, _ in record.attached).items():
        line = next(line for name, line in record.attached if name == file)
        yield Diagnostic(
            "extension-core-rejected",
            "error",
            f"{file}, line {line}: {many(rows, 'row')} of {record.id!r}, which was not taken in.",
            "Repair the record itself; its extension rows come with it.",
            file,
            line,
            None,
            record.id,
            rows,
        )


def turned_away(record: Record, invalid: RecordInvalid) -> Outcome:
    """What became of the one row whose FDO record, or that of one of its media, would break its
    profile."""
    outcome = Outcome(records=1)
    outcome.reject(
        Diagnostic(
            "record-breaks-profile",
            "error",
            invalid.message,
            "Repair the values named at the source, or revise the profile: collectome definitions.",
            record.file,
            record.line,
            None,
            record.id,
        ),
        record,
    )
    return outcome


def verbatim_of(record: Record) -> bytes:
    """The source record as read, as it is kept in the log."""
    return orjson.dumps(
        {
            "id": record.id,
            "file": record.file,
            "line": record.line,
            "core": record.core,
            "extensions": record.extensions,
        },
        option=orjson.OPT_SORT_KEYS,
    )
