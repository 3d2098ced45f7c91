"""One repository on one data directory, as every command and the server open it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from api.settings import Settings, read_settings
from eventstore.application import LOG_FILE, DigitalObjects
from fdo.errors import NotFound, Unavailable
from handlers.lease import lease_is_held, positions, troubles
from handlers.queries.checkpoint import read_current

LEASE_LOST = 75
"""Exit code of a projector that found the lease held."""
ROOT = Path(__file__).resolve().parents[1]
_OPENED: ContextVar[list[Repository] | None] = ContextVar("opened", default=None)
"""The repositories that the command at work has opened; None where none is at work."""


class Repository:
    """The log for writing and reading, and the projections as other processes keep them."""

    def __init__(self, settings: Settings, *, must_exist: bool = False) -> None:
        self.settings = settings
        self.data = settings.data
        if must_exist and not (self.data / LOG_FILE).exists():
            raise NotFound(
                f"There is no repository in {self.data}: begin one with `collectome ingest SOURCE "
                f"--data {self.data}`, or name another folder with --data."
            )
        self.objects = DigitalObjects(
            self.data, durability=settings.durability, prefixes=settings.prefixes
        )
        self.log = self.objects.log
        self._wrote = False
        self.objects.on_append = self._note
        if (opened := _OPENED.get()) is not None:
            opened.append(self)

    @property
    def graph_folder(self) -> Path:
        """Where the graph's checkpoints are."""
        return self.data / "projections" / "graph"

    def checkpoint(self) -> tuple[Path, int]:
        """The newest checkpoint of the graph and its position; Unavailable before the first."""
        published = read_current(self.graph_folder)
        if published is None:
            raise Unavailable(
                "The graph has not been made yet; run `collectome rebuild graph`, or wait for the "
                "server that is making it."
            )
        return self.graph_folder / "checkpoints" / published.checkpoint, published.position

    def positions(self) -> dict[str, int]:
        """Projection → the position up to which its view has read."""
        return positions(self.data)

    def lag(self) -> dict[str, int]:
        """Projection → how many positions it is behind the log."""
        head = self.log.position()
        return {name: max(0, head - at) for name, at in self.positions().items()}

    def troubles(self) -> dict[str, int]:
        """Projection → how many events it does not hold whole; those with none are left out."""
        return {name: number for name, (number, _) in troubles(self.data).items()}

    def sign(self) -> None:
        """Leave what was written here under a signed checkpoint, where one is due."""
        if self._wrote:  # what it takes is dear to load; few commands write
            from eventstore.checkpoints import Checkpoints
            from handlers.notary import Notary

            self._wrote = False
            checkpoints = Checkpoints(self.objects.recorder)
            notary = Notary(self.objects, checkpoints, self.settings.checkpoint_every_s)
            notary.sign_if_due()

    def close(self) -> None:
        """Close the log; what was written is signed before, where that is due."""
        self.sign()
        self.objects.close()

    def _note(self, _: int) -> None:
        self._wrote = True


@contextmanager
def signing() -> Iterator[None]:
    """Sign at the end what was written within, to whichever repository, where that is due."""
    opened: list[Repository] = []
    before = _OPENED.set(opened)
    try:
        yield
    finally:
        _OPENED.reset(before)
        for repository in opened:
            repository.sign()


class Projection:
    """A projector of our own while no other process has the lease.

    Used around an ingest or a rebuild: beside a running server this starts nothing and only
    waits for the server's projector; should that end, it starts one.
    """

    def __init__(self, data: Path) -> None:
        self._data = data
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Projection:
        if not lease_is_held(self._data):
            self._process = start_projector(self._data)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def wait(self, upto: int, watch: Callable[[int, int], None] = lambda _a, _b: None) -> None:
        """Return when every projection has read `upto`; `watch(position, upto)` on the way.

        As long as a projector lives it is waited for; should the one of another process end, one
        is started here. Unavailable when our own ends by itself.
        """

        def reached() -> bool:
            position = min(positions(self._data).values())
            watch(min(position, upto), upto)
            return position >= upto

        self.wait_until(reached)

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Return when it is done, as long as there is a projector to do it; see `wait`."""
        while not done():
            self.check()
            if self._process is None and not lease_is_held(self._data):
                self._process = start_projector(self._data)
            time.sleep(0.05)

    def check(self) -> None:
        """Unavailable when the projector that we started ended by itself."""
        if self._process is not None and self._process.poll() == LEASE_LOST:
            self._process = None  # another process was quicker; it keeps the projections now
        if self._process is not None and self._process.poll() is not None:
            raise Unavailable(
                "The projector ended early; the log is complete. The lines above say why; when "
                "the cause is gone, run `collectome rebuild all`."
            )


def start_projector(data: Path) -> subprocess.Popen[bytes]:
    """A projector process for this data directory; it ends with this process."""
    settings = read_settings(data=data)
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "handlers.projector",
            str(data.resolve()),
            f"--parent={os.getpid()}",
            f"--rungs-every={settings.instants_every}",
            f"--rungs-hours={settings.instants_hours}",
            f"--rungs-days={settings.instants_days}",
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
