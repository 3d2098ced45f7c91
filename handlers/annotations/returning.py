"""An object that comes back, without the accepted changes that ended while it was away.

What was accepted of an object that was withdrawn may be taken back, or settled in favour of its
source. Nothing is written to a tombstone; so the version that returns is rid of it here.
"""

from __future__ import annotations

from collections.abc import Sequence

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.annotation.merging import Laid, reverted
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.mids import assess
from handlers.annotations.targets import held_by, in_force


def returning(objects: DigitalObjects, last: Recorded) -> Document:
    """What an object says when it comes back, by the event of its last version that was whole."""
    document: Document = dict(last.document)
    for laid in reversed(_ended(objects, last)):
        back = reverted(document, laid)
        document = document if back is None else back
    if last.type == "specimen" and document != last.document:
        document["ods:midsLevel"] = max(assess(document).level, 0)
    return document


def last_whole(history: Sequence[Recorded]) -> Recorded | None:
    """The event of the last version in which an object was active and that nobody erased."""
    contents = (event for event in reversed(history) if not event.operational)
    return next((e for e in contents if e.status is Status.ACTIVE and e.salt), None)


def _ended(objects: DigitalObjects, last: Recorded) -> list[Laid]:
    """The changes that held in that version and have ended since, but for those that the source
    adopted: it says the same itself."""
    if not last.overlay:
        return []
    log = objects.log
    known = objects.states(log.heads_of(last.overlay))
    held = held_by(log.history(last.pid))
    found = []
    for pid in last.overlay:
        now = known.get(pid)
        if now is None or in_force(now):
            continue
        if in_force(log.at(now.pid, last.position).state()):
            accepted = _when_accepted(log, now.pid)
            if accepted.get("col:overlayState") != "adopted":
                found.append(Laid(pid, accepted, held.get(pid, last.document)))
    return found


def _when_accepted(log: Log, pid: Pid) -> Document:
    """The last that an annotation said of its change in its object; one that was restored since
    says nothing of it."""
    said = (event.document for event in reversed(log.history(pid)))
    return next(each for each in said if "col:overlayState" in each)
