"""The real program: servers that run, started as people start them, and commands that end.

    with Server("serve", data=folder) as server:
        ended = collectome("status", "--json", data=folder)
        server.client.get("/health")

Nothing is shared with a server but its data folder, its output and its port. Commands are typed in
the process of the test, which is another one than the server's; those that are killed, that serve
or that run beside another command are processes of their own (`begun`, `apart`).
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.scenarios.terminal import typed

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "api.cli"]
T = TypeVar("T")


@dataclass(frozen=True)
class Ended:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> Any:
        """The last line of standard output, which is JSON under --json."""
        return json.loads(self.out.strip().splitlines()[-1])


def surroundings(**settings: Any) -> dict[str, str]:
    """The environment without settings of whoever runs the tests, with these of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FDO_")}
    ours = {f"FDO_{name.upper()}": str(value) for name, value in settings.items()}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1", **ours}


def collectome(*arguments: object, data: Path | None = None, **settings: Any) -> Ended:
    """Run one command to its end."""
    result = typed([*arguments, *_where(data)], **settings)
    return Ended(result.exit_code, result.stdout, result.stderr)


def apart(*arguments: object, data: Path | None = None, **settings: Any) -> Ended:
    """Run one command to its end in a process of its own."""
    with begun(*arguments, data=data, **settings) as process:
        out, err = process.communicate(timeout=120)
    return Ended(process.returncode, out, err)


def begun(*arguments: object, data: Path | None = None, **settings: Any) -> subprocess.Popen[str]:
    """Start one command and do not wait."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments), *_where(data)],
        env=surroundings(**settings),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupted(process: subprocess.Popen[str], seconds: float = 30.0) -> int:
    """The code with which a command ends after Ctrl-C; where it does not end, a failure says what
    each of its threads is at."""
    process.send_signal(signal.SIGINT)
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        _, err = process.communicate(timeout=30)
        raise AssertionError(f"not ended {seconds} s after Ctrl-C: {err}") from None


def _where(data: Path | None) -> list[str]:
    return [] if data is None else [f"--data={data}"]


def until(seen: Callable[[], T], seconds: float = 60.0) -> T:
    """What `seen` gives as soon as it gives something; a failure says what it gave last."""
    end = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < end, f"not within {seconds} s: {found!r}"
        time.sleep(0.05)
    return found


def specimens(place: Path, *numbers: int, **same: str) -> Path:
    """A table of plants with these catalogue numbers; `same` are values of all rows."""
    rows = [
        {
            "catalogNumber": f"TST-{number:05d}",
            "basisOfRecord": "PreservedSpecimen",
            "scientificName": f"Carex exemplaris{'abcdefghij'[number % 10]} Hort.",
            "kingdom": "Plantae",
            "country": "Norway",
            "recordedBy": "A. Sampler",
            "recordNumber": str(number),
            "eventDate": f"19{number % 90 + 10}-05-03",
            "license": "https://creativecommons.org/publicdomain/zero/1.0/",
            **same,
        }
        for number in numbers
    ]
    with place.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return place


HOLDER = "--organisation=https://ror.org/0566bfb96"


class Server:
    """`serve` or `demo` in a process of its own, on a port that was free."""

    def __init__(self, command: str, data: Path, *arguments: object, **settings: Any) -> None:
        self.data = data
        self.messages = data.parent / f"{data.name}-{time.time_ns()}.txt"
        started = time.perf_counter()
        with self.messages.open("wb") as messages:
            self.process = subprocess.Popen(
                [*COMMAND, command, f"--data={data}", "--port=0", *map(str, arguments)],
                env=surroundings(**settings),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=messages,
                stderr=subprocess.STDOUT,
            )
        ready = until(self._ready, 60)
        self.seconds = time.perf_counter() - started
        self.base = ready[1]
        found = re.search(r"fdo_[\w-]+", self.said)
        self.token = found[0] if found else None
        self.client = httpx.Client(base_url=self.base, timeout=60)

    @property
    def said(self) -> str:
        """All that it has printed."""
        return self.messages.read_text(errors="replace")

    def _ready(self) -> re.Match[str] | None:
        assert self.process.poll() is None, self.said
        return re.search(r"(?:(?:Ready at|Web) +|\"url\":\")(http://[^/]+)/", self.said)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask it to end, as Ctrl-C does; the exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=30)

    def kill(self) -> None:
        """End it as a loss of power would."""
        self.client.close()
        self.process.kill()
        self.process.wait(timeout=30)

    def processes(self, module: str) -> list[int]:
        """The ids of the processes that run this module on this server's folder."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if module in line and any(str(self.data) in part for part in line):
                    found.append(int(place.name))
        return found

    @property
    def writing(self) -> dict[str, str]:
        """The header of those who may write."""
        return {"authorization": f"Bearer {self.token}"}

    def rows(self, query: str) -> list[dict[str, str]]:
        """Answers of the SPARQL endpoint: variable → value."""
        accept = {"accept": "application/sparql-results+json"}
        answer = self.client.post("/sparql", data={"query": query}, headers=accept)
        assert answer.status_code == 200, answer.text
        found = answer.json()["results"]["bindings"]
        return [{name: cell["value"] for name, cell in row.items()} for row in found]
