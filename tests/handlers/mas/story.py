"""A repository with services that answer at once, or not at all: no broker, no network."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from eventstore.application import DigitalObjects
from fdo.agent import Agent
from fdo.errors import Unavailable
from fdo.identifiers import Pid
from fdo.lifecycle import Register, Revise, Tombstone, stamped
from handlers.harvest.links import HAS_SPECIMEN, relation
from handlers.mas.dispatch import Dispatcher, Step
from handlers.mas.plan import Plan
from handlers.mas.registration import Registration
from handlers.mas.results import Result, Results, Taken
from handlers.mas.services import Service
from handlers.mas.store import Store
from handlers.mas.transport import Job
from tests.eventstore.story import AT, specimen

BY = Agent("https://orcid.org/0000-0002-1825-0097", "Josiah Carberry", "schema:Person")
START = 1_772_366_400.0
"""1 March 2026, 12:00 UTC."""

WHOLE: dict[str, Any] = {
    "ods:midsLevel": 1,
    "ods:physicalSpecimenIDType": "Local",
    "ods:sourceSystemID": "https://hdl.handle.net/20.5000.5072/SSS-SSS-SSS",
}
"""What makes a short specimen a valid one."""

Answering = Callable[[dict[str, Any]], Result | None]
"""A service: the payload of a job in, its result out; None: it says nothing."""


class Queue:
    """A transport in memory; jobs wait in it until `work`."""

    name = "nats"

    def __init__(self) -> None:
        self.jobs: dict[str, deque[Job]] = {}
        self.declared: list[str] = []
        self.sent: list[Job] = []
        self.down = False
        self._known: set[tuple[str, int]] = set()

    def declare(self, service: Service) -> None:
        """Make room for a service."""
        if self.down:
            raise Unavailable("The broker is down.")
        self.declared.append(service.topic)

    def send(self, jobs: Sequence[Job]) -> None:
        """Keep them; the same job and attempt twice is one."""
        if self.down:
            raise Unavailable("The broker is down.")
        for job in jobs:
            if (job.id, job.attempt) not in self._known:
                self._known.add((job.id, job.attempt))
                self.sent.append(job)
                self.jobs.setdefault(job.topic, deque()).append(job)

    def waiting(self, topic: str) -> int:
        """How many there are."""
        return len(self.jobs.get(topic, ()))

    def close(self) -> None:
        """Nothing to let go of."""

    def drain(self, topic: str) -> list[Job]:
        """Take all jobs out, as a service does that acknowledges before it works."""
        found = list(self.jobs.get(topic, ()))
        self.jobs.pop(topic, None)
        return found


class Repository:
    """A log, its services and a dispatcher, with a clock that tests move."""

    def __init__(self, folder: Path, **plan: Any) -> None:
        self.folder = folder
        self.now = START
        self.queue = Queue()
        self.answering: dict[str, Answering] = {}
        self.objects = DigitalObjects(
            folder, durability="normal", clock=lambda: int(self.now * 1_000_000)
        )
        self.log = self.objects.log
        self.registration = Registration(self.objects, BY)
        self.plan = Plan(
            folder, "https://repository.example", self.objects.prefixes, "normal", **plan
        )
        self.store = Store(folder)
        self.dispatcher = self.dispatching()

    def dispatching(self, passing: Callable[[Step], None] = lambda _: None) -> Dispatcher:
        """A dispatcher over the queue, as it is after a start."""
        return Dispatcher(
            self.plan, self.objects, lambda *_: self.queue, clock=lambda: self.now, passing=passing
        )

    @property
    def results(self) -> Results:
        """What takes answers."""
        return self.dispatcher.results

    # ── objects ──────────────────────────────────────────────────────────────────────────

    def service(
        self,
        name: str = "reader",
        answering: Answering | None = None,
        form: Mapping[str, Any] | None = None,
    ) -> Pid:
        """A registered service, which reads specimens as they come in unless told otherwise."""
        whole = {"schema:name": name, "col:trigger": ["registered", "changed"], **(form or {})}
        pid = self.registration.register(whole).pid
        if answering is not None:
            self.answering[name] = answering
        return pid

    def specimen(
        self, number: int, name: str = "Abies alba", source: Pid | None = None, **more: Any
    ) -> Pid:
        """A registered specimen, which a source system brought."""
        pid = self.objects.reserve("specimen")
        draft = specimen(number, name, **WHOLE, **more)
        self._do(Register(stamped(draft, pid, 1, modified=AT)), pid, "specimen", source)
        return pid

    def source(self, **more: Any) -> Pid:
        """A registered source system."""
        pid = self.objects.reserve("source-system")
        draft = {"@type": "ods:SourceSystem", "schema:name": "Museum", **more}
        self._do(Register(stamped(draft, pid, 1, modified=AT)), pid, "source-system")
        return pid

    def medium(self, number: int, *specimens: Pid, **more: Any) -> Pid:
        """A registered medium, of these specimens."""
        pid = self.objects.reserve("media")
        draft = {
            "@type": "ods:DigitalMedia",
            "ods:fdoType": "https://doi.org/21.T11148/bbad8c4e101e8af01115",
            "ods:status": "Active",
            "ac:accessURI": f"https://media.example/{number}.jpg",
            "ods:hasEntityRelationships": [relation(HAS_SPECIMEN, one) for one in specimens],
            **more,
        }
        self._do(Register(stamped(draft, pid, 1, modified=AT)), pid, "media")
        return pid

    def revise(self, pid: Pid, number: int, name: str, **more: Any) -> None:
        """Another version of a specimen."""
        version = self.log.head(pid).version + 1
        draft = specimen(number, name, **WHOLE, **more)
        self._do(Revise(stamped(draft, pid, version, modified=AT)), pid, "specimen")

    def withdraw(self, pid: Pid) -> None:
        """End an object."""
        by = {"@type": "schema:Person", "schema:name": "Josiah Carberry"}
        self._do(Tombstone("A mistake.", by, AT), pid, self.log.head(pid).type)

    def _do(self, command: Any, pid: Pid, kind: str, source: Pid | None = None) -> None:
        self.objects.handle(command, pid=pid, kind=kind, by=BY, source=source)

    # ── time ─────────────────────────────────────────────────────────────────────────────

    def settle(self, rounds: int = 50) -> None:
        """Dispatch and let services work, until nothing happens any more."""
        for _ in range(rounds):
            if not self.dispatcher.round() and not self.work():
                return
        raise AssertionError("It never came to rest.")

    def work(self) -> list[Taken]:
        """Let each service that answers take what waits for it."""
        taken: list[Taken] = []
        for name, answering in self.answering.items():
            jobs = self.queue.drain(name)
            said = [answering(orjson.loads(job.payload)) for job in jobs]
            if results := [one for one in said if one is not None]:
                taken += self.results.take(results)
        return taken

    def states(self) -> dict[str, str]:
        """Target → state of its newest job."""
        self.store.follow(self.log)
        return {row.target: row.state for row in reversed(self.store.page(limit=10_000))}

    def states_of_jobs(self) -> dict[str, int]:
        """State → how many jobs are in it."""
        self.store.follow(self.log)
        return dict(Counter(row.state for row in self.store.page(limit=10_000)))

    def facts(self, service: Pid) -> list[str]:
        """The job facts of a service, in order."""
        return [event.what for event in self.log.history(service) if event.operational]

    def annotations(self) -> list[dict[str, Any]]:
        """All annotations that stand in the log."""
        return [
            event.document
            for event in self.log.read(0, 100_000)
            if event.type == "annotation" and event.what == "Registered"
        ]

    def close(self) -> None:
        """Let go of files."""
        self.dispatcher.close()
        self.store.close()
        self.objects.close()


def comment(work: dict[str, Any], text: str = "A specimen.") -> dict[str, Any]:
    """A comment on the object of a job, in the form of the W3C."""
    return {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "type": "Annotation",
        "motivation": "commenting",
        "target": work["object"]["@id"],
        "body": {"type": "TextualBody", "value": text, "format": "text/plain"},
    }


def commenting(work: dict[str, Any]) -> Result:
    """A service that has something to say of everything."""
    said = f"Version {work['version']} of {work['object']['@id']}."
    return Result(work["jobId"], [comment(work, said)], meta={"executionProvider": "CPU"})
