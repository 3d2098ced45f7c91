"""One harvest: an archive in, facts out, and every row accounted for.

    reading ─▶ fingerprint known? ─▶ mapping ─▶ gate ─▶ decide ─▶ append, a batch at a time

A batch is one transaction: its events and its claims are durable together or not at all. A
harvest that is cut off is simply run again: what was recorded is found unchanged. At the end
one `HarvestCompleted` on the source system says what was counted, and which objects the
source no longer shows.

    core rows = new + changed + unchanged + pid-only + rejected + duplicates
"""

from __future__ import annotations

import gc
import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from eventstore.application import DigitalObjects
from eventstore.envelope import to_micros
from fdo.errors import AlreadyRegistered, RecordInvalid, Refused, VersionConflict
from fdo.identifiers import Pid, organisation
from fdo.lifecycle import Note
from handlers.harvest.agent import HARVESTER
from handlers.harvest.batch import Batch
from handlers.harvest.holders import holder_in
from handlers.harvest.identity import decision_for, examine, migrations_of
from handlers.harvest.mapping.darwin_core import Mapping
from handlers.harvest.options import Options
from handlers.harvest.outcome import Outcome
from handlers.harvest.reading.archive import Archive, open_source
from handlers.harvest.reading.diagnostics import legible
from handlers.harvest.records import Diagnostic, Record
from handlers.harvest.sources import Enrolment, enrol, renew, source_name
from handlers.harvest.turns import turn

BATCH = 500
BATCH_BYTES = 8 * 1024 * 1024
"""Bytes of source values at which a transaction ends, however few its rows are."""
MAPPING_EDITION = b"2026.11.2"
"""Raised when the mapping changes what it says of the same record: then all are mapped anew."""


@dataclass(slots=True)
class Summary:
    """What a harvest did; `as_json` is the last line of `ingest --json`."""

    source: str
    source_system: str = ""
    harvest: int = 0
    records: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    pid_only: int = 0
    rejected: int = 0
    duplicates: int = 0
    vanished: int = 0
    seen_again: int = 0
    backfilled: int = 0
    """Known specimens beside which an older word of their source was kept."""
    media: dict[str, int] = field(default_factory=dict)
    """Media of the source: new, changed, pid_only (held back anew) and unchanged objects."""
    changed_terms: dict[str, int] = field(default_factory=dict)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    diagnostics: dict[str, int] = field(default_factory=dict)
    position: int = 0
    dry_run: bool = False
    seconds: float = 0.0

    @property
    def balanced(self) -> bool:
        """Whether every row in is a row kept or a row reported."""
        core = (
            self.new
            + self.changed
            + self.unchanged
            + self.pid_only
            + self.rejected
            + self.duplicates
        )
        return core == self.records and all(
            row["in"] == row["kept"] + row["reported"] for row in self.rows.values()
        )

    def as_json(self) -> dict[str, Any]:
        """JSON-ready, with the sum that must hold."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "diagnostics": sum(self.diagnostics.values()),
            "diagnostics_by_code": self.diagnostics,
            "balanced": self.balanced,
            "seconds": round(self.seconds, 3),
        }


Progress = Callable[[Summary], None]


class Harvest:
    """A harvest of one source into one repository."""

    def __init__(
        self,
        objects: DigitalObjects,
        workspace: Path,
        options: Options,
        report: Callable[[Diagnostic], None] = lambda _: None,
        progress: Progress = lambda _: None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.objects = objects
        self.workspace = workspace
        self.options = options
        self._report_to = report
        self._progress = progress
        self._tell = tell

    def run(self, source: str) -> Summary:
        """Take in one archive, table, folder or URL; the summary, when all is durable.

        SourceRefused: nothing can be read as specimens. IdentityPaused: a person must decide.
        Refused: the harvest is older than what is known. Where another harvest of the same
        dataset is at work, it is told that this one waits for its end.
        """
        started = time.perf_counter()
        self.summary = Summary(legible(source), dry_run=self.options.dry_run)
        self._diagnosed: Counter[str] = Counter()
        self._turned_away: Counter[str] = Counter()
        with (
            _seldom_collecting(),
            open_source(source, self.workspace, self.options.limits) as archive,
            self._turn(archive),
        ):
            self._run(archive)
        self.summary.seconds = time.perf_counter() - started
        self.summary.diagnostics = dict(self._diagnosed)
        return self.summary

    def _run(self, archive: Archive) -> None:
        observed, holder = self._observed_at(), self._organisation()
        enrolment = enrol(
            self.objects, archive, self.summary.source, self.options, observed, HARVESTER
        )
        self.summary.source_system = str(enrolment.pid)
        self.summary.harvest = enrolment.harvest
        mapping = Mapping(
            enrolment.pid, enrolment.name, archive.metadata, holder, enrolment.mapping
        )
        context = self._context(enrolment, archive)
        migrations = self._identity(archive, enrolment, mapping)
        renew(
            self.objects, enrolment, archive, self.summary.source, self.options, observed, HARVESTER
        )
        batch = Batch(self.objects, mapping, enrolment, context, self.options, observed, migrations)
        for records in batches(archive.records(), BATCH, BATCH_BYTES):
            self._take(batch, records)
            self._progress(self.summary)
        batch.ending = True
        for records in batches(batch.postponed, BATCH, BATCH_BYTES):
            self._take(batch, records)
        for finding in (*mapping.findings(), *archive.diagnostics):
            self._report(finding)
        self._complete(archive, enrolment, batch, observed)

    def _take(self, batch: Batch, records: Sequence[Record]) -> None:
        for attempt in range(4):
            try:
                outcome = batch.record(records)
                break
            except RecordInvalid:  # find the row that it is
                half = len(records) // 2
                self._take(batch, records[:half])
                self._take(batch, records[half:])
                return
            except (VersionConflict, AlreadyRegistered):
                if attempt == 3:
                    raise
                time.sleep(0.05 * 2**attempt)
        self._count(outcome)
        for finding in outcome.diagnostics:
            self._report(finding)
            if finding.severity == "error":
                self._turned_away[finding.file] += finding.rows

    def _count(self, outcome: Outcome) -> None:
        summary = self.summary
        summary.records += outcome.records
        for name in ("new", "changed", "unchanged", "pid_only", "rejected", "duplicates"):
            setattr(summary, name, getattr(summary, name) + outcome.counts[name])
        summary.backfilled += outcome.backfilled
        for term, number in outcome.terms.items():
            summary.changed_terms[term] = summary.changed_terms.get(term, 0) + number

    def _complete(
        self, archive: Archive, enrolment: Enrolment, batch: Batch, observed: datetime | None
    ) -> None:
        log, summary = self.objects.log, self.summary
        before = log.unseen(enrolment.pid)
        seen = batch.seen
        missing = (
            [pid for pid in log.of_source(enrolment.pid, "specimen") if pid not in seen]
            if not self.options.backfill
            else []
        )
        newly = self._held(sorted(pid for pid in missing if pid not in before))
        again = (
            {pid: before[pid] for pid in sorted(before) if pid in seen}
            if not self.options.backfill
            else {}
        )
        summary.vanished, summary.seen_again = len(newly), len(again)
        if not self.options.backfill:
            summary.media = self._media(enrolment, batch)
        self._account(archive)
        if self.options.dry_run:
            return
        detail = {
            "harvest": enrolment.harvest,
            "archive": archive.name,
            "sha256": archive.sha256,
            "counts": {
                name: getattr(summary, name)
                for name in (
                    "records",
                    "new",
                    "changed",
                    "unchanged",
                    "pid_only",
                    "rejected",
                    "duplicates",
                    "vanished",
                    "backfilled",
                )
            },
            "not_seen": newly,
            "seen_again": again,
            "backfill": self.options.backfill,
        }
        recorded = self.objects.handle(
            Note("HarvestCompleted", detail),
            pid=enrolment.pid,
            kind="source-system",
            by=HARVESTER,
            observed_at=to_micros(observed) if observed else None,
        )
        assert recorded is not None
        summary.position = recorded.position

    def _held(self, pids: list[str]) -> list[str]:
        """Those of these specimens of which this harvest may speak (`Options.holder`)."""
        holder, log = self.options.holder, self.objects.log
        if holder is None:
            return pids
        return [pid for pid in pids if holder_in(log.latest(Pid.parse(pid)).document) == holder]

    def _media(self, enrolment: Enrolment, batch: Batch) -> dict[str, int]:
        """How many media objects of the source became what; most were not even looked at."""
        found = Counter(batch.media.values())
        of_source = self.objects.log.of_source(enrolment.pid, "media")
        found["unchanged"] = sum(pid not in batch.media for pid in of_source)
        return {name: number for name, number in found.items() if number}

    # ── before the first row ─────────────────────────────────────────────────────────────

    def _turn(self, archive: Archive) -> AbstractContextManager[None]:
        if self.options.dry_run:  # it records nothing, so nobody has to wait for it
            return nullcontext()
        return turn(self.objects, source_name(archive, self.options), self._tell)

    def _observed_at(self) -> datetime | None:
        at = self.options.observed_at
        if at and to_micros(at) > self.objects.clock():
            raise Refused(f"--observed-at {at.isoformat()} lies in the future.")
        return at

    def _organisation(self) -> str | None:
        given = self.options.organisation
        if given is None:
            return None
        found = organisation(given)
        if found is None:
            raise Refused(
                f"--organisation {given!r} is neither a ROR (https://ror.org/0…) nor a Wikidata "
                "id (https://www.wikidata.org/wiki/Q…)."
            )
        return found

    def _context(self, enrolment: Enrolment, archive: Archive) -> bytes:
        """What a record's meaning depends on beside its own values."""
        said = [
            archive.metadata.licence,
            archive.metadata.organisation_id,
            self._organisation(),
            enrolment.mapping_digest,
            *sorted(self.options.reject_shapes),
        ]
        return hashlib.blake2b(MAPPING_EDITION + orjson.dumps(said), digest_size=16).digest()

    def _identity(self, archive: Archive, enrolment: Enrolment, mapping: Mapping) -> dict[str, Pid]:
        """Approved moves of old objects to new ids; raises IdentityPaused where needed."""
        if enrolment.harvest == 1 or self.options.backfill:
            return {}
        decision = decision_for(self.objects, enrolment.pid, archive.sha256)
        if decision is not None:
            return migrations_of(decision)
        examine(self.objects, archive, enrolment, mapping, self.workspace, self.options)
        return {}

    # ── reporting ────────────────────────────────────────────────────────────────────────

    def _report(self, finding: Diagnostic) -> None:
        self._diagnosed[finding.code] += 1
        self._report_to(finding)

    def _account(self, archive: Archive) -> None:
        """Rows that the reader set aside are rejected core rows; rows that the mapping
        rejected are reported, not kept."""
        summary = self.summary
        summary.rows = {
            name: {"in": count.rows_in, "kept": count.kept, "reported": count.reported}
            for name, count in archive.counts.items()
        }
        core = [row for name, row in summary.rows.items() if name in archive.core_files]
        aside = sum(row["reported"] for row in core)
        summary.records = sum(row["in"] for row in core)
        for name, number in self._turned_away.items():
            summary.rows[name]["kept"] -= number
            summary.rows[name]["reported"] += number
        summary.rejected += aside


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Records are many and without cycles: look for garbage less often while they stream."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def batches(records: Iterable[Record], rows: int, size: int) -> Iterator[list[Record]]:
    """The records in parts of at most so many rows, each of which ends when its values reach `size`
    bytes: what is held at once does not grow with what a row says."""
    part, held = list[Record](), 0
    for record in records:
        part.append(record)
        held += record.size
        if len(part) >= rows or held >= size:
            yield part
            part, held = [], 0
    if part:
        yield part
