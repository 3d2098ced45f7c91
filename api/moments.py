"""What `as-of` means: an event, a version, a day or an instant of the repository's own clock;
and `observed-at`: a day or an instant of the sources' clock.

`42` is an event number, `v3` a version of the object, `2026-03-01` the end of that day in UTC,
`2026-03-01T12:00:00Z` that instant inclusive. The future is refused, because its answer could
not be repeated. A `+` of a time zone that arrived as a space is read as `+`. A moment that is
empty, as of a field of a form that nobody filled in, is none: the answer is that without it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from api.problems import UnknownParameter
from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, to_micros
from eventstore.instant import Instant
from fdo.identifiers import Pid

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+\- ]\d\d:\d\d)\Z", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
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
        position, head = int(text), objects.log.position()
        if position > head:
            raise UnknownParameter(
                f"{parameter}={text}: event {text} lies in the future; the log is at event {head}.",
                parameter=parameter,
            )
        return position
    also = f"{_AN_EVENT}a version (v3), " if versions else _AN_EVENT
    return objects.log.position_at(past(text, parameter, objects, also))


def observed_at(text: str, objects: DigitalObjects) -> int:
    """A moment of the sources' clock, inclusive, in microseconds: a day or an instant."""
    return past(text, "observed-at", objects, also="")


def past(text: str, parameter: str, objects: DigitalObjects, also: str = _AN_EVENT) -> int:
    """A day (its end, UTC) or an instant that is over, in microseconds; `also` is what else
    the parameter takes."""
    moment = _moment(text, parameter, also)
    if moment > objects.clock():
        raise UnknownParameter(
            f"{parameter}={text} lies in the future (a day counts from its end, UTC); "
            f"leave {parameter} out for the present.",
            parameter=parameter,
        )
    return moment


def _moment(text: str, parameter: str, also: str) -> int:
    try:
        if _DAY.match(text):
            start = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return to_micros(start + timedelta(days=1)) - 1
        if found := _INSTANT.match(text):
            day, clock, fraction, zone = found.groups()
            zone = "+00:00" if zone in "Zz" else zone.replace(" ", "+")
            micros = ((fraction or "") + "000000")[:6]
            moment = datetime.fromisoformat(f"{day}T{clock}.{micros}{zone}")
            return to_micros(moment.astimezone(UTC))  # refuses what is before the year 1 there
    except (ValueError, OverflowError):
        pass
    raise UnknownParameter(
        f"{parameter}={text!r} is no moment: give {also}a day (2026-03-01) or an instant "
        "(2026-03-01T12:00:00Z).",
        parameter=parameter,
    )
