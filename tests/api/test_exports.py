"""The door of exports: what it refuses, how many it lets in, and what it says of one that fails."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.exports import pace
from api.exports.routes import Exports, export_router
from api.rates import Clients, Rates
from api.settings import Settings
from api.sparql.holds import Holds
from api.sparql.times import Times
from eventstore.application import LOG_FILE
from eventstore.instant import Instant
from fdo.errors import Unavailable
from fdo.lifecycle import Register
from tests.api.conftest import BASE, Browser
from tests.api.test_express import running
from tests.handlers.instants.history import History

ADDRESS = "/api/export"
PLAIN = {"accept-encoding": "identity"}


@pytest.fixture
def door(history: History) -> Any:
    """The application over a small history; two exports at once, of which one is anybody's."""
    for position in (0, history.log.position()):  # a builder would outlive the loop of a request
        with history.instants().hold_now(Instant(position)):
            pass
    return made(history, exports_at_once=2)


def made(history: History, **settings: Any) -> Any:
    chosen = Settings(data=history.folder, public_base=BASE, **settings)
    times = Times(history.objects, BASE)
    holds = Holds(history.instants(patience_s=60.0), times, lambda: None)
    exports = Exports(chosen, history.objects, times, holds, Clients(Rates()), "1.2.3")
    return create_app(chosen, history.objects, routers=[export_router(exports)])


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("?as-of=99", 400, "lies in the future"),
        ("?as-of=v3", 400, "as-of"),
        ("?as-of=2026-13-01", 400, "as-of"),
        ("?observed-at=12", 400, "observed-at"),
        ("?as-of=3&as-of=4", 400, "twice"),
        ("?asof=3", 400, "no parameter 'asof'"),
        ("?format=docx", 406, "application/n-quads"),
        ("?type=specimen", 400, "exported whole"),
        ("?format=documents&type=specimens", 400, "specimen"),
        ("?format=documents&source-system=1", 400, "source-system"),
        ("?format=documents&source-system=20.5000.5072/ZZZ-ZZZ-ZZZ", 404, "No object"),
        ("?format=jsonl&as-of=3", 400, "has no past"),
        ("?format=jsonl", 401, "token"),
    ],
)
def test_what_cannot_be_exported_is_refused(door, query, status, said):
    answer = Browser(door).get(f"{ADDRESS}{query}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_before_the_first_event_there_is_nothing(door):
    for form in ("nquads", "documents", "ntriples"):
        answer = Browser(door).get(f"{ADDRESS}?format={form}&as-of=0")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["collectome-position"] == "0"


def test_a_format_is_chosen_by_accept(door):
    for accept, content in (
        ("*/*", "application/n-quads"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/n-triples, text/html;q=0.5", "application/n-triples"),
    ):
        answer = Browser(door).get(ADDRESS, accept=accept)
        assert answer.headers["content-type"] == content
    assert Browser(door).get(ADDRESS, accept="image/png").status_code == 406


class Slow:
    """A client that takes the beginning of an answer and then nothing, until it is let go."""

    def __init__(self, app: Any, query: str) -> None:
        self.begun, self.released, self.left = (asyncio.Event() for _ in range(3))
        self._scope = {
            "type": "http", "method": "GET", "path": ADDRESS, "raw_path": ADDRESS.encode(),
            "query_string": query.encode(), "headers": [], "root_path": "", "scheme": "http",
            "server": ("repository.example", 80), "client": ("192.0.2.1", 1), "http_version": "1.1",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
        }  # fmt: skip
        self.finished = False
        self.task = asyncio.create_task(app(self._scope, self._receive, self._send))

    async def _receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self.finished = not message.get("more_body")
            self.begun.set()
            await self.released.wait()


async def ask(app: Any, address: str, by: str = "192.0.2.1") -> httpx.Response:
    transport = httpx.ASGITransport(app=app, client=(by, 1))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        return await client.get(address)


def test_one_client_holds_half_of_the_room_until_it_has_taken_what_it_asked_for(door):
    async def scene() -> None:
        slow = Slow(door, "format=documents")
        await slow.begun.wait()
        refused = await ask(door, f"{ADDRESS}?format=documents")
        assert refused.status_code == 503 and refused.headers["retry-after"] == "30"
        assert "at once" in refused.json()["detail"]
        other = await ask(door, f"{ADDRESS}?format=documents", by="192.0.2.2")
        assert other.status_code == 200
        slow.released.set()
        await slow.task
        assert slow.finished
        assert (await ask(door, f"{ADDRESS}?format=documents")).status_code == 200

    asyncio.run(scene())


@pytest.fixture
def heavy(tmp_path: Path) -> Iterator[History]:
    """Specimens whose documents no pipe holds at once."""
    told = History(tmp_path)
    for number in range(1, 9):
        remember(told, number, 400_000)
    yield told
    told.close()


def remember(told: History, number: int, size: int) -> None:
    """A specimen with a long remark, which packs badly."""
    remarks = {"dwc:verbatimLabel": os.urandom(size // 2).hex()}
    told.do(number, Register(told.stamp(number, "Abies alba", 1, **remarks)))


def writer(folder: Path) -> int:
    """The process that writes an export of this folder."""
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if "handlers.exports.writing" in line and str(folder) in line:
                return int(place.name)
    raise AssertionError("no process writes")


def test_an_export_that_breaks_off_is_never_finished(heavy):
    async def scene() -> None:
        slow = Slow(made(heavy), "format=documents")
        await slow.begun.wait()
        os.kill(writer(heavy.folder), signal.SIGKILL)
        slow.released.set()
        with pytest.raises(RuntimeError, match="already started"):
            await slow.task
        assert slow.begun.is_set() and not slow.finished

    asyncio.run(scene())


def test_a_client_that_leaves_ends_the_process_that_wrote_for_it(heavy):
    async def scene() -> None:
        app = made(heavy, exports_at_once=1)
        slow = Slow(app, "format=documents")
        await slow.begun.wait()
        process = writer(heavy.folder)
        slow.left.set()
        await slow.task
        assert not slow.finished
        assert not Path(f"/proc/{process}").exists()
        assert (await ask(app, f"{ADDRESS}?format=documents")).status_code == 200

    asyncio.run(scene())


def test_an_export_that_fails_at_once_is_a_problem_and_not_half_an_answer(heavy):
    damaged = sqlite3.connect(heavy.folder / LOG_FILE)
    damaged.execute("UPDATE events SET bytes=x'28b52ffd'")
    damaged.commit()
    damaged.close()

    async def scene() -> None:
        app = made(heavy)
        for form in ("documents", "ntriples"):  # packed, since this client takes gzip
            answer = await ask(app, f"{ADDRESS}?format={form}")
            assert answer.status_code == 503 and "take it again" in answer.json()["detail"]

    asyncio.run(scene())


def test_a_reader_that_stalls_is_cut_and_its_place_is_anothers(heavy, monkeypatch):
    monkeypatch.setattr(pace, "WINDOW_S", 0.3)
    remember(heavy, 9, 16_000_000)  # more than the kernel holds for a reader
    small = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)]
    address = f"{ADDRESS}?format=documents"
    with running(made(heavy, exports_at_once=1), http="httptools") as server:
        base = f"http://127.0.0.1:{server.port}"
        transport = httpx.HTTPTransport(socket_options=small)
        with (
            httpx.Client(transport=transport, base_url=base, headers=PLAIN) as stalling,
            stalling.stream("GET", address) as answer,
        ):
            pieces = answer.iter_raw()
            assert answer.status_code == 200 and next(pieces)
            assert httpx.get(base + address).status_code == 503
            until = time.monotonic() + 20
            while httpx.get(base + address, headers=PLAIN).status_code == 503:
                assert time.monotonic() < until, "the place was never given to another"
                time.sleep(0.05)
            with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
                for _ in pieces:
                    pass


@pytest.mark.parametrize(("size", "cut"), [(40, True), (4_000, False)])
def test_a_trickle_is_too_slow_and_a_slow_line_is_not(monkeypatch, size, cut):
    monkeypatch.setattr(pace, "WINDOW_S", 0.1)

    async def scene() -> None:
        line = pace.Pace(20_000)
        for _ in range(15):
            await line.taken(asyncio.sleep(0.02), size)

    if cut:
        with pytest.raises(Unavailable, match="less than 20,000 bytes a second"):
            asyncio.run(scene())
    else:
        asyncio.run(scene())


def test_who_waits_for_a_slow_writer_is_not_cut(monkeypatch):
    monkeypatch.setattr(pace, "WINDOW_S", 0.05)

    async def scene() -> None:
        line = pace.Pace(1_000_000)
        for _ in range(4):
            await asyncio.sleep(0.03)  # until there is something to send
            await line.taken(asyncio.sleep(0), 10)

    asyncio.run(scene())
