"""An outbox with many DOIs that wait: what each question and each step costs, and whether the
number matters.

The log is filled without projections, by small specimens in batches; the process derives its outbox
from it as it always does, with DataCite away, so that all of them wait. The same is measured with a
tenth of them first. What is asked for once a second or at each write must not know how many wait.
"""

from __future__ import annotations

import statistics
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path

from api.minting import standing
from api.settings import Settings
from bench.processes import collectome
from bench.result import Result
from eventstore.application import DigitalObjects
from eventstore.codec import pack
from eventstore.recorder import Entry
from fdo.agent import Agent
from fdo.documents import Document, canonical
from fdo.identifiers import Pid, suffix_of
from fdo.lifecycle import Register, stamped
from handlers.processes.minting.answers import Answer
from handlers.processes.minting.following import SECTION
from handlers.processes.minting.minter import Minter, Plan
from handlers.processes.minting.store import Outbox

BASE, PREFIX = "https://repository.example", "10.5072"
BY = Agent("urn:bench", "Bench")
BATCH = 5_000
TIMES = 25
"""Each thing is done so often; the median counts."""
RATIO = 1.5
"""What ten times as many that wait may cost; look-ups in a tree are a little deeper."""
PAUSED_S = 3_600.0


class Away:
    """A DataCite that cannot be reached."""

    def upsert(self, doi: str, attributes: dict[str, object], event: str | None) -> Answer:
        """Nothing is taken, and it asks to be left in peace."""
        del doi, attributes, event
        return Answer("hindered", "not to be reached", wait_s=PAUSED_S)


def measure(scratch: Path, pending: int) -> list[Result]:
    """Costs with a tenth of the DOIs pending, then with all of them."""
    few, many = (_costs(scratch / f"pending-{n}", n) for n in (pending // 10, pending))
    results = []
    for what, (value, unit) in many.items():
        ratio = value / few[what][0]
        judged = unit != "DOIs/s"
        results.append(Result("pending", f"{pending:,} wait: {what}", value, unit))
        results.append(
            Result("pending", f"{what}, over a tenth of them", ratio, "ratio",
                   f"<= {RATIO}" if judged else "", ratio <= RATIO if judged else None)
        )  # fmt: skip
    return results


def _costs(data: Path, pending: int) -> dict[str, tuple[float, str]]:
    objects = DigitalObjects(data, durability="normal")
    _fill(objects, pending)
    started = time.perf_counter()
    process = _minter(data, objects)
    process.run_until_idle(threading.Event())
    derived = pending / (time.perf_counter() - started)
    objects.close()

    settings = Settings(data=data)
    restart = _median(lambda: _restarted(data), 5)
    objects, outbox = DigitalObjects(data, durability="normal"), Outbox(data)
    process = _minter(data, objects)
    numbers = count(pending + 1)
    waiting = standing(settings, objects).pending
    if waiting != pending:
        raise AssertionError(f"{waiting} DOIs wait, not {pending}")
    now = time.time() + 2 * PAUSED_S
    costs = {
        "counts, as routes and pages tell them": (
            _median(lambda: standing(settings, objects)) * 1e3, "ms"),
        "next batch picked": (_median(lambda: outbox.due(now, 32)) * 1e3, "ms"),
        "a write": (_median(lambda: _write(objects, next(numbers))) * 1e3, "ms"),
        "a step that derives one DOI": (_median(lambda: _step(process, objects, next(numbers)))
                                        * 1e3, "ms"),
        "memory of a step with 200 events": (_peak(process, objects, numbers), "kB"),
        "restart, to the end of the first step": (restart * 1e3, "ms"),
    }  # fmt: skip
    process.close()
    outbox.close()
    objects.close()
    taken = [collectome("pids", "status", "--data", str(data))[1] for _ in range(3)]
    costs["`collectome pids status`"] = statistics.median(c.seconds for c in taken), "s"
    costs["its memory"] = taken[0].memory.largest, "MB"
    costs["outbox derived from the log"] = derived, "DOIs/s"
    return costs


def _minter(data: Path, objects: DigitalObjects) -> Minter:
    return Minter(data, objects, Away(), Plan(PREFIX, BASE, 3_000))


def _restarted(data: Path) -> None:
    objects = DigitalObjects(data, durability="normal")
    process = _minter(data, objects)
    process.round()
    process.close()
    objects.close()


def _write(objects: DigitalObjects, number: int) -> None:
    pid = Pid(PREFIX, suffix_of(number * 7919))
    objects.handle(Register(_document(pid, number)), pid=pid, kind="specimen", by=BY)


def _step(process: Minter, objects: DigitalObjects, number: int) -> Callable[[], object]:
    """A step with one new event to take in; the write is not part of what is timed."""
    _write(objects, number)
    return process.round


def _median(work: Callable[[], object], times: int = TIMES) -> float:
    """Seconds that it takes; what it hands back to be called is what is timed instead."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        if callable(then := work()):
            started = time.perf_counter()
            then()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _peak(process: Minter, objects: DigitalObjects, numbers: Iterator[int]) -> float:
    """kB that Python holds at most in a step that takes in a section, beyond what it held."""
    for number in islice(numbers, SECTION):
        _write(objects, number)
    tracemalloc.start()
    process.round()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1000


def _fill(objects: DigitalObjects, upto: int) -> None:
    """Register so many small specimens."""
    entries = _entries()
    for done in range(0, upto, BATCH):
        objects.recorder.insert_events(list(islice(entries, min(BATCH, upto - done))))


def _entries() -> Iterator[Entry]:
    meta = {"type": "specimen", "agent": ["urn:bench", "Bench", "schema:SoftwareApplication", ""],
            "issue": 1, "status": "active"}  # fmt: skip
    number = 0
    while True:
        number += 1
        pid = Pid(PREFIX, suffix_of(number * 7919))
        body = canonical(_document(pid, number))
        yield Entry(str(pid), 1, "SpecimenRegistered.v1", b"", meta=meta, document=body,
                    frame=pack(body))  # fmt: skip


def _document(pid: Pid, number: int) -> Document:
    document: Document = {
        "@type": "ods:DigitalSpecimen",
        "ods:fdoType": "https://doi.org/21.T11148/894b1e6cad57e921764e",
        "ods:status": "Active",
        "ods:specimenName": "Abies alba",
        "ods:physicalSpecimenID": f"BENCH-{number}",
        "ods:normalisedPhysicalSpecimenID": f"BENCH-{number}",
        "ods:organisationID": "https://ror.org/03z77qz90",
    }
    return stamped(document, pid, 1, modified="2026-03-01T12:00:00.000Z")
