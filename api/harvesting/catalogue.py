"""`/catalogue`: the datasets of this repository, as a page and in RDF (DCAT 3)."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pyoxigraph import RdfFormat, serialize
from starlette.responses import Response

from api.harvesting.datasets import datasets
from api.harvesting.dcat import Part, accesses, catalogue, page_address
from api.negotiation import HTML, RDF_FORMATS, Format, choose
from api.refusals import UnknownParameter
from api.site import Site
from fdo.errors import NotFound
from ontologies.catalogues import CATALOGUE
from ontologies.prefixes import PREFIXES

SIZE = 100
"""Datasets on a page."""

_PARAMETERS = ("page", "format")
_RDF = {one.name: one for one in RDF_FORMATS}
FORMATS: tuple[Format, ...] = (_RDF["turtle"], HTML, _RDF["jsonld"], _RDF["rdfxml"],
                               _RDF["ntriples"])  # fmt: skip
_ENGINE: Final = {
    "jsonld": RdfFormat.JSON_LD,
    "ntriples": RdfFormat.N_TRIPLES,
    "rdfxml": RdfFormat.RDF_XML,
    "turtle": RdfFormat.TURTLE,
}
_SHOWN: Final = {**PREFIXES, **CATALOGUE}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The datasets, and the services by which they are had",
        "content": {one.media_type: {} for one in FORMATS},
    }
}


def catalogue_router(site: Site) -> APIRouter:
    """The route /catalogue."""
    router = APIRouter(tags=["harvesting"])

    @router.get("/catalogue", response_class=Response, responses=_ANSWERS)
    def listed(
        request: Request,
        page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
        format: Annotated[str | None, Query(description="Name of a format")] = None,
    ) -> Response:
        """Describe the datasets of this repository and how they are had (DCAT 3)."""
        for name in request.query_params:
            if name not in _PARAMETERS:
                raise UnknownParameter(
                    f"There is no parameter {name!r} here; there are {', '.join(_PARAMETERS)}. The "
                    "catalogue is that of now; a dataset's own address takes as-of.",
                    parameter=name,
                )
        shown = choose(request.headers.get("accept", ""), format, FORMATS)
        part = part_of(site, page)
        body = _page(site, part) if shown is HTML else _written(site, part, shown)
        return _sent(request, site, part, body, shown)

    return router


def part_of(site: Site, number: int) -> Part:
    """One page of the catalogue; NotFound behind the last, but an empty catalogue has one."""
    total, found = datasets(site, (number - 1) * SIZE, SIZE)
    if not found and number > 1:
        last = max(1, -(-total // SIZE))
        raise NotFound(f"The catalogue has no page {number}; its last one is {last}.")
    return Part(number, total, found, more=number * SIZE < total)


def _written(site: Site, part: Part, shown: Format) -> bytes:
    triples = list(catalogue(site.base, site.settings.title, part))
    return serialize(triples, format=_ENGINE[shown.name], prefixes=_SHOWN) or b""


def _page(site: Site, part: Part) -> bytes:
    rows = [(one, accesses(site.base, one)) for one in part.datasets]
    formats = [one for one in FORMATS if one is not HTML]
    return site.renderer.page("catalogue.html", part=part, rows=rows, formats=formats).encode()


def _sent(request: Request, site: Site, part: Part, body: bytes, shown: Format) -> Response:
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    links = [f'<{site.base}/.well-known/void>; rel="describedby"; type="text/turtle"']
    if part.more:
        links.append(f'<{page_address(site.base, part.number + 1)}>; rel="next"')
    if part.number > 1:
        links.append(f'<{page_address(site.base, part.number - 1)}>; rel="prev"')
    headers = {
        "Content-Type": shown.content_type.decode(),
        "ETag": etag,
        "Vary": "Accept",
        "Cache-Control": "no-cache",
        "Link": ", ".join(links),
        "Access-Control-Allow-Origin": "*",
    }
    if etag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers)
