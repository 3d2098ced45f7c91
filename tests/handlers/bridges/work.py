"""Services, jobs and a ledger of answers, for tests of the bridges."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from fdo.identifiers import Pid, suffix_of
from handlers.mas.answers import Result, Taken
from handlers.mas.services import Service
from handlers.mas.transport import Job

SERVICE = Pid("20.5000.5072", "MAS-SER-V1C")


def a_service(topic: str = "naming", **more: Any) -> Service:
    """A service that is reached by RabbitMQ, unless told otherwise."""
    return Service(**{"pid": SERVICE, "version": 1, "name": "Naming", "topic": topic,
                      "queue": "rabbitmq", **more})  # fmt: skip


def job_id(number: int) -> str:
    """The nth job's Handle."""
    return f"20.5000.5072/{suffix_of(1_000_000 + number)}"


def a_job(number: int, topic: str = "naming", *, attempt: int = 1, lease_s: float = 60.0) -> Job:
    """The nth job, with an object and what is ours besides."""
    payload = {
        "object": {"@id": "https://doi.org/10.5072/AAA-AAA-AAA", "ods:specimenName": f"N{number}"},
        "jobId": job_id(number),
        "batchingRequested": False,
        "version": 1,
        "attempt": attempt,
        "base": "https://repository.example",
    }
    return Job(
        job_id(number), str(SERVICE), topic, "10.5072/AAA-AAA-AAA", 1, attempt, lease_s,
        orjson.dumps(payload),
    )  # fmt: skip


class Ledger:
    """Takes results as the log does: each job once; and refuses when it is told to."""

    def __init__(self) -> None:
        self.recorded: dict[str, Result] = {}
        self.failed: dict[str, Result] = {}
        self.late: list[Result] = []
        self.faults: list[Exception] = []
        self.poison: set[str] = set()
        self._lock = threading.Lock()

    def take(self, results: Sequence[Result]) -> list[Taken]:
        """Record results; raises the next of `faults` if there is one."""
        with self._lock:
            if self.faults:
                raise self.faults.pop(0)
            if any(result.job in self.poison for result in results):
                raise RuntimeError("a result that nobody can record")
            return [self._one(result) for result in results]

    def _one(self, result: Result) -> Taken:
        if result.job in self.recorded:
            self.late.append(result)
            return Taken(result.job, "late")
        if result.error is not None:
            self.failed[result.job] = result
            return Taken(result.job, "failed", reason=result.error)
        self.recorded[result.job] = result
        return Taken(result.job, "recorded")


def until(seen: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What `seen` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < end, f"not within {seconds} s: {found!r}"
        time.sleep(0.02)
    return found
