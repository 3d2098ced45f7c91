"""/{pid}/diff?from=&to=: what changed between two versions of an object.

    /10.5072/ABC-DEF-123/diff                     the newest version against the one before
    /10.5072/ABC-DEF-123/diff?from=1&to=3         two versions, by number (or v1, v3)
    /10.5072/ABC-DEF-123/diff?from=2026-03-01     the version in force then, against the newest

A whole number is a version here, since versions are what is compared; a day or an instant means
what it means in `as-of`. Both ends are guarded as the documents are. The same answer as a table
of terms (JSON, page), as JSON Patch (RFC 6902) and as RDF Patch.
"""

from __future__ import annotations

from typing import Any

import orjson

from api.moments import event_as_of
from api.negotiation import HTML, JSON, Format
from api.objects.exchange import Asked, Sent
from api.objects.shown import Shown
from api.refusals import UnknownParameter
from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, iso
from eventstore.lineage import rdf_patch
from eventstore.log import Head
from fdo.difference import Change, changes, json_patch
from fdo.identifiers import Pid

JSON_PATCH = Format("json-patch", "application/json-patch+json", "json-patch", "JSON Patch")
RDF_PATCH = Format("rdf-patch", "application/rdf-patch", "rdfp", "RDF Patch")
FORMATS: tuple[Format, ...] = (JSON, HTML, JSON_PATCH, RDF_PATCH)
"""How a difference can be had."""

CHOICES = 1_000
"""Versions that the page offers to choose from."""


def diff(shown: Shown, asked: Asked) -> Sent:
    """The difference of two versions of one object."""
    asked.only("format", "from", "to")
    wanted = asked.format(FORMATS)
    head = shown.log.known(asked.pid)
    start, end = asked.query.get("from"), asked.query.get("to")
    old, new = ends(shown.site.objects, asked.pid, start, end)
    for event in (old, new):
        shown.guard(event, head)
    if wanted is RDF_PATCH:
        body = rdf_patch(old, new).encode()
    elif wanted is JSON_PATCH:
        body = orjson.dumps(json_patch(old.document, new.document))
    elif wanted is HTML:
        body = _page(shown, old, new, head).encode()
    else:
        body = orjson.dumps(table(old, new, shown.site.base))
    links = tuple(
        f'<{shown.mementos.memento(asked.pid, event.version)}>; rel="related"'
        for event in (old, new)
    )
    salt = (old.salt or b"") + (new.salt or b"")  # gone where the document was erased
    sent = shown.report(asked, body, wanted, salt, links=links)
    return Sent(
        sent.status,
        [*sent.headers, (b"content-location", _address(shown.site.base, old, new).encode())],
        sent.body,
        sent.etag,
    )


def ends(
    objects: DigitalObjects, pid: Pid, start: str | None, end: str | None
) -> tuple[Recorded, Recorded]:
    """The two events to compare: `to` is the newest version, `from` the one before `to`, where
    they are not said."""
    new = _end(objects, pid, "to", end) if end else objects.log.latest(pid)
    if not start:
        return objects.log.version(pid, max(1, new.version - 1)), new
    return _end(objects, pid, "from", start), new


def _end(objects: DigitalObjects, pid: Pid, name: str, text: str) -> Recorded:
    number = text.removeprefix("v")
    if number.isascii() and number.isdigit() and len(number) <= 9:
        return objects.log.version(pid, int(number))
    try:
        return event_as_of(text, None, pid, objects)
    except UnknownParameter as wrong:
        raise UnknownParameter(
            f"{name}={text!r} is no version of {pid} and no moment: give a version (1 to "
            f"{objects.log.head(pid).version}), or a day or an instant that has passed "
            "(2026-03-01, 2026-03-01T12:00:00Z).",
            parameter=name,
        ) from wrong


def table(old: Recorded, new: Recorded, base: str) -> dict[str, Any]:
    """The difference as rows, one a term, JSON-ready."""
    return {
        "pid": new.pid.iri,
        "id": _address(base, old, new),
        "from": _side(old),
        "to": _side(new),
        "changes": [_row(one) for one in changes(old.document, new.document)],
    }


def _row(one: Change) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": one.kind.value, "term": one.term, "path": one.term_path}
    if one.kind != "added":
        row["old"] = one.before
    if one.kind != "removed":
        row["new"] = one.after
    if one.stamp:
        row["stamp"] = True
    return row


def _side(event: Recorded) -> dict[str, Any]:
    return {
        "version": event.version,
        "id": event.version_iri,
        "event": event.position,
        "what": event.what,
        "status": event.status.value,
        "recordedAt": iso(event.recorded_at),
        "agent": event.agent.name,
    }


def _address(base: str, old: Recorded, new: Recorded) -> str:
    return f"{base}/{new.pid}/diff?from={old.version}&to={new.version}"


# ── the page ─────────────────────────────────────────────────────────────────────────────


def _page(shown: Shown, old: Recorded, new: Recorded, head: Head) -> str:
    rows = [
        {
            "kind": one.kind.value,
            "term": one.term,
            "path": one.term_path,
            "stamp": one.stamp,
            "old": list(_lines(one.before)) if one.kind != "added" else [],
            "new": list(_lines(one.after)) if one.kind != "removed" else [],
        }
        for one in changes(old.document, new.document)
    ]
    first = max(1, head.version - CHOICES + 1)
    numbers = {old.version, new.version, *range(first, head.version + 1)}
    return shown.site.renderer.page(
        "diff.html",
        pid=str(new.pid),
        old=_side(old),
        new=_side(new),
        latest=head.version,
        versions=sorted(numbers, reverse=True),
        rows=[row for row in rows if not row["stamp"]],
        stamps=[row for row in rows if row["stamp"]],
        formats=[one for one in FORMATS if one is not HTML],
    )


def _lines(value: Any, key: str = "") -> Any:
    """(term, text) of each plain value in a value, in order."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "@type":
                yield from _lines(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(inner, key)
    elif isinstance(value, bool):
        yield key, "yes" if value else "no"
    else:
        yield key, "" if value is None else str(value)
