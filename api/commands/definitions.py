"""Commands of definitions: list, revise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from api.console import DataOption, JsonOption, PidArgument, emit, out, settings_for, tell
from api.repository import Repository
from fdo.agent import Agent
from fdo.definitions.names import KINDS
from fdo.errors import InvalidDocument
from fdo.identifiers import Pid
from handlers import definitions as handled

COMMAND_LINE = Agent("urn:collectome:agent:command-line", "Command line")


def list_(
    kind: Annotated[str, typer.Option(help=f"Only of one type: {', '.join(KINDS)}.")] = "",
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """The definitions that stand: profiles, types, attributes and operations."""
    if kind and kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}", param_hint="--kind")
    repository = Repository(settings_for(data), must_exist=True)
    rows = [
        {
            "pid": str(event.pid),
            "type": event.type,
            "key": event.document["col:key"],
            "version": event.version,
            "by": event.agent.name,
        }
        for event in handled.standing(repository.objects)
        if event.type == kind or not kind
    ]
    repository.close()
    if json:
        emit(rows)
    else:
        tell("Definitions", ["PID", "type", "key", "version", "by"], [[*r.values()] for r in rows])


def revise(
    pid: PidArgument,
    file: Annotated[Path, typer.Argument(help="The new document, as JSON.", exists=True)],
    version: Annotated[
        int | None, typer.Option(help="The version that you saw; refused where it moved on.")
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Give a definition a new version; records issued from then on are judged by it."""
    repository = Repository(settings_for(data), must_exist=True)
    try:
        event = handled.revise(
            repository.objects, Pid.parse(pid), _read(file), COMMAND_LINE, version
        )
        now = event.version if event else repository.log.head(Pid.parse(pid)).version
    finally:
        repository.close()
    if json:
        emit({"pid": pid, "version": now, "changed": event is not None})
    else:
        out.print(f"{pid} is at version {now}." if event else f"{pid} says this already.")


def _read(file: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(file.read_bytes())
    except ValueError as wrong:
        raise InvalidDocument(f"{file} is not JSON ({wrong}).", [("", str(wrong))]) from wrong
    if not isinstance(found, dict):
        raise InvalidDocument(f"{file} is no JSON object.", [("", "an object was expected")])
    return found
