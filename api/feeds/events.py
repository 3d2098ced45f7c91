"""The log for mirrors: /changes/events gives whole events, from which it can be recorded again.

    curl 'http://127.0.0.1:8000/changes/events?since=0&limit=100'

Other feeds tell what changed; this one gives what was recorded: position, times, envelope, hash,
salt, document and source record, in the form of `eventstore.sections`. What is not public by
`api.feeds.disclosed` travels as its envelope with the commitments, without the bytes. A tombstone
is public with its document, as its address answers it. A question with `wait` is answered as soon
as there is something new, so that a mirror is close behind without asking all the time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.feeds.disclosed import Disclosure, disclosures
from api.moments import SINCE, position_before
from api.parameters import once, text_parameters
from api.site import Site
from eventstore.envelope import Recorded
from eventstore.log import Log
from eventstore.sections import first_line, last_line, line_of, outlined
from fdo.catalogue import claimable
from fdo.documents import Document
from fdo.lifecycle import Status

MEDIA_TYPE = "application/x-ndjson"
LARGEST = 1_000
"""Events in one section."""
LONGEST_WAIT = 30
ENOUGH = 4 * 1024 * 1024
"""Bytes after which a section ends; one event may be larger."""
AT_ONCE = 100
POLL_S = 0.1
WAITING = 200
"""Questions that may wait; more are answered at once."""

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON Lines: the log and where the section begins; whole events; where to "
        "go on, and the SHA-256 of all lines before",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}
_HEADERS = {"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"}


def events_router(site: Site) -> APIRouter:
    """The route /changes/events."""
    router = APIRouter(tags=["feeds"])
    log, waiting = site.objects.log, _Waiting()

    @router.get(
        "/changes/events",
        response_class=Response,
        responses=_ANSWERS,
        openapi_extra={"parameters": text_parameters({"since": SINCE})},
    )
    @router.head("/changes/events", include_in_schema=False)
    async def events(
        request: Request,
        limit: Annotated[int, Query(ge=0, le=LARGEST, description="Most events.")] = 500,
        wait: Annotated[
            int, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for news.")
        ] = 0,
    ) -> Response:
        """Give the events behind a position as they were recorded, for a mirror."""
        begin = once(request, "since")
        after = 0 if begin is None else position_before(begin, site.objects)
        await waiting.news(request, log, after, wait)
        body = await asyncio.to_thread(section, log, after, limit)
        return Response(body, media_type=MEDIA_TYPE, headers=_HEADERS)

    return router


class _Waiting:
    """The questions that wait for the next event."""

    def __init__(self) -> None:
        self._number = 0

    async def news(self, request: Request, log: Log, since: int, seconds: int) -> None:
        """Return when the log goes beyond `since`, the time is over or the asker is gone."""
        if self._number >= WAITING:
            return
        until = time.monotonic() + seconds
        self._number += 1
        try:
            while log.position() <= since and time.monotonic() < until:
                if await request.is_disconnected():
                    return
                await asyncio.sleep(POLL_S)
        finally:
            self._number -= 1


def section(log: Log, since: int, limit: int) -> bytes:
    """Up to `limit` events behind `since`, as one state of the log has them."""
    with log.still():
        head = log.position()
        parts, size, position = [first_line(log, since, head)], 0, since
        for line, at in _lines(log, since, limit):
            parts.append(line)
            size, position = size + len(line), at
            if size >= ENOUGH:
                break
    before = b"".join(parts)
    return before + last_line(before, position, head)


def _lines(log: Log, since: int, limit: int) -> Iterator[tuple[bytes, int]]:
    while events := log.read(since, min(AT_ONCE, limit)):
        whole = _whole(events, log)
        claims = _claims(events, whole, log)
        for event, public in zip(events, whole, strict=True):
            left = _left(event, log) if event.what == "Erased" else {}
            line = line_of(event, whole=public, claims=claims[event.position], redacted=left)
            yield line, event.position
        since, limit = events[-1].position, limit - len(events)


def _whole(events: Sequence[Recorded], log: Log) -> list[bool]:
    """Of each event, whether the public may have all of it (and we do ourselves)."""
    lacking = log.lacking(events[0].position - 1, events[-1].position)
    return [
        event.position not in lacking and _public(event, told, log)
        for event, told in zip(events, disclosures(events, log), strict=True)
    ]


def _public(event: Recorded, told: Disclosure, log: Log) -> bool:
    ended = event.status is Status.TOMBSTONE and told == "record"
    return told == "full" or (ended and not log.withheld(log.head(event.pid)))


def _claims(
    events: Sequence[Recorded], whole: Sequence[bool], log: Log
) -> Mapping[int, Sequence[str]]:
    """Position → the claims that the document makes, as it travels, and its object holds."""
    made: dict[int, list[str]] = {}
    for event, public in zip(events, whole, strict=True):
        document = event.document if public else outlined(event)
        made[event.position] = sorted(claimable(event.type, document or {}) or ())
    holders = log.claimed(key for keys in made.values() for key in keys)
    return {
        event.position: [
            key for key in made[event.position] if key in holders and holders[key].pid == event.pid
        ]
        for event in events
    }


def _left(erasure: Recorded, log: Log) -> dict[int, Document]:
    """Position → what an erasure left of the document there, as far as it is public."""
    events = list(log.events_at(erasure.detail["positions"]).values())
    return {
        event.position: event.document if public else outlined(event) or {}
        for event, public in zip(events, [w for e in events for w in _whole([e], log)], strict=True)
    }
