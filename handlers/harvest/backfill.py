"""An earlier harvest, taken in later: recorded beside its objects, never their latest word.

Each known specimen gets one `Backfilled` with the verbatim record and the time at which the
source said so (decision 0003); document and version stay as they are. A specimen that no later
harvest showed is reported: as an object it would be current, which the past must not be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from eventstore.application import Change, DigitalObjects
from eventstore.log import Head
from fdo.identifiers import Pid
from fdo.lifecycle import Note, decide
from handlers.harvest.outcome import Outcome, verbatim_of
from handlers.harvest.records import Diagnostic, Record


def backfill(
    objects: DigitalObjects,
    harvest: int,
    observed_at: int | None,
    keyed: Sequence[tuple[str, Record]],
    heads: Mapping[str, Head],
    outcome: Outcome,
) -> list[Change]:
    """The notes for these records, by claim key; repeating a backfill gives none."""
    changes = []
    states = objects.states(list(heads.values()))
    for key, record in keyed:
        head = heads.get(f"specimen:{key}")
        if head is None:
            outcome.reject(_unknown(record, key), record)
            continue
        outcome.counts["unchanged"] += 1
        outcome.seen.add(str(head.pid))
        said = verbatim_of(record)
        if not _known_before(objects, head.pid, said, observed_at):
            outcome.backfilled += 1
            known = states[str(head.pid)]
            (fact,) = decide(known, Note("Backfilled", {"harvest": harvest}))
            changes.append(
                Change(head.pid, head.type, fact, known, head.issue, verbatim=said, new_claims=())
            )
    return changes


def _known_before(objects: DigitalObjects, pid: Pid, said: bytes, observed_at: int | None) -> bool:
    return any(
        event.observed_at == observed_at and event.verbatim == orjson.loads(said)
        for event in objects.log.history(pid)
    )


def _unknown(record: Record, key: str) -> Diagnostic:
    return Diagnostic(
        "backfill-unknown",
        "error",
        f"No later harvest showed the physical specimen id {key!r}; a backfill records the past "
        "of known specimens only.",
        "Ingest the archive under a --source-system of its own to keep this specimen.",
        record.file,
        record.line,
        None,
        record.id,
    )
