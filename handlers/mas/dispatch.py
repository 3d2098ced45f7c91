"""The steps of dispatch, again and again: make jobs of events, hand over what is due, and see to
what went without an answer.

    schedule    a section of the log into JobsScheduled
    lapse       jobs whose lease is over fail; they are tried again, or are dead
    hand over   due jobs to the transport of their service, never more than it may hold
    clear       jobs of retired and erased services are dead

The power may fail between any two of them. A job is noted as handed over only behind the hand-over,
so it goes out once more in doubt, with the same attempt, which transports take for one. One process
dispatches: the one that holds `mas.lock`; and none does on a mirror, whose services work for its
source.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eventstore import mirroring
from eventstore.application import DigitalObjects
from fdo.errors import CollectomeError, Unavailable
from handlers.mas.absence import PATIENCE_S, Absence
from handlers.mas.alone import alone, is_held
from handlers.mas.endings import Ended
from handlers.mas.leases import lease_of
from handlers.mas.payloads import Payloads
from handlers.mas.plan import Plan
from handlers.mas.results import Results
from handlers.mas.scheduling import SECTION, Scheduler
from handlers.mas.services import Service, services
from handlers.mas.store import Row
from handlers.mas.transport import Forgetting, Transport

LOCK = "mas.lock"
POLL_S = 0.1
AT_ONCE = 256
"""Jobs that are handed over to one service before others have their turn."""
PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""How long a transport that is down is left in peace."""
SOON_S = 30.0
"""Until idle: what is to be tried within this time is waited for."""
NO_ANSWER = "No answer within"
_SECTIONS = 4

Step = Literal["scheduled", "lapsed", "sent", "noted", "cleared"]
Opener = Callable[[str, Plan, Results], Transport]


@dataclass(slots=True)
class _Pause:
    until: float
    failures: int


class Dispatcher:
    """Dispatches the jobs of one repository while it runs."""

    def __init__(
        self,
        plan: Plan,
        objects: DigitalObjects,
        opener: Opener,
        *,
        clock: Callable[[], float] = time.time,
        passing: Callable[[Step], None] = lambda _: None,
    ) -> None:
        """`opener` makes the transport of a name when first it is needed; `passing` is told of
        each step, which is where tests let the power fail."""
        self._plan, self._objects, self._log = plan, objects, objects.log
        self._opener, self._clock, self._passing = opener, clock, passing
        self.results = Results(
            objects, plan.folder, base=plan.base, auto_accept=plan.auto_accept,
            rejecting=plan.rejecting, clock=clock,
        )  # fmt: skip
        self._store = self.results.store
        self._payloads = Payloads(self._log, self._store, plan.base)
        self._scheduler = Scheduler(objects, self._store, per_cause=plan.jobs_per_cause)
        self._transports: dict[str, Transport] = {}
        self._declared: dict[str, tuple[str, int]] = {}
        self._paused: dict[str, _Pause] = {}
        self._services: list[Service] = []
        self._services_at = -1
        self._erased = self._store.scanned()

    def run(self, stop: threading.Event) -> None:
        """Dispatch until told to stop; wait while another process does. What breaks in here is
        logged and tried again, and never reaches whoever writes."""
        with alone(self._plan.folder / LOCK, stop, wait=True) as held:
            while held and not stop.is_set():
                try:
                    busy = self.round()
                except Exception:
                    logging.getLogger("collectome").exception("mas: a step failed")
                    busy = False
                if not busy:
                    stop.wait(POLL_S)
        self.close()

    def run_until_idle(self, stop: threading.Event, patience_s: float = PATIENCE_S) -> None:
        """Dispatch until nothing is left to do; Unavailable while another process does, and where
        what is left lies in queues for which nobody has worked for so long."""
        absence = Absence(patience_s)
        with alone(self._plan.folder / LOCK, stop, wait=False) as held:
            if not held:
                raise Unavailable(
                    "Another process dispatches the jobs of this folder already; `collectome mas "
                    "jobs` says how they stand."
                )
            try:
                while not stop.is_set():
                    if not self.round():
                        if self.idle():
                            break
                        self._come_by_now(absence)
                        stop.wait(POLL_S)
            finally:
                self.close()

    def close(self) -> None:
        """Let go of transports and files."""
        for transport in self._transports.values():
            transport.close()
        self._transports.clear()
        self._store.close()

    def round(self) -> bool:
        """Each step once; whether there was anything to do."""
        if mirroring.origin(self._objects.recorder) is not None:
            return False
        self._forget()
        did = self._schedule()
        for service in self._renewed():
            if service.active:
                did |= self._serve(service)
            else:
                did |= self._clear(service)
        return did

    def idle(self) -> bool:
        """Whether nothing is under way and nothing will be soon."""
        due, soon = self._store.next_due(), self._clock() + SOON_S
        if any(self._store.in_flight(str(service.pid)) for service in self._services):
            return False
        waits = any(pause.until > self._clock() for pause in self._paused.values())
        return due is None or due > soon or waits

    def _come_by_now(self, absence: Absence) -> None:
        """Unavailable where nobody comes for any of the jobs that are under way."""
        held = [(one, self._store.in_flight(str(one.pid))) for one in self._services]
        busy = [(one, number) for one, number in held if number]
        if absence.of_all([(one, self._transports.get(one.queue)) for one, _ in busy]):
            left = ", ".join(f"{one.name} ({number:,})" for one, number in busy)
            raise Unavailable(
                f"Jobs wait for services for which nobody works: {left}. Nothing is lost; start "
                f"workers, as with `collectome mas work {busy[0][0].name}`, and run this again."
            )

    def _forget(self) -> None:
        """What was erased may lie in a queue of ours: that is emptied, and filled again."""
        erased = self._log.erasures(self._erased)
        gone = {str(one.pid) for one in services(self._log) if not one.topic} if erased else set()
        for queue in self._transports.values() if erased else ():
            if isinstance(queue, Forgetting):
                try:
                    queue.forget(gone)
                except CollectomeError as error:
                    logging.getLogger("collectome").warning("mas: %s", error.message)
                    return  # the next round tries again
                for service in self._services:
                    if service.queue == queue.name:
                        self._store.requeue(str(service.pid), self._clock())
        if erased and (self._transports or not self._services):
            self._erased = erased[-1][0]

    # ── schedule ─────────────────────────────────────────────────────────────────────────

    def _schedule(self) -> bool:
        read = 0
        for _ in range(_SECTIONS):
            with self.results.lock:
                section = self._scheduler.step()
            read += section
            if section < SECTION:
                break
        if read:
            self._passing("scheduled")
        return read > 0

    def _renewed(self) -> list[Service]:
        """The services as they are now, read again when something was recorded."""
        position = self._log.position()
        if position != self._services_at:
            self._services, self._services_at = list(services(self._log)), position
        return self._services

    # ── hand over ────────────────────────────────────────────────────────────────────────

    def _serve(self, service: Service) -> bool:
        if self._pausing(service):
            return False
        transport = self._transport(service)
        if transport is None:
            return False
        pid, now = str(service.pid), self._clock()
        lapsed = self._store.expired(pid, now, AT_ONCE)
        free = self._room(service) - self._store.in_flight(pid)
        due = self._store.due(pid, now, min(free, AT_ONCE)) if free > 0 else []
        try:
            if lapsed:
                return self._lapse(service, transport, lapsed)
            return self._send(service, transport, due) if due else False
        except CollectomeError as error:
            self._trouble(service, service.queue, error)
            return False

    def _room(self, service: Service) -> int:
        """How many jobs a service may hold. Queues that are not ours are kept short: what such a
        service drains into its memory is lost with it."""
        batch = service.micro_batch * service.replicas
        return max(self._plan.in_flight, 4 * batch) if service.queue == "nats" else batch

    def _lapse(self, service: Service, transport: Transport, lapsed: Sequence[Row]) -> bool:
        """Jobs whose lease is over. While the queue still holds jobs they may be among them, so
        nothing new is added until it is empty; then they are lost, and count as failed."""
        if transport.waiting(service.topic):
            return False
        said = f"No answer within {lease_of(service, self._store):.0f} s."
        self.results.end([Ended(row, said) for row in lapsed])
        self._passing("lapsed")
        return True

    def _send(self, service: Service, transport: Transport, due: Sequence[Row]) -> bool:
        jobs, gone = self._payloads.made(service, due)
        self.results.end(gone)
        if jobs:
            transport.send(jobs)
            self._passing("sent")
            now = self._clock()
            self._store.hand_over([(j.id, j.attempt, now + j.lease_s) for j in jobs], now)
            self._well(service.queue)
            self._passing("noted")
        return True

    def _transport(self, service: Service) -> Transport | None:
        """The transport of a service, which knows the service's newest version; None where one
        of the two cannot be had now."""
        name, pid = service.queue, str(service.pid)
        blamed: str = name
        try:
            if name not in self._transports:
                self._transports[name] = self._opener(name, self._plan, self.results)
            if self._declared.get(pid) != (name, service.version):
                blamed = pid
                self._transports[name].declare(service)
                self._declared[pid] = name, service.version
                self._well(pid)
        except CollectomeError as error:
            self._trouble(service, blamed, error)
            return None
        return self._transports[name]

    def _pausing(self, service: Service) -> bool:
        pauses = (self._paused.get(name) for name in (service.queue, str(service.pid)))
        return any(pause is not None and pause.until > self._clock() for pause in pauses)

    def _trouble(self, service: Service, blamed: str, error: CollectomeError) -> None:
        """Leave a transport, or one service, in peace for a while."""
        known = self._paused.get(blamed)
        failures = known.failures + 1 if known else 1
        wait = min(PAUSE_S * 2 ** min(failures - 1, 10), LONGEST_PAUSE_S)
        self._paused[blamed] = _Pause(self._clock() + wait, failures)
        self._store.trouble(blamed, error.message, self._clock())
        logging.getLogger("collectome").warning(
            "mas: %s gets no jobs by %s: %s", service.name, service.queue, error.message
        )

    def _well(self, name: str) -> None:
        if self._paused.pop(name, None):
            self._store.trouble(name, "", self._clock())

    # ── clear ────────────────────────────────────────────────────────────────────────────

    def _clear(self, service: Service) -> bool:
        """Jobs of a service that was withdrawn or erased will not be done: those that wait, and
        those that it took along once their lease is over; until then an answer may come. The log is
        not told its name again, which an erasure may take."""
        pid = str(service.pid)
        ended = [
            (self._store.due(pid, float("inf"), AT_ONCE), "before it worked on this"),
            (self._store.expired(pid, self._clock(), AT_ONCE), "and gave no answer to this"),
        ]
        letters = [
            Ended(row, f"The service was withdrawn {when}.", final=True)
            for rows, when in ended
            for row in rows
        ]
        self.results.end(letters)
        if letters:
            self._passing("cleared")
        return bool(letters)


def is_dispatching(folder: Path) -> bool:
    """Whether a process dispatches the jobs of this folder now."""
    return is_held(folder / LOCK)
