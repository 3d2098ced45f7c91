"""Native DOIP: messages of segments over TLS, many on one connection (DOIP 2.0, 6).

    async with listening(site): ...      while this runs, if the setting doip_port names a port

A connection that says nothing for a minute is closed, or that says less than a thin line carries;
a large message takes its time. One whose bytes cannot be read as segments is closed after an answer
that says why. How many may be open at once is bounded; one address
has at most half of them, so that it cannot shut out all others.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from api.doip.certificate import tls_context
from api.doip.messages import REQUEST_ID, Blob, Request, Response
from api.doip.operations import Operations, required
from api.doip.paced import Paced
from api.doip.segments import LINE, BrokenFraming, SegmentReader, framed
from api.refusals import TooLarge
from api.site import Site
from fdo.errors import CollectomeError, Unavailable

CONNECTIONS = 100
IDLE_S = 60.0
LEAST = 8 * 1024
"""Bytes a second of who sends a message: 32 MB may take an hour."""
HANDSHAKE_S = 10.0


@asynccontextmanager
async def listening(site: Site) -> AsyncIterator[None]:
    """The server, if the settings ask for it."""
    settings = site.settings
    if not settings.doip_port:
        yield
        return
    server = NativeServer(Operations(site), settings.body_limit_kb * 1024)
    await server.start(settings.doip_host, settings.doip_port, tls_context(settings))
    try:
        yield
    finally:
        await server.stop()


class NativeServer:
    """Answers DOIP on a port of its own."""

    def __init__(
        self,
        operations: Operations,
        limit: int,
        *,
        idle_s: float = IDLE_S,
        least: int = LEAST,
        connections: int = CONNECTIONS,
    ) -> None:
        self._operations, self._limit = operations, limit
        self._idle_s, self._least, self._most = idle_s, least, connections
        self._open: dict[asyncio.Task[None], str] = {}
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, context: ssl.SSLContext) -> int:
        """Listen; the port, which is a free one for 0."""
        try:
            self._server = await asyncio.start_server(
                self._connected, host, port, ssl=context, limit=LINE,
                ssl_handshake_timeout=HANDSHAKE_S,
            )  # fmt: skip
        except OSError as error:
            raise Unavailable(
                f"Native DOIP cannot listen on {host}:{port}: {error.strerror or error}. Name "
                "another doip_port, or 0 for none."
            ) from error
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close all connections and the port."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        address = str((writer.get_extra_info("peername") or ("",))[0])
        try:
            if self._room_for(address):
                self._open[task] = address
                await self._conversation(Paced(reader, self._idle_s, self._least), writer)
        except (TimeoutError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
            pass  # who went away, or says nothing, is let go
        finally:
            self._open.pop(task, None)
            writer.close()
            with suppress(TimeoutError, ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await asyncio.wait_for(writer.wait_closed(), 1.0)

    def _room_for(self, address: str) -> bool:
        theirs = sum(one == address for one in self._open.values())
        return len(self._open) < self._most and theirs < -(-self._most // 2)

    async def _conversation(self, stream: Paced, writer: asyncio.StreamWriter) -> None:
        """One message after the other, until the client has no more or breaks the form."""
        reader = SegmentReader(stream, self._limit, self._beside)
        while True:
            stream.begin()
            try:
                message = await reader.message()
            except (BrokenFraming, TooLarge) as broken:
                await self._send(writer, self._operations.refuse(broken), None)
                return
            if message is None:
                return
            if message:  # an empty one asks nothing
                response, request_id = await asyncio.to_thread(self._performed, message)
                await self._send(writer, response, request_id)

    def _beside(self, first: Any) -> int:
        sender = first.get("authentication") if isinstance(first, Mapping) else None
        return self._operations.beside(sender)

    def _performed(self, message: list[Any]) -> tuple[Response, str | None]:
        try:
            request = _request(message)
        except CollectomeError as refusal:
            return self._operations.refuse(refusal), _request_id(message[0])
        return self._operations.perform(request), request.id

    async def _send(
        self, writer: asyncio.StreamWriter, response: Response, request_id: str | None
    ) -> None:
        for piece in framed(_segments(response, request_id)):
            writer.write(piece)
            await asyncio.wait_for(writer.drain(), self._idle_s)


def _request(message: list[Any]) -> Request:
    first, *more = message
    if not isinstance(first, Mapping):
        raise BrokenFraming("The first segment of a request is a JSON object.")
    attributes = first.get("attributes")
    if not isinstance(attributes, Mapping | None):
        raise BrokenFraming("attributes is a JSON object.")
    if first.get("input") is not None:
        if more:
            raise BrokenFraming("The input is in the first segment or behind it, not in both.")
        more = [first["input"]]
    return Request(
        required("targetId", first.get("targetId")),
        required("operationId", first.get("operationId")),
        attributes or {},
        first.get("authentication"),
        more,
        _request_id(first),
    )


def _request_id(first: Any) -> str | None:
    given = first.get("requestId") if isinstance(first, Mapping) else None
    return None if given is None else str(given)[:REQUEST_ID]


def _segments(response: Response, request_id: str | None) -> list[Any]:
    """The first segment, which takes JSON output in; other output follows it."""
    first, output = response.first(request_id), list(response.output)
    if len(output) == 1 and not isinstance(output[0], Blob):
        return [{**first, "output": output[0]}]
    return [first, *output]
