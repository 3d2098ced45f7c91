"""The way of DiSSCo's services: exchanges, queues and messages of its contract on RabbitMQ.

    mas-exchange ── {topic} ──▶ mas-{topic}-queue ──▶ the service (takes without acknowledging)
    the service ──▶ mas-annotation-exchange        ── mas-annotation ──▶ mas-annotation-queue
                ──▶ mas-annotation-failed-exchange ── mas-annotation-failed ──▶ …-failed-queue

Everything is durable, queues are quorum queues, each message is confirmed. A service that takes
without acknowledging loses what it holds when it dies; its jobs are sent again when their lease
is over, and few of them are with it at a time. Sources: DiSSCo's documentation for developers of
machine annotation services, and the templates by which its operator deploys them.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

import orjson
import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker, NackError

from fdo.errors import Refused, Unavailable
from handlers.mas.services import Service
from handlers.mas.transport import Job

EXCHANGE = "mas-exchange"
RESULTS = "mas-annotation"
FAILURES = "mas-annotation-failed"
DEAD = "mas-annotation-dead-queue"
"""Ours: messages that are no answers, each with its reason in a header."""

logging.getLogger("pika").setLevel(logging.CRITICAL)  # it says ten times what we say once

_CONTRACT = ("object", "jobId", "batchingRequested")
_REMEMBERED = 10_000
_NO_QUEUE, _OTHER_QUEUE = 404, 406
_QUORUM = {"x-queue-type": "quorum"}
T = TypeVar("T")


def queue_of(topic: str) -> str:
    """The queue from which the services of a topic take their work."""
    return f"mas-{topic}-queue"


def parameters(url: str) -> pika.URLParameters:
    """How we connect: nothing waits for ever."""
    found = pika.URLParameters(url)
    found.heartbeat = 20
    found.socket_timeout = 5
    found.stack_timeout = 10
    found.blocked_connection_timeout = 10
    return found


def declare_platform(channel: BlockingChannel) -> None:
    """The exchanges and queues that all services share."""
    channel.exchange_declare(EXCHANGE, "direct", durable=True)
    for name in (RESULTS, FAILURES):
        channel.exchange_declare(f"{name}-exchange", "direct", durable=True)
        channel.queue_declare(f"{name}-queue", durable=True, arguments=_QUORUM)
        channel.queue_bind(f"{name}-queue", f"{name}-exchange", name)
    channel.queue_declare(DEAD, durable=True, arguments=_QUORUM)


class RabbitMQ:
    """Hands jobs over to RabbitMQ (`handlers.mas.transport.Transport`)."""

    name = "rabbitmq"

    def __init__(self, url: str) -> None:
        self._parameters = parameters(url)
        self._lock = threading.RLock()
        self._open: BlockingChannel | None = None
        self._topics: dict[str, None] = {}
        self._sent: OrderedDict[tuple[str, int], None] = OrderedDict()

    def declare(self, service: Service) -> None:
        """The queue of a service exists; Refused where one of that name is of another kind, or
        is not for jobs."""
        if queue_of(service.topic) in (f"{RESULTS}-queue", f"{FAILURES}-queue", DEAD):
            raise Refused(
                f"The queue of {service.name} would be {queue_of(service.topic)}, which holds "
                "answers; register it under another topic."
            )
        with self._lock:
            self._topics[service.topic] = None
            try:
                self._asked(lambda channel: _declare(channel, service.topic))
            except Refused:
                del self._topics[service.topic]
                raise

    def send(self, jobs: Sequence[Job]) -> None:
        """Hand jobs over; returns when the broker has them on disk, Unavailable otherwise."""
        with self._lock:
            for job in jobs:
                self._topics[job.topic] = None
                if (job.id, job.attempt) not in self._sent:
                    self._asked(lambda channel, job=job: _publish(channel, job))  # type: ignore[misc]  # the loop's value is bound
                    self._remember(job)

    def waiting(self, topic: str) -> int:
        """Jobs that no service has taken yet."""
        with self._lock:
            return self._asked(lambda channel: held(channel, queue_of(topic)))

    def attended(self, topic: str) -> bool:
        """Whether a service takes from the queue of this topic."""
        with self._lock:
            return self._asked(lambda channel: _consumers(channel, queue_of(topic))) > 0

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            self._drop()

    def _asked(self, ask: Callable[[BlockingChannel], T]) -> T:
        """The broker's answer; once more over a new connection where the old one is gone."""
        for last in (False, True):
            try:
                return ask(self._channel())
            except ChannelClosedByBroker as error:
                self._drop()
                if error.reply_code == _OTHER_QUEUE:
                    raise Refused(
                        f"RabbitMQ has a queue or exchange of another kind: {error.reply_text}. "
                        "Delete it there, once it is empty, and it is made anew."
                    ) from error
                if last:
                    raise Unavailable(f"RabbitMQ refuses: {error.reply_text}.") from error
            except (AMQPError, OSError) as error:
                self._drop()  # what is missing there is declared again with the new channel
                if last:
                    raise Unavailable(
                        f"RabbitMQ does not take jobs: {told(error)}.",
                        retry_after=5,
                    ) from error
        raise AssertionError

    def _channel(self) -> BlockingChannel:
        if self._open is None or not self._open.is_open:
            self._drop()
            channel = pika.BlockingConnection(self._parameters).channel()
            self._open = channel
            channel.confirm_delivery()
            declare_platform(channel)
            for topic in self._topics:
                _declare(channel, topic)
        return self._open

    def _drop(self) -> None:
        opened, self._open = self._open, None
        if opened is not None:
            with contextlib.suppress(AMQPError, OSError):
                opened.connection.close()

    def _remember(self, job: Job) -> None:
        self._sent[job.id, job.attempt] = None
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)


def told(error: Exception) -> str:
    """What went wrong with a connection; some errors of the library say nothing."""
    return str(error).rstrip(".") or "it cannot be reached"


def _declare(channel: BlockingChannel, topic: str) -> None:
    channel.queue_declare(queue_of(topic), durable=True, arguments=_QUORUM)
    channel.queue_bind(queue_of(topic), EXCHANGE, topic)


def _publish(channel: BlockingChannel, job: Job) -> None:
    """Publish a job; raises unless a queue has it."""
    try:
        channel.basic_publish(
            EXCHANGE,
            job.topic,
            message(job.payload),
            pika.BasicProperties(
                content_type="application/json", delivery_mode=2, message_id=job.id
            ),
            mandatory=True,
        )
    except NackError:
        # a quorum queue whose broker died seconds after it was declared may be there in name only
        # (RabbitMQ 3.10); whatever it held is sent again when its lease is over
        if held(channel, queue_of(job.topic)) == 0:
            channel.queue_delete(queue_of(job.topic))
        raise


def held(channel: BlockingChannel, queue: str) -> int:
    """How many messages wait in a queue."""
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def _consumers(channel: BlockingChannel, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).method.consumer_count)


def message(payload: bytes) -> bytes:
    """What the contract names, and nothing else: services may check what they read strictly."""
    whole = orjson.loads(payload)
    return orjson.dumps({name: whole[name] for name in _CONTRACT})
