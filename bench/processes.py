"""The real program in processes of its own, with the memory that it takes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Memory:
    """Peak resident memory of a process and of each of its descendants, in MB."""

    peaks: dict[int, float] = field(default_factory=dict)

    @property
    def largest(self) -> float:
        """The largest peak of any one process."""
        return max(self.peaks.values(), default=0.0)

    def watch(self, pid: int, ended: threading.Event) -> None:
        """Look a few times a second until told to stop."""
        while not ended.wait(0.2):
            for each in descendants(pid):
                with contextlib.suppress(OSError, ValueError, AttributeError):
                    text = Path(f"/proc/{each}/status").read_text()
                    found = re.search(r"VmHWM:\s+(\d+) kB", text)
                    if found is None:  # it has ended and is not yet reaped
                        continue
                    self.peaks[each] = max(self.peaks.get(each, 0.0), int(found[1]) / 1024)


def descendants(pid: int) -> list[int]:
    """The process and all processes below it."""
    found = [pid]
    for each in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


@dataclass(frozen=True)
class Cost:
    """What a command took: wall seconds, processor seconds of all its processes, memory."""

    seconds: float
    cpu_seconds: float
    memory: Memory


def collectome(*arguments: str) -> tuple[dict[str, Any], Cost]:
    """Run a command with --json: its last line and what it took."""
    started, used = time.perf_counter(), _cpu_of_children()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", *arguments, "--json"], cwd=ROOT, stdout=subprocess.PIPE
    )
    memory, ended = Memory(), threading.Event()
    watcher = threading.Thread(target=memory.watch, args=(process.pid, ended))
    watcher.start()
    told, _ = process.communicate()
    seconds = time.perf_counter() - started
    ended.set()
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"collectome {' '.join(arguments)} ended with {process.returncode}")
    cost = Cost(seconds, _cpu_of_children() - used, memory)
    return json.loads(told.strip().splitlines()[-1]), cost


def _cpu_of_children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def server(data: Path, **settings: object) -> Iterator[str]:
    """The real server on a data folder; gives its address once it is healthy."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--data", str(data), "--port", str(port)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        env={
            **os.environ,
            "FDO_PORT": str(port),
            **{f"FDO_{name.upper()}": str(value) for name, value in settings.items()},
        },
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until_healthy(
    address: str, process: subprocess.Popen[bytes], patience_s: float = 60
) -> None:
    """Return when /health answers 200."""
    started = time.monotonic()
    while time.monotonic() - started < patience_s:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/health", timeout=2).status_code == 200:
                return
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        time.sleep(0.05)
    raise RuntimeError(f"{address} was not healthy within {patience_s} s")
