"""Jobs through the embedded queue: from events to annotations in the log, beside bare NATS.

    python -m bench.jobs --jobs 10000

Dispatcher and one worker run, each a process of its own; the service says a word of each specimen.
The clock runs from a back-fill over all specimens until the last annotation is durable: jobs are
made, scheduled, handed over, worked on, answered and ended, all of it in the log. Beside it stands
what the same broker does with the same bytes when nobody keeps a log: publish, fetch, acknowledge;
each message published when the one before is stored, and as many at once as the client can.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import nats.errors

from bench.generate import generate
from bench.processes import ROOT, collectome
from bench.result import Result, table
from bench.specimens import Plan as Specimens
from eventstore.application import DigitalObjects
from fdo.agent import Agent
from fdo.errors import Unavailable
from fdo.identifiers import Pid
from handlers.mas.dispatch import Dispatcher
from handlers.mas.plan import Plan
from handlers.mas.registration import Registration
from handlers.mas.requests import Requests, everything
from handlers.mas.services import Service, services
from handlers.mas.store import Store
from handlers.mas.transport import Job
from handlers.queueing import streams
from handlers.queueing.broker import Broker
from handlers.queueing.connection import Access
from handlers.queueing.pull import Pull

BY = Agent("urn:collectome:agent:bench", "Bench")
NAME, BATCH = "bench-echo", 64
SHARE, AIM = 0.2, 1_000
AT_ONCE = 1_000
PATIENCE_S = 900.0
WORKER = f"""
from handlers.queueing.kit import Answer, comment, run

class Echo:
    name = "{NAME}"

    def describe(self):
        return {{}}

    def load(self):
        return "CPU"

    def annotate(self, works):
        return [Answer([comment(work, "a specimen")]) for work in works]

run(Echo())
"""


def measure(scratch: Path, records: int) -> list[Result]:
    """Jobs a second from event to annotation, bare messages a second, and their ratio."""
    data = scratch / "jobs"
    _prepared(scratch, data, records)
    jobs = _payloads(scratch, data)
    bare, most = (_bare(scratch / f"bare-{n}", jobs, n) for n in (1, AT_ONCE))
    seconds = _through(scratch, data, len(jobs))
    made = _annotations(data)
    if made != len(jobs):
        raise AssertionError(f"{len(jobs)} jobs made {made} annotations")
    rate = len(jobs) / seconds
    share = rate / bare
    size = sum(len(job.payload) for job in jobs) / len(jobs) / 1000
    return [
        Result("jobs", "bytes of a job's message", size, "KB"),
        Result("jobs", "bare publish and ack of the same bytes", bare, "messages/s"),
        Result("jobs", "the same, as many at once as can be", most, "messages/s"),
        Result("jobs", f"jobs from back-fill to annotation, of {len(jobs):,}", rate, "jobs/s",
               f"aim {AIM:,}"),
        Result("jobs", "jobs over bare messages", share, "ratio", f">= {SHARE:g}",
               share >= SHARE),
        Result("jobs", "jobs over bare messages, many at once", rate / most, "ratio"),
    ]  # fmt: skip


def _prepared(scratch: Path, data: Path, records: int) -> None:
    archive = scratch / f"jobs-{records}.zip"
    generate(Specimens(records), archive)
    objects = DigitalObjects(data)
    form = {"schema:name": NAME, "col:microBatch": BATCH}
    Registration(objects, BY).register(form)
    objects.close()
    collectome("ingest", str(archive), "--data", str(data))


def _payloads(scratch: Path, data: Path) -> list[Job]:
    """The jobs with the very bytes that go out, made on a copy of the log."""
    copy = scratch / "jobs-copy"
    copy.mkdir()
    for file in data.glob("log.sqlite*"):
        (copy / file.name).write_bytes(file.read_bytes())
    objects, kept = DigitalObjects(copy), _Kept()
    _fill(objects, copy)
    dispatcher = Dispatcher(_plan(copy, in_flight=10_000_000), objects, lambda *_: kept)
    while dispatcher.round():
        pass
    dispatcher.close()
    objects.close()
    return kept.jobs


class _Kept:
    """A transport that keeps what it is given."""

    name = "nats"

    def __init__(self) -> None:
        self.jobs = list[Job]()

    def declare(self, service: Service) -> None:
        """Nothing to make."""

    def send(self, jobs: Sequence[Job]) -> None:
        """Keep them."""
        self.jobs += jobs

    def waiting(self, topic: str) -> int:
        """All of them."""
        return sum(job.topic == topic for job in self.jobs)

    def close(self) -> None:
        """Nothing to let go of."""


def _plan(folder: Path, **more: int) -> Plan:
    prefixes = {"doi": "10.5072", "handle": "20.5000.5072"}
    return Plan(folder, "http://127.0.0.1:8000", prefixes, **more)  # type: ignore[arg-type]


def _bare(folder: Path, jobs: Sequence[Job], at_once: int) -> float:
    """Messages a second: published, fetched by the batch, acknowledged."""
    folder.mkdir()
    broker = Broker(folder)
    broker.start()
    try:
        return asyncio.run(_messages(Access(folder), jobs, at_once))
    finally:
        broker.stop()


async def _messages(access: Access, jobs: Sequence[Job], at_once: int) -> float:
    connection = await access.connect("bench", asyncio.Event())
    js = connection.jetstream(publish_async_max_pending=at_once)
    await streams.prepare(js, 1)
    await streams.declare(js, _service(jobs[0]), 1)
    subject, topic = streams.work_subject(jobs[0].topic), jobs[0].topic
    started, stored = time.perf_counter(), []
    for job in jobs:
        told = await js.publish_async(subject, job.payload, headers={"Nats-Msg-Id": job.id})
        stored.append(told)
        if at_once == 1:
            await told
    await asyncio.gather(*stored)
    pull, left = Pull(connection, streams.stream_of(topic), streams.WORKERS), len(jobs)
    while left:
        for message in await pull.batch(BATCH, 0.0, 5.0):
            await message.ack()
            left -= 1
    await connection.flush()
    seconds = time.perf_counter() - started
    await connection.close()
    return len(jobs) / seconds


def _service(job: Job) -> Service:
    return Service(Pid.parse(job.service), 1, NAME, job.topic, micro_batch=BATCH)


def _fill(objects: DigitalObjects, data: Path) -> None:
    """A job for every specimen."""
    (service,) = services(objects.log)
    Requests(objects, Store(data), BY).fill(service, everything(objects.log, service))


def _through(scratch: Path, data: Path, jobs: int) -> float:
    """Seconds from the back-fill to the last annotation."""
    program = scratch / "echo.py"
    program.write_text(WORKER)
    store, objects = Store(data), DigitalObjects(data)
    (service,) = services(objects.log)
    with _worker(program, data), _dispatcher(data):
        asyncio.run(_worked_for(Access(data), service))
        started = time.perf_counter()
        _fill(objects, data)
        while store.counts()[str(service.pid)]["completed"] < jobs:
            if time.perf_counter() - started > PATIENCE_S:
                raise AssertionError(f"not within {PATIENCE_S:g} s: {store.counts()}")
            time.sleep(0.02)
        seconds = time.perf_counter() - started
    store.close()
    objects.close()
    return seconds


async def _worked_for(access: Access, service: Service) -> None:
    """Return when a worker of the service waits for work."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with contextlib.suppress(Unavailable, nats.errors.Error, OSError):
            connection = await access.connect("bench", asyncio.Event())
            stream = streams.stream_of(service.topic)
            info = await connection.jetstream().consumer_info(stream, streams.WORKERS)
            await connection.close()
            if info.num_waiting:
                return
        await asyncio.sleep(0.1)
    raise AssertionError("no worker came")


@contextlib.contextmanager
def _worker(program: Path, data: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, str(program), "--data", str(data)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def _dispatcher(data: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "handlers.mas"], cwd=ROOT, stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(_plan(data).told())
    process.stdin.flush()
    try:
        yield
    finally:
        process.stdin.close()
        process.wait(60)


def _annotations(data: Path) -> int:
    objects = DigitalObjects(data)
    found = sum(head.type == "annotation" for head in objects.log.heads(limit=100_000_000))
    objects.close()
    return found


def main() -> None:
    """Run this suite alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    with tempfile.TemporaryDirectory() as scratch:
        print(table(measure(Path(scratch), parser.parse_args().jobs)))


if __name__ == "__main__":
    main()
