"""A batch of records becomes one transaction of facts.

For each record: the claim of its physical id says whether the specimen is known; the
fingerprint says whether the source changed anything; only then is it mapped and decided.
Specimen and media name each other, so both sides are written in the same transaction.

Rows of a specimen that was merged into another wait until the end of the harvest: where the
source still shows the successor under its own id they are reported, else they speak for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b

from eventstore.application import Change, DigitalObjects
from eventstore.envelope import opends_time, to_micros, to_moment
from eventstore.log import Head
from fdo.documents import changed_terms
from fdo.errors import RecordInvalid
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Facts, Noted, Status
from fdo.mids import assess
from handlers.harvest.agent import HARVESTER
from handlers.harvest.backfill import backfill
from handlers.harvest.holders import held_by_another, holder_in
from handlers.harvest.links import HAS_MEDIA, RELATIONS, relation
from handlers.harvest.mapping.darwin_core import Mapping
from handlers.harvest.media import Media
from handlers.harvest.options import Options
from handlers.harvest.outcome import Outcome, turned_away, verbatim_of
from handlers.harvest.overlay import Overlay
from handlers.harvest.records import Diagnostic, Mapped, Record
from handlers.harvest.sources import Enrolment
from handlers.harvest.standards import breaches
from handlers.harvest.verdicts import facts_of, settled_by_person, stamp, stub_of


class Batch:
    """Turns batches of records of one harvest into facts; keeps what was seen."""

    def __init__(
        self,
        objects: DigitalObjects,
        mapping: Mapping,
        enrolment: Enrolment,
        context: bytes,
        options: Options,
        observed: datetime | None,
        migrations: dict[str, Pid],
    ) -> None:
        self.objects = objects
        self.mapping = mapping
        self.enrolment = enrolment
        self.context = context
        self.options = options
        self.observed_at = to_micros(observed) if observed else None
        self.migrations = migrations
        self.seen: set[str] = set()
        """PIDs (text) of the specimens that this harvest showed."""
        self.media: dict[str, str] = {}
        """PID (text) of each medium that a read record names → what became of it."""
        self.postponed: list[Record] = []
        """Rows of merged specimens; to be recorded when all others have been."""
        self.ending = False
        """Whether the postponed rows are being recorded now."""
        self.rehearsed: dict[str, Pid] = {}
        """In a dry run: the claims that would have been made, and for what."""

    def record(self, records: Sequence[Record]) -> Outcome:
        """Decide and record one batch; nothing is recorded when it raises.

        RecordInvalid: of one of several records; a single one is turned away.
        """
        work = _Work(self, records)
        outcome = work.outcome
        if work.changes:
            changes = self._forward(work.changes)
            try:
                self._write(changes)
            except RecordInvalid as invalid:
                if len(records) > 1:
                    raise
                outcome = turned_away(records[0], invalid)
                known = {str(change.pid) for change in changes if change.known}
                outcome.seen = work.outcome.seen & known  # it did not vanish from its source
        if outcome.equal and not self.options.dry_run:
            self.objects.note_fingerprints(outcome.equal)  # only behind the facts of the media
        self.seen |= outcome.seen
        for pid, became in outcome.media.items():
            if became != "unchanged" and self.media.get(pid) != "new":
                self.media[pid] = became
        self.postponed += outcome.postponed
        return outcome

    def _write(self, changes: list[Change]) -> None:
        if not self.options.dry_run:
            self.objects.append(changes, by=HARVESTER, observed_at=self.observed_at)
            return
        self.objects.rehearse(changes, by=HARVESTER, observed_at=self.observed_at)
        for change in changes:
            self.rehearsed.update(dict.fromkeys(change.new_claims or (), change.pid))

    def _forward(self, changes: list[Change]) -> list[Change]:
        """The changes, none observed before what is known of its object already: an export of
        yesterday, read after a curator's edit of today, speaks of the object from today on."""
        if self.observed_at is None or self.options.backfill:
            return changes
        heads = self.objects.log.heads_of([str(each.pid) for each in changes if each.known])
        later = {
            head.pid: head.observed_at for head in heads if head.observed_at > self.observed_at
        }
        return [
            replace(each, observed_at=later[each.pid]) if each.pid in later else each
            for each in changes
        ]


class _Work:
    """One attempt at one batch."""

    def __init__(self, batch: Batch, records: Sequence[Record]) -> None:
        self.batch = batch
        self.objects = batch.objects
        self.now = opends_time(to_moment(batch.objects.clock()))
        self.outcome = Outcome(records=len(records))
        self.changes: list[Change] = []
        self.overlay = Overlay(self.objects, self._rejecting, self.now)
        self.media = Media(
            self.objects,
            batch.enrolment.pid,
            self.outcome,
            self.now,
            self.overlay,
            batch.options,
            batch.rehearsed,
        )
        self.claims: dict[str, tuple[str, ...]] = {}
        """Normalised id → the claim to make with its fact; none where it is made already."""
        self._do(records)

    def _do(self, records: Sequence[Record]) -> None:
        keyed = self._keyed(records)
        heads = self.objects.log.claimed(f"specimen:{key}" for key, _ in keyed)
        if self.batch.options.backfill:
            harvest, observed_at = self.batch.enrolment.harvest, self.batch.observed_at
            self.changes += backfill(self.objects, harvest, observed_at, keyed, heads, self.outcome)
            return
        moved = self._moved()
        fresh: list[tuple[Record, Mapped, Head | None, bytes]] = []
        for key, record in keyed:
            head = heads.get(f"specimen:{key}") or moved.get(key)
            if head is not None and head.status is Status.TOMBSTONE:
                successor = self._successor(head)
                if successor is not None and not self.batch.ending:
                    self.outcome.postpone(record)
                    continue
                head = successor or head
            if head is not None and head.source not in (None, str(self.batch.enrolment.pid)):
                self._another_source(record, key, head)
                continue
            if head is not None and self._was_seen(head):
                self._duplicate(record, key)
                continue
            digest = blake2b(record.fingerprint + self.batch.context, digest_size=16).digest()
            if head is not None and head.fingerprint == digest:
                self.outcome.counts["unchanged"] += 1
                continue
            mapped = self.batch.mapping.map(record)
            if isinstance(mapped, Diagnostic):
                self.outcome.reject(mapped, record)
                continue
            self.outcome.diagnostics += mapped.diagnostics
            if f"specimen:{key}" not in heads:
                self.claims[mapped.normalised_id] = (f"specimen:{key}",)
            fresh.append((record, mapped, head, digest))
        known = self.objects.states([head for _, _, head, _ in fresh if head is not None])
        self.media.load([mapped for _, mapped, _, _ in fresh], known.values())
        self.overlay.load(known.values())
        for record, mapped, head, digest in fresh:
            before = known[str(head.pid)] if head else None
            self._specimen(record, mapped, head, before, digest)
        self.changes += self.media.changes()
        self.changes += self.overlay.changes()

    def _successor(self, head: Head) -> Head | None:
        """What stands for a merged object now; None where it was not merged."""
        standing = self.objects.log.standing(head.pid)
        return None if standing == head.pid else self.objects.log.head(standing)

    def _was_seen(self, head: Head) -> bool:
        """Whether a row of this harvest spoke of the object before; now one has."""
        pid = str(head.pid)
        before = pid in self.batch.seen or pid in self.outcome.seen
        self.outcome.seen.add(pid)
        return before

    def _moved(self) -> dict[str, Head]:
        """Approved migrations: new claim key → head of the old object."""
        if not self.batch.migrations:
            return {}
        heads = self.objects.log.heads_of({str(p) for p in self.batch.migrations.values()})
        by_pid = {head.pid: head for head in heads}
        return {key: by_pid[pid] for key, pid in self.batch.migrations.items()}

    def _keyed(self, records: Sequence[Record]) -> list[tuple[str, Record]]:
        """Records by claim key; repeats within the batch are reported."""
        found: dict[str, Record] = {}
        for record in records:
            key = self.batch.mapping.normalised_id_of(record.core)
            if key is None:
                rejected = self.batch.mapping.map(record)
                assert isinstance(rejected, Diagnostic)
                self.outcome.reject(rejected, record)
            elif key in found or f"specimen:{key}" in self.batch.rehearsed:
                self._duplicate(record, key)
            else:
                found[key] = record
        return list(found.items())

    def _duplicate(self, record: Record, key: str) -> None:
        self.outcome.pass_over(
            Diagnostic(
                "duplicate-record",
                "error",
                f"The physical specimen id {key!r} stands in the archive before; the first row "
                "is kept.",
                "Give each specimen one row with an id of its own.",
                record.file,
                record.line,
                None,
                record.id,
            ),
            record,
        )

    def _another_source(self, record: Record, key: str, head: Head) -> None:
        """One specimen has one source: else each harvest would overwrite the other's."""
        self.outcome.pass_over(
            Diagnostic(
                "claimed-by-another-source",
                "error",
                f"The physical specimen id {key!r} belongs to {head.pid}, which comes from the "
                f"source system {head.source}; that source keeps it.",
                "If it is the same dataset under a new title, name it: --source-system. Else let "
                "one of the two sources publish the specimen.",
                record.file,
                record.line,
                None,
                record.id,
            ),
            record,
        )

    # ── one specimen ─────────────────────────────────────────────────────────────────────

    def _specimen(
        self,
        record: Record,
        mapped: Mapped,
        head: Head | None,
        known: DigitalObject | None,
        digest: bytes,
    ) -> None:
        if self._is_anothers(record, mapped, known):
            return
        if known is not None and settled_by_person(known):
            self._ended(record, known)
            return
        pid = known.pid if known else self.objects.reserve("specimen")
        links = self.media.links(record, mapped, pid)
        document = mapped.document
        if mapped.gate.passes:
            document["ods:status"] = "Active"
        else:
            document = stub_of(document, mapped.gate)
        if links:
            media = [relation(HAS_MEDIA, link.pid) for link, _ in links]
            document[RELATIONS] = [*document.get(RELATIONS, ()), *media]
        elif mapped.media and mapped.gate.passes:  # none of them could be recorded
            document["ods:isKnownToContainMedia"] = False
            document["ods:midsLevel"] = max(assess(document).level, 0)
        if mapped.gate.passes:
            document = self.overlay.over(known, document)
        document = stamp(document, pid, known, self.now)
        if mapped.gate.passes and (broken := breaches("specimen", document, self._rejecting)):
            self.overlay.leave(known)
            self._breach(record, broken)
            return
        self.media.tie(pid, known, links)
        facts = self.overlay.facts(known, facts_of(known, document, mapped.gate.passes))
        self._count_specimen(known, facts, mapped.gate.passes)
        self.outcome.seen.add(str(pid))
        for fact in facts:
            self.changes.append(
                Change(
                    pid,
                    "specimen",
                    fact,
                    known,
                    head.issue if head else 1,
                    source=self.batch.enrolment.pid,
                    fingerprint=digest,
                    verbatim=verbatim_of(record),
                    new_claims=self.claims.get(mapped.normalised_id, ()),
                )
            )
        if not facts:
            self.outcome.equal[str(pid)] = digest

    def _is_anothers(self, record: Record, mapped: Mapped, known: DigitalObject | None) -> bool:
        """Whether a harvest for one institution meets a specimen of another; that is reported."""
        allowed, held = self.batch.options.holder, holder_in(mapped.document)
        before = held if known is None else holder_in(known.document)
        if allowed is None or held == before == allowed:
            return False
        other = held if held != allowed else before
        finding = held_by_another(record, "The specimen", other, allowed, "error")
        self.outcome.reject(finding, record)
        return True

    def _count_specimen(self, known: DigitalObject | None, facts: Facts, passes: bool) -> None:
        if not facts:
            name = "unchanged"
        elif not passes:
            name = "pid_only"
        elif known is None:
            name = "new"
        else:
            name = "changed"
            after = facts[-1]
            assert not isinstance(after, Noted)
            self.outcome.terms.update(changed_terms(known.document, after.document))
        self.outcome.counts[name] += 1

    def _ended(self, record: Record, known: DigitalObject) -> None:
        """A source does not bring back what a person ended. Its new word is not remembered, so
        that it counts as soon as a person restores the object."""
        self.outcome.counts["unchanged"] += 1
        self.outcome.diagnostics.append(
            Diagnostic(
                "tombstoned-by-curator",
                "warning",
                f"{known.pid} was tombstoned by a person, and its source shows it with other "
                "values than before; it stays a tombstone.",
                f"If it exists after all, bring it back: collectome restore {known.pid}.",
                record.file,
                record.line,
                None,
                record.id,
            )
        )

    def _breach(self, record: Record, broken: list[tuple[str, str]]) -> None:
        told = "; ".join(f"{pointer}: {message}" for pointer, message in broken[:3])
        self.outcome.reject(
            Diagnostic(
                "document-breaks-schema",
                "error",
                f"The record does not make a valid digital specimen: {told}.",
                "Repair the values named at the source, or map them with a data mapping.",
                record.file,
                record.line,
                None,
                record.id,
            ),
            record,
        )

    @property
    def _rejecting(self) -> frozenset[str]:
        return self.batch.options.reject_shapes
