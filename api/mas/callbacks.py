"""Where services over HTTP bring their answers, and where they ask for work.

    POST /api/mas/jobs/{job}/result     {"annotations": […], …}    what was found
    POST /api/mas/jobs/{job}/failure    {"errorMessage": …}        the attempt failed
    POST /api/mas/jobs/{job}/running                               somebody works on it
    POST /api/mas/{service}/jobs/lease  {"count": 4, "wait_s": 20} work for a service that asks

The first three want the ticket that came with the job, as `Authorization: Bearer mas_…`; the last
a token that speaks for the service (`collectome token create --service`). An answer that is sent
twice counts once.
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from api.security import Forbidden, Token, Unauthenticated, require
from api.site import Site
from fdo.errors import InvalidDocument, NotFound, Refused, Unavailable
from fdo.identifiers import Pid
from handlers.bridges.outbox import Errand, Outbox
from handlers.bridges.posting import Desk
from handlers.bridges.reading import Malformed, answer_of
from handlers.bridges.tickets import Tickets
from handlers.mas.answers import Result, Taken
from handlers.mas.results import Results
from handlers.mas.services import service_at

MOST, LONGEST_S = 100, 30.0
"""Jobs in one lease, and seconds for which one may wait for them."""
WAITING = 50
"""Services that may wait at the same time."""
_LOOK_S = 0.25

Worker = Annotated[Token, Depends(require("agent"))]


class Asked(BaseModel):
    """How much work a service wants."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(1, ge=1, le=MOST, description="Jobs at most.")
    wait_s: float = Field(0.0, ge=0, le=LONGEST_S, description="Seconds to wait for the first.")


class Leased(BaseModel):
    """Work for a service; each job as it would be sent to an endpoint."""

    jobs: list[dict[str, Any]]


class Outcome(BaseModel):
    """What became of an answer."""

    job_id: str = Field(serialization_alias="jobId")
    outcome: str = Field(description="recorded, failed, late or unknown.")
    created: list[str] = Field(description="PIDs of new annotations.")
    duplicate: list[str] = Field(description="PIDs of annotations that said the same before.")
    refused: list[str] = Field(description="Why others could not be recorded.")
    reason: str


_TICKET = HTTPBearer(
    auto_error=False, scheme_name="JobTicket", description="The ticket that came with the job."
)
_BY_TICKET = [Depends(_TICKET)]
"""Says so in the description; the ticket itself is read by `_Office.admitted`."""


def callbacks_router(site: Site, results: Results) -> APIRouter:
    """The routes for services over HTTP."""
    router = APIRouter(tags=["machine annotation"])
    office = _Office(site, results)

    @router.post("/api/mas/jobs/{prefix}/{suffix}/result", dependencies=_BY_TICKET)
    async def result(prefix: str, suffix: str, request: Request) -> Outcome:
        """Bring what a service found; an empty list of annotations completes the job."""
        job, _ = office.admitted(prefix, suffix, request)
        said = _answer(job, await request.body())
        return await asyncio.to_thread(office.take, said)

    @router.post("/api/mas/jobs/{prefix}/{suffix}/failure", dependencies=_BY_TICKET)
    async def failure(prefix: str, suffix: str, request: Request) -> Outcome:
        """Say that an attempt failed, and why."""
        job, attempt = office.admitted(prefix, suffix, request)
        said = _json(await request.body()).get("errorMessage")
        reason = said if isinstance(said, str) and said else "The service gave no reason."
        return await asyncio.to_thread(office.fail, job, attempt, reason)

    @router.post(
        "/api/mas/jobs/{prefix}/{suffix}/running", status_code=204, dependencies=_BY_TICKET
    )
    def running(prefix: str, suffix: str, request: Request) -> None:
        """Say that a service works on a job."""
        job, _ = office.admitted(prefix, suffix, request)
        results.started([job])

    @router.post("/api/mas/{prefix}/{suffix}/jobs/lease")
    async def lease(prefix: str, suffix: str, asked: Asked, by: Worker) -> Leased:
        """Ask for work, for a service that cannot be called."""
        service = Pid.parse(f"{prefix}/{suffix}")
        await asyncio.to_thread(office.speaks_for, by, service)
        errands = await office.waited(str(service), asked)
        return Leased(jobs=await asyncio.to_thread(office.handed, errands))

    return router


class _Office:
    """What the routes do, apart from HTTP."""

    def __init__(self, site: Site, results: Results) -> None:
        self._log = site.objects.log
        self._results = results
        self._folder = site.settings.data
        self._base = site.base
        self._waiting = 0

    @property
    def _outbox(self) -> Outbox:
        return Outbox(self._folder)

    @property
    def _tickets(self) -> Tickets:
        return Tickets.of(self._folder)

    def admitted(self, prefix: str, suffix: str, request: Request) -> tuple[str, int]:
        """Job and attempt for which the request bears a ticket."""
        scheme, _, ticket = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not ticket:
            raise Unauthenticated(
                "This needs the ticket that came with the job: send it as `Authorization: Bearer "
                "mas_…`."
            )
        job = str(Pid.parse(f"{prefix}/{suffix}"))
        attempt = self._tickets.attempt(ticket.strip(), job)
        if attempt is None:
            raise Forbidden(f"This is no ticket of the job {job}; each job comes with its own.")
        return job, attempt

    def take(self, result: Result) -> Outcome:
        """Record an answer; the outbox forgets the job when that is durable."""
        (taken,) = self._results.take([result])
        if taken.outcome == "unknown":
            raise NotFound(taken.reason)
        self._outbox.answered([taken.job])
        return _outcome(taken)

    def fail(self, job: str, attempt: int, reason: str) -> Outcome:
        """Record a failure, unless a later attempt is under way."""
        current = self._outbox.attempt(job)
        if current is not None and current > attempt:
            return _outcome(Taken(job, "late", reason=f"Attempt {current} is under way."))
        return self.take(Result(job, error=reason))

    def speaks_for(self, by: Token, service: Pid) -> None:
        """The token may take this service's work, and the service is one that asks for it."""
        if by.service != str(service) and "admin" not in by.roles:
            raise Forbidden(
                f"The token {by.name!r} does not speak for {service}. Make one that does: "
                f"collectome token create NAME --role agent --service {service}"
            )
        known = service_at(self._log, service)
        if not known.active:
            raise Refused(f"{known.name} was withdrawn; its jobs are over.")
        if known.queue != "http" or known.endpoint is not None:
            raise Refused(
                f"{known.name} gets its work by another way (queue {known.queue}); only a service "
                "with the queue http and no endpoint asks for it here."
            )

    async def waited(self, service: str, asked: Asked) -> list[Errand]:
        """Work as soon as there is some, or none when the time is over."""
        if self._waiting >= WAITING:
            raise Unavailable("Too many services wait for work here.", retry_after=5)
        outbox, end = self._outbox, time.monotonic() + asked.wait_s
        self._waiting += 1
        try:
            while True:
                found = await asyncio.to_thread(outbox.lease, service, asked.count)
                if found or time.monotonic() >= end:
                    return found
                await asyncio.sleep(_LOOK_S)
        finally:
            self._waiting -= 1

    def handed(self, errands: list[Errand]) -> list[dict[str, Any]]:
        """The errands as jobs, which run from now on."""
        if errands:
            self._results.started([errand.job for errand in errands])
        desk, now = Desk(self._base, self._tickets), time.time()
        return [desk.order(errand, now) for errand in errands]


def _answer(job: str, body: bytes) -> Result:
    try:
        found = answer_of({"jobId": job, **_json(body)})
    except Malformed as error:
        raise InvalidDocument(error.reason, [("", error.reason)]) from error
    if found.job != job:
        raise InvalidDocument(
            f"The answer is of the job {found.job}, and was sent to {job}.",
            [("/jobId", f"{job} was expected")],
        )
    return found


def _json(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise InvalidDocument(f"The body is not JSON: {error}.", [("", str(error))]) from error
    if not isinstance(said, dict):
        raise InvalidDocument("The body is no JSON object.", [("", "an object was expected")])
    return said


def _outcome(taken: Taken) -> Outcome:
    return Outcome(
        job_id=taken.job, outcome=taken.outcome, created=list(taken.created),
        duplicate=list(taken.duplicate), refused=list(taken.refused), reason=taken.reason,
    )  # fmt: skip
