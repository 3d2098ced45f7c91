"""The log against itself and against what was signed of it, in one pass and in flat memory.

Every event decodes, its leaf hash and commitments hold, sequences and versions count without a
gap, time does not run back; heads, claims and the other tables are what a fold gives; tree and
checkpoints are those of these events, signed by keys that announced each other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import chain

from eventstore.application import DigitalObjects
from eventstore.checkpoints import Kept
from eventstore.notes import Verifier
from eventstore.recorder import Recorder
from handlers.verification.events import Events
from handlers.verification.faults import MOST, SECTION, Fault, Watch, unwatched
from handlers.verification.records import Records
from handlers.verification.scratch import Scratch, scratch
from handlers.verification.tables import (
    claim_faults,
    head_faults,
    mirror_faults,
    number_faults,
    salt_faults,
    schema_faults,
    unseen_faults,
)
from handlers.verification.tree import TreeCheck


def verify_log(
    objects: DigitalObjects,
    watch: Watch = unwatched,
    *,
    trusted: Sequence[Verifier] = (),
    kept: Sequence[Kept] = (),
) -> list[Fault]:
    """Faults of the log itself, as it stands when the check begins; the first `MOST` of them.

    `trusted`: the signing key as whoever checks got it; without, the first key is trusted.
    `kept`: checkpoints that were kept elsewhere, which this log must continue.
    """
    faults: list[Fault] = []
    with objects.recorder.sparing(), objects.log.still(), scratch() as tables:
        try:
            for fault in _faults(objects, tables, watch, trusted, kept):
                faults.append(fault)
                if len(faults) == MOST:
                    faults.append(Fault("log", "there is more; this was the beginning"))
                    break
        except sqlite3.DatabaseError as broken:
            faults.append(Fault("log", f"its file is damaged: {broken}"))
        except (
            TypeError,
            ValueError,
            AttributeError,
            LookupError,
        ) as broken:  # a value of another kind
            said = f"{type(broken).__name__}: {broken}"
            faults.append(Fault("log", f"it cannot be read any further ({said})"))
    return faults


def _faults(
    objects: DigitalObjects,
    tables: Scratch,
    watch: Watch,
    trusted: Sequence[Verifier],
    kept: Sequence[Kept],
) -> Iterator[Fault]:
    recorder, log = objects.recorder, objects.log
    yield from schema_faults(recorder)
    for row in recorder.rows("PRAGMA integrity_check(20)"):
        if row[0] != "ok":
            yield Fault("log", f"its file is damaged: {row[0]}")
    head = log.position()
    tree = TreeCheck(recorder, log.id, trusted, kept)
    events = Events(log, tables, Records(log))
    yield from tree.begin()
    for rows in _sections(recorder, head, watch):
        yield from events.section(rows)
        for row in rows:
            yield from tree.add(row["position"], row["leaf"])
    yield from tree.end()
    yield from chain(
        head_faults(recorder, tables),
        salt_faults(recorder, tables),
        claim_faults(recorder, tables),
        unseen_faults(recorder, tables),
        number_faults(recorder, head),
        mirror_faults(recorder, head),
    )


def _sections(recorder: Recorder, head: int, watch: Watch) -> Iterator[list[sqlite3.Row]]:
    position = 0
    while True:
        rows = recorder.section(position, SECTION, head)
        if not rows:
            return
        yield rows
        position = int(rows[-1]["position"])
        watch("log", position, head)
