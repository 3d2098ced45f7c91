"""From a request to an answer: which state, which graphs, whose share, and which calls first.

The endpoint and its page ask in the same way and under the same limits. `SERVICE` to this
endpoint itself (with another `as-of`, say) is answered first, as a query of its own, and joined
as VALUES in its place, which is the same algebra (SPARQL 1.1 Federated Query §4); what cannot be
joined so is refused with the reason, and a call to anybody else by the gate.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from api.rates import Clients
from api.refusals import UnknownParameter
from api.sparql.description import Description
from api.sparql.holds import Holds
from api.sparql.request import Asked, Wrong, understand
from api.sparql.times import Plan, Times
from eventstore.log import Log
from handlers.instants import Instants
from handlers.queries.answer import Answer, Copy, Question
from handlers.queries.checkpoint import Mark
from handlers.queries.errors import ForbiddenQuery, QueryTooLarge, UnsupportedQuery
from handlers.queries.formats import RESULTS
from handlers.queries.memo import Kept, Memo
from handlers.queries.mentions import Call, mentions
from handlers.queries.pool import QueryPool

MOST_ROWS: Final = 10_000
"""Rows of a SERVICE to ourselves."""
_MOST_BYTES: Final = 8 * 1024 * 1024
_TSV: Final = next(form for form in RESULTS if form.name == "tsv")


@dataclass(frozen=True, slots=True)
class Past:
    """What an endpoint needs to answer of other times."""

    times: Times
    instants: Instants
    log: Log
    release: str
    """The version of this program, on which a repeated answer depends (decision 0029)."""


@dataclass(frozen=True, slots=True)
class Put:
    """A question ready to be asked; `plan` where it is not the newest published state."""

    question: Question
    plan: Plan | None
    client: str
    erasures: int = 0
    """The newest erasure, where `plan` is there."""


class Asking:
    """Asks a pool of workers on behalf of clients."""

    def __init__(
        self, pool: QueryPool, past: Past | None, clients: Clients, description: Description
    ) -> None:
        self._pool, self._past, self._clients = pool, past, clients
        self._description = description
        self._holds = (
            None if past is None else Holds(past.instants, past.times, pool.past_look_ups.let_go)
        )

    async def close(self) -> None:
        """Let go of the states that are held."""
        if self._holds is not None:
            await self._holds.close()

    @property
    def knows_the_past(self) -> bool:
        """Whether other states than the newest can be asked."""
        return self._past is not None

    @property
    def log(self) -> Log | None:
        """The log behind the states that can be asked."""
        return None if self._past is None else self._past.log

    async def ready(self, asked: Asked, client: str, host: str, **how: Any) -> Put:
        """Understand what is asked of which state; calls to ourselves are answered here."""
        assert asked.query is not None
        tables: tuple[tuple[int, str], ...] = ()
        if len(asked.query) <= self._pool.limits.characters and _names_a_service(asked.query):
            asked, tables = await self._joined(asked, client, host)
        assert asked.query is not None
        if asked.min_position is not None:
            await self._pool.reach(asked.min_position)
        plan = self._plan(asked)
        question = Question(
            asked.query,
            default_graphs=plan.default_graphs if plan else tuple(asked.default_graphs),
            named_graphs=plan.named_graphs if plan else tuple(asked.named_graphs),
            instead=await self._description.instead_of_graph(asked.query),
            state=(plan.instant, plan.graphs) if plan else None,
            tables=tables,
            client=client or None,
            **how,
        )
        return Put(question, plan, client, self._erasures(plan))

    @asynccontextmanager
    async def run(self, put: Put) -> AsyncIterator[Answer]:
        """The answer; time that was spent on it is the client's."""
        rates = self._clients.rates
        rates.admit(put.client)
        if put.plan is None:
            running = self._pool.run(put.question)
            try:
                async with running as answer:
                    yield answer
            finally:
                rates.charge(put.client, running.engine_seconds)
            return
        assert self._holds is not None
        plan, began = put.plan, time.monotonic()
        seconds = 0.0
        try:
            async with self._holds.hold(plan, put.erasures, put.client) as held:
                seconds = time.monotonic() - began
                copy = Copy(held.path, plan.instant.position, held.recorded_at)
                running = self._pool.run(put.question, copy)
                try:
                    async with running as answer:
                        yield answer
                finally:
                    seconds += running.engine_seconds
        finally:
            rates.charge(put.client, seconds or time.monotonic() - began)

    def remembered(self, put: Put) -> tuple[Memo[Question], Mark | None]:
        """Where small answers to this are kept, and what tells whether they still hold."""
        if put.question.tables:
            return self._pool.memo, None
        if put.plan is None:
            return self._pool.memo, self._pool.mark()
        return self._pool.memo_of_past, (put.erasures,)

    def looked_up(self, put: Put) -> Kept | None:
        """The answer to a look-up that needs no worker."""
        if put.plan is None:
            return None if put.question.tables else self._pool.look_ups.answer(put.question)
        held = self._holds.here(put.plan, put.erasures) if self._holds is not None else None
        if held is None:
            return None
        copy = Copy(held.path, put.plan.instant.position, held.recorded_at)
        kept = self._pool.past_look_ups.answer(put.question, copy)
        if kept is not None:
            self._pool.memo_of_past.keep(put.question, (put.erasures,), kept)
        return kept

    def found(self, query: str) -> Kept | None:
        """The answer of the newest state, as JSON, to a look-up of which nothing more is said."""
        if self._description.is_asked(query):
            return None
        return self._pool.look_ups.find(query)

    def _erasures(self, plan: Plan | None) -> int:
        return self._past.times.erasures() if plan is not None and self._past is not None else 0

    def _plan(self, asked: Asked) -> Plan | None:
        assert asked.query is not None
        if self._past is None:
            if asked.as_of or asked.observed_at:
                raise UnknownParameter(
                    "This endpoint knows the present only; leave as-of and observed-at out.",
                    parameter="as-of",
                )
            return None
        if len(asked.query) > self._pool.limits.characters:
            return None  # the gate says so
        current = self._pool.current()
        return self._past.times.plan(asked, current.position if current else 0)

    # ── SERVICE to ourselves ─────────────────────────────────────────────────────────────

    async def _joined(
        self, asked: Asked, client: str, host: str
    ) -> tuple[Asked, tuple[tuple[int, str], ...]]:
        """The request without its calls to ourselves, and their answers by place."""
        assert asked.query is not None
        said = mentions(asked.query)
        parts: list[str] = []
        tables: list[tuple[int, str]] = []
        begin = 0
        for call in said.calls:
            address, _, parameters = call.address.partition("?")
            if not self._is_ours(address, host):
                continue
            if call.hindrance:
                raise ForbiddenQuery(
                    f"SERVICE <{call.address}> is answered here first and joined, but "
                    f"{call.hindrance}. Write it into the outermost group, without SILENT."
                )
            parts.append(asked.query[begin : call.begin])
            tables.append(
                (sum(map(len, parts)), await self._table(call, said.prologue, parameters, client))
            )
            begin = call.end
        parts.append(asked.query[begin:])
        return replace(asked, query="".join(parts)), tuple(tables)

    def _is_ours(self, address: str, host: str) -> bool:
        ours = urlsplit(self._description.endpoint)
        found = urlsplit(address)
        return (
            found.scheme in ("http", "https")
            and found.path == ours.path
            and (found.netloc.lower() in (ours.netloc.lower(), host.lower()))
        )

    async def _table(self, call: Call, prologue: str, parameters: str, client: str) -> str:
        """What the call gives, as a block of VALUES."""
        asked = understand("GET", parameters.encode(), "", b"")
        if asked.query is not None or asked.update is not None:
            raise Wrong(400, "invalid-request", "The address of a SERVICE holds no query.")
        asked.query = f"{prologue}SELECT * WHERE {call.pattern} LIMIT {MOST_ROWS + 1}"
        if any(self._is_ours(inner.address.partition("?")[0], "") for inner in
               mentions(asked.query).calls):  # fmt: skip
            raise ForbiddenQuery("A SERVICE inside a SERVICE is refused; ask in two queries.")
        plan = self._plan(asked)
        put = Put(
            Question(
                asked.query,
                _TSV,
                None,
                plan.default_graphs if plan else tuple(asked.default_graphs),
                plan.named_graphs if plan else tuple(asked.named_graphs),
                state=(plan.instant, plan.graphs) if plan else None,
                client=client or None,
            ),
            plan,
            client,
            self._erasures(plan),
        )
        pieces, size = [], 0
        async with self.run(put) as answer:
            async for piece in answer:
                pieces.append(piece)
                size += len(piece)
                if size > _MOST_BYTES:
                    raise _too_much(call)
        return await asyncio.to_thread(values_of, b"".join(pieces), call)


def values_of(tsv: bytes, call: Call) -> str:
    """Bindings in TSV (SPARQL 1.1 CSV and TSV §4: terms as in Turtle) as a block of VALUES."""
    header, *rows = tsv.decode().split("\n")
    rows.pop()  # behind the last line break
    if len(rows) > MOST_ROWS:
        raise _too_much(call)
    lines = []
    for row in rows:
        terms = row.split("\t") if header else []
        if any(term.startswith("_:") for term in terms):
            raise UnsupportedQuery(
                f"SERVICE <{call.address}> gives a blank node, which has no name to join by."
            )
        lines.append(f"({' '.join(term or 'UNDEF' for term in terms)})")
    return f" VALUES ({header.replace(chr(9), ' ')}) {{ {' '.join(lines)} }} "


def _too_much(call: Call) -> QueryTooLarge:
    return QueryTooLarge(
        f"SERVICE <{call.address}> gives more than {MOST_ROWS:,} rows; at most so many are joined. "
        "Narrow its group, or name the other instant as a graph: GRAPH <…/at/…>."
    )


def _names_a_service(text: str) -> bool:
    return "service" in text.lower()
