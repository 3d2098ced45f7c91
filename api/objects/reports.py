"""What is said about an object beside its document: each tail of its address is one function.

Versions and history come in pages of 1,000; the next one is linked (`rel="next"`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from api.citing.answers import cite, negotiated
from api.moments import history_as_of
from api.negotiation import DATACITE_FORMATS, HTML, JSON, PLAIN_FORMATS, RDF_FORMATS, Format
from api.objects import dossier
from api.objects.definitions import schema, shapes
from api.objects.diff import diff
from api.objects.exchange import MOMENT, Asked, Sent
from api.objects.links import LINKSET_FORMATS
from api.objects.sealed import proof, require_kept, sealed
from api.objects.shown import Shown
from api.objects.signposting import written
from api.queries import result
from api.refusals import UnknownParameter
from api.security import Forbidden, Token, bearer
from eventstore.envelope import Recorded
from eventstore.lineage import lineage
from eventstore.log import Head
from fdo.lifecycle import Status
from fdo.representations.provenance import provenance_jsonld
from fdo.representations.rdf import ntriples, turtle
from fdo.representations.record import record_triples

ROWS = 1_000
"""Rows on one page of versions or history."""

PROVENANCE_FORMATS: tuple[Format, ...] = tuple(
    one for one in RDF_FORMATS if one.name in ("jsonld", "turtle", "ntriples")
)
HISTORY_FORMATS: tuple[Format, ...] = (*PLAIN_FORMATS, *PROVENANCE_FORMATS)
"""How a history or a record can be had: as a table, or as RDF."""


def versions(shown: Shown, asked: Asked) -> Sent:
    """All versions, newest first; `before` begins below a version."""
    asked.only("format", "before")
    head = shown.log.known(asked.pid)
    before = _number(asked, "before", head.version + 1)
    events = _events(shown, shown.timeline.contents(asked.pid, before, ROWS))
    rows = dossier.versions(events, shown.site.base)
    body: dict[str, Any] = {"pid": asked.pid.iri, "latest": head.version, "versions": rows}
    more = bool(rows) and rows[-1]["version"] > 1
    links = _next(shown, asked, body, "before", rows[-1]["version"]) if more else ()
    return shown.listed(asked, body, "versions.html", b"", links=links)


def history(shown: Shown, asked: Asked) -> Sent:
    """All events, oldest first, as a table or in PROV-O; `after` begins behind a sequence."""
    asked.only("format", "after")
    wanted = asked.format(HISTORY_FORMATS)
    head = shown.log.known(asked.pid)
    after = _number(asked, "after", 0)
    events = _events(shown, shown.timeline.events(asked.pid, after, ROWS))
    body: dict[str, Any] = {"pid": asked.pid.iri}
    more = bool(events) and events[-1].sequence < head.sequence
    links = _next(shown, asked, body, "after", events[-1].sequence) if more else ()
    if wanted in (JSON, HTML):
        body["events"] = dossier.history(events, salted=not shown.log.withheld(head))
        return shown.listed(asked, body, "history.html", b"", links=links)
    data = _in_rdf(lineage(events, head), wanted, asked.pid.iri)
    return shown.report(asked, data, wanted, b"", links=links)


def record(shown: Shown, asked: Asked) -> Sent:
    """The FDO record."""
    asked.only("format", *MOMENT)
    head = shown.log.known(asked.pid)
    event = shown.select(asked, head)
    if event.status is Status.ACTIVE:  # what is PID-only has a record, now and then
        shown.guard(event, head)
    wanted = asked.format(HISTORY_FORMATS)
    known = history_as_of(asked.query.get("as-of"), asked.pid, shown.site.objects)
    body = dossier.record(event, known)
    version = event.version if asked.past else None
    if wanted in PLAIN_FORMATS:
        return shown.listed(asked, body, "record.html", event.salt, version=version)
    lines = record_triples(asked.pid.iri, body)
    return shown.report(
        asked, _in_rdf(lines, wanted, asked.pid.iri), wanted, event.salt, version=version
    )


def _in_rdf(lines: list[str], wanted: Format, about: str) -> bytes:
    """N-Triples lines in the format asked for."""
    if wanted.name == "turtle":
        return turtle(lines, about).encode()
    if wanted.name == "ntriples":
        return ntriples(lines).encode()
    return orjson.dumps(provenance_jsonld(lines))


def conformance(shown: Shown, asked: Asked) -> Sent:
    """What shapes and MIDS say of a version."""
    asked.only("format", *MOMENT)
    head = shown.log.known(asked.pid)
    event = shown.select(asked, head)
    shown.guard(event, head)
    return shown.listed(asked, dossier.conformance(event), "conformance.html", event.salt)


def datacite(shown: Shown, asked: Asked) -> Sent:
    """DataCite metadata: what can be negotiated at the object's own address."""
    return negotiated(shown, asked, asked.format(DATACITE_FORMATS))


def linkset(shown: Shown, asked: Asked) -> Sent:
    """The links of an object or a version as a document (FAIR Signposting, level 2)."""
    asked.only("format", *MOMENT)
    head = shown.log.known(asked.pid)
    wanted = asked.format(LINKSET_FORMATS)
    event = shown.select(asked, head)
    hidden = shown.hidden(event, head)
    if hidden:
        event = shown.log.event(head.position)
    past = not hidden and (asked.past or asked.numbered)
    links = shown.signposts(event, head.version, past=past, hidden=hidden)
    version = event.version if past else None
    body = written(links, shown.site.base, event.pid, version, wanted)
    return shown.report(asked, body, wanted, event.salt, version=version)


def verbatim(shown: Shown, asked: Asked) -> Sent:
    """The source record of a version; 410 once it was erased."""
    asked.only("format", *MOMENT)
    head = shown.log.head(asked.pid)
    if head.status is Status.DRAFT:  # of which nobody else may know, whatever they ask of it
        _admit_curator(shown, asked, shown.log.event(head.position), head)
    event = shown.select(asked, head)
    if event.status is Status.DRAFT or shown.hidden(event, head):
        _admit_curator(shown, asked, event, head)
    if event.verbatim is None:
        require_kept(shown, event)
    return shown.listed(asked, dossier.verbatim(event), "verbatim.html", event.salt)


REPORTS: dict[str, Callable[[Shown, Asked], Sent]] = {
    "cite": cite,
    "conformance": conformance,
    "datacite": datacite,
    "diff": diff,
    "history": history,
    "linkset": linkset,
    "record": record,
    "result": result,
    "schema": schema,
    "shapes": shapes,
    "verbatim": verbatim,
    "versions": versions,
}
"""Tail of an object's address → what answers it."""

PARTS: dict[str, Callable[[Shown, Asked], Sent]] = {
    "cite": cite,
    "linkset": linkset,
    "proof": proof,
    "sealed": sealed,
}
"""Part of a version's address, behind its number → what answers it."""


def _events(shown: Shown, positions: list[int]) -> list[Recorded]:
    found = shown.log.events_at(positions)
    return sorted(found.values(), key=lambda event: event.sequence)


def _number(asked: Asked, name: str, otherwise: int) -> int:
    text = asked.query.get(name)
    if text is None:
        return otherwise
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise UnknownParameter(
            f"{name}={text!r} is no whole number; follow the link to the next page.",
            parameter=name,
        )
    return int(text)


def _next(shown: Shown, asked: Asked, body: dict[str, Any], name: str, end: int) -> tuple[str, ...]:
    """Tell of the next page in the body, and give its link."""
    address = f"{shown.site.base}/{asked.pid}/{asked.tail}?{name}={end}"
    if "format" in asked.query:
        address += f"&format={asked.query['format']}"
    body["next"] = address
    return (f'<{address}>; rel="next"',)


def _admit_curator(shown: Shown, asked: Asked, event: Recorded, head: Head) -> None:
    token: Token | None = bearer(asked.authorization, shown.site.tokens)
    if token is None:
        shown.guard(event, head)
    elif not token.may("curator") or token.organisation not in (
        None,
        event.document.get("ods:organisationID"),
    ):
        if Status.DRAFT in (event.status, head.status):
            shown.guard(event, head)
        raise Forbidden(
            f"{asked.pid} is PID-only; its source record is for curators of its institution."
        )
