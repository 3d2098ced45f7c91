"""The endpoint behind a real HTTP server in a thread, for clients that are programs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from api.express import Ask, express_http
from api.problems import Problems
from api.rates import Clients
from api.sparql.asking import Past
from api.sparql.endpoint import SparqlApp, Updates, sparql_app
from api.sparql.reply import Header, Ready
from handlers.queries.pool import QueryPool


class Served:
    """Where the endpoint is, and what is behind it."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.endpoint = f"{base}/sparql"
        self.pool: QueryPool
        self.at_once = 0
        """Requests that were answered where they were read."""


@contextlib.contextmanager
def served(
    graph_folder: Path,
    *,
    updates: Updates | None = None,
    base_iri: str | None = None,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    past: Callable[[str], Past] | None = None,
    clients: Clients | None = None,
    problems: Callable[[str], Problems] = Problems,
    **pool: Any,
) -> Iterator[Served]:
    """Serve the endpoint on a free port until the block ends."""
    # The protocol is named so that asyncio turns Nagle off on what it accepts.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(128)
        where = Served(f"http://127.0.0.1:{sock.getsockname()[1]}")

        @contextlib.asynccontextmanager
        async def lifespan() -> AsyncIterator[ASGIApp]:
            async with QueryPool(graph_folder, **pool) as opened:
                where.pool = opened
                then = past(where.base) if past is not None else None
                app = sparql_app(
                    opened,
                    public_base=where.base,
                    updates=updates,
                    base_iri=base_iri,
                    past=then,
                    clients=clients,
                    problems=problems(where.base),
                )
                yield around(app)
                await app.close()
                if then is not None:
                    await then.instants.close()

        living = _Living(lifespan, where)
        config = uvicorn.Config(
            living,
            http=express_http(living.at_once),
            log_level="critical",
            lifespan="on",
            access_log=False,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([sock])), daemon=True)
        thread.start()
        while not server.started:
            threading.Event().wait(0.01)
        try:
            yield where
        finally:
            server.should_exit = True
            thread.join(timeout=20)


class _Living:
    """An application whose parts live as long as the server does."""

    def __init__(self, lifespan: Callable[[], Any], where: Served) -> None:
        self._lifespan = lifespan
        self._where = where
        self._app: ASGIApp | None = None

    def at_once(self, headers: Sequence[Header]) -> Ask | None:
        """Pass on what may be answered at once, and count it."""
        app = self._app
        if not isinstance(app, SparqlApp) or not app.answers_at_once(headers):
            return None

        def ask(target: bytes) -> Ready | None:
            path, _, query_string = target.partition(b"?")
            ready = app.at_once(query_string) if path == b"/sparql" else None
            self._where.at_once += ready is not None
            return ready

        return ask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            assert self._app is not None
            await self._app(scope, receive, send)
            return
        await receive()
        async with self._lifespan() as self._app:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
