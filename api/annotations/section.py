"""The part of an object's page that lists the annotations on it and on its media."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from api.annotations.strangers import plain
from api.site import Site
from eventstore.envelope import Recorded, iso
from fdo.errors import Unavailable
from fdo.identifiers import Pid
from handlers.projections.annotations import Found

SHOWN = 25
"""Annotations on a page; the list behind it has them all."""
_MEDIA = 50
"""Media of an object whose annotations are looked for."""
_TEXT = 160
"""Characters of what an annotation says."""


def annotation_section(site: Site, event: Recorded, media: Sequence[str]) -> dict[str, Any] | None:
    """What is proposed and remarked of an object and of its media, the newest first; None where
    there is nothing, or nobody keeps a view of annotations."""
    pids = [event.pid_text, *(str(Pid.parse(iri)) for iri in media[:_MEDIA])]
    try:
        view = site.views.annotations
        found = [] if view is None else view.of_objects(pids, SHOWN + 1)
    except Unavailable:  # a view that is being made is no reason to show no page
        found = []
    if not found:
        return None
    query = urlencode([("target", pid) for pid in pids])
    return {
        "rows": [_row(event.pid_text, one) for one in found[:SHOWN]],
        "more": len(found) > SHOWN,
        "all": f"/api/annotations?{query}",
        "waiting": f"/review?{query}" if any(one.row.state == "pending" for one in found) else "",
    }


def _row(pid: str, found: Found) -> dict[str, Any]:
    row = found.row
    return {
        "pid": row.pid,
        "state": row.state,
        "overlay": row.overlay,
        "motivation": row.motivation,
        "term": row.leaf,
        "text": plain(found.body, _TEXT),
        "by": plain(row.creator_name or row.creator, _TEXT),
        "created": iso(row.created),
        "on": "" if row.target == pid else row.target,
        "rating": found.rating,
        "ratings": found.ratings,
    }
