"""What runs beside the server goes on running."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from api import bootstrap
from api.bootstrap import Supervisor


def test_a_projector_that_cannot_be_started_now_is_started_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = list[subprocess.Popen[bytes]]()
    tries = iter(["true", OSError("Too many open files"), "sleep"])

    def start(_: Path) -> subprocess.Popen[bytes]:
        command = next(tries)
        if isinstance(command, OSError):
            raise command
        begun.append(subprocess.Popen([command, *["60"] * (command == "sleep")]))
        return begun[-1]

    monkeypatch.setattr(bootstrap, "start_projector", start)
    supervisor = Supervisor(tmp_path)
    until = time.monotonic() + 20
    while len(begun) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    supervisor.stop()
    assert len(begun) == 2 and begun[1].poll() is not None
