"""The web application: objects by PID first, then SPARQL, then everything else.

    app = create_app(settings, objects, views=Views(...), sparql=sparql_app(...))

An ASGI application on one log. Documents by PID are answered before the framework is asked,
because they are what most requests want; see `api.resolver`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from api.problems import Problems
from api.security import Tokens
from api.settings import Settings
from api.views import Views
from eventstore.application import DigitalObjects

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
) -> ASGIApp:
    """The application for one repository.

    `sparql` answers everything under /sparql and /.well-known/void; `routers` are further
    FastAPI routers (ingest); `lifespan` starts and stops what they need. Routes find
    `settings`, `objects`, `views`, `tokens` and `problems` in `request.app.state`.
    """
    app = FastAPI(title=settings.title, version="2026.11.0", lifespan=lifespan)
    app.state.settings = settings
    app.state.objects = objects
    app.state.views = views or Views()
    app.state.tokens = tokens or Tokens(settings.data)
    app.state.problems = Problems(settings.base)
    app.state.problems.install(app)
    for router in routers:
        app.include_router(router)
    del sparql
    return app
