"""How the annotations view is asked over HTTP: parameters checked, one state for all pages.

Shared by the list, the statistics and the review queue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import Request
from starlette.responses import Response

from api.moments import position_as_of
from api.parameters import whole_number
from api.refusals import UnknownParameter
from api.site import Site
from eventstore.envelope import iso
from fdo.errors import Unavailable
from handlers.projections.annotations import (
    LIMIT_CAP,
    PARAMETERS,
    SEVERITIES,
    AnnotationQuery,
    Annotations,
    Found,
)

Given = list[tuple[str, str]]

LIMIT = 50
AS_OF = "As it was: an event number, a day or an RFC 3339 instant."
CONTROL = {
    "as-of": AS_OF,
    "cursor": "Where the next page begins, as `next` gives it.",
    "limit": f"Annotations on a page, 1 to {LIMIT_CAP}.",
    "format": "json or csv; by Accept when left out.",
}
"""Parameters that steer the answer, beside those that select (`PARAMETERS`)."""


def given(request: Request) -> Given:
    """The parameters of a request, in their order; those without a value are left out."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=200)
    return [(name, value) for name, value in pairs if value.strip()]


def parsed(
    asked: Given, control: Mapping[str, str] = CONTROL, selecting: Sequence[str] | None = None
) -> tuple[dict[str, str], AnnotationQuery]:
    """What steers the answer, and the query made of the rest; unknown names are refused."""
    known = PARAMETERS if selecting is None else selecting
    steering: dict[str, str] = {}
    chosen: dict[str, list[str]] = {}
    for name, value in asked:
        if name in steering:
            raise UnknownParameter(f"{name} is given twice.", parameter=name)
        if name in control:
            steering[name] = value
        elif name in known:
            chosen.setdefault(name, []).append(value)
        else:
            raise UnknownParameter(
                f"There is no parameter {name!r} here; there are {', '.join([*known, *control])}.",
                parameter=name,
                known=[*known, *control],
            )
    return steering, AnnotationQuery.parse(chosen)


def view_of(site: Site) -> Annotations:
    """The annotations view; Unavailable where the server keeps none."""
    if site.views.annotations is None:
        raise Unavailable("This server keeps no annotations view; is a projector running?")
    return site.views.annotations


def moment(site: Site, steering: Mapping[str, str]) -> int | None:
    """The event after which the answer holds; None: now."""
    if "as-of" not in steering:
        return None
    if steering.get("cursor"):
        raise UnknownParameter("A cursor keeps its own moment; leave as-of out.", parameter="as-of")
    return position_as_of(steering["as-of"], site.objects)


def whole(steering: Mapping[str, str], name: str, default: int, most: int, least: int = 1) -> int:
    """A whole number within bounds."""
    return whole_number(steering.get(name, str(default)), name, most, least)


def address(path: str, asked: Given, without: Sequence[str] = (), **more: str) -> str:
    """An address with the same parameters, some left out and some put in."""
    kept = [(n, v) for n, v in asked if n not in (*without, *more)]
    pairs = [*kept, *more.items()]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def item(base: str, found: Found) -> dict[str, Any]:
    """One annotation as programs are told of it."""
    row, shown = found.row, found.shown
    told: dict[str, Any] = {
        "pid": row.pid,
        "url": f"{base}/{row.pid}",
        "version": row.version,
        "state": row.state,
        "severity": SEVERITIES[row.severity],
        "motivation": shown["motivations"],
        "target": row.target,
        "targetType": row.target_type,
        "targets": shown["targets"],
        "term": row.term,
        "dataset": row.dataset,
        "organisation": row.organisation,
        "creator": {"id": row.creator, "name": row.creator_name},
        "service": row.service,
        "model": row.model,
        "score": row.score,
        "body": found.body,
        "proposed": value(shown.get("proposed")),
        "job": row.job,
        "batch": row.batch,
        "placeInBatch": shown.get("placeInBatch"),
        "created": iso(row.created),
        "decided": shown.get("decided"),
        "decidedBy": shown.get("decidedBy"),
        "decidedByName": shown.get("decidedByName"),
        "reason": shown.get("reason"),
        "overlay": row.overlay,
        "repaired": shown.get("repaired"),
        "group": row.grouped,
        "event": row.position,
    }
    told = {name: held for name, held in told.items() if held not in (None, "")}
    return told | rating_of(found)


def rating_of(found: Found) -> dict[str, Any]:
    """The mean of an annotation's ratings as openDS says it; nothing where it has none."""
    if found.rating is None:
        return {}
    rating = {
        "@type": "schema:AggregateRating",
        "schema:ratingValue": round(found.rating, 2),
        "schema:ratingCount": found.ratings,
    }
    return {"ods:hasAggregateRating": rating}


def value(written: str | None) -> Any:
    """What the JSON text of a value says; text that was cut short stays text."""
    if written is None:
        return None
    try:
        return orjson.loads(written)
    except orjson.JSONDecodeError:
        return written


def json(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer that changes with every event."""
    sent = {
        "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*", "Vary": "Accept",
        **(headers or {}),
    }  # fmt: skip
    return Response(orjson.dumps(body), media_type="application/json", headers=sent)


def described(names: Mapping[str, str], answer: str, *media: str) -> dict[str, Any]:
    """The parameters and the answer of a route, for OpenAPI."""
    shape = {"schema": {"type": "string"}}
    return {
        "response_class": Response,
        "openapi_extra": {
            "parameters": [
                {"name": name, "in": "query", "description": text, **shape}
                for name, text in names.items()
            ]
        },
        "responses": {
            200: {
                "description": answer,
                "content": {one: {} for one in media or ("application/json",)},
            }
        },
    }


SELECTING = {name: each.description for name, each in PARAMETERS.items()}
"""Parameters that select, with what they mean."""
