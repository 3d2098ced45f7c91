"""Jobs out of events: what was recorded, which services want it, and one fact for all of them.

The log is read section by section behind the last that was looked at. All jobs that a section
makes are recorded in one transaction, one `JobsScheduled` a service, which says up to where it
was looked; so a section counts once, whatever fails.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded
from fdo.agent import Agent
from fdo.errors import NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.mas.jobs import Wish, record
from handlers.mas.loops import lineage, refusal
from handlers.mas.services import KIND, Service, Trigger
from handlers.mas.store import Store
from handlers.mas.targets import names_region, passes, target_of

SCHEDULER = Agent("urn:collectome:agent:mas", "Scheduling of machine-annotation services")
SECTION = 500
JOBS_PER_CAUSE = 100
"""Jobs that may come of one first event, unless the settings say otherwise."""

_LISTS = {
    "specimen": "ods:specimenMachineAnnotationServices",
    "media": "ods:mediaMachineAnnotationServices",
}
"""Where a source system names services (openDS 0.4)."""
_BEGINNINGS = ("Activated", "Registered", "Released", "Restored")


class Scheduler:
    """Makes jobs for the services of one log."""

    def __init__(
        self, objects: DigitalObjects, store: Store, *, per_cause: int = JOBS_PER_CAUSE
    ) -> None:
        self._objects, self._log, self._store = objects, objects.log, store
        self._per_cause = per_cause
        self._known: dict[str, list[tuple[int, Service]]] = {}
        """PID → its versions, each with the event from which on it holds."""
        self._versions: dict[str, tuple[int, Status]] = {}
        self._sources: dict[tuple[str, str], frozenset[str]] = {}

    def step(self) -> int:
        """Look at the next section of the log; how many events it had."""
        self._store.follow(self._log)
        self._renew()
        if not self._known:
            return 0
        start = max(self._store.scanned(), self._first())
        events = self._log.read(start, SECTION)
        if not events:
            return 0
        self._renew_erased(events)
        refused = Counter[tuple[str, str]]()
        wishes = self._wishes(events, refused)
        if wishes:
            record(self._objects, self._store, wishes, SCHEDULER, upto=events[-1].position)
        self._store.scan(events[-1].position, refused)
        return len(events)

    # ── services as they were ────────────────────────────────────────────────────────────

    def _renew(self) -> None:
        """Learn which services there are, and all versions of them."""
        pids = self._log.of_no_source(KIND)
        for head in self._log.heads_of(pids):
            if self._versions.get(str(head.pid)) == (head.version, head.status):
                continue
            self._known[str(head.pid)] = [
                (event.position, Service.of(event.document, active=event.status is Status.ACTIVE))
                for number in range(1, head.version + 1)
                if "ods:topicName" in (event := self._log.version(head.pid, number)).document
            ]
            self._versions[str(head.pid)] = head.version, head.status

    def _renew_erased(self, events: Sequence[Recorded]) -> None:
        """An erasure makes no version, and a service that it took wants nothing any more."""
        gone = {event.pid_text for event in events if event.what == "Erased"}
        if told := gone & self._versions.keys():
            for pid in told:
                del self._versions[pid]
            self._renew()

    def _first(self) -> int:
        """The event behind which the first service can find work."""
        return min((held[0][0] for held in self._known.values() if held), default=0)

    def _at(self, position: int) -> list[Service]:
        """The services as they were when something happened."""
        found = []
        for versions in self._known.values():
            held = [service for since, service in versions if since < position]
            if held and held[-1].active:
                found.append(held[-1])
        return found

    # ── events ───────────────────────────────────────────────────────────────────────────

    def _wishes(self, events: Sequence[Recorded], refused: Counter[tuple[str, str]]) -> list[Wish]:
        found: list[Wish] = []
        known = {pid: held[-1][1] for pid, held in self._known.items() if held}
        spent = Counter[int]()
        self._sources.clear()  # a section is looked at with what sources say by then
        for event in events:
            if event.what in ("Erased", "Withheld"):
                self._store.forget(event.pid_text)
            if event.operational or event.status is not Status.ACTIVE:
                continue
            wanting = [
                (service, wish)
                for service in self._at(event.position)
                if (wish := self._wanted(service, event)) is not None
            ]
            if not wanting:
                continue
            came = lineage(self._log, self._store, event, known)
            before = self._store.of_root([came.root])[came.root]
            for service, (kind, target, version, annotation) in wanting:
                why = refusal(service, came, before + spent[came.root], self._per_cause)
                if why:
                    refused[str(service.pid), why] += 1
                if why not in (None, "budget"):
                    continue
                spent[came.root] += 1
                place = event.position, came.root, came.depth + 1
                told = self._too_many(came.root) if why else ""
                found.append(Wish(service, target, version, kind, *place, annotation, refused=told))
        return found

    def _too_many(self, root: int) -> str:
        """Of a job beyond what may come of one event: nobody forgets it, and a person decides."""
        return (
            f"{self._per_cause} jobs came of event {root}, which is all that may "
            "(mas_jobs_per_cause); raise that, and take the job up again."
        )

    def _wanted(
        self, service: Service, event: Recorded
    ) -> tuple[Trigger, str, int, str | None] | None:
        """(trigger, target, its version, annotation) where a service wants an event."""
        if event.type == "annotation":
            return self._annotated(service, event)
        if event.type not in service.works_on:
            return None
        kind: Trigger = "registered" if event.what in _BEGINNINGS else "changed"
        if kind not in service.triggers and service.pid.iri not in self._listed(event):
            return None
        wanted = passes(self._objects, service, event.type, event.document)
        return (kind, event.pid_text, event.version, None) if wanted else None

    def _listed(self, event: Recorded) -> frozenset[str]:
        """The services that the source system of an object lists for objects of its type: they
        look at all that comes from there, whatever their own triggers."""
        if event.source is None or event.type not in _LISTS:
            return frozenset()
        key = event.source, event.type
        if key not in self._sources:
            try:
                document = self._log.latest(Pid.parse(event.source)).document
            except NotFound:
                document = {}
            self._sources[key] = frozenset(document.get(_LISTS[event.type], ()))
        return self._sources[key]

    def _annotated(
        self, service: Service, event: Recorded
    ) -> tuple[Trigger, str, int, str | None] | None:
        """Of an annotation: itself, or the object that it is about. A medium is worked on again
        only where a region of it is named; of other annotations nothing new is to be seen."""
        if event.what not in _BEGINNINGS or "annotated" not in service.triggers:
            return None
        document = event.document
        if "annotation" in service.works_on:
            wanted = service.filter.passes(document, annotation=document)
            return ("annotated", event.pid_text, event.version, None) if wanted else None
        about = target_of(document)
        if about is None:
            return None
        for head in self._log.heads_of([str(about)]):
            if head.type not in service.works_on or head.status is not Status.ACTIVE:
                return None
            if head.type == "media" and not names_region(document):
                return None
            held = self._log.events_at([head.position])[head.position].document
            if passes(self._objects, service, head.type, held, document):
                return "annotated", str(about), head.version, event.pid_text
        return None
