"""A mirror through the feed of events: what the source gives, what the follower checks and takes.

The limit is reading the same log from a file, which checks the same hashes and records the same
events in one go. Only our own processor time is measured: no network, no projector.
"""

from __future__ import annotations

import time
from pathlib import Path

from api.feeds.events import section
from bench.generate import generate
from bench.result import Result
from bench.specimens import Plan
from eventstore import mirroring
from eventstore.application import DigitalObjects
from eventstore.arrivals import checked
from eventstore.sections import arrived
from eventstore.transfer import read_log, write_log
from handlers.following.mirror import SECTION
from handlers.harvest.harvest import Harvest
from handlers.harvest.options import Options


def measure(scratch: Path, records: int) -> list[Result]:
    """Events a second, given and taken, and the follower over a reading of the same log."""
    archive = scratch / "follow-archive"
    generate(Plan(records=records), archive)
    source = _log(scratch / "follow-source")
    Harvest(source, scratch / "follow-work", Options(source_system="Bench")).run(str(archive))
    events = source.log.position()
    lines = list(write_log(source.log))

    copy, started = _log(scratch / "follow-copy"), time.process_time()
    read_log(copy, lines)
    reading = time.process_time() - started

    giving, taking, size = _followed(source, _log(scratch / "follow-mirror"))
    ratio = taking / reading
    return [
        Result("follow", f"events given by the source, of {events:,}", events / giving, "events/s"),
        Result("follow", "events checked and recorded by the mirror", events / taking, "events/s"),
        Result("follow", "bytes of an event on its way", size / events / 1000, "KB"),
        Result("follow", "the mirror over a reading of the log from a file", ratio, "ratio",
               "<= 2", ratio <= 2),
    ]  # fmt: skip


def _log(folder: Path) -> DigitalObjects:
    return DigitalObjects(folder, durability="normal")


def _followed(source: DigitalObjects, mirror: DigitalObjects) -> tuple[float, float, int]:
    """Seconds of the source, seconds of the mirror, bytes between them."""
    giving, taking, size = 0.0, 0.0, 0
    mirroring.begin(mirror.recorder, "http://source.example", source.log.id)
    while (at := mirror.log.position()) < source.log.position():
        began = time.process_time()
        body = section(source.log, at, SECTION)
        given = time.process_time()
        mirroring.take(mirror.recorder, checked(arrived(body), mirror.log))
        giving, taking = giving + given - began, taking + time.process_time() - given
        size += len(body)
    return giving, taking, size
