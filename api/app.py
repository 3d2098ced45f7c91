"""The web application: objects by PID first, then SPARQL, then everything else.

    app = create_app(settings, objects, views=Views(...), sparql=sparql_app(...))

An ASGI application on one log. Documents by PID are answered before the framework is asked,
because they are what most requests want; see `api.objects.resolver`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import openapi
from api.annotations import batch_pages, batches
from api.annotations.agents import agents_router
from api.annotations.corrections import corrections_router
from api.annotations.decisions import decisions_router
from api.annotations.protocol import protocol_router, takes
from api.annotations.queries import annotation_queries_router
from api.annotations.rating import rating_router
from api.annotations.review import review_router
from api.definitions import definitions_router
from api.doip.http import doip_router
from api.express import Ask
from api.feeds.asyncapi import asyncapi_router
from api.feeds.atom import atom_router
from api.feeds.changes import changes_router
from api.feeds.events import events_router
from api.feeds.iiif import iiif_router
from api.feeds.ldes import ldes_router
from api.feeds.live import Streams, live_router
from api.feeds.webhooks import webhooks_router
from api.handles import handles_router
from api.harvesting.catalogue import catalogue_router
from api.harvesting.oai.routes import oai_router
from api.harvesting.sitemaps import sitemaps_router
from api.mas.routers import mas_routers
from api.media.routes import media_files, media_router
from api.media.similar import UPLOAD_MB, similar_router
from api.objects.exchange import PATH
from api.objects.lifecycle import lifecycle_router
from api.objects.names import Names
from api.objects.resolver import Resolver
from api.objects.timegate import timegate_router
from api.ops import Measures, ops_router
from api.pages import pages_router
from api.pids import pids_router
from api.problems import Problems
from api.proofs import proofs_router
from api.quality import quality_router
from api.queries import queries_router
from api.refusals import TooLarge
from api.rendering import Renderer
from api.search import search_router
from api.security import SECURITY_HEADERS, Tokens
from api.sessions import Sessions, sessions_router
from api.settings import Settings
from api.site import Site
from api.sparql.endpoint import SparqlApp
from api.sparql.reply import Header, Ready, lines
from api.states import states_router
from api.statistics import statistics_router
from api.time.routes import time_router
from api.unapi import unapi_router
from api.views import Views
from api.vocabulary_pages import vocabulary_router
from eventstore.application import DigitalObjects
from handlers.bridges.reading import MOST_BYTES

VERSION = "2026.11.0"
STATIC = Path(__file__).parent / "static"
_SECURITY_LINES = lines(SECURITY_HEADERS)

Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings,
    objects: DigitalObjects,
    *,
    views: Views | None = None,
    tokens: Tokens | None = None,
    sparql: ASGIApp | None = None,
    routers: Sequence[APIRouter] = (),
    lifespan: Lifespan | None = None,
) -> Front:
    """The application for one repository.

    `sparql` answers under /sparql and /.well-known/void; `routers` are further FastAPI routers;
    `lifespan` starts and stops what they need. Routes find `settings`, `objects`, `views`,
    `tokens` and `problems` in `request.app.state`.
    """
    views = views or Views()
    tokens = tokens or Tokens(settings.data)
    renderer = Renderer(settings, Names(objects.log))
    site = Site(
        settings, objects, views, tokens, Problems(settings.base, renderer.problem), renderer,
        Measures(objects, views), Sessions(tokens), media_files(settings, objects),
    )  # fmt: skip
    app = FastAPI(
        title=settings.title, version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None
    )
    for name in ("settings", "objects", "views", "tokens", "problems"):
        setattr(app.state, name, getattr(site, name))
    app.state.site = site
    site.problems.install(app)
    openapi.install(app)
    streams = Streams(site)
    for router in (*routers, live_router(streams), *_routers(site)):
        # As they are: FastAPI would analyse each route of an included router a second time.
        app.router.routes.extend(_with_head(router).routes)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return Front(site, app, sparql, streams)


def _with_head(router: APIRouter) -> APIRouter:
    """HEAD wherever there is GET (RFC 9110, 9.1); the server leaves the body away."""
    routes = [(one, one.methods or ()) for one in router.routes if isinstance(one, APIRoute)]
    there = {route.path for route, methods in routes if "HEAD" in methods}
    for route, methods in routes:
        if "GET" in methods and route.path not in there:
            twin = copy(route)  # made as a route of its own it would be analysed again
            twin.methods, twin.include_in_schema = {"HEAD"}, False
            router.routes.append(twin)
    return router


def _routers(site: Site) -> Sequence[APIRouter]:
    return (
        ops_router(site.measures),
        changes_router(site),
        asyncapi_router(site, VERSION),
        atom_router(site),
        iiif_router(site),
        webhooks_router(site.objects, site.settings),
        events_router(site),
        ldes_router(site),
        timegate_router(site),
        catalogue_router(site),
        oai_router(site),
        sitemaps_router(site),
        search_router(site),
        statistics_router(site),
        pids_router(site),
        quality_router(site),
        lifecycle_router(site),
        media_router(site),
        similar_router(site),
        queries_router(site),
        states_router(site),
        time_router(site),
        unapi_router(site),
        vocabulary_router(site.renderer, site.base),
        definitions_router(site),
        agents_router(site),
        batch_pages.batch_pages_router(site),
        corrections_router(site),
        handles_router(site),
        proofs_router(site),
        sessions_router(site),
        annotation_queries_router(site),
        protocol_router(site),
        decisions_router(site),
        rating_router(site),
        review_router(site),
        doip_router(site),
        *mas_routers(site),
        pages_router(site),
    )


class Front:
    """The first to see a request: sends it on, measures it, and guards what goes in and out."""

    def __init__(self, site: Site, app: FastAPI, sparql: ASGIApp | None, streams: Streams) -> None:
        self.app = app
        self.streams = streams
        self._site = site
        self._sparql = sparql
        self._resolver = Resolver(site)

    def at_once(self, headers: Sequence[Header]) -> Ask | None:
        """Whom to ask about GETs with these headers (see `api.express`): a look-up of SPARQL is
        answered without waiting. It is the response that `__call__` gives, headers and all."""
        sparql = self._sparql
        if not isinstance(sparql, SparqlApp) or not sparql.answers_at_once(headers):
            return None
        return partial(self._looked_up, sparql)

    def _looked_up(self, sparql: SparqlApp, target: bytes) -> Ready | None:
        path, _, query_string = target.partition(b"?")
        if path != b"/sparql":
            return None
        started = time.perf_counter()
        ready = sparql.at_once(query_string)
        if ready is None:
            return None
        self._site.measures.observe("sparql", 200, time.perf_counter() - started)
        return Ready(ready.head + _SECURITY_LINES, ready.body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        path: str = scope["path"]
        found = PATH.match(path)
        if found is not None and takes(scope, found, self._site.objects.log):
            found, scope = None, {**scope, "path": f"/api/annotations{path}"}
        if found is not None:
            route, status = "object", await self._resolver(scope, receive, send, found)
        else:
            route = "sparql" if self._sparql is not None and _is_sparql(path) else "other"
            target = self._sparql if route == "sparql" and self._sparql is not None else self.app
            status = await self._guarded(target, scope, receive, send)
        self._site.measures.observe(route, status, time.perf_counter() - started)

    async def _guarded(self, target: ASGIApp, scope: Scope, receive: Receive, send: Send) -> int:
        """Pass a request on, with a limit on its body and headers that keep pages harmless."""
        status = 0
        limit = self._limit(scope["path"])
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise _too_large(limit)
            return message

        async def safe(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_security(message["headers"])
            await send(message)

        if _announced(scope) > limit:
            response = self._site.problems.of(_too_large(limit))
            await response(scope, receive, safe)
            return status
        try:
            await target(scope, counted, safe)
        except Exception as fault:
            if status:  # answered, in whole or in part
                raise
            response = self._site.problems.of(fault, _accept(scope))
            await response(scope, receive, safe)
        return status

    def _limit(self, path: str) -> int:
        settings = self._site.settings
        if path == "/api/ingest":
            return settings.ingest_upload_mb * 1024 * 1024
        if path == "/api/agents/annotations":
            return settings.agent_batch_mb * 1024 * 1024
        if path in (batches.PREFIX, batch_pages.PREFIX):
            return batches.TABLE_LIMIT
        if path.startswith("/api/mas/jobs/"):
            return MOST_BYTES
        if path == "/similar":
            return (UPLOAD_MB + 1) * 1024 * 1024
        if path == "/doip" or path.startswith("/doip/"):
            return sys.maxsize  # it counts for itself, and answers in its own form
        return settings.body_limit_kb * 1024


def _with_security(headers: Sequence[Header]) -> list[Header]:
    there = {name for name, _ in headers}
    return [*headers, *(pair for pair in SECURITY_HEADERS if pair[0] not in there)]


def _is_sparql(path: str) -> bool:
    return path == "/sparql" or path.startswith("/sparql/") or path == "/.well-known/void"


def _accept(scope: Scope) -> str:
    found: bytes = dict(scope["headers"]).get(b"accept", b"")
    return found.decode("latin-1")


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than the {limit:,} bytes that are taken here.")
