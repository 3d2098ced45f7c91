"""A section of the log as it travels from a repository to its mirror.

JSON Lines. The first names the log, the event behind which the section begins with its leaf
hash, and the head. Then one line an event, as in a file of the whole log (`transfer.py`), with
the claims that its document makes and, for an erasure, what it left of the documents. The last
bears the SHA-256 of all bytes before it, so that a section that was cut short is known as such.

What is not public travels as an envelope with its commitments: `lacking`, without salt and source
record, and with an outline for a document. Leaf hashes cover envelopes, so they hold all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from eventstore.envelope import Recorded
from eventstore.log import Log
from eventstore.transfer import BrokenTransfer, event_line
from fdo.documents import Document
from fdo.errors import CollectomeError
from fdo.record import outline

FORMAT = 1


class Incomplete(CollectomeError):
    """The section was cut short on its way; ask for it again."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A section with a beginning and an end; its events are not checked yet."""

    log_id: str
    head: int
    """The newest position of the source."""
    at: int
    """The position of the event behind which it begins; 0: the beginning of the log."""
    leaf: str | None
    """The leaf hash of that event."""
    lines: Sequence[bytes]
    unaltered: bool
    """Whether its bytes are those that were sent, by the hash in its last line."""


# ── writing ──────────────────────────────────────────────────────────────────────────────


def first_line(log: Log, after: int, head: int) -> bytes:
    """The line that names the log and the event behind which a section begins."""
    before = log.last(after)
    said = {
        "log": log.id,
        "format": FORMAT,
        "at": before.position if before else 0,
        "leaf": before.leaf.hex() if before else None,
        "head": head,
    }
    return orjson.dumps(said) + b"\n"


def line_of(
    event: Recorded, *, whole: bool, claims: Sequence[str], redacted: Mapping[int, Document]
) -> bytes:
    """The line of an event; not `whole`: without what is not public."""
    line = event_line(event, lacking=not whole)
    if not whole:
        line |= {"salt": None, "verbatim": None, "document": outlined(event)}
    if claims:
        line["claims"] = list(claims)
    if redacted:
        line["redacted"] = {str(position): left for position, left in redacted.items()}
    return orjson.dumps(line) + b"\n"


def outlined(event: Recorded) -> Document | None:
    """What is left of the document of an event that is not public."""
    if event.operational:
        return None
    return outline(event.type, event.status, event.document, event.pid.iri)


def last_line(before: bytes, following: int, head: int) -> bytes:
    """The line that ends a section: where to go on, and the hash of all bytes before it."""
    digest = hashlib.sha256(before).hexdigest()
    return orjson.dumps({"next": following, "head": head, "sha256": digest}) + b"\n"


# ── reading ──────────────────────────────────────────────────────────────────────────────


def arrived(body: bytes) -> Arrived:
    """The parts of a section; Incomplete where its last line is missing, BrokenTransfer where
    it is no section of a log."""
    lines = body.split(b"\n")
    if len(lines) < 2 or lines[-1]:
        raise Incomplete("The section was cut short.")
    first = json_of(lines[0], "The first line")
    if (
        first.get("format") != FORMAT
        or not isinstance(first.get("log"), str)
        or any(type(first.get(name)) is not int for name in ("at", "head"))
    ):
        raise BrokenTransfer(
            f"The first line does not name a log in format {FORMAT}; is this the feed of events "
            "of a Collectome of this release?"
        )
    last = json_of(lines[-2], "The last line")
    if len(lines) == 2 or "position" in last:
        raise Incomplete("The section was cut short.")
    digest = hashlib.sha256(body[: -len(lines[-2]) - 1]).hexdigest()
    ended = {"sha256": digest, "head": first["head"]}
    if len(lines) > 3:
        ended["next"] = json_of(lines[-3], "The last event").get("position")
    return Arrived(
        first["log"],
        first["head"],
        first["at"],
        first.get("leaf"),
        lines[1:-2],
        ended.items() <= last.items(),
    )


def json_of(line: bytes, where: str) -> dict[str, Any]:
    """The JSON object of a line; BrokenTransfer, beginning with `where`, for anything else."""
    try:
        found = orjson.loads(line)
    except ValueError as wrong:
        raise BrokenTransfer(f"{where} is not JSON ({wrong}).") from wrong
    if not isinstance(found, dict):
        raise BrokenTransfer(f"{where} is no JSON object.")
    return found
