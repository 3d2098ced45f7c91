"""Memento (RFC 7089) for queries: what one query answers has a version for every state.

    GET /sparql?query=…                        the original and, with Accept-Datetime, its TimeGate
    GET /sparql?query=…&as-of=42               a memento: its answer after event 42
    GET /sparql?query=…&format=timemap         all mementos, 1,000 a page

A TimeGate may answer with the memento itself (RFC 7089 §4.1.2, pattern 1.2): then
Content-Location names it. Memento speaks of whole seconds, so the TimeMap lists the last state
of each second in which something was recorded; `as-of` with an event number reaches all others.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlencode

from api.objects.exchange import http_date
from api.sparql.reply import Header
from api.sparql.request import TIMEMAP, Asked
from api.sparql.times import Plan
from eventstore.envelope import iso
from eventstore.log import Log

PAGE: Final = 1_000
_LAST: Final = 253_402_300_799
"""The last second that a date can name."""
_LONGEST: Final = 2_000
"""Characters of a query that is repeated in headers; servers and proxies bound those."""


def memento_headers(
    endpoint: str, asked: Asked, plan: Plan | None, position: int, recorded_at: str
) -> list[Header]:
    """The links of a query's answer and, where it is of another time, what makes it citable."""
    assert asked.query is not None
    if len(asked.query) > _LONGEST:
        return []
    address = _address_of(endpoint, asked)
    said = [(b"link", _links(address))]
    if plan is not None:
        said.append((b"content-location", memento(address, plan, position).encode()))
        if recorded_at:
            said.append((b"memento-datetime", http_date(_second(recorded_at))))
    return said


def memento(address: str, plan: Plan, position: int) -> str:
    """The address at which the same answer is given again."""
    observed = plan.instant.observed
    bound = "" if observed is None else f"&observed-at={quote(iso(observed), safe='')}"
    return f"{_with(address)}as-of={position}{bound}"


def timemap(endpoint: str, asked: Asked, log: Log) -> bytes:
    """One page of the TimeMap in link format (RFC 7089 §5; paged by §5.1.2)."""
    address = _address_of(endpoint, asked)
    return ",\n".join(_entries(address, min(asked.after, _LAST), log)).encode()


def _entries(address: str, after: int, log: Log) -> Iterator[str]:
    found = log.seconds(after, PAGE + 1)
    listed, rest = found[:PAGE], found[PAGE:]
    here = f"{_with(address)}format=timemap"
    yield f'<{address}>; rel="original"'
    yield f'<{address}>; rel="timegate"'
    span = ""
    if listed:
        span = f'; from="{_date(listed[0][0])}"; until="{_date(listed[-1][0])}"'
    own = f"{here}&after={after}" if after else here
    yield f'<{own}>; rel="self"; type="{TIMEMAP}"{span}'
    if after:
        yield f'<{here}>; rel="timemap first"; type="{TIMEMAP}"'
    for second, _ in rest:
        start = f'from="{_date(second)}"'
        yield f'<{here}&after={second}>; rel="next timemap"; type="{TIMEMAP}"; {start}'
    first, last = log.seconds(0, 1), log.position()
    for second, position in listed:
        rel = [
            *(["first"] if first and second == first[0][0] else []),
            *(["last"] if position == last else []),
            "memento",
        ]
        one = f"{_with(address)}as-of={position}"
        yield f'<{one}>; rel="{" ".join(rel)}"; datetime="{_date(second)}"'


@lru_cache(maxsize=1024)
def _links(address: str) -> bytes:
    return (
        f'<{address}>; rel="original", <{address}>; rel="timegate", '
        f'<{_with(address)}format=timemap>; rel="timemap"; type="{TIMEMAP}"'
    ).encode()


def _address_of(endpoint: str, asked: Asked) -> str:
    """The address of the query as it is now."""
    graphs = tuple(asked.default_graphs), tuple(asked.named_graphs)
    return _address(endpoint, asked.query or "", *graphs)


@lru_cache(maxsize=1024)
def _address(
    endpoint: str, query: str, default_graphs: tuple[str, ...], named_graphs: tuple[str, ...]
) -> str:
    fields = [
        *([("query", query)] if query else []),
        *(("default-graph-uri", iri) for iri in default_graphs),
        *(("named-graph-uri", iri) for iri in named_graphs),
    ]
    return f"{endpoint}?{urlencode(fields, quote_via=quote, safe='')}" if fields else endpoint


def _with(address: str) -> str:
    """The address, ready to take one more parameter."""
    return f"{address}{'&' if '?' in address else '?'}"


def _second(recorded_at: str) -> int:
    return int(datetime.fromisoformat(recorded_at).timestamp())


def _date(second: int) -> str:
    return http_date(second).decode()
