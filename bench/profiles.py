"""What judging each FDO record by its profile adds to taking records in: the processor time of
the judgement alone, as a share of that of a whole ingest of the same records in the same run."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from bench.generate import generate
from bench.processes import collectome
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import DigitalObjects
from eventstore.profiles import Profiles

BATCH = 500
ROUNDS = 3


def measure(scratch: Path, records: int) -> list[Result]:
    """One ingest of all processes, then the judgement of each record that it made."""
    archive = scratch / f"profiles-{records}.zip"
    generate(Plan(records), archive)
    data = scratch / "profiles"
    said, whole = collectome("ingest", str(archive), "--data", str(data))
    assert said["new"] == records and said["balanced"], said
    alone = _alone(data)
    shutil.rmtree(data)
    name, share = f"{records:,} records", alone / whole.cpu_seconds
    return [
        Result(
            "profiles",
            f"{name}: processor time of the ingest",
            whole.cpu_seconds / records * 1e6,
            "µs/record",
        ),
        Result(
            "profiles",
            f"{name}: judging records by their profiles",
            alone / records * 1e6,
            "µs/record",
        ),
        Result("profiles", f"{name}: share of the ingest", share * 100, "%", "<= 3", share <= 0.03),
    ]


def _alone(data: Path) -> float:
    """Seconds of processor time of nothing but the judgement of each record, at best."""
    objects = DigitalObjects(data, durability="normal")
    profiles = Profiles(objects.log)
    profiles.renew()
    best = [_judged(objects, profiles) for _ in range(ROUNDS)]
    objects.close()
    return min(best)


def _judged(objects: DigitalObjects, profiles: Profiles) -> float:
    spent, after = 0.0, ""
    while heads := objects.log.heads(after, BATCH):
        after = str(heads[-1].pid)
        states = list(objects.states(heads).values())
        started = time.process_time()
        for state in states:
            profiles.judged(state, 1)
        spent += time.process_time() - started
    return spent
