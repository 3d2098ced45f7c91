"""The outbox into the log: `PidConfirmed` when a DOI has reached a state, and not otherwise.

Called only by the one who mints, and only after the log was read to its end: so every earlier
confirmation is known, also one whose writer died before it could note it here, and no state is
confirmed twice in a row.
"""

from __future__ import annotations

from typing import Any

from eventstore.application import Change, DigitalObjects
from eventstore.envelope import Recorded
from fdo.agent import Agent
from fdo.errors import VersionConflict
from fdo.lifecycle import Note, decide
from handlers.processes.minting.store import Outbox, Row
from handlers.processes.minting.wanted import proof

BATCH = 200
MINTER = Agent("urn:collectome:agent:minting", "Minting", "schema:SoftwareApplication", "Requestor")


def confirm(objects: DigitalObjects, outbox: Outbox) -> int:
    """Tell the log of states that were reached; how many it was told of."""
    rows = outbox.unconfirmed(BATCH)
    if not rows:
        return 0
    changes = _changes(objects, rows)
    try:
        objects.append(changes, by=MINTER)
    except VersionConflict:  # one of the objects moved on; the others need not wait for it
        rows = [row for row, change in zip(rows, changes, strict=True) if _alone(objects, change)]
    outbox.confirm([(row.doi, row.sent) for row in rows if row.sent is not None])
    return len(rows)


def _alone(objects: DigitalObjects, change: Change) -> bool:
    try:
        objects.append([change], by=MINTER)
    except VersionConflict:
        return False  # the next round sees the object as it is then
    return True


def _changes(objects: DigitalObjects, rows: list[Row]) -> list[Change]:
    log = objects.log
    heads = {str(head.pid): head for head in log.heads_of({row.object for row in rows})}
    states = objects.states(list(heads.values()))
    shown = log.events_at({row.position for row in rows})
    changes = []
    for row in rows:
        known = states[row.object]
        (fact,) = decide(known, Note("PidConfirmed", _detail(row, shown.get(row.position))))
        changes.append(Change(known.pid, known.type, fact, known, heads[row.object].issue))
    return changes


def _detail(row: Row, shown: Recorded | None) -> dict[str, Any]:
    detail: dict[str, Any] = {"doi": row.doi, "state": row.sent, "position": row.position}
    if row.settled and (known := proof(shown.salt if shown else None, row.wanted_hash)):
        detail["hash"] = known
    if row.number:
        detail["doi-version"] = row.number
    return detail
