"""A queue with its two ends: results as the dispatcher takes them, services as they are written."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from fdo.identifiers import Pid
from handlers.mas.results import Result, Taken
from handlers.mas.services import Service as Registered
from handlers.mas.transport import Job
from handlers.queueing.connection import Access
from handlers.queueing.kit import Answer, Service, Work, comment
from handlers.queueing.replicas import Replicas
from handlers.queueing.worker import Worker

ROOT = Path(__file__).resolve().parents[3]
T = TypeVar("T")


def until(seen: Callable[[], T], seconds: float = 60.0) -> T:
    """What `seen` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < end, f"not within {seconds} s: {found!r}"
        time.sleep(0.01)
    return found


class Ledger:
    """Takes results as the log does: the first for each job counts."""

    def __init__(self) -> None:
        self.recorded = dict[str, Result]()
        self.late = list[str]()
        self.running = list[str]()
        self.sizes = list[int]()
        self.refuses: Callable[[Result], bool] = lambda _: False
        self.closed = threading.Event()

    def started(self, jobs: Sequence[str]) -> None:
        self.running += jobs

    def take(self, results: Sequence[Result]) -> list[Taken]:
        if self.closed.is_set():
            raise OSError("no space left on device")
        if any(map(self.refuses, results)):
            raise ValueError("this cannot be recorded")
        self.sizes.append(len(results))
        return [self._taken(result) for result in results]

    def _taken(self, result: Result) -> Taken:
        if result.job in self.recorded:
            self.late.append(result.job)
            return Taken(result.job, "late")
        self.recorded[result.job] = result
        return Taken(result.job, "failed" if result.error else "recorded")


class Echo:
    """Says the number of each object; breaks where it is told to."""

    name = "echo"

    def __init__(self, breaks: Sequence[int] = ()) -> None:
        self.breaks, self.batches = set(breaks), list[list[int]]()

    def describe(self) -> dict[str, Any]:
        return {"schema:name": "echo", "schema:softwareVersion": "1.2"}

    def load(self) -> str:
        return "CPU"

    def annotate(self, works: Sequence[Work]) -> list[Answer]:
        numbers = [int(work.object["number"]) for work in works]
        self.batches.append(numbers)
        if broken := self.breaks & set(numbers):
            raise RuntimeError(f"cannot do {min(broken)}")
        return [Answer([comment(work, str(work.object["number"]))]) for work in works]


def registered(**given: Any) -> Registered:
    """The echo service as it is registered."""
    said = {"micro_batch": 8, "wait_ms": 0, "lease_s": 1.0, "max_attempts": 3, **given}
    return Registered(Pid("20.5000.5072", "AAA-BBB-CCC"), 1, "echo", "echo", **said)


def job(number: int, attempt: int = 1, filling: str = "") -> Job:
    """One job on an object that bears this number."""
    name = f"20.5000.5072/JJJ-JJJ-{number:03d}"
    said = {
        "object": {"@id": f"https://doi.org/10.5072/ABC-DEF-{number:03d}", "number": number,
                   "filling": filling},
        "jobId": name, "batchingRequested": False, "version": 1, "base": "http://127.0.0.1:1",
    }  # fmt: skip
    payload = json.dumps(said).encode()
    return Job(name, "20.5000.5072/AAA-BBB-CCC", "echo", "", 1, attempt, 1.0, payload)


@contextmanager
def working(service: Service, access: Access) -> Iterator[Worker]:
    """A worker on a thread, whose loop ends all that the client of the broker left on it, as that
    of a process does."""
    worker, begun = Worker(service, access), Future[asyncio.AbstractEventLoop]()

    def work() -> None:
        with asyncio.Runner() as runner:
            begun.set_result(runner.get_loop())
            runner.run(worker.work())

    thread = threading.Thread(target=work)
    thread.start()
    loop = begun.result()
    try:
        yield worker
    finally:
        with suppress(RuntimeError):  # it has ended already, and its loop is closed
            loop.call_soon_threadsafe(worker.stop)
        thread.join()


def program(place: Path, annotate: str, data: Path) -> list[str]:
    """The command of a worker in a process of its own, whose service does this with `works`."""
    place.write_text(
        "import os, time\n"
        "from handlers.queueing.kit import Answer, comment, run\n"
        "class Own:\n"
        "    name = 'echo'\n"
        "    def describe(self): return {}\n"
        "    def load(self): return 'CPU'\n"
        "    def annotate(self, works):\n"
        f"        {annotate}\n"
        "        return [Answer([comment(w, str(w.object['number']))]) for w in works]\n"
        "raise SystemExit(run(Own()))\n"
    )
    return [sys.executable, str(place), "--data", str(data)]


def started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """The command, begun."""
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})


@contextmanager
def beside(watched: Replicas) -> Iterator[None]:
    """Replicas that are watched on a thread."""
    thread = threading.Thread(target=watched.run)
    thread.start()
    try:
        yield
    finally:
        watched.stop()
        thread.join()


def held(data: Path, said: bytes) -> list[Path]:
    """The files of the broker in which something stands; some go while we look."""
    found = []
    for folder, _, files in os.walk(data / "nats"):
        for file in files:
            with suppress(OSError):
                if said in (Path(folder) / file).read_bytes():
                    found.append(Path(folder) / file)
    return found
