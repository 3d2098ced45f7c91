"""A few worker processes that answer SPARQL, and the rules by which they are shared and ended.

    async with pool.run(Question("SELECT …")) as answer:
        answer.position                     # the state of the repository that answered
        async for chunk in answer: ...      # bytes in the format asked for

At most `workers` queries run at once; `spares` more processes stand ready, so that a killed
worker is replaced by one that is warm. Others wait in line, up to `queue_limit`; the next is
told to come back (`Busy`). A client never holds more than half of the workers and half of the
line (at least one), and who holds fewest is served first, so that nobody's slow queries keep
the others waiting. What a client does not fetch at once waits on disk, `spool_mb` for all, so that
its worker goes on to the next. A query is ended by killing its process: when its time is up, when
it holds more memory than it may, when it stands still because there is no such room left
(`delivery_s`, or a quarter of a query's time while others wait), or when the caller leaves the
`async with` early. An answer that was cut raises `QueryStopped` in the middle of the iteration;
it never ends as if it were complete.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fdo.errors import Unavailable
from handlers.queries.answer import Answer, Copy, Question, Standing, encode, stopped_error
from handlers.queries.checkpoint import Current, Mark, mark_of, read_current
from handlers.queries.errors import Busy, QueryTooLarge
from handlers.queries.exchange import Exchange
from handlers.queries.gate import DEFAULT_LIMITS, Limits, admit
from handlers.queries.link import Link
from handlers.queries.lookup import LookUps
from handlers.queries.memo import Kept, Memo
from handlers.queries.past import PastLookUps
from handlers.queries.spool import Spool

_TICK: Final = 0.025
_RESTART_PAUSE: Final = 1.0
_POLL: Final = 0.02
_PATIENCE: Final = 0.25
"""Of a query's time: how long a worker may stand still while others wait for it, and after which
they are told to come back."""
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
        spool_mb: int = 256,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.timeout_s = timeout_s
        self.memory_mb = memory_mb
        self.delivery_s = delivery_s
        self.limits = limits
        self.standing = Standing()
        self.memo: Memo[Question, Kept] = Memo()
        self.memo_of_past: Memo[Question, Kept] = Memo()
        self.look_ups = LookUps(graph_folder)
        self.past_look_ups = PastLookUps()
        self.spool = Spool(spool_mb << 20, graph_folder)
        self._folder = graph_folder
        self._pointer = os.fspath(graph_folder / "current")
        self._workers = workers
        self._processes = workers + spares
        self._queue_limit = queue_limit
        self._idle: list[Link] = []
        self._busy: dict[Link, str | None] = {}
        self._all: set[Link] = set()
        self._ended: list[Link] = []
        self._held: Counter[str] = Counter()
        self._waiting: deque[_Place] = deque()
        self._reaching: Counter[str | None] = Counter()
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
        self.past_look_ups.close()
        for task in self._starting:
            task.cancel()
        for place in self._waiting:
            place.link.cancel()
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

    def mark(self) -> Mark | None:
        """What tells the published state from the next one; None before the first."""
        return mark_of(self._pointer)

    def run(self, question: Question, copy: Copy | None = None) -> Running:
        """Ask the newest copy, or the one that is given; use it in `async with`. What is refused
        is raised on entering."""
        return Running(self, question, copy)

    async def lend(self, question: Question) -> Link:
        """A free worker, after waiting in line if need be; it is busy until its answer ends."""
        if question.min_position is not None:
            await self.reach(question.min_position, question.client)
        client = question.client
        if self._idle and len(self._busy) < self._workers and self._may_take(client):
            return self._take(client)  # who waits has as many as a client may
        self._refuse_if_full(client)
        return await self._stand_in_line(client)

    # What the links tell.

    def is_free(self, link: Link) -> None:
        """A worker started or ended an answer: let the next in."""
        if link in self._busy:
            self._release(link)
            self.standing.answered += 1
        self._idle.append(link)
        self._let_next_in()

    def is_gone(self, link: Link) -> None:
        """A worker ended: start another in its place."""
        self._all.discard(link)
        self._release(link)
        if link in self._idle:
            self._idle.remove(link)
        self._ended = [each for each in (*self._ended, link) if not each.reaped()]
        if self._open:
            task = asyncio.get_running_loop().create_task(self._replace(link))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)
            self._let_next_in()

    # How the line moves.

    def _may_take(self, client: str | None) -> bool:
        """Whether the client holds less than its share; the repository itself has no bound."""
        return client is None or self._held[client] < max(1, self._workers // 2)

    def _refuse_if_full(self, client: str | None) -> None:
        own = sum(place.client == client for place in self._waiting) if client else 0
        if own >= max(1, self._queue_limit // 2):
            who = f"{own} of your queries wait already"
        elif len(self._waiting) >= self._queue_limit or not self._open:
            who = (
                f"All {self._workers} query workers are taken and {len(self._waiting)} others wait"
            )
        else:
            return
        self.standing.refused_busy += 1
        raise Busy(f"{who}; try again in a few seconds.", retry_after=self._soon())

    def _soon(self) -> int:
        return max(1, round(self.timeout_s * _PATIENCE))

    def _take(self, client: str | None) -> Link:
        link = self._idle.pop()
        self._busy[link] = client
        if client is not None:
            self._held[client] += 1
        if self._tick is None:
            self._tick = asyncio.get_running_loop().call_later(_TICK, self._watch)
        return link

    def _release(self, link: Link) -> None:
        client = self._busy.pop(link, None)
        if client is not None:
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]

    async def _stand_in_line(self, client: str | None) -> Link:
        place = _Place(asyncio.get_running_loop().create_future(), client)
        self._waiting.append(place)
        taken = False
        try:
            async with asyncio.timeout(self.timeout_s):
                link = await place.link
                taken = True
                return link
        except TimeoutError:
            self.standing.refused_busy += 1
            raise Busy(
                "No query worker came free in time; try again in a few seconds.",
                retry_after=self._soon(),
            ) from None
        finally:
            if place in self._waiting:
                self._waiting.remove(place)
            elif not taken and place.link.done() and not place.link.cancelled():
                self._hand_back(place.link.result())  # cancelled between getting and taking it

    def _hand_back(self, link: Link) -> None:
        self._release(link)
        if not link.gone:
            self._idle.append(link)
        self._let_next_in()

    def _let_next_in(self) -> None:
        while self._idle and len(self._busy) < self._workers:
            able = [place for place in self._waiting if self._may_take(place.client)]
            if not able:
                return
            place = min(able, key=lambda each: self._held[each.client or ""])
            self._waiting.remove(place)
            if not place.link.done():
                place.link.set_result(self._take(place.client))

    async def reach(self, position: int, client: str | None = None) -> None:
        """Wait until what is published has come to this position of the log. As many may wait
        as in the line for workers; one client has half of the places."""
        if self._has_come_to(position):
            return
        self._refuse_if_many_wait(client)
        self._reaching[client] += 1
        try:
            await self._come_to(position)
        finally:
            self._reaching[client] -= 1
            self._reaching += Counter()  # forgets who has none

    async def _come_to(self, position: int) -> None:
        seen = self.mark()
        deadline = asyncio.get_running_loop().time() + self.timeout_s
        while not self._has_come_to(position):
            while (mark := self.mark()) == seen:
                if asyncio.get_running_loop().time() > deadline:
                    current = self.current()
                    raise Unavailable(
                        f"The graph has come to position {current.position if current else 0}, "
                        f"not yet to {position}; try again.",
                        retry_after=1,
                    )
                await asyncio.sleep(_POLL)
            seen = mark

    def _has_come_to(self, position: int) -> bool:
        current = self.current()
        return current is not None and current.position >= position

    def _refuse_if_many_wait(self, client: str | None) -> None:
        most = max(1, self._queue_limit)
        own = self._reaching[client] if client else 0
        if own >= max(1, most // 2) or self._reaching.total() >= most:
            self.standing.refused_busy += 1
            raise Busy(
                f"{self._reaching.total()} queries, {own} of them yours, wait for a position of "
                "the log already; try again in a few seconds.",
                retry_after=self._soon(),
            )

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
            elif exchange.still_seconds > self.delivery_s:
                link.kill("delivery")
            elif link.resident_mib() > self.memory_mb:
                link.kill("memory")
        self._make_room()
        self._ended = [each for each in self._ended if not each.reaped()]
        if self._open and (self._busy or self._ended):
            self._tick = asyncio.get_running_loop().call_later(_TICK, self._watch)

    def _make_room(self) -> None:
        """End the answer whose worker has stood still longest, and too long where others wait."""
        if len(self._busy) < self._workers or not any(
            self._may_take(place.client) for place in self._waiting
        ):
            return
        still = {
            link: link.exchange.still_seconds
            for link in self._busy
            if link.exchange is not None and not link.exchange.finished
        }
        if not still:
            return
        longest = max(still, key=lambda link: still[link])
        if still[longest] > self.timeout_s * _PATIENCE:
            longest.kill("delivery")


@dataclass(slots=True, eq=False)
class _Place:
    """A place in the line: the worker that will be lent, and to whom."""

    link: asyncio.Future[Link]
    client: str | None


class Running:
    """One query under way: enter to get its answer, leave to be rid of it."""

    def __init__(self, pool: QueryPool, question: Question, copy: Copy | None = None) -> None:
        self._pool = pool
        self._question = question
        self._copy = copy
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
        on_disk = pool.spool.of(question.client)
        exchange = Exchange(question.timeout_s or pool.timeout_s, on_disk)
        self._link, self._exchange = link, exchange
        link.ask(encode(question, admitted, self._copy), exchange)
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

    @property
    def worker_seconds(self) -> float:
        """How long a worker was taken, also where it stood still for a slow reader."""
        return self._exchange.worker_seconds if self._exchange is not None else 0.0

    def _leave(self) -> None:
        """A worker that is still at this query has no reader any more: end it."""
        link, exchange = self._link, self._exchange
        if exchange is None:
            return
        if link is not None and link.exchange is exchange:
            link.kill("closed")
        exchange.close()
