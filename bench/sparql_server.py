"""The endpoint alone in a process, as the benchmark asks it: FOLDER PORT."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import uvicorn

from api.express import express_http
from api.sparql.endpoint import SparqlApp, sparql_app
from api.sparql.reply import Header, Ready
from handlers.queries.pool import QueryPool


def main() -> None:
    """Serve until terminated."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    app = Bare(folder, f"http://127.0.0.1:{port}")
    http = express_http(app.at_once)
    uvicorn.run(app, port=port, http=http, log_level="error", access_log=False)


class Bare:
    """The endpoint and the life of its pool, without the rest of the application."""

    def __init__(self, folder: Path, base: str) -> None:
        self._folder, self._base = folder, base
        self._app: SparqlApp

    def at_once(self, target: bytes, headers: Iterable[Header]) -> Ready | None:
        """What the whole application answers at once."""
        path, _, query_string = target.partition(b"?")
        return self._app.at_once(query_string, headers) if path == b"/sparql" else None

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[SparqlApp]:
        async with QueryPool(self._folder, timeout_s=120) as pool:
            yield sparql_app(pool, public_base=self._base)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass requests on; open and close the pool with the server."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        await receive()
        async with self._open() as self._app:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    main()
