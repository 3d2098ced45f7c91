"""Commands of workers: mas work, mas status, mas new."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.mas import as_shown, opened, sums
from api.console import DataOption, JsonOption, emit, err, out, settings_for, tell
from api.mas.running import nats_access
from api.mas.surroundings import of_a_worker
from api.mas.workers import shown
from api.settings import Settings, variables
from fdo.errors import Unavailable
from handlers.mas.concealing import conceal
from handlers.mas.services import Service, services

if TYPE_CHECKING:  # what speaks to the broker is dear to load; few commands do
    from handlers.queueing.connection import Access


def access_of(settings: Settings) -> Access:
    """The broker that the settings name, or the one of the data folder."""
    from handlers.queueing.connection import Access

    return Access.said(settings.data, nats_access(settings))


def work(
    service: Annotated[str, typer.Argument(help="A service that ships, or a folder of your own.")],
    replicas: Annotated[int, typer.Option(min=0, max=64, help="Processes that work at once; 0: "
        "this one alone, which is not started again when a job kills it.")] = 1,
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when the queue is empty.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Work for a machine-annotation service: take its jobs, bring its answers."""
    from handlers.queueing.loading import named
    from handlers.queueing.worker import Worker
    from handlers.services import packages_at_hand

    settings = settings_for(data)
    if replicas == 0:
        embedding = settings.embedding_model, settings.embedding_sha256 or None
        with packages_at_hand():
            found = named(service, settings.data, embedding)
            code = Worker(found, access_of(settings), until_idle=until_idle).run()
    else:
        code = _watched(service, replicas, settings, until_idle)
    if code:
        raise Unavailable(f"A worker of {service} ended with code {code}; it says why above.")
    if json:
        emit({"service": service, "ended": "idle" if until_idle else "told to"})


def _watched(service: str, replicas: int, settings: Settings, until_idle: bool) -> int:
    from handlers.queueing.replicas import Replicas

    command = [sys.executable, "-m", "api.cli", "mas", "work", service, "--replicas", "0"]
    command += ["--data", str(settings.data), *(["--until-idle"] if until_idle else [])]
    environment = of_a_worker(variables(), settings.workers_environment)
    conceal()
    watched = Replicas(command, replicas, environment)
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: watched.stop())
    many = f"{replicas} processes work" if replicas > 1 else "Working"
    err.print(f"{many} for {service}   stop with Ctrl-C")
    return watched.run()


def status(data: DataOption = None, json: JsonOption = False) -> None:
    """Services, who works for them, and how their jobs stand."""
    repository, store = opened(data)
    kept = {one.service: one.model_dump() for one in shown(repository.settings, told=True)}
    standing = [one for one in services(repository.log) if one.active]
    present = _present(repository.settings, standing)
    rows = [
        {
            **as_shown(repository, store, one),
            "workers": present.get(one.topic),
            "kept": kept.pop(one.name, None),
        }
        for one in standing
    ]
    rows += [{"name": name, "workers": None, "jobs": {}, "kept": one} for name, one in kept.items()]
    if json:
        emit(rows)
        return
    tell(
        "Services that work",
        ["name", "workers", "kept by the server", "waiting", "under way", "done", "dead"],
        [[row["name"], _number(row["workers"]), _state(row["kept"]), *sums(row)] for row in rows],
    )


def _number(workers: int | None) -> str:
    return "" if workers is None else str(workers)


def _state(kept: dict[str, Any] | None) -> str:
    if kept is None:
        return ""
    return f"{kept['state']}: {kept['said']}" if kept["said"] else kept["state"]


def _present(settings: Settings, standing: list[Service]) -> dict[str, int]:
    """Topic → workers that are connected; of the topics of which the broker could tell."""
    from handlers.queueing.presence import counted

    topics = [one.topic for one in standing if one.queue == "nats"]
    try:
        return asyncio.run(counted(access_of(settings), topics)) if topics else {}
    except Unavailable:
        return {}


def new(
    name: Annotated[str, typer.Argument(help="Small letters, digits, hyphens: label-reader.")],
    into: Annotated[
        Path, typer.Option("--in", help="Folder in which its folder is made.")
    ] = Path(),
    json: JsonOption = False,
) -> None:
    """Make a service to begin with: a folder that runs, with a test that passes."""
    from handlers.queueing.skeleton import create

    files = create(name, into)
    folder = files[0].parent
    if json:
        emit({"folder": str(folder), "files": [str(file) for file in files]})
        return
    out.print(f"{folder}: {', '.join(file.name for file in files)}")
    out.print(
        f"Next: cd {folder}, run `python -m pytest`, then register it with\n"
        "`collectome mas register registration.json` and let it work with "
        "`collectome mas work .`"
    )
