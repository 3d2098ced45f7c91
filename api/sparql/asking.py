"""From a request to an answer: which state, which graphs, whose share, and which calls first.

The endpoint and its page ask in the same way and under the same limits. `SERVICE` to this
endpoint itself (with another `as-of`, say) is answered first and joined (`joining`). Who asks with
`min-position` is answered, calls included, once the published graph has come so far.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from api.rates import Clients
from api.refusals import UnknownParameter
from api.sparql.description import Description
from api.sparql.holds import Holds
from api.sparql.joining import MOST_BYTES, Inner, names_us, taken_apart, too_much, values_of
from api.sparql.request import Asked
from api.sparql.times import Plan, Times
from eventstore.log import Log
from fdo.errors import Unavailable
from handlers.instants import Instants
from handlers.queries.answer import Answer, Copy, Question
from handlers.queries.checkpoint import Mark
from handlers.queries.errors import QueryStopped, StopReason
from handlers.queries.formats import RESULTS
from handlers.queries.memo import Kept, Memo
from handlers.queries.pool import QueryPool
from handlers.queries.walks import LookUp

_TSV: Final = next(form for form in RESULTS if form.name == "tsv")
_AHEAD: Final = 10_000
"""Events that may come yet for who waits for one, as at a mirror that is behind."""
_BY_THE_QUERY: Final[frozenset[StopReason]] = frozenset({"deadline", "memory", "crash"})
"""Why queries are stopped by their own doing, and not because we end or nobody reads on."""


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
        await self._reach(asked, client)
        tables: tuple[tuple[int, str], ...] = ()
        if len(asked.query) <= self._pool.limits.characters:
            endpoint = self._description.endpoint
            text, inner = taken_apart(asked.query, lambda each: names_us(each, endpoint, host))
            tables = tuple([(each.place, await self._table(each, client)) for each in inner])
            asked = replace(asked, query=text) if inner else asked
        assert asked.query is not None
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
        """The answer; time that was spent on it is the client's, and so is the error where the
        query had to be stopped, also in the middle of its answer."""
        rates = self._clients.rates
        rates.admit(put.client)
        if put.plan is None:
            running = self._pool.run(put.question)
            try:
                with self._counting(put.client):
                    async with running as answer:
                        yield answer
            finally:
                rates.charge(put.client, running.worker_seconds)
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
                    with self._counting(put.client):
                        async with running as answer:
                            yield answer
                finally:
                    seconds += running.worker_seconds
        finally:
            rates.charge(put.client, seconds or time.monotonic() - began)

    def remembered(self, put: Put) -> tuple[Memo[Question, Kept], Mark | None]:
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
        copy = self._copy_here(put.plan, put.erasures)
        return None if copy is None else self._pool.past_look_ups.answer(put.question, copy)

    def found_as_of(self, walk: LookUp, plan: Plan, erasures: int) -> Kept | None:
        """The answer of another state that is at hand, as JSON, to a look-up of which nothing more
        is said."""
        copy = self._copy_here(plan, erasures)
        return None if copy is None else self._pool.past_look_ups.find(walk, copy)

    def _copy_here(self, plan: Plan, erasures: int) -> Copy | None:
        held = self._holds.here(plan, erasures) if self._holds is not None else None
        if held is None:
            return None
        return Copy(held.path, plan.instant.position, held.recorded_at)

    def _erasures(self, plan: Plan | None) -> int:
        return 0 if plan is None or self._past is None else self._past.times.erasures()

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
        return self._past.times.plan(asked, self._published)

    def _published(self) -> int:
        current = self._pool.current()
        return current.position if current else 0

    async def _reach(self, asked: Asked, client: str) -> None:
        """Wait for the state that a client wants to see at least (`min-position`), if that can
        come soon."""
        if asked.min_position is None:
            return
        self._clients.rates.admit(client)
        head = asked.min_position if self._past is None else self._past.log.position()
        if asked.min_position > head + _AHEAD:
            raise Unavailable(
                f"The log has come to event {head}, far from {asked.min_position}; ask with the "
                "position that a write was answered with.",
                retry_after=60,
            )
        await self._pool.reach(asked.min_position, client or None)

    @contextmanager
    def _counting(self, client: str) -> Iterator[None]:
        """Count an error of the client where its query is stopped by its own doing."""
        try:
            yield
        except QueryStopped as stopped:
            if stopped.reason in _BY_THE_QUERY:
                self._clients.rates.error(client)
            raise

    async def _table(self, inner: Inner, client: str) -> str:
        """What a call to ourselves gives, as a block of VALUES."""
        asked = inner.asked
        assert asked.query is not None
        await self._reach(asked, client)
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
                if size > MOST_BYTES:
                    raise too_much(inner.call)
        return await asyncio.to_thread(values_of, b"".join(pieces), inner.call)
