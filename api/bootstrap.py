"""The composition of the server: settings in, running processes out.

    web process (this one) ── projector (one writer of the projections)
                           └─ query workers (read-only checkpoints, killable)

Nothing else in the program wires things together.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

from api.annotations.batches import batches_router
from api.annotations.running import asking, batches_beside
from api.app import VERSION, Front, create_app
from api.doip.certificate import tls_context
from api.doip.native import listening
from api.exports.routes import Exports, export_router
from api.express import express_http
from api.feeds.webhooks import WebhookFeed
from api.harvests import harvests_router
from api.ingest import ingest_router
from api.ingest_jobs import Jobs
from api.mas.running import dispatching_beside
from api.mas.workers import check, workers_beside
from api.minting import minting_beside
from api.problems import Problems
from api.rates import Clients, Rates
from api.rendering import Renderer
from api.repository import Repository, start_projector
from api.security import Tokens
from api.settings import Settings
from api.sparql.asking import Past
from api.sparql.endpoint import sparql_app
from api.sparql.holds import Holds
from api.sparql.times import Times
from api.views import Views
from eventstore.checkpoints import Checkpoints
from fdo.errors import Unavailable
from handlers.definitions import ensure
from handlers.instants import Instants
from handlers.lease import lease_is_held
from handlers.notary import Notary
from handlers.projections.annotations import Annotations
from handlers.projections.conformance import ConformanceReader
from handlers.projections.holdings import HoldingsReader
from handlers.projections.members import MembersReader
from handlers.projections.search.reader import Search
from handlers.projections.terms import TermsReader
from handlers.projections.vectors import VectorsReader
from handlers.queries.pool import QueryPool
from handlers.webhooks.deliverer import Deliverer


class Supervisor:
    """Keeps a projector running beside the server, and starts it again when it dies."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._stopping = threading.Event()
        self._process = None if lease_is_held(data) else start_projector(data)
        self._thread = threading.Thread(target=self._watch, name="projector", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopping.wait(0.5):
            if self._process is None or self._process.poll() is not None:
                try:
                    if not lease_is_held(self._data):
                        self._process = start_projector(self._data)
                except Exception as wrong:  # whatever it is may pass: too many files, no memory
                    logging.getLogger("collectome").error("projector not started: %s", wrong)
                self._stopping.wait(1.0)

    def stop(self) -> None:
        """End the projector and wait for it."""
        self._stopping.set()
        self._thread.join()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def build(repository: Repository, tokens: Tokens) -> Front:
    """The whole application over one repository; its parts start with the server."""
    settings = repository.settings
    pool = QueryPool(
        repository.graph_folder,
        workers=settings.sparql_workers,
        timeout_s=settings.sparql_timeout_s,
        memory_mb=settings.sparql_memory_mb,
        queue_limit=settings.sparql_queue,
        delivery_s=settings.sparql_delivery_s,
        spool_mb=settings.sparql_spool_mb,
    )
    instants = Instants(settings.data, repository.log, budget_mb=settings.instants_budget_mb)
    times = Times(repository.objects, settings.base)
    rates = Rates(
        time_per_minute=settings.sparql_time_per_minute_s,
        errors_per_minute=settings.sparql_errors_per_minute,
    )
    clients = Clients(rates, tokens, settings.client_address_header)
    holds = Holds(instants, times, lambda: None)
    exports = Exports(settings, repository.objects, times, holds, clients, VERSION)
    sparql = sparql_app(
        pool,
        public_base=settings.base,
        title=settings.title,
        past=Past(times, instants, repository.log, VERSION),
        clients=clients,
        problems=Problems(settings.base, Renderer(settings).problem),
    )
    jobs = Jobs(settings)
    folder = settings.data / "projections"
    views = Views(
        search=Search(folder / "search" / "view.sqlite"),
        annotations=Annotations(folder / "annotations" / "view.sqlite"),
        conformance=ConformanceReader(folder / "conformance" / "view.sqlite"),
        holdings=HoldingsReader(folder / "holdings" / "view.sqlite"),
        members=MembersReader(folder / "members" / "view.sqlite"),
        terms=TermsReader(folder / "terms" / "view.sqlite"),
        vectors=VectorsReader(folder / "vectors" / "view.sqlite"),
        positions=repository.positions,
        troubles=repository.troubles,
    )
    deliverer = Deliverer(
        settings.data,
        WebhookFeed(repository.objects, views, settings.base),
        allow_private=settings.webhooks_allow_private,
        retry_days=settings.webhooks_retry_days,
    )

    checkpoints = Checkpoints(repository.objects.recorder)
    notary = Notary(repository.objects, checkpoints, settings.checkpoint_every_s)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        supervisor = await asyncio.to_thread(Supervisor, settings.data)
        await _first_checkpoint(repository)
        await pool.start()
        jobs.start()
        try:
            async with (
                deliverer.running(),
                notary.running(),
                listening(front.app.state.site),
                minting_beside(settings, repository.objects),
                batches_beside(settings, repository.objects, tokens),
                dispatching_beside(settings, repository.objects),
                workers_beside(settings, repository.objects),
            ):
                yield
        finally:
            jobs.stop()
            await sparql.close()
            await holds.close()
            await pool.close()
            await instants.close()
            await asyncio.to_thread(supervisor.stop)

    front = create_app(
        settings,
        repository.objects,
        views=views,
        tokens=tokens,
        sparql=sparql,
        routers=[
            ingest_router(jobs, settings),
            harvests_router(repository.objects, settings.data / "workspace", jobs),
            batches_router(repository.objects, settings, views, asking(pool)),
            export_router(exports),
        ],
        lifespan=lifespan,
    )
    return front


async def _first_checkpoint(repository: Repository, patience_s: float = 60.0) -> None:
    started = time.monotonic()
    while not (repository.graph_folder / "current").exists():
        if time.monotonic() - started > patience_s:
            raise RuntimeError("The projector published no graph; see its messages above.")
        await asyncio.sleep(0.02)


def free_port(host: str, wanted: int) -> int:
    """The wanted port when it is free (or 0: any), else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Unavailable(f"Nothing can listen on {host}: name an address of this machine with --host.")


def chosen_port(settings: Settings, named: int | None) -> int:
    """The port that was named; without a name, or for 0, one that is free, that of the settings
    where it can be. Unavailable for a named one that is taken."""
    found = free_port(settings.host, settings.port if named is None else named)
    if named and found != named:
        raise Unavailable(
            f"Port {named} on {settings.host} is taken or not ours to use. Name another with "
            "--port, or leave it out and a free one is found."
        )
    return found


def announcement(settings: Settings, first: str | None) -> dict[str, str | None]:
    """What a server that is ready says of itself to a program that started it."""
    native = f"{settings.doip_host}:{settings.doip_port}" if settings.doip_port else None
    return {
        "url": f"{settings.base}/",
        "data": str(settings.data),
        "token": first,  # shown only now
        "doip": native,
    }


def serve(
    settings: Settings, ready: Callable[[Settings, str | None], None] = lambda _s, _t: None
) -> None:
    """Serve one repository until it is told to stop; `ready(settings, first token)` once."""
    check(settings)
    _can_listen(settings)  # before the first token, which is shown only once it is served
    repository = Repository(settings)
    if repository.log.position():  # an empty log may still become a mirror, or take in another one
        ensure(repository.objects)
    tokens = Tokens(settings.data)
    first = tokens.first()
    app = build(repository, tokens)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning" if settings.log_level == "info" else settings.log_level,
        access_log=False,
        server_header=False,
        http=express_http(app.at_once),
        lifespan="on",
        timeout_graceful_shutdown=5,
    )
    server = _Announcing(config, lambda: ready(settings, first), app.streams.end)
    try:
        server.run()
    except SystemExit as end:  # uvicorn's own codes are none of ours: 3 is a paused harvest
        if not server.started:
            raise Unavailable("The server could not start; the lines above say why.") from end
        raise
    finally:
        repository.close()


def _can_listen(settings: Settings) -> None:
    chosen_port(settings, settings.port)
    if settings.doip_port:
        if free_port(settings.doip_host, settings.doip_port) != settings.doip_port:
            raise Unavailable(
                f"Port {settings.doip_port} on {settings.doip_host} is taken or not ours to use; "
                "name another doip_port, or 0 for no native DOIP."
            )
        tls_context(settings)  # refuses a certificate that cannot be used


class _Announcing(uvicorn.Server):
    """A server that says when it listens, and lets endless answers end before it does."""

    def __init__(
        self, config: uvicorn.Config, say: Callable[[], None], end: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._say = say
        self._end = end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce."""
        await super().startup(sockets=sockets)
        if self.started:
            self._say()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would not end of itself, then wait for the rest."""
        self._end()
        await super().shutdown(sockets=sockets)
