"""The command line, `collectome`: serve, take in, ask, check.

Every command has `--json`; results go to standard output, progress and errors to standard
error. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 paused for a decision.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperCommand
from typer.main import get_command

from api.commands.index import COMMANDS, GROUPS, Entry


class Promised(TyperCommand):
    """A command of the index: its module is imported when it runs or shows its own help."""

    @cached_property
    def loaded(self) -> TyperCommand:
        """The command itself."""
        assert self.callback is not None
        return cast(TyperCommand, self.callback())

    def make_context(self, *given: Any, **more: Any) -> Any:
        """Let the command itself read the rest of the line, and answer for it from there on."""
        return self.loaded.make_context(*given, **more)


def _typer(**options: Any) -> typer.Typer:
    return typer.Typer(
        rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, **options
    )


def _loader(entry: Entry) -> Callable[[], Any]:
    """What imports a command."""

    def load() -> Any:
        from api.console import honest  # needs the settings, which the help does without

        module, _, function = entry.at.partition(".")
        command = getattr(import_module(f"api.commands.{module}"), function)
        alone = _typer()
        alone.command(entry.name)(honest(command))
        return get_command(alone)

    return load


def _program() -> typer.Typer:
    """Every group of the index with its commands; none of these is imported."""
    program = _typer(name="collectome", help=__doc__, no_args_is_help=True)
    groups = {"": program}
    for path, says in GROUPS.items():
        parent, _, name = path.rpartition(" ")
        groups[path] = _typer(help=says, no_args_is_help=True)
        groups[parent].add_typer(groups[path], name=name)
    for path, entries in COMMANDS.items():
        for entry in entries:
            groups[path].command(entry.name, cls=Promised, help=entry.says)(_loader(entry))
    return program


app = _program()


def main() -> None:
    """The entry point of `collectome`."""
    app(prog_name="collectome")


if __name__ == "__main__":
    main()
