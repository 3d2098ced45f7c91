"""One harvest of a dataset at a time: what a harvest no longer shows is known at its end only, and
what another one added meanwhile would look as if it had vanished.

    with turn(objects, "Herbarium", tell):
        ...

Harvests of other datasets go on beside it. The turn is a lock on a file, let go of when its process
ends, however that ends.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from eventstore.application import DigitalObjects

FOLDER = Path("workspace") / "turns"
"""Beside the log, whatever workspace a harvest has."""


@contextmanager
def turn(objects: DigitalObjects, name: str, tell: Callable[[str], None]) -> Iterator[None]:
    """The turn of a dataset, by its name. Where another harvest has it, that is told, and this one
    waits for its end."""
    folder = Path(objects.recorder.path).parent / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    mark = hashlib.sha256(name.encode()).hexdigest()[:16]
    with (folder / f"{mark}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"Another harvest of {name} is at work; this one begins when that has ended.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
