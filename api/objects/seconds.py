"""Mementos of what changes with the whole log, such as the answer of a query: one a second.

Memento (RFC 7089) speaks of whole seconds, so the memento of a second is the state after the last
event recorded in it; `?as-of=` with an event number reaches all others. There may be as many as the
log has events, so TimeMaps have pages, each beginning at a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from api.objects.exchange import http_date
from api.objects.memento import LINK_FORMAT
from eventstore.log import Log

PAGE: Final = 1_000
LATEST: Final = 253_402_300_799
"""The last second that a date can name."""


@dataclass(frozen=True, slots=True)
class Original:
    """What has a memento for each second: its addresses, and the events between which."""

    address: str
    timegate: str
    timemap: str
    first: int = 1
    """The first event of which there is a memento."""
    last: int | None = None
    """The last one; None where each new event makes one."""

    def memento(self, position: int) -> str:
        """The address of the state after an event."""
        return f"{taking_more(self.address)}as-of={position}"


def at_second(original: Original, second: int, log: Log) -> int:
    """The event whose state is the memento of a second: RFC 7089 §4.5.3, the last that is not
    later; before the first the first, after the last the last."""
    found = log.position_at(second * 1_000_000 + 999_999)
    if found < original.first:
        found = log.position_at(_second_of(original.first, log) * 1_000_000 + 999_999)
    return min(found, _last(original, log))


def around(original: Original, position: int, log: Log) -> list[str]:
    """The links of a memento to itself and to the first, the last and its neighbours; an address
    that is several of them has one link."""
    last, second = _last(original, log), _second_of(position, log)
    before = log.position_at(second * 1_000_000 - 1)
    behind = [at for _, at in log.seconds(second + 1, 1) if position < last]
    named: list[tuple[str, int | None]] = [
        ("first", at_second(original, _second_of(original.first, log), log)),
        ("prev", before if before >= original.first else None),
        ("", position),
        ("next", min(behind[0], last) if behind else None),
        ("last", last),
    ]
    relations: dict[int, list[str]] = {}
    for name, at in named:
        if at is not None:
            relations.setdefault(at, []).extend([name] if name else [])
    return [
        _link(original, at, " ".join([*names, "memento"]), _second_of(at, log))
        for at, names in relations.items()
    ]


def timemap(original: Original, after: int, log: Log) -> bytes:
    """One page of the TimeMap in link format (RFC 7089 §5; paged by §5.1.2), from a second on."""
    return ",\n".join(_entries(original, min(after, LATEST), log)).encode()


def _entries(original: Original, after: int, log: Log) -> Iterator[str]:
    start = after
    if original.first > 1:
        start = max(after, _second_of(original.first, log))
    last = _last(original, log)
    end = _second_of(last, log) if last else 0
    found = [pair for pair in log.seconds(start, PAGE + 1) if pair[0] <= end]
    listed, rest = found[:PAGE], found[PAGE:]
    here, kind = original.timemap, f'type="{LINK_FORMAT}"'
    yield f'<{original.address}>; rel="original"'
    yield f'<{original.timegate}>; rel="timegate"'
    span = ""
    if listed:
        span = f'; from="{dated(listed[0][0])}"; until="{dated(listed[-1][0])}"'
    own = f"{taking_more(here)}after={after}" if after else here
    yield f'<{own}>; rel="self"; {kind}{span}'
    if after:
        yield f'<{here}>; rel="timemap first"; {kind}'
    for second, _ in rest:
        address = f"{taking_more(here)}after={second}"
        yield f'<{address}>; rel="next timemap"; {kind}; from="{dated(second)}"'
    first = log.seconds(_second_of(original.first, log), 1) if last else []
    for second, position in listed:
        rel = [
            *(["first"] if second == first[0][0] else []),
            *(["last"] if second == end else []),
            "memento",
        ]
        yield _link(original, min(position, last), " ".join(rel), second)


def _link(original: Original, position: int, rel: str, second: int) -> str:
    return f'<{original.memento(position)}>; rel="{rel}"; datetime="{dated(second)}"'


def _last(original: Original, log: Log) -> int:
    return log.position() if original.last is None else original.last


def _second_of(position: int, log: Log) -> int:
    """The second of the newest event at or before a position; 0 before the first."""
    return second_of(log.recorded_at(position) or "1970-01-01T00:00:00Z")


def second_of(recorded_at: str) -> int:
    """The second of a time as RFC 3339 writes it."""
    return int(datetime.fromisoformat(recorded_at).timestamp())


def dated(second: int) -> str:
    """A second as HTTP writes it."""
    return http_date(second).decode()


def taking_more(address: str) -> str:
    """The address, ready to take one more parameter."""
    return f"{address}{'&' if '?' in address else '?'}"
