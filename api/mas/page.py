"""The pages of services and their jobs: how they stand, dead letters and the way to try them again.

GET  /mas                              for everybody; why something stands still, for who may run it
GET  /mas/jobs/{prefix}/{suffix}       one job: what happened to it, and what it made
POST /mas/retry                        for curators who are signed in
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.mas.jobs import retried
from api.mas.services import all_services, may_run
from api.mas.shown import found, job_detail, job_shown
from api.mas.workers import shown
from api.security import Forbidden
from api.sessions import SentForm, session_of, signed_in
from api.site import Site
from fdo.identifiers import Pid
from handlers.mas.dispatch import is_dispatching
from handlers.mas.services import service_of
from handlers.mas.store import STATES, Store

_LETTERS = _RECENT = 50


def page_router(site: Site, store: Store) -> APIRouter:
    """The routes of the pages."""
    router = APIRouter(tags=["machine annotation"], include_in_schema=False)

    @router.get("/mas")
    def page(request: Request) -> Response:
        """Services, their workers, their jobs and their dead letters."""
        store.follow(site.objects.log)
        session = session_of(request)
        told = may_run(session.token if session else None)
        known = all_services(site, store, told=told)
        body = site.renderer.page(
            "mas.html",
            services=known,
            names={one.pid: one.name for one in known},
            states=STATES,
            letters=[job_shown(r, site.base) for r in store.page(state="dead", limit=_LETTERS)],
            recent=[job_shown(row, site.base) for row in store.page(limit=_RECENT)],
            running=is_dispatching(site.settings.data),
            workers=shown(site.settings, told=told),
            told=told,
            keeping=site.settings.workers,
            on=site.settings.mas == "on",
            session=session,
        )
        return HTMLResponse(body, headers={"Cache-Control": "no-store"})

    @router.get("/mas/jobs/{prefix}/{suffix}")
    def job(prefix: str, suffix: str) -> Response:
        """One job with its log."""
        store.follow(site.objects.log)
        row = found(store, str(Pid.parse(f"{prefix}/{suffix}")))
        body = site.renderer.page(
            "mas_job.html",
            job=job_detail(row, site.base, store, site.objects.log),
            service=service_of(site.objects.log.latest(Pid.parse(row.service))),
        )
        return HTMLResponse(body, headers={"Cache-Control": "no-store"})

    @router.post("/mas/retry")
    def retry(request: Request, form: SentForm) -> Response:
        """Take up the dead letters that were ticked."""
        by = signed_in(request, form).token
        if not by.may("curator"):
            raise Forbidden(f"Dead letters are for curators; {by.name!r} has not got that role.")
        if jobs := form.get("job", [])[:_LETTERS]:
            retried(site, store, by, jobs)
        return RedirectResponse("/mas#jobs", 303, {"Cache-Control": "no-store"})

    return router
