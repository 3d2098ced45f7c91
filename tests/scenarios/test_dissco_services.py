"""Services written for DiSSCo run unmodified: over a real RabbitMQ, beside the real program.

The service is `tests/clients/dissco_style_service.py`, which knows the contract and nothing of
ours. It takes all that waits without acknowledging, and is killed while it works.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fdo.identifiers import Pid
from tests.clients.rabbit import RabbitMQ
from tests.scenarios.program import HOLDER, ROOT, Server, collectome, specimens, until

pytestmark = pytest.mark.slow

SERVICE = ROOT / "tests" / "clients" / "dissco_style_service.py"
JOBS = 30
READER = {
    "schema:name": "Name reader",
    "ods:containerImage": "registry.example/name-reader",
    "ods:containerTag": "1.0",
    "ods:batchingPermitted": True,
    "ods:timeToLive": 3600,
    "ods:maxReplicas": 1,
    "ods:hasTargetDigitalObjectFilter": {"$['ods:topicDiscipline']": ["*"]},
    "ods:hasEnvironmentalVariables": [{"schema:name": "SECONDS", "schema:value": "0.2"}],
    "col:queue": "rabbitmq",
    "col:microBatch": 8,
    "col:leaseSeconds": 4,
}
"""As services are registered at DiSSCo, and in three words of ours how it gets its work."""


KINDS = {
    "Carex": range(1, JOBS + 1),
    "Refusedia": [101],
    "Nothingia": [102],
    "Batchia": [103, 104],
}
BATCH = "0f8fad5b-d9cb-469f-a165-70867728950e"


class Running:
    """The service in a process of its own, in the environment that the program prints for it."""

    def __init__(self, environment: dict[str, str], out: Path) -> None:
        self._out = out
        self.process = subprocess.Popen(
            [sys.executable, SERVICE],
            env={"PATH": os.environ["PATH"], **environment},
            stdout=out.open("ab"),
            stderr=subprocess.STDOUT,
        )

    def said(self, word: str) -> int:
        """How often its output begins a line with this word."""
        return sum(line.startswith(word) for line in self._out.read_text().splitlines())

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self.process.kill()
        self.process.wait(30)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    with RabbitMQ(tmp_path_factory.mktemp("rabbit")) as started:
        yield started


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory, broker: RabbitMQ) -> Iterator[Server]:
    """A server that knows the broker, with plants for each kind of answer."""
    folder = tmp_path_factory.mktemp("museum")
    data = folder / "data"
    lines: list[str] = []
    for name, numbers in KINDS.items():
        part = specimens(folder / "part.csv", *numbers, scientificName=f"{name} alba")
        lines += part.read_text().splitlines()[bool(lines) :]
    plants = folder / "plants.csv"
    plants.write_text("\n".join(lines) + "\n")
    assert collectome("ingest", plants, HOLDER, "--json", data=data).code == 0
    with Server("serve", data, rabbitmq_url=broker.url) as server:
        until(
            lambda: sum(len(found(server, name)) for name in KINDS) == sum(map(len, KINDS.values()))
        )
        yield server


@pytest.fixture(scope="module")
def reader(museum: Server) -> str:
    """The PID of the service."""
    answer = museum.client.post("/api/mas", json=READER, headers=museum.writing)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].removeprefix(f"{museum.base}/api/mas/")


@pytest.fixture
def started(museum: Server, reader: str, broker: RabbitMQ, tmp_path: Path) -> Iterator[Any]:
    """Starts the service in its environment; it is ended with the test."""
    said = collectome(
        "mas", "bridge-env", reader, "--json", data=museum.data, rabbitmq_url=broker.url,
        public_base=museum.base,
    ).said  # fmt: skip
    assert {"RABBITMQ_EXCHANGE", "RABBITMQ_ROUTING_KEY"}.isdisjoint(said)
    until(lambda: broker.holds(said["RABBITMQ_QUEUE"]))  # a service ends where there is none
    running: list[Running] = []

    def start() -> Running:
        running.append(Running(said, tmp_path / "service.txt"))
        return running[-1]

    yield start
    for one in running:
        one.kill()


def found(server: Server, name: str) -> list[str]:
    """The plants of a genus."""
    hits = server.client.get("/api/search", params={"q": name, "limit": 100}).json()["items"]
    return [hit["pid"] for hit in hits]


def jobs_of(server: Server, reader: str, **asked: Any) -> list[dict[str, Any]]:
    params = {"service": reader, "limit": 200, **asked}
    rows: list[dict[str, Any]] = server.client.get("/api/jobs", params=params).json()["jobs"]
    return rows


def made(server: Server, pids: list[str]) -> Counter[int]:
    """How many annotations the graph has of each of these objects: number → of how many."""
    rows = server.rows(
        "PREFIX oa: <http://www.w3.org/ns/oa#> "
        "SELECT ?a ?target { ?a a oa:Annotation ; oa:hasTarget/oa:hasSource ?target }"
    )
    each = Counter(row["target"] for row in rows)
    return Counter(each[Pid.parse(pid).iri] for pid in pids)


def test_thirty_jobs_have_thirty_results_although_the_service_was_killed_at_its_work(
    museum: Server, reader: str, started: Any
) -> None:
    first, plants = started(), found(museum, "Carex")
    path, asked = f"/api/mas/{reader}/backfill", {"pids": plants, "preview": False}
    filled = museum.client.post(path, json=asked, headers=museum.writing).json()
    assert filled["scheduled"] == JOBS
    until(lambda: first.said("answered") >= 10, 60)
    first.kill()
    assert first.said("answered") < JOBS
    started()

    def states() -> Counter[str]:
        return Counter(job["state"] for job in jobs_of(museum, reader))

    until(lambda: states() == {"completed": JOBS}, 120)
    again = [job for job in jobs_of(museum, reader) if job["attempts"] > 1]
    assert again, "what it held when it died was sent again"
    until(lambda: made(museum, plants) == {2: JOBS})


def test_failures_empty_answers_and_batches_pass_by_the_contract(
    museum: Server, reader: str, started: Any
) -> None:
    started()
    jobs = {}
    for name in ("Refusedia", "Nothingia", "Batchia"):
        plant = found(museum, name)[0]
        request = {
            "type": "MasRequest",
            "attributes": {"mass": [{"masId": reader, "batching": name == "Batchia"}]},
        }
        answer = museum.client.post(f"/{plant}/mas", json={"data": request}, headers=museum.writing)
        assert answer.status_code == 202, answer.text
        jobs[name] = plant

    def job(name: str) -> dict[str, Any]:
        (row,) = jobs_of(museum, reader, target=jobs[name])
        return row

    until(lambda: job("Nothingia")["state"] == job("Batchia")["state"] == "completed", 60)
    failed = until(lambda: (row := job("Refusedia"))["state"] == "failed" and row, 60)
    assert "is in no list of names" in failed["error"]
    other = found(museum, "Batchia")[1]
    until(lambda: made(museum, [jobs["Batchia"], other]) == {2: 1, 1: 1})
    assert made(museum, [jobs["Nothingia"], jobs["Refusedia"]]) == {0: 2}
    rows = museum.rows(
        "PREFIX ods: <http://rs.dissco.eu/opends/terms/> "
        "SELECT ?batch ?place { ?a ods:batchID ?batch ; ods:placeInBatch ?place }"
    )
    assert rows == [{"batch": BATCH, "place": "1"}] * 2, "the answer, and its copy"


def test_jobs_come_through_the_death_of_broker_service_and_dispatcher(
    museum: Server, reader: str, started: Any, broker: RabbitMQ
) -> None:
    first, plants = started(), found(museum, "Carex")
    before = {job["id"] for job in jobs_of(museum, reader)}
    path, asked = f"/api/mas/{reader}/backfill", {"pids": plants, "preview": False, "again": True}
    filled = museum.client.post(path, json=asked, headers=museum.writing).json()
    assert filled["scheduled"] == JOBS

    def states() -> Counter[str]:
        jobs = jobs_of(museum, reader)
        return Counter(job["state"] for job in jobs if job["id"] not in before)

    until(lambda: states()["completed"] >= 5, 60)
    broker.kill()
    (dispatcher,) = dispatchers(museum)
    os.kill(dispatcher, signal.SIGKILL)
    first.process.wait(60)  # such a service ends when its broker is gone; its operator restarts it
    broker.start()
    started()
    until(lambda: states() == {"completed": JOBS}, 180)
    assert made(museum, plants) == {2: JOBS}, "the same said again is not said twice"


def dispatchers(server: Server) -> list[int]:
    """The processes that dispatch for a server."""
    threads = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    children = [int(child) for thread in threads for child in thread.read_text().split()]
    names = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in children}
    return [pid for pid, name in names.items() if b"handlers.mas" in name]
