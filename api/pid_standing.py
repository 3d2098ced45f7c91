"""How DOIs stand, as routes and pages tell it: counts, dead letters, the DOI of one version."""

from __future__ import annotations

import time
from typing import Any

from pydantic import BaseModel, Field

from api.annotations.speaking import admit as in_scope
from api.annotations.speaking import spend
from api.minting import Doi, State, described, outbox_of, standing
from api.objects.lifecycle import admit
from api.security import Token
from api.site import Site
from fdo.errors import NotFound, PidOnly
from fdo.identifiers import PROXIES, Pid
from fdo.lifecycle import Status
from handlers.processes.minting.asking import (
    doi_of,
    request_version,
    requested,
    require_citable,
)
from handlers.processes.minting.wanted import name_of

FRESH_S = 2.0
"""How DOIs stand is read no more often than this, whoever asks."""


class Letters(BaseModel):
    """A page of dead letters."""

    letters: list[Doi]
    next: str | None = Field(description="Address of the next page.")


class VersionDoi(BaseModel):
    """The DOI of one version and how far it is."""

    doi: str
    iri: str
    version: int
    state: State = Field(description="At DataCite: none, draft, registered or findable.")
    confirmed: bool = Field(description="Whether the log knows that it is findable.")
    requested: int | None = Field(description="The event by which it was asked for.")
    url: str = Field(description="Where it leads.")
    attempts: int = Field(0, description="Failures since the last success.")
    error: str = Field("", description="What the last attempt met.")
    dead: bool = Field(False, description="Whether DataCite refused it for good.")


class Counted:
    """The standing, read anew after a while. The outbox keeps its counts as rows change; what a
    reading costs is opening it, for pages and probes that ask again and again."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: tuple[float, dict[str, Any]] | None = None

    def now(self) -> dict[str, Any]:
        """The standing of at most `FRESH_S` ago."""
        if self._known is None or time.monotonic() - self._known[0] > FRESH_S:
            found = standing(self._site.settings, self._site.objects).model_dump()
            self._known = time.monotonic(), found
        return self._known[1]


def letters_of(site: Site, after: str, limit: int) -> Letters:
    """Dead letters in order of DOI, behind one; those of drafts are not told."""
    with outbox_of(site.settings) as outbox:
        rows = outbox.dead(after, limit + 1, drafts=False)
    following = None
    if len(rows) > limit:
        following = f"{site.base}/api/pids/dead?after={rows[limit - 1].doi}&limit={limit}"
    return Letters(letters=[described(row) for row in rows[:limit]], next=following)


def require_public(site: Site, pid: Pid, number: int) -> None:
    """Return where everybody may know of this version; else an error as if it were not there."""
    head = site.objects.log.known(pid)
    if site.objects.log.withheld(head):
        raise PidOnly(f"Only the PID of {pid} is public; its versions are not.", pid=str(pid))
    if site.objects.log.version(pid, number).status is Status.DRAFT:
        raise NotFound(f"Version {number} of {pid} was a draft and is not public.")


def ask_for(site: Site, pid: Pid, number: int, by: Token) -> None:
    """Ask for the DOI of a version, which is for good: within the institution, the scopes and the
    quotas of the token. Who asks again asks for nothing more."""
    log = site.objects.log
    require_public(site, pid, number)
    admit(by, log.latest(pid))
    in_scope(by, {}, log.head(pid))
    if requested(log, pid, number) is None:
        require_citable(log, pid, number)
        spend(by, site.settings, 0)
    request_version(site.objects, pid, number, by.agent)


def version_doi(site: Site, pid: Pid, number: int) -> VersionDoi:
    """How far the DOI of a version is."""
    doi = name_of(doi_of(site.objects, pid), number)
    event = requested(site.objects.log, pid, number)
    with outbox_of(site.settings) as outbox:
        row = outbox.get(doi)
    found = described(row) if row else None
    return VersionDoi(
        doi=doi,
        iri=f"{PROXIES['doi']}{doi}",
        version=number,
        state=found.state if found else "none",
        confirmed=found is not None and found.confirmed == "findable",
        requested=event.position if event else None,
        url=f"{site.base}/{pid}/{number}",
        attempts=found.attempts if found else 0,
        error=found.error if found else "",
        dead=found is not None and found.dead,
    )
