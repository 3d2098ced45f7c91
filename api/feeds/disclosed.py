"""What of an event the public may see: the one home of the rule, for every feed.

    full      the envelope, and the document as it is stored now (an erased one is redacted)
    record    the envelope and the FDO record; neither document, nor salt, nor source record
    nothing   not even that there was an event

The rule looks at the event and at where its object stands now (decisions 0010 and 0013): drafts
are nobody's business; what is PID-only, or was just before its end, shows its record in all its
past; a tombstone shows its record and leaves its earlier versions as they were. Operational
events hold no document: *full* means that their detail may be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from eventstore.envelope import Recorded
from eventstore.log import Head, Log
from fdo.lifecycle import Status

Disclosure = Literal["full", "record", "nothing"]


def disclosure(event: Recorded, head: Head, log: Log) -> Disclosure:
    """What the public may see of an event; `head` is where its object stands now."""
    return _disclosure(event, head, log.withheld(head))


def disclosures(events: Sequence[Recorded], log: Log) -> list[Disclosure]:
    """The same for a page of events; where their objects stand is read once."""
    heads = {str(head.pid): head for head in log.heads_of({event.pid_text for event in events})}
    hidden = {pid: log.withheld(head) for pid, head in heads.items()}
    return [_disclosure(event, heads[event.pid_text], hidden[event.pid_text]) for event in events]


def _disclosure(event: Recorded, head: Head, hidden: bool) -> Disclosure:
    if Status.DRAFT in (event.status, head.status):
        return "nothing"
    if hidden or event.status is Status.PID_ONLY:
        return "record"
    if event.status is Status.TOMBSTONE and not event.operational:
        return "record"
    return "full"
