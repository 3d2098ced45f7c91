"""Archive to everything, against the bare limit: raw SQLite plus raw bulk load, same bytes."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from pyoxigraph import RdfFormat, Store

from bench.generate import generate
from bench.processes import Cost, collectome
from bench.result import Result, at_least
from bench.specimens import Plan
from bench.year import bytes_of
from eventstore.application import DigitalObjects
from eventstore.patches import patch
from handlers.merging import Merging
from handlers.projections.graph import BULK_BYTES
from handlers.projector import POLL_S

BATCH = 500
SMALL = 10_000
"""Records with which a larger number is compared."""
SHARE = 100_000
"""Events whose files one process makes."""
TOLD = 25
"""Files after which the bare load says how far it has come."""


def measure(scratch: Path, records: int) -> list[Result]:
    """One size; a large one beside a small one, of which it may not fall too far short. The small
    one is taken before and after, as in `growth`."""
    if records <= SMALL:
        return _measured(scratch, records)[0]
    _warm(scratch)
    before, (rate, share) = _measured(scratch, SMALL, "before")
    results, (large_rate, large_share) = _measured(scratch, records)
    after, (later_rate, later_share) = _measured(scratch, SMALL, "after")
    rate, share = (rate + later_rate) / 2, (share + later_share) / 2
    return [
        *before,
        *results,
        *after,
        Result("ingest", f"{_over(records)}: records/s", large_rate / rate, "ratio"),
        at_least("ingest", f"{_over(records)}: share of the bare limit", large_share / share, 0.7),
    ]


def growth(scratch: Path, records: int) -> list[Result]:
    """The rate and the memory of a large number of records beside those of a small one, without
    the bare limit of either, which takes as long again. The small one is taken before and after,
    since a machine that others share is not as fast at the end of an hour as at its beginning."""
    _warm(scratch)
    results, seconds = list[Result](), list[float]()
    large = max(records, 2 * SMALL)
    for when, number in (("before", SMALL), ("", large), ("after", SMALL)):
        archive, data, first = _ingested(scratch, number)
        results += _costs("growth", number, first, when)
        seconds.append(first.seconds)
        archive.unlink()
        shutil.rmtree(data)
    small = (seconds[0] + seconds[2]) / 2
    ratio = large / seconds[1] / (SMALL / small)
    return [*results, at_least("growth", f"{_over(large)}: records/s", ratio, 0.7)]


def _warm(scratch: Path) -> None:
    """What a first process of the day reads from the disk is nobody's cost."""
    archive, data, _ = _ingested(scratch, 100)
    archive.unlink()
    shutil.rmtree(data)


def _ingested(scratch: Path, records: int) -> tuple[Path, Path, Cost]:
    """An archive, the repository into which it went, and what that took."""
    archive, data = scratch / f"{records}.zip", scratch / "ingest"
    generate(Plan(records), archive)
    said, first = collectome("ingest", str(archive), "--data", str(data))
    assert said["new"] == records and said["balanced"], said
    _say(
        f"first ingest: {records / first.seconds:,.0f} records/s, "
        f"{first.cpu_seconds / records * 1000:.2f} ms of processors a record, "
        f"largest process {first.memory.largest:,.0f} MB"
    )
    return archive, data, first


def _costs(suite: str, records: int, first: Cost, when: str = "") -> list[Result]:
    name, memory = _name(records, when), first.memory.largest
    return [
        Result(
            suite,
            f"{name}: archive to log, graph, search, SHACL",
            records / first.seconds,
            "records/s",
        ),
        Result(suite, f"{name}: largest process", memory, "MB", "<= 2,500", memory <= 2500),
        Result(
            suite,
            f"{name}: processor time of all processes",
            first.cpu_seconds / records * 1000,
            "ms/record",
        ),
    ]


def _name(records: int, when: str) -> str:
    return f"{records:,} records {when}".rstrip()


def _over(records: int) -> str:
    return f"{records:,} over {SMALL:,} records"


def _measured(
    scratch: Path, records: int, when: str = ""
) -> tuple[list[Result], tuple[float, float]]:
    """Ingest, the limit, the unchanged re-harvest; memory and disk on the way. Beside the results:
    records a second, and what part that is of the bare limit."""
    archive, data, first = _ingested(scratch, records)
    again, second = collectome("ingest", str(archive), "--data", str(data))
    assert again["unchanged"] == records, again
    _say(f"unchanged: {first.seconds / second.seconds:.1f} times as fast")
    size = bytes_of(data / "projections")
    shutil.rmtree(data / "projections")  # a million records leave no room for two graphs
    rows = _bare_log(data, scratch)
    quads, load = _bare_graph(data, scratch)
    limit, seconds = rows + load, first.seconds
    shutil.rmtree(data)
    name = _name(records, when)
    results = [
        *_costs("ingest", records, first, when),
        Result(
            "ingest",
            f"{name}: bare limit (SQLite {rows:.1f} s + load {load:.1f} s)",
            records / limit,
            "records/s",
        ),
        at_least("ingest", f"{name}: share of the bare limit", limit / seconds, 0.6),
        at_least(
            "ingest",
            f"{name}: unchanged re-harvest against the first",
            seconds / second.seconds,
            5,
        ),
        Result("ingest", f"{name}: quads in the graph", quads, "quads"),
        Result("ingest", f"{name}: projections on disk", size / 1e6, "MB"),
    ]
    return results, (records / seconds, limit / seconds)


def _bare_log(data: Path, scratch: Path) -> float:
    """Seconds to insert the rows of the log into a bare table, fsync at each batch."""
    source = sqlite3.connect(data / "log.sqlite")
    target = sqlite3.connect(scratch / "bare.sqlite", isolation_level=None)
    target.execute("PRAGMA journal_mode=WAL")
    target.execute("PRAGMA synchronous=FULL")
    columns = len(source.execute("SELECT * FROM events LIMIT 1").fetchone())
    target.execute(
        "CREATE TABLE events (position INTEGER PRIMARY KEY, "
        + ", ".join(f"c{i}" for i in range(1, columns))
        + ")"
    )
    insert = f"INSERT INTO events VALUES ({','.join('?' * columns)})"
    spent, cursor = 0.0, source.execute("SELECT * FROM events ORDER BY position")
    while rows := cursor.fetchmany(BATCH):
        started = time.perf_counter()
        target.execute("BEGIN")
        target.executemany(insert, rows)
        target.execute("COMMIT")
        spent += time.perf_counter() - started
    source.close()
    target.close()
    (scratch / "bare.sqlite").unlink()
    return spent


def _bare_graph(data: Path, scratch: Path) -> tuple[int, float]:
    """(quads, seconds to bulk-load the same quads, in the order of the log and in files of the
    same size, and to make a checkpoint, when it is merged where the projection waits for that).
    Making the files is not counted, and done before: the engine merges behind its loads, and what
    it did while others worked would be missing."""
    events, files = _files(data, scratch / "bare-files")
    bare, started = Store(str(scratch / "bare")), time.perf_counter()
    merging = Merging(scratch / "bare")
    merging.load(events)
    for number, path in enumerate(files, start=1):
        bare.bulk_load(path=str(path), format=RdfFormat.N_QUADS)
        if number % TOLD == 0:
            spent = time.perf_counter() - started
            _say(f"bare load: {number} of {len(files)} files in {spent:,.0f} s")
    while not merging.through() and not merging.ready():
        time.sleep(POLL_S)
    bare.backup(str(scratch / "bare-copy"))
    spent = time.perf_counter() - started
    count = len(bare)
    del bare  # closes it; its folder can go
    shutil.rmtree(scratch / "bare")
    shutil.rmtree(scratch / "bare-copy")
    shutil.rmtree(scratch / "bare-files")
    return count, spent


def _say(what: str) -> None:
    """A million take an hour and more; what is known already is told."""
    print(what, file=sys.stderr, flush=True)


def _files(data: Path, folder: Path) -> tuple[int, list[Path]]:
    """How many events the log has, and their quads in files, as the projection gathers them."""
    folder.mkdir()
    objects = DigitalObjects(data)
    head = objects.log.position()
    objects.close()
    starts = range(0, head, SHARE)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        shares = pool.map(_share, repeat(data), repeat(folder), starts)
        return head, [path for share in shares for path in share]


def _share(data: Path, folder: Path, start: int) -> list[Path]:
    """The files of some following events."""
    objects, files, position = DigitalObjects(data), list[Path](), start
    lines, size = list[str](), 0
    while events := objects.log.read(position, 1_000, start + SHARE):
        position = events[-1].position
        for event in events:
            quads = patch(event, None).added
            lines += quads
            size += sum(map(len, quads))
        if size >= BULK_BYTES:
            files.append(_written(folder / f"{start}-{len(files)}.nq", lines))
            lines, size = [], 0
    objects.close()
    return [*files, _written(folder / f"{start}-{len(files)}.nq", lines)] if lines else files


def _written(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(lines), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit("run as ./run bench ingest")
