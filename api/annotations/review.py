"""The review queue for programs and on a page: what waits, the most urgent first, and decisions.

    GET  /api/review             one by one, or ?grouped=true: equal proposals together
    POST /api/review/decisions   {"pids": […]} or {"filter": {…}, "asOf": 42}, decision, reason
    GET  /review, POST /review   the same on a page that needs no script

Decided is what had been seen by `asOf`, never what arrived or was rewritten since.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from pydantic import Field, model_validator
from starlette.responses import HTMLResponse, Response

from api.annotations import queue
from api.annotations.asking import (
    LIMIT,
    SELECTING,
    Given,
    address,
    described,
    given,
    json,
    parsed,
    view_of,
    whole,
)
from api.annotations.decisions import MOST, VERBS, Curator, Desk, Reason, Report, Verb
from api.refusals import UnknownParameter
from api.security import Forbidden, Token
from api.sessions import Form, SentForm, one, session_of, signed_in
from api.site import Site
from handlers.projections.annotations import AnnotationQuery
from handlers.projections.annotations.query import unfit

_CONTROL = {
    "grouped": "true: equal proposals together, with their number.",
    "cursor": "Where the next page begins, as `next` gives it.",
    "offset": "Groups to pass over.",
    "limit": "On a page, 1 to 200.",
}
_MOST_ON_A_PAGE = 200
_PATH = "/api/review"
_LINES = 8
"""Terms, datasets and makers that the page offers to narrow the queue by."""
_NARROWING = (("term", "Term"), ("dataset", "Dataset"), ("creator", "Made by"))


class Many(Reason):
    """One decision about many annotations: those named, or those that a filter selects."""

    pids: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list, max_length=MOST, description="PIDs of annotations."
    )
    filter: dict[str, str | list[str]] = Field(
        default_factory=dict, description=f"Of the queue: {', '.join(queue.FILTERS)}."
    )
    as_of: int | None = Field(
        None,
        alias="asOf",
        ge=0,
        description="Event by which the queue was seen: what changed since is not decided. Needed "
        "with filter.",
    )
    decision: Verb = Field(
        description="accept or reject what is pending; in a conflict keep the change, or yield "
        "to the source."
    )

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Many:
        if bool(self.pids) == bool(self.filter):
            raise ValueError("Name annotations by pids or select them by filter, one of the two.")
        if self.filter and self.as_of is None:
            raise ValueError("A filter goes with asOf, the event by which the queue was seen.")
        return self


def review_router(site: Site) -> APIRouter:
    """The routes of the queue."""
    router = APIRouter(tags=["annotations"])
    desk = Desk(site)
    selecting = {name: SELECTING[name] for name in queue.FILTERS}

    @router.get(_PATH, **described(selecting | _CONTROL, "What waits for a decision"))
    def waiting(request: Request) -> Response:
        """What waits for a decision, the most urgent first, with the values it would replace."""
        asked = given(request)
        steering, query = parsed(asked, _CONTROL, queue.FILTERS)
        grouped = _flag(steering.get("grouped", "false"))
        return json(
            _grouped(site, asked, steering, query)
            if grouped
            else _listed(site, asked, steering, query)
        )

    @router.post(f"{_PATH}/decisions")
    def decide(body: Many, by: Curator) -> Report:
        """Decide many annotations at once; each outcome is told, and none keeps others back."""
        if body.pids:
            return desk.decide_many(body.decision, body.pids, by, body.reason, body.as_of)
        chosen = {n: [v] if isinstance(v, str) else v for n, v in body.filter.items()}
        if unknown := [name for name in chosen if name not in queue.FILTERS]:
            raise unfit(
                unknown[0], f"The queue has no filter {unknown[0]!r}: {', '.join(queue.FILTERS)}."
            )
        query = AnnotationQuery.parse(chosen).queued(body.as_of)
        pids, left, others = _selected(site, query, by, MOST)
        report = desk.decide_many(body.decision, pids, by, body.reason, body.as_of)
        return report.model_copy(update={"left": left, "others": others})

    @router.get("/review", include_in_schema=False)
    def page(request: Request) -> Response:
        """The queue for people."""
        return _page(site, request)

    @router.post("/review", include_in_schema=False)
    def decided(request: Request, form: SentForm) -> Response:
        """Decide what was ticked on the page."""
        by = signed_in(request, form).token
        if not by.may("curator"):
            raise Forbidden(f"Decisions are for curators; {by.name!r} has not got that role.")
        report = _of_form(site, desk, form, by)
        back = address("/review", parse_qsl(one(form, "back"), max_num_fields=100))
        body = site.renderer.page("review_done.html", report=report, back=back)
        return HTMLResponse(body, headers={"Cache-Control": "no-store"})

    return router


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise UnknownParameter(f"grouped is true or false, not {text!r}.", parameter="grouped")
    return text == "true"


def _listed(
    site: Site, asked: Given, steering: dict[str, str], query: AnnotationQuery
) -> dict[str, Any]:
    limit = whole(steering, "limit", LIMIT, _MOST_ON_A_PAGE)
    page = view_of(site).find(query.queued(), steering.get("cursor"), limit)
    following = page.next_cursor and address(
        site.base + _PATH, asked, without=("cursor",), cursor=page.next_cursor
    )
    return {
        "total": page.total,
        "asOf": page.as_of,
        "next": following,
        "items": queue.entries(site.base, site.objects, page.found),
    }


def _grouped(
    site: Site, asked: Given, steering: dict[str, str], query: AnnotationQuery
) -> dict[str, Any]:
    limit = whole(steering, "limit", 25, _MOST_ON_A_PAGE)
    offset = whole(steering, "offset", 0, 1_000_000, least=0)
    found = view_of(site).groups(query.queued(), offset, limit)
    following = None
    if found.next_offset is not None:
        more = {"offset": str(found.next_offset)}
        following = address(site.base + _PATH, asked, without=("offset",), **more)
    return {
        "total": found.total,
        "asOf": found.as_of,
        "next": following,
        "groups": queue.groups(site.base, site.objects, found.groups),
    }


# ── the page ─────────────────────────────────────────────────────────────────────────────


def _page(site: Site, request: Request) -> Response:
    asked = given(request)
    steering, query = parsed(asked, _CONTROL, queue.FILTERS)
    single = "group" in dict(asked) or steering.get("grouped") == "false"
    make = _listed if single else _grouped
    content = make(site, asked, steering, query)
    following = content["next"]
    body = site.renderer.page(
        "review.html",
        content=content,
        single=single,
        session=session_of(request),
        chosen=[_chosen(pair, asked) for pair in asked if pair[0] in queue.FILTERS],
        narrowing=_narrowing(site, query, asked),
        following=following and following.replace(site.base + _PATH, "/review"),
        other=address(
            "/review", asked, without=("grouped", "cursor", "offset", "group"),
            grouped="true" if single else "false",
        ),
        as_json=address(_PATH, asked, grouped=str(not single).lower()),
        back=request.url.query,
        verbs=VERBS,
        group_address=lambda key: address("/review", asked, ("offset", "grouped"), group=key),
    )  # fmt: skip
    headers = (
        {"Cache-Control": "no-store"} if session_of(request) else {"Cache-Control": "no-cache"}
    )
    return HTMLResponse(body, headers=headers)


def _chosen(pair: tuple[str, str], asked: Given) -> dict[str, str]:
    without = address("/review", [each for each in asked if each != pair])
    return {"name": pair[0], "value": pair[1], "without": without}


def _narrowing(site: Site, query: AnnotationQuery, asked: Given) -> list[dict[str, Any]]:
    view = view_of(site)
    found = []
    for name, title in _NARROWING:
        tallies = view.tallies(name, query.queued(), _LINES)
        links = [
            {
                "label": tally.name or tally.value,
                "count": tally.proposed,
                "href": address(
                    "/review", [*asked, (name, tally.value)], without=("cursor", "offset")
                ),
            }
            for tally in tallies
            if (name, tally.value) not in asked
        ]
        if links:
            found.append({"title": title, "links": links})
    return found


def _of_form(site: Site, desk: Desk, form: Form, by: Token) -> Report:
    """Decide the annotations and groups that were ticked."""
    named = one(form, "decision")
    verb = next((each for each in VERBS if each == named), None)
    if verb is None:
        raise UnknownParameter(
            f"decision is one of {', '.join(VERBS)}, not {named!r}.", parameter="decision"
        )
    pids, left, others = list(form.get("pid", ()))[:MOST], 0, 0
    as_of = one(form, "as-of", "0")
    upto = int(as_of) if as_of.isascii() and as_of.isdigit() and len(as_of) < 18 else 0
    back = parse_qsl(one(form, "back"), max_num_fields=100)
    narrowed = [(n, v) for n, v in back if n in queue.FILTERS and n != "group"]
    for key in form.get("group", ()):
        _, query = parsed([*narrowed, ("group", key)], {}, queue.FILTERS)
        more, rest, foreign = _selected(site, query.queued(upto), by, max(0, MOST - len(pids)))
        pids, left, others = [*pids, *more], left + rest, others + foreign
    report = desk.decide_many(verb, pids, by, one(form, "reason").strip()[:2_000], upto)
    return report.model_copy(update={"left": left, "others": others})


def _selected(
    site: Site, query: AnnotationQuery, by: Token, most: int
) -> tuple[list[str], int, int]:
    """(what a query selects, as far as a token decides about it and at most so many; how many more
    there are; how many are for other institutions, which would only be refused)"""
    view = view_of(site)
    if by.organisation is None or by.may("admin"):
        return *view.pids(query, most), 0
    pids, left = view.pids(query.held_by(by.organisation), most)
    _, every = view.pids(query, 0)
    return pids, left, max(0, every - len(pids) - left)
