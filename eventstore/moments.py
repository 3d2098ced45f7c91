"""Moments as people write them: a day, or an instant of RFC 3339.

A day is a stretch of time, so each parameter says which end of it counts: what is named by *by
then* (`as-of`, `until`) takes its last microsecond, what is named by *from then on* (`since`) its
first. So a day that is named as either bound belongs to what is found (decision 0034).

>>> first_and_last("2026-03-01")
(1772323200000000, 1772409599999999)
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from eventstore.envelope import to_micros

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+\- ]\d\d:\d\d)\Z", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)


def first_and_last(text: str) -> tuple[int, int]:
    """The first and the last microsecond (since 1970, UTC) of a moment; they are the same of an
    instant. A `+` of a time zone that arrived as a space is read as `+`. ValueError for what is no
    moment."""
    try:
        if _DAY.match(text):
            start = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return to_micros(start), to_micros(start + timedelta(days=1)) - 1
        if found := _INSTANT.match(text):
            day, clock, fraction, zone = found.groups()
            zone = "+00:00" if zone in "Zz" else zone.replace(" ", "+")
            micros = ((fraction or "") + "000000")[:6]
            moment = datetime.fromisoformat(f"{day}T{clock}.{micros}{zone}")
            at = to_micros(moment.astimezone(UTC))  # refuses what is before the year 1 there
            return at, at
    except OverflowError:
        pass
    raise ValueError(f"{text!r} is neither a day nor an instant")
