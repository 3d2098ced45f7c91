"""Batches on pages, without scripts: choose, look, record, take back.

GET  /annotations/batches         yours, and the form for a new one (?pid=, ?search= fill it in)
POST /annotations/batches         a table, or a search with one change: 303 to the preview
GET  /annotations/batches/{id}    how it stands; the page asks again while it is worked on
POST /annotations/batches/{id}    run or undo
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.annotations.asking import address
from api.annotations.batches import PREFIX as API
from api.annotations.reports import owned, report
from api.annotations.speaking import desk_of, speaker
from api.security import Forbidden, Token
from api.sessions import Form, SentForm, Session, one, session_of, signed_in
from api.site import Site
from fdo.annotation.paths import text
from fdo.errors import InvalidDocument, Unavailable
from fdo.identifiers import Pid
from handlers.batches.choosing import COLUMNS, Chosen, of_objects, of_table
from handlers.batches.desk import LEFT
from handlers.batches.naming import Numbers, path_of
from handlers.batches.previewing import Previews
from handlers.batches.selecting import look_in, searched
from handlers.batches.store import AT_WORK

PREFIX = "/annotations/batches"
WAYS = (("editing", "replace the value"), ("adding", "add a value"), ("deleting", "take it away"),
        ("commenting", "remark on it"))  # fmt: skip
_SHOWN = 50
_LONG = 2_000
"""Characters of what other pages fill into the form."""
_ASK_AGAIN_S = 2


def batch_pages_router(site: Site) -> APIRouter:
    """The pages under /annotations/batches, for who is signed in as agent or curator."""
    router = APIRouter(tags=["pages"], include_in_schema=False)
    settings = site.settings
    desk = desk_of(site.objects, settings)

    @router.get(PREFIX)
    def batches(request: Request) -> Response:
        """Your batches, and the form for a new one."""
        session = session_of(request)
        owner = session.token.name if session else ""
        found = desk.batches.all(owner, "chosen", limit=_SHOWN) if session else []
        given = request.query_params
        pid, search = given.get("pid", "")[:_LONG], given.get("search", "")[:_LONG]
        return _page(
            site, "batches.html", session, found=found, columns=COLUMNS, ways=WAYS,
            table=f"pid,term,value\n{pid}," if pid else "", search=search,
            back=address(PREFIX, [(n, v) for n, v in (("pid", pid), ("search", search)) if v]),
        )  # fmt: skip

    @router.post(PREFIX)
    def choose(request: Request, form: SentForm) -> Response:
        """Choose, and go to the preview."""
        by = _annotator(signed_in(request, form).token)
        chosen, asked = _chosen(site, form)
        batch = Previews(desk, speaker(by, site.objects)).make(chosen, {"query": asked})
        return RedirectResponse(f"{PREFIX}/{batch.id}", 303)

    @router.get(PREFIX + "/{name}")
    def one_batch(request: Request, name: str) -> Response:
        """How a batch stands."""
        session = session_of(request)
        if session is None:
            return RedirectResponse(f"/sign-in?next={PREFIX}/{name}", 303)
        batch = owned(desk.batches, name, "chosen", session.token)
        told = report(desk.batches, batch, f"{settings.base}{API}/{batch.id}")
        undone = desk.batches.undone(batch.id).items()
        left = [(pid, why) for pid, (became, why) in undone if became == LEFT][:_SHOWN]
        answer = _page(site, "batch.html", session, batch=batch, told=told, left=left)
        if batch.state in AT_WORK:
            answer.headers["Refresh"] = str(_ASK_AGAIN_S)
        return answer

    @router.post(PREFIX + "/{name}")
    def act(request: Request, name: str, form: SentForm) -> Response:
        """Record a batch, or take it back."""
        by = _annotator(signed_in(request, form).token)
        batch = owned(desk.batches, name, "chosen", by)
        if one(form, "do") == "undo":
            desk.ask_undo(batch, by.name, _reason(one(form, "reason")))
        else:
            Previews(desk, speaker(by, site.objects)).ask_run(batch)
        return RedirectResponse(f"{PREFIX}/{batch.id}", 303)

    return router


def _chosen(site: Site, form: Form) -> tuple[Iterator[Chosen], dict[str, Any]]:
    """What the form chooses, and how that is told."""
    log, view = site.objects.log, site.views.search
    if table := one(form, "csv").strip():
        source = one(form, "source").strip()
        look = look_in(view, log) if view else (lambda _: ())
        numbers = Numbers(log, Pid.parse(source) if source else None, look)
        return of_table(table, numbers, log), {"csv": f"{len(table.splitlines())} lines"}
    search = one(form, "search").strip().rpartition("?")[2]
    if not search:
        raise InvalidDocument("Paste a table, or say which objects by a search.")
    if view is None:
        raise Unavailable("This server keeps no search view; paste a table with PIDs.")
    parameters: dict[str, list[str]] = {}
    for name, value in parse_qsl(search, max_num_fields=100):
        parameters.setdefault(name, []).append(value)
    return of_objects(searched(view, parameters), _template(form)), {"search": search}


def _template(form: Form) -> dict[str, Any]:
    """The one change of the form, in openDS's form."""
    way, value = one(form, "way", "editing"), one(form, "value").strip()
    if way not in dict(WAYS):
        raise InvalidDocument(f"{way!r} is none of {', '.join(dict(WAYS))}.")
    selector = {"@type": "ods:TermSelector", "ods:term": text(path_of(one(form, "term")))}
    template: dict[str, Any] = {
        "oa:motivation": f"{'ods' if way in ('adding', 'deleting') else 'oa'}:{way}",
        "oa:hasTarget": {"oa:hasSelector": selector},
    }
    if value:
        template["oa:hasBody"] = {"@type": "oa:TextualBody", "oa:value": [value]}
    elif way != "deleting":
        raise InvalidDocument("Give the value; to take one away, choose that.")
    if comment := one(form, "comment").strip():
        template["oa:motivatedBy"] = comment
    return template


def _annotator(token: Token) -> Token:
    if not (token.may("agent") or token.may("curator")):
        raise Forbidden(f"Batches are for agents and curators; {token.name!r} is neither.")
    return token


def _reason(said: str) -> str:
    if not said.strip():
        raise InvalidDocument("Say why: the reason is shown on the tombstone of each annotation.")
    return said.strip()[:1_000]


def _page(site: Site, template: str, session: Session | None, **values: Any) -> HTMLResponse:
    body = site.renderer.page(template, session=session, **values)
    return HTMLResponse(body, headers={"Cache-Control": "no-store"})
