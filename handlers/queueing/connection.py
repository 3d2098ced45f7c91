"""Connections to the broker, and the thread on which they live.

nats-py is asynchronous and this program's handlers are not, so the dispatcher runs its connection
on an event loop of its own thread (`Loop`). A connection that breaks is not mended by the client
library: whoever works with it begins anew (`Access.connect`), since the embedded broker may come
back on another port, and since what was on its way is best asked again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import nats
from nats.aio.client import Client

from fdo.errors import Unavailable
from handlers.queueing.broker import standing
from handlers.queueing.credentials import Files

CONNECT_S = 2.0
PING_S = 5.0
"""A broker that does not answer three pings in a row counts as gone."""

ROUNDS = 4
ROUND_S = 1.0
"""A task that ends may begin another one (the client closes a connection in several)."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """Where the broker is, and what it wants to hear."""

    data: Path
    """Folder of the repository; its embedded broker is taken where no address is named."""
    url: str = ""
    """Addresses of a cluster, with commas; empty: the embedded broker."""
    user: str = ""
    password: str = field(default="", repr=False)
    """Of the user, or a token where no user is named."""
    files: Files = field(default_factory=Files)
    """Credentials and certificates, where the cluster asks for them."""

    @classmethod
    def said(cls, data: Path, choices: Mapping[str, str]) -> Access:
        """As plain values say it: url, user, password, and the names of files."""
        names = ("credentials", "ca", "certificate", "key")
        files = {name: Path(choices[name]) for name in names if choices.get(name)}
        said = choices.get
        return cls(data, said("url", ""), said("user", ""), said("password", ""), Files(**files))

    async def connect(self, name: str, closed: asyncio.Event) -> Client:
        """A connection; `closed` is set when it breaks. Unavailable when there is none."""

        async def on_close() -> None:
            closed.set()

        async def on_error(_: Exception) -> None:
            """Whoever waits for an answer hears of it there."""

        given: dict[str, Any]
        if self.url:
            servers = self.url.split(",")
            given = (
                {"user": self.user, "password": self.password}
                if self.user
                else {"token": self.password or None}
            ) | self.files.options()
        elif (now := standing(self.data)) is not None:
            servers, given = [now.url], {"token": now.token}
        else:
            raise Unavailable(
                f"No broker runs for {self.data}: start the server, or `collectome mas run`."
            )
        try:
            return await nats.connect(
                servers,
                name=name,
                allow_reconnect=False,
                connect_timeout=int(CONNECT_S),
                max_reconnect_attempts=1,  # of each server, also at first
                reconnect_time_wait=0,
                ping_interval=int(PING_S),
                max_outstanding_pings=3,
                error_cb=on_error,
                closed_cb=on_close,
                pending_size=64 * 1024 * 1024,
                **given,
            )
        except (TimeoutError, OSError, nats.errors.Error) as error:
            raise Unavailable(
                f"The broker at {', '.join(servers)} cannot be reached: {error or 'no answer'}."
            ) from error


async def while_open(closed: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """What the work gives; ConnectionError as soon as the connection is lost, since the client
    library lets those wait who wait for an answer then."""
    asked, gone = asyncio.ensure_future(work), asyncio.ensure_future(closed.wait())
    try:
        await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            return asked.result()
        raise ConnectionError("the connection to the broker was lost")
    finally:
        asked.cancel()
        gone.cancel()


class Loop:
    """An event loop on a thread of its own."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start something there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def ask(self, work: Coroutine[Any, Any, T], patience_s: float) -> T:
        """Do something there and wait for it; Unavailable when it takes too long."""
        begun = self.begin(work)
        try:
            return begun.result(patience_s)
        except TimeoutError as error:
            begun.cancel()
            raise Unavailable(f"The broker did not answer within {patience_s:g} s.") from error

    def close(self) -> None:
        """Cancel what runs and end the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(_end_others())
            self._loop.close()


async def _end_others() -> None:
    """Cancel all other tasks, and those that they begin while they end; none is waited for long."""
    for _ in range(ROUNDS):
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if not left:
            return
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=ROUND_S)
