"""How well the datasets keep the shapes: counts per dataset and shape, on a page and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.negotiation import HTML, PLAIN_FORMATS, choose
from api.objects.addresses import Addresses
from api.problems import UnknownParameter
from api.site import Site
from fdo.errors import Unavailable
from handlers.projections.conformance import ConformanceReader

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Counts per dataset, and per shape and dataset",
        "content": {one.media_type: {} for one in PLAIN_FORMATS},
    }
}


def quality_router(site: Site) -> APIRouter:
    """The route /api/conformance."""
    router = APIRouter(tags=["quality"])

    @router.get("/api/conformance", response_class=Response, responses=_ANSWERS)
    def conformance(request: Request, format: str | None = None) -> Response:
        """Count the objects that conform, and how often each shape speaks, by dataset."""
        _refuse_others(request)
        shown = choose(request.headers.get("accept", ""), format, PLAIN_FORMATS)
        view = _view(site)
        content = {
            "asOf": view.position(),
            "datasets": [asdict(one) for one in view.datasets()],
            "shapes": [asdict(one) for one in view.counts()],
        }
        headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
        if shown is HTML:
            local = Addresses(site.objects.log)
            page = site.renderer.page("quality.html", content=content, local=local)
            return HTMLResponse(page, headers=headers)
        headers["Access-Control-Allow-Origin"] = "*"
        return Response(orjson.dumps(content), media_type="application/json", headers=headers)

    return router


def _refuse_others(request: Request) -> None:
    """What is not known is not overlooked: who asks for a moment is not told of today."""
    for name in request.query_params:
        if name != "format":
            raise UnknownParameter(
                f"There is no parameter {name!r} here; there is only format. These are counts of "
                "now; /{pid}/conformance takes as-of.",
                parameter=name,
                known=["format"],
            )


def _view(site: Site) -> ConformanceReader:
    if site.views.conformance is None:
        raise Unavailable("This server keeps no conformance view; is a projector running?")
    return site.views.conformance
