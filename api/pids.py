"""DOIs over HTTP: how minting stands, what DataCite refused, and a DOI for one version.

GET  /api/pids                       counts, lag, limits, trouble; also as a page
GET  /api/pids/dead?after=&limit=    dead letters and why
POST /api/pids/retry                 send them again (curators)
GET  /{prefix}/{suffix}/{n}/doi      how far the DOI of a version is
POST /{prefix}/{suffix}/{n}/doi      ask for it (agents)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, Response

from api.minting import Doi, described, outbox_of, standing, wanted
from api.negotiation import HTML, PLAIN_FORMATS, choose
from api.security import Token, require
from api.site import Site
from fdo.errors import NotFound, PidOnly
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.processes.minting.asking import request_version, requested

PAGE = 1_000
"""Dead letters on one page at most."""
FRESH_S = 2.0
"""Counts are made no more often than this, whoever asks."""

Curator = Annotated[Token, Depends(require("curator"))]
Writer = Annotated[Token, Depends(require("agent"))]
Prefix = Annotated[str, Path(pattern=r"^10\.[0-9]{4,9}$")]
Number = Annotated[int, Path(ge=1, le=999_999_999)]

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "How minting stands",
        "content": {one.media_type: {} for one in PLAIN_FORMATS},
    }
}


class Letters(BaseModel):
    """A page of dead letters."""

    letters: list[Doi]
    next: str | None = Field(description="Address of the next page.")


class Wanted(BaseModel):
    """Which dead letters are sent again."""

    model_config = ConfigDict(extra="forbid")

    dois: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list, max_length=PAGE, description="These; all when left out."
    )


class Retried(BaseModel):
    """What was taken up again."""

    letters: int


class VersionDoi(BaseModel):
    """The DOI of one version and how far it is."""

    doi: str
    iri: str
    version: int
    state: str = Field(description="At DataCite: none, draft, registered or findable.")
    confirmed: bool = Field(description="Whether the log knows that it is findable.")
    requested: int | None = Field(description="The event by which it was asked for.")
    url: str = Field(description="Where it leads.")


def pids_router(site: Site) -> APIRouter:
    """The routes of minting."""
    router = APIRouter(tags=["identifiers"])
    counted = _Counted(site)
    if wanted(site.settings):
        site.measures.registry.register(DoiMeasures(counted.now))

    @router.get("/api/pids", response_class=Response, responses=_ANSWERS)
    def status(request: Request, format: str | None = None) -> Response:
        """How many DOIs stand where, what waits, and what DataCite said last."""
        shown = choose(request.headers.get("accept", ""), format, PLAIN_FORMATS)
        now = counted.now()
        headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
        if shown is HTML:
            letters = _letters(site, "", 50)
            page = site.renderer.page("pids.html", now=now, letters=letters.letters)
            return HTMLResponse(page, headers=headers)
        headers["Access-Control-Allow-Origin"] = "*"
        return Response(orjson.dumps(now), media_type="application/json", headers=headers)

    @router.get("/api/pids/dead")
    def dead(
        after: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=PAGE)] = 100,
    ) -> Letters:
        """DOIs that DataCite refused for good, and why; those of drafts are not shown."""
        return _letters(site, after, limit)

    @router.post("/api/pids/retry")
    def retry(by: Curator, body: Wanted | None = None) -> Retried:
        """Send dead letters again."""
        del by
        names = [one.upper() for one in body.dois] if body else []
        with outbox_of(site.settings) as outbox:
            return Retried(letters=outbox.retry(time.time(), names))

    @router.get("/{prefix}/{suffix}/{number}/doi")
    def version_doi(prefix: Prefix, suffix: str, number: Number) -> VersionDoi:
        """How far the DOI of a version is."""
        pid = Pid.parse(f"{prefix}/{suffix}")
        _public(site, pid, number)
        found = _version_doi(site, pid, number)
        if found.requested is None:
            raise NotFound(
                f"Nobody asked for a DOI of version {number} of {pid}; POST here with a token to "
                f"ask for it, or cite {pid.version_iri(number)}."
            )
        return found

    @router.post("/{prefix}/{suffix}/{number}/doi", status_code=202)
    def ask(prefix: Prefix, suffix: str, number: Number, by: Writer) -> VersionDoi:
        """Ask for a DOI of this version; asked again, it says how far that is."""
        pid = Pid.parse(f"{prefix}/{suffix}")
        _public(site, pid, number)
        request_version(site.objects, pid, number, by.agent)
        return _version_doi(site, pid, number)

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


class _Counted:
    """The standing, counted anew after a while: a million rows take a moment."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: tuple[float, dict[str, Any]] | None = None

    def now(self) -> dict[str, Any]:
        """The standing of at most `FRESH_S` ago."""
        if self._known is None or time.monotonic() - self._known[0] > FRESH_S:
            found = standing(self._site.settings, self._site.objects).model_dump()
            self._known = time.monotonic(), found
        return self._known[1]


def _letters(site: Site, after: str, limit: int) -> Letters:
    with outbox_of(site.settings) as outbox:
        rows = outbox.dead(after, limit + 1, drafts=False)
    following = None
    if len(rows) > limit:
        following = f"{site.base}/api/pids/dead?after={rows[limit - 1].doi}&limit={limit}"
    return Letters(letters=[described(row) for row in rows[:limit]], next=following)


def _public(site: Site, pid: Pid, number: int) -> None:
    """What strangers may not know of answers as if it were not there."""
    head = site.objects.log.head(pid)
    if site.objects.log.withheld(head):
        raise PidOnly(f"Only the PID of {pid} is public; its versions are not.", pid=str(pid))
    if site.objects.log.version(pid, number).status is Status.DRAFT:
        raise NotFound(f"No object bears the PID {pid}.", pid=str(pid))


def _version_doi(site: Site, pid: Pid, number: int) -> VersionDoi:
    doi = f"{pid}/{number}"
    event = requested(site.objects.log, pid, number)
    with outbox_of(site.settings) as outbox:
        row = outbox.get(doi)
    return VersionDoi(
        doi=doi,
        iri=pid.version_iri(number),
        version=number,
        state=row.sent or "none" if row else "none",
        confirmed=bool(row and row.confirmed == "findable"),
        requested=event.position if event else None,
        url=f"{site.base}/{doi}",
    )
