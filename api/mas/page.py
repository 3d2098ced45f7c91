"""The page of services: what there is, how jobs stand, dead letters and the way to try them again.

GET  /mas          for everybody
POST /mas/retry    for curators who are signed in
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.mas.jobs import retried
from api.mas.services import Counted, all_services
from api.mas.shown import job_shown
from api.security import Forbidden
from api.sessions import SentForm, session_of, signed_in
from api.site import Site
from handlers.mas.dispatch import is_dispatching
from handlers.mas.store import STATES

_LETTERS = _RECENT = 50


def page_router(site: Site, counted: Counted) -> APIRouter:
    """The routes of the page."""
    store = counted.store
    router = APIRouter(tags=["machine annotation"], include_in_schema=False)

    @router.get("/mas")
    def page(request: Request) -> Response:
        """Services, their jobs and their dead letters."""
        store.follow(site.objects.log)
        body = site.renderer.page(
            "mas.html",
            services=all_services(site, counted),
            states=STATES,
            letters=[job_shown(r, site.base) for r in store.page(state="dead", limit=_LETTERS)],
            recent=[job_shown(row, site.base) for row in store.page(limit=_RECENT)],
            running=is_dispatching(site.settings.data),
            on=site.settings.mas == "on",
            session=session_of(request),
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
