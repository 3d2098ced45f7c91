"""Who writes the projections of a data directory, and how far they are, as any process can see it.

    lease = Lease.take(data)     # one process at a time, whoever started it
    positions(data)              # {"graph": 42, "search": 42, …}
    troubles(data)               # {} where every view holds every event whole

Kept apart from the projector, which few processes are and most look at.
"""

from __future__ import annotations

import fcntl
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from eventstore.troubles import Trouble, standing
from handlers import HANDLERS
from handlers.queries.checkpoint import read_current

_POLL_S = 0.02


class LeaseHeld(Exception):
    """Another process writes the projections of this data directory."""


@dataclass
class Lease:
    """The right to write the projections; released when the process ends, however it ends."""

    file: IO[str]

    @classmethod
    def take(cls, data: Path, patience_s: float = 0.0) -> Lease:
        """Take the lease, or raise LeaseHeld when it is not free within `patience_s`."""
        data.mkdir(parents=True, exist_ok=True)
        file = (data / "projections.lock").open("a+")
        patient_until = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return cls(file)
            except BlockingIOError as held:
                if time.monotonic() >= patient_until:
                    file.close()
                    raise LeaseHeld(str(data)) from held
                time.sleep(_POLL_S)

    def release(self) -> None:
        """Give the lease back."""
        self.file.close()


def lease_is_held(data: Path) -> bool:
    """Whether some process writes the projections now."""
    try:
        Lease.take(data).release()
    except LeaseHeld:
        return True
    return False


def positions(data: Path) -> dict[str, int]:
    """Projection → its position (the graph's: as published)."""
    found: dict[str, int] = {}
    for name in HANDLERS:
        folder = data / "projections" / name
        if name == "graph":
            published = read_current(folder)
            found[name] = published.position if published else 0
        else:
            found[name] = tracked(folder / "view.sqlite")
    return found


def tracked(path: Path) -> int:
    """The position of the SQLite view in a file."""
    if not path.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5) as connection:
            (position,) = connection.execute("SELECT position FROM tracking").fetchone()
            return int(position)
    except (sqlite3.OperationalError, TypeError):
        return 0
    finally:
        if "connection" in locals():
            connection.close()


def troubles(data: Path, most: int = 0) -> dict[str, tuple[int, list[Trouble]]]:
    """Projection → how many events it does not hold whole (decision 0073), and the first of them.
    Those that the graph lacks are told with `conformance`, which sees them first."""
    found = {name: standing(data / "projections" / name / "view.sqlite", most) for name in HANDLERS}
    return {name: told for name, told in found.items() if told[0]}
