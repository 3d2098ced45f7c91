"""A log as JSON Lines: written whole, read into an empty log with its recorded times.

The first line names the log; then one line an event, in order of position; then the claims.
Reading checks every leaf hash and commitment before anything is recorded, so a copy that was
tampered with is refused by line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from eventstore.application import DigitalObjects
from eventstore.codec import pack, split_topic
from eventstore.envelope import Recorded, commitment, leaf_hash
from eventstore.log import Log
from eventstore.recorder import Entry
from fdo.documents import canonical
from fdo.errors import CollectomeError

FORMAT = 1
BATCH = 500


class BrokenTransfer(CollectomeError):
    """A line of the file is not what its hashes promise; the message names the line."""


def event_line(event: Recorded) -> dict[str, Any]:
    """An event, JSON-ready; times in microseconds since 1970."""
    return {
        "position": event.position,
        "object": event.pid_text,
        "sequence": event.sequence,
        "version": event.version,
        "recorded_at": event.recorded_at,
        "observed_at": event.observed_at,
        "topic": event.topic,
        "salt": event.salt.hex() if event.salt else None,
        "leaf": event.leaf.hex(),
        "meta": event.meta,
        "document": event.document if event.frame is not None else None,
        "verbatim": event.verbatim,
    }


def write_log(log: Log) -> Iterator[bytes]:
    """The lines of the whole log up to its head as it is now."""
    yield orjson.dumps({"log": log.id, "format": FORMAT}) + b"\n"
    head, position = log.position(), 0
    while events := log.read(position, BATCH, upto=head):
        for event in events:
            yield orjson.dumps(event_line(event)) + b"\n"
        position = events[-1].position
    for key, pid in log.claims():
        yield orjson.dumps({"claim": key, "object": pid}) + b"\n"


def read_log(objects: DigitalObjects, lines: Iterable[bytes]) -> int:
    """Record the lines of `write_log` in an empty log; the number of events.

    BrokenTransfer: the log is not empty, or a line is not what its hashes promise. Nothing is
    recorded before the whole file has been checked.
    """
    if objects.log.position():
        raise BrokenTransfer(
            "A log with its own times can only be read into an empty repository; name a new "
            "folder with --data."
        )
    parsed = [_parsed(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not parsed or parsed[0].get("format") != FORMAT:
        raise BrokenTransfer(
            f"Line 1 does not say that this is a Collectome log of format {FORMAT}."
        )
    claims: dict[str, list[str]] = {}
    events: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(parsed[1:], 2):
        if "claim" in line:
            claims.setdefault(line["object"], []).append(line["claim"])
        else:
            events.append((number, line))
    entries = [_entry(number, line, claims) for number, line in events]
    objects.recorder.adopt(parsed[0]["log"])
    objects.log.id = parsed[0]["log"]
    for start in range(0, len(entries), BATCH):
        objects.recorder.insert_events(entries[start : start + BATCH])
    return len(entries)


def _parsed(number: int, line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except ValueError as wrong:
        raise BrokenTransfer(
            f"Line {number} is not JSON ({wrong}); give a file of `export --format jsonl`."
        ) from wrong
    if not isinstance(found, dict):
        raise BrokenTransfer(f"Line {number} is no JSON object.")
    return found


def _entry(number: int, line: dict[str, Any], claims: dict[str, list[str]]) -> Entry:
    split_topic(line["topic"])
    salt = bytes.fromhex(line["salt"]) if line["salt"] else None
    document = canonical(line["document"]) if line["document"] is not None else None
    verbatim = (
        orjson.dumps(line["verbatim"], option=orjson.OPT_SORT_KEYS) if line["verbatim"] else None
    )
    meta = dict(line["meta"])
    expected = leaf_hash(
        line["object"],
        line["sequence"],
        line["version"],
        line["recorded_at"],
        line["observed_at"],
        line["topic"],
        meta,
    )
    whole = expected.hex() == line["leaf"]
    if salt is not None:
        whole &= meta.get("commitment") == commitment(salt, document)
        whole &= meta.get("verbatim") == commitment(salt, verbatim)
    if not whole:
        raise BrokenTransfer(
            f"Line {number} (event {line['position']} of {line['object']}) is not what its hashes "
            "promise; get an unaltered copy.",
            line=number,
        )
    return Entry(
        line["object"],
        line["sequence"],
        line["topic"],
        b"",
        version=line["version"],
        observed_at=line["observed_at"],
        recorded_at=line["recorded_at"],
        meta=meta,
        document=document,
        frame=None if document is None else pack(document),
        verbatim=verbatim,
        verbatim_frame=None if verbatim is None else pack(verbatim),
        claims=tuple(claims.pop(line["object"], ())),
        salt=salt,
    )
