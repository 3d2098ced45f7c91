"""The one address that services written for DiSSCo call: a job runs.

    GET /api/mjr/v1/{MAS_ID}/{jobId}/running

A GET that changes something, because the contract says so. It goes one way, from handed over to
running, so that whoever asks again, or asks for somebody else, changes nothing; a HEAD changes
nothing at all.
"""

from __future__ import annotations

import time
from threading import BoundedSemaphore

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from fdo.errors import NotFound
from fdo.identifiers import Pid
from handlers.bridges import RUNNING
from handlers.mas.results import Results
from handlers.mas.store import PENDING, Row, Store

_LOOKS, _LOOK_S = 10, 0.05
WAITING = 8
"""Requests that may wait at once."""


class Running(BaseModel):
    """How a job stands."""

    job_id: str = Field(serialization_alias="jobId")
    state: str


def contract_router(results: Results) -> APIRouter:
    """The route under /api/mjr/v1."""
    router = APIRouter(tags=["machine annotation"])
    patience = _Patience()

    @router.get(f"{RUNNING}/{{mp}}/{{ms}}/{{jp}}/{{js}}/running")
    def running(
        mp: str, ms: str, jp: str, js: str, request: Request, response: Response
    ) -> Running:
        """Say that a service works on a job (called by services for DiSSCo)."""
        response.headers["Cache-Control"] = "no-store"
        service, job = str(Pid.parse(f"{mp}/{ms}")), str(Pid.parse(f"{jp}/{js}"))
        found = results.store.job(job)
        if found is None or found.service != service:
            raise NotFound(f"The service {service} has no job {job}; /api/jobs lists what it has.")
        if request.method == "GET" and patience.handed_over(results.store, found):
            results.started([job])
            found = results.store.job(job) or found
        return Running(job_id=job, state=found.state)

    return router


class _Patience:
    """Waits a moment for what is about to be noted; of those who ask, few at a time, since each
    keeps a thread and needs no token. The others are told how it stands now."""

    def __init__(self) -> None:
        self._turns = BoundedSemaphore(WAITING)

    def handed_over(self, store: Store, job: Row) -> bool:
        """Whether a service has the job. Who waits for its turn here cannot be running, whoever
        says so; but a service may be quicker than the note of its dispatcher."""
        if job.state in PENDING and self._turns.acquire(blocking=False):
            try:
                job = _looked_at(store, job)
            finally:
                self._turns.release()
        return job.state == "queued"


def _looked_at(store: Store, job: Row) -> Row:
    for _ in range(_LOOKS):
        time.sleep(_LOOK_S)
        job = store.job(job.id) or job
        if job.state not in PENDING:
            break
    return job
