"""What `as-of` means: an event, a version, a day or an instant of the repository's own clock.

`42` is an event number, `v3` a version of the object, `2026-03-01` the end of that day in UTC,
`2026-03-01T12:00:00Z` that instant inclusive. The future is refused, because its answer could
not be repeated. A `+` of a time zone that arrived as a space is read as `+`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from api.problems import UnknownParameter
from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, to_micros
from fdo.identifiers import Pid

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+\- ]\d\d:\d\d)\Z", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_VERSION = re.compile(r"v([1-9]\d{0,8})\Z", re.ASCII)
_EVENT = re.compile(r"\d{1,18}\Z", re.ASCII)


def event_as_of(text: str, pid: Pid, objects: DigitalObjects) -> Recorded:
    """The content event of an object in force at a moment; NotFound before its first."""
    if found := _VERSION.match(text):
        return objects.log.version(pid, int(found[1]))
    return objects.log.at(pid, position_as_of(text, objects))


def position_as_of(text: str, objects: DigitalObjects) -> int:
    """The last position of the log at a moment (not a version); 0 before the first event."""
    if _EVENT.match(text):
        position, head = int(text), objects.log.position()
        if position > head:
            raise UnknownParameter(
                f"as-of={text}: event {text} lies in the future; the log is at event {head}.",
                parameter="as-of",
            )
        return position
    moment = _moment(text)
    if moment > objects.clock():
        raise UnknownParameter(
            f"as-of={text} lies in the future (a day counts from its end, UTC); "
            "leave as-of out for the present.",
            parameter="as-of",
        )
    return objects.log.position_at(moment)


def _moment(text: str) -> int:
    try:
        if _DAY.match(text):
            start = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return to_micros(start + timedelta(days=1)) - 1
        if found := _INSTANT.match(text):
            day, clock, fraction, zone = found.groups()
            zone = "+00:00" if zone in "Zz" else zone.replace(" ", "+")
            micros = ((fraction or "") + "000000")[:6]
            return to_micros(datetime.fromisoformat(f"{day}T{clock}.{micros}{zone}"))
    except (ValueError, OverflowError):
        pass
    raise UnknownParameter(
        f"as-of={text!r} is no moment: give an event number (42), a version (v3), a day "
        "(2026-03-01) or an instant (2026-03-01T12:00:00Z).",
        parameter="as-of",
    )
