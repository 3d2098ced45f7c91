"""What an export holds, line by line.

    nquads     the graph at an instant, its named graphs with it
    ntriples   the documents of the objects that were active at an instant, as triples
    documents  the same documents as openDS JSON, one a line
    jsonl      the whole log, as `eventstore.transfer` reads it again

Objects come in order of PID and nothing is gathered, so memory does not grow with what there
is. A state of the past holds what was public then (decision 0061); what was erased since is in
none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pyoxigraph import Store

from eventstore.envelope import Recorded
from eventstore.instant import Instant
from eventstore.log import Head, Log
from eventstore.patches import META, document_lines
from eventstore.transfer import write_log
from fdo.errors import NotFound
from fdo.lifecycle import Status


class Form(StrEnum):
    """What an export is written as."""

    NQUADS = "nquads"
    NTRIPLES = "ntriples"
    DOCUMENTS = "documents"
    JSONL = "jsonl"


PAST = (Form.NQUADS, Form.NTRIPLES, Form.DOCUMENTS)
"""Forms that can be had as of an instant; the log holds every instant at once."""
SELECTED = (Form.NTRIPLES, Form.DOCUMENTS)
"""Forms of which some objects can be had without the others."""


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported: in which form, as of when, and of which objects."""

    form: Form
    instant: Instant
    kind: str | None = None
    """Only objects of this type."""
    source: str | None = None
    """Only the source system of this PID, and what came from it."""


def lines(log: Log, export: Export, store: Path | None) -> Iterator[bytes]:
    """The lines of an export; `store` holds the graph at its instant, where that is asked for.

    To be consumed by one thread.
    """
    match export.form:
        case Form.JSONL:
            yield from write_log(log)
        case Form.NQUADS:
            assert store is not None, "the graph is read from the store of its instant"
            yield from _quads(store)
        case Form.NTRIPLES:
            for event in _active(log, export):
                yield from (line.encode() for line in sorted(document_lines(event)))
        case Form.DOCUMENTS:
            for event in _active(log, export):
                yield (event.document_bytes or b"") + b"\n"


def _quads(path: Path) -> Iterator[bytes]:
    """The quads of a store, without the graph of its own position."""
    own = f"<{META}>"
    for quad in Store.read_only(str(path)):
        if str(quad.graph_name) != own:
            yield f"{quad} .\n".encode()


def _active(log: Log, export: Export) -> Iterator[Recorded]:
    """The versions in force at the instant of the objects that were active then."""
    after = ""
    while heads := log.heads(after):
        wanted = [head for head in heads if _holds(export, head)]
        newest = log.events_at(h.position for h in wanted if _unmoved(export.instant, h))
        for head in wanted:
            event = newest.get(head.position) or _then(log, head, export.instant)
            if event is not None and event.status is Status.ACTIVE:
                yield event
        after = str(heads[-1].pid)


def _holds(export: Export, head: Head) -> bool:
    kind = export.kind in (None, head.type)
    return kind and export.source in (None, head.source, str(head.pid))


def _unmoved(instant: Instant, head: Head) -> bool:
    """Whether an object stands where it stood at the instant, as its head alone tells."""
    known = instant.observed is None or head.observed_at <= instant.observed
    return known and head.position <= instant.position


def _then(log: Log, head: Head, instant: Instant) -> Recorded | None:
    try:
        return log.at(head.pid, instant.position, instant.observed)
    except NotFound:  # it began later
        return None
