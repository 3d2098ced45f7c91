"""Memento (RFC 7089) for queries: what one query answers has a version for every state.

    GET /sparql?query=…                        the original and, with Accept-Datetime, its TimeGate
    GET /sparql?query=…&as-of=42               a memento: its answer after event 42
    GET /sparql?query=…&format=timemap         all mementos, 1,000 a page

A TimeGate may answer with the memento itself (RFC 7089 §4.1.2, pattern 1.2): then
Content-Location names it. Memento speaks of whole seconds, so the TimeMap lists the last state
of each second in which something was recorded; `as-of` with an event number reaches all others.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote

from api.objects.exchange import http_date
from api.objects.seconds import Original, second_of, taking_more
from api.objects.seconds import timemap as page_of
from api.sparql.reply import Header
from api.sparql.request import TIMEMAP, Asked
from api.sparql.times import Plan
from eventstore.envelope import iso
from eventstore.log import Log

_LONGEST: Final = 2_000
"""Characters of a query that is repeated in headers; servers and proxies bound those."""


def memento_headers(
    endpoint: str, asked: Asked, plan: Plan | None, position: int, recorded_at: str
) -> list[Header]:
    """The links of a query's answer and, where it is of another time, what makes it citable."""
    assert asked.query is not None
    if len(asked.query) > _LONGEST:
        return []
    return headers_of(_address_of(endpoint, asked), plan, position, recorded_at)


def headers_of(
    address: str, plan: Plan | None = None, position: int = 0, recorded_at: str = ""
) -> list[Header]:
    """The same for a query of which only the address is known."""
    said = [_links_of(address)]
    if plan is not None:
        said.append((b"content-location", memento(address, plan, position).encode()))
        if recorded_at:
            said.append((b"memento-datetime", _in_seconds(recorded_at)))
    return said


@lru_cache(maxsize=64)
def _in_seconds(recorded_at: str) -> bytes:
    """The time of a state, which many answers say."""
    return http_date(second_of(recorded_at))


def memento(address: str, plan: Plan, position: int) -> str:
    """The address at which the same answer is given again."""
    observed = plan.instant.observed
    bound = "" if observed is None else f"&observed-at={quote(iso(observed), safe='')}"
    return f"{taking_more(address)}as-of={position}{bound}"


def timemap(endpoint: str, asked: Asked, log: Log) -> bytes:
    """One page of the TimeMap in link format; the endpoint is its own TimeGate."""
    address = _address_of(endpoint, asked)
    original = Original(address, address, f"{taking_more(address)}format=timemap")
    return page_of(original, asked.after, log)


def _links_of(address: str) -> Header:
    links = (
        f'<{address}>; rel="original", <{address}>; rel="timegate", '
        f'<{taking_more(address)}format=timemap>; rel="timemap"; type="{TIMEMAP}"'
    )
    return b"link", links.encode()


def _address_of(endpoint: str, asked: Asked) -> str:
    """The address of the query as it is now."""
    graphs = tuple(asked.default_graphs), tuple(asked.named_graphs)
    return _address(endpoint, asked.query or "", *graphs)


def _address(
    endpoint: str, query: str, default_graphs: tuple[str, ...], named_graphs: tuple[str, ...]
) -> str:
    fields = [
        *([("query", query)] if query else []),
        *(("default-graph-uri", iri) for iri in default_graphs),
        *(("named-graph-uri", iri) for iri in named_graphs),
    ]
    said = "&".join([f"{name}={quote(value, safe='')}" for name, value in fields])
    return f"{endpoint}?{said}" if said else endpoint
