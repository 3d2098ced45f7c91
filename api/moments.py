"""What moments mean in parameters, at every door.

    as-of, until    by then: a day counts to its end (UTC), an instant with it
    since           from then on: a day counts from its start (UTC), an instant with it
    observed-at     as as-of, by the sources' clock

`42` is an event number (`since=42` is what came behind it), `v3` a version of the object where one
is asked for. The future is refused, because its answer could not be repeated. A moment that is
empty, as of a field of a form that nobody filled in, is none: the answer is that without it.
"""

from __future__ import annotations

import re

from api.refusals import UnknownParameter
from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded
from eventstore.instant import Instant
from eventstore.moments import first_and_last
from fdo.identifiers import Pid

SINCE = (
    "From this moment on: a day (from its start, UTC) or an RFC 3339 instant, both inclusive; or "
    "behind an event number."
)
UNTIL = (
    "Up to this moment: a day (to its end, UTC), an RFC 3339 instant or an event number, all "
    "inclusive."
)
"""What the two bounds of a stretch of time mean, as their parameters are described."""
_VERSION = re.compile(r"v([1-9]\d{0,8})\Z", re.ASCII)
_EVENT = re.compile(r"\d{1,18}\Z", re.ASCII)
_AN_EVENT = "an event number (42), "


def event_as_of(
    text: str | None, observed: str | None, pid: Pid, objects: DigitalObjects
) -> Recorded:
    """The content event of an object in force at a moment; NotFound before its first.

    `v3` is the version of that number, whatever else is asked.
    """
    if text and (found := _VERSION.match(text)):
        return objects.log.version(pid, int(found[1]))
    instant = instant_of(text, observed, objects, versions=True)
    return objects.log.at(pid, instant.position, instant.observed)


def instant_shown(
    text: str | None, observed: str | None, event: Recorded, objects: DigitalObjects
) -> Instant:
    """The instant of which what belongs to an object is shown, beside the event that is in force
    at a moment; `v3` names that of the version itself."""
    if text and _VERSION.match(text):
        return Instant(event.position)
    return instant_of(text, observed, objects, versions=True)


def history_as_of(text: str | None, pid: Pid, objects: DigitalObjects) -> list[Recorded]:
    """The events of an object as far as they were known at a moment; of a version (`v3`), and of
    no moment, all."""
    events = objects.log.life(pid)
    if not text or _VERSION.match(text):
        return events
    position = position_as_of(text, objects, versions=True)
    return [event for event in events if event.position <= position]


def instant_of(
    as_of: str | None, observed: str | None, objects: DigitalObjects, *, versions: bool = False
) -> Instant:
    """The instant that `as-of` and `observed-at` name together; the head where neither is said.
    `versions`: a refusal says that a version would do as well."""
    if not as_of:
        position = objects.log.position()
    else:
        position = position_as_of(as_of, objects, versions=versions)
    return Instant(position, observed_at(observed, objects) if observed else None)


def position_as_of(
    text: str, objects: DigitalObjects, parameter: str = "as-of", *, versions: bool = False
) -> int:
    """The last position of the log at a moment (not a version); 0 before the first event.
    A refusal names the parameter."""
    if _EVENT.match(text):
        return _event(text, objects, parameter)
    also = f"{_AN_EVENT}a version (v3), " if versions else _AN_EVENT
    return objects.log.position_at(past(text, parameter, objects, also))


def position_before(text: str, objects: DigitalObjects, parameter: str = "since") -> int:
    """The position behind which a moment begins; that of an event is its own number."""
    if _EVENT.match(text):
        return _event(text, objects, parameter)
    return objects.log.position_at(beginning(text, parameter, objects, _AN_EVENT) - 1)


def observed_at(text: str, objects: DigitalObjects) -> int:
    """A moment of the sources' clock, inclusive, in microseconds: a day or an instant."""
    return past(text, "observed-at", objects, also="")


def past(text: str, parameter: str, objects: DigitalObjects, also: str = _AN_EVENT) -> int:
    """The last microsecond of a day or an instant that is over; `also` is what else the
    parameter takes."""
    _, last = _bounds(text, parameter, also)
    if last > objects.clock():
        raise UnknownParameter(
            f"{parameter}={text} lies in the future (a day counts to its end, UTC); "
            f"leave {parameter} out for the present.",
            parameter=parameter,
        )
    return last


def beginning(text: str, parameter: str, objects: DigitalObjects, also: str = "") -> int:
    """The first microsecond of a day or an instant that has begun."""
    first, _ = _bounds(text, parameter, also)
    if first > objects.clock():
        raise UnknownParameter(
            f"{parameter}={text} lies in the future; name a moment that has begun, or leave "
            f"{parameter} out.",
            parameter=parameter,
        )
    return first


def _event(text: str, objects: DigitalObjects, parameter: str) -> int:
    position, head = int(text), objects.log.position()
    if position > head:
        raise UnknownParameter(
            f"{parameter}={text}: event {text} lies in the future; the log is at event {head}.",
            parameter=parameter,
        )
    return position


def _bounds(text: str, parameter: str, also: str) -> tuple[int, int]:
    try:
        return first_and_last(text)
    except ValueError:
        raise UnknownParameter(
            f"{parameter}={text!r} is no moment: give {also}a day (2026-03-01) or an instant "
            "(2026-03-01T12:00:00Z).",
            parameter=parameter,
        ) from None
