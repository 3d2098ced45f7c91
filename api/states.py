"""The names of states, followed: /at/{moment} and /delta/{start}/{end}/{added|removed}.

As names in a query they need no page (see `api.sparql.times`); who follows one is led to where
it can be asked (303 See Other: what the name means is no document). A state leads to /sparql at
its event, a difference to its triples.
"""

from __future__ import annotations

from typing import Final, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter
from starlette.responses import RedirectResponse

from api.moments import position_as_of
from api.refusals import UnknownParameter
from api.site import Site

MOST_TRIPLES: Final = 10_000
"""Triples of a difference to which its name leads; the query there can be changed."""


def states_router(site: Site) -> APIRouter:
    """The routes /at/ and /delta/."""
    router = APIRouter(tags=["time"])

    @router.get("/at/{moment}", status_code=303, response_class=RedirectResponse)
    @router.head("/at/{moment}", include_in_schema=False)
    def at(moment: str) -> RedirectResponse:
        """Lead to where the state at a moment can be asked."""
        return _led(site, {"as-of": str(position_as_of(moment, site.objects))})

    @router.get("/delta/{start}/{end}/{side}", status_code=303, response_class=RedirectResponse)
    @router.head("/delta/{start}/{end}/{side}", include_in_schema=False)
    def delta(start: str, end: str, side: Literal["added", "removed"]) -> RedirectResponse:
        """Lead to the triples that came, or went, between two moments."""
        first = position_as_of(start, site.objects, "start")
        last = position_as_of(end, site.objects, "end")
        if first > last:
            raise UnknownParameter(
                f"The difference from event {first} to event {last} runs backwards: name the "
                "earlier moment first, and take `removed` for `added`.",
                parameter="start",
            )
        name = f"{site.base}/delta/{first}/{last}/{side}"
        query = (
            "CONSTRUCT { ?subject ?property ?value } WHERE {\n"
            f"  GRAPH <{name}> {{ ?subject ?property ?value }}\n}}\nLIMIT {MOST_TRIPLES}\n"
        )
        return _led(site, {"query": query})

    return router


def _led(site: Site, fields: dict[str, str]) -> RedirectResponse:
    address = f"{site.base}/sparql?{urlencode(fields, quote_via=quote, safe='')}"
    return RedirectResponse(address, 303, {"Access-Control-Allow-Origin": "*"})
