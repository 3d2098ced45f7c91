"""Who works for a topic now: each worker says so when it is asked, also while it annotates.

    mas.present.{topic}   asked by whoever wants to know; every worker of the topic answers

The broker itself says at once when there is none (a reply with the status 503), so an empty answer
costs no waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from fdo.errors import Unavailable
from handlers.queueing.connection import Access

PATIENCE_S = 0.4
"""How long answers are collected; a worker in a computation may be late with its own."""
FIRST_S = 2.0
"""How long the first is waited for: some worker is connected, since the broker did not say no."""
MOST = 1_000


def subject(topic: str) -> str:
    """Where workers of a topic are asked for."""
    return f"mas.present.{topic}"


async def answer(connection: Client, topic: str) -> None:
    """Let this connection answer for a worker of the topic."""

    async def here(message: Msg) -> None:
        with contextlib.suppress(nats.errors.Error, OSError):
            await message.respond(b"")

    await connection.subscribe(subject(topic), cb=here)


async def count(connection: Client, topic: str) -> int:
    """How many workers of the topic there are."""
    inbox = connection.new_inbox()
    arrived = await connection.subscribe(inbox)
    try:
        await connection.publish(subject(topic), b"", inbox)
        found, end = 0, time.monotonic() + FIRST_S
        while found < MOST and (left := end - time.monotonic()) > 0:
            try:
                message = await arrived.next_msg(left)
            except TimeoutError:
                break
            if "Status" in (message.headers or {}):
                return 0
            if not found:
                end = time.monotonic() + PATIENCE_S
            found += 1
        return found
    finally:
        with contextlib.suppress(nats.errors.Error, OSError):
            await arrived.unsubscribe()


async def counted(access: Access, topics: Sequence[str]) -> dict[str, int]:
    """Topic → how many workers it has, asked over a connection of its own."""
    connection = await access.connect("presence", asyncio.Event())
    try:
        return {topic: await count(connection, topic) for topic in topics}
    except (nats.errors.Error, OSError) as error:
        raise Unavailable(f"The broker does not say who works: {error or type(error)}.") from error
    finally:
        with contextlib.suppress(nats.errors.Error, OSError):
            await connection.close()
