"""What all commands share: how results, progress and errors are told.

Results go to standard output (one JSON document with `--json`), everything else to standard
error. Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 paused, a person must decide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import orjson
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from api.settings import Settings, read_settings
from fdo.errors import CollectomeError, IdentityPaused

PAUSED = 3

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of the repository (FDO_DATA; ./data).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

P = ParamSpec("P")
R = TypeVar("R")


def settings_for(data: Path | None = None, **given: Any) -> Settings:
    """The settings with what the command line gave."""
    return read_settings(data=data, **given)


def emit(value: Any) -> None:
    """Print one JSON document on one line."""
    typer.echo(orjson.dumps(value, default=str).decode())


def tell(title: str, columns: list[str], rows: list[list[Any]]) -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        numeric = bool(rows) and all(isinstance(row[columns.index(name)], int) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) if cell is not None else "" for cell in row))
    out.print(table)


def honest(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose domain errors end as one sentence and an exit code, never a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except CollectomeError as error:
            if kwargs.get("json"):
                kind = type(error).__name__
                emit({"error": kind, "message": error.message, **error.details})
            else:
                err.print(f"[bold red]{type(error).__name__}[/]: {error.message}", markup=True)
            raise typer.Exit(PAUSED if isinstance(error, IdentityPaused) else 1) from error

    return run


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """Progress bars on standard error; none when quiet or when nobody watches."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bars:
        yield bars
