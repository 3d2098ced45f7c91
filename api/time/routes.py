"""Questions across time over HTTP: /api/time/… for programs, the same addresses and /time for
people.

Each question is answered as JSON, CSV or a page, series as an SVG chart too, by Accept or
`?format=`. What is asked and how it is answered stands in `api.time.questions` and
`api.time.series`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.negotiation import HTML, JSON, Format, choose
from api.site import Site
from api.time import series as time_series
from api.time.charts import svg
from api.time.questions import PARAMETERS, Answer, Given, Questions
from eventstore.envelope import to_micros
from fdo.catalogue import OBJECT_TYPES
from handlers.projections.terms import HELD

CSV = Format("csv", "text/csv", "csv", "CSV")
SVG = Format("svg", "image/svg+xml", "svg", "Chart")
FORMATS: tuple[Format, ...] = (JSON, HTML, CSV)
SERIES_FORMATS: tuple[Format, ...] = (*FORMATS, SVG)

_HEADERS = {"Cache-Control": "no-cache", "Vary": "Accept", "Access-Control-Allow-Origin": "*"}
_CHART_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""A chart brings its own style and nothing else (the page that shows it stays strict)."""

_FORMAT = "json, html or csv; series as svg too."
QUESTIONS: dict[str, dict[str, str]] = {**PARAMETERS, "series": time_series.PARAMETERS}
"""Question → its parameters and what they mean."""

_SUMMARIES = {
    "changed": "Which objects changed a term: old, new, when, by whom",
    "busiest": "Who or what changed most",
    "series": "Growth of counts over time, in one call",
    "held": "First and last time that a value was held",
    "terms": "Every term that ever changed",
}
_LATEST, _BUSIEST = 12, 8


def time_router(site: Site) -> APIRouter:
    """The routes /api/time/… and /time."""
    router = APIRouter(tags=["time"])
    questions = Questions(site.objects, site.views, site.base)
    answers: dict[str, Callable[[Given], Answer]] = {
        "changed": questions.changed,
        "busiest": questions.busiest,
        "held": questions.held,
        "terms": questions.terms,
        "series": lambda given: time_series.series(questions, given),
    }

    def route(name: str) -> None:
        def ask(request: Request) -> Response:
            return _answered(site, name, request, answers[name])

        described = _described(name)
        router.get(f"/api/time/{name}", name=f"time {name}", **described)(ask)

    for name in answers:
        route(name)

    @router.get("/time", response_class=HTMLResponse, include_in_schema=False)
    def page() -> Response:
        """What changed lately, how the holdings grew, and a form for each question."""
        body = site.renderer.page("time.html", **_overview(site, questions))
        return HTMLResponse(body, headers={"Cache-Control": "no-cache"})

    return router


def _answered(
    site: Site, name: str, request: Request, answer: Callable[[Given], Answer]
) -> Response:
    given = parse_qsl(request.url.query, keep_blank_values=True)
    asked = [value for key, value in given if key == "format"]
    plain = [pair for pair in given if pair[0] != "format"]
    formats = SERIES_FORMATS if name == "series" else FORMATS
    wanted = choose(request.headers.get("accept", ""), asked[-1] if asked else None, formats)
    known = QUESTIONS[name]
    if wanted is HTML and not plain and name in ("changed", "held"):
        return _page(site, name, {}, None)
    found = answer(Given(plain, known))
    if wanted is HTML:
        return _page(site, name, dict(plain), found)
    following = None
    if found.following:
        kept = {"format": wanted.name} if asked else {}
        following = f"{site.base}{_relative(name, found.following | kept)}"
    headers = dict(_HEADERS)
    if following:
        headers["Link"] = f'<{following}>; rel="next"'
    if wanted is CSV:
        return Response(_csv(found), headers=headers, media_type="text/csv; charset=utf-8")
    if wanted is SVG and found.chart is not None:
        headers["Content-Security-Policy"] = _CHART_POLICY
        return Response(svg(found.chart), headers=headers, media_type=SVG.media_type)
    body = {**found.body, "next": following} if "next" in found.body else found.body
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")


def _csv(answer: Answer) -> str:
    """The rows as RFC 4180 has them."""
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(answer.columns)
    lines.writerows(["" if cell is None else cell for cell in row] for row in answer.rows)
    return written.getvalue()


# ── pages ────────────────────────────────────────────────────────────────────────────────

_SHOWN_COLUMNS = {
    "changed": ("pid", "term", "old", "new", "recordedAt", "agent", "version", "diff"),
    "busiest": ("value", "label", "changes", "objects", "last", "lastAt"),
    "held": ("pid", "type", "from", "to"),
    "terms": ("term", "name", "changes", "lastAt"),
    "series": (),
}
_CHOICES: dict[str, tuple[str, ...]] = {
    "by": (), "order": ("oldest", "newest"), "type": ("", *OBJECT_TYPES),
    "of": ("specimens", "media", "changes"), "step": ("", *time_series.STEPS),
}  # fmt: skip
_BY = {
    "busiest": ("agent", "object", "source", "term", "type", "day"),
    "series": tuple(dict.fromkeys((*time_series.SPECIMENS, *time_series.CHANGES))),
}
_HIDDEN = ("cursor", "as-of", "observed-at", "limit")
"""Parameters that a form does not ask for."""


def _form(name: str, values: dict[str, str]) -> dict[str, Any]:
    fields = [
        {
            "name": key,
            "meaning": meaning,
            "value": values.get(key, ""),
            "choices": _BY.get(name, ()) if key == "by" else _CHOICES.get(key, ()),
        }
        for key, meaning in QUESTIONS[name].items()
        if key not in _HIDDEN
    ]
    return {"name": name, "summary": _SUMMARIES[name], "fields": fields}


def _page(site: Site, name: str, values: dict[str, str], answer: Answer | None) -> Response:
    """An answer for people, above the form that asks again; only the form before it is asked."""
    table = chart = following = None
    if answer is not None:
        table = _series_table(answer) if name == "series" else _table(name, answer)
        following = answer.following and _relative(name, answer.following)
        if answer.chart is not None:
            chart = {
                "address": _relative(name, {**values, "format": "svg"}),
                "description": answer.chart.description,
            }
    body = site.renderer.page(
        "time_answer.html",
        form=_form(name, values),
        heading=answer.title if answer else _SUMMARIES[name],
        summary=answer.summary if answer else None,
        table=table,
        chart=chart,
        following=following,
        others=[
            (one.name.upper(), _relative(name, {**values, "format": one.name}))
            for one in (JSON, CSV)
            if answer
        ],
        held=tuple(HELD),
    )
    return HTMLResponse(body, headers={"Cache-Control": "no-cache", "Vary": "Accept"})


def _relative(name: str, pairs: dict[str, str]) -> str:
    return f"/api/time/{name}?{urlencode(pairs)}"


def _table(name: str, answer: Answer) -> dict[str, Any]:
    places = [answer.columns.index(column) for column in _SHOWN_COLUMNS[name]]
    return {
        "columns": _SHOWN_COLUMNS[name],
        "rows": [[row[place] for place in places] for row in answer.rows],
    }


def _series_table(answer: Answer) -> dict[str, Any]:
    """One row a step, one column a line."""
    assert answer.chart is not None
    lines = answer.chart.lines
    return {
        "columns": ("step", *(line.name for line in lines)),
        "rows": [
            [place, *(line.values[at] for line in lines)]
            for at, place in enumerate(answer.chart.places)
        ],
    }


def _overview(site: Site, questions: Questions) -> dict[str, Any]:
    forms = {
        "forms": [_form(name, {}) for name in ("changed", "series", "held", "busiest")],
        "held": tuple(HELD),
    }
    if site.views.terms is None or site.views.search is None:
        return forms
    now = datetime.now(UTC)
    log = site.objects.log
    day, week = (log.position_at(to_micros(now - timedelta(days=days))) for days in (1, 7))
    counted = [("the last 24 hours", day), ("the last seven days", week), ("all time", 0)]
    head = questions.terms_view.position()
    tallied = [
        (name, sum(row[0] for row in questions.terms_view.tallies("none", since, [head]).values()))
        for name, since in counted
    ]
    latest = questions.changed(
        Given([("order", "newest"), ("limit", str(_LATEST))], PARAMETERS["changed"])
    )
    busiest = questions.busiest(Given([("limit", str(_BUSIEST))], PARAMETERS["busiest"]))
    growth = time_series.series(questions, Given([("by", "discipline")], time_series.PARAMETERS))
    assert growth.chart is not None
    return forms | {
        "tallied": tallied,
        "latest": _table("changed", latest),
        "busiest": _table("busiest", busiest),
        "chart": {
            "address": _relative("series", {"by": "discipline", "format": "svg"}),
            "description": growth.chart.description,
        },
        "growth": _series_table(growth),
    }


# ── OpenAPI ──────────────────────────────────────────────────────────────────────────────


def _described(name: str) -> dict[str, Any]:
    formats = SERIES_FORMATS if name == "series" else FORMATS
    parameters = [
        {
            "name": key,
            "in": "query",
            "required": name == "held" and key in ("term", "value"),
            "description": meaning,
            "schema": {"type": "string"},
        }
        for key, meaning in QUESTIONS[name].items()
    ]
    formatted = {"type": "string", "enum": [one.name for one in formats]}
    parameters.append(
        {"name": "format", "in": "query", "description": _FORMAT, "schema": formatted}
    )
    return {
        "summary": _SUMMARIES[name],
        "response_class": Response,
        "openapi_extra": {"parameters": parameters},
        "responses": {
            200: {
                "description": "In the format asked for",
                "content": {one.media_type: {} for one in formats},
            }
        },
    }
