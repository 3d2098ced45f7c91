"""The ladder: every store from which the state at an instant can be reached, and the choice.

The rungs, the newest published checkpoint and the instants made before are all starting
points, and so is an empty store. The best is the one that lies the fewest events away, on
either side. A store that holds what was erased since is no starting point; it is removed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eventstore.instant import Instant
from eventstore.log import Log
from handlers.instants.model import compacted, is_compacted, key_of
from handlers.projections.deltas import DeltasReader
from handlers.projections.graph import holds_erased
from handlers.queries.checkpoint import read_current
from handlers.stores import Charged, Kept, all_kept, note_of, read_kept, remove

_UNFINISHED_S = 3600
"""A folder without a note that nobody touched for so long is not being made any more."""
_COUNTED = 12
"""Starting points of which the exact distance is asked, the most promising first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A starting point; `kept` is None for an empty store."""

    kept: Kept | None
    distance: int
    """Events between it and the instant asked for."""

    @property
    def instant(self) -> Instant:
        """The state at the starting point."""
        return self.kept.instant if self.kept else Instant(0)


class Ladder:
    """All starting points of one data folder."""

    def __init__(self, data: Path, log: Log) -> None:
        self.log = log
        self.graph = data / "projections" / "graph"
        self.rungs, self.instants = self.graph / "rungs", self.graph / "instants"
        self._erasure = 0
        self.deltas = DeltasReader(data / "projections" / "deltas" / "view.sqlite", log)

    def erasure(self) -> int:
        """The position of the newest erasure; 0 when nothing was ever erased."""
        while newer := self.log.erasures(self._erasure):
            self._erasure = newer[-1][0]
        return self._erasure

    def exactly(self, position: int) -> list[Kept]:
        """Full rungs and the newest checkpoint, where they hold just the state at a position."""
        notes = self.rungs.glob(f"{position:012d}-*.json") if self.rungs.is_dir() else ()
        found = [kept for note in notes if (kept := read_kept(note.with_suffix("")))]
        newest = self._newest()
        if newest is not None and newest.instant.position == position:
            found.append(newest)
        return [kept for kept in found if not kept.light and self.valid(kept)]

    def forget(self) -> None:
        """Remove every store that holds what was erased since it was made."""
        self.sound()
        for kept in all_kept(self.instants):
            if kept.erasures != self.erasure():
                self.discard(kept)

    def copy_of(self, path: Path) -> Path | None:
        """Where the compacted copy of an instant or a rung lies; None for what has none: a copy,
        and the newest checkpoint, which is soon replaced."""
        if path.parent == self.instants and not is_compacted(path):
            return compacted(path)
        if path.parent == self.rungs:
            position = int(path.name.partition("-")[0])
            return compacted(self.instants / key_of(Instant(position), (), self.erasure()))
        return None

    def outdone(self, path: Path) -> bool:
        """Whether a compacted copy of this state stands there."""
        copy = self.copy_of(path)
        return copy is not None and note_of(copy).exists()

    def evict(self, budget: int, wanted: str = "") -> None:
        """Remove the instants that were not asked for longest, until the files that they share
        with no rung fit the budget (bytes); not those in use, nor `wanted`. One that is outdone
        goes in any case, and so does what a process that was killed left half-made or half-gone."""
        for left in (*self.instants.glob(".building-*"), *self.instants.glob(".removed-*")):
            remove(left)  # unless somebody is at it
        for left in self._without_note():
            remove(left)
        by_use = []
        for kept in all_kept(self.instants):
            if self.outdone(kept.path) and remove(kept.path):
                continue
            with contextlib.suppress(FileNotFoundError):
                by_use.append((kept.note.stat().st_mtime_ns, kept.path))
        charged = Charged([path for _, path in by_use])
        for _, path in sorted(by_use):
            if charged.total <= budget:
                return
            if path.name != wanted and remove(path):
                charged.release(path)

    def _without_note(self) -> list[Path]:
        """Folders that nobody finds: who made or removed one was killed before the last step."""
        horizon = time.time() - _UNFINISHED_S
        return [
            folder
            for folder in self.instants.glob("[!.]*")
            if folder.is_dir() and not note_of(folder).exists() and folder.stat().st_mtime < horizon
        ]

    def kept(self) -> Iterator[Kept]:
        """What is there: rungs, the newest checkpoint, plain instants. A checkpoint that is not
        purged of what was erased yet is none: what was made of it would keep that."""
        yield from all_kept(self.rungs)
        newest = self._newest()
        if newest and not holds_erased(self.graph):  # in this order: it goes before that ends
            yield newest
        yield from (kept for kept in all_kept(self.instants) if "-g" not in kept.path.name)

    def sound(self) -> list[Kept]:
        """The starting points that are valid; others are removed on the way."""
        found = []
        for kept in self.kept():
            if self.valid(kept):
                found.append(kept)
            else:
                self.discard(kept)
        return found

    def discard(self, kept: Kept) -> None:
        """Remove a store that cannot be used; checkpoints are the graph projection's own."""
        if kept.path.parent != self.graph / "checkpoints":
            remove(kept.path, even_held=True)

    def valid(self, kept: Kept) -> bool:
        """Whether a store is of this log, which may be an older copy put back, and holds
        nothing that was erased since it was made."""
        position = kept.instant.position
        if position > self.log.position() or self._recorded_at(position) != kept.recorded_at:
            return False
        return all(first > position for _, first in self.log.erasures(kept.erasures))

    def _recorded_at(self, position: int) -> str:
        return self.log.recorded_at(position) or ""

    def _newest(self) -> Kept | None:
        newest = read_current(self.graph)
        if newest is None:
            return None
        path = self.graph / "checkpoints" / newest.checkpoint
        return Kept(path, Instant(newest.position), newest.recorded_at, newest.position)

    def choices(self, instant: Instant) -> list[Choice]:
        """Starting points for an instant, the nearest first; an empty store is among them."""
        size = self.deltas.size(instant)
        empty = Choice(None, size)
        sizes = {kept: self.deltas.size(kept.instant) for kept in self.sound()}
        promising = sorted(sizes, key=lambda kept: abs(sizes[kept] - size))
        found = [empty]
        for kept in promising[:_COUNTED]:
            if abs(sizes[kept] - size) > min(choice.distance for choice in found):
                break
            found.append(Choice(kept, self.deltas.distance(kept.instant, instant)))
        return sorted(found, key=lambda choice: choice.distance)
