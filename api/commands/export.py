"""The command `export`: the graph, the documents or the log, as /api/export gives them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from api.commands.instants import (
    AsOfOption,
    ObservedOption,
    state_store,
    tell_state,
    told_of,
)
from api.console import DataOption, JsonOption, emit, err, settings_for
from api.exports.asking import PARAMETERS, SOURCE, asked
from api.repository import Repository
from api.time.questions import Given
from fdo.wording import many
from handlers.exports import PAST, Export, Form, lines


def export(
    format: Annotated[Form, typer.Option(help=PARAMETERS["format"])] = Form.NQUADS,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file.")] = None,
    as_of: AsOfOption = None,
    observed_at: ObservedOption = None,
    type: Annotated[str | None, typer.Option(help=PARAMETERS["type"])] = None,
    source_system: Annotated[str | None, typer.Option(help=PARAMETERS[SOURCE])] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Write the graph, the documents of active objects or the log, which can be imported again.
    All but the log also as they were at an event or a moment."""
    repository = Repository(settings_for(data), must_exist=True)
    pairs = {
        "format": format.value, "as-of": as_of, "observed-at": observed_at, "type": type,
        SOURCE: source_system,
    }  # fmt: skip
    given = Given(((name, value) for name, value in pairs.items() if value), PARAMETERS)
    wanted = asked(given, repository.objects, lambda: repository.checkpoint()[1])
    count = 0
    target = output.open("wb") if output else sys.stdout.buffer  # what is refused empties no file
    try:
        for line in _lines(repository, wanted, json):
            count += target.write(line) > 0
    finally:
        if output:
            target.close()
    if output and json:
        state = told_of(repository, wanted.instant)
        emit({"format": format.value, "lines": count, "output": str(output), **state})
        return
    if output:
        err.print(f"{many(count, 'line')} written to {output}")
    tell_state(repository, wanted.instant, json, again=wanted.form in PAST)


def _lines(repository: Repository, wanted: Export, json: bool) -> Iterator[bytes]:
    graph = wanted.form is Form.NQUADS
    with state_store(repository, wanted.instant, (), json) if graph else nullcontext() as store:
        yield from lines(repository.log, wanted, store)
