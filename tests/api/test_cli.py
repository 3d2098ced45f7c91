"""The index of the commands says what the commands say, and the help waits for none of them."""

from __future__ import annotations

import inspect
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from typer.testing import CliRunner

import api.commands
from api.cli import app
from api.commands.index import COMMANDS, GROUPS, Entry
from tests.scenarios.program import surroundings

ENTRIES = [(path, entry) for path, entries in COMMANDS.items() for entry in entries]
NEEDED_BY_SOME = {"eventsourcing", "fastapi", "httpx", "orjson", "pydantic", "pyoxigraph", "rdflib",
                  "rich", "sqlite3", "uvicorn"}  # fmt: skip
"""Packages that commands need, and the help does not."""


def function(entry: Entry) -> Callable[..., Any]:
    module, _, name = entry.at.partition(".")
    found: Callable[..., Any] = getattr(import_module(f"api.commands.{module}"), name)
    return found


@pytest.mark.parametrize(("path", "entry"), ENTRIES, ids=lambda one: getattr(one, "name", one))
def test_a_command_is_for_what_the_index_says(path: str, entry: Entry) -> None:
    assert (inspect.getdoc(function(entry)) or "").partition("\n")[0] == entry.says
    asked = CliRunner().invoke(app, [*path.split(), entry.name, "--help"])
    assert asked.exit_code == 0, asked.output
    assert " ".join(["Usage: collectome", *path.split(), entry.name]) in asked.output
    assert entry.says in re.sub(r"\s+", " ", asked.output)


def test_every_function_that_takes_a_command_line_is_in_the_index() -> None:
    written = set()
    for module in pkgutil.iter_modules(api.commands.__path__):
        for name, found in vars(import_module(f"api.commands.{module.name}")).items():
            own = inspect.isfunction(found) and found.__module__.endswith(f".{module.name}")
            if own and not name.startswith("_") and "JsonOption" in found.__annotations__.values():
                written.add(f"{module.name}.{name}")
    listed = [entry.at for _, entry in ENTRIES]
    assert len(listed) == len(set(listed))
    assert written == set(listed)


def test_the_help_lists_every_command_and_every_group() -> None:
    for path in COMMANDS:
        told = CliRunner().invoke(app, [*path.split(), "--help"]).output
        names = set(re.findall(r"^  ([a-z-]+) ", told.partition("Commands:\n")[2], re.MULTILINE))
        below = {name for name in GROUPS if name.rpartition(" ")[0] == path}
        assert names == {entry.name for entry in COMMANDS[path]} | {
            name.rpartition(" ")[2] for name in below
        }


def test_the_help_waits_for_no_command() -> None:
    told = (
        "import sys; from typer.testing import CliRunner; from api.cli import app;"
        "[CliRunner().invoke(app, line.split()) for line in ('--help', '')];"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, env=surroundings()
    )
    loaded = set(done.stdout.split())
    assert not NEEDED_BY_SOME & loaded
    ours = {each for each in loaded if each.startswith("api.")}
    assert ours == {"api.cli", "api.commands", "api.commands.index"}


def test_a_mistyped_command_is_told_the_right_one() -> None:
    ended = CliRunner().invoke(app, ["statsu"])
    assert ended.exit_code == 2
    assert "Did you mean 'status'" in ended.output
