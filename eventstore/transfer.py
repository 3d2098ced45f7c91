"""A log as JSON Lines: written whole, read into an empty log with its recorded times.

The first line names the log; then one line an event, in order of position; then the claims.
Reading checks every leaf hash and commitment, that no event of an object is missing, that each
document can be mapped, and that a claim follows from a document of its object, before anything is
recorded; so a copy that was tampered with is refused by line. Positions are kept: causes and
activities name them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from eventstore.application import DigitalObjects
from eventstore.codec import pack, split_topic
from eventstore.envelope import Recorded, commitment, leaf_hash
from eventstore.log import Log
from eventstore.mirroring import origin
from eventstore.recorder import Entry
from fdo.catalogue import claimable
from fdo.documents import canonical
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations import mappable

FORMAT = 1
BATCH = 500


class BrokenTransfer(CollectomeError):
    """A line of the file is not what its hashes promise; the message names the line."""


def event_line(event: Recorded, *, lacking: bool = False) -> dict[str, Any]:
    """An event, JSON-ready; times in microseconds since 1970. `lacking` says that a mirror
    never got its bytes."""
    line: dict[str, Any] = {
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
    return {**line, "lacking": True} if lacking else line


def write_log(log: Log) -> Iterator[bytes]:
    """The lines of the whole log as it is now; to be consumed by one thread."""
    yield orjson.dumps({"log": log.id, "format": FORMAT}) + b"\n"
    with log.still():
        position, lacking = 0, log.lacking()
        while events := log.section(position, BATCH):
            for event in events:
                yield orjson.dumps(event_line(event, lacking=event.position in lacking)) + b"\n"
            position = events[-1].position
        for key, pid in log.claims():
            yield orjson.dumps({"claim": key, "object": pid}) + b"\n"


def read_log(objects: DigitalObjects, lines: Iterable[bytes]) -> int:
    """Record the lines of `write_log` in an empty log; the number of events.

    BrokenTransfer: the log is not empty, or a line is not what its hashes promise. Nothing is
    recorded before the whole file has been checked.
    """
    if objects.log.position() or origin(objects.recorder):
        raise BrokenTransfer(
            "A log with its own times can only be read into an empty repository; name a new "
            "folder with --data."
        )
    parsed = [_parsed(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not parsed or parsed[0].get("format") != FORMAT:
        raise BrokenTransfer(
            f"Line 1 does not say that this is a Collectome log of format {FORMAT}."
        )
    entries = _Copy(parsed[1:]).entries
    objects.recorder.adopt(parsed[0]["log"])
    with objects.recorder.erasing():  # of earlier releases: claims that an erasure releases
        objects.recorder.insert_events(entries)  # one transaction: the whole copy, or nothing
    return len(entries)


class _Copy:
    """The lines behind the first, checked one after the other."""

    def __init__(self, lines: list[dict[str, Any]]) -> None:
        self._claims: dict[str, list[str]] = {}
        self._claimable: dict[str, set[str] | None] = {}
        self._last: dict[str, int] = {}
        self._position = self._recorded_at = 0
        events = [(n, line) for n, line in enumerate(lines, 2) if "claim" not in line]
        found = [self._whole(number, line) for number, line in events]
        self._erased = {
            (line["object"], position)
            for _, line in events
            if split_topic(line["topic"])[1] == "Erased"
            for key in ("positions", "verbatims")
            for position in line["meta"]["detail"].get(key, ())
        }
        for (number, line), entry in zip(events, found, strict=True):
            self._follows(number, line, entry)
        for number, line in enumerate(lines, 2):
            if "claim" in line:
                self._claim(number, line)
        self.entries = [
            replace(entry, claims=tuple(self._claims.pop(str(entry.originator_id), ())))
            for entry in found
        ]

    @staticmethod
    def _whole(number: int, line: dict[str, Any]) -> Entry:
        try:
            entry = entry_of(line, f"Line {number}")
            if entry.salt is not None and entry.document and entry.meta["status"] == Status.ACTIVE:
                mappable.check(line["document"])
            return entry
        except (CollectomeError, AttributeError, KeyError, TypeError, ValueError) as wrong:
            if isinstance(wrong, BrokenTransfer):
                raise BrokenTransfer(wrong.message, line=number) from wrong
            raise BrokenTransfer(f"Line {number} is no event ({wrong}).", line=number) from wrong

    def _follows(self, number: int, line: dict[str, Any], entry: Entry) -> None:
        pid, position, at = line["object"], line["position"], line["recorded_at"]
        if position <= self._position or at <= self._recorded_at:
            raise BrokenTransfer(f"Line {number} does not follow the event before.", line=number)
        if entry.originator_version != self._last.get(pid, 0) + 1:
            raise BrokenTransfer(f"Before line {number} an event of {pid} is missing.", line=number)
        if not (entry.salt or entry.lacking or (pid, position) in self._erased):
            raise BrokenTransfer(
                f"Line {number} has no salt, and no event says that it was erased.", line=number
            )
        self._position, self._recorded_at = position, at
        self._last[pid] = entry.originator_version
        self._note_claims(pid, line, entry)
        if successor := entry.meta.get("detail", {}).get("successor"):  # claims move with a merge
            self._inherit(pid, str(Pid.parse(successor)))

    def _note_claims(self, pid: str, line: dict[str, Any], entry: Entry) -> None:
        """What the object may claim; None (anything) where a document no longer says."""
        known = self._claimable.setdefault(pid, set())
        if known is None or line["document"] is None:
            return
        made = claimable(split_topic(line["topic"])[0], line["document"])
        if entry.salt is None or made is None:
            self._claimable[pid] = None
        else:
            known.update(made)

    def _inherit(self, pid: str, successor: str) -> None:
        old, known = self._claimable[pid], self._claimable.setdefault(successor, set())
        self._claimable[successor] = None if old is None or known is None else known | old

    def _claim(self, number: int, line: dict[str, Any]) -> None:
        key, pid = line["claim"], line["object"]
        allowed = self._claimable.get(pid, set())
        if allowed is not None and key not in allowed:
            raise BrokenTransfer(
                f"Line {number}: no document of {pid} makes the claim {key!r}.", line=number
            )
        self._claims.setdefault(pid, []).append(key)


def _parsed(number: int, line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except ValueError as wrong:
        raise BrokenTransfer(
            f"Line {number} is not JSON ({wrong}); give a file of `export --format jsonl`.",
            line=number,
        ) from wrong
    if not isinstance(found, dict):
        raise BrokenTransfer(f"Line {number} is no JSON object.")
    return found


def entry_of(line: Mapping[str, Any], where: str) -> Entry:
    """The event of a line, as it goes into the table; BrokenTransfer, beginning with `where`,
    for one that is not what its hashes promise."""
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
            f"{where} (event {line['position']} of {line['object']}) is not what its hashes "
            "promise; get an unaltered copy.",
            position=line["position"],
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
        salt=salt,
        position=line["position"],
        lacking=line.get("lacking", False) is True,
    )
