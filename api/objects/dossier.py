"""What can be said of an object beside its document: record, versions, history, reports.

Each function gives JSON-ready rows, which are sent as they are or shown on a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventstore.envelope import Recorded, iso
from eventstore.patches import conformance as report_of
from eventstore.records import record_of
from fdo.errors import NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.mids import assess

LONG = 100
"""Lists in the detail of an event that are longer are shortened, and say so."""


def public_address(base: str, pid: Pid, version: int | None = None) -> str:
    """Where this server shows an object, or one version of it."""
    return f"{base}/{pid}" if version is None else f"{base}/{pid}/{version}"


def record(event: Recorded, events: Sequence[Recorded]) -> dict[str, Any]:
    """The FDO record of the object after an event; `events` is its history, as far as it is to
    count: what was confirmed of the DOI until the next version, or the end of `events`."""
    return record_of(event, events)


def versions(events: Sequence[Recorded], base: str) -> list[dict[str, Any]]:
    """One row a version, newest first."""
    rows = [
        {
            "version": event.version,
            "id": event.version_iri,
            "url": public_address(base, event.pid, event.version),
            "event": event.position,
            "what": event.what,
            "status": event.status.value,
            "recordedAt": iso(event.recorded_at),
            "observedAt": iso(event.observed_at),
            "agent": event.agent.name,
            **({"also": [each.name for each in event.also]} if event.also else {}),
        }
        for event in events
        if not event.operational
    ]
    return rows[::-1]


def history(events: Sequence[Recorded], *, salted: bool) -> list[dict[str, Any]]:
    """One row an event, oldest first; `salted` where the documents themselves are public."""
    return [_event_row(event, salted=salted) for event in events]


def _event_row(event: Recorded, *, salted: bool) -> dict[str, Any]:
    agent = event.agent
    row: dict[str, Any] = {
        "position": event.position,
        "sequence": event.sequence,
        "version": event.version,
        "what": event.what,
        "status": event.status.value,
        "recordedAt": iso(event.recorded_at),
        "observedAt": iso(event.observed_at),
        "agent": {"id": agent.id, "name": agent.name, "type": agent.kind},
        "role": agent.role,
        "activity": event.activity,
        "leafHash": event.leaf.hex(),
    }
    if event.also:
        row["also"] = [
            {"id": each.id, "name": each.name, "type": each.kind, "role": each.role}
            for each in event.also
        ]
    if event.used:
        row["used"] = list(event.used)
    if event.cause is not None:
        row["cause"] = event.cause
    if event.source is not None:
        row["source"] = event.source
    if event.detail:
        row["detail"] = _shortened(event.detail)
    if "commitment" in event.meta:
        row["commitment"] = event.meta["commitment"]
        if salted and event.salt:
            row["salt"] = event.salt.hex()
    return row


def _shortened(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: {"count": len(value), "first": list(value)[:LONG]}
        if isinstance(value, (list, tuple)) and len(value) > LONG
        else value
        for key, value in detail.items()
    }


def verbatim(event: Recorded) -> dict[str, Any]:
    """The source record from which a version was made, as read; NotFound where there is none."""
    if event.verbatim is None:
        raise NotFound(
            f"Version {event.version} of {event.pid} was not made from a source record; "
            f"/{event.pid}/history says how it was made."
        )
    return {
        "pid": event.pid.iri,
        "version": event.version,
        "recordedAt": iso(event.recorded_at),
        "observedAt": iso(event.observed_at),
        "source": event.source,
        "verbatim": event.verbatim,
    }


def conformance(event: Recorded) -> dict[str, Any]:
    """What the shapes and the MIDS rules say of a version; NotFound for what is not public."""
    report = report_of(event)
    if report is None:
        raise NotFound(f"{event.pid} has no public document, so nothing was checked.")
    return {
        "pid": event.pid.iri,
        "version": event.version,
        "conforms": report.conforms,
        "results": [
            {
                "severity": result.severity,
                "shape": result.shape,
                "path": result.path,
                "message": result.message,
                "focus": result.focus,
                "value": result.value,
            }
            for result in report.results
        ],
        "mids": mids(event),
    }


def mids(event: Recorded) -> dict[str, Any] | None:
    """The MIDS level of a specimen, and what would lift it; None for other types."""
    if event.type != "specimen" or event.status is not Status.ACTIVE:
        return None
    found = assess(event.document)
    return {
        "level": found.level,
        "set": found.set_id,
        "missing": list(found.missing),
    }
