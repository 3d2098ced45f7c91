"""Members of the event streams: events of the log as lines of RDF, as far as they are public.

What may be shown is said by `api.feeds.disclosed`. A version whose bytes were erased is no
member any more: its place on the page is a gap. The erasure stands in the stream itself, named
by its activity, and brings what was put in the place of the erased bytes, so that who keeps a
copy hears of it and who begins anew still gets the object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.feeds.disclosed import disclosures
from api.feeds.ldes_commands import Part, parts_of
from eventstore.envelope import Recorded, activity_id, iso
from eventstore.log import Log
from eventstore.patches import document_lines, in_graph
from fdo.errors import NotFound
from fdo.lifecycle import Status
from fdo.record import KERNEL, PID_STATUS, attributes
from fdo.representations.member import Activity, Envelope, envelope_lines, moved
from fdo.representations.record import record_triples

_CREATES = frozenset({"Registered", "Activated", "Restored"})
_DELETES = frozenset({"Tombstoned", "Merged", "Divided"})


@dataclass(frozen=True, slots=True)
class Member:
    """One member: an event, and the content event whose document it brings."""

    event: Recorded
    content: Recorded
    full: bool
    """Whether the document is public; else the FDO record stands for it."""
    part: Part | None = None
    """Its place in the command that recorded it, where that recorded more in this stream."""

    @property
    def iri(self) -> str:
        """The member's name: the version, or the activity that erased one."""
        return self.event.activity if self.event.operational else self.event.version_iri

    @property
    def activity(self) -> Activity:
        """What it does to the copy of a reader."""
        if self.content.what in _DELETES:
            return "Delete"
        return "Create" if self.event.what in _CREATES else "Update"

    @property
    def envelope(self) -> list[str]:
        """N-Triples about the member itself."""
        event, activity, part = self.event, self.event.activity, self.part
        return envelope_lines(
            Envelope(
                member=self.iri,
                version_of=event.pid.iri,
                version=event.version,
                activity=self.activity,
                recorded_at=iso(event.recorded_at),
                observed_at=iso(event.observed_at),
                position=event.position,
                topic=event.topic,
                pid_status=PID_STATUS[event.status],
                agent=event.agent.id,
                generated_by=activity,
                transaction=activity_id(event.log_id, part.first) if part else activity,
                final=part.final if part else True,
            )
        )

    @property
    def payload(self) -> list[str]:
        """N-Triples of the object as this version has it."""
        content = self.content
        if self.full:
            return document_lines(content)
        record = attributes(content.type, content.status, content.document)
        if content.status is Status.ACTIVE:  # it is withheld now: nothing of its document
            record = {name: record[name] for name in KERNEL}
        return record_triples(content.pid.iri, record)

    def quads(self) -> list[str]:
        """N-Quads: the envelope, and the payload in the graph that the member names."""
        return [*self.envelope, *in_graph(self.payload, self.iri)]

    def triples(self) -> list[str]:
        """N-Triples: the payload borne by the member instead of the object."""
        lines = [*self.envelope, *moved(self.payload, self.event.pid.iri, self.iri)]
        return list(dict.fromkeys(lines))


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page shows of the positions that belong to it."""

    members: list[Member]
    gaps: list[int]
    """Positions that held a member which was taken off."""


def shown(positions: Sequence[int], stream: str, log: Log) -> Shown:
    """The members of a stream at these positions, in order, and the gaps between them."""
    found = log.events_at(positions)
    events = [found[position] for position in positions if position in found]
    pairs = [(event, content) for event in events if (content := content_of(event, log))]
    verdicts = disclosures([content for _, content in pairs], log)
    parts = parts_of(events, stream, log)
    members = [
        Member(event, content, said == "full", parts.get(event.position))
        for (event, content), said in zip(pairs, verdicts, strict=True)
        if said != "nothing" and (event.operational or not erasures(event, log))
    ]
    kept = {member.event.position for member in members}
    return Shown(members, [position for position in positions if position not in kept])


def content_of(event: Recorded, log: Log) -> Recorded | None:
    """The event whose document a member brings: itself, or the version in force when an erasure
    happened; None where this copy of the log was never given that one's bytes."""
    if not event.operational:
        return event
    try:
        return log.at(event.pid, event.position)
    except NotFound:
        return None


def erasures(content: Recorded, log: Log) -> list[Recorded]:
    """The erasures that replaced the bytes of a version, oldest first; they destroyed its salt,
    so that nearly always nothing has to be read."""
    if content.salt:
        return []
    return [
        event
        for event in log.history(content.pid)
        if event.what == "Erased" and content.position in event.detail["positions"]
    ]


def standing(content: Recorded, position: int, log: Log) -> Member | None:
    """The member that stands for an object at a position: its version then, or the erasure that
    replaced what it said. None where the erasure came later, or nothing is public."""
    (said,) = disclosures([content], log)
    if said == "nothing":
        return None
    replaced = erasures(content, log)
    if not replaced:
        return Member(content, content, said == "full")
    before = [event for event in replaced if event.position <= position]
    return Member(before[-1], content, said == "full") if before else None
