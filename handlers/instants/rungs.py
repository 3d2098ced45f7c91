"""Which states are kept for good: a rung after so many changes, and one a day.

A rung is a clone of a published checkpoint, so it costs the disk only what the graph has
rewritten since. That is more than what changed: with every second checkpoint the engine puts
what came since its last great compaction into new files, and each rung would keep those of its
day. So a rung near a full one is *light*: a clone of that one, with the changes between in its
journal.

Older rungs are thinned: one an hour, then one a day, then one a month; the first and the newest
always stay. Ages are differences of recorded time, not of a clock on the wall, so a log that was
imported gets the ladder that it would have had.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from eventstore.instant import Instant
from handlers.instants.build import Builder
from handlers.instants.ladder import Choice, Ladder
from handlers.queries.checkpoint import Current, read_current
from handlers.stores import Kept, all_kept, clone, come_to_rest, held, keep, remove

BUSY_FACTOR = 4
"""While much goes in, rungs are this many times rarer: the files are soon compacted away."""
LIGHT_EVENTS = 1_000
"""Most events between a light rung and its full one: the projector stands still while it writes
them, and who asks the rung waits until they are in tables."""
LIGHT_SHARE = 100
"""That part of all events at most: what the light rungs write again and again, and what the full
ones have rewritten, are about as much then."""

HALF_MADE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Policy:
    """When a rung is made, and which stay."""

    every: int = 50_000
    """Events after which there is another one."""
    hours: int = 24
    """So long one an hour stays."""
    days: int = 31
    """So long one a day stays; of what is older, one a month."""

    def due(self, newest: Kept | None, current: Current, *, idle: bool) -> bool:
        """Whether the published state should become a rung."""
        behind = current.position - (newest.instant.position if newest else 0)
        if behind <= 0:
            return False
        if behind >= self.every * (1 if idle else BUSY_FACTOR):
            return True
        return idle and (newest is None or newest.recorded_at[:10] < current.recorded_at[:10])

    def thinned(self, rungs: Sequence[Kept]) -> list[Kept]:
        """Those that need not stay, of rungs in order of position."""
        if not rungs:
            return []
        now = _moment(rungs[-1])
        newest_of = {self._span(now - _moment(kept), kept): kept for kept in rungs}
        stay = {rungs[0], rungs[-1], *newest_of.values()}
        return [kept for kept in rungs if kept not in stay]

    def _span(self, age: timedelta, kept: Kept) -> str:
        """The hour, day or month for which one rung stays."""
        if age < timedelta(hours=self.hours):
            return kept.recorded_at[:13]
        return kept.recorded_at[:10] if age < timedelta(days=self.days) else kept.recorded_at[:7]


class Rungs:
    """The rungs beside one graph; the projector makes and thins them.

    Without the ladder, which knows the changes between, all that are made are full ones.
    """

    def __init__(
        self,
        graph: Path,
        policy: Policy | None = None,
        ladder: Ladder | None = None,
        *,
        share: int = LIGHT_SHARE,
    ) -> None:
        self._graph, self._folder = graph, graph / "rungs"
        self._policy, self._ladder, self._share = policy or Policy(), ladder, share
        self._newest = next(iter(reversed(all_kept(self._folder))), None)

    def consider(self, *, idle: bool) -> Kept | None:
        """Make a rung of the published state where one is due, and thin the others."""
        current = read_current(self._graph)
        if current is None or not self._policy.due(self._newest, current, idle=idle):
            return None
        made = self.make(
            self._graph / "checkpoints" / current.checkpoint,
            current.position,
            current.recorded_at,
            current.position,
        )
        self.thin()
        return made

    def make(self, store: Path, position: int, recorded_at: str, erasures: int) -> Kept | None:
        """A rung of a store that holds the state at a position; None when the store is gone."""
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{position:012d}-{time.time_ns()}"
        light = self._made_light(path, position)
        if not light:
            with held(store) as there:
                if not there:
                    return None
                clone(store, path)
            if self._ladder is not None and position >= self._share:
                come_to_rest(path)
        made = keep(path, Instant(position), recorded_at, erasures, light=light)
        if self._newest is None or position >= self._newest.instant.position:
            self._newest = made
        return made

    def _made_light(self, path: Path, position: int) -> bool:
        """Whether a full rung is near enough, and this one could be made from it."""
        if self._ladder is None:
            return False
        full = [rung for rung in all_kept(self._folder) if not rung.light]
        near = min(full, key=lambda rung: abs(rung.instant.position - position), default=None)
        if near is None or not self._ladder.valid(near):
            return False
        apart = self._ladder.deltas.distance(near.instant, Instant(position))
        if apart > min(LIGHT_EVENTS, position // self._share):
            return False
        with suppress(OSError, RuntimeError):  # a full one that is damaged is found by who reads it
            Builder(self._ladder).light(Choice(near, apart), Instant(position), path)
            return True
        return False

    def thin(self) -> list[Kept]:
        """Remove the rungs that need not stay, and what a process that was killed left half-made;
        those in use are left for the next time."""
        kept = all_kept(self._folder)
        for left in self._half_made({rung.path for rung in kept}):
            remove(left)
        return [rung for rung in self._policy.thinned(kept) if remove(rung.path)]

    def _half_made(self, whole: set[Path]) -> list[Path]:
        """Folders that never got their note, and nobody has written for a while."""
        folders = self._folder.iterdir() if self._folder.is_dir() else ()
        before = time.time() - HALF_MADE_S
        return [
            path
            for path in folders
            if path.is_dir() and path not in whole and path.stat().st_mtime < before
        ]

    def clear(self) -> None:
        """Remove all: the graph is told anew, perhaps in other words. Instants go as well."""
        for folder in (self._folder, self._graph / "instants"):
            for kept in all_kept(folder):
                remove(kept.path, even_held=True)
        self._newest = None


def _moment(kept: Kept) -> datetime:
    return datetime.fromisoformat(kept.recorded_at.replace("Z", "+00:00"))
