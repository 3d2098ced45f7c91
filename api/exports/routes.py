"""Exports over HTTP: `/api/export` gives at any instant what `collectome export` writes.

    curl --compressed -OJ 'http://127.0.0.1:8000/api/export?format=documents&as-of=2026-05-01'

The lines are written by a process of their own and handed on as fast as they are taken, so an
export of any size takes the same memory and holds up nobody; a client that takes it too slowly is
let go (`pace`). One that cannot be finished breaks off without the closing chunk (RFC 9112, 8), so
that no client takes it for whole. Without as-of it is of the newest state; the answer says which
one that was and where the same bytes are had again.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from werkzeug.http import parse_accept_header

from api.exports.asking import PARAMETERS, asked
from api.exports.pace import Pace
from api.negotiation import RDF_FORMATS, Format, choose
from api.parameters import text_parameters
from api.rates import Clients
from api.security import require
from api.settings import Settings
from api.sparql.holds import Holds
from api.sparql.reply import Header, Reply
from api.sparql.times import Plan, Times
from api.time.questions import Given
from eventstore.application import DigitalObjects
from eventstore.envelope import iso
from fdo.errors import Unavailable
from handlers.exports import Export, Form
from handlers.exports.running import written
from handlers.instants import Preparing
from handlers.queries.checkpoint import read_current

_JSON_LINES: Final = "application/x-ndjson"
_RDF = {one.name: one for one in RDF_FORMATS}
FORMATS: tuple[Format, ...] = (
    _RDF["nquads"],
    Format("documents", _JSON_LINES, "jsonl", "openDS JSON, one object a line"),
    _RDF["ntriples"],
)
LOG = Format("jsonl", _JSON_LINES, "jsonl", "The log, to be imported")
"""Only by its name: of the two that are JSON Lines, documents are meant by the media type."""
_Pieces = AbstractAsyncContextManager[AsyncGenerator[bytes, None]]
_OPEN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Collectome-Position, Collectome-Recorded-At, "
    "Collectome-Release, Collectome-Erasures, Content-Disposition, Content-Location, ETag",
}


def export_router(door: Exports) -> APIRouter:
    """The route /api/export."""
    router = APIRouter(tags=["time"])
    content: dict[str, Any] = {one.media_type: {} for one in FORMATS}

    @router.get(
        "/api/export",
        response_class=Response,
        responses={200: {"description": "One object, quad or event a line", "content": content}},
        openapi_extra={"parameters": text_parameters(PARAMETERS)},
    )
    def export(request: Request) -> Response:
        """Give the graph, the documents or the log as they were at an instant, in one stream."""
        return door.open(request)

    return router


@dataclass(frozen=True, slots=True)
class Wanted:
    """An export that is asked for: what, in which format, and by whom."""

    export: Export
    format: Format
    packed: bool
    client: str
    erasures: int


class Exports:
    """The exports of one server: understood, counted, and handed on."""

    def __init__(
        self,
        settings: Settings,
        objects: DigitalObjects,
        times: Times,
        holds: Holds,
        clients: Clients,
        release: str,
    ) -> None:
        self._settings, self._objects, self._clients = settings, objects, clients
        self._times, self._holds, self._release = times, holds, release
        self._open: Counter[str] = Counter()

    def open(self, request: Request) -> Response:
        """The answer to a request: headers now, the lines when it is sent."""
        wanted = self._understood(request)
        headers = self._headers(wanted)
        known = [one.strip() for one in request.headers.get("if-none-match", "").split(",")]
        if headers["ETag"] in known:
            return Response(status_code=304, headers=headers)
        pace = Pace(self._settings.exports_least_kb_s * 1_000)
        return _Streamed(headers, lambda: self._pieces(wanted), pace)

    # ── understood ───────────────────────────────────────────────────────────────────────

    def _understood(self, request: Request) -> Wanted:
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        formats = [value for name, value in pairs if name == "format" and value]
        wanted = _format(request.headers.get("accept", ""), formats)
        if not formats:
            pairs = [*((n, v) for n, v in pairs if n != "format"), ("format", wanted.name)]
        export = asked(Given(pairs, PARAMETERS), self._objects, self._newest)
        if export.form is Form.JSONL:
            require("admin")(request, None)
        encodings = parse_accept_header(request.headers.get("accept-encoding", ""))
        client = self._clients.of(request.scope)
        return Wanted(export, wanted, encodings.quality("gzip") > 0, client, self._times.erasures())

    def _newest(self) -> int:
        """The position of the graph as it was last published."""
        newest = read_current(self._settings.data / "projections" / "graph")
        if newest is None:
            raise Unavailable("The graph has not been made yet; ask again.", retry_after=5)
        return newest.position

    # ── said ─────────────────────────────────────────────────────────────────────────────

    def _headers(self, wanted: Wanted) -> dict[str, str]:
        """What the answer says of itself (decision 0029), and how it is known again."""
        instant = wanted.export.instant
        recorded_at = self._objects.log.recorded_at(instant.position) or ""
        said = {
            **_OPEN,
            "Content-Type": wanted.format.content_type.decode(),
            "Content-Disposition": f'attachment; filename="{self._file_name(wanted)}"',
            "Collectome-Position": str(instant.position),
            "Collectome-Recorded-At": recorded_at,
            "Collectome-Release": self._release,
            "Collectome-Erasures": str(wanted.erasures),
            "ETag": self._etag(wanted),
            "Vary": "Accept, Accept-Encoding",
            "Cache-Control": "no-cache",
        }
        if wanted.packed:
            said["Content-Encoding"] = "gzip"
        if wanted.export.form is Form.JSONL:
            return said | {"Cache-Control": "private, no-store"}
        return said | {"Content-Location": self._again(wanted.export)}

    @staticmethod
    def _file_name(wanted: Wanted) -> str:
        position = wanted.export.instant.position
        return f"collectome-{wanted.format.name}-{position}.{wanted.format.extension}"

    def _etag(self, wanted: Wanted) -> str:
        said = (self._objects.log.id, wanted.export, wanted.erasures, self._release)
        digest = hashlib.blake2b(repr(said).encode(), digest_size=12).hexdigest()
        return f'"{digest}{"-gzip" if wanted.packed else ""}"'

    def _again(self, export: Export) -> str:
        """The address at which the same lines are given again."""
        observed = export.instant.observed
        pairs = {
            "format": export.form.value,
            "as-of": str(export.instant.position),
            "observed-at": None if observed is None else iso(observed),
            "type": export.kind,
            "source-system": export.source,
        }
        known = {name: value for name, value in pairs.items() if value is not None}
        return f"{self._settings.base}/api/export?{urlencode(known)}"

    # ── written ──────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def _pieces(self, wanted: Wanted) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        """The bytes of the export, while there is room for it."""
        async with AsyncExitStack() as held:
            held.enter_context(self._counted(wanted.client))
            store = await self._store(wanted, held)
            pieces = written(self._settings.data, wanted.export, store, packed=wanted.packed)
            yield await held.enter_async_context(pieces)

    @contextmanager
    def _counted(self, client: str) -> Iterator[None]:
        """One of the exports that may run; one client has at most half of them."""
        limit = self._settings.exports_at_once
        share = (limit + 1) // 2
        if self._open.total() >= limit or self._open[client] >= share:
            raise Unavailable(
                f"{limit} exports are all that this server writes at once, and {share} those of "
                "one client; ask again when one is done.",
                retry_after=30,
            )
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            self._open += Counter()  # forgets who has none

    async def _store(self, wanted: Wanted, held: AsyncExitStack) -> Path | None:
        """The store of the graph at the instant, held in its place; the time that it takes to
        make it is the client's."""
        if wanted.export.form is not Form.NQUADS:
            return None
        rates, began = self._clients.rates, time.monotonic()
        rates.admit(wanted.client)
        state = self._holds.hold(Plan(wanted.export.instant), wanted.erasures, wanted.client)
        try:
            return (await held.enter_async_context(state)).path
        except Preparing as preparing:
            monitor = f"{self._settings.base}/sparql/preparing/{preparing.key}"
            preparing.details = {**preparing.details, "monitor": monitor}
            raise
        finally:
            rates.charge(wanted.client, time.monotonic() - began)


def _format(accept: str, named: list[str]) -> Format:
    """The format by its name, else by Accept."""
    if LOG.name in named:
        return LOG
    return choose(accept, named[0] if named else None, FORMATS)


class _Streamed(Response):
    """Sends the pieces of an export until they end, or the client goes or is too slow."""

    def __init__(self, headers: dict[str, str], pieces: Callable[[], _Pieces], pace: Pace) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._pieces, self._pace = pieces, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the export; HEAD with its headers alone."""
        reply = Reply(scope, receive, send)
        headers: list[Header] = self.raw_headers
        if reply.method == "HEAD":
            await reply.begin(200, headers)
            await reply.more(b"", last=True)
            return
        with reply.leaving_client_cancels():
            async with self._pieces() as pieces, aclosing(pieces):
                async for piece in pieces:
                    if not reply.begun:  # not before: what fails at once is told by its status
                        await reply.begin(200, headers)
                    await self._pace.taken(reply.more(piece), len(piece))
            if not reply.begun:
                await reply.begin(200, headers)
            await reply.more(b"", last=True)
