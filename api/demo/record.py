"""Record the sample history as a log: `python -m api.demo.record`.

The definitions come first. Each sample harvest is ingested with the clock set to its date, in a
scratch repository with a seeded choice of PIDs, and between them people and a service annotate what
is there; the drawn images are taken in; then the DOIs are confirmed, as if DataCite had taken them,
and a curator ends two objects. The log is then written to `log.jsonl.gz`, which
`collectome demo` imports with its recorded times. Run it again when the samples, the mapping or
the definitions change.
"""

from __future__ import annotations

import gzip
import random
import tempfile
from contextlib import closing
from pathlib import Path

from api.demo import CURATOR, LOG
from api.demo.annotations import annotate
from api.demo.pictures import lay
from api.demo.source import write_harvests
from eventstore.application import DigitalObjects
from eventstore.envelope import opends_time, to_micros, to_moment
from eventstore.transfer import write_log
from fdo.lifecycle import Merge, Tombstone
from handlers.definitions import ensure
from handlers.harvest.harvest import Harvest
from handlers.harvest.options import Options
from handlers.media import MediaFiles, Terms
from handlers.processes.minting.asking import request_version
from handlers.processes.minting.confirming import confirm
from handlers.processes.minting.following import Following
from handlers.processes.minting.store import Outbox
from handlers.processes.minting.wanted import Wishes

SEED = 20261121
HOUR = 3_600_000_000


class Clock:
    """A clock that stands where it is put and moves a millisecond at each look."""

    def __init__(self) -> None:
        self.now = 0

    def put(self, now: int) -> None:
        """Stand there."""
        self.now = now

    def __call__(self) -> int:
        self.now += 1_000
        return self.now


def record() -> int:
    """Write the log; the number of its events."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        clock = Clock()
        chance = random.Random(SEED)  # noqa: S311 - sample PIDs, not secrets
        objects = DigitalObjects(folder / "data", clock=clock, draw=chance.randrange)
        harvests = write_harvests(folder / "harvests")
        clock.now = to_micros(harvests[0].observed_at) + HOUR
        ensure(objects)
        saying = annotate(objects, clock.put)
        day = next(saying)
        for harvest in harvests:
            while day < harvest.observed_at.date().isoformat():
                day = next(saying)
            clock.now = to_micros(harvest.observed_at) + 2 * HOUR
            options = Options(
                source_system=harvest.title,
                organisation=harvest.organisation,
                observed_at=harvest.observed_at,
            )
            summary = Harvest(objects, folder / "workspace", options).run(str(harvest.path))
            assert summary.balanced, summary
        for _ in saying:
            pass
        with closing(MediaFiles(folder / "media", objects, Terms())) as files:
            lay(objects, files)
        _mint(objects, folder / "data", clock)
        _curate(objects, clock)
        _mint(objects, folder / "data", clock)
        with (
            LOG.open("wb") as file,
            gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=9, mtime=0) as packed,
        ):
            for line in write_log(objects.log):
                packed.write(line)
        return objects.log.position()


def _mint(objects: DigitalObjects, folder: Path, clock: Clock) -> None:
    """The registration agency takes every DOI that waits, and one of a version that is cited.

    The address to which they led is not that of any demo: there they are sent again, to a double
    that knows nothing yet, and are confirmed already."""
    clock.now += 86_400_000_000
    cited = next(
        h for h in objects.log.heads(limit=10_000) if h.type == "specimen" and h.version > 2
    )
    request_version(objects, cited.pid, 1, CURATOR)
    outbox = Outbox(folder)
    wishes = Wishes(objects.log, "https://sample.example")
    following = Following(objects.log, outbox, wishes, objects.prefixes["doi"], lambda: 0.0)
    while following.step():
        due = outbox.due(0.0, 10_000)
        outbox.settle([(row.doi, row.wanted, row.wanted_hash) for row in due], 0.0)
    while confirm(objects, outbox):
        pass
    outbox.close()


def _curate(objects: DigitalObjects, clock: Clock) -> None:
    """A curator withdraws one specimen that left the collection, and merges a doublet."""
    clock.now += 86_400_000_000
    node = {"@type": CURATOR.kind, "schema:identifier": CURATOR.id, "schema:name": CURATOR.name}
    gone = [
        head
        for head in objects.log.heads(limit=10_000)
        if head.type == "specimen" and objects.log.unseen_since(head.pid) is not None
    ]
    at = opends_time(to_moment(clock()))
    first = gone[0]
    objects.handle(
        Tombstone("Destroyed in transit on loan; the accession register was closed.", node, at),
        pid=first.pid,
        kind="specimen",
        by=CURATOR,
    )
    if len(gone) > 1:
        second = gone[1]
        twin = next(
            h
            for h in objects.log.heads(limit=10_000)
            if h.type == "specimen"
            and h.source == second.source
            and h.pid != second.pid
            and objects.log.unseen_since(h.pid) is None
            and h.status.value == "active"
        )
        objects.handle(
            Merge(twin.pid, "Two labels of one gathering were registered twice.", node, at),
            pid=second.pid,
            kind="specimen",
            by=CURATOR,
        )


if __name__ == "__main__":
    print(record(), "events written to", LOG.name)  # noqa: T201
