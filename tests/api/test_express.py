"""Which requests are answered where they are read, and that clients cannot tell."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from api import express
from api.express import Ask, express_http
from api.sparql.reply import Header, Ready, length_of, lines

PLAIN = b"GET /there?now HTTP/1.1\r\nHost: x\r\n\r\n"


class App:
    """Answers `at once` or, when that is not asked, `as usual`; /slow waits for a sign."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked: list[bytes] = []
        self.heard = 0
        self.more: list[Header] = []

    def at_once(self, headers: Sequence[Header]) -> Ask | None:
        """Whom to ask: nobody where the headers say so."""
        self.heard += 1
        if (b"x", b"fault") in headers:
            raise ValueError("a fault of the shorter way")
        return None if (b"x", b"nobody") in headers else self.ask

    def ask(self, target: bytes) -> Ready | None:
        """What /there is."""
        self.asked.append(target)
        if target.startswith(b"/fault"):
            raise ValueError("a fault of the shorter way")
        if not target.startswith(b"/there"):
            return None
        return Ready(lines([*self.more, length_of(b"at once")]), b"at once")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The usual answer."""
        if scope["path"] == "/slow":
            await self.go_on.wait()
        if scope["path"] == "/go-on":
            self.go_on.set()
        start = {"type": "http.response.start", "status": 200, "headers": [length_of(b"as usual")]}
        await send(start)
        await send({"type": "http.response.body", "body": b"as usual"})


class Running:
    """The server of an app, and a connection to it."""

    def __init__(self, app: App, port: int, server: uvicorn.Server) -> None:
        self.app, self.port, self.server = app, port, server

    def connect(self) -> socket.socket:
        """A new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def roads(self, *pieces: bytes, answers: int = 1, pause: float = 0.0) -> list[str]:
        """Send these pieces on one connection; which way each answer came."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            return [self.body(connection) for _ in range(answers)]

    @staticmethod
    def body(connection: socket.socket) -> str:
        """The body of the next answer, which is at once or as usual."""
        said = b""
        while not said.endswith((b"at once", b"as usual", b"Error", b"received.")):
            piece = connection.recv(1)
            assert piece, said
            said += piece
        return said.rpartition(b"\r\n\r\n")[2].decode()


@contextlib.contextmanager
def running(app: App | None = None, **options: Any) -> Iterator[Running]:
    app = app or App()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            **{
                "http": express_http(app.at_once),
                "access_log": False,
                "lifespan": "off",
                "log_level": "critical",
                **options,
            },
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([sock])), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield Running(app, sock.getsockname()[1], server)
        finally:
            server.should_exit = True
            thread.join(timeout=20)
            assert not thread.is_alive()


@pytest.fixture(scope="module")
def there() -> Iterator[Running]:
    with running() as server:
        yield server


def test_a_plain_get_is_answered_at_once_again_and_again(there: Running) -> None:
    with there.connect() as connection:
        for _ in range(3):
            connection.sendall(PLAIN)
            assert there.body(connection) == "at once"


@pytest.mark.parametrize(
    ("other", "road"),
    [
        (b"GET /there?else HTTP/1.1\r\nHost: x\r\n\r\n", "at once"),
        (b"GET /there HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n", "at once"),
        (b"GET /there HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "as usual"),
        (b"GET /there HTTP/1.1\r\nHost: x\r\n\r\nGET ", "at once"),
        (b"GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n", "as usual"),
        (b"POST /there HTTP/1.1\r\nHost: x\r\n\r\n", "as usual"),
        (b"GET /there HTTP/1.0\r\nHost: x\r\n\r\n", "as usual"),
        (b"GET /there#part HTTP/1.1\r\nHost: x\r\n\r\n", "as usual"),
        (b"GET /the re HTTP/1.1\r\nHost: x\r\n\r\n", "Invalid HTTP request received."),
        (b"GET  /there HTTP/1.1\r\nHost: x\r\n\r\n", "at once"),
        (b"get /there HTTP/1.1\r\nHost: x\r\n\r\n", "Invalid HTTP request received."),
    ],
)
def test_headers_that_are_said_again_change_nothing_in_what_a_request_means(
    there: Running, other: bytes, road: str
) -> None:
    """The first has taught the server what these headers mean; the second may differ."""
    for before in (b"", PLAIN):
        with there.connect() as connection:
            if before:
                connection.sendall(before)
                assert there.body(connection) == "at once"
            connection.sendall(other)
            assert there.body(connection) == road


def test_headers_of_one_connection_mean_nothing_within_another_request(there: Running) -> None:
    """What looks like a request may be the rest of a body, or of a header that came in parts."""
    with there.connect() as connection:
        connection.sendall(PLAIN)
        assert there.body(connection) == "at once"
        head = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(PLAIN)
        connection.sendall(head)
        assert there.body(connection) == "as usual"
        asked = len(there.app.asked)
        connection.sendall(PLAIN)  # the body
        connection.sendall(b"GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n")
        assert there.body(connection) == "as usual"
        assert there.app.asked[asked:] in ([b"/elsewhere"], [])
        connection.sendall(b"GET /elsewhere HTTP/1.1\r\nX: y")
        time.sleep(0.02)
        connection.sendall(PLAIN)
        assert there.body(connection) == "as usual"
        assert b"/there?now" not in there.app.asked[asked:]


def test_what_is_no_whole_request_is_answered_to_nobody(there: Running) -> None:
    line, asked = PLAIN.partition(b"\r\n")[0] + b"\r\n", [*there.app.asked]
    for ending in (b"", b"no headers are these", b"Host: x\r\n"):
        with there.connect() as connection, contextlib.suppress(TimeoutError):
            connection.settimeout(0.2)
            connection.sendall(line + ending)
            assert b"400 Bad Request" in connection.recv(4096)
    assert there.app.asked == asked


def test_a_request_may_come_in_pieces(there: Running) -> None:
    assert there.roads(PLAIN[:9], PLAIN[9:30], PLAIN[30:], pause=0.02) == ["at once"]


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /fault HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /there HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"GET /there HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab",
        b"GET /there HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /there HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /there HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"GET /there HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
        b"GET /there HTTP/1.0\r\n\r\n",
        b"GET http://x/there HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /there#not-sent HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /there HTTP/1.1\r\nHost: x\r\nX: nobody\r\n\r\n",
        b"GET /there HTTP/1.1\r\nHost: x\r\nX: fault\r\n\r\n",
    ],
    ids=lambda request: request.split(b"\r\n")[0].decode() + request[-12:].hex(),
)
def test_everything_else_takes_the_usual_road(there: Running, request_: bytes) -> None:
    assert there.roads(request_) == ["as usual"]


def test_of_many_requests_sent_in_one_go_only_the_first_is_answered_at_once(
    there: Running,
) -> None:
    assert there.roads(PLAIN * 3, answers=3) == ["at once", "as usual", "as usual"]


def test_answers_keep_the_order_of_their_requests(there: Running) -> None:
    there.app.go_on.clear()
    with there.connect() as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.05)
        connection.sendall(PLAIN)
        time.sleep(0.05)
        assert there.roads(b"GET /go-on HTTP/1.1\r\nHost: x\r\n\r\n") == ["as usual"]
        assert [there.body(connection), there.body(connection)] == ["as usual", "as usual"]
        connection.sendall(PLAIN)
        assert there.body(connection) == "at once"


def test_a_connection_that_is_not_used_is_closed_in_time() -> None:
    with running(timeout_keep_alive=0.1) as there, there.connect() as connection:
        connection.sendall(PLAIN)
        there.body(connection)
        assert connection.recv(1) == b""


def test_a_connection_that_is_used_at_once_stays_as_long_as_it_is_used() -> None:
    with running(timeout_keep_alive=0.4) as there, there.connect() as connection:
        for _ in range(8):
            connection.sendall(PLAIN)
            assert there.body(connection) == "at once"
            time.sleep(0.15)
        began = time.monotonic()
        assert connection.recv(1) == b""
        assert time.monotonic() - began < 1


def test_headers_that_are_said_again_are_judged_once() -> None:
    with running() as there, there.connect() as connection:
        for _ in range(5):
            connection.sendall(PLAIN)
            assert there.body(connection) == "at once"
        assert there.app.heard == 1


def test_a_server_that_stops_closes_the_connections_that_were_answered() -> None:
    with running() as there:
        connection = there.connect()
        connection.sendall(PLAIN)
        there.body(connection)
        began = time.monotonic()
    assert connection.recv(1) == b""
    assert time.monotonic() - began < 5
    connection.close()


def test_a_client_that_does_not_read_holds_up_itself_only() -> None:
    with running() as there, there.connect() as idle:
        idle.sendall(PLAIN * 20_000)
        assert there.roads(PLAIN) == ["at once"]


@pytest.mark.parametrize("options", [{"limit_concurrency": 50}, {"root_path": "/under"}])
def test_a_server_with_rules_of_its_own_keeps_them(options: dict[str, Any]) -> None:
    with running(**options) as there:
        assert there.roads(PLAIN) == ["as usual"]
        assert there.app.asked == []


def test_a_server_that_logs_accesses_logs_all(caplog: pytest.LogCaptureFixture) -> None:
    with running(access_log=True, log_config=None, log_level="info") as there:
        assert there.roads(PLAIN) == ["as usual"]
    assert "GET /there?now" in caplog.text


def test_without_a_part_of_the_server_that_is_needed_all_goes_the_usual_road(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(express, "_PARTS", (*express._PARTS, "gone"))
    with running() as there:
        assert there.roads(PLAIN) == ["as usual"]


def test_a_value_never_becomes_two_headers(there: Running) -> None:
    app = App()
    app.more = [(b"x", b"1\r\ny: 2")]
    with running(app) as other:
        assert other.roads(PLAIN) == ["as usual"]
