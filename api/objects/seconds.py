"""Mementos of what changes with the whole log, such as the answer of a query: one a second.

Memento (RFC 7089) speaks of whole seconds, so the memento of a second is the state after the last
event recorded in it; `?as-of=` with an event number reaches all others. There may be as many as the
log has events, so TimeMaps have pages, each beginning at a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from api.objects.exchange import http_date
from api.objects.memento import LINK_FORMAT
from eventstore.envelope import iso
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
    return ",\n".join(_links(original, _page(original, min(after, LATEST), log))).encode()


def timemap_json(original: Original, here: str, after: int, log: Log) -> bytes:
    """The same page in the JSON that Memento aggregators share, where its own address is `here`;
    `pages` is ours."""
    return orjson.dumps(_json(original, here, _page(original, min(after, LATEST), log)))


@dataclass(frozen=True, slots=True)
class _Page:
    """Mementos as (second, event), from a second on (`after`; 0: from the first)."""

    after: int
    listed: list[tuple[int, int]]
    first: tuple[int, int] | None
    """Of all pages, as `last`; None before there is an event."""
    last: tuple[int, int] | None
    before: tuple[int, int, int] | None
    """(`after` of the page before, its first and its last second)."""
    behind: int | None
    """The second with which the next page begins."""


def _page(original: Original, after: int, log: Log) -> _Page:
    last = _last(original, log)
    begun = log.seconds(_second_of(original.first, log), 1) if last else []
    if not begun:
        return _Page(after, [], None, None, None, None)
    first, end = begun[0][0], _second_of(last, log)
    found = [pair for pair in log.seconds(max(after, first), PAGE + 1) if pair[0] <= end]
    listed = [(second, min(position, last)) for second, position in found]
    earlier = [at for at in log.seconds_before(min(after, end + 1), PAGE) if at >= first]
    before = None
    if earlier:
        before = (0 if earlier[-1] == first else earlier[-1], earlier[-1], earlier[0])
    behind = listed[PAGE][0] if len(listed) > PAGE else None
    ends = (first, min(begun[0][1], last)), (end, last)
    return _Page(after, listed[:PAGE], *ends, before, behind)


def _links(original: Original, page: _Page) -> Iterator[str]:
    here, kind = original.timemap, f'type="{LINK_FORMAT}"'
    yield f'<{original.address}>; rel="original"'
    yield f'<{original.timegate}>; rel="timegate"'
    span = ""
    if page.listed:
        span = f'; from="{dated(page.listed[0][0])}"; until="{dated(page.listed[-1][0])}"'
    yield f'<{_from(here, page.after)}>; rel="self"; {kind}{span}'
    if page.after:
        yield f'<{here}>; rel="timemap first"; {kind}'
    if page.before is not None:
        at, start, end = page.before
        span = f'from="{dated(start)}"; until="{dated(end)}"'
        yield f'<{_from(here, at)}>; rel="prev timemap"; {kind}; {span}'
    if page.behind is not None:
        span = f'from="{dated(page.behind)}"'
        yield f'<{_from(here, page.behind)}>; rel="next timemap"; {kind}; {span}'
    for one in page.listed:
        rel = [name for name, end in (("first", page.first), ("last", page.last)) if one == end]
        yield _link(original, one[1], " ".join([*rel, "memento"]), one[0])


def _json(original: Original, here: str, page: _Page) -> dict[str, Any]:
    def entry(one: tuple[int, int]) -> dict[str, str]:
        return {"datetime": _whole(one[0]), "uri": original.memento(one[1])}

    pages: dict[str, dict[str, str]] = {}
    if page.before is not None:
        at, start, end = page.before
        pages["prev"] = {
            "uri": _from(here, at), "from": _whole(start), "until": _whole(end),
        }  # fmt: skip
    if page.behind is not None:
        pages["next"] = {"uri": _from(here, page.behind), "from": _whole(page.behind)}
    return {
        "original_uri": original.address,
        "self": _from(here, page.after),
        "timegate_uri": original.timegate,
        "timemap_uri": {"link_format": original.timemap, "json_format": here},
        "mementos": {
            "first": page.first and entry(page.first),
            "last": page.last and entry(page.last),
            "list": [entry(one) for one in page.listed],
        },
        "pages": pages,
    }


def _from(timemap: str, after: int) -> str:
    """The address of the page that begins at a second; of the first one for 0."""
    return f"{taking_more(timemap)}after={after}" if after else timemap


def _whole(second: int) -> str:
    """A second as RFC 3339 writes it."""
    return f"{iso(second * 1_000_000)[:19]}Z"


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
