"""Workers of the services that ship, as the settings ask for them, beside a server.

Which services: those that `workers` names, or with `auto` all that are registered. The processes
are those of `mas work`; what they print goes to the messages of the server, with their name before.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from pydantic import BaseModel, Field

from api.console import err
from api.mas.surroundings import of_a_worker
from api.settings import Settings, variables
from eventstore import mirroring
from eventstore.application import DigitalObjects
from eventstore.envelope import iso
from eventstore.log import Log
from fdo.errors import Refused
from handlers.mas.services import Service, services
from handlers.queueing.keeping import Keeper, kept
from handlers.services import available

AUTO = "auto"


class WorkerShown(BaseModel):
    """A worker that the server keeps."""

    service: str
    state: str = Field(description="waiting, running, restarting, refused.")
    since: str = Field(description="When it came into this state.")
    restarts: int
    said: str = Field(description="Why it does not run, or its last words; for who may know.")


def shown(settings: Settings, *, told: bool) -> list[WorkerShown]:
    """The workers that a server keeps for this folder; `told`: to those who run services. What a
    process prints quotes paths and what it works on."""
    return [
        WorkerShown(
            service=one.service,
            state=one.state,
            since=iso(int(one.since * 1_000_000)),
            restarts=one.restarts,
            said=one.said if told else "",
        )
        for one in kept(settings.data)
    ]


def check(settings: Settings) -> None:
    """Refused where a worker is asked for that cannot be."""
    named = _named(settings)
    there = available(settings.data) if named else []
    if unknown := [name for name in named if name not in there]:
        raise Refused(
            f"No shipped service is called {unknown[0]!r}, as the setting workers says; there are "
            f"{', '.join(there)}, or {AUTO} for all that are registered."
        )


@asynccontextmanager
async def workers_beside(settings: Settings, objects: DigitalObjects) -> AsyncIterator[None]:
    """Keep the workers that the settings ask for, where the log is our own."""
    off = not settings.workers or settings.mas == "off"
    if off or mirroring.origin(objects.recorder) is not None:
        yield
        return
    command = [sys.executable, "-m", "api.cli", "mas", "work"]
    ending = ["--replicas", "0", "--data", str(settings.data.resolve())]
    keeper = Keeper(
        settings.data,
        wanted(settings, objects.log),
        lambda name: [*command, name, *ending],
        lambda name, line: err.print(f"{name}: {line}"),
        of_a_worker(variables(), settings.workers_environment),
    )
    try:
        yield
    finally:
        await asyncio.to_thread(keeper.stop)


def wanted(settings: Settings, log: Log) -> Callable[[], Mapping[str, str]]:
    """What tells which services are to be worked for now, each with why it cannot be (empty: it
    can); the log is read again when something was recorded."""
    known: tuple[int, Mapping[str, str]] = -1, {}

    def look() -> Mapping[str, str]:
        nonlocal known
        position = log.position()
        if position != known[0]:
            standing = {one.name: one for one in services(log) if one.active}
            known = position, _wanted(settings, standing)
        return known[1]

    return look


def _wanted(settings: Settings, standing: Mapping[str, Service]) -> Mapping[str, str]:
    if settings.workers != AUTO:
        return {name: _lacks(name, standing.get(name)) for name in _named(settings)}
    there = available(settings.data)
    return {name: "" for name, one in standing.items() if name in there and not _lacks(name, one)}


def _lacks(name: str, service: Service | None) -> str:
    if service is None:
        return f"It is not registered; `collectome mas enable {name}` does that."
    if service.queue != "nats":
        return f"It is registered to get its jobs by {service.queue}, not by the queue of workers."
    return ""


def _named(settings: Settings) -> list[str]:
    named = "" if settings.workers == AUTO else settings.workers
    return [name for name in named.split(",") if name]
