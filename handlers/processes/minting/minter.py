"""The steps of minting, again and again: follow the log, send what is due, confirm what was taken.

    follow     the log into the outbox, one transaction a section
    launch     due rows to DataCite, at most so many at a time and within the limits
    collect    answers into the outbox
    confirm    states that were reached into the log

The power may fail between any two of them. What was sent and not noted is sent again, and a PUT
that says the same changes nothing; what was confirmed and not noted is read from the log. Before
the log was read to the end of that time once, nothing is sent. One process mints: the one that
holds `minting.lock`; and none does on a mirror, whose DOIs are its source's.
"""

from __future__ import annotations

import fcntl
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from eventstore import mirroring
from eventstore.application import DigitalObjects
from fdo.errors import Unavailable
from fdo.identifiers import Pid
from handlers.processes.minting.answers import Answer, event_for
from handlers.processes.minting.confirming import confirm
from handlers.processes.minting.following import SECTION, Following, minted_of
from handlers.processes.minting.pace import MOST_ASKED_S, Pace
from handlers.processes.minting.store import Outbox, Row
from handlers.processes.minting.wanted import State, Wanted, Wishes

LOCK = "minting.lock"
AT_ONCE = 8
"""Requests that are on their way at the same time."""
POLL_S = 0.5
CONFIRM_S, CONFIRM_ROWS = 1.0, 100
"""States are confirmed together: after so long, or when there are so many."""
FIRST_S, FACTOR, LONGEST_S = 5.0, 3.0, 6 * 3600.0
"""Pauses of one DOI that does not go through."""
SOON_S = 60.0
"""Until idle: what is to be tried within this time is waited for."""
_SECTIONS = 10
"""Sections of the log that are read before others have their turn."""

Step = Literal["followed", "launched", "answered", "noted", "confirmed"]


class Service(Protocol):
    """What DataCite is asked; `client.DataCite` in life."""

    def upsert(self, doi: str, attributes: dict[str, object], event: str | None) -> Answer:
        """Make or change a DOI."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is minted, and how fast."""

    prefix: str
    base: str
    """Public address to which the DOIs lead."""
    per_window: int
    """Requests in five minutes."""
    repository: str | None = None
    """Its name, as publisher of datasets."""


class Minter:
    """Mints the DOIs of one repository while it runs."""

    def __init__(
        self,
        folder: Path,
        objects: DigitalObjects,
        service: Service,
        plan: Plan,
        *,
        clock: Callable[[], float] = time.time,
        gentle: bool = False,
        passing: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """`gentle` leaves others as much time as it takes, while a long log is read; `passing` is
        told of each step, which is where tests let the power fail."""
        self._folder, self._objects, self._service = folder, objects, service
        self._clock, self._gentle, self._passing = clock, gentle, passing
        self.outbox = Outbox(folder)
        self._wishes = Wishes(objects.log, plan.base, plan.repository)
        self._following = Following(objects.log, self.outbox, self._wishes, plan.prefix, clock)
        self.pace = Pace(self.outbox, plan.per_window, clock)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="minting")
        self._queue: deque[Row] = deque()
        self._flying: dict[Future[Answer], tuple[Row, Wanted]] = {}
        self._opened = self._current = self._begun = False
        self._confirmed_at = 0.0
        self._troubled = bool(self.pace.standing().trouble)

    def run(self, stop: threading.Event) -> None:
        """Mint until told to stop; wait while another process does. What breaks in here is
        logged and tried again, and never reaches whoever writes."""
        with (self._folder / LOCK).open("w") as lock, closing(self):
            while not _locked(lock.fileno()):
                if stop.wait(POLL_S):
                    return
            while not stop.is_set():
                try:
                    busy = self.round()
                except Exception:
                    logging.getLogger("collectome").exception("minting: a step failed")
                    busy = False
                if not busy:
                    stop.wait(self._patience())

    def run_until_idle(self, stop: threading.Event) -> None:
        """Mint what can be minted now; Unavailable while another process does."""
        with (self._folder / LOCK).open("w") as lock, closing(self):
            if not _locked(lock.fileno()):
                raise Unavailable(
                    "Another process mints the DOIs of this folder already; `collectome pids "
                    "status` says how far it is."
                )
            while not stop.is_set():
                if not self.round():
                    if self.idle():
                        break
                    stop.wait(min(self._patience(), 0.05))

    def close(self) -> None:
        """Wait for what is on its way, note it, and let go of files."""
        wait(self._flying)
        self._collect()
        self._pool.shutdown()
        self.outbox.close()

    def round(self) -> bool:
        """Each step once; whether there was anything to do."""
        if mirroring.origin(self._objects.recorder) is not None:
            return False
        if not self._opened:  # now that no other process mints, perhaps for another address
            self.outbox.begin(self._wishes.form)
            self._opened = True
        did = self._follow()
        if self._begun:
            did |= self._launch()
        if self._flying:
            wait(self._flying, timeout=POLL_S, return_when=FIRST_COMPLETED)
        did |= self._collect()
        if self._current:
            did |= self._confirm(at_once=not did)
        return did or bool(self._flying)

    def idle(self) -> bool:
        """Whether nothing can be done now or soon."""
        due, soon = self.outbox.next_due(), self._clock() + SOON_S
        if self._flying or not self._current or self.outbox.unconfirmed(1):
            return False
        return due is None or due > soon or self.pace.wait_s() > SOON_S

    # ── follow ───────────────────────────────────────────────────────────────────────────

    def _follow(self) -> bool:
        read = 0
        for _ in range(_SECTIONS):
            started = time.perf_counter()
            section = self._following.step()
            read += section
            self._current = section < SECTION
            if self._current:
                self._begun = True
                break
            if self._gentle:
                time.sleep(time.perf_counter() - started)
        if read:
            self._passing("followed")
        return read > 0

    # ── send ─────────────────────────────────────────────────────────────────────────────

    def _launch(self) -> bool:
        free = AT_ONCE - len(self._flying)
        if free <= 0:
            return False
        if not self._queue:
            self._queue.extend(self._due())
        granted = self.pace.take(min(free, len(self._queue))) if self._queue else 0
        if not granted:
            self._queue.clear()  # what waits is asked for again, as it is then
            return False
        for _ in range(granted):
            self._send(self._queue.popleft())
        self._passing("launched")
        return True

    def _due(self) -> Iterator[Row]:
        flying = {row.doi for row, _ in self._flying.values()}
        rows = self.outbox.due(self._clock(), 4 * AT_ONCE + len(flying))
        return (row for row in rows if row.doi not in flying)

    def _send(self, row: Row) -> None:
        """Send a DOI as the log wants it now, which may be newer than the outbox knows."""
        minted = minted_of(self.outbox.of_objects([row.object]))
        wanted = self._wishes.of(self._objects.log.latest(_pid(row.object)), row.number, minted)
        if wanted.problem:
            self.outbox.bury(row.doi, wanted.problem)
        elif (row.sent, row.sent_hash) == (wanted.state, wanted.hash):
            self.outbox.settle([(row.doi, wanted.state, wanted.hash)], self._clock())
        else:
            event = event_for(wanted.state, row.sent)
            sent = self._pool.submit(self._service.upsert, row.doi, wanted.attributes, event)
            self._flying[sent] = row, wanted

    # ── collect ──────────────────────────────────────────────────────────────────────────

    def _collect(self) -> bool:
        done = [future for future in self._flying if future.done()]
        if not done:
            return False
        self._passing("answered")
        taken: list[tuple[str, State, str]] = []
        for future in done:
            row, wanted = self._flying.pop(future)
            answer = _answer(future)
            if answer.outcome == "taken" and answer.state is not None:
                if answer.state == wanted.state or answer.state != row.sent:
                    taken.append((row.doi, answer.state, wanted.hash))
                else:
                    said = f"DataCite leaves it {answer.state}; it should be {wanted.state}"
                    self.outbox.bury(row.doi, said)
            elif answer.outcome == "refused":
                self.outbox.bury(row.doi, answer.said)
            else:
                self._hindered(row, answer)
        if taken:
            self.outbox.settle(taken, self._clock())
            if self._troubled:
                self._troubled = False
                self.pace.well()
        self._passing("noted")
        return True

    def _hindered(self, row: Row, answer: Answer) -> None:
        own = min(FIRST_S * FACTOR ** min(row.attempts, 20), LONGEST_S) * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        asked = min(answer.wait_s, MOST_ASKED_S)
        self.outbox.failed(row.doi, answer.said, self._clock() + max(own, asked))
        self.pace.trouble(answer.said, answer.wait_s)
        self._troubled = True

    # ── confirm ──────────────────────────────────────────────────────────────────────────

    def _confirm(self, *, at_once: bool) -> bool:
        now = time.monotonic()
        early = not at_once and now - self._confirmed_at < CONFIRM_S
        if early and len(self.outbox.unconfirmed(CONFIRM_ROWS)) < CONFIRM_ROWS:
            return False
        self._confirmed_at = now
        if not confirm(self._objects, self.outbox):
            return False
        self._passing("confirmed")
        return True

    def _patience(self) -> float:
        """How long to wait when there is nothing to do."""
        due = self.outbox.next_due()
        if due is None:
            return POLL_S
        return min(POLL_S, max(0.01, due - self._clock(), self.pace.wait_s()))


def _answer(future: Future[Answer]) -> Answer:
    """What a request met. One that cannot even be made is a fault of ours, which no repetition
    mends and which must not stop the others."""
    if (error := future.exception()) is None:
        return future.result()
    logging.getLogger("collectome").error("minting: no request can be made", exc_info=error)
    return Answer("refused", f"no request can be made of it: {type(error).__name__}")


def is_minting(folder: Path) -> bool:
    """Whether a process mints the DOIs of this folder now."""
    place = folder / LOCK
    if not place.exists():
        return False
    with place.open("r") as lock:
        return not _locked(lock.fileno(), fcntl.LOCK_SH)


def _locked(file: int, how: int = fcntl.LOCK_EX) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, how | fcntl.LOCK_NB)
        return True
    return False


def _pid(text: str) -> Pid:
    prefix, _, suffix = text.partition("/")
    return Pid(prefix, suffix)
