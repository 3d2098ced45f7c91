"""How well the datasets keep the shapes: counts per dataset and shape, and the objects behind
each count, on a page and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from api.counting import Counting
from api.negotiation import HTML, PLAIN_FORMATS, choose
from api.objects.addresses import Addresses
from api.refusals import UnknownParameter
from api.site import Site
from fdo.errors import Unavailable
from handlers.projections.conformance import ConformanceReader, ShapeCount
from shacl.validate import SHAPE

LISTED = "/api/conformance/objects"
_MOST = 10**15
"""Beyond any position of a log, and within what SQLite counts."""

_Shape = Annotated[str, Query(description="IRI of a shape, as the counts name it.")]
_Source = Annotated[str | None, Query(description="PID IRI of a dataset; without it, of all.")]
_After = Annotated[int, Query(ge=0, le=_MOST, description="Where the next page begins.")]
_Limit = Annotated[int, Query(ge=1, le=1000, description="Objects on a page.")]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Counts per dataset, and per shape and dataset",
        "content": {one.media_type: {} for one in PLAIN_FORMATS},
    }
}


_LISTED: dict[int | str, dict[str, Any]] = {
    200: {**_ANSWERS[200], "description": "Objects of which the shape speaks"}
}


def quality_router(site: Site) -> APIRouter:
    """The routes /api/conformance and /api/conformance/objects."""
    router, counting = APIRouter(tags=["quality"]), Counting(site)

    @router.get("/api/conformance", response_class=Response, responses=_ANSWERS)
    def conformance(request: Request, format: str | None = None) -> Response:
        """Count the objects that conform, and how often each shape speaks, by dataset."""
        _refuse_others(request, "format")
        view = _view(site)
        position = view.position()
        datasets, shapes = counting.kept(
            request,
            (position, "conformance"),
            lambda: (view.datasets(), view.counts()),
            lambda found: len(found[0]) + len(found[1]),
        )
        content = {
            "asOf": position,
            "datasets": [asdict(one) for one in datasets],
            "shapes": [{**asdict(one), "list": _list_of(site, one)} for one in shapes],
        }
        return _answered(site, request, format, "quality.html", content)

    @router.get(LISTED, response_class=Response, responses=_LISTED)
    def objects(
        request: Request,
        shape: _Shape,
        source: _Source = None,
        after: _After = 0,
        limit: _Limit = 100,
        format: str | None = None,
    ) -> Response:
        """List the objects of which a shape speaks: what is behind a count, oldest word first."""
        _refuse_others(request, "shape", "source", "after", "limit", "format")
        if not shape.startswith(SHAPE):
            raise UnknownParameter(
                f"{shape!r} is no shape of ours; /api/conformance names those that speak.",
                parameter="shape",
            )
        view = _view(site)
        found = view.objects(shape, source, after, limit + 1)
        asked = {"shape": shape, "source": source, "limit": limit, "format": format}
        following = {**asked, "after": found[limit - 1][0]} if len(found) > limit else None
        content = {
            "asOf": view.position(),
            "shape": shape,
            "source": source,
            "next": following and _address(site, following),
            "items": [
                {
                    "pid": pid,
                    "url": f"{site.base}/{pid}",
                    "report": f"{site.base}/{pid}/conformance",
                }
                for _, pid in found[:limit]
            ],
        }
        return _answered(site, request, format, "shape_objects.html", content)

    return router


def _answered(
    site: Site, request: Request, format: str | None, template: str, content: dict[str, Any]
) -> Response:
    shown = choose(request.headers.get("accept", ""), format, PLAIN_FORMATS)
    headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
    if shown is HTML:
        local = Addresses(site.objects.log)
        page = site.renderer.page(template, content=content, local=local)
        return HTMLResponse(page, headers=headers)
    headers["Access-Control-Allow-Origin"] = "*"
    return Response(orjson.dumps(content), media_type="application/json", headers=headers)


def _list_of(site: Site, count: ShapeCount) -> str:
    return _address(site, {"shape": count.shape, "source": count.source})


def _address(site: Site, asked: dict[str, Any]) -> str:
    given = {name: value for name, value in asked.items() if value is not None}
    return f"{site.base}{LISTED}?{urlencode(given)}"


def _refuse_others(request: Request, *known: str) -> None:
    """What is not known is not overlooked: who asks for a moment is not told of today."""
    for name in request.query_params:
        if name not in known:
            raise UnknownParameter(
                f"There is no parameter {name!r} here; there is {', '.join(known)}. These are "
                "counts of now; /{pid}/conformance takes as-of.",
                parameter=name,
                known=list(known),
            )


def _view(site: Site) -> ConformanceReader:
    if site.views.conformance is None:
        raise Unavailable("This server keeps no conformance view; is a projector running?")
    return site.views.conformance
