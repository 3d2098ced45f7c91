"""Whatever is killed, and whenever: each job ends once, each annotation stands once."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.processes import descendants
from eventstore.application import DigitalObjects
from handlers.mas.store import Store
from handlers.queueing.broker import standing
from tests.scenarios.program import HOLDER, Server, begun, collectome, specimens, until

JOBS, POISON = 300, 13
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
        time.sleep(0.02 * len(works))
        return [Answer([comment(work, "seen")]) for work in works]

service = Echo()
"""
REGISTRATION = {
    "schema:name": "chaos",
    "col:trigger": ["registered"],
    "col:microBatch": 16,
    "col:leaseSeconds": 2,
    "col:maxAttempts": 4,
}


class Theatre:
    """Server, dispatcher, broker and workers of one folder, and how each is killed."""

    def __init__(self, data: Path, service: Path) -> None:
        self.data, self.service = data, service
        self.server = Server("serve", data)
        self.workers = self._workers()

    def _workers(self) -> subprocess.Popen[str]:
        return begun("mas", "work", self.service, data=self.data)

    def kill_worker(self) -> None:
        """The process that annotates; its watcher starts another."""
        for pid in descendants(self.workers.pid)[1:]:
            kill(pid)

    def kill_watcher(self) -> None:
        """The watcher, and with it its workers; as an operator would, we start it again."""
        self.workers.kill()
        self.workers.communicate()
        self.workers = self._workers()

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
        self.server = Server("serve", self.data)

    def lose_store(self) -> None:
        """All that the broker knows."""
        self.server.kill()
        until(lambda: not broker_runs(self.data))
        shutil.rmtree(self.data / "nats" / "store")
        self.server = Server("serve", self.data)

    def close(self) -> None:
        """End all."""
        self.workers.terminate()
        self.workers.communicate(timeout=60)
        self.server.stop()


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def broker_runs(data: Path) -> bool:
    now = standing(data)
    return now is not None and Path(f"/proc/{now.pid}/cmdline").exists()


@pytest.mark.slow
@pytest.mark.timeout(600)
# the grandchildren to be killed have no names but in /proc, which Linux alone has
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="/proc is of Linux alone")
def test_whatever_is_killed_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepared(tmp_path, data)
    store, chance = Store(data), random.Random(20261122)

    def ended() -> int:
        (counts,) = store.counts().values() or [{}]
        return counts.get("completed", 0) + counts.get("dead", 0)

    theatre = Theatre(data, tmp_path / "own")
    try:
        deeds: list[Callable[[], None]] = [
            theatre.kill_worker, theatre.kill_watcher, theatre.kill_broker,
            theatre.kill_dispatcher, theatre.kill_server, theatre.kill_worker,
            theatre.kill_broker, theatre.kill_dispatcher,
        ]  # fmt: skip
        chance.shuffle(deeds)
        deeds.insert(3, theatre.lose_store)
        until(lambda: ended() > 0, 60)
        before = []
        for deed in deeds:
            time.sleep(chance.uniform(0.1, 0.9))
            before.append(ended())
            deed()
        assert min(before) < JOBS - 50, "the work was over before anything was killed"
        until(lambda: ended() == JOBS, 240)
    finally:
        theatre.close()
        store.close()
    assert_each_once(data)


def prepared(folder: Path, data: Path) -> None:
    """Plants for the jobs, behind the registration of the service that wants them."""
    (folder / "own").mkdir()
    (folder / "own" / "service.py").write_text(SERVICE)
    (folder / "chaos.json").write_text(json.dumps(REGISTRATION))
    DigitalObjects(data).close()
    registered = collectome("mas", "register", folder / "chaos.json", "--json", data=data)
    assert registered.code == 0, registered
    plants = specimens(folder / "plants.csv", *range(JOBS))
    ingested = collectome("ingest", plants, HOLDER, "--json", data=data)
    assert ingested.code == 0, ingested


def assert_each_once(data: Path) -> None:
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
    assert len(facts["JobsCompleted"]) == JOBS - 1
    assert set(facts["JobsCompleted"].values()) == {1}
    assert list(facts["JobsDead"].values()) == [1]
    assert not set(facts["JobsDead"]) & set(facts["JobsCompleted"])
    assert len(targets) == JOBS - 1 and set(targets.values()) == {1}
    assert not poison & set(targets)
