"""Changes one by one beside a running server: how soon SPARQL shows them, and at what rate.

A change is of one plain term, as curators make most. Once more with changes of which every third is
of a place and every third of a year, which the shapes look at.
"""

from __future__ import annotations

import statistics
import time
from copy import deepcopy
from itertools import count
from pathlib import Path

import httpx

from bench.generate import generate
from bench.processes import collectome, server
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import Change, DigitalObjects
from eventstore.envelope import opends_time, to_moment
from fdo.agent import Agent
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Revise, decide, stamped

GOAL, PACE, SECONDS, ROUNDS = 1000, 1100, 10, 10
"""Changes a second that must be held, and those that are tried; seconds; single changes."""
AGENT = Agent("urn:collectome:agent:bench", "Bench")
PLAIN, PLACE, YEAR = range(3)


def measure(scratch: Path, records: int) -> list[Result]:
    """Latency from acknowledgement to SPARQL, and the lag under sustained changes."""
    archive, data = scratch / "live.zip", scratch / "live"
    generate(Plan(min(records, 10_000)), archive)
    collectome("ingest", str(archive), "--data", str(data))
    with server(data) as address:
        stream = _Stream(DigitalObjects(data), address)
        waits = [stream.one() for _ in range(ROUNDS)]
        held, lag = stream.sustain(PLAIN)
        _, of_all = stream.sustain(PLAIN, PLACE, YEAR)
    one = statistics.median(waits)
    behind = "SPARQL behind the last of them by"
    return [
        Result("live", "one change to SPARQL, median", one, "s", "<= 1", one <= 1),
        Result("live", "one change to SPARQL, worst", max(waits), "s"),
        Result(
            "live",
            f"changes/s held for {SECONDS} s",
            held,
            "changes/s",
            f">= {GOAL:,}",
            held >= GOAL,
        ),
        Result("live", behind, lag, "s", "<= 2", lag <= 2),
        Result("live", f"{behind}, of places and years too", of_all, "s"),
    ]


class _Stream:
    """Changes of one specimen after the other, each with a number that SPARQL can be asked for."""

    def __init__(self, objects: DigitalObjects, address: str) -> None:
        self._objects, self._address = objects, address
        self._pids = [h.pid for h in objects.log.heads(limit=100_000) if h.type == "specimen"]
        self._numbers = count()

    def one(self) -> float:
        """Seconds from the acknowledgement of a change until SPARQL shows it."""
        last = self._append(1, (PLAIN,))
        return self._awaited(last)

    def sustain(self, *kinds: int) -> tuple[float, float]:
        """(changes a second, seconds until the last of them is shown)."""
        started, sent, last = time.perf_counter(), 0, -1
        while (now := time.perf_counter() - started) < SECONDS:
            due = int(now * PACE) - sent
            if due < 20:
                time.sleep(0.005)
                continue
            last = self._append(min(due, 200), kinds)
            sent += min(due, 200)
        rate = sent / (time.perf_counter() - started)
        return rate, self._awaited(last)

    def _append(self, number: int, kinds: tuple[int, ...]) -> int:
        numbers = [next(self._numbers) for _ in range(number)]
        self._objects.append([self._change(n, kinds[n % len(kinds)]) for n in numbers], by=AGENT)
        return numbers[-1]

    def _pid(self, number: int) -> Pid:
        return self._pids[number % len(self._pids)]

    def _change(self, number: int, kind: int) -> Change:
        known, issue = self._objects.state(self._pid(number))
        assert known is not None
        at = opends_time(to_moment(self._objects.clock()))
        draft = _edited(known.document, number, kind)
        document = stamped(draft, known.pid, known.version + 1, modified=at)
        (fact,) = decide(known, Revise(document))
        return Change(known.pid, "specimen", fact, known, issue)

    def _awaited(self, number: int) -> float:
        query = (
            f"ASK {{ <{self._pid(number).iri}> <http://rs.tdwg.org/dwc/terms/disposition> "
            f'"bench {number}" }}'
        )
        started = time.perf_counter()
        with httpx.Client(headers={"Accept": "application/sparql-results+json"}) as client:
            while (waited := time.perf_counter() - started) < 60:
                answer = client.get(f"{self._address}/sparql", params={"query": query}, timeout=10)
                if answer.status_code == 200 and answer.json()["boolean"]:
                    return time.perf_counter() - started
                time.sleep(0.01)
        raise RuntimeError(f"the change was not seen within {waited:.0f} s")


def _edited(document: Document, number: int, kind: int) -> Document:
    draft = {**document, "dwc:disposition": f"bench {number}"}
    if kind != PLAIN:
        event = deepcopy(document["ods:hasEvents"][0])
        if kind == PLACE:
            event["ods:hasLocation"]["dwc:locality"] = f"Place {number}"
        else:
            event["dwc:year"] = 1800 + number % 200
        draft["ods:hasEvents"] = [event, *document["ods:hasEvents"][1:]]
    return draft
