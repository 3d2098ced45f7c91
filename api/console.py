"""What all commands share: how results, progress and errors are told.

Results go to standard output (one JSON document with `--json`), everything else to standard
error. Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 paused, a person must decide.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from api.repository import signing
from api.settings import Settings, read_settings
from fdo.errors import CollectomeError, IdentityPaused, Unavailable

PAUSED = 3
PIPED = 240
"""Columns of a table that goes to a file or a pipe, where folded cells would be torn lines."""

_MACHINE = {"BUSY", "CANTOPEN", "CORRUPT", "FULL", "IOERR", "NOTADB", "PERM", "READONLY"}
"""Faults that SQLite meets in files (sqlite.org/rescode.html); their kinds go behind a `_`."""

_AS_IT_STANDS: Any = {"highlight": False, "soft_wrap": True, "markup": False, "emoji": False}
"""Most of what is told came from elsewhere: brackets in the name of a file are brackets."""

out = Console(**_AS_IT_STANDS, width=None if sys.stdout.isatty() else PIPED)
err = Console(**_AS_IT_STANDS, stderr=True)

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder of the repository (FDO_DATA; ./data).")
]
HIGHEST = 999_999_999
"""The highest version that can be asked for, as in moments (`v999999999`)."""

PidArgument = Annotated[str, typer.Argument(help="A PID, with or without its proxy address.")]
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
    """Print a table; of one without columns the title is all."""
    if not columns:
        out.print(title)
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        numeric = bool(rows) and all(isinstance(row[columns.index(name)], int) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) if cell is not None else "" for cell in row))
    out.print(table)


def honest(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose errors end as one sentence and an exit code, never a traceback.

    So do files and databases that cannot be read or written; a fault of the program keeps its
    traceback. What it wrote to a log is signed behind it, where that is due, in any case.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with signing():
                return command(*args, **kwargs)
        except BrokenPipeError:
            raise  # nobody reads on, as in `… | head`; Python's own way out is the right one
        except CollectomeError as error:
            complain(error, json=bool(kwargs.get("json")))
            raise typer.Exit(PAUSED if isinstance(error, IdentityPaused) else 1) from error
        except OSError as error:
            complain(_of_the_machine(error), json=bool(kwargs.get("json")))
            raise typer.Exit(1) from error
        except Exception as error:
            if (told := _of_a_database(error)) is None:
                raise
            complain(told, json=bool(kwargs.get("json")))
            raise typer.Exit(1) from error

    return run


def complain(error: CollectomeError, *, json: bool) -> None:
    """Tell an error: its kind, and one sentence for whoever must act."""
    kind = type(error).__name__
    if json:
        emit({"error": kind, "message": error.message, **error.details})
    else:
        err.print(f"[bold red]{kind}[/]: {escape(error.message)}", markup=True, emoji=False)


def _of_the_machine(error: OSError) -> CollectomeError:
    named = f"{error.filename}: " if error.filename else ""
    return Unavailable(
        f"{named}{error.strerror or error}. Check that it exists, that you may use it and that "
        "there is room."
    )


def _of_a_database(error: Exception) -> CollectomeError | None:
    """What the machine does not let SQLite do, said by itself or by who passed it on; None for a
    fault of the program, as a table that is not there."""
    for one in (error, error.__cause__):
        name = str(getattr(one, "sqlite_errorname", ""))
        if name.removeprefix("SQLITE_").partition("_")[0] in _MACHINE:
            return Unavailable(
                f"A database of the repository cannot be used: {one}. Check that you may write "
                "there, that there is room and that nothing else holds it; then do this again."
            )
    return None


def told_to_stop() -> threading.Event:
    """Set when the process is asked to end (Ctrl-C, SIGTERM), for work that ends between steps."""
    stop = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: stop.set())
    return stop


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGTERM end what is done within as an error ends it: what was unpacked for it is removed,
    and what it wrote is signed."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():  # only that one hears signals
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """Progress bars on standard error; none when quiet or when nobody watches."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=quiet or not err.is_terminal) as bars:
        yield bars
