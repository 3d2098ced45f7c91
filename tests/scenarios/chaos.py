"""A server, a worker and many short jobs, and ways to kill what works on them.

Leases last a second, so that what was lost comes again soon. One of the plants kills every worker
that looks at it; it is there where its number is asked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from bench.processes import descendants
from eventstore.application import DigitalObjects
from handlers.mas.store import Store
from handlers.queueing.broker import standing
from tests.scenarios.program import HOLDER, Server, begun, collectome, specimens, until

JOBS, POISON = 120, 13
SERVICE = """
import json, os, time
from handlers.queueing.kit import Answer, comment

class Echo:
    name = "chaos"

    def describe(self):
        return {"schema:name": "chaos"}

    def load(self):
        return "CPU"

    def annotate(self, works):
        if any("TST-00013" in json.dumps(work.object) for work in works):
            os.kill(os.getpid(), 9)
        time.sleep(0.03 * len(works))
        return [Answer([comment(work, "seen")]) for work in works]

service = Echo()
"""
REGISTRATION = {
    "schema:name": "chaos",
    "col:trigger": ["registered"],
    "col:microBatch": 8,
    "col:leaseSeconds": 1,
    "col:maxAttempts": 4,
}


class Theatre:
    """Server, dispatcher, broker and workers of one folder, and how each is killed."""

    def __init__(self, folder: Path, first: int, **settings: Any) -> None:
        """Plants from this number on, behind the registration of the service that wants them."""
        self.data, self._service, self._settings = folder / "data", folder / "own", settings
        self._prepare(folder, range(first, first + JOBS))
        self._store = Store(self.data)
        self.server = self._served()
        self.workers = self._working()

    def ended(self) -> int:
        """Jobs that are over."""
        (counts,) = self._store.counts().values() or [{}]
        return counts.get("completed", 0) + counts.get("dead", 0)

    def close(self) -> None:
        """End all."""
        self._store.close()
        self.workers.terminate()
        self.workers.communicate(timeout=60)
        self.server.stop()

    # ── what is killed ───────────────────────────────────────────────────────────────────

    def kill_worker(self) -> None:
        """The process that annotates; its watcher starts another."""
        for pid in descendants(self.workers.pid)[1:]:
            kill(pid)

    def kill_watcher(self) -> None:
        """The watcher, and with it its workers; as an operator would, we start it again."""
        self.workers.kill()
        self.workers.communicate()
        self.workers = self._working()

    def kill_broker(self) -> None:
        """The embedded broker."""
        now = standing(self.data)
        if now is not None:
            kill(now.pid)

    def kill_dispatcher(self) -> None:
        """The process that schedules, hands over and takes answers."""
        for pid in descendants(self.server.process.pid):
            with contextlib.suppress(OSError):
                if b"handlers.mas\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    kill(pid)

    def kill_server(self) -> None:
        """The server, and with it all but the workers."""
        self.server.kill()
        self.server = self._served()

    def lose_store(self) -> None:
        """All that the broker knows."""
        self.server.kill()
        until(lambda: not _broker_runs(self.data))
        shutil.rmtree(self.data / "nats" / "store")
        self.server = self._served()

    # ── beginning ────────────────────────────────────────────────────────────────────────

    def _served(self) -> Server:
        return Server("serve", self.data, **self._settings)

    def _working(self) -> subprocess.Popen[str]:
        return begun("mas", "work", self._service, data=self.data, **self._settings)

    def _prepare(self, folder: Path, numbers: range) -> None:
        self._service.mkdir()
        (self._service / "service.py").write_text(SERVICE)
        (folder / "chaos.json").write_text(json.dumps(REGISTRATION))
        DigitalObjects(self.data).close()
        registered = collectome("mas", "register", folder / "chaos.json", data=self.data)
        assert registered.code == 0, registered
        plants = specimens(folder / "plants.csv", *numbers)
        ingested = collectome("ingest", plants, HOLDER, "--json", data=self.data)
        assert ingested.code == 0, ingested


def kill(pid: int) -> None:
    """At once, as the kernel does when memory is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def assert_each_once(data: Path, *, dead: int) -> None:
    """The log, and not what was made of it, says what became of the jobs."""
    log = DigitalObjects(data).log
    facts: dict[str, Counter[str]] = {"JobsCompleted": Counter(), "JobsDead": Counter()}
    targets = Counter[str]()
    poison = set[str]()
    for event in log.read(0, 1_000_000):
        if event.what in facts:
            facts[event.what].update(job["id"] for job in event.detail["jobs"])
        elif event.type == "annotation":
            targets[event.document["oa:hasTarget"][0]["oa:hasSource"]] += 1
        elif event.type == "specimen" and f"TST-{POISON:05d}" in str(event.document):
            poison.add(event.pid.iri)
    assert len(facts["JobsCompleted"]) == JOBS - dead
    assert set(facts["JobsCompleted"].values()) == {1}
    assert list(facts["JobsDead"].values()) == [1] * dead
    assert not set(facts["JobsDead"]) & set(facts["JobsCompleted"])
    assert len(targets) == JOBS - dead and set(targets.values()) == {1}
    assert len(poison) == dead and not poison & set(targets)


def _broker_runs(data: Path) -> bool:
    now = standing(data)
    if now is None:
        return False
    with contextlib.suppress(OSError):  # its number may be another's by now
        return b"nats-server" in Path(f"/proc/{now.pid}/cmdline").read_bytes()
    return False
