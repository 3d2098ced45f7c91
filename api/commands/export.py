"""The command `export`: the graph, the documents or the log, as /api/export gives them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Annotated

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
    with _whole(output) if output else nullcontext(sys.stdout.buffer) as target:
        for line in _lines(repository, wanted, json):
            count += target.write(line) > 0
    if output and json:
        state = told_of(repository, wanted.instant)
        emit({"format": format.value, "lines": count, "output": str(output), **state})
        return
    if output:
        err.print(f"{many(count, 'line')} written to {output}")
    tell_state(repository, wanted.instant, json, again=wanted.form in PAST)


@contextmanager
def _whole(output: Path) -> Iterator[IO[bytes]]:
    """A file that appears, or takes the place of one, when all of it is there."""
    place = output.resolve()
    if place.exists() and not place.is_file():  # a pipe, a terminal
        with place.open("wb") as pipe:
            yield pipe
        return
    coming = place.with_name(f".{place.name}.{os.getpid()}.part")
    if place.exists():
        place.open("ab").close()  # what may not be written is not replaced either
    target = _opened(coming, instead_of=output)
    try:
        with target:
            yield target
        coming.replace(place)
    finally:
        coming.unlink(missing_ok=True)


def _opened(coming: Path, instead_of: Path) -> IO[bytes]:
    """The file to write; what is wrong is said of the one that was asked for."""
    try:
        return coming.open("wb")
    except OSError as wrong:
        raise OSError(wrong.errno, wrong.strerror, str(instead_of)) from wrong


def _lines(repository: Repository, wanted: Export, json: bool) -> Iterator[bytes]:
    graph = wanted.form is Form.NQUADS
    with state_store(repository, wanted.instant, (), json) if graph else nullcontext() as store:
        yield from lines(repository.log, wanted, store)
