"""Jobs because somebody asks: for one object, or for all that a query gives (a back-fill).

The same rules hold as for events: the object is public, of a type that the service works on, and
passes its filter. Work that was done, or is under way, is not done again; a dead job is tried
again; and who means it may ask for the same work once more.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from eventstore.application import DigitalObjects
from eventstore.log import Head, Log
from fdo.agent import Agent
from fdo.errors import InvalidIdentifier, Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.mas.jobs import Made, Wish, record
from handlers.mas.services import Service
from handlers.mas.store import Store
from handlers.mas.targets import passes

SECTION = 500
SAMPLE = 20

Kind = Literal["request", "backfill"]


@dataclass(slots=True)
class Filled:
    """What a back-fill made, or would make."""

    seen: int = 0
    scheduled: int = 0
    """Jobs that are new, or of a preview, that would be."""
    there: int = 0
    """Objects whose job is there already, done or under way."""
    refused: Counter[str] = field(default_factory=Counter)
    """Why others get none → how many."""
    sample: list[str] = field(default_factory=list)
    """Some of the objects that get a job."""


class Requests:
    """Asks services for work, in the name of one person or program."""

    def __init__(self, objects: DigitalObjects, store: Store, by: Agent) -> None:
        self._objects, self._store, self._by = objects, store, by

    def ask(
        self, service: Service, target: Pid, *, batching: bool = False, again: bool = False
    ) -> Made:
        """The job for one object; Refused says why there can be none."""
        wishes, refused = self._wishes(service, [str(target)], "request", batching, again)
        if refused:
            raise Refused(f"{service.name} does not work on {target}: {next(iter(refused))}")
        return record(self._objects, self._store, wishes, self._by)[0]

    def fill(
        self,
        service: Service,
        targets: Iterable[str],
        *,
        preview: bool = False,
        again: bool = False,
        most: int | None = None,
    ) -> Filled:
        """Jobs for many objects, section by section, each in one transaction; `preview` only
        counts. Cut in the middle and begun anew, it makes what is missing."""
        found = Filled()
        stream = iter(targets if most is None else islice(targets, most))
        while section := list(islice(stream, SECTION)):
            wishes, refused = self._wishes(service, section, "backfill", False, again)
            found.seen += len(section)
            found.refused.update(refused)
            made = record(self._objects, self._store, wishes, self._by, dry=preview)
            fresh = [one.wish.target for one in made if one.new]
            found.scheduled += len(fresh)
            found.there += len(made) - len(fresh)
            found.sample += fresh[: SAMPLE - len(found.sample)]
        return found

    def _wishes(
        self, service: Service, targets: Sequence[str], kind: Kind, batching: bool, again: bool
    ) -> tuple[list[Wish], Counter[str]]:
        if not service.active:
            raise Refused(f"{service.name} ({service.pid}) was withdrawn; it works no more.")
        named = list(dict.fromkeys(map(_named, targets)))
        heads = {str(head.pid): head for head in self._objects.log.heads_of(named)}
        public = [head for head in heads.values() if head.status is Status.ACTIVE]
        fitting = [head for head in public if head.type in service.works_on]
        states = self._objects.states(fitting)
        nonce = uuid.uuid4().hex if again else ""
        wishes, refused = [], Counter[str]()
        for name in named:
            head = heads.get(name)
            if head is None or name not in states:
                refused[_why(service, head)] += 1
            elif not passes(self._objects, service, head.type, states[name].document):
                refused["its filter does not let it through."] += 1
            else:
                place = head.version, kind, head.position, head.position, 1
                who = self._by.id
                wishes.append(Wish(service, name, *place, None, who, batching, nonce))
        return wishes, refused


def everything(log: Log, service: Service, source: Pid | None = None) -> Iterator[str]:
    """All objects that a service may work on, in order of PID; of a source system, where one is
    named."""
    if source is not None:
        for kind in service.works_on:
            yield from log.of_source(source, kind)
        return
    after = ""
    while heads := log.heads(after, 1_000):
        after = str(heads[-1].pid)
        yield from (str(head.pid) for head in heads if _fits(service, head))


def _fits(service: Service, head: Head) -> bool:
    return head.type in service.works_on and head.status is Status.ACTIVE


def _named(text: str) -> str:
    try:
        return str(Pid.parse(text))
    except InvalidIdentifier:
        return text[:100]


def _why(service: Service, head: Head | None) -> str:
    if head is None:
        return "no object bears this PID."
    if head.status is not Status.ACTIVE:
        return f"it is {head.status.value}."
    return f"it is a {head.type}; the service works on {', '.join(service.works_on)}."
