"""A page of events as bytes: JSON Lines, JSON, CSV and RDF Patch, written while it is read.

RDF Patch (https://afs.github.io/rdf-delta/rdf-patch.html): one patch an event. `H id` names the
patch, `H prev` the one before it in the feed of all events, so that a replica knows whether it
is still in step; a filtered feed has gaps and therefore no `H prev`. `H position` is the event,
`H cleared` an object whose triples in the default graph are to be dropped first.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Iterator, Sequence

import orjson

from api.feeds.reading import Shown
from api.feeds.rows import COLUMNS, cells, row
from api.negotiation import HTML, Format

LINES = Format("jsonl", "application/x-ndjson", "ndjson", "JSON Lines")
PLAIN_JSON = Format("json", "application/json", "json", "JSON")
CSV = Format("csv", "text/csv", "csv", "CSV")
PATCH = Format("rdf-patch", "application/rdf-patch", "rdfp", "RDF Patch")
FORMATS: tuple[Format, ...] = (LINES, PLAIN_JSON, CSV, PATCH, HTML)
"""How changes can be had; the first is given to those who take anything."""

_XSD = "http://www.w3.org/2001/XMLSchema#"


def json_lines(events: Iterable[Shown], base: str, documents: bool) -> Iterator[bytes]:
    """One JSON object a line, one line an event."""
    for shown in events:
        yield orjson.dumps(row(shown, base, documents=documents)) + b"\n"


def json_page(
    events: Iterable[Shown], base: str, documents: bool, frame: dict[str, object]
) -> Iterator[bytes]:
    """One JSON object with the members of `frame` and the list `events`."""
    yield orjson.dumps(frame)[:-1] + b',"events":['
    for number, line in enumerate(json_lines(events, base, documents)):
        yield (b"," if number else b"") + line
    yield b"]}"


def table(events: Iterable[Shown], base: str) -> Iterator[bytes]:
    """RFC 4180 with a line of names."""
    yield _line(COLUMNS)
    for shown in events:
        yield _line(cells(row(shown, base)))


def _line(values: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()


def rdf_patches(events: Iterable[Shown], previous: int | None) -> Iterator[bytes]:
    """One patch an event; `previous` is the event before the first of an unbroken feed, 0 where
    there is none, None where the feed is filtered."""
    for shown in events:
        yield _patch(shown, previous)
        if previous is not None:
            previous = shown.event.position


def patch_id(log_id: str, position: int) -> str:
    """The name of the patch of an event: a version 5 UUID of log id and position."""
    return f"urn:uuid:{uuid.uuid5(uuid.UUID(log_id), f'patch {position}')}"


def _patch(shown: Shown, previous: int | None) -> bytes:
    event, change = shown.event, shown.public_patch()
    lines = [f"H id <{patch_id(event.log_id, event.position)}> .\n"]
    if previous:
        lines.append(f"H prev <{patch_id(event.log_id, previous)}> .\n")
    lines.append(f'H position "{event.position}"^^<{_XSD}integer> .\n')
    if shown.cleared:
        lines.append(f"H cleared <{event.pid.iri}> .\n")
    lines.append("TX .\n")
    lines += [f"D {quad}" for quad in change.removed]
    lines += [f"A {quad}" for quad in change.added]
    lines.append("TC .\n")
    return "".join(lines).encode()
