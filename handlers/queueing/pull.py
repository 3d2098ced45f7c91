"""Taking messages from a consumer in micro-batches, and no more than are worked on at once.

What a worker holds and has not begun is a delivery wasted when it dies. So nothing is fetched
ahead; and a message that comes again, whose last holder may have died of it, comes alone: whatever
it does then, it does to itself, and innocent neighbours lose no delivery.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

_NOBODY = "503"
_SLACK_S = 0.5
"""How long a broker may be late in saying that a request has ended."""


class Pull:
    """One consumer as seen by one connection."""

    def __init__(self, connection: Client, stream: str, consumer: str) -> None:
        self._connection = connection
        self._asking = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._inbox = connection.new_inbox()
        self._asked = 0
        self._arrived: Subscription | None = None

    async def batch(self, most: int, wait_s: float, patience_s: float) -> list[Msg]:
        """The messages that are there, up to `most`; the first is waited for for `patience_s`,
        then the others for `wait_s`. Empty when none came; NoRespondersError when nobody leads the
        queue now, which is no word about what is in it."""
        found = await self._ask(1, patience_s)
        if not found or most == 1 or delivered(found[0]) > 1:
            return found
        found += await self._ask(most - len(found), 0.0)
        if len(found) < most and wait_s > 0:
            found += await self._ask(most - len(found), wait_s)
        return found

    async def _ask(self, number: int, wait_s: float) -> list[Msg]:
        if self._arrived is None:
            self._arrived = await self._connection.subscribe(f"{self._inbox}.*")
        self._asked += 1
        reply = f"{self._inbox}.{self._asked}"
        wanted: dict[str, object] = {"batch": number}
        if wait_s > 0:
            wanted["expires"] = int(wait_s * 1e9)
        else:
            wanted["no_wait"] = True
        await self._connection.publish(self._asking, json.dumps(wanted).encode(), reply)
        found, end = list[Msg](), time.monotonic() + wait_s + _SLACK_S
        while len(found) < number and (left := end - time.monotonic()) > 0:
            with contextlib.suppress(asyncio.TimeoutError):
                message = await self._arrived.next_msg(left)
                if "Status" not in (message.headers or {}):
                    found.append(message)  # also one that an earlier request still owed
                elif message.subject == reply:
                    _told(message)
                    break
        return found


def _told(message: Msg) -> None:
    """How a request ended that brought less than it asked for."""
    if (message.headers or {}).get("Status") == _NOBODY:
        raise nats.errors.NoRespondersError


def delivered(message: Msg) -> int:
    """How often this message was delivered, this time included."""
    return int(_fields(message)[-5])


def place_of(message: Msg) -> int:
    """What names a message in its stream however often it comes."""
    return int(_fields(message)[-4])


def _fields(message: Msg) -> list[str]:
    """Of the address for acknowledgements (ADR-15): …, delivered, place in the stream, place in
    the consumer, time, pending; one more stands behind them where accounts are named."""
    fields = message.reply.split(".")
    return fields if len(fields) == 9 else fields[:11]
