"""The W3C's and openDS's face of an annotation, at the address of its PID."""

from __future__ import annotations

from typing import Any

import orjson

from api.annotations.asking import rating_of
from api.negotiation import OPENDS, Format
from api.objects.exchange import Asked, Sent
from api.objects.shown import Shown
from api.site import Site
from eventstore.envelope import Recorded
from eventstore.log import Head, Log
from fdo.annotation.life import source_of
from fdo.errors import NotFound, Unavailable
from fdo.lifecycle import Status
from fdo.representations.annotation.opends import to_opends
from fdo.representations.annotation.w3c import to_w3c
from handlers.projections.annotations import AnnotationQuery

LOSSES = b"collectome-losses"
"""Header of the openDS face: what it could not hold, as sentences."""


def annotation_face(
    shown: Shown, asked: Asked, event: Recorded, head: Head, wanted: Format
) -> Sent:
    """The annotation in one of `ANNOTATION_FORMATS`."""
    losses: list[str] = []
    if wanted is OPENDS:
        first = next(iter(event.document.get("oa:hasTarget", ())), None)
        face, losses = to_opends(event.document, target_of(first, shown.log))
        if not (asked.numbered or asked.past):  # a version stays what it was
            face |= _rating(shown.site, event)
    else:
        face = to_w3c(event.document)
    sent = shown.sent(
        orjson.dumps(face),
        wanted,
        event,
        head.version,
        numbered=asked.numbered,
        past=asked.past,
        face="metadata" if "format" in asked.query else "landing",
    )
    if losses:
        sent.headers.append((LOSSES, " ".join(losses).encode("ascii", "replace")))
    return sent


def _rating(site: Site, event: Recorded) -> dict[str, Any]:
    """What its raters make of an annotation by now; nothing while the view is not there."""
    if site.views.annotations is None:
        return {}
    try:
        query = AnnotationQuery.parse({"pid": [str(event.pid)]})
        page = site.views.annotations.find(query, limit=1)
    except Unavailable:
        return {}
    return rating_of(page.found[0]) if page.found else {}


def target_of(target: Any, log: Log) -> dict[str, Any] | None:
    """The document of the object that a target names, where it is here and public."""
    source = source_of(target)
    if source is None:
        return None
    try:
        found = (
            log.version(source.pid, source.version) if source.version else log.latest(source.pid)
        )
    except NotFound:
        return None
    return found.document if found.status is Status.ACTIVE else None
