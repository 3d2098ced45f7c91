"""One request to a plain ASGI application, and the sending of its response.

A framework's request and response objects would cost more than a look-up does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, NamedTuple

from api.sparql.request import Wrong

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Header = tuple[bytes, bytes]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_OPEN: Final[tuple[Header, ...]] = (
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Allow, Collectome-Position, Collectome-Recorded-At, Collectome-Release, "
        b"Collectome-Erasures, Content-Location, Link, Memento-Datetime, RateLimit, "
        b"RateLimit-Policy, Retry-After",
    ),
)
"""What a page of another origin may read (Fetch §3.3.3); said to browsers that say Origin, since
all others would only have more to read."""
_WATCH_AFTER: Final = 0.05
"""Seconds after which the client's presence is watched; a look-up is over before."""


class Ready(NamedTuple):
    """A whole response of status 200 that is there without waiting: its headers as they are sent
    (`lines`), Content-Length among them, and its body."""

    head: bytes
    body: bytes


class Reply:
    """One request and the sending of its response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        root = scope.get("root_path", "")
        self.path: str = scope["path"].removeprefix(root) if root else scope["path"]
        self._receive = receive
        self._send = send
        self.begun = False

    def header(self, name: bytes) -> str:
        """A request header, "" where it was not sent; several are joined."""
        values = [value for key, value in self.scope["headers"] if key == name]
        return b", ".join(values).decode("latin-1")

    async def body(self, most: int) -> bytes:
        """The request's body, up to a limit."""
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Wrong(400, "invalid-request", "The client left before its request ended.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > most:
                raise Wrong(413, "query-too-large", f"The body is longer than {most:,} bytes.")
            if not message.get("more_body"):
                return b"".join(parts)

    async def begin(self, status: int, headers: list[Header]) -> None:
        """Status and headers; from now on only an abort can say that something failed."""
        self.begun = True
        if self.header(b"origin"):
            headers = [*headers, *_OPEN]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def more(self, body: bytes, *, last: bool = False) -> None:
        """A piece of the body; waits while the client is slow."""
        await self._send({"type": "http.response.body", "body": body, "more_body": not last})

    async def whole(self, status: int, body: bytes, headers: list[Header]) -> None:
        """A response in one piece."""
        if status != 204:
            headers = [*headers, length_of(body)]
        await self.begin(status, headers)
        await self.more(b"" if self.method == "HEAD" else body, last=True)

    def leaving_client_cancels(self) -> Presence:
        """While inside, a client that disconnects cancels what is done for it."""
        return Presence(self._receive)


def length_of(body: bytes) -> Header:
    """How long the body is, as a header."""
    return b"content-length", b"%d" % len(body)


def lines(headers: Iterable[Header]) -> bytes:
    """Headers as they are sent (RFC 9112 §5); a value never becomes two, ValueError says so."""
    said = [b"%b: %b\r\n" % pair for pair in headers]
    head = b"".join(said)
    if head.count(b"\n") != len(said) or head.count(b"\r") != len(said):
        raise ValueError("a header has the end of a line in it")
    return head


class Presence:
    """Watches, after a moment, whether the client is still there.

    A look-up is answered before the watch begins, so it costs one timer and no task.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task: asyncio.Task[Any] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._left = False

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._timer = loop.call_later(_WATCH_AFTER, self._begin)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        assert self._timer is not None
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._left and kind is not None and issubclass(kind, asyncio.CancelledError):
            assert self._task is not None
            self._task.uncancel()
            return True  # nobody is there to be told
        return False

    def _begin(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._left = True
        assert self._task is not None
        self._task.cancel()
