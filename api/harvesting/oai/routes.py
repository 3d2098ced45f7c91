"""`/oai`: OAI-PMH 2.0 over HTTP, by GET and by POST of a form (3.1.1).

Requests wait outside of the threads in which answers are written, and only so many of them: a
view that is behind, or harvesters that all come at once, take nothing from other routes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from api.harvesting.oai.provider import Moment, Provider
from api.site import Site

AT_ONCE, WAITING = 4, 32
"""Answers that are written at the same time, and requests that wait for that or for the view."""
PATIENCE_S, VIEW_PATIENCE_S = 10.0, 5.0
"""How long a request waits for its turn, and a new list for its view to reach the log."""
MOST = 20
"""Arguments of a request that are read; no verb has more than six."""
_LISTS = ("ListIdentifiers", "ListRecords")
FORM = "application/x-www-form-urlencoded"
_SAID: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {"description": "An answer, or a condition that the protocol names",
              "content": {"text/xml": {}}},
        429: {"description": "Busy; Retry-After says when to ask again"},
        503: {"description": "A list cannot begin yet; Retry-After says when to ask again"},
    },
}  # fmt: skip


class _Full(Exception):
    """More requests wait than may."""


class _Room:
    """Where requests wait for their turn."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._inside = 0

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[None]:
        """Be among those that wait or are answered, or be turned away."""
        if self._inside >= AT_ONCE + WAITING:
            raise _Full
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Be among those that are answered, or give up."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._turns.acquire()
        except TimeoutError:
            raise _Full from None
        try:
            yield
        finally:
            self._turns.release()


def oai_router(site: Site) -> APIRouter:
    """The route /oai."""
    router = APIRouter(tags=["harvesting"])
    provider, room = Provider(site), _Room()

    async def answered(text: str) -> Response:
        pairs, moment = _arguments(text), provider.now()
        try:
            async with room.inside():
                if _begins(pairs):
                    await _reached(provider, moment)
                async with room.turn():
                    body = await run_in_threadpool(provider.answer, pairs, moment)
        except _Full:
            return site.problems.answer(
                "too-many-requests",
                f"{AT_ONCE} harvests are being answered and others wait; ask again soon.",
                retry_after=int(PATIENCE_S),
            )
        return Response(
            body,
            headers={
                "Content-Type": "text/xml; charset=utf-8",
                "Cache-Control": "no-cache",
                "Access-Control-Allow-Origin": "*",
            },
        )

    @router.get("/oai", **_SAID)
    async def get(request: Request) -> Response:
        """Answer a request of OAI-PMH 2.0, whose arguments are the query."""
        return await answered(request.url.query)

    @router.post("/oai", **_SAID)
    async def post(request: Request) -> Response:
        """Answer a request of OAI-PMH 2.0 whose arguments are a form."""
        body = await request.body()
        return await answered(body.decode("utf-8", "replace"))

    return router


async def _reached(provider: Provider, moment: Moment) -> None:
    """Wait a while for the view; whether it has come is judged by the answer."""
    end = time.monotonic() + VIEW_PATIENCE_S
    while not provider.reached(moment) and time.monotonic() < end:
        await asyncio.sleep(0.02)


def _begins(pairs: list[tuple[str, str]]) -> bool:
    """Whether it may be a new list of objects that is asked for."""
    given = dict(pairs)
    return given.get("verb") in _LISTS and "resumptionToken" not in given


def _arguments(text: str) -> list[tuple[str, str]]:
    """The arguments in their order; of too many none, which no verb takes."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST)
    except ValueError:
        return []
