"""`/oai`: OAI-PMH 2.0 over HTTP, by GET and by POST of a form (3.1.1)."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response

from api.harvesting.oai.provider import Provider
from api.site import Site

AT_ONCE, PATIENCE_S = 4, 10
"""Answers that are written at the same time, and how long another waits before it is refused."""
MOST = 20
"""Arguments of a request that are read; no verb has more than six."""
FORM = "application/x-www-form-urlencoded"
_SAID: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {"description": "An answer, or a condition that the protocol names",
              "content": {"text/xml": {}}},
        429: {"description": "Busy; Retry-After says when to ask again"},
    },
}  # fmt: skip


def oai_router(site: Site) -> APIRouter:
    """The route /oai."""
    router = APIRouter(tags=["harvesting"])
    provider, room = Provider(site), BoundedSemaphore(AT_ONCE)

    def answered(text: str) -> Response:
        if not room.acquire(timeout=PATIENCE_S):
            return site.problems.answer(
                "too-many-requests",
                f"{AT_ONCE} harvests are being answered; ask again soon.",
                retry_after=PATIENCE_S,
            )
        try:
            body = provider.answer(_arguments(text))
        finally:
            room.release()
        return Response(
            body,
            headers={
                "Content-Type": "text/xml; charset=utf-8",
                "Cache-Control": "no-cache",
                "Access-Control-Allow-Origin": "*",
            },
        )

    @router.get("/oai", **_SAID)
    def get(request: Request) -> Response:
        """Answer a request of OAI-PMH 2.0, whose arguments are the query."""
        return answered(request.url.query)

    @router.post("/oai", **_SAID)
    async def post(request: Request) -> Response:
        """Answer a request of OAI-PMH 2.0 whose arguments are a form."""
        body = await request.body()
        return await run_in_threadpool(answered, body.decode("utf-8", "replace"))

    return router


def _arguments(text: str) -> list[tuple[str, str]]:
    """The arguments in their order; of too many none, which no verb takes."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MOST)
    except ValueError:
        return []
