"""Is it well? `/health` for probes and people, `/metrics` for Prometheus.

The one health number is the lag of each projection: head of the log minus its position.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import accumulate
from threading import Lock

import orjson
from fastapi import APIRouter, Request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.views import Views
from eventstore.application import DigitalObjects
from handlers.queueing.keeping import kept

ROUTES = ("object", "sparql", "other")
_BUCKETS = (0.0005, 0.002, 0.01, 0.05, 0.2, 1.0, 5.0, 30.0)
"""Seconds."""


class Requests(Collector):
    """How many requests were answered, how, and how long that took.

    Counted in the event loop alone, for each answer, so without the locks that the counters of the
    library take; read by another thread, which may see one request in the count that it does not
    see in the time yet.
    """

    def __init__(self) -> None:
        self._answered: dict[tuple[str, int], int] = {}
        self._within = {route: [0] * (len(_BUCKETS) + 1) for route in ROUTES}
        self._seconds = dict.fromkeys(ROUTES, 0.0)

    def observe(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        key = (route, status)
        self._answered[key] = self._answered.get(key, 0) + 1
        self._within[route][bisect_left(_BUCKETS, seconds)] += 1
        self._seconds[route] += seconds

    def collect(self) -> Iterator[Metric]:
        """The counts by route and status, and the times by route."""
        counts = CounterMetricFamily(
            "collectome_requests", "Requests answered.", labels=("route", "status")
        )
        for (route, status), answered in list(self._answered.items()):
            counts.add_metric((route, str(status)), answered)
        yield counts
        times = HistogramMetricFamily(
            "collectome_request_seconds", "Time to the end of an answer.", labels=("route",)
        )
        bounds = [*map(str, _BUCKETS), "+Inf"]
        for route, within in self._within.items():
            buckets = list(zip(bounds, accumulate(within), strict=True))
            times.add_metric((route,), buckets, self._seconds[route])
        yield times


class Measures:
    """The measures of one server, in a registry of their own."""

    def __init__(self, objects: DigitalObjects, views: Views) -> None:
        self.registry = CollectorRegistry()
        self._requests = Requests()
        self.registry.register(self._requests)
        self.observe = self._requests.observe
        head = Gauge(
            "collectome_log_position", "The newest event of the log.", registry=self.registry
        )
        head.set_function(lambda: float(objects.log.position()))
        self._lag = Gauge(
            "collectome_projection_lag_events",
            "Events that a projection has yet to apply.",
            ("projection",),
            registry=self.registry,
        )
        self._objects = Gauge(
            "collectome_objects",
            "Objects by type and status.",
            ("type", "status"),
            registry=self.registry,
        )
        self._log, self._views = objects.log, views
        self._writing = Lock()

    def text(self) -> bytes:
        """The exposition text; what there is none of any more is left out of it."""
        behind, counts = lag(self._log.position(), self._views), self._log.counts()
        with self._writing:
            self._lag.clear()
            self._objects.clear()
            for name, events in behind.items():
                self._lag.labels(name).set(events)
            for kind, statuses in counts.items():
                for status, count in statuses.items():
                    self._objects.labels(kind, status).set(count)
            text: bytes = generate_latest(self.registry)
        return text


def lag(head: int, views: Views) -> dict[str, int]:
    """Projection → how many positions it is behind the head of the log."""
    positions: Mapping[str, int] = views.positions()
    return {name: max(0, head - position) for name, position in positions.items()}


class Health(BaseModel):
    """How the repository stands."""

    status: str = Field(description="ready: requests are answered.")
    position: int = Field(description="The newest event of the log.")
    recordedAt: str | None = Field(description="When it was recorded.")  # noqa: N815 - JSON name
    lag: dict[str, int] = Field(description="Events that each projection has yet to apply.")
    troubles: dict[str, int] = Field(
        description="Projection → events that it does not hold whole: see `collectome status`."
    )
    workers: dict[str, str] = Field(
        description="Service → state of the worker that the server keeps for it; for more, /mas."
    )


def ops_router(measures: Measures) -> APIRouter:
    """The routes /health and /metrics."""
    router = APIRouter(tags=["operation"])

    @router.get("/health", response_model=Health)
    def health(request: Request) -> Response:
        """Say whether the server is ready, and how far each projection is behind."""
        site = request.app.state.site
        log = site.objects.log
        head = log.position()
        body = Health(
            status="ready",
            position=head,
            recordedAt=log.recorded_at(head),
            lag=lag(head, site.views),
            troubles=dict(site.views.troubles()),
            workers={one.service: one.state for one in kept(site.settings.data)},
        )
        return Response(
            orjson.dumps(body.model_dump()),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus text format"}},
    )
    def metrics() -> Response:
        """Give the measures in the text format of Prometheus."""
        return Response(measures.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router
