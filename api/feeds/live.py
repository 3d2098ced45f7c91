"""Changes while they happen: Server-Sent Events (HTML, 9.2), one row of /changes an event.

    /changes/live?since=120&type=specimen

The id of an event is its position, so `Last-Event-ID` resumes without loss and without
repetition. A stream reads the log as fast as its client takes it: nothing is kept for slow
clients, and one that takes nothing for `PATIENCE_S` is let go, to come again where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from functools import partial
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.feeds.asking import Asked, asked
from api.feeds.choosing import Choosing
from api.feeds.filters import FILTERS
from api.feeds.reading import read
from api.feeds.rows import row
from api.moments import SINCE, position_before
from api.parameters import text_parameters
from api.rates import client_of
from api.refusals import UnknownParameter
from api.site import Site
from eventstore.log import Log
from fdo.errors import Unavailable

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_S = 15.0
"""A stream that has nothing to say says so this often, with the event it has reached."""
PATIENCE_S = 30.0
"""A client that takes nothing for so long is let go."""
POLL_S = 0.1
"""How often the log is asked for its position, however many streams wait for it."""
_LAG_S = 0.5
_SECTION = 100
_RETRY_MS = 2_000
CONTROL = {
    "since": f"{SINCE} From now on when left out. The header Last-Event-ID goes before it.",
    "documents": "yes: with each version its document, where public.",
}


def live_router(streams: Streams) -> APIRouter:
    """The route /changes/live."""
    router = APIRouter(tags=["feeds"])
    described = {**CONTROL, **FILTERS}

    @router.get(
        "/changes/live",
        response_class=Response,
        responses={200: {"description": "Server-Sent Events", "content": {MEDIA_TYPE: {}}}},
        openapi_extra={"parameters": text_parameters(described)},
    )
    def live(request: Request) -> Response:
        """Every change from now on, or from an event on, while it happens."""
        return streams.open(request)

    return router


class Poller:
    """Wakes everybody who waits for the log to grow; asks the log while somebody waits."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._waiting: dict[asyncio.Event, int] = {}
        """Who waits → the event that it has reached."""
        self._task: asyncio.Task[None] | None = None

    async def wait(self, position: int, patience_s: float) -> None:
        """Come back when the log is beyond `position`, or when patience is at its end."""
        woken = asyncio.Event()
        self._waiting[woken] = position
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll(), name="live-changes")
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), patience_s)
        finally:
            del self._waiting[woken]

    def wake_all(self) -> None:
        """Let nobody wait any longer."""
        for woken in self._waiting:
            woken.set()

    async def _poll(self) -> None:
        while self._waiting:
            position = self._log.position()
            for woken, reached in self._waiting.items():
                if position > reached:
                    woken.set()
            await asyncio.sleep(POLL_S)


class Streams:
    """The open streams of one site."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._log = site.objects.log
        self._choosing = Choosing(site.objects, site.views)
        self._poller = Poller(self._log)
        self._ending = False
        self._open: Counter[str] = Counter()
        """Client → its streams."""

    def open(self, request: Request) -> Response:
        """A stream for this request; Unavailable where there are too many. One client has at
        most half of them (see `api.rates` for who is one)."""
        wanted = self._asked(request)
        settings = self._site.settings
        limit, share = settings.live_streams, (settings.live_streams + 1) // 2
        client = client_of(request.scope, self._site.tokens, settings.client_address_header)
        if self._open.total() >= limit or self._open[client] >= share:
            raise Unavailable(
                f"{limit} streams are all that this server keeps open, and {share} those of one "
                "client; ask /changes now and then, or try again.",
                retry_after=30,
            )
        return LiveStream(lambda: self._events(wanted), partial(self._count, client))

    def end(self) -> None:
        """Let all streams end now, before the server waits for its connections."""
        self._ending = True
        self._poller.wake_all()

    def _count(self, client: str, number: int) -> None:
        self._open[client] += number
        if not self._open[client]:
            del self._open[client]

    def _asked(self, request: Request) -> Asked:
        given = parse_qsl(request.url.query, keep_blank_values=True)
        for name, _ in given:
            if name not in CONTROL and name not in FILTERS:
                known = ", ".join((*CONTROL, *FILTERS))
                raise UnknownParameter(
                    f"There is no parameter {name!r} here; there are {known}.", parameter=name
                )
        resumed = request.headers.get("last-event-id")
        if resumed:
            position_before(resumed, self._site.objects, "Last-Event-ID")
            given = [pair for pair in given if pair[0] != "since"] + [("since", resumed)]
        elif not any(name == "since" and value for name, value in given):
            given = [*given, ("since", str(self._log.position()))]
        return asked(given, self._site.objects)

    async def _events(self, wanted: Asked) -> AsyncGenerator[bytes, None]:
        """The text of the stream, as long as somebody takes it."""
        reached, spoke = wanted.since, time.monotonic()
        yield b"retry: %d\n\n" % _RETRY_MS
        while not self._ending:
            text, upto = await run_in_threadpool(self._section, wanted, reached)
            if text:
                yield text
                spoke = time.monotonic()
            if upto > reached:
                reached = upto
                continue
            if self._log.position() > reached:  # a view that the filter asks lags behind
                await asyncio.sleep(_LAG_S)
            else:
                await self._poller.wait(reached, HEARTBEAT_S)
            if not self._ending and time.monotonic() - spoke >= HEARTBEAT_S:
                yield b"id: %d\n: still here\n\n" % reached
                spoke = time.monotonic()

    def _section(self, wanted: Asked, after: int) -> tuple[bytes, int]:
        """The next events behind `after` as text, and how far the log was looked at."""
        chosen = self._choosing.page(wanted.wanted, after, None, _SECTION)
        base = self._site.base
        told = [
            b"id: %d\ndata: %b\n\n"
            % (
                shown.event.position,
                orjson.dumps(row(shown, base, documents=wanted.documents)),
            )
            for shown in read(self._log, chosen.positions)
            if shown.disclosure != "nothing"
        ]
        return b"".join(told), chosen.upto


class LiveStream(Response):
    """Sends what a stream says until the client goes, or takes nothing for too long."""

    media_type = MEDIA_TYPE

    def __init__(
        self, events: Callable[[], AsyncGenerator[bytes, None]], count: Callable[[int], None]
    ) -> None:
        self._events = events
        self._count = count
        headers = {
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
            "Access-Control-Allow-Origin": "*",
        }
        super().__init__(headers=headers)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the stream; HEAD with its headers alone."""
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b""})
            return
        self._count(1)
        talking = asyncio.create_task(self._talk(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if talking.done():
                talking.result()
        finally:
            self._count(-1)
            for task in (talking, leaving):
                task.cancel()
            await asyncio.gather(talking, leaving, return_exceptions=True)

    async def _talk(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with contextlib.aclosing(self._events()) as events:
            with contextlib.suppress(TimeoutError):
                async for text in events:
                    message = {"type": "http.response.body", "body": text, "more_body": True}
                    await asyncio.wait_for(send(message), PATIENCE_S)
                await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
