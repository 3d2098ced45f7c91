"""What a job brings to its service: the object as it was when the job was made, while it is public.

    {"object": …, "jobId": …, "batchingRequested": …, "version": …, "attempt": …, "base": …,
     "annotation": …}

The annotation stands there where one led to the job. A service never sees what was withheld,
withdrawn or erased since: such a job ends without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.mas.endings import Ended
from handlers.mas.leases import lease_of
from handlers.mas.services import Service
from handlers.mas.store import Row, Store
from handlers.mas.transport import Job


class Payloads:
    """Makes jobs that can be handed over of rows that are due."""

    def __init__(self, log: Log, store: Store, base: str) -> None:
        """`base`: public address, at which services find media."""
        self._log, self._store, self._base = log, store, base

    def made(self, service: Service, due: Sequence[Row]) -> tuple[list[Job], list[Ended]]:
        """The jobs with their payload, and those whose object cannot be shown any more."""
        shown = self._shown({(row.target, row.version) for row in due})
        notes = {row.annotation for row in due if row.annotation}
        heads = {str(head.pid): head for head in self._log.heads_of(notes)}
        said = self._log.events_at(head.position for head in heads.values())
        lease = lease_of(service, self._store)
        jobs, gone = [], []
        for row in due:
            event = shown.get((row.target, row.version))
            if event is None:
                why = f"{row.target} is not public any more, or what it said was erased."
                gone.append(Ended(row, why, final=True))
                continue
            about = heads.get(row.annotation or "")
            annotation = said[about.position].document_bytes if about else None
            jobs.append(self._job(service, row, event, annotation, lease))
        return jobs, gone

    def _shown(self, wanted: set[tuple[str, int]]) -> Mapping[tuple[str, int], Recorded]:
        """The versions that services work on, those of objects that are public now."""
        heads = [
            head
            for head in self._log.heads_of({target for target, _ in wanted})
            if head.status is Status.ACTIVE
        ]
        newest = self._log.events_at(head.position for head in heads)
        current = {str(head.pid): newest[head.position] for head in heads}
        found = {}
        for target, version in wanted:
            event = current.get(target)
            if event is not None and event.version != version:
                event = self._log.version(Pid.parse(target), version)
            if event is not None and event.salt and event.status is Status.ACTIVE:
                found[target, version] = event
        return found

    def _job(
        self,
        service: Service,
        row: Row,
        event: Recorded,
        annotation: bytes | None,
        lease: float,
    ) -> Job:
        attempt = row.attempt + 1
        said = {
            "object": orjson.Fragment(event.document_bytes or b"{}"),
            "jobId": row.id,
            "batchingRequested": bool(row.batching) and service.batching,
            "version": row.version,
            "attempt": attempt,
            "base": self._base,
        }
        if annotation is not None:
            said["annotation"] = orjson.Fragment(annotation)
        return Job(
            row.id, row.service, service.topic, row.target, row.version, attempt, lease,
            orjson.dumps(said),
        )  # fmt: skip
