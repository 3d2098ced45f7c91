"""Changes one by one beside a running server: how soon SPARQL shows them, and at what rate."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import httpx

from bench.generate import generate
from bench.processes import collectome, server
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import Change, DigitalObjects
from eventstore.envelope import opends_time, to_moment
from fdo.agent import Agent
from fdo.lifecycle import Revise, decide, stamped

GOAL, PACE, SECONDS, ROUNDS = 1000, 1100, 10, 10
"""Changes a second that must be held, and those that are tried; seconds; single changes."""
AGENT = Agent("urn:collectome:agent:bench", "Bench")


def measure(scratch: Path, records: int) -> list[Result]:
    """Latency from acknowledgement to SPARQL, and the lag under sustained changes."""
    archive, data = scratch / "live.zip", scratch / "live"
    generate(Plan(min(records, 10_000)), archive)
    collectome("ingest", str(archive), "--data", str(data))
    objects = DigitalObjects(data)
    with server(data) as address:
        pids = [h.pid for h in objects.log.heads(limit=100_000) if h.type == "specimen"]
        waits = [_visible_after(objects, address, pids[i], i) for i in range(ROUNDS)]
        held, lag = _sustain(objects, address, pids)
    return [
        Result(
            "live",
            "one change to SPARQL, median",
            statistics.median(waits),
            "s",
            "<= 1",
            statistics.median(waits) <= 1,
        ),
        Result("live", "one change to SPARQL, worst", max(waits), "s"),
        Result(
            "live",
            f"changes/s held for {SECONDS} s",
            held,
            "changes/s",
            f">= {GOAL:,}",
            held >= GOAL,
        ),
        Result("live", "SPARQL behind the last of them by", lag, "s", "<= 2", lag <= 2),
    ]


def _change(objects: DigitalObjects, pid: object, number: int) -> Change:
    known, issue = objects.state(pid)  # type: ignore[arg-type]
    assert known is not None
    draft = {**known.document, "dwc:disposition": f"bench {number}"}
    at = opends_time(to_moment(objects.clock()))
    document = stamped(draft, known.pid, known.version + 1, modified=at)
    (fact,) = decide(known, Revise(document))
    return Change(known.pid, "specimen", fact, known, issue)


def _visible_after(objects: DigitalObjects, address: str, pid: object, number: int) -> float:
    objects.append([_change(objects, pid, number)], by=AGENT)
    started = time.perf_counter()
    _await(address, pid, number)
    return time.perf_counter() - started


def _await(address: str, pid: object, number: int) -> None:
    query = f'ASK {{ <{pid.iri}> <http://rs.tdwg.org/dwc/terms/disposition> "bench {number}" }}'  # type: ignore[attr-defined]
    with httpx.Client(headers={"Accept": "application/sparql-results+json"}) as client:
        for _ in range(3000):
            answer = client.get(f"{address}/sparql", params={"query": query}, timeout=10)
            if answer.status_code == 200 and answer.json()["boolean"]:
                return
            time.sleep(0.01)
    raise RuntimeError("the change was not seen within 30 s")


def _sustain(objects: DigitalObjects, address: str, pids: list) -> tuple[float, float]:  # type: ignore[type-arg]
    started, sent = time.perf_counter(), 0
    while (now := time.perf_counter() - started) < SECONDS:
        due = int(now * PACE) - sent
        if due < 20:
            time.sleep(0.005)
            continue
        batch = [
            _change(objects, pids[(sent + i) % len(pids)], 1000 + sent + i)
            for i in range(min(due, 200))
        ]
        objects.append(batch, by=AGENT)
        sent += len(batch)
    rate = sent / (time.perf_counter() - started)
    last = pids[(sent - 1) % len(pids)]
    ended = time.perf_counter()
    _await(address, last, 1000 + sent - 1)
    return rate, time.perf_counter() - ended
