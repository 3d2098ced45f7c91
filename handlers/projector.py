"""The one process that keeps the projections in step with the log.

    python -m handlers.projector DATA [--until-idle]

It holds the lease (a lock on `DATA/projections.lock`): there is one writer of the projections
on a data directory, whoever started it. It follows the log, publishes graph checkpoints at
most twice a second, keeps some of them as rungs (`handlers/instants`), and carries out rebuilds
that other processes ask for by leaving a note in `DATA/control/`. It ends when its parent does,
so that a killed server leaves no lease.
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from eventstore.application import LOG_FILE, system_clock
from eventstore.follower import Projection, Spent, SqlView, deliver, follow_once
from eventstore.log import Log
from eventstore.recorder import Datastore, Recorder
from handlers import HANDLERS
from handlers.instants.ladder import Ladder
from handlers.instants.rungs import Policy, Rungs
from handlers.lease import Lease, LeaseHeld
from handlers.merging import stand_back
from handlers.projections.graph import Graph, hide, read_current
from handlers.rebuilding import Rebuilds, discard
from handlers.verification.projections import sweep

POLL_S = 0.02
PUBLISH_S = 0.4
PUBLISH_MANY_S = 0.9
"""Pause between publications, and where more than a section waits to be shown: each leaves the
engine files that it has to merge, as dear for one change as for a thousand."""
LEASE_PATIENCE_S = 0.5
"""Somebody who only looks whether the lease is held has it for a moment."""
SECTION = 2_000
"""Facts read at once while first versions stream in; also how near is near the front."""
LIVE_SECTION = 250
"""Facts read at once otherwise: what is applied shows when the section is through."""
FIRST = ("conformance", "deltas", "graph")
"""The views that SPARQL shows; they share each fact's patch, and go before the others."""
PATIENCE_S = 5.0
"""How long the other views wait for their turn while changes come faster than all can follow."""


class Stopped(Exception):
    """The projector is to end; what is not done is done by the next one."""


class Projector:
    """All projections of one data directory, driven together."""

    def __init__(self, data: Path, policy: Policy | None = None) -> None:
        self.data = data
        self._recorder = Recorder(Datastore(str(data / LOG_FILE)), system_clock)
        self._recorder.create_table()
        self.log = Log(self._recorder)
        self.projections: list[Projection] = [
            _opened(name, data / "projections" / name) for name in HANDLERS
        ]
        self.graph = next(p for p in self.projections if isinstance(p, Graph))
        self._last_publish = self._others_at = 0.0
        self._streaming = True  # what waits at a start is mostly a first ingest
        self._ladder = Ladder(data, self.log)
        self._erasure = -1
        openers = {name: make for name, make in HANDLERS.items() if name != self.graph.name}
        self._rebuilds = Rebuilds(data / "control", data / "projections", openers)
        self._rungs = Rungs(data / "projections" / "graph", policy, self._ladder)
        sweep(data / "projections")

    def step(self) -> int:
        """Apply one section, or else settle; how many facts were read."""
        self._obey()
        read = self._follow()
        idle = read == 0  # a view that is being made anew holds nothing back
        read += self._rebuilds.step(self.log, self.projections)
        now = time.monotonic()
        if now - self._last_publish >= self._pause():
            self.graph.settle(idle=idle)
            self.graph.publish(self.log, tidy=idle or self.graph.overdue)
            self._keep(idle=idle)
            self._purge()
            self._last_publish = now
        return read

    def _pause(self) -> float:
        many = self.graph.position() - self.graph.published > LIVE_SECTION
        return PUBLISH_MANY_S if many else PUBLISH_S

    def rest(self) -> None:
        """Wait for a fact, for somebody who asks for a rebuild, or for the next publication: only
        the head of the log is looked at, since a step reads the position of every view."""
        head = self.log.position()
        while True:
            time.sleep(POLL_S)
            due = time.monotonic() - self._last_publish >= self._pause()
            if due or self.log.position() != head or self._rebuilds.called():
                return

    def settle(self) -> None:
        """Follow until nothing is left, and publish."""
        while self.step():
            pass
        self.graph.flush()
        while not self.graph.publish(self.log) and self.graph.merging:
            self.graph.meanwhile()
            time.sleep(POLL_S)
        self._keep(idle=True)

    def _keep(self, *, idle: bool) -> None:
        """Bring the ladder in step with what was published."""
        if self._ladder.erasure() != self._erasure:
            self._ladder.forget()
            self._erasure = self._ladder.erasure()
        if self.graph.settled:
            self._rungs.consider(idle=idle)

    def _purge(self) -> None:
        """Go after bytes that were erased where somebody was in the way."""
        self._recorder.purge()
        for projection in self.projections:
            if isinstance(projection, SqlView):
                projection.purge()

    def close(self) -> None:
        """Close the views."""
        self._rebuilds.close()
        for projection in self.projections:
            projection.close()

    def _follow(self) -> int:
        """One section for the views that SPARQL shows; the others get theirs when these have
        read all there is, or when they have waited long enough.

        First versions, which stream in by the thousand, are given to all at once: reading them
        twice would cost more than waiting does.
        """
        first, others, behind = self._ranks()
        limit = SECTION if self._streaming else LIVE_SECTION
        start = min(one.position() for one in first)
        events = self.log.section(start, limit)
        if events:  # a stream that pauses between two batches goes on as one
            self._streaming = sum(event.version == 1 for event in events) * 2 > len(events)
        abreast = [one for one in others if self._streaming and one.position() >= start]
        deliver(events, [*first, *abreast], self.log)
        now = time.monotonic()
        if len(events) == limit and now - self._others_at < PATIENCE_S:
            return len(events)
        self._others_at = now
        return (
            len(events)
            + follow_once(self.log, others, SECTION if self._streaming else LIVE_SECTION)
            + follow_once(self.log, behind, SECTION)
        )

    def _ranks(self) -> tuple[list[Projection], list[Projection], list[Projection]]:
        """(first, others, far behind): a view that is new, or made anew, holds nobody up."""
        behind = list[Projection]()
        first = self._near([one for one in self.projections if one.name in FIRST], behind)
        others = self._near([one for one in self.projections if one.name not in FIRST], behind)
        return first, others, behind

    @staticmethod
    def _near(views: list[Projection], behind: list[Projection]) -> list[Projection]:
        positions = [view.position() for view in views]
        near = list[Projection]()
        for view, position in zip(views, positions, strict=True):
            (near if max(positions) - position <= SECTION else behind).append(view)
        return near

    def _obey(self) -> None:
        """Begin the rebuilds that others ask for, and those that a view needs itself."""
        if self._rebuilds.asked() & {self.graph.name, "all"}:
            self.graph.clear()
            self._rungs.clear()
        for projection in self.projections:
            waiting = not self._rebuilds.running(projection.name)
            if waiting and isinstance(projection, Spent) and projection.spent():
                self._rebuilds.begin(projection.name)


def _opened(name: str, folder: Path) -> Projection:
    """The view in this folder; one whose files are damaged is thrown away and made anew,
    since the log can always tell it again."""
    try:
        return HANDLERS[name](folder)
    except (sqlite3.DatabaseError, RuntimeError, OSError) as error:
        if isinstance(error, sqlite3.OperationalError) or not re.search(
            "corrupt|malformed|not a database", str(error), re.IGNORECASE
        ):
            raise  # a full disk or a lock is no reason to throw anything away
        print(f"The view {name} is damaged ({error}); it is made anew.", file=sys.stderr)  # noqa: T201
    if name == Graph.name and (current := read_current(folder)):
        hide(folder, int(current["position"]))
    discard(folder)
    return HANDLERS[name](folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the projector; 75 when another process holds the lease."""
    parser = argparse.ArgumentParser(prog="projector", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--until-idle", action="store_true", help="stop when all is projected")
    parser.add_argument("--parent", type=int, help="end when this process is no longer the parent")
    for name, value in asdict(Policy()).items():
        parser.add_argument(f"--rungs-{name}", type=int, default=value)
    options = parser.parse_args(arguments)
    policy = Policy(options.rungs_every, options.rungs_hours, options.rungs_days)
    try:
        lease = Lease.take(options.data, LEASE_PATIENCE_S)
    except LeaseHeld:
        print("another process projects this data directory", file=sys.stderr)  # noqa: T201
        return 75
    stop = False

    def ask_to_stop(*_: object) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(100_000, 50, 50)  # documents are many and without cycles
    parent = options.parent or os.getppid()

    def go_on() -> None:
        if stop or os.getppid() != parent:
            raise Stopped

    projector = Projector(options.data, policy)
    projector.graph.meanwhile = go_on
    stand_back()
    try:
        if options.until_idle:
            projector.settle()
            return 0
        while True:
            go_on()
            if not projector.step():
                projector.rest()
    except Stopped:
        return 128 + signal.SIGTERM if options.until_idle else 0
    finally:
        projector.close()
        lease.release()


if __name__ == "__main__":
    sys.exit(main())
