"""Whether a section that arrived continues this log: all is checked before any is recorded.

Every event must be what its hashes promise, follow the one before it in position and time, and
the last one of its object in sequence and version; its document must speak of its object only.
What goes into names of the graph (topic, agent, role) must be a name. A fault names the position.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from eventstore.claims import outlasting
from eventstore.envelope import Recorded
from eventstore.log import Log
from eventstore.mirroring import Section
from eventstore.patches import asides
from eventstore.recorder import Entry
from eventstore.sections import Arrived, json_of
from eventstore.transfer import BrokenTransfer, entry_of
from fdo.catalogue import claimable
from fdo.documents import Document, canonical
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.record import attributes, under
from fdo.representations.lexical import is_iri
from fdo.representations.nquads import triples
from fdo.representations.record import record_triples

Line = Mapping[str, Any]

_TOPIC = re.compile(r"[A-Za-z]+\.v\d{1,4}\Z", re.ASCII)
_ROLE = re.compile(r"[A-Za-z]+\Z", re.ASCII)
_NUMBERS = ("position", "sequence", "version", "recorded_at", "observed_at")
_LARGEST = 2**62


class OtherLog(CollectomeError):
    """What is recorded here is not the beginning of the source's log."""


def checked(section: Arrived, log: Log) -> Section:
    """The section, ready to be recorded behind the head of `log`.

    OtherLog: this log is no beginning of the source's. BrokenTransfer: the section is not what
    its hashes promise; the message names the first position that is wrong.
    """
    after = _continues(section, log)
    parsed = [
        json_of(text, f"Line {number} behind event {after}")
        for number, text in enumerate(section.lines, 1)
    ]
    check = _Check(log, section.log_id, after, parsed)
    entries = [check.entry(line) for line in parsed]
    if not section.unaltered:
        raise BrokenTransfer(
            f"The section behind event {after} was altered on its way: its hash does not hold.",
            position=after,
        )
    return Section(after, entries, check.redacted, section.head)


def _continues(section: Arrived, log: Log) -> int:
    """The head of the log, at which the section begins."""
    head = log.position()
    mine = log.last(head)
    if mine is not None and section.log_id != log.id:
        raise OtherLog(
            f"This folder holds the log {log.id}, the source the log {section.log_id}: one cannot "
            "continue the other. Name an empty folder with --data."
        )
    if section.at < head:
        raise OtherLog(
            f"The source is at event {section.at}, this log at {head}: the source was put back to "
            "an older state, or this log recorded events of its own."
        )
    if section.at > head:
        raise BrokenTransfer(f"The section begins behind event {section.at}, not {head}.")
    if mine is not None and mine.leaf.hex() != section.leaf:
        raise OtherLog(
            f"Event {head} is another one here than at the source: the two logs went different "
            "ways before it. Mirror the source into an empty folder."
        )
    try:
        uuid.UUID(section.log_id)
    except ValueError as wrong:
        raise BrokenTransfer(f"{section.log_id!r} is no name of a log.") from wrong
    return head


class _Check:
    """The events of one section, one after the other."""

    def __init__(self, log: Log, log_id: str, after: int, lines: Sequence[Line]) -> None:
        last = log.last(after)
        self._log, self._log_id = log, log_id
        self._position, self._recorded_at = after, last.recorded_at if last else 0
        heads = log.heads_of({str(line.get("object")) for line in lines})
        self._standing = {str(head.pid): (head.sequence, head.version) for head in heads}
        keys = {str(key) for line in lines for key in line.get("claims") or ()}
        self._holders = {key: str(head.pid) for key, head in log.claimed(keys).items()}
        self._here: dict[int, Recorded] = {}
        self.redacted: dict[int, Document | None] = {}

    def entry(self, line: Line) -> Entry:
        """The event of a line; BrokenTransfer for one that does not belong here."""
        where = f"Event {line.get('position')}, behind event {self._position},"
        try:
            return self._entry(line, where)
        except BrokenTransfer:
            raise
        except (CollectomeError, AttributeError, KeyError, TypeError, ValueError) as wrong:
            raise BrokenTransfer(
                f"{where} is none that this release can read ({type(wrong).__name__}: {wrong}).",
                position=line.get("position"),
            ) from wrong

    def _entry(self, line: Line, where: str) -> Entry:
        if any(type(line[name]) is not int or not 0 <= line[name] < _LARGEST for name in _NUMBERS):
            raise ValueError("a number is out of range")
        entry = entry_of(line, where)
        event = _recorded(entry, line, self._log_id)
        self._follows(event, where)
        _speaks(event)
        if event.what == "Erased":
            self._erase(event, line.get("redacted", {}))
            self._release(event)
        self._here[event.position] = event
        return replace(entry, claims=self._claims(event, line.get("claims", ())))

    def _follows(self, event: Recorded, where: str) -> None:
        sequence, version = self._standing.get(event.pid_text, (0, 0))
        if event.position <= self._position or event.recorded_at <= self._recorded_at:
            wrong = "does not come after it"
        elif event.sequence != sequence + 1:
            wrong = f"is number {event.sequence} of {event.pid_text}, of which {sequence} are known"
        elif event.version != version + (not event.operational):
            wrong = f"makes version {event.version} of {event.pid_text} behind version {version}"
        else:
            self._standing[event.pid_text] = (event.sequence, event.version)
            self._position, self._recorded_at = event.position, event.recorded_at
            return
        raise BrokenTransfer(f"{where} {wrong}.", position=event.position)

    def _erase(self, erasure: Recorded, left: Mapping[str, Document]) -> None:
        """Note what an erasure leaves; it may touch its own object only: documents of its
        contents, and the source records beside its operational events."""
        positions = erasure.detail["positions"]
        known = self._log.events_at(erasure.erased) | self._here
        for position in erasure.erased:
            event = known[position]
            if event.pid != erasure.pid or event.operational == (position in positions):
                raise ValueError(
                    f"event {position} is no content of {erasure.pid}, or none of that kind"
                )
            if event.operational:
                self.redacted[position] = None
                continue
            _maps(event, left[str(position)])
            _is_left(erasure, positions.index(position), left[str(position)])
            self.redacted[position] = left[str(position)]

    def _release(self, erasure: Recorded) -> None:
        """Note which claims the erasure releases: another object may take them behind it."""
        held = {key for key, pid in self._holders.items() if pid == erasure.pid_text}
        if not held:
            return
        known = (*self._log.stream(erasure.pid, 0, erasure.sequence), *self._here.values())
        whole = (
            (event.salt, event.meta, event.document)
            for event in known
            if event.pid_text == erasure.pid_text
            and event.salt
            and not event.operational
            and event.position not in self.redacted
        )
        for key in held - outlasting(erasure.type, held, whole):
            del self._holders[key]

    def _claims(self, event: Recorded, keys: Sequence[str]) -> tuple[str, ...]:
        """The claims that are new; each must follow from the document."""
        made = claimable(event.type, event.document) if keys else frozenset[str]()
        fresh = []
        for key in keys:
            if key not in (made or ()) or self._holders.get(key, event.pid_text) != event.pid_text:
                raise ValueError(f"the claim {key!r} is not one of {event.pid}")
            if key not in self._holders:
                self._holders[key] = event.pid_text
                fresh.append(key)
        return tuple(fresh)


def _recorded(entry: Entry, line: Line, log_id: str) -> Recorded:
    """The event as it will be read from the log, with what of it is unpacked already."""
    event = Recorded(
        line["position"],
        line["object"],
        line["sequence"],
        line["version"],
        line["recorded_at"],
        line["observed_at"],
        line["topic"],
        entry.salt or b"",
        bytes.fromhex(line["leaf"]),
        entry.meta,
        entry.frame,
        entry.verbatim_frame,
        log_id,
    )
    if entry.document is not None:
        vars(event).update(document_bytes=entry.document, document=line["document"])
    return event


def _speaks(event: Recorded) -> None:
    """ValueError, or what the codec raises, unless the projections can read the event."""
    agent = event.agent
    if (
        str(Pid.parse(event.pid_text)) != event.pid_text
        or not _TOPIC.match(event.topic)
        or event.meta["type"] != event.type
        or not is_iri(agent.id)
        or not isinstance(agent.name, str)
        or not _ROLE.match(agent.role)
    ):
        raise ValueError("its topic, PID, type or agent is no name")
    event.fact()
    asides(event)
    if profile := event.meta.get("profile"):
        under(profile, event.type)
    if not event.operational:
        _maps(event, event.document)


def _is_left(erasure: Recorded, index: int, left: Document) -> None:
    """The document is the one that the erasure says it left; older ones say nothing of it."""
    said = erasure.detail.get("left")
    if said is not None and said[index] != hashlib.sha256(canonical(left)).hexdigest():
        raise ValueError("what is left is not what the erasure says")


def _maps(event: Recorded, document: Document) -> None:
    """InvalidDocument or ValueError unless the document speaks of its object, as RDF too."""
    if document["@id"] != event.pid.iri:
        raise ValueError(f"its document speaks of {document['@id']}")
    record = attributes(event.type, event.status, document)
    if event.status is Status.ACTIVE:
        triples(document)
    else:
        record_triples(event.pid.iri, record)
