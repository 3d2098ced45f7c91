"""The outbox against the double of DataCite: DOIs a second, beside bare requests.

The limit is what the same client does with the same bodies when nobody keeps a log: as many
threads, one PUT after the other, to a double with the same durability. Beside it stands what the
published limit of DataCite allows, which is what a production repository will see.

    ./run bench minting
    python -m bench.minting --pending 1000000     a million that wait: is that only a number?
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api.datacite_double import DoubleServer, Limits
from bench import pending
from bench.generate import generate
from bench.processes import collectome
from bench.result import Result, table
from bench.specimens import Plan as Specimens
from eventstore.application import DigitalObjects
from handlers.processes.minting.answers import event_for
from handlers.processes.minting.client import DataCite
from handlers.processes.minting.minter import AT_ONCE, Minter, Plan
from handlers.processes.minting.wanted import Wanted, Wishes, bears_doi

BASE, PREFIX = "https://repository.example", "10.5072"
MOST = 2_000
"""DOIs that are sent; the double is what takes the time."""
UNHINDERED = 1_000_000
"""Requests in five minutes, so that the limiter is at work and never in the way."""
PUBLISHED = 3_000 / 300
"""Requests a second that DataCite allows."""


def measure(scratch: Path, records: int) -> list[Result]:
    """DOIs a second through the outbox, confirmed in the log; bare PUTs of the same bodies."""
    archive, data = scratch / "minting.zip", scratch / "minting"
    generate(Specimens(min(records, MOST)), archive)
    collectome("ingest", str(archive), "--data", str(data))
    objects = DigitalObjects(data)
    wanted = _all(objects)
    bare = _rate(scratch / "bare.sqlite", lambda client: _bare(client, wanted), len(wanted))
    ours = _rate(
        scratch / "ours.sqlite", lambda client: _minted(data, objects, client), len(wanted)
    )
    started = time.perf_counter()
    for file in data.glob("minting.sqlite*"):
        file.unlink()
    with DoubleServer(scratch / "again.sqlite", limits=Limits(0, 0, 0, 0)) as double:
        _minted(data, objects, _client(double))
        again = len(double.journal())
    read = len(wanted) / (time.perf_counter() - started)
    objects.close()
    share = ours / bare
    return [
        Result("minting", "bare PUTs of the same bodies", bare, "DOIs/s"),
        Result("minting", "through the outbox, confirmed in the log", ours, "DOIs/s"),
        Result("minting", "outbox over bare PUTs", share, "ratio", ">= 0.5", share >= 0.5),
        Result("minting", "outbox over the limit of DataCite", ours / PUBLISHED, "ratio",
               ">= 1", ours >= PUBLISHED),
        Result("minting", "lost outbox made again from the log", read, "DOIs/s"),
        Result("minting", "requests that this took", again, "", "= 0", again == 0),
    ]  # fmt: skip


def _all(objects: DigitalObjects) -> list[Wanted]:
    wishes, log = Wishes(objects.log, BASE), objects.log
    heads = [head for head in log.heads(limit=1_000_000) if bears_doi(head.type, head.pid, PREFIX)]
    return [wishes.of(log.latest(head.pid), 0, ()) for head in heads]


def _client(double: DoubleServer) -> DataCite:
    account = double.account
    return DataCite(double.url, account.username, account.password, PREFIX)


def _rate(place: Path, work: Callable[[DataCite], None], number: int) -> float:
    with DoubleServer(place, limits=Limits(0, 0, 0, 0)) as double:
        client = _client(double)
        started = time.perf_counter()
        work(client)
        seconds = time.perf_counter() - started
        states = double.store.states()
    if states != {"findable": number}:
        raise AssertionError(f"the double holds {states}, not {number} findable DOIs")
    return number / seconds


def _bare(client: DataCite, wanted: list[Wanted]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = pool.map(
            lambda one: client.upsert(one.doi, one.attributes, event_for(one.state, None)), wanted
        )
        if any(answer.outcome != "taken" for answer in answers):
            raise AssertionError("the double did not take a DOI")


def _minted(data: Path, objects: DigitalObjects, client: DataCite) -> None:
    Minter(data, objects, client, Plan(PREFIX, BASE, UNHINDERED)).run_until_idle(threading.Event())


def main() -> int:
    """Measure an outbox in which so many wait; exit code 1 when the number matters."""
    parser = argparse.ArgumentParser(prog="python -m bench.minting", description=pending.__doc__)
    parser.add_argument("--pending", type=int, default=100_000, help="DOIs that wait")
    parser.add_argument("--scratch", type=Path, help="folder for data (default: a temporary one)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        results = pending.measure(Path(scratch), options.pending)
    print(table(results))
    return 1 if any(result.holds is False for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
