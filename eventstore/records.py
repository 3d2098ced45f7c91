"""The whole FDO record of an object as it stood: one home for all its faces.

What type, status and document settle stands in `fdo.record`; here comes what only the log knows:
which issue of the record it is and since when, what the registration agency confirmed of the
DOI, and under which version of its profile the record was issued.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventstore.confirmations import CONFIRMED, state_said
from eventstore.envelope import Recorded, iso
from fdo.record import attributes, identity, under


def record_of(event: Recorded, events: Sequence[Recorded]) -> dict[str, Any]:
    """The record as the version of `event` had it last; `events` is the object's history in
    order, which may end at any moment.

    The issue number counts what this repository says of the object; the state of the DOI is the
    word of the registration agency and makes no new issue.
    """
    stood = [one for one in events if one.version <= event.version] or [event]
    issued = next(one for one in stood if one.record_issue == event.record_issue)
    record: dict[str, Any] = {
        **attributes(event.type, event.status, event.document),
        **identity(event.pid, event.type),
        "pidRecordIssueDate": iso(issued.recorded_at),
        "pidRecordIssueNumber": event.record_issue,
        "version": event.version,
    }
    if profile := issued.meta.get("profile"):
        record |= under(profile, event.type)
    if state := doi_state(stood):
        record["doiState"] = state
    return record


def doi_state(events: Sequence[Recorded]) -> str | None:
    """The state of the object's own DOI by the newest confirmation among the events."""
    for event in reversed(events):
        if event.what == CONFIRMED and (state := state_said(event.detail)):
            return state
    return None
