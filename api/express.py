"""Answers that are there at once, written where their request is read.

    uvicorn.Config(app, http=express_http(app.at_once), access_log=False)

ASGI gives every request a scope, a task and messages to and fro; for an answer that is one short
read of an index away these take as long as the answer. So a GET is first shown to `at_once`,
which either gives the whole response without waiting for anything, or None. With None, and in
every case that is not the plain one (a body, an older HTTP, a connection that ends, a client that
reads slowly, a log of accesses), the request takes the usual road, where the same response is made;
this one only makes it sooner. Of each read of a connection only the first request may go here,
so that whoever sends many in one go waits in line like everybody else.

It stands on parts of uvicorn that are not promised to stay. Where one is missing, every request
takes the usual road.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.sparql.reply import Header, Ready

_PARTS: Final = (
    "config",
    "cycle",
    "expect_100_continue",
    "flow",
    "headers",
    "on_response_complete",
    "parser",
    "server_state",
    "transport",
)
"""What is used of uvicorn's protocol here, and there before the first request (`url` is not)."""
_STATUS: Final = b"HTTP/1.1 200 OK\r\n"
_OF_A_BODY: Final = frozenset((b"content-length", b"transfer-encoding"))


AtOnce = Callable[[bytes, Sequence[Header]], Ready | None]
"""Asked with the target of a GET as it was sent (path and query string) and its headers, names in
lower case. Runs in the event loop: what it does must be short and bounded."""


def express_http(at_once: AtOnce) -> type[HttpToolsProtocol]:
    """The HTTP of a server whose application has answers that are there at once."""

    class Bound(_Express):
        """HTTP for this application."""

        ask = staticmethod(at_once)

    return Bound


class _Express(HttpToolsProtocol):
    """uvicorn's HTTP, with a shorter way for what is there at once."""

    ask: AtOnce
    _able = False
    _is_first = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """See whether the shorter way is open on this connection at all."""
        super().connection_made(transport)
        self._able = (
            all(hasattr(self, part) for part in _PARTS)
            and not self.config.access_log
            and not self.config.root_path
            and self.config.limit_concurrency is None
        )

    def data_received(self, data: bytes) -> None:
        """Read on; the first request that begins in what came may be answered at once."""
        self._is_first = self._able
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """A request is there, but for its body."""
        if self._is_first:
            self._is_first = False
            if self._is_plain() and self._answered():
                return
        super().on_headers_complete()

    def _is_plain(self) -> bool:
        """Whether nothing is under way or due but an answer to a GET of HTTP/1.1."""
        parser, cycle = self.parser, self.cycle
        return (
            parser.get_method() == b"GET"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and (cycle is None or cycle.response_complete)
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and not any(name in _OF_A_BODY for name, _ in self.headers)
        )

    def _answered(self) -> bool:
        try:
            ready = self.ask(self.url, self.headers)
        except Exception:
            return False
        if ready is None:
            return False
        headers = [*self.server_state.default_headers, *ready.headers]
        head = b"".join([part for name, value in headers for part in (name, b": ", value, b"\r\n")])
        if head.count(b"\n") != len(headers):  # never two headers out of one value
            return False
        self.cycle = _ANSWERED
        self.transport.write(b"".join((_STATUS, head, b"\r\n", ready.body)))
        self.on_response_complete()
        return True


class _Answered:
    """A request that is answered, as uvicorn looks upon one: it has neither body nor task."""

    response_complete = True
    disconnected = False

    def __init__(self) -> None:
        self.message_event = asyncio.Event()  # set when the connection is lost; nobody waits


_ANSWERED: Final[Any] = _Answered()
