"""A repository that mints at a double of DataCite, step by step and on a clock that tests move."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.datacite_double import DoubleServer, Limits, Plan
from api.datacite_double.store import Registered
from eventstore.envelope import Recorded
from fdo.identifiers import Pid
from handlers.processes.minting import minter as minting
from handlers.processes.minting.client import DataCite
from handlers.processes.minting.minter import Minter, Step
from tests.api.conftest import Repository

BASE = "https://repository.example"
PREFIX = "10.5072"
REPOSITORY = "Sample repository"
UNLIMITED = Limits(0, 0, 0, 0)


class PowerCut(BaseException):
    """The process ended here; nothing of it runs on."""


class Story:
    """One repository, one double, and minters that come and go."""

    def __init__(self, folder: Path, double: DoubleServer, per_window: int = 100_000) -> None:
        self.folder, self.double, self.per_window = folder, double, per_window
        folder.mkdir(parents=True, exist_ok=True)
        self.repository = Repository(folder)
        self.objects, self.log = self.repository.objects, self.repository.objects.log
        self.now = time.time()

    def client(self, password: str | None = None) -> DataCite:
        """The account of the repository at the double."""
        account = self.double.account
        return DataCite(self.double.url, account.username, password or account.password, PREFIX)

    def minter(self, passing: Callable[[Step], None] = lambda _: None, base: str = BASE,
               password: str | None = None) -> Minter:  # fmt: skip
        """A process that mints, as it is right after its start."""
        plan = minting.Plan(PREFIX, base, self.per_window, REPOSITORY)
        return Minter(self.folder, self.objects, self.client(password), plan,
                      clock=lambda: self.now, passing=passing)  # fmt: skip

    def mint(self, **options: Any) -> None:
        """A process that mints until all is done that can be done."""
        process = self.minter(**options)
        try:
            self.drive(process)
        finally:
            process.close()

    def drive(self, process: Minter, seconds: float = 7 * 86_400.0) -> None:
        """Let a process work until nothing waits, or until so much time has passed."""
        end = self.now + seconds
        while self.now < end:
            if process.round():
                continue
            if process.idle() and process.outbox.next_due() is None:
                return
            self.now += 20.0

    def at(self, doi: str) -> Registered | None:
        """What the double keeps of a DOI."""
        return self.double.store.find(doi.lower())

    def shown(self, doi: str) -> dict[str, Any]:
        """The metadata that the double keeps of a DOI."""
        found = self.at(doi)
        assert found is not None, doi
        return found.attributes

    def state(self, doi: str) -> str | None:
        """The state of a DOI at the double."""
        found = self.at(doi)
        return found and found.state

    def confirmations(self, pid: Pid) -> list[Recorded]:
        """What the log was told of the DOIs of an object."""
        return [event for event in self.log.history(pid) if event.what == "PidConfirmed"]

    @property
    def sent(self) -> list[tuple[str, int]]:
        """(path, status) of the requests that came to the double."""
        return [(line.path, line.status) for line in self.double.journal()]


@contextmanager
def a_story(folder: Path, plan: Plan | None = None, **options: Any) -> Iterator[Story]:
    """A story with a double of its own."""
    limits = options.pop("limits", UNLIMITED)
    folder.mkdir(parents=True, exist_ok=True)
    with DoubleServer(folder / "datacite.sqlite", limits=limits, plan=plan) as double:
        story = Story(folder / "data", double, **options)
        try:
            yield story
        finally:
            story.objects.close()
