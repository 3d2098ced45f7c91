"""Commands on one data folder, typed in this process: as fast as they are without a start."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from api.cli import app


def typed(line: Sequence[object], **settings: Any) -> Result:
    """Run one command here, under these settings and none of whoever runs the tests.

    It must end by itself, never with a traceback; signals mean after it what they meant before.
    """
    theirs = {name: None for name in os.environ if name.startswith("FDO_")}
    ours = {f"FDO_{name.upper()}": str(value) for name, value in settings.items()}
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    result = CliRunner(env={**theirs, **ours}).invoke(app, [*map(str, line)])
    for each, handler in before.items():
        signal.signal(each, handler)
    assert isinstance(result.exception, SystemExit | None), (line, result.exc_info)
    assert "Traceback" not in result.output
    return result


class Terminal:
    """The command line before one repository."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *line: object, code: int = 0, **settings: Any) -> Result:
        """Run one command, which must end with this exit code."""
        result = typed([*line, f"--data={self.data}"], **settings)
        assert result.exit_code == code, (line, result.output)
        return result

    def json(self, *line: object, code: int = 0) -> Any:
        """What a command says with --json: one line on standard output."""
        out = self(*line, "--json", code=code).stdout
        assert out.count("\n") == 1, out
        return json.loads(out)

    def refused(self, *line: object, code: int = 1) -> str:
        """The sentence of a command that fails; it says the same with --json."""
        plain = self(*line, code=code)
        assert plain.stdout == "", plain.stdout
        told = self.json(*line, code=code)
        assert told["message"] in plain.stderr
        assert plain.stderr.startswith(told["error"])
        return str(told["message"])

    def copied(self, folder: Path) -> Terminal:
        """Another terminal, before a copy of this repository."""
        shutil.copytree(self.data, folder)
        return Terminal(folder)
