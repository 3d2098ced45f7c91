"""Commands of minting: pids status, list, retry, request-version, run."""

from __future__ import annotations

from typing import Annotated

import typer

from api.console import (
    HIGHEST,
    DataOption,
    JsonOption,
    PidArgument,
    emit,
    err,
    out,
    settings_for,
    tell,
    told_to_stop,
)
from api.minting import Standing, described, minter, outbox_of, send_again, standing
from api.repository import Repository
from eventstore.naming import named
from fdo.agent import Agent
from fdo.errors import Unavailable
from fdo.identifiers import Pid
from handlers.processes.minting.asking import doi_of
from handlers.processes.minting.asking import request_version as ask_for
from handlers.processes.minting.minter import is_minting
from handlers.processes.minting.wanted import name_of

COMMAND_LINE = Agent("urn:collectome:agent:command-line", "Command line")


def status(data: DataOption = None, json: JsonOption = False) -> None:
    """How many DOIs stand where, what waits, and what DataCite said last."""
    repository = Repository(settings_for(data), must_exist=True)
    now = standing(repository.settings, repository.objects)
    if json:
        emit(now.model_dump())
        return
    out.print(_minting(now), markup=False)
    tell("DOIs at DataCite", ["state", "DOIs"], [[n, c] for n, c in now.dois.items()])
    out.print(
        f"{now.pending} to be sent, {now.failing} of them failed before; {now.dead} dead letters; "
        f"{now.unconfirmed} states to be confirmed; {now.lag} events behind the log"
    )
    if now.trouble:
        until = f", paused until {now.paused_until}" if now.paused_until else ""
        out.print(f"Trouble{until}: {now.trouble}", markup=False)


def _minting(now: Standing) -> str:
    """Whether it is on and running; who runs it may have settings of its own, as the demo has."""
    if now.minting == "on":
        return f"Minting is on, {'' if now.running else 'not '}running: {now.service}"
    if now.running:
        return "A server or `pids run` mints here; DataCite is named to it, not to this command."
    return "Minting is off; " + (
        f"DataCite would be {now.service}." if now.service else "no DataCite is named."
    )


def list_(
    dead: Annotated[bool, typer.Option("--dead", help="Dead letters only.")] = False,
    after: Annotated[str, typer.Option(help="Only behind this DOI.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="DOIs to show.")] = 100,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """DOIs that wait to be sent or were refused, and why."""
    repository = Repository(settings_for(data), must_exist=True)
    with outbox_of(repository.settings) as outbox:
        found = outbox.dead(after, limit, drafts=True) if dead else outbox.waiting(after, limit)
    rows = [described(row) for row in found]
    if json:
        emit([row.model_dump() for row in rows])
        return
    if not rows:
        out.print("No DOI was refused." if dead else "Every DOI is as it should be.")
        return
    tell(
        "DOIs that are not as they should be",
        ["DOI", "wanted", "at DataCite", "tried", "next", "error"],
        [
            [r.doi, r.wanted, r.state, r.attempts, "on retry" if r.dead else r.due, r.error]
            for r in rows
        ],
    )


def retry(
    doi: Annotated[list[str] | None, typer.Argument(help="DOIs; all dead letters if none.")] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Send dead letters again."""
    repository = Repository(settings_for(data), must_exist=True)
    letters = send_again(repository.settings, doi or ())
    if json:
        emit({"letters": letters})
    else:
        out.print(f"{letters} dead letter{'' if letters == 1 else 's'} to be sent again.")


def request_version(
    pid: PidArgument,
    version: Annotated[int, typer.Argument(min=1, max=HIGHEST, help="Number of the version.")],
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Ask for a DOI of one version, so that it can be cited by it."""
    repository = Repository(settings_for(data), must_exist=True)
    name = named(repository.objects, Pid.parse(pid))
    event = ask_for(repository.objects, name, version, COMMAND_LINE)
    doi = name_of(doi_of(repository.objects, name), version)
    with outbox_of(repository.settings) as outbox:
        row = outbox.get(doi)
    state = row.sent if row and row.sent else "none"
    if json:
        emit({"doi": doi, "state": state, "event": event.position})
    else:
        out.print(f"{doi} was asked for by event {event.position}; at DataCite: {state}.")


def run(
    until_idle: Annotated[
        bool, typer.Option("--until-idle", help="End when nothing can be done now.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Mint without a server: send what waits to DataCite, and confirm it in the log."""
    repository = Repository(settings_for(data), must_exist=True)
    process = minter(repository.settings, repository.objects)
    stop = told_to_stop()
    if until_idle:
        process.run_until_idle(stop)
    else:
        if is_minting(repository.data):
            err.print("Another process mints here; this one begins when it ends. Ctrl-C ends it.")
        process.run(stop)
    now = standing(repository.settings, repository.objects)
    if json:
        emit(now.model_dump())
    else:
        out.print(f"{now.pending} DOIs wait, {now.dead} dead letters.")
    if until_idle and now.pending:
        raise Unavailable(
            f"{now.pending} DOIs could not be sent yet ({now.trouble or 'not due yet'}); run this "
            "again later, or let a server do it."
        )
