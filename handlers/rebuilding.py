"""Making a view anew while it is read: beside the old one, which it then replaces at one stroke.

Readers see a whole view all the time: the old one until the new one has caught up, then the new
one (`eventstore.follower.put_in_place`). A rebuild that is cut off begins again, since the note
that asked for it is still there.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from eventstore.follower import Projection, follow_once, put_in_place
from eventstore.log import Log

SECTION = 500
"""Facts read at once: few, so that the views that are read stay in step meanwhile."""
VIEW = "view.sqlite"
_BESIDE = "fresh"

Opener = Callable[[Path], Projection]


class Rebuild:
    """One view on its way, in a folder within that of the view it will replace."""

    def __init__(self, open_view: Opener, folder: Path) -> None:
        self._open, self._folder = open_view, folder
        discard(folder / _BESIDE)
        self._fresh = open_view(folder / _BESIDE)

    def step(self, log: Log) -> int:
        """Take in one section; how many facts were read."""
        return follow_once(log, [self._fresh], SECTION)

    def caught_up(self, live: Projection, log: Log) -> bool:
        """Whether it says all that the live view says, of what is in the log."""
        return self._fresh.position() >= min(live.position(), log.position())

    def take_place_of(self, live: Projection) -> Projection:
        """Replace the live view; the new one, open for writing."""
        live.close()
        self._fresh.close()
        put_in_place(self._folder / _BESIDE / VIEW, self._folder / VIEW)
        discard(self._folder / _BESIDE)
        return self._open(self._folder)

    def close(self) -> None:
        """Leave off; what was made stays behind and is not used."""
        self._fresh.close()


class Rebuilds:
    """The rebuilds that are asked for by notes in a folder, and how far they are."""

    def __init__(self, control: Path, projections: Path, openers: Mapping[str, Opener]) -> None:
        self._control, self._projections, self._openers = control, projections, openers
        self._running: dict[str, Rebuild] = {}
        self._notes: dict[Path, set[str]] = {}
        """Note → the views for which it still waits."""

    def called(self) -> bool:
        """Whether a note lies there that was not read yet."""
        return any(note not in self._notes for note in self._control.glob("*.json"))

    def asked(self) -> set[str]:
        """The names in notes that were not read before; those with a SQLite view begin."""
        names: set[str] = set()
        for note in sorted(self._control.glob("*.json")):
            if note not in self._notes:
                name = json.loads(note.read_text())["rebuild"]
                found = set(self._openers) if name == "all" else {name}
                self._notes[note] = found & self._openers.keys()
                names |= {name}
        for name in names if "all" not in names else {"all", *self._openers}:
            if name in self._openers:
                self.begin(name)
        return names

    def begin(self, name: str) -> None:
        """Begin to make a view anew; one that was on its way is left."""
        if name in self._running:
            self._running.pop(name).close()
        self._running[name] = Rebuild(self._openers[name], self._projections / name)

    def running(self, name: str) -> bool:
        """Whether this view is being made anew."""
        return name in self._running

    def step(self, log: Log, live: list[Projection]) -> int:
        """Take each one step further, and put those that have caught up into their place in the
        list and on disk; how many facts were read."""
        read = 0
        for at, projection in enumerate(live):
            rebuild = self._running.get(projection.name)
            if rebuild is None:
                continue
            read += rebuild.step(log)
            if rebuild.caught_up(projection, log):
                live[at] = rebuild.take_place_of(projection)
                del self._running[projection.name]
                for waiting in self._notes.values():
                    waiting.discard(projection.name)
        for note in [note for note, waiting in self._notes.items() if not waiting]:
            note.unlink(missing_ok=True)
            del self._notes[note]
        return read

    def close(self) -> None:
        """Leave off; the notes stay."""
        for rebuild in self._running.values():
            rebuild.close()


def request_rebuild(data: Path, name: str) -> Path:
    """Leave a note for the projector. It is gone once the views with a SQLite file are made and
    in place, and the graph is emptied (its checkpoint stays until a new one is whole)."""
    control = data / "control"
    control.mkdir(parents=True, exist_ok=True)
    note = control / f"{time.time_ns()}.json"
    fresh = note.with_suffix(".new")
    fresh.write_text(json.dumps({"rebuild": name}))
    fresh.replace(note)
    return note


def beside(folder: Path) -> Path:
    """The file of the view that is being made in the place of the one in this folder."""
    return folder / _BESIDE / VIEW


def discard(folder: Path) -> None:
    """Throw away a view, or what is left of one."""
    for file in (*folder.glob("view*.sqlite*"), folder / "store"):
        shutil.rmtree(file) if file.is_dir() else file.unlink(missing_ok=True)
    if folder.name == _BESIDE and folder.is_dir():
        folder.rmdir()
