"""Which members of an event stream one command recorded: a transaction, taken in as a whole.

    parts_of(events, "all", log)        # {41: Part(first=41, final=False), 42: Part(41, True)}

The log does not say of an event with which others it was recorded, but a decision about an
annotation can be told: the new version of its object rests on the annotation (prov:used), and
stands right behind the version of the annotation that the decision made, each event a microsecond
after the one before it, as only one append writes them (decision 0033). Every other event is a
transaction of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from eventstore.envelope import Recorded
from eventstore.log import Log
from handlers.projections.members import is_member, streams_of

FURTHEST: Final = 8
"""How far behind the annotation the version of its object stands at most; between them are the
annotations that the decision overrides."""
_ANNOTATION: Final = "annotation"


@dataclass(frozen=True, slots=True)
class Part:
    """The place of an event in a command that recorded several."""

    first: int
    """The position of the first, whose activity names the transaction."""
    final: bool
    """Whether the stream has no later one of them."""


def parts_of(events: Sequence[Recorded], stream: str, log: Log) -> dict[int, Part]:
    """The parts among these events of a stream, by position."""
    maybe = [event for event in events if _may_be_a_part(event)]
    reach = range(-FURTHEST, FURTHEST + 1)
    found = log.events_at({event.position + step for event in maybe for step in reach})
    spans = [span for event in found.values() if (span := _span(event, found))]
    return {
        event.position: Part(first, not any(_stands_in(found[at], stream, log) for at in later))
        for event in maybe
        for first, last in spans
        if first <= event.position <= last
        for later in [range(event.position + 1, last + 1)]
    }


def earlier_parts(event: Recorded, log: Log) -> range:
    """The positions of what a command recorded before an event of it: once that is erased, one of
    them may be the last that a stream has."""
    if not _may_be_a_part(event):
        return range(0)
    found = log.events_at(range(max(1, event.position - FURTHEST), event.position + FURTHEST + 1))
    spans = [span for each in found.values() if (span := _span(each, found))]
    firsts = [first for first, last in spans if first <= event.position <= last]
    return range(min(firsts, default=event.position), event.position)


def _may_be_a_part(event: Recorded) -> bool:
    return event.what != "Registered" if event.type == _ANNOTATION else bool(event.used)


def _span(event: Recorded, found: Mapping[int, Recorded]) -> tuple[int, int] | None:
    """From the decision about an annotation to this event of its object, if it is one."""
    if event.type == _ANNOTATION or not event.used:
        return None
    for step in range(1, FURTHEST + 1):
        before = found.get(event.position - step)
        if before is None or event.recorded_at - before.recorded_at != step:
            return None
        decided = before.type == _ANNOTATION and not before.operational and before.version > 1
        if decided and before.pid.version_iri(before.version - 1) in event.used:
            return before.position, event.position
    return None


def _stands_in(event: Recorded, stream: str, log: Log) -> bool:
    """Whether the stream has it as a member, and still does: what was erased is none any more."""
    return is_member(event) and bool(event.salt) and stream in streams_of(event, log)
