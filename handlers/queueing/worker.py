"""A worker: takes micro-batches of a queue, lets its service annotate, and brings the answers.

    fetch ─▶ annotate (a thread) ─▶ one request on mas.results ─▶ "durable" ─▶ acknowledge

While a job is in hand the broker is told so, a few times in each lease; a worker that dies is
silent, and its jobs come again. Answers that nobody takes now (the dispatcher is being started
again) are kept and brought later, and nothing more is fetched meanwhile. A service that hangs
longer than its leases allow ends its process, since a thread cannot be ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from fdo.errors import Refused, Unavailable
from handlers.queueing import presence
from handlers.queueing.answering import Answering, Said
from handlers.queueing.broker import MAX_PAYLOAD
from handlers.queueing.connection import Access, while_open
from handlers.queueing.kit import Service
from handlers.queueing.pull import Pull, delivered, place_of
from handlers.queueing.streams import RESULTS, STARTED, WORKERS, Terms, stream_of, terms

HANGS = 70
"""Exit code of a worker whose service hangs (EX_SOFTWARE)."""
LOOK_S = 1.0
"""How long one request for work waits; also how soon a worker hears that it should end."""
AGAIN_S = 0.3
UNDERWAY = 4
"""Micro-batches whose answers may be on their way while the next one is annotated."""
REPLY_S = 30.0
"""In which a transaction of the dispatcher is expected to be through."""
NAK_S = 5.0
LAST_S = 15.0
"""How long a worker that should end tries to bring what it has."""
_CPU = "CPU"
"""How what is no GPU is called: CPU, CPUExecutionProvider."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """A job in hand."""

    message: Msg
    said: Said | None = None


class Worker:
    """Works for one service until told to stop, or until its queue is empty."""

    def __init__(self, service: Service, access: Access, *, until_idle: bool = False) -> None:
        self._answering = Answering(service)
        self._until_idle = until_idle
        self._service, self._access = service, access
        self._held = dict[int, _Held]()
        self._busy_until: float | None = None
        self._connection: Client | None = None
        self._connected, self._closed = asyncio.Event(), asyncio.Event()
        self._stopping = asyncio.Event()
        self._deliveries = set[asyncio.Task[None]]()

    def run(self) -> int:
        """Work; 0 when told to stop."""
        return asyncio.run(self.work(signals=True))

    def stop(self) -> None:
        """Finish what is in hand and end."""
        self._stopping.set()

    async def work(self, *, signals: bool = False) -> int:
        """Load the model, then be connected and work, again and again."""
        loop = asyncio.get_running_loop()
        if signals:
            loop.add_signal_handler(signal.SIGINT, self.stop)
        await asyncio.to_thread(self._answering.load)
        if signals:  # until here nothing is in hand, and a model that loads is no reason to wait
            loop.add_signal_handler(signal.SIGTERM, self.stop)
        beating = asyncio.create_task(self._beat())
        told = ""
        try:
            while not self._stopping.is_set():
                try:
                    await self._session()
                    told = ""
                except (Unavailable, NotFoundError, nats.errors.Error, OSError) as error:
                    said = self._trouble(error)
                    if said != told:
                        log.warning(said)
                    told = said
                await self._pause(AGAIN_S)
        finally:
            beating.cancel()
            self._answering.close()
        return 0

    def _trouble(self, error: Exception) -> str:
        if isinstance(error, NotFoundError):
            return (
                f"No service is registered for the topic {self._answering.topic!r} here; register "
                "it with `collectome mas register`. Waiting."
            )
        return f"Not connected: {error or type(error)} Waiting."

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _session(self) -> None:
        """One connection: work while it lasts."""
        self._closed = closed = asyncio.Event()
        connection = await self._access.connect(f"worker {self._service.name}", closed)
        try:
            how = await terms(connection.jetstream(), self._answering.topic)
            self._must_suit(how)
            await presence.answer(connection, self._answering.topic)
            pull = Pull(connection, stream_of(self._answering.topic), WORKERS)
            self._connection, self._terms = connection, how
            self._connected.set()
            while not (self._stopping.is_set() or closed.is_set()):
                await self._round(pull, how)
        finally:
            if self._stopping.is_set():
                await self._last()
            self._connected.clear()
            with contextlib.suppress(nats.errors.Error, OSError):
                await connection.close()

    def _must_suit(self, how: Terms) -> None:
        """Jobs that are registered to need a GPU are not done slowly without one."""
        provider = self._answering.provider
        if how.gpu == "required" and provider.upper().startswith(_CPU):
            raise Refused(
                f"{self._service.name} is registered to need a GPU, and here it runs on "
                f"{provider}. Work on a machine that has one, or register it with col:gpu optional."
            )

    async def _round(self, pull: Pull, how: Terms) -> None:
        if len(self._deliveries) >= UNDERWAY:
            await self._brought(asyncio.FIRST_COMPLETED)
            return
        arrived = await pull.batch(how.micro_batch, how.wait_s, LOOK_S)
        if self._until_idle and not arrived and not self._held:
            self.stop()
        messages = self._taken(arrived)
        try:
            if fresh := [one for one in messages if delivered(one) == 1]:
                await self._annotate(fresh, how)
            for suspect in (one for one in messages if delivered(one) > 1):
                while self._deliveries:  # should it kill this process, it takes nobody with it
                    await self._brought(asyncio.ALL_COMPLETED)
                await self._annotate([suspect], how)
        finally:
            for place in map(place_of, messages):
                if place in self._held and self._held[place].said is None:
                    del self._held[place]  # it comes again

    async def _brought(self, which: str) -> None:
        """Wait a moment for answers to be settled; an error when the connection is lost."""
        await asyncio.wait(self._deliveries, timeout=LOOK_S, return_when=which)
        if self._connection is not None:
            await self._connection.flush()

    def _taken(self, messages: Sequence[Msg]) -> list[Msg]:
        """Those that are not in hand already: after a broker's restart some come again."""
        new = []
        for message in messages:
            place = place_of(message)
            if place in self._held:
                self._held[place].message = message
            else:
                self._held[place] = _Held(message)
                new.append(message)
        return new

    async def _annotate(self, messages: Sequence[Msg], how: Terms) -> None:
        works = [self._answering.work(message.data) for message in messages]
        jobs = [work.job_id for work in works if work is not None]
        if self._connection is not None and jobs:
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._connection.publish(STARTED, orjson.dumps({"jobs": jobs}))
        self._busy_until = time.monotonic() + how.lease_s * len(messages)
        try:
            said = await asyncio.to_thread(self._answering.answers, works)
        finally:
            self._busy_until = None
        for message, one in zip(messages, said, strict=True):
            self._held[place_of(message)].said = one
        task = asyncio.create_task(self._deliver([place_of(message) for message in messages]))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def _deliver(self, places: Sequence[int]) -> None:
        """Bring the answers until they are durable or refused."""
        for part in self._parts(places):
            said = [self._held[place].said for place in part]
            body = b'{"results":[' + b",".join(one.body for one in said if one) + b"]}"
            while (taken := await self._request(body)) is None:
                await asyncio.sleep(AGAIN_S)
            for place, outcome in zip(part, taken, strict=True):
                await self._settle(place, outcome.get("error"))

    def _parts(self, places: Sequence[int]) -> list[list[int]]:
        """As many answers in one request as a message of the broker holds."""
        parts, size = [list[int]()], 0
        for place in places:
            said = self._held[place].said
            length = len(said.body) if said else 0
            if parts[-1] and size + length > MAX_PAYLOAD - 4096:
                parts, size = [*parts, []], 0
            parts[-1].append(place)
            size += length
        return parts

    async def _request(self, body: bytes) -> list[dict[str, str]] | None:
        """What became of each answer; None when nobody could say."""
        await self._connected.wait()
        assert self._connection is not None
        try:
            asking = self._connection.request(RESULTS, body, timeout=REPLY_S)
            reply = await while_open(self._closed, asking)
            taken: list[dict[str, str]] | None = orjson.loads(reply.data).get("taken")
            return taken
        except (nats.errors.Error, OSError):
            return None

    async def _settle(self, place: int, error: str | None) -> None:
        """Acknowledge what is durable; what was refused comes again later."""
        held = self._held.pop(place)
        kind = b"+ACK"
        if error:
            log.warning("an answer was not recorded: %s", error)
            kind = b'-NAK {"delay": %d}' % int(NAK_S * 1e9)
        await self._tell(held.message, kind)

    async def _tell(self, message: Msg, kind: bytes) -> None:
        if self._connection is not None:
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._connection.publish(message.reply, kind)

    async def _beat(self) -> None:
        """Say of each job in hand that it is worked on; end the process when its service hangs."""
        while True:
            await asyncio.sleep(self._terms.ack_wait_s / 3 if self._connected.is_set() else AGAIN_S)
            if self._busy_until is not None and time.monotonic() > self._busy_until:
                log.error("%s hangs; this worker ends, its jobs come again", self._service.name)
                os._exit(HANGS)
            for held in list(self._held.values()):
                await self._tell(held.message, b"+WPI")

    async def _last(self) -> None:
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=LAST_S)
        for task in list(self._deliveries):
            task.cancel()
        for held in self._held.values():
            await self._tell(held.message, b"-NAK")
        if self._connection is not None:
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._connection.flush()
