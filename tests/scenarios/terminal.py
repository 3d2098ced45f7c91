"""Commands on one data folder, typed in this process: as fast as they are without a start."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from api.cli import app


class Terminal:
    """The command line before one repository."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *line: object, code: int = 0, **settings: str) -> Result:
        """Run one command, which must end with this exit code and never with a traceback."""
        environment = {f"FDO_{name.upper()}": value for name, value in settings.items()}
        words = [*map(str, line), f"--data={self.data}"]
        result = CliRunner(env=environment).invoke(app, words)
        assert isinstance(result.exception, SystemExit | None), (line, result.exc_info)
        assert result.exit_code == code, (line, result.output)
        assert "Traceback" not in result.output
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
