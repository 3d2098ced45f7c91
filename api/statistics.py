"""`/statistics`: how many specimens there are of each country, discipline, dataset … as a page.

`/api/statistics` is the same for programs. Whatever a search can be narrowed by, and the moment it
is asked for, narrows the counts too; each count leads to the search that lists what it counts.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.negotiation import JSON, PLAIN_FORMATS, choose
from api.search import (
    CONTROL,
    MOMENT,
    Given,
    asked_instant,
    counted,
    given_in,
    page_first,
    parsed,
    search_view,
)
from api.site import Site
from eventstore.envelope import iso
from handlers.projections.search import FACETS, Bucket

COUNTED = {
    "country": "Country",
    "discipline": "Discipline",
    "mids": "MIDS level",
    "source": "Dataset",
    "kingdom": "Kingdom",
    "year": "Year of collecting",
}
"""The facets that the page counts by, in its order, with their headings."""
MOST = 100
"""Values of a facet that are shown; the JSON has all of them."""
_CONTROL = {name: CONTROL[name] for name in MOMENT}


def statistics_router(site: Site) -> APIRouter:
    """The route /statistics."""
    router = APIRouter(tags=["search"])

    @router.get("/statistics", include_in_schema=False)
    def page(request: Request) -> Response:
        """Count specimens on a page, without scripts."""
        given = [pair for pair in given_in(request) if pair[1] or pair[0] in FACETS]
        asked = [value for name, value in given if name == "format"]
        given = [pair for pair in given if pair[0] != "format"]
        headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
        accept = page_first(request.headers.get("accept", "text/html"))
        if choose(accept, asked[-1] if asked else None, PLAIN_FORMATS) is JSON:
            headers["Access-Control-Allow-Origin"] = "*"
            body = orjson.dumps(counted(site, [*given, ("by", ",".join(COUNTED))]))
            return Response(body, media_type="application/json", headers=headers)
        return HTMLResponse(site.renderer.page("statistics.html", **_shown(site, given)),
                            headers=headers)  # fmt: skip

    return router


def _shown(site: Site, given: Given) -> dict[str, Any]:
    control, query = parsed(given, _CONTROL)
    at = asked_instant(site, control)
    found = search_view(site).facets(
        query, list(COUNTED), size=1_000_000, cap=None, as_of=at.position, observed=at.observed
    )
    return {
        "specimens": found.counted,
        "as_of": found.as_of,
        "observed": None if found.observed is None else iso(found.observed),
        "facets": [
            {
                "name": name,
                "title": title,
                "rows": [
                    (one.label, one.count, _search(given, name, one))
                    for one in _in_order(name, found.counts[name][:MOST])
                ],
                "further": max(0, len(found.counts[name]) - MOST),
            }
            for name, title in COUNTED.items()
        ],
        "moments": [
            (name, label, CONTROL[name], control.get(name, ""))
            for name, label in zip(MOMENT, ("As of", "Observed by"), strict=True)
        ],
        "chosen": [
            (name, value, "/statistics?" + urlencode([p for p in given if p != (name, value)]))
            for name, value in given
            if name not in MOMENT
        ],
        "kept": [(name, value) for name, value in given if name not in MOMENT],
        "everything": "/search?" + urlencode(given),
        "as_json": "/api/statistics?" + urlencode([*given, ("by", ",".join(COUNTED))], safe=","),
    }


def _in_order(name: str, buckets: list[Bucket]) -> list[Bucket]:
    """Years and levels run on; of everything else the most frequent comes first."""
    if name not in ("mids", "year"):
        return buckets
    return sorted(buckets, key=lambda one: (one.value == "", int(one.value or 0)))


def _search(given: Given, name: str, bucket: Bucket) -> str:
    """The search that lists what is counted: this value in the place of others of its facet."""
    kept = [pair for pair in given if pair[0] != name]
    return "/search?" + urlencode([*kept, (name, bucket.value)])
