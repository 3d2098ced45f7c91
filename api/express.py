"""Answers that are there at once, written where their request is read.

    uvicorn.Config(app, http=express_http(app.at_once), access_log=False)

ASGI gives every request a scope, a task and messages to and fro; for an answer that is one short
read of an index away these take as long as the answer. So a GET is first shown to `at_once`: its
headers, once for all requests of a connection that say the same, and then its target. What it gives
is the whole response, made without waiting for anything, or None. With None, and in every case that
is not the plain one (a body, an older HTTP, a connection that ends, a client that reads slowly, a
log of accesses), the request takes the usual road, where the same response is made; this one only
makes it sooner. Of each read of a connection only the first request may go here, so that whoever
sends many in one go waits in line like everybody else.

It stands on parts of uvicorn that are not promised to stay. Where one is missing, every request
takes the usual road.
"""

from __future__ import annotations

import asyncio
import string
from collections.abc import Callable, Sequence
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.sparql.reply import Header, Ready, lines

_PARTS: Final = (
    "config",
    "cycle",
    "expect_100_continue",
    "flow",
    "headers",
    "loop",
    "on_response_complete",
    "parser",
    "server_state",
    "timeout_keep_alive",
    "timeout_keep_alive_task",
    "transport",
)
"""What is used of uvicorn's protocol here, and there before the first request (`url` is not)."""
_STATUS: Final = b"HTTP/1.1 200 OK\r\n"
_OF_A_TARGET: Final = (string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@/?%").encode()
"""RFC 3986 §3.3 and §3.4: what a path and a query are written with. A fragment is no part."""
_OF_A_BODY: Final = frozenset((b"content-length", b"transfer-encoding"))


Ask = Callable[[bytes], Ready | None]
"""Asked with the target of a GET as it was sent (path and query string). Runs in the event loop:
what it does must be short and bounded."""
AtOnce = Callable[[Sequence[Header]], Ask | None]
"""Whom to ask about GETs with these headers, names in lower case; None: nobody."""


def express_http(at_once: AtOnce) -> type[HttpToolsProtocol]:
    """The HTTP of a server whose application has answers that are there at once."""

    class Bound(_Express):
        """HTTP for this application."""

        asked_by = staticmethod(at_once)

    return Bound


class _Express(HttpToolsProtocol):
    """uvicorn's HTTP, with a shorter way for what is there at once."""

    asked_by: AtOnce
    _able = False
    _is_first = False
    _is_between = True
    """Whether the parser stands between two requests."""
    _read = b""
    """What was read last, if a request began with it."""
    _said = b""
    """All after the request line of one that was answered at once."""
    _ask: Ask | None = None
    """Whom to ask about requests that say so; None where none was answered yet."""
    _answered_at = 0.0
    _default: Sequence[Header] | None = None
    _begun = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """See whether the shorter way is open on this connection at all."""
        super().connection_made(transport)
        self._able = (
            all(hasattr(self, part) for part in _PARTS)
            and hasattr(HttpToolsProtocol, "timeout_keep_alive_handler")  # ours stands before it
            and not self.config.access_log
            and not self.config.root_path
            and self.config.limit_concurrency is None
        )

    def data_received(self, data: bytes) -> None:
        """Read on; the first request that begins in what came may be answered at once."""
        self._is_first = self._able
        if self._is_between:
            if self._is_answered_unparsed(data):
                return
            self._read = data
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._is_between = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A request is there, but for its body."""
        if self._is_first:
            self._is_first = False
            if self._is_free() and self._is_plain():
                ask = self._judged(self.headers)
                if ask is not None and self._is_answered(self.url, ask):
                    self._learn(ask)
                    self.on_response_complete()
                    return
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request has ended."""
        super().on_message_complete()
        self._is_between = True

    def timeout_keep_alive_handler(self) -> None:
        """The time is over after which a connection that nobody used is closed; what was answered
        at once since it began counts as use."""
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(
                left, self.timeout_keep_alive_handler
            )
        else:
            super().timeout_keep_alive_handler()

    def _learn(self, ask: Ask) -> None:
        """A client says the same headers with every request; these need no parser again."""
        line, _, said = self._read.partition(b"\r\n")
        whole = said.endswith(b"\r\n\r\n") and said.count(b"\n") == len(self.headers) + 1
        if whole and line == b"GET %b HTTP/1.1" % self.url:
            self._said, self._ask = said, ask

    def _is_answered_unparsed(self, data: bytes) -> bool:
        """One whole request with the headers of one that was answered at once before."""
        ask = self._ask
        line, _, said = data.partition(b"\r\n")
        if ask is None or said != self._said or not self._is_free():
            return False
        method, _, rest = line.partition(b" ")
        target, _, version = rest.partition(b" ")
        if method != b"GET" or version != b"HTTP/1.1":
            return False
        self._is_first = False  # it is asked here
        if not self._is_answered(target, ask):
            return False
        self._answered_at = self.loop.time()
        self.server_state.total_requests += 1
        return True

    def _is_free(self) -> bool:
        """Whether nothing is under way on this connection."""
        cycle = self.cycle
        return (
            (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and not self.transport.is_closing()
        )

    def _is_plain(self) -> bool:
        """Whether what was parsed is a GET of HTTP/1.1 and no more."""
        parser = self.parser
        return (
            parser.get_method() == b"GET"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and _OF_A_BODY.isdisjoint(dict(self.headers))
        )

    def _judged(self, headers: Sequence[Header]) -> Ask | None:
        try:
            return self.asked_by(headers)
        except Exception:
            return None

    def _is_answered(self, target: bytes, ask: Ask) -> bool:
        """Ask, and write what is given."""
        if target.translate(None, _OF_A_TARGET):
            return False
        try:
            ready = ask(target)
        except Exception:
            return False
        if ready is None:
            return False
        self.cycle = _ANSWERED
        self.transport.write(b"".join((self._beginning(), ready.head, b"\r\n", ready.body)))
        return True

    def _beginning(self) -> bytes:
        """The status line and what the server says with every answer, which is new each second."""
        headers = self.server_state.default_headers
        if headers is not self._default:
            self._default, self._begun = headers, _STATUS + lines(headers)
        return self._begun


class _Answered:
    """A request that is answered, as uvicorn looks upon one: it has neither body nor task."""

    response_complete = True
    disconnected = False

    def __init__(self) -> None:
        self.message_event = asyncio.Event()  # set when the connection is lost; nobody waits


_ANSWERED: Final[Any] = _Answered()
