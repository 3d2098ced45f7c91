"""Pages about DOIs: how minting stands, and the DOI of one version, asked for by a form.

GET  /pids                           counts, trouble, dead letters; buttons for who is signed in
POST /pids/retry                     send dead letters again (curators)
POST /pids/ask                       ask for the DOI of a version (curators and agents)
GET  /{prefix}/{suffix}/{n}/doi      as a page (`api.pids`): what it is, and how far

The forms belong to a session, so none of these pages is kept by a cache.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.minting import send_again, wanted
from api.pid_standing import Counted, ask_for, letters_of, version_doi
from api.security import Forbidden
from api.sessions import Form, SentForm, Session, one, session_of, signed_in
from api.site import Site
from eventstore.envelope import iso
from fdo.errors import CollectomeError, NotFound
from fdo.identifiers import Pid
from handlers.processes.minting.asking import doi_of, requested, require_citable

SHOWN = 50
"""Dead letters on the page."""
_NEXT = {"none": "waits to be sent", "draft": "is reserved", "registered": "is registered"}


def pid_pages_router(site: Site) -> APIRouter:
    """The pages /pids and what their forms do."""
    router = APIRouter(tags=["pages"], include_in_schema=False)
    counted = Counted(site)

    @router.get("/pids")
    def page(request: Request, done: int | None = None) -> Response:
        """How minting stands."""
        found = letters_of(site, "", SHOWN)
        return _page(site, "pids.html", session_of(request), now=counted.now(), found=found,
                     done=done)  # fmt: skip

    @router.post("/pids/retry")
    def retry(request: Request, form: SentForm) -> Response:
        """Send one dead letter again, or all."""
        _admit(signed_in(request, form), "curator")
        names = form.get("doi", [])
        if not names and one(form, "all") != "yes":
            raise NotFound("The form names no DOI; open /pids again.")
        done = send_again(site.settings, names)
        return RedirectResponse(f"/pids?done={done}", 303)

    @router.post("/pids/ask")
    def ask(request: Request, form: SentForm) -> Response:
        """Ask for the DOI of a version, and go back to its page."""
        session = signed_in(request, form)
        _admit(session, "curator", "agent")
        pid, number = _named(form)
        ask_for(site, pid, number, session.token)
        return RedirectResponse(f"/{pid}/{number}/doi", 303)

    return router


def version_page(site: Site, request: Request, pid: Pid, number: int) -> Response:
    """What the DOI of a version is, how far it is, and the form that asks for it."""
    log = site.objects.log
    told, event = version_doi(site, pid, number), requested(log, pid, number)
    refused = "" if event else _refused(site, pid, number)
    asked = {"by": event.agent.name, "at": iso(event.recorded_at)} if event else None
    return _page(
        site, "version_doi.html", session_of(request), pid=str(pid), told=told, asked=asked,
        refused=refused, next=_NEXT.get(told.state, ""), minting=wanted(site.settings),
        of_dataset="" if pid.scheme == "doi" else str(doi_of(site.objects, pid)),
    )  # fmt: skip


def _refused(site: Site, pid: Pid, number: int) -> str:
    """What stands in the way of asking; empty where nothing does."""
    try:
        require_citable(site.objects.log, pid, number)
    except CollectomeError as refusal:
        return refusal.message
    if pid.scheme == "doi" and site.objects.log.confirmed(pid) != "findable":
        return f"The DOI of the object itself, {pid}, is not findable yet; come back when it is."
    return ""


def _named(form: Form) -> tuple[Pid, int]:
    """The version that a form names."""
    number = one(form, "version")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise NotFound(f"{number[:20]!r} is no number of a version.")
    return Pid.parse(one(form, "pid")), int(number)


def _admit(session: Session, *roles: Any) -> None:
    if not any(map(session.token.may, roles)):
        raise Forbidden(
            f"This needs the role {' or '.join(roles)}; the token {session.token.name!r} has not "
            "got it."
        )


def _page(site: Site, template: str, session: Session | None, **values: Any) -> Response:
    body = site.renderer.page(template, session=session, **values)
    return HTMLResponse(body, headers={"Cache-Control": "no-store"})
