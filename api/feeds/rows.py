"""One event as a row of a feed: what JSON, CSV, SSE and webhooks all say of it."""

from __future__ import annotations

from typing import Any

from api.feeds.reading import Shown
from api.objects import dossier
from fdo.lifecycle import Status
from fdo.record import attributes

COLUMNS = (
    "position", "pid", "version", "type", "what", "status", "recordedAt", "observedAt", "agent",
    "agentName", "role", "activity", "cause", "source", "versionIri", "changed",
)  # fmt: skip
"""The columns of the table, in its order."""


def row(shown: Shown, base: str, *, documents: bool = False) -> dict[str, Any]:
    """The envelope of an event, JSON-ready; with `documents` also what it left behind.

    Of a version whose document is not public, that is its FDO record. Salt and document go
    together: with both anybody can prove the commitment (decision 0004).
    """
    event, whole = shown.event, shown.disclosure == "full"
    (found,) = dossier.history([event], salted=documents and whole)
    if event.operational and not whole:
        found.pop("detail", None)
    found = {
        "position": found.pop("position"),
        "pid": event.pid.iri,
        "type": event.type,
        **found,
        "versionIri": event.version_iri,
        "url": dossier.public_address(base, event.pid, event.version),
        "disclosure": shown.disclosure,
    }
    if changed := shown.changed:
        found["changed"] = changed
    if documents and not event.operational:
        if whole:
            found["document"] = event.document
        elif event.status is not Status.ACTIVE:
            found["record"] = attributes(event.type, event.status, event.document)
    return found


def cells(found: dict[str, Any]) -> list[str]:
    """A row as cells of the table, in the order of `COLUMNS`."""
    flat = {
        **found,
        "agent": found["agent"]["id"],
        "agentName": found["agent"]["name"],
        "changed": " ".join(found.get("changed", ())),
    }
    return [str(flat.get(name, "")) for name in COLUMNS]
