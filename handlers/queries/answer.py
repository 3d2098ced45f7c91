"""A question, its answer, and in which words an answer fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import orjson

from fdo.errors import CollectomeError, Unavailable
from handlers.queries.errors import (
    MalformedQuery,
    NotOffered,
    QueryStopped,
    StopReason,
    UnsupportedQuery,
)
from handlers.queries.exchange import Exchange
from handlers.queries.formats import GRAPHS, RESULTS, Format
from handlers.queries.gate import Admitted, prefixes_of

Kind = Literal["bindings", "boolean", "triples"]


@dataclass(frozen=True, slots=True)
class Copy:
    """A read-only store other than the newest published one, and the state that it holds.

    Whoever asks keeps it in its place until the answer has ended.
    """

    path: Path
    position: int
    recorded_at: str


@dataclass(frozen=True, slots=True)
class Question:
    """One query and how it shall be answered.

    `results` is the form for SELECT and ASK, `graphs` the form for CONSTRUCT and DESCRIBE;
    `None` means that the client takes none that there is. `default_graphs` and `named_graphs`
    are the dataset of the request (SPARQL 1.1 Protocol §2.1.4), which wins over FROM.
    `min_position` waits until the graph has come so far. `rows` asks for a preview of that many
    rows (JSON), `head_only` for no body at all. `timeout_s` is a time limit of its own, for
    what the repository asks itself. `instead` is a small graph (N-Triples) to put the query to
    instead of the repository's. `state` tells apart the pasts and sets of graphs to which the
    same text is put. `tables` are blocks of VALUES to put in at places of the text, made here.
    `client` is for whom it is asked: one client never gets all workers.
    """

    query: str
    results: Format | None = RESULTS[0]
    graphs: Format | None = GRAPHS[0]
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    base_iri: str | None = None
    min_position: int | None = None
    rows: int = 0
    head_only: bool = False
    timeout_s: float | None = None
    instead: str | None = None
    state: Hashable = None
    tables: tuple[tuple[int, str], ...] = ()
    client: str | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """The query as the engine reads it."""
        parts, begin = [], 0
        for at, table in self.tables:
            parts += [self.query[begin:at], table]
            begin = at
        return "".join([*parts, self.query[begin:]])


@dataclass(slots=True)
class Standing:
    """What a pool has done since it started, for the metrics."""

    answered: int = 0
    refused_busy: int = 0
    stopped: dict[StopReason, int] = field(default_factory=dict)


class Limited(Protocol):
    """The limits that an error message names."""

    timeout_s: float
    memory_mb: int
    delivery_s: float
    standing: Standing


class Answer:
    """What a query gives: its kind, the state it speaks of, and its bytes."""

    def __init__(self, exchange: Exchange, question: Question, limited: Limited) -> None:
        assert exchange.head is not None
        self._exchange = exchange
        self._limited = limited
        self.kind: Kind = exchange.head["kind"]
        self.position: int = exchange.head["position"]
        self.recorded_at: str = exchange.head["recorded_at"]
        self.format = question.graphs if self.kind == "triples" else question.results

    @property
    def content_type(self) -> str:
        """The Content-Type of the bytes."""
        assert self.format is not None
        return self.format.content_type

    def complete_body(self) -> bytes | None:
        """The whole answer if it is here already and not long, else `None`: iterate then."""
        return self._exchange.take_all() if self._exchange.complete else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange = self._exchange
        while True:
            chunk = exchange.take()
            if chunk is not None:
                yield chunk
            elif exchange.complete:
                return
            elif exchange.finished:
                raise stopped_error(exchange, self._limited, self.kind)
            else:
                await exchange.news()

    def given_up(self) -> QueryStopped:
        """Why it is cut where its client takes nothing of it any more."""
        return _stopped("delivery", self._exchange.timeout_s, self._limited)

    async def read(self) -> bytes:
        """The whole answer."""
        return b"".join([chunk async for chunk in self])


def encode(question: Question, admitted: Admitted, copy: Copy | None = None) -> bytes:
    """The question as a worker reads it; without a copy it is put to the newest one."""
    at = (str(copy.path), copy.position, copy.recorded_at) if copy is not None else None
    return orjson.dumps(
        {
            "query": question.text,
            "own_dataset": admitted.own_dataset,
            "results": question.results.engine if question.results else None,
            "graphs": question.graphs.engine if question.graphs else None,
            "default_graphs": question.default_graphs,
            "named_graphs": question.named_graphs,
            "base": question.base_iri,
            "rows": question.rows,
            "prefixes": prefixes_of(admitted.text) if question.rows else {},
            "head": question.head_only,
            "instead": question.instead,
            "copy": at,
        }
    )


def stopped_error(exchange: Exchange, limited: Limited, kind: Kind | None) -> CollectomeError:
    """Why the exchange ended without a complete answer, for the person who asked."""
    if exchange.error is None:
        return _stopped(exchange.stopped or "crash", exchange.timeout_s, limited)
    error, message = exchange.error["error"], exchange.error["message"]
    match error:
        case "syntax" if kind is None:
            return MalformedQuery(message)
        case "format":
            offered = GRAPHS if message == "triples" else RESULTS
            return NotOffered(
                f"An answer of {message} has none of the forms that the request accepts.",
                [form.media_types[0] for form in offered],
            )
        case "empty":
            return Unavailable(message, retry_after=1)
        case "memory":
            return _stopped("memory", exchange.timeout_s, limited)
        case "engine" if kind is None:
            return UnsupportedQuery(f"The engine cannot answer this: {message}")
        case "storage":  # ours: the client did nothing wrong
            return QueryStopped("The state could not be read; ask again in a moment.", "closed")
        case _:
            return QueryStopped(f"The engine could not go on: {message}", "crash")


def _stopped(reason: StopReason, timeout_s: float, limited: Limited) -> QueryStopped:
    limited.standing.stopped[reason] = limited.standing.stopped.get(reason, 0) + 1
    texts: dict[StopReason, str] = {
        "deadline": f"The query was stopped: it ran longer than {timeout_s:g} seconds. "
        "Narrow it (more constants, fewer OPTIONAL, a LIMIT) or ask in parts.",
        "memory": f"The query was stopped: it needed more than {limited.memory_mb} MB. "
        "Narrow it, or drop DISTINCT, ORDER BY or GROUP BY over everything.",
        "crash": "The query made the engine stop; nothing else was hurt. "
        "Simplify it, and report it if it is an ordinary question.",
        "delivery": f"The answer was cut: nothing of it was fetched for {limited.delivery_s:g} "
        "seconds, or others waited for its worker. Fetch it faster, or ask in parts.",
        "closed": "The query was ended; ask again in a moment.",
    }
    return QueryStopped(texts[reason], reason)
