"""A small repository behind the web application, asked without a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from api.app import create_app
from api.security import Tokens
from api.settings import Settings
from api.views import Views
from eventstore.application import DigitalObjects
from eventstore.envelope import opends_time, to_micros, to_moment
from fdo.agent import Agent
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Merge, Register, Release, Revise, Status, Tombstone, Withhold, stamped
from tests.api.documents import a_stub
from tests.api.eight_events import eight_events, past_of
from tests.handlers.instants.history import History
from tests.handlers.queries.server import Served, served

BASE = "https://repository.example"
CURATOR = Agent("https://orcid.org/0000-0002-1825-0097", "Josiah Carberry", "schema:Person")
START = to_micros(to_moment(0).replace(year=2026, month=3, day=1, hour=12))
DAY = 86_400_000_000


class Repository:
    """A log that tests fill, one event a day from 1 March 2026, 12:00 UTC."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = START - DAY
        self.objects = DigitalObjects(folder, clock=lambda: self.now)
        self.tokens = Tokens(folder)

    def app(self, views: Views | None = None, **settings: Any) -> Any:
        """The application over this log."""
        settings = {"data": self.folder, "public_base": BASE, **settings}
        return create_app(Settings(**settings), self.objects, views=views, tokens=self.tokens)

    def do(self, command: Any, pid: Pid, kind: str = "specimen", **options: Any) -> None:
        """Record one command, a day after the last."""
        self.now += DAY
        self.objects.handle(command, pid=pid, kind=kind, by=CURATOR, **options)

    def register(self, kind: str, draft: Document, status: Status = Status.ACTIVE,
                 **options: Any) -> Pid:  # fmt: skip
        """A new object of this type."""
        pid = self.objects.reserve(kind)
        at = opends_time(to_moment(self.now + DAY))
        self.do(Register(stamped(draft, pid, 1, modified=at), status), pid, kind, **options)
        return pid

    def revise(self, pid: Pid, draft: Document, kind: str = "specimen", **options: Any) -> None:
        """A new version of an object."""
        version = self.objects.log.head(pid).version + 1
        at = opends_time(to_moment(self.now + DAY))
        self.do(Revise(stamped(draft, pid, version, modified=at)), pid, kind, **options)

    def withhold(self, pid: Pid, reason: str) -> None:
        """Make an object PID-only."""
        self.do(Withhold(a_stub(pid, reason)), pid)

    def release(self, pid: Pid, draft: Document) -> None:
        """Make a PID-only object public."""
        version = self.objects.log.head(pid).version + 1
        at = opends_time(to_moment(self.now + DAY))
        self.do(Release(stamped(draft, pid, version, modified=at)), pid)

    def tombstone(self, pid: Pid, reason: str, into: Pid | None = None) -> None:
        """Withdraw an object."""
        by = {"@type": "schema:Person", "schema:name": "Josiah Carberry"}
        at = opends_time(to_moment(self.now + DAY))
        command = Merge(into, reason, by, at) if into else Tombstone(reason, by, at)
        self.do(command, pid)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """An empty repository."""
    made = Repository(tmp_path)
    yield made
    made.objects.close()


class Browser:
    """Asks an application; each call is one request."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send one request, following nothing."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                return await client.request(method, path, **options)

        return anyio.run(ask)

    def get(self, path: str, accept: str | None = None, **options: Any) -> httpx.Response:
        """GET, with an Accept header if one is named."""
        headers = {**options.pop("headers", {})}
        if accept is not None:
            headers["accept"] = accept
        return self.request("GET", path, headers=headers, **options)


@pytest.fixture
def browse(repository: Repository) -> Callable[..., Browser]:
    """A browser for the repository; without options always the same, as a server that runs on."""
    plain = cache(lambda: Browser(repository.app()))
    return lambda **options: Browser(repository.app(**options)) if options else plain()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    told = eight_events(tmp_path_factory.mktemp("time"))
    yield told
    told.close()


@pytest.fixture(scope="module")
def endpoint(history: History) -> Iterator[Served]:
    graph = history.folder / "projections" / "graph"
    with served(graph, past=lambda base: past_of(history, base)) as where:
        yield where


@pytest.fixture
def holding(repository: Repository) -> Iterator[Any]:
    """An empty repository with the views that harvesters ask (`tests.api.holding.Holding`)."""
    from tests.api.holding import Holding  # which is made of what stands here

    made = Holding(repository)
    yield made
    made.close()
