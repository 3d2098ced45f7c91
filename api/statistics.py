"""Statistics over HTTP: how many specimens there are of each country, discipline, dataset …

`/api/statistics` is for programs, `/statistics` is a page. Whatever a search can be narrowed by,
and the moment it is asked for, narrows the counts too; on the page each count leads to the search
that lists what it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from api.counting import Counting
from api.moments import observed_at, position_as_of
from api.refusals import UnknownParameter
from api.search import (
    CONTROL,
    MOMENT,
    Given,
    asked_instant,
    at_of,
    buckets_of,
    described,
    facet_names,
    given_in,
    given_on_a_page,
    json_answer,
    parsed,
    search_view,
)
from api.site import Site
from eventstore.envelope import iso
from handlers.projections.search import Bucket, Search, SearchQuery

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
_MOMENTS = 100
_PAGE = {name: CONTROL[name] for name in MOMENT}
_STATISTICS = {
    "by": "What to count by: facets, separated by commas; all when left out.",
    "at": f"Up to {_MOMENTS} moments, separated by commas: one count for each, of one facet.",
    **_PAGE,
}


def statistics_router(site: Site) -> APIRouter:
    """The routes /api/statistics and /statistics."""
    router, counting = APIRouter(tags=["search"]), Counting(site)

    @router.get("/api/statistics", **described(_STATISTICS))
    def statistics(request: Request) -> Response:
        """Count specimens by discipline, country and so on, now, in the past or over time."""
        return json_answer(_counted(site, counting, request, given_in(request)))

    @router.get("/statistics", include_in_schema=False)
    def page(request: Request) -> Response:
        """Count specimens on a page, without scripts."""
        given, wants_json = given_on_a_page(request)
        if wants_json:
            asked = [*given, ("by", ",".join(COUNTED))]
            return json_answer(_counted(site, counting, request, asked))
        shown = _shown(site, counting, request, given)
        body = site.renderer.page("statistics.html", **shown)
        return HTMLResponse(body, headers={"Cache-Control": "no-cache", "Vary": "Accept"})

    return router


# ── for programs ─────────────────────────────────────────────────────────────────────────


def _counted(site: Site, counting: Counting, request: Request, given: Given) -> dict[str, Any]:
    control, query = parsed(given, _STATISTICS)
    search = search_view(site)
    names = facet_names(control.get("by") or "all", "by")
    if "at" in control:
        with counting.turn(request):
            return _series(site, search, query, names, control)
    at = asked_instant(site, control)
    facets = counting.facets(search, request, query, names, at)
    return {
        **at_of(facets),
        "specimens": facets.counted,
        "by": {name: buckets_of(facets.counts[name]) for name in names},
    }


def _series(
    site: Site, search: Search, query: SearchQuery, names: list[str], control: Mapping[str, str]
) -> dict[str, Any]:
    moments = [moment.strip() for moment in control["at"].split(",") if moment.strip()]
    if len(names) != 1 or not 0 < len(moments) <= _MOMENTS:
        raise UnknownParameter(
            f"at takes 1 to {_MOMENTS} moments and goes with exactly one facet in by.",
            parameter="at",
        )
    if control.get("as-of"):
        raise UnknownParameter(
            "at names the moments itself; leave as-of out, or ask without at.", parameter="as-of"
        )
    head = search.position()  # what the log has beyond it is not counted yet
    positions = [min(position_as_of(moment, site.objects, "at"), head) for moment in moments]
    heard = control.get("observed-at")
    observed = observed_at(heard, site.objects) if heard else None
    series = search.series(names[0], positions, query, observed)
    return {
        "by": names[0],
        "at": [
            {"moment": moment, "asOf": position}
            for moment, position in zip(moments, positions, strict=True)
        ],
        "observedAt": None if observed is None else iso(observed),
        "counts": series,
    }


# ── for people ───────────────────────────────────────────────────────────────────────────


def _shown(site: Site, counting: Counting, request: Request, given: Given) -> dict[str, Any]:
    control, query = parsed(given, _PAGE)
    at = asked_instant(site, control)
    found = counting.facets(search_view(site), request, query, list(COUNTED), at)
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
