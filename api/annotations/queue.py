"""The review queue: what waits for a decision, with what it would replace.

Beside each proposal stand the value that was there when it was made and the one that is there
now; of an accepted change in conflict also what its source says since. Values of objects that are
not public are not shown, whatever an annotation says of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.annotations.asking import item, value
from eventstore.application import DigitalObjects
from fdo.annotation.life import Edit, edit_of
from fdo.annotation.merging import anchored
from fdo.annotation.paths import get
from fdo.documents import Document, equal
from fdo.errors import InvalidDocument
from fdo.lifecycle import Status
from handlers.projections.annotations import (
    PARAMETERS,
    SEVERITIES,
    Found,
    Group,
)
from handlers.projections.annotations.rows import Row

FILTERS = tuple(name for name in PARAMETERS if name not in ("state", "sort", "pid"))
"""By what the queue can be narrowed."""


class Values:
    """What stands at the places that annotations are about, read once for a page."""

    def __init__(self, objects: DigitalObjects, rows: Sequence[Row]) -> None:
        log = objects.log
        heads = log.heads_of({row.target for row in rows if row.target})
        public = [head for head in heads if head.status is Status.ACTIVE]
        self._documents: dict[str, Document] = {
            pid: known.document for pid, known in objects.states(public).items()
        }
        self._then = log.events_at(
            {row.target_position for row in rows if row.term and self.public(row)}
        )
        self._said = log.events_at(
            {row.position for row in rows if row.target_position in self._then}
        )

    def public(self, row: Row) -> bool:
        """Whether the object may be shown."""
        return row.target in self._documents

    def now(self, row: Row) -> tuple[Any, bool]:
        """(what stands at the place of the annotation now, None for nothing; whether that is
        something else than when it was made). A place moves with its array."""
        now, then = self._documents.get(row.target, {}), self._then.get(row.target_position)
        if then is None or not (edit := _edit(self._said[row.position].document)):
            return None, False
        if row.state == "accepted":  # its path is that of the version that it made
            return get(now, edit.path), False
        moved = anchored(edit, then.document, now)
        found = None if moved is None else get(now, moved.path)
        return found, moved is None or not equal(get(then.document, edit.path), found)


def _edit(document: Document) -> Edit | None:
    try:
        return edit_of(document)
    except InvalidDocument:
        return None


def entries(base: str, objects: DigitalObjects, page: Sequence[Found]) -> list[dict[str, Any]]:
    """The annotations of a page as the queue shows them."""
    values = Values(objects, [found.row for found in page])
    return [item(base, found) | _beside(found, values) for found in page]


def _beside(found: Found, values: Values) -> dict[str, Any]:
    """What stands beside a proposal: old value, value now, and that of the source in a conflict."""
    row, shown = found.row, found.shown
    if not values.public(row):
        return {"targetIsPublic": False}
    now, changed = values.now(row)
    told = {"was": value(shown.get("was")), "now": now, "changed": changed}
    if row.overlay == "conflict":
        told["sourceValue"] = value(shown.get("sourceValue"))
    return {name: held for name, held in told.items() if held is not None}


def groups(base: str, objects: DigitalObjects, found: Sequence[Group]) -> list[dict[str, Any]]:
    """Groups of equal proposals as the queue shows them."""
    values = Values(objects, [group.first for group in found])
    return [_group(base, group, values) for group in found]


def _group(base: str, group: Group, values: Values) -> dict[str, Any]:
    row = group.first
    shown = Found(row, "", None, 0).shown
    told: dict[str, Any] = {
        "group": group.key,
        "count": group.count,
        "severity": SEVERITIES[group.severity],
        "motivation": row.motivation,
        "term": row.term,
        "proposed": value(shown.get("proposed")),
        "overlay": row.overlay,
        "sample": [{"pid": pid, "url": f"{base}/{pid}"} for pid in group.sample],
        "target": row.target,
        "creator": {"id": row.creator, "name": row.creator_name},
    }
    if values.public(row):
        told["was"] = value(shown.get("was"))
        if row.overlay == "conflict":
            told["sourceValue"] = value(shown.get("sourceValue"))
    return {name: held for name, held in told.items() if held not in (None, "")}
