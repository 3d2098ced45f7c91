"""Of what an annotation is: the objects and paths that it names, and what is known of the first.

Dataset and holder are those of the object; of an annotation on an annotation, those of what that
one is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.annotation.life import selectors, source_of
from fdo.annotation.paths import Path, get, parse
from fdo.documents import Document
from fdo.errors import InvalidDocument, InvalidIdentifier, NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.projections.annotations.said import bounded

_DEPTH = 4
"""Annotations on annotations: so far their dataset is looked for."""

About = tuple[str, Path | None]
"""(PID of an object of ours, else IRI; path, None: the whole object)"""


def targets(document: Document) -> Iterator[About]:
    """What an annotation is about: every target, and every path of it."""
    for target in document.get("oa:hasTarget", ()):
        source = source_of(target)
        if source is not None:
            name = str(source.pid)
        else:
            node = target if isinstance(target, dict) else {"@id": target}
            name = str(node.get("oa:hasSource") or node.get("@id") or "")
        paths: list[Path | None] = [*_paths(target)]
        yield from ((name, path) for path in paths or [None])


def _paths(target: Any) -> Iterator[Path]:
    for selector in selectors(target):
        written = selector.get("ods:term") or selector.get("ods:class")
        if written:
            with suppress(InvalidDocument):
                yield parse(written)


class Target(NamedTuple):
    """What is known of the first target."""

    pid: str = ""
    type: str = ""
    position: int = 0
    dataset: str = ""
    organisation: str = ""
    was: str | None = None


def target_of(about: Sequence[About], first: Recorded, log: Log) -> Target:
    """What the log says of the first target, as it was when the annotation was made."""
    name, path = about[0] if about else ("", None)
    event = _meant(name, first, log)
    if event is None:
        return Target(name)
    holder = _held(event, first.position, log)
    was = None
    if path and event.status is Status.ACTIVE:
        found = get(event.document, path)
        was = None if found is None else bounded(found)
    return Target(
        name,
        event.type,
        event.position,
        pid_of(holder.get("ods:sourceSystemID", "")),
        holder.get("ods:organisationID", ""),
        was,
    )


def _held(event: Recorded, position: int, log: Log) -> Document:
    """The document that names dataset and holder: of an annotation, that of its own target."""
    for _ in range(_DEPTH):
        if event.type != "annotation":
            break
        below = _at(next((name for name, _ in targets(event.document)), ""), position, log)
        if below is None:
            break
        event = below
    return event.document


def _meant(name: str, first: Recorded, log: Log) -> Recorded | None:
    """The version of the target on which the annotation was made, as its first event says; else
    the one in force then."""
    used = source_of(first.used[0]) if first.used else None
    if used is not None and used.version is not None and str(used.pid) == name:
        return log.version(used.pid, used.version)
    return _at(name, first.position, log)


def _at(name: str, position: int, log: Log) -> Recorded | None:
    try:
        return log.at(Pid.parse(name), position)
    except (InvalidIdentifier, NotFound):
        return None


@lru_cache(maxsize=4096)
def pid_of(iri: str) -> str:
    """The PID of an object or of a version of it, as text; nothing where it is none."""
    source = source_of(iri)
    return "" if source is None else str(source.pid)
