"""DOIs over HTTP: how minting stands, what DataCite refused, and a DOI for one version.

GET  /api/pids                       counts, lag, limits, trouble; the page is /pids
GET  /api/pids/dead?after=&limit=    dead letters and why
POST /api/pids/retry                 send them again (curators)
GET  /{prefix}/{suffix}/{n}/doi      how far the DOI of a version is; also as a page
POST /{prefix}/{suffix}/{n}/doi      ask for it (agents and curators)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from api.minting import send_again, wanted
from api.negotiation import HTML, PLAIN_FORMATS, choose
from api.pid_pages import pid_pages_router, version_page
from api.pid_standing import (
    Counted,
    Letters,
    VersionDoi,
    ask_for,
    letters_of,
    require_public,
    version_doi,
)
from api.security import Token, require
from api.site import Site
from eventstore.naming import named
from fdo.errors import NotFound
from fdo.identifiers import Pid

PAGE = 1_000
"""Dead letters on one page at most."""

Curator = Annotated[Token, Depends(require("curator"))]
Writer = Annotated[Token, Depends(require("agent", "curator"))]
Prefix = Annotated[str, Path(pattern=r"^[0-9]{2}(\.[0-9A-Za-z]{1,9}){1,4}$")]
Number = Annotated[int, Path(ge=1, le=999_999_999)]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "How minting stands",
        "content": {one.media_type: {} for one in PLAIN_FORMATS},
    }
}
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "How far it is; a page for browsers", "content": {HTML.media_type: {}}}
}


class Wanted(BaseModel):
    """Which dead letters are sent again."""

    model_config = ConfigDict(extra="forbid")

    dois: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list,
        max_length=PAGE,
        description="These, with or without proxy, which must be dead letters; all when left out.",
    )


class Retried(BaseModel):
    """What was taken up again."""

    letters: int


def pids_router(site: Site) -> APIRouter:
    """The routes of minting."""
    router = APIRouter(tags=["identifiers"])
    counted = Counted(site)
    if wanted(site.settings):
        site.measures.registry.register(DoiMeasures(counted.now))

    @router.get("/api/pids", response_class=Response, responses=_ANSWERS)
    def status(request: Request, format: str | None = None) -> Response:
        """How many DOIs stand where, what waits, and what DataCite said last."""
        shown = choose(request.headers.get("accept", ""), format, PLAIN_FORMATS)
        headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
        if shown is HTML:
            return RedirectResponse("/pids", 303, headers)
        headers["Access-Control-Allow-Origin"] = "*"
        return Response(orjson.dumps(counted.now()), media_type="application/json", headers=headers)

    @router.get("/api/pids/dead")
    def dead(
        after: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=PAGE)] = 100,
    ) -> Letters:
        """DOIs that DataCite refused for good, and why; those of drafts are not shown."""
        return letters_of(site, after, limit)

    @router.post("/api/pids/retry")
    def retry(by: Curator, body: Wanted | None = None) -> Retried:
        """Send dead letters again."""
        del by
        return Retried(letters=send_again(site.settings, body.dois if body else ()))

    @router.get("/{prefix}/{suffix}/{number}/doi", response_model=VersionDoi, responses=_PAGE)
    def one_version(
        request: Request, prefix: Prefix, suffix: str, number: Number, format: str | None = None
    ) -> VersionDoi | Response:
        """How far the DOI of a version is."""
        pid = named(site.objects, Pid.parse(f"{prefix}/{suffix}"))
        require_public(site, pid, number)
        if choose(request.headers.get("accept", ""), format, PLAIN_FORMATS) is HTML:
            return version_page(site, request, pid, number)
        found = version_doi(site, pid, number)
        if found.requested is None:
            raise NotFound(
                f"Nobody asked for a DOI of version {number} of {pid}; POST here with a token to "
                f"ask for it, or cite {pid.version_iri(number)}."
            )
        return found

    @router.post("/{prefix}/{suffix}/{number}/doi", status_code=202)
    def ask(prefix: Prefix, suffix: str, number: Number, by: Writer) -> VersionDoi:
        """Ask for a DOI of this version; asked again, it says how far that is."""
        pid = named(site.objects, Pid.parse(f"{prefix}/{suffix}"))
        ask_for(site, pid, number, by)
        return version_doi(site, pid, number)

    router.include_router(pid_pages_router(site))
    return router


class DoiMeasures(Collector):
    """How DOIs stand, for Prometheus."""

    def __init__(self, now: Callable[[], dict[str, Any]]) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The measures of at most `FRESH_S` ago."""
        now = self._now()
        states = GaugeMetricFamily(
            "collectome_dois", "DOIs by their state at DataCite.", labels=("state",)
        )
        for state, number in now["dois"].items():
            states.add_metric((state,), number)
        yield states
        for name, text in _WAITING.items():
            yield GaugeMetricFamily(f"collectome_dois_{name}", text, value=now[name])


_WAITING = {
    "pending": "DOIs that wait to be sent.",
    "failing": "DOIs that wait and failed before.",
    "unconfirmed": "States that the log is not told of yet.",
    "dead": "DOIs that DataCite refused for good.",
}
