"""Machine-annotation services over HTTP: listed, registered, revised, withdrawn, asked.

    GET    /api/mas                              all services and how their jobs stand
    POST   /api/mas                              register one (curators): openDS form, or ours
    GET    /api/mas/{prefix}/{suffix}            one service
    PUT    /api/mas/{prefix}/{suffix}            a new version, with If-Match
    DELETE /api/mas/{prefix}/{suffix}?reason=    withdraw it
    POST   /api/mas/{prefix}/{suffix}/backfill   jobs for all objects that a choice gives

The document of a service is at its PID, as of every object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.mas.shown import Services, ServiceShown, refusals, service_shown
from api.objects.preconditions import document_etag, version_seen
from api.security import Forbidden, Token, reader, require
from api.site import Site
from eventstore.envelope import Recorded
from fdo.errors import Unavailable
from fdo.identifiers import Pid
from handlers.mas.registration import Registration
from handlers.mas.requests import Requests, everything
from handlers.mas.services import KIND, Service, service_at
from handlers.mas.store import Store
from handlers.projections.search.query import SearchQuery

MOST_PIDS = 10_000
MOST_AT_ONCE = 100_000
"""Objects that one request may fill; the command line has no bound."""
_PAGE = 200

Curator = Annotated[Token, Depends(require("curator"))]
IfMatch = Annotated[str | None, Header(description="ETag of the version that is changed.")]
Reason = Annotated[
    str, Query(min_length=1, max_length=1_000, description="Shown on the tombstone.")
]
Form = Annotated[dict[str, Any], Body(description="A service in the words of openDS, or a request "
    "of DiSSCo around it; what is left out has a default.")]  # fmt: skip


class Choice(BaseModel):
    """Which objects a back-fill is for: named, found by a search, of one source system, or all."""

    model_config = ConfigDict(extra="forbid")

    pids: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list, max_length=MOST_PIDS, description="PIDs of objects."
    )
    search: dict[str, str | list[str]] = Field(
        default_factory=dict, description="Parameters of /api/search; finds specimens."
    )
    source: str | None = Field(None, max_length=200, description="PID of a source system.")
    all: bool = Field(False, description="Everything that the service works on.")
    preview: bool = Field(True, description="Only count; false: make the jobs.")
    again: bool = Field(False, description="Also where the same work was done before.")

    @model_validator(mode="after")
    def _one(self) -> Choice:
        if sum(map(bool, (self.pids, self.search, self.source, self.all))) != 1:
            raise ValueError("Choose objects by one of pids, search, source and all.")
        return self


class FilledShown(BaseModel):
    """What a back-fill made, or would make."""

    preview: bool
    seen: int = Field(description="Objects that were looked at.")
    scheduled: int = Field(description="Jobs that are new.")
    there: int = Field(description="Objects whose job is there already.")
    refused: dict[str, int] = Field(description="Why others get none → how many.")
    sample: list[str] = Field(description="Some of those that get a job.")


def services_router(site: Site, store: Store) -> APIRouter:
    """The routes under /api/mas."""
    router = APIRouter(tags=["machine annotation"])
    objects = site.objects

    def named(prefix: str, suffix: str) -> Pid:
        return service_at(objects.log, Pid.parse(f"{prefix}/{suffix}")).pid

    @router.get("/api/mas")
    def listed(request: Request) -> Services:
        """All services, the withdrawn ones included, in order of name."""
        return Services(services=all_services(site, store, told=asker_runs(request)))

    @router.post("/api/mas", status_code=201, responses=refusals(409))
    def register(form: Form, by: Curator, response: Response) -> ServiceShown:
        """Register a service."""
        unlimited(by)
        return shown(Registration(objects, by.agent).register(form), response)

    @router.get("/api/mas/{prefix}/{suffix}", responses=refusals(410))
    def one(request: Request, prefix: str, suffix: str, response: Response) -> ServiceShown:
        """One service and how its jobs stand."""
        pid = named(prefix, suffix)
        return shown(objects.log.latest(pid), response, told=asker_runs(request))

    @router.put("/api/mas/{prefix}/{suffix}", responses=refusals(409))
    def revise(
        prefix: str, suffix: str, form: Form, by: Curator, response: Response,
        if_match: IfMatch = None,
    ) -> ServiceShown:  # fmt: skip
        """Replace a service by a new version, if the caller saw the current one."""
        unlimited(by)
        pid = named(prefix, suffix)
        seen = version_seen(if_match, pid, objects.log)
        return shown(Registration(objects, by.agent).revise(pid, form, seen), response)

    @router.delete("/api/mas/{prefix}/{suffix}", responses=refusals(409))
    def retire(
        prefix: str, suffix: str, reason: Reason, by: Curator, response: Response,
        if_match: IfMatch = None,
    ) -> ServiceShown:  # fmt: skip
        """Withdraw a service; what it made stays, its jobs end."""
        unlimited(by)
        pid = named(prefix, suffix)
        seen = version_seen(if_match, pid, objects.log)
        return shown(Registration(objects, by.agent).retire(pid, reason, seen), response)

    @router.post("/api/mas/{prefix}/{suffix}/backfill", responses=refusals(409))
    def backfill(prefix: str, suffix: str, choice: Choice, by: Curator) -> FilledShown:
        """Jobs for many objects; without `preview: false` they are only counted."""
        unlimited(by)
        service = service_at(objects.log, Pid.parse(f"{prefix}/{suffix}"))
        filled = Requests(objects, store, by.agent).fill(
            service,
            _chosen(site, service, choice),
            preview=choice.preview,
            again=choice.again,
            most=MOST_AT_ONCE,
        )
        return FilledShown(
            preview=choice.preview, seen=filled.seen, scheduled=filled.scheduled,
            there=filled.there, refused=dict(filled.refused), sample=filled.sample,
        )  # fmt: skip

    def asker_runs(request: Request) -> bool:
        return may_run(reader(request.headers.get("authorization"), site.tokens))

    def shown(event: Recorded, response: Response, *, told: bool = True) -> ServiceShown:
        response.headers["ETag"] = document_etag(event).decode()
        response.headers["Location"] = f"{site.base}/api/mas/{event.pid}"
        service = service_at(objects.log, event.pid)
        counts = store.counts(str(event.pid))
        return service_shown(service, event.document, site.base, store, counts, told=told)

    return router


def all_services(site: Site, store: Store, *, told: bool) -> list[ServiceShown]:
    """Every service as it is shown; `told`: to those who run them."""
    log, counts = site.objects.log, store.counts()
    heads = log.heads_of(log.of_no_source(KIND))
    events = log.events_at(head.position for head in heads)
    found = [
        service_shown(
            service_at(log, head.pid),
            events[head.position].document,
            site.base,
            store,
            counts,
            told=told,
        )
        for head in heads
        if "ods:topicName" in events[head.position].document
    ]
    return sorted(found, key=lambda one: (not one.active, one.name))


def _chosen(site: Site, service: Service, choice: Choice) -> Iterable[str]:
    if choice.pids:
        return choice.pids
    if choice.search:
        return _searched(site, choice.search)
    source = Pid.parse(choice.source) if choice.source else None
    return everything(site.objects.log, service, source)


def _searched(site: Site, asked: dict[str, str | list[str]]) -> Iterator[str]:
    """The specimens that a search finds, page by page of one state of the view."""
    view = site.views.search
    if view is None:
        raise Unavailable("There is no search view here; name the objects by pids.")
    wanted = {name: [said] if isinstance(said, str) else said for name, said in asked.items()}
    query, cursor = SearchQuery.parse(wanted), None
    while True:
        page = view.find(query, cursor, _PAGE)
        yield from (hit.pid for hit in page.hits)
        cursor = page.next_cursor
        if cursor is None:
            return


def may_run(by: Token | None) -> bool:
    """Whether somebody may run services. They work on everything, so a token for one
    institution's objects does not rule them."""
    return by is not None and by.may("curator") and (by.organisation is None or by.may("admin"))


def unlimited(by: Token) -> None:
    """Let curators through who may run services; Forbidden for those of one institution."""
    if not may_run(by):
        raise Forbidden(
            f"The token {by.name!r} is limited to objects of {by.organisation}; services work on "
            "all. Ask an admin."
        )
