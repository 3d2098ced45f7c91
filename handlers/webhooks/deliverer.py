"""Sends what waits: at least once, in order for each subscriber, and no faster than it answers.

    2xx                     delivered
    410                     the receiver wants no more: the subscription is gone
    other 4xx, five times   the receiver refuses this message: a dead letter, the next one goes
    anything else           again after 5 s, 15 s, 45 s … 6 h; after days a dead letter, and the
                            subscription is disabled

One process delivers: the one that holds `webhooks.lock`. Every address is judged before each
request (see `handlers.outgoing`), redirects are failures, and of an answer only the status is
read.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

from fdo.errors import NotFound, Unavailable
from handlers.outgoing import UnknownHost, UnsafeAddress, target_of
from handlers.retrying import asked_to_wait
from handlers.webhooks.signing import signature
from handlers.webhooks.store import Message, Pairs, Subscription, Webhooks

LOCK = "webhooks.lock"
POLL_S = 0.5
TIMEOUT_S = 15.0
"""What one request may take, from the name of the host to the status of the answer."""
AT_ONCE = 8
"""Subscribers that are served at the same time."""
FIRST_S, FACTOR, LONGEST_S = 5.0, 3.0, 6 * 3600.0
REFUSALS = 5
"""A message that is refused so often is not tried again."""
_TAKE_TURNS = 20
"""Messages to one subscriber before others have their turn."""
_PATIENT = frozenset({408, 425, 429})
"""Refusals that ask for patience rather than for another message."""


class Feed(Protocol):
    """What is sent; the feed of changes as subscribers see it."""

    def position(self) -> int:
        """The head of the log."""

    def section(self, filters: Pairs, after: int) -> tuple[int, bool]:
        """Up to where the next message reaches, and whether any event is in it."""

    def body(self, subscription: Subscription, message: Message) -> bytes:
        """The message as JSON."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request met."""

    status: int | None
    """None: nobody answered."""
    said: str
    wait_s: float = 0.0
    """How long the receiver asked us to wait."""

    @property
    def taken(self) -> bool:
        """Whether the receiver has it now."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the receiver does not want this message."""
        return self.status is not None and 400 <= self.status < 500 and self.status not in _PATIENT


class Deliverer:
    """Serves the subscriptions of one data folder while it runs."""

    def __init__(
        self,
        folder: Path,
        feed: Feed,
        *,
        allow_private: bool,
        retry_days: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._store = Webhooks(folder)
        self._feed = feed
        self._allow_private = allow_private
        self._retry_s = retry_days * 86_400
        self._clock = clock
        self._busy: dict[str, asyncio.Task[None]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver in the background until the end of the block."""
        task = asyncio.create_task(self.run(), name="webhooks")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def run(self) -> None:
        """Deliver for ever; wait while another process does."""
        with (self._folder / LOCK).open("w") as lock:
            while not _locked(lock.fileno()):
                await asyncio.sleep(POLL_S)
            limits = httpx.Limits(max_keepalive_connections=0)  # a connection belongs to one name
            async with httpx.AsyncClient(
                timeout=TIMEOUT_S, trust_env=False, follow_redirects=False, limits=limits
            ) as client:
                try:
                    while True:
                        await self._round(client)
                        await asyncio.sleep(POLL_S)
                finally:
                    for task in self._busy.values():
                        task.cancel()
                    await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _round(self, client: httpx.AsyncClient) -> None:
        """Begin to serve those who have something to do, as far as there is room."""
        self._busy = {name: task for name, task in self._busy.items() if not task.done()}
        try:
            waiting = await asyncio.to_thread(
                lambda: self._store.to_serve(self._clock(), self._feed.position())
            )
        except Exception:
            logging.getLogger("collectome").exception("webhooks: the store cannot be read")
            return
        random.shuffle(waiting)  # so that none is always last
        for subscription in waiting:
            if len(self._busy) >= AT_ONCE:
                return
            if subscription.id not in self._busy:
                self._busy[subscription.id] = asyncio.create_task(
                    self._serve(subscription.id, client)
                )

    async def _serve(self, name: str, client: httpx.AsyncClient) -> None:
        try:
            for _ in range(_TAKE_TURNS):
                if not await self.deliver_one(name, client):
                    return
        except (NotFound, Unavailable):
            return  # removed meanwhile; or a view is behind, and the next round asks again
        except Exception:
            logging.getLogger("collectome").exception("webhooks: %s cannot be served", name)

    async def deliver_one(self, name: str, client: httpx.AsyncClient) -> bool:
        """Send the next message of a subscription; whether another may follow at once."""
        subscription = await asyncio.to_thread(self._store.get, name)
        message = await asyncio.to_thread(self._next, subscription)
        if message is None:
            return False
        body = await asyncio.to_thread(self._feed.body, subscription, message)
        answer = await self._send(client, subscription, message, body)
        await asyncio.to_thread(self._settle, subscription, message, answer)
        return answer.taken

    def _next(self, subscription: Subscription) -> Message | None:
        """The message that is due: one that waits, else a new one."""
        now = self._clock()
        if waiting := self._store.waiting(subscription.id):
            return waiting if waiting.due <= now else None
        upto, any_event = self._feed.section(subscription.filters, subscription.cursor)
        if upto <= subscription.cursor:
            return None
        made = None
        if any_event:
            after = subscription.cursor
            name = f"msg_{subscription.id}_{after}_{upto}"
            made = Message(name, subscription.id, after, upto, "pending", now, 0, now, "")
        self._store.advance(subscription, upto, made)
        return made

    async def _send(
        self, client: httpx.AsyncClient, subscription: Subscription, message: Message, body: bytes
    ) -> Answer:
        timestamp = int(self._clock())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "collectome",
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(subscription.secret, message.id, timestamp, body),
        }
        try:
            async with asyncio.timeout(TIMEOUT_S):
                target = await asyncio.to_thread(
                    target_of, subscription.url, allow_private=self._allow_private
                )
                async with client.stream(
                    "POST", target.pinned, content=body, headers=headers | target.headers,
                    extensions=target.extensions,
                ) as response:  # fmt: skip
                    wait_s = asked_to_wait(response.headers.get("retry-after", "")) or 0.0
                    return Answer(response.status_code, f"answered {response.status_code}", wait_s)
        except TimeoutError:
            return Answer(None, f"no answer within {TIMEOUT_S:g} s")
        except (httpx.HTTPError, UnknownHost, UnsafeAddress) as error:
            return Answer(None, str(error) or type(error).__name__)

    def _settle(self, subscription: Subscription, message: Message, answer: Answer) -> None:
        now, store = self._clock(), self._store
        if answer.taken:
            store.delivered(message, answer.said)
        elif answer.status == 410:
            store.buried(message, answer.said, now)
            store.stop(subscription.id, "gone", "The receiver answered 410: it wants no more.")
        elif now - message.made_at < self._retry_s and not self._hopeless(message, answer):
            store.failed(message, answer.said, now, now + _delay(message.attempts, answer.wait_s))
        else:
            store.buried(message, answer.said, now)
            since = subscription.failing_since
            if since is not None and now - since >= self._retry_s:
                note = f"No success for {self._retry_s / 86_400:g} days; the last: {answer.said}."
                store.stop(subscription.id, "disabled", note)

    @staticmethod
    def _hopeless(message: Message, answer: Answer) -> bool:
        return answer.refused and message.attempts + 1 >= REFUSALS


def _delay(attempts: int, asked: float) -> float:
    """Longer after each failure, never the same for all."""
    backoff = min(FIRST_S * FACTOR ** min(attempts, 20), LONGEST_S) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return max(backoff, min(asked, LONGEST_S))


def _locked(file: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
