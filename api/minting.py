"""Minting as the settings ask for it, and how it stands: what server, pages and commands share."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.objects.addresses import split
from api.settings import Settings
from eventstore import mirroring
from eventstore.application import DigitalObjects
from eventstore.envelope import iso, to_micros
from fdo.errors import NotFound, Refused
from fdo.identifiers import Pid
from handlers.processes.minting.minter import Minter, Plan, is_minting
from handlers.processes.minting.pace import Pace
from handlers.processes.minting.store import Outbox, Row

State = Literal["none", "draft", "registered", "findable"]


class Doi(BaseModel):
    """One DOI and how far it is."""

    doi: str
    object: str = Field(description="PID of the object.")
    version: int | None = Field(description="Of a version's own DOI: which.")
    wanted: State
    state: State = Field(description="What DataCite said last; none: it does not know it yet.")
    confirmed: State = Field(description="What the log says.")
    due: str | None = Field(description="When it is sent next; null: it is as it should be.")
    attempts: int = Field(description="Failures since the last success.")
    error: str = Field(description="What the last attempt met.")
    dead: bool = Field(description="Whether it waits for a person: it is not tried of itself.")


class Standing(BaseModel):
    """How minting stands."""

    minting: Literal["off", "on"] = Field(description="Whether the settings ask for it.")
    running: bool = Field(description="Whether a process mints now.")
    service: str = Field(description="Address of DataCite, or of its double.")
    prefix: str
    dois: dict[State, int] = Field(description="State at DataCite → DOIs.")
    pending: int = Field(description="To be sent, those that are tried again included.")
    failing: int = Field(description="Pending ones that failed before.")
    unconfirmed: int = Field(description="States that the log is not told of yet.")
    dead: int = Field(description="Dead letters: refused for good, kept for retry.")
    position: int = Field(description="The last event that the outbox knows of.")
    lag: int = Field(description="Events behind the log.")
    requests_per_5min: int = Field(description="The limit that is kept.")
    paused_until: str | None = Field(description="Until when DataCite is left in peace.")
    trouble: str = Field(description="Why, in words.")


def wanted(settings: Settings) -> bool:
    """Whether the settings ask for DOIs to be minted."""
    return bool(settings.datacite_url) and settings.minting == "on"


def minter(settings: Settings, objects: DigitalObjects, *, gentle: bool = False) -> Minter:
    """The process, not yet running; Refused says what is missing."""
    if not wanted(settings):
        raise Refused(
            "Minting is off: name DataCite, or its double, in FDO_DATACITE_URL (and leave "
            "FDO_MINTING on); credentials go into FDO_DATACITE_USERNAME and "
            "FDO_DATACITE_PASSWORD."
        )
    if (source := mirroring.origin(objects.recorder)) is not None:
        raise Refused(f"This repository is a mirror of {source.source}, which mints its DOIs.")
    from handlers.processes.minting.client import DataCite  # dear to load; few commands send

    service = DataCite(
        settings.datacite_url,
        settings.datacite_username,
        settings.datacite_password.get_secret_value(),
        settings.doi_prefix,
    )
    plan = Plan(
        settings.doi_prefix, settings.base, settings.datacite_requests_per_5min, settings.title
    )
    return Minter(settings.data, objects, service, plan, gentle=gentle)


@asynccontextmanager
async def minting_beside(settings: Settings, objects: DigitalObjects) -> AsyncIterator[None]:
    """Mint beside a server, where the settings ask for it and the log is our own. At the end,
    requests that are on their way are waited for."""
    if not wanted(settings) or mirroring.origin(objects.recorder) is not None:
        yield
        return
    import asyncio  # whoever only looks how DOIs stand has no loop

    stop = threading.Event()
    process = minter(settings, objects, gentle=True)
    thread = threading.Thread(target=process.run, args=(stop,), name="minting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        await asyncio.to_thread(thread.join)


@contextmanager
def outbox_of(settings: Settings) -> Iterator[Outbox]:
    """The outbox for looking."""
    outbox = Outbox(settings.data)
    try:
        yield outbox
    finally:
        outbox.close()


def send_again(settings: Settings, names: Sequence[str]) -> int:
    """Take up dead letters again, those of these DOIs or all; how many there were. A DOI is that of
    an object or of a version, with or without its proxy. NotFound, InvalidIdentifier: one of the
    names is of no dead letter, and none is taken up."""
    named = [_doi(name) for name in names]
    with outbox_of(settings) as outbox:
        for doi in named:
            row = outbox.get(doi)
            if row is None or not row.dead:
                raise NotFound(
                    f"{doi} is no dead letter; `collectome pids list --dead` and /api/pids/dead "
                    "list them.",
                    doi=doi,
                )
        return outbox.retry(time.time(), named)


def _doi(name: str) -> str:
    """A DOI as the outbox has it."""
    pid, version = split(name.strip())
    if pid is None:
        pid = Pid.parse(name)
    return f"{pid}/{version}" if version else str(pid)


def standing(settings: Settings, objects: DigitalObjects) -> Standing:
    """How minting stands now."""
    head = objects.log.position()
    with outbox_of(settings) as outbox:
        counts, position = outbox.counts(), outbox.position()
        limit = settings.datacite_requests_per_5min
        pace = Pace(outbox, limit, time.time)
        wait, how = pace.wait_s(), pace.standing()
    return Standing(
        minting="on" if wanted(settings) else "off",
        running=is_minting(settings.data),
        service=settings.datacite_url,
        prefix=settings.doi_prefix,
        dois=counts.states,
        pending=counts.pending,
        failing=counts.failing,
        unconfirmed=counts.unconfirmed,
        dead=counts.dead,
        position=position,
        lag=max(0, head - position),
        requests_per_5min=limit,
        paused_until=_when(how.paused_until) if how.trouble and wait else None,
        trouble=how.trouble,
    )


def described(row: Row) -> Doi:
    """A row of the outbox for people."""
    return Doi(
        doi=row.doi,
        object=row.object,
        version=row.number or None,
        wanted=row.wanted,
        state=row.sent or "none",
        confirmed=row.confirmed or "none",
        due=None if row.due is None or row.dead else _when(row.due),
        attempts=row.attempts,
        error=row.error,
        dead=bool(row.dead),
    )


def _when(seconds: float) -> str:
    return iso(to_micros(datetime.fromtimestamp(seconds, UTC)))
