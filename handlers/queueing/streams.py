"""The streams of the broker: work for each service, letters for the dead, and who died.

    MAS_{topic}     mas.work.{topic}, a work queue; its metadata tell workers how to take from it
    MAS_DEAD        mas.dead.{topic}: which jobs were given up and why, without their documents
    MAS_ADVISORIES  what the broker says of messages that were delivered too often

A spent message stays in its work queue, and the broker says so once, to whoever listens then. So
what it says is kept in a stream of its own until it was acted upon.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass

from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError

from handlers.mas.services import Service
from handlers.queueing.broker import MAX_PAYLOAD

RESULTS, STARTED = "mas.results", "mas.started"
DEAD, ADVISORIES = "MAS_DEAD", "MAS_ADVISORIES"
WORKERS, UNDERTAKER = "mas-workers", "undertaker"
DUPLICATES_S = 600.0
"""For how long the broker remembers what it was sent, so that it takes nothing twice."""
ACK_WAIT_S = 30.0
"""After which a worker that says nothing counts as dead; one that works says so more often."""
DEAD_DAYS, DEAD_BYTES = 90, 16 * 1024 * 1024
IN_HAND = 8
"""Micro-batches of each replica that may be out unanswered."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How workers take from a queue."""

    micro_batch: int
    wait_s: float
    lease_s: float
    """For how long a service may be at one job."""
    ack_wait_s: float
    gpu: str = "none"
    """none, optional, required."""


def stream_of(topic: str) -> str:
    """The stream of a topic's work."""
    return f"MAS_{topic}"


def work_subject(topic: str) -> str:
    """Where work for a topic is published."""
    return f"mas.work.{topic}"


def dead_subject(stream: str) -> str:
    """Where a job of this stream is published when it was given up."""
    return f"mas.dead.{stream.removeprefix('MAS_')}"


async def prepare(js: JetStreamContext, replicas: int) -> None:
    """The streams that all services share."""
    await _stream(
        js,
        StreamConfig(
            name=DEAD,
            subjects=["mas.dead.*"],
            max_age=DEAD_DAYS * 86_400,
            max_bytes=DEAD_BYTES,
            storage=StorageType.FILE,
            num_replicas=replicas,
        ),
    )
    said = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.*.{WORKERS}"
    await _stream(
        js,
        StreamConfig(
            name=ADVISORIES,
            subjects=[said],
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE,
            max_bytes=DEAD_BYTES,
            num_replicas=replicas,
        ),
    )
    await js.add_consumer(
        ADVISORIES,
        ConsumerConfig(durable_name=UNDERTAKER, ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_WAIT_S),
    )


async def declare(js: JetStreamContext, service: Service, replicas: int) -> None:
    """The queue of a service and its consumer, as the service's document wants them now."""
    stream, ack_wait = stream_of(service.topic), min(service.lease, ACK_WAIT_S)
    await _stream(
        js,
        StreamConfig(
            name=stream,
            subjects=[work_subject(service.topic)],
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
            duplicate_window=DUPLICATES_S,
            max_msg_size=MAX_PAYLOAD,
            num_replicas=replicas,
            metadata={
                "service": str(service.pid),
                "micro_batch": str(service.micro_batch),
                "wait_ms": str(service.wait_ms),
                "lease_s": str(service.lease),
                "gpu": service.gpu,
            },
        ),
    )
    await js.add_consumer(
        stream,
        ConsumerConfig(
            durable_name=WORKERS,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ack_wait,
            max_deliver=service.max_attempts,
            max_ack_pending=service.micro_batch * max(1, service.replicas) * IN_HAND,
        ),
    )


async def forget(js: JetStreamContext, service: Service, replicas: int) -> None:
    """The queue of a service made anew: its files are removed, and with them what was in them."""
    with contextlib.suppress(NotFoundError):
        await js.delete_stream(stream_of(service.topic))
    await declare(js, service, replicas)


async def take_down(js: JetStreamContext, services: Collection[str]) -> None:
    """Remove the queues of services (PID text), and the letters of their dead."""
    for info in await js.streams_info():
        if (info.config.metadata or {}).get("service") in services and info.config.name:
            await js.delete_stream(info.config.name)
            await js.purge_stream(DEAD, subject=dead_subject(info.config.name))


async def terms(js: JetStreamContext, topic: str) -> Terms:
    """How to take work of this topic; NotFoundError where no service has it."""
    stream = await js.stream_info(stream_of(topic))
    consumer = await js.consumer_info(stream_of(topic), WORKERS)
    said = stream.config.metadata or {}
    return Terms(
        micro_batch=int(said.get("micro_batch", "1")),
        wait_s=int(said.get("wait_ms", "0")) / 1000,
        lease_s=float(said.get("lease_s", "120")),
        ack_wait_s=float(consumer.config.ack_wait or ACK_WAIT_S),
        gpu=said.get("gpu", "none"),
    )


async def _stream(js: JetStreamContext, wanted: StreamConfig) -> None:
    """Make the stream, or bring the one that is there into line."""
    assert wanted.name is not None
    try:
        await js.stream_info(wanted.name)
    except NotFoundError:
        await js.add_stream(wanted)
        return
    try:
        await js.update_stream(wanted)
    except APIError as error:
        if error.code != 500:  # a cluster that lost its leader: it is asked again
            raise
