"""A few worker processes that answer SPARQL, and the rules by which they are shared and ended.

    async with pool.run(Question("SELECT …")) as answer:
        answer.position                     # the state of the repository that answered
        async for chunk in answer: ...      # bytes in the format asked for

At most `workers` queries run at once; `spares` more processes stand ready, so that a killed
worker is replaced by one that is warm. Others wait in line, up to `queue_limit`; the next is
told to come back (`Busy`). A query is ended by killing its process: when its time is up, when
it holds more memory than it may, when its answer is not fetched, or when the caller leaves the
`async with` early. An answer that was cut raises `QueryStopped` in the middle of the iteration;
it never ends as if it were complete.
"""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import Final

from fdo.errors import Unavailable
from handlers.queries.answer import Answer, Question, Standing, encode, stopped_error
from handlers.queries.checkpoint import Current, read_current
from handlers.queries.errors import Busy, QueryTooLarge
from handlers.queries.exchange import Exchange
from handlers.queries.gate import DEFAULT_LIMITS, Limits, admit
from handlers.queries.link import Link
from handlers.queries.lookup import LookUps
from handlers.queries.memo import Memo

_TICK: Final = 0.025
_RESTART_PAUSE: Final = 1.0
_POLL: Final = 0.02
_START_SECONDS: Final = 20.0


class QueryPool:
    """Answers SPARQL on the newest published copy of the graph, in processes of its own."""

    def __init__(
        self,
        graph_folder: Path,
        *,
        workers: int = 2,
        spares: int = 1,
        timeout_s: float = 30.0,
        memory_mb: int = 1024,
        queue_limit: int = 64,
        delivery_s: float = 600.0,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.timeout_s = timeout_s
        self.memory_mb = memory_mb
        self.delivery_s = delivery_s
        self.limits = limits
        self.standing = Standing()
        self.memo = Memo(graph_folder)
        self.look_ups = LookUps(graph_folder)
        self._folder = graph_folder
        self._workers = workers
        self._processes = workers + spares
        self._queue_limit = queue_limit
        self._idle: list[Link] = []
        self._busy: set[Link] = set()
        self._all: set[Link] = set()
        self._ended: list[Link] = []
        self._waiting: deque[asyncio.Future[Link]] = deque()
        self._starting: set[asyncio.Task[None]] = set()
        self._tick: asyncio.TimerHandle | None = None
        self._open = False

    async def start(self) -> None:
        """Start the processes; return when the first is ready."""
        self._open = True
        for _ in range(self._processes):
            await self._start_one()
        until = asyncio.get_running_loop().time() + _START_SECONDS
        while not self._idle and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """End every process; queries under way end with `QueryStopped`."""
        self._open = False
        self.look_ups.close()
        for task in self._starting:
            task.cancel()
        for waiter in self._waiting:
            waiter.cancel()
        for link in tuple(self._all):
            link.kill("closed")
        while self._all or any(not link.reaped() for link in self._ended):
            await asyncio.sleep(0.005)
        if self._tick is not None:
            self._tick.cancel()

    async def __aenter__(self) -> QueryPool:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def current(self) -> Current | None:
        """The published state that the next query will speak of."""
        return read_current(self._folder)

    def run(self, question: Question) -> Running:
        """Ask; use it in `async with`. What is refused is raised on entering."""
        return Running(self, question)

    async def lend(self, question: Question) -> Link:
        """A free worker, after waiting in line if need be; it is busy until its answer ends."""
        if question.min_position is not None:
            await self._reach(question.min_position)
        if self._idle and len(self._busy) < self._workers and not self._waiting:
            return self._take()
        if len(self._waiting) >= self._queue_limit or not self._open:
            self.standing.refused_busy += 1
            raise Busy(
                f"All {self._workers} query workers are taken and {len(self._waiting)} "
                "others wait; try again in a few seconds.",
                retry_after=max(1, round(self.timeout_s / 4)),
            )
        return await self._stand_in_line()

    # What the links tell.

    def is_free(self, link: Link) -> None:
        """A worker started or ended an answer: let the next in."""
        if link in self._busy:
            self._busy.discard(link)
            self.standing.answered += 1
        self._idle.append(link)
        self._let_next_in()

    def is_gone(self, link: Link) -> None:
        """A worker ended: start another in its place."""
        self._all.discard(link)
        self._busy.discard(link)
        if link in self._idle:
            self._idle.remove(link)
        self._ended = [each for each in (*self._ended, link) if not each.reaped()]
        if self._open:
            task = asyncio.get_running_loop().create_task(self._replace(link))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)
            self._let_next_in()

    # How the line moves.

    def _take(self) -> Link:
        link = self._idle.pop()
        self._busy.add(link)
        if self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(_TICK, self._watch)
        return link

    async def _stand_in_line(self) -> Link:
        place: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        taken = False
        try:
            async with asyncio.timeout(self.timeout_s):
                link = await place
                taken = True
                return link
        except TimeoutError:
            self.standing.refused_busy += 1
            raise Busy(
                "No query worker came free in time; try again in a few seconds.",
                retry_after=max(1, round(self.timeout_s / 4)),
            ) from None
        finally:
            if place in self._waiting:
                self._waiting.remove(place)
            elif not taken and place.done() and not place.cancelled():
                self._hand_back(place.result())  # cancelled between getting it and taking it

    def _hand_back(self, link: Link) -> None:
        self._busy.discard(link)
        if not link.gone:
            self._idle.append(link)
        self._let_next_in()

    def _let_next_in(self) -> None:
        while self._idle and len(self._busy) < self._workers and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(self._take())

    async def _reach(self, position: int) -> None:
        """Wait until what is published has come to this position of the log."""
        deadline = asyncio.get_running_loop().time() + self.timeout_s
        while (current := self.current()) is None or current.position < position:
            if asyncio.get_running_loop().time() > deadline:
                at = current.position if current else 0
                raise Unavailable(
                    f"The graph has come to position {at}, not yet to {position}; try again.",
                    retry_after=1,
                )
            await asyncio.sleep(_POLL)

    # How processes come and go.

    async def _start_one(self) -> None:
        link = Link(self)
        self._all.add(link)
        await link.start(self._folder, self.memory_mb)

    async def _replace(self, link: Link) -> None:
        if not link.started:  # it cannot start at all: do not spin
            await asyncio.sleep(_RESTART_PAUSE)
        if self._open:
            await self._start_one()

    def _watch(self) -> None:
        """End what takes too long or too much; look again while anything runs."""
        self._tick = None
        for link in tuple(self._busy):
            exchange = link.exchange
            if exchange is None or exchange.finished:
                continue
            if exchange.engine_seconds > exchange.timeout_s:
                link.kill("deadline")
            elif exchange.total_seconds > self.delivery_s:
                link.kill("delivery")
            elif link.resident_mib() > self.memory_mb:
                link.kill("memory")
        self._ended = [each for each in self._ended if not each.reaped()]
        if self._open and (self._busy or self._ended):
            self._tick = asyncio.get_running_loop().call_later(_TICK, self._watch)


class Running:
    """One query under way: enter to get its answer, leave to be rid of it."""

    def __init__(self, pool: QueryPool, question: Question) -> None:
        self._pool = pool
        self._question = question
        self._link: Link | None = None
        self._exchange: Exchange | None = None

    async def __aenter__(self) -> Answer:
        pool, question = self._pool, self._question
        admitted = admit(question.query, pool.limits)
        graphs = len(question.default_graphs) + len(question.named_graphs)
        if graphs > pool.limits.graphs:
            raise QueryTooLarge(
                f"The request names {graphs} graphs; at most {pool.limits.graphs} are taken."
            )
        link = await pool.lend(question)
        exchange = Exchange(question.timeout_s or pool.timeout_s)
        self._link, self._exchange = link, exchange
        link.ask(encode(question, admitted), exchange)
        try:
            while exchange.head is None and not exchange.finished:
                await exchange.news()
            if exchange.head is None or exchange.error is not None:
                raise stopped_error(exchange, pool, None)
        except BaseException:
            self._leave()
            raise
        return Answer(exchange, question, pool)

    async def __aexit__(self, *_: object) -> None:
        self._leave()

    def _leave(self) -> None:
        """A worker that is still at this query has no reader any more: end it."""
        link, exchange = self._link, self._exchange
        if link is not None and exchange is not None and link.exchange is exchange:
            link.kill("closed")
