"""A repository that speaks DOIP both ways."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from api.doip.certificate import tls_context
from api.doip.native import NativeServer
from api.doip.operations import Operations
from api.views import Views
from eventstore.follower import follow_once
from handlers.projections.search import Search, SearchIndex
from tests.api.conftest import Browser
from tests.api.doip.spoken import Line, over_http


class Native:
    """A native server in a thread with a loop of its own."""

    def __init__(self, site, **options) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        limit = site.settings.body_limit_kb * 1024
        self.server = NativeServer(Operations(site), limit, **options)
        self.port = self._run(self.server.start("127.0.0.1", 0, tls_context(site.settings)))

    def _run(self, doing):
        return asyncio.run_coroutine_threadsafe(doing, self.loop).result(20)

    def stop(self) -> None:
        self._run(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


@pytest.fixture
def app(repository):
    """The application; its search view is filled by `indexed`."""
    views = Views(search=Search(repository.folder / "search.sqlite"))
    return repository.app(views=views, title="Tests")


@pytest.fixture
def indexed(repository) -> Callable[[], None]:
    """Bring the search view up to the log."""

    def follow() -> None:
        index = SearchIndex(repository.folder / "search.sqlite")
        while follow_once(repository.objects.log, [index]):
            pass
        index.close()

    return follow


@pytest.fixture
def browser(app) -> Browser:
    return Browser(app)


@pytest.fixture
def native(app) -> Iterator[Native]:
    running = Native(app.app.state.site, idle_s=2.0, connections=4)
    yield running
    running.stop()


@pytest.fixture
def line(native) -> Iterator[Line]:
    """One open connection."""
    connected = Line(native.port)
    yield connected
    connected.close()


@pytest.fixture(params=["http", "native"])
def ask(request):
    """Ask one question, over either transport."""
    if request.param == "native":
        return request.getfixturevalue("line").ask
    browser = request.getfixturevalue("browser")
    return lambda *what, **more: over_http(browser, *what, **more)


@pytest.fixture
def curator(repository) -> str:
    """The text of a curator's token."""
    return repository.tokens.create("curator", ("curator",))
