"""Jobs over HTTP: listed, shown, asked for, tried again; also in the words of DiSSCo.

GET  /api/jobs?service=&target=&state=&before=&limit=
POST /api/jobs                           ask a service to work on an object
GET  /api/jobs/{prefix}/{suffix}         state, place in the queue, log, what it made
POST /api/jobs/retry                     take up dead letters again (curators)
GET  /{prefix}/{suffix}/mas              which services would work on an object
POST /{prefix}/{suffix}/mas              ask for several, as DiSSCo's clients do
GET  /api/mjr/v1/{prefix}/{suffix}       a job as a record of DiSSCo
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.annotations.speaking import admit, spend
from api.mas.shown import (
    JobDetail,
    Jobs,
    found,
    job_detail,
    job_record,
    job_shown,
    refusals,
)
from api.objects.lifecycle import admit_holder
from api.refusals import UnknownParameter
from api.security import Forbidden, Token, require
from api.site import Site
from fdo.errors import PidOnly, Tombstoned
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.mas.jobs import retry
from handlers.mas.requests import Requests
from handlers.mas.services import Service, service_at, service_of, services
from handlers.mas.store import State, Store
from handlers.mas.targets import passes

PAGE = 500
MOST = 20
"""Services in one request."""
NEWEST = 2**63 - 1
"""No job has a greater number."""
_KNOWN = ("service", "target", "state", "before", "limit")

Anybody = Annotated[Token, Depends(require("agent", "curator"))]
Curator = Annotated[Token, Depends(require("curator"))]
Name = Annotated[str, Field(max_length=200)]


class Wanted(BaseModel):
    """Work that is asked for."""

    model_config = ConfigDict(extra="forbid")

    service: Name = Field(description="PID of the service.")
    target: Name = Field(description="PID of the object.")
    batching: bool = Field(False, description="Whether the answer may be copied to others.")
    again: bool = Field(False, description="Also where the same work was done (curators).")


class Letters(BaseModel):
    """Which dead letters are taken up again."""

    model_config = ConfigDict(extra="forbid")

    jobs: list[Name] = Field(default_factory=list, max_length=PAGE, description="These; else all.")
    service: Name | None = Field(None, description="Only those of this service.")


class Retried(BaseModel):
    """What was taken up again."""

    jobs: list[str]


class MasId(BaseModel):
    """A service that is asked, in the words of DiSSCo."""

    masId: Name  # noqa: N815 - JSON name of the contract
    batching: bool = False


class MasRequests(BaseModel):
    """The attributes of a request of DiSSCo."""

    mass: list[MasId] = Field(min_length=1, max_length=MOST)


class MasRequest(BaseModel):
    """What a request of DiSSCo is about."""

    type: Literal["MasRequest"]
    attributes: MasRequests


class Asked(BaseModel):
    """A request as DiSSCo's clients send it."""

    data: MasRequest


def jobs_router(site: Site, store: Store) -> APIRouter:
    """The routes of jobs."""
    router = APIRouter(tags=["machine annotation"])
    objects, log = site.objects, site.objects.log

    @router.get("/api/jobs")
    def listed(
        request: Request,
        service: Annotated[str | None, Query(max_length=200)] = None,
        target: Annotated[str | None, Query(max_length=200)] = None,
        state: State | None = None,
        before: Annotated[int | None, Query(ge=1, le=NEWEST)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE)] = 100,
    ) -> Jobs:
        """Jobs, newest first."""
        if unknown := [name for name in request.query_params if name not in _KNOWN]:
            raise UnknownParameter(
                f"There is no parameter {unknown[0]!r} here; there are {', '.join(_KNOWN)}.",
                parameter=unknown[0],
                known=list(_KNOWN),
            )
        asked = {"service": _pid(service), "target": _pid(target), "state": state}
        rows = store.page(**asked, before=before, limit=limit + 1) if store.there else []
        following = None
        if len(rows) > limit:
            more = {k: v for k, v in asked.items() if v} | {"before": rows[limit - 1].number}
            following = f"{site.base}/api/jobs?{urlencode(more | {'limit': limit})}"
        return Jobs(jobs=[job_shown(row, site.base) for row in rows[:limit]], next=following)

    @router.post("/api/jobs", status_code=202, responses=refusals(409, 410))
    def ask(body: Wanted, by: Anybody, response: Response) -> JobDetail:
        """Ask a service to work on an object; asked again, it is the same job."""
        if body.again and not by.may("curator"):
            raise Forbidden("Work that was done is asked for again by curators.")
        service = service_at(log, Pid.parse(body.service))
        target = _public(site, Pid.parse(body.target))
        _admitted(site, by, target)
        spend(by, site.settings, 0)
        made = Requests(objects, store, by.agent).ask(
            service, target, batching=body.batching, again=body.again
        )
        response.headers["Location"] = f"{site.base}/api/jobs/{made.id}"
        return job_detail(found(store, made.id), site.base, store, log)

    @router.post("/api/jobs/retry", responses=refusals(409))
    def again(body: Letters, by: Curator) -> Retried:
        """Take up dead letters again; their attempts count anew."""
        return Retried(jobs=retried(site, store, by, body.jobs, body.service))

    @router.get("/api/jobs/{prefix}/{suffix}")
    def one(prefix: str, suffix: str) -> JobDetail:
        """A job with its log and what it made."""
        row = found(store, str(Pid.parse(f"{prefix}/{suffix}")))
        return job_detail(row, site.base, store, log)

    @router.get("/{prefix}/{suffix}/mas", responses=refusals(403, 410))
    def fitting(prefix: str, suffix: str) -> dict[str, Any]:
        """The services that would work on an object."""
        pid = _public(site, Pid.parse(f"{prefix}/{suffix}"))
        return {"data": [_offered(one) for one in _fitting(site, pid)]}

    @router.post("/{prefix}/{suffix}/mas", status_code=202, responses=refusals(409, 410))
    def ask_many(prefix: str, suffix: str, body: Asked, by: Anybody) -> dict[str, Any]:
        """Ask several services to work on an object."""
        pid = _public(site, Pid.parse(f"{prefix}/{suffix}"))
        wanted = [
            (service_at(log, Pid.parse(one.masId)), one.batching)
            for one in body.data.attributes.mass
        ]
        _admitted(site, by, pid)
        for _ in wanted:
            spend(by, site.settings, 0)
        requests = Requests(objects, store, by.agent)
        made = [
            (service, requests.ask(service, pid, batching=batching)) for service, batching in wanted
        ]
        records = [job_record(found(store, one.id), service) for service, one in made]
        return {"data": records, "links": {"self": f"{site.base}/api/jobs?target={pid}"}}

    @router.get("/api/mjr/v1/{prefix}/{suffix}")
    def record(prefix: str, suffix: str) -> dict[str, Any]:
        """A job as DiSSCo's clients know it."""
        row = found(store, str(Pid.parse(f"{prefix}/{suffix}")))
        service = service_of(log.latest(Pid.parse(row.service)))
        links = {"self": f"{site.base}/api/mjr/v1/{row.id}"}
        return {"data": job_record(row, service), "links": links}

    return router


def retried(
    site: Site, store: Store, by: Token, jobs: list[str], service: str | None = None
) -> list[str]:
    """Take up these dead letters again, or all on objects that the token is for; which they
    were."""
    named = [str(Pid.parse(one)) for one in jobs]
    if named:
        for row in store.jobs(named).values():
            _admitted(site, by, Pid.parse(row.target))
        return retry(site.objects, store, named, by.agent)
    letters = store.page(state="dead", service=_pid(service), limit=PAGE)
    held = [row.id for row in letters if _may_ask(site, by, Pid.parse(row.target))]
    return retry(site.objects, store, held, by.agent)


def _admitted(site: Site, by: Token, target: Pid) -> None:
    """Work is asked for on what the token is for: of its institution, type and dataset."""
    document = site.objects.log.latest(target).document
    admit_holder(by, document.get("ods:organisationID"), str(target))
    admit(by, {}, site.objects.log.head(target))


def _may_ask(site: Site, by: Token, target: Pid) -> bool:
    try:
        _admitted(site, by, target)
    except Forbidden:
        return False
    return True


def _pid(text: str | None) -> str | None:
    return None if text is None else str(Pid.parse(text))


def _public(site: Site, pid: Pid) -> Pid:
    """The PID of an object that everybody may see."""
    head = site.objects.log.known(pid)
    if head.status is Status.PID_ONLY:
        raise PidOnly(f"Only the PID of {pid} is public; services do not see it.", pid=str(pid))
    if head.status is Status.TOMBSTONE:
        raise Tombstoned(f"{pid} was withdrawn; nothing works on it any more.")
    return pid


def _fitting(site: Site, pid: Pid) -> list[Service]:
    event = site.objects.log.latest(pid)
    return [
        one
        for one in services(site.objects.log)
        if one.active
        and event.type in one.works_on
        and passes(site.objects, one, event.type, event.document)
    ]


def _offered(service: Service) -> dict[str, Any]:
    return {
        "id": str(service.pid),
        "type": "ods:MachineAnnotationService",
        "attributes": {"schema:name": service.name, "ods:batchingPermitted": service.batching},
    }
