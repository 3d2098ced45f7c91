"""Dispatch as the settings ask for it, beside a server or for a command.

Nothing is started before the first service is registered; then one process dispatches, and is
started again when it dies. It is told its plan over a pipe, because some of that is secret.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.mas.surroundings import bare
from api.repository import ROOT
from api.settings import Settings, secret_values, variables
from eventstore import mirroring
from eventstore.application import DigitalObjects
from fdo.errors import Refused
from handlers.mas.concealing import conceal
from handlers.mas.dispatch import is_dispatching
from handlers.mas.erased import is_to_be_forgotten
from handlers.mas.plan import Plan
from handlers.mas.results import Results
from handlers.mas.secrets import Secrets
from handlers.mas.services import any_active
from handlers.mas.store import Store

LOOK_S = 0.5


def plan_of(settings: Settings) -> Plan:
    """What the settings ask of dispatch."""
    return Plan(
        folder=settings.data.resolve(),
        base=settings.base,
        prefixes=settings.prefixes,
        durability=settings.durability,
        in_flight=settings.mas_in_flight,
        jobs_per_cause=settings.mas_jobs_per_cause,
        auto_accept=settings.mas_auto_accept,
        rejecting=settings.reject_profiles,
        carriers={
            "nats": {
                "access": nats_access(settings),
                "replicas": settings.nats_replicas,
                "store_mb": settings.nats_store_mb,
            },
            "rabbitmq": {"url": settings.rabbitmq_url.get_secret_value()},
            "http": {"allow_private": settings.mas_allow_private},
        },
        secrets=Secrets(secret_values(settings)),
    )


def nats_access(settings: Settings) -> dict[str, str]:
    """Where the NATS cluster is and what it asks for, as plain values."""
    files = {
        "credentials": settings.nats_credentials,
        "ca": settings.nats_ca,
        "certificate": settings.nats_certificate,
        "key": settings.nats_key,
    }
    return {
        "url": settings.nats_url,
        "user": settings.nats_user,
        "password": settings.nats_password.get_secret_value(),
        **{name: str(file.resolve()) for name, file in files.items() if file is not None},
    }


def results_of(settings: Settings, objects: DigitalObjects) -> Results:
    """What takes answers that come to the web server."""
    return Results(
        objects,
        settings.data,
        base=settings.base,
        auto_accept=settings.mas_auto_accept,
        rejecting=settings.reject_profiles,
    )


def must_dispatch(settings: Settings, objects: DigitalObjects) -> None:
    """Refused where dispatch is switched off, or the log is not our own."""
    if settings.mas == "off":
        raise Refused("Machine annotation is off; set FDO_MAS to on.")
    if (source := mirroring.origin(objects.recorder)) is not None:
        raise Refused(f"This repository is a mirror of {source.source}, whose services work there.")


@asynccontextmanager
async def dispatching_beside(settings: Settings, objects: DigitalObjects) -> AsyncIterator[None]:
    """Dispatch beside a server, where the settings ask for it and the log is our own. A server
    beside which models of others may run is closed to them."""
    if settings.mas == "off" or mirroring.origin(objects.recorder) is not None:
        yield
        return
    conceal()
    watch = _Watch(settings, objects)
    try:
        yield
    finally:
        await asyncio.to_thread(watch.stop)


class _Watch:
    """Keeps one process that dispatches, as soon as there is a service to dispatch for, or
    something was erased of which a service that is gone had said something."""

    def __init__(self, settings: Settings, objects: DigitalObjects) -> None:
        self._settings, self._log = settings, objects.log
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._store, self._looked = Store(settings.data), 0
        self._thread = threading.Thread(target=self._run, name="mas", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_S):
            try:
                self._look()
            except (OSError, sqlite3.Error):
                logging.getLogger("collectome").exception("mas: dispatch cannot be started")
        self._store.close()

    def _look(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        position = self._log.position()
        if self._is_wanted(position) and not is_dispatching(self._settings.data):
            self._start()
        self._looked = position

    def _is_wanted(self, position: int) -> bool:
        """Whether there is something to dispatch, or to forget."""
        if any_active(self._log):
            return True
        return position > self._looked and is_to_be_forgotten(self._log, self._store, self._looked)

    def _start(self) -> None:
        self._process = start(self._settings)
        self._stopping.wait(1.0)  # one that dies at once is not started in a frenzy

    def stop(self) -> None:
        """End the process and wait for it."""
        self._stopping.set()
        self._thread.join()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def start(settings: Settings) -> subprocess.Popen[bytes]:
    """A process that dispatches; it ends with this one, whose end of the pipe closes then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "handlers.mas", str(settings.data.resolve())],
        cwd=ROOT,
        env=bare(variables()),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert process.stdin is not None  # it was asked for
    process.stdin.write(plan_of(settings).told())
    process.stdin.flush()
    return process
