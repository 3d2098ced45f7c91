"""Live changes: nothing lost, nothing repeated, nobody's slowness at the cost of others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from api.feeds import live
from tests.api.conftest import Browser, Repository
from tests.api.feeding import History, a_history, in_country, the_views


class Listener:
    """One client of a stream: what it was sent, and whether it still takes anything."""

    def __init__(self, app: Any, query: str = "", **headers: str) -> None:
        self.status = 0
        self.text = b""
        self.deaf = False
        self._more = asyncio.Event()
        self._left = asyncio.Event()
        scope = {
            "type": "http", "method": "GET", "path": "/changes/live", "root_path": "",
            "raw_path": b"/changes/live", "scheme": "http", "http_version": "1.1",
            "query_string": query.encode(), "client": ("127.0.0.1", 1), "server": ("test", 80),
            "headers": [(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()],
        }  # fmt: skip
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if self.deaf:
            await asyncio.Event().wait()
        self.status = message.get("status", self.status)
        self.text += message.get("body", b"")
        self._more.set()

    async def until(self, seen: Callable[[], bool]) -> None:
        """Wait for the stream to say something."""
        async with asyncio.timeout(10):
            while not seen():
                self._more.clear()
                await self._more.wait()

    async def hears(self, *positions: int) -> None:
        """Wait until exactly these events were told, in order."""
        await self.until(lambda: len(self.told) >= len(positions))
        assert [one["position"] for one in self.told] == list(positions)

    async def answered(self) -> int:
        """The status, once it is there."""
        await self.until(lambda: self.status > 0)
        return self.status

    async def leave(self) -> None:
        """Close the connection."""
        self._left.set()
        await self.task

    @property
    def told(self) -> list[dict[str, Any]]:
        lines = self.text.decode().splitlines()
        return [orjson.loads(line[6:]) for line in lines if line.startswith("data: ")]

    @property
    def last_id(self) -> str:
        ids = [line for line in self.text.decode().splitlines() if line.startswith("id: ")]
        return ids[-1][4:]


@pytest.fixture
def history(repository: Repository) -> History:
    return a_history(repository)


def test_a_change_is_told_when_it_happens_and_a_resumed_stream_misses_nothing(
    repository: Repository, history: History
) -> None:
    async def story() -> None:
        app = repository.app()
        listener = Listener(app)
        await listener.until(lambda: b"retry" in listener.text)
        repository.revise(history.oak, in_country("Lithuania"))
        await listener.hears(13)
        await listener.leave()
        repository.revise(history.oak, in_country("Poland"))
        repository.revise(history.oak, in_country("Germany"))
        again = Listener(app, "since=0", last_event_id=listener.last_id)
        await again.hears(14, 15)
        await again.leave()

    asyncio.run(story())


def test_a_stream_takes_the_filters_of_changes(repository: Repository, history: History) -> None:
    async def story() -> None:
        app = repository.app(the_views(repository))
        revised = Listener(app, "since=0&what=Revised")
        changed = Listener(app, "since=0&term=dwc:country")
        matching = Listener(app, "since=0&query=q%3DDH-1")
        await revised.hears(6, 7)
        await changed.hears(6)
        await matching.hears(2, 6)
        assert "Hiddenland" not in revised.text.decode()
        for listener in (revised, changed, matching):
            await listener.leave()

    asyncio.run(story())


def test_silence_is_broken_by_heartbeats_that_move_the_cursor(
    repository: Repository, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.05)

    async def story() -> None:
        listener = Listener(repository.app(), "since=0&what=Restored")
        await listener.until(lambda: b"still here" in listener.text)
        assert (listener.told, listener.last_id) == ([], "12")
        await listener.leave()

    asyncio.run(story())


def test_a_client_that_takes_nothing_is_let_go(
    repository: Repository, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PATIENCE_S", 0.05)

    async def story() -> None:
        listener = Listener(repository.app())
        await listener.until(lambda: b"retry" in listener.text)
        listener.deaf = True
        repository.revise(history.oak, in_country("Lithuania"))
        async with asyncio.timeout(10):
            await listener.task

    asyncio.run(story())


def test_more_streams_than_the_setting_are_refused_until_one_leaves(
    repository: Repository, history: History
) -> None:
    async def story() -> None:
        app = repository.app(live_streams=1)
        first = Listener(app)
        await first.until(lambda: b"retry" in first.text)
        second = Listener(app)
        await second.task
        assert second.status == 503
        await first.leave()
        third = Listener(app)
        await third.until(lambda: b"retry" in third.text)
        assert third.status == 200
        await third.leave()

    asyncio.run(story())


def test_one_client_cannot_take_all_streams(repository: Repository, history: History) -> None:
    async def story() -> None:
        app = repository.app(live_streams=4, client_address_header="X-Forwarded-For")
        opened = []
        for address, status in (("192.0.2.1", 200), ("192.0.2.1", 200), ("192.0.2.1", 503),
                                ("192.0.2.2", 200)):  # fmt: skip
            listener = Listener(app, x_forwarded_for=address)
            assert await listener.answered() == status, address
            opened.append(listener)
        await opened[0].leave()
        again = Listener(app, x_forwarded_for="192.0.2.1")
        assert await again.answered() == 200
        for listener in (again, opened[1], opened[3]):
            await listener.leave()

    asyncio.run(story())


def test_streams_end_when_the_server_does(repository: Repository, history: History) -> None:
    async def story() -> None:
        app = repository.app()
        listener = Listener(app)
        await listener.until(lambda: b"retry" in listener.text)
        app.streams.end()
        async with asyncio.timeout(10):
            await listener.task

    asyncio.run(story())


@pytest.mark.parametrize("query", ["since=99", "limit=5", "type=fossil", "colour=red"])
def test_what_cannot_be_asked_is_refused(
    history: History, browse: Callable[..., Browser], query: str
) -> None:
    assert browse().get(f"/changes/live?{query}").status_code == 400


def test_a_last_event_id_that_is_none_is_refused(
    history: History, browse: Callable[..., Browser]
) -> None:
    answer = browse().get("/changes/live", headers={"last-event-id": "yesterday"})
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "Last-Event-ID"
