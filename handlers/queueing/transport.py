"""Jobs to services over NATS JetStream: the transport that is taken where none is named.

The dispatcher owns one `NatsTransport`. On a thread of its own it keeps a connection to the
broker, serves the answers of workers (`intake`), and buries what was delivered too often
(`burial`). A connection that breaks is made anew, and with it whatever the broker may have lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from fdo.errors import Unavailable
from handlers.mas.results import Result
from handlers.mas.services import Service
from handlers.mas.transport import Job
from handlers.queueing import presence, streams
from handlers.queueing.broker import MAX_PAYLOAD, STORE_MB, Broker
from handlers.queueing.burial import bury
from handlers.queueing.connection import Access, Loop, while_open
from handlers.queueing.intake import Intake, Taking

PATIENCE_S = 15.0
"""How long a call waits for the broker before it says Unavailable."""
AT_ONCE, AT_ONCE_BYTES = 1_000, 16 * 1024 * 1024
"""What is on its way to the broker before the first of it is confirmed."""
AGAIN_S = 0.2
ID = "Nats-Msg-Id"
"""Header by which the broker knows what it was sent before."""
MOST_BYTES = MAX_PAYLOAD - 4096
"""Of a message; the rest is for headers."""
T = TypeVar("T")

log = logging.getLogger(__name__)


class NatsTransport:
    """A `handlers.mas.transport.Transport` over an embedded broker or a cluster."""

    name = "nats"

    def __init__(
        self,
        access: Access,
        results: Taking,
        *,
        broker: Broker | None = None,
        replicas: int = 1,
    ) -> None:
        self._access, self._results = access, results
        self._broker, self._replicas = broker, replicas
        self._declared = dict[str, Service]()
        self._js: JetStreamContext | None = None
        self._connection: Client | None = None
        self._ready, self._closed = threading.Event(), asyncio.Event()
        self._trouble = ""
        if broker is not None:
            broker.start()
        self._loop = Loop("nats")
        self._serving = self._loop.begin(self._serve())

    @classmethod
    def over(
        cls, access: Access, results: Taking, *, store_mb: int = STORE_MB, replicas: int = 1
    ) -> NatsTransport:
        """Over the cluster that `access` names; else with an embedded broker, made here."""
        broker = None if access.url else Broker(access.data, store_mb=store_mb)
        return cls(access, results, broker=broker, replicas=replicas)

    def declare(self, service: Service) -> None:
        """Make the service's queue, or bring it into line with its document."""
        self._declared[service.topic] = service
        self._ask(lambda js: streams.declare(js, service, self._replicas))

    def send(self, jobs: Sequence[Job]) -> None:
        """Publish, and return when the broker has stored all."""
        small = [job for job in jobs if len(job.payload) <= MOST_BYTES]
        if large := [job for job in jobs if len(job.payload) > MOST_BYTES]:
            self._results.take([_too_large(job) for job in large])
        for part in _parts(small):
            self._ask(partial(_publish, jobs=part))

    def waiting(self, topic: str) -> int:
        """Jobs in the queue, those included that workers hold."""
        return self._ask(partial(_waiting, topic=topic))

    def attended(self, topic: str) -> bool:
        """Whether a worker of this topic is connected."""
        return self._ask(lambda _: presence.count(self._reached(), topic)) > 0

    def forget(self, gone: Collection[str] = ()) -> None:
        """Make all queues anew, empty: what was erased from the log must not live on in the files
        of the broker. Whatever was handed over has to be handed over again. The queues of services
        that are `gone` (PID text) bear the topics that they had, and are taken down."""
        if gone:
            ended = [topic for topic, one in self._declared.items() if str(one.pid) in gone]
            for topic in ended:
                del self._declared[topic]
            self._ask(partial(streams.take_down, services=gone))
        for service in list(self._declared.values()):
            self._ask(partial(streams.forget, service=service, replicas=self._replicas))

    def close(self) -> None:
        """Disconnect, and end the broker where it is ours."""
        self._loop.close()
        if self._broker is not None:
            self._broker.stop()

    def _ask(self, what: Callable[[JetStreamContext], Coroutine[Any, Any, T]]) -> T:
        if not self._ready.wait(PATIENCE_S) or (js := self._js) is None:
            raise Unavailable(self._trouble or "The broker is not reached yet; try again.")
        try:
            return self._loop.ask(while_open(self._closed, what(js)), PATIENCE_S)
        except (nats.errors.Error, OSError) as error:
            raise Unavailable(f"The broker did not do it: {error or type(error)}.") from error

    def _reached(self) -> Client:
        if self._connection is None:
            raise ConnectionError("the broker is not reached yet")
        return self._connection

    async def _serve(self) -> None:
        """Be connected, and work for as long as the connection lasts."""
        while True:
            try:
                await self._connected()
            except Unavailable as error:
                self._trouble = error.message
            except (nats.errors.Error, OSError) as error:
                self._trouble = f"The broker failed: {error or type(error)}."
                log.warning(self._trouble)
            await asyncio.sleep(AGAIN_S)

    async def _connected(self) -> None:
        self._closed = closed = asyncio.Event()
        connection = await self._access.connect("dispatcher", closed)
        serving = set[asyncio.Task[Any]]()
        try:
            js = connection.jetstream(publish_async_max_pending=AT_ONCE)
            await streams.prepare(js, self._replicas)
            for service in list(self._declared.values()):
                await streams.declare(js, service, self._replicas)
            intake = Intake(self._results)
            serving |= {
                asyncio.create_task(closed.wait()),
                asyncio.create_task(intake.serve(connection)),
                asyncio.create_task(bury(connection, js, intake)),
            }
            self._js, self._connection = js, connection
            self._ready.set()
            ended, _ = await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            self._ready.clear()
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
            with contextlib.suppress(nats.errors.Error, OSError):
                await connection.close()


def _parts(jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
    """As many at once as may be on their way."""
    part, size = list[Job](), 0
    for job in jobs:
        if part and (len(part) >= AT_ONCE or size + len(job.payload) > AT_ONCE_BYTES):
            yield part
            part, size = [], 0
        part.append(job)
        size += len(job.payload)
    if part:
        yield part


async def _publish(js: JetStreamContext, jobs: Sequence[Job]) -> None:
    """All of them, without waiting for each."""
    stored = []
    for job in jobs:
        headers = {ID: f"{job.id}#{job.attempt}"}
        subject = streams.work_subject(job.topic)
        stored.append(await js.publish_async(subject, job.payload, headers=headers))
    await asyncio.gather(*stored)


async def _waiting(js: JetStreamContext, topic: str) -> int:
    try:
        return (await js.stream_info(streams.stream_of(topic))).state.messages
    except NotFoundError:
        return 0


def _too_large(job: Job) -> Result:
    said = f"Its message would hold {len(job.payload):,} bytes; the queue takes {MOST_BYTES:,}."
    return Result(job.id, error=said, final=True, ours=True)
