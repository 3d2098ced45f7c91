"""Agents post events: annotations in batches, once each however often they are sent.

    POST /api/agents/annotations          JSON Lines, or an array; Idempotency-Key
    GET  /api/agents/batches[/{id}]       how a batch stands
    GET  /api/agents/batches/{id}/outcomes
    POST /api/agents/batches/{id}/undo

The body is read as it comes: 200 lines are recorded in one transaction, then the next are read,
so that the size of a batch costs no memory. `Prefer: respond-async` puts it by and answers 202.
"""

from __future__ import annotations

import asyncio
import filecmp
import re
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from api.annotations.reports import (
    After,
    Before,
    Limit,
    Report,
    listed,
    outcome_lines,
    owned,
    report,
)
from api.annotations.speaking import Annotator, desk_of, speaker
from api.negotiation import JSON, Format, choose
from api.refusals import TooLarge
from api.site import Site
from fdo.errors import InvalidDocument, Unavailable
from handlers.batches import quotas
from handlers.batches.desk import Desk
from handlers.batches.errors import key_reused
from handlers.batches.lines import Lines, items
from handlers.batches.posting import Posting
from handlers.batches.quotas import QuotaSpent
from handlers.batches.recording import Speaker
from handlers.batches.store import Batch

PREFIX = "/api/agents"
NDJSON = "application/x-ndjson"
LINES = (NDJSON, "application/ndjson", "application/jsonl", "application/json-lines",
         "application/x-jsonlines")  # fmt: skip
ARRAY = "application/json"
ARRAY_LIMIT = 8 << 20
"""Bytes of a JSON array, which has to be read whole; JSON Lines may be longer."""
MOST_WAITING = 20
"""Batches of one token that are put by at a time."""
_OPEN = ("receiving", "interrupted", "failed")
"""States of a batch in which a body that is put by is taken in."""
_REPORT = Format(JSON.name, JSON.media_type, JSON.extension, "Report")
_OUTCOMES = Format("ndjson", NDJSON, "ndjson", "What became of each line")
_KEY = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"|([\x21\x23-\x7e]{1,255})')

IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=300,
        description="A name for the batch, chosen by the sender: sent again under it, the batch "
        "goes on where it was (draft-ietf-httpapi-idempotency-key-header).",
    ),
]


class Undo(BaseModel):
    """Why a batch is taken back."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(
        min_length=1, max_length=1_000, description="Shown on the tombstone of each annotation."
    )


def agents_router(site: Site) -> APIRouter:
    """The routes under /api/agents; all need the role agent or curator."""
    router = APIRouter(prefix=PREFIX, tags=["annotations by agents"])
    desk = desk_of(site.objects, site.settings)
    door = _Door(site, desk)

    @router.post("/annotations", response_model=Report, openapi_extra=_BODY)
    async def post(
        request: Request, by: Annotator, idempotency_key: IdempotencyKey = None
    ) -> Response:
        """Record a batch of annotations; the report says what became of each line."""
        return await door.take(request, speaker(by, site.objects), _key(idempotency_key))

    @router.get("/batches")
    def batches(
        by: Annotator,
        limit: Limit = 50,
        before: Before = None,
    ) -> list[Report]:
        """Your batches, the newest first; an admin sees all."""
        return [door.report(batch) for batch in listed(desk.batches, "posted", by, limit, before)]

    @router.get("/batches/{name}")
    def one(name: str, by: Annotator) -> Report:
        """How a batch stands."""
        return door.report(owned(desk.batches, name, "posted", by))

    @router.get("/batches/{name}/outcomes", response_class=Response)
    def outcomes(name: str, by: Annotator, after: After = 0) -> StreamingResponse:
        """What became of each line behind a line number, JSON Lines."""
        batch = owned(desk.batches, name, "posted", by)
        return StreamingResponse(outcome_lines(desk.batches, batch, after), media_type=NDJSON)

    @router.post("/batches/{name}/undo", status_code=202)
    def undo(name: str, body: Undo, by: Annotator, response: Response) -> Report:
        """Withdraw what a batch created; what was accepted only if you may decide."""
        batch = owned(desk.batches, name, "posted", by)
        response.headers["Location"] = f"{PREFIX}/batches/{batch.id}"
        return door.report(desk.ask_undo(batch, by.name, body.reason))

    return router


class _Door:
    """Takes bodies in."""

    def __init__(self, site: Site, desk: Desk) -> None:
        self._site, self._desk = site, desk

    def report(self, batch: Batch) -> Report:
        """The report of a batch at its address."""
        address = f"{self._site.base}{PREFIX}/batches/{batch.id}"
        return report(self._desk.batches, batch, address)

    async def take(self, request: Request, by: Speaker, key: str | None) -> Response:
        """Record a body, or put it by; the answer."""
        form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if form not in (*LINES, ARRAY):
            return self._site.problems.answer(
                "unsupported-media-type",
                f"A batch is JSON Lines ({NDJSON}) or a JSON array ({ARRAY}), not "
                f"{form or 'a body without a type'}.",
            )
        wanted = choose(request.headers.get("accept", ""), None, (_REPORT, _OUTCOMES))
        later = "respond-async" in request.headers.get("prefer", "")
        batch = await asyncio.to_thread(self._desk.begin, by, key)
        try:
            if later and batch.digest is None:
                await asyncio.to_thread(self._must_have_room, batch)
                return await self._put_by(request, batch, form)
            batch = await self._receive(request, by, batch, form)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except QuotaSpent as spent:
            return self._spent(spent, self._desk.batches.get(batch.id), by)
        return self._answer(batch, by, wanted)

    async def _receive(self, request: Request, by: Speaker, batch: Batch, form: str) -> Batch:
        with self._desk.receiving(batch, by) as posting:
            if form == ARRAY:
                lines = items(await _whole(request))
                await asyncio.to_thread(posting.take, lines)
            else:
                await _parts(request, posting)
            return await asyncio.to_thread(posting.end)

    async def _put_by(self, request: Request, batch: Batch, form: str) -> Response:
        """Keep the body in the folder; somebody carries it out (RFC 7240, 4.1). One that is there
        already stays, and another one under its key is refused."""
        with self._desk.held(batch):
            place = self._desk.batches.body(batch.id)
            draft, total = await _written(request, place, form)
            if self._desk.batches.get(batch.id).state in _OPEN:
                draft.replace(place)
                self._desk.batches.move(batch.id, "waiting", total=total, ended_at=None)
            elif not await asyncio.to_thread(_is_kept, draft, place):
                raise key_reused(batch.key, batch.id, "waits to be carried out")
        headers = {
            "Location": f"{self._site.base}{PREFIX}/batches/{batch.id}",
            "Preference-Applied": "respond-async",
        }
        body = self.report(self._desk.batches.get(batch.id)).model_dump_json(by_alias=True)
        return Response(body, 202, headers, media_type="application/json")

    def _must_have_room(self, batch: Batch) -> None:
        """Bodies that are put by lie on the disk before any quota counts them."""
        known = self._desk.batches.at_work()
        others = [one for one in known if one.owner == batch.owner and one.id != batch.id]
        if len(others) >= MOST_WAITING:
            raise Unavailable(
                f"{len(others)} batches of yours wait already; send more when those have ended.",
                retry_after=30,
            )

    def _answer(self, batch: Batch, by: Speaker, wanted: Format) -> Response:
        address = f"{self._site.base}{PREFIX}/batches/{batch.id}"
        headers = {"Location": address, "Cache-Control": "no-store", **self._left(by)}
        if wanted is _OUTCOMES:
            lines = outcome_lines(self._desk.batches, batch)
            return StreamingResponse(lines, headers=headers, media_type=NDJSON)
        body = self.report(batch).model_dump_json(by_alias=True)
        return Response(body, 200, headers, media_type="application/json")

    def _spent(self, spent: QuotaSpent, batch: Batch, by: Speaker) -> Response:
        told: dict[str, Any] = {**spent.details, "batch": batch.id, "counts": batch.counts}
        return self._site.problems.answer(
            "too-many-requests", spent.message, headers=self._left(by), **told
        )

    def _left(self, by: Speaker) -> dict[str, str]:
        now = self._desk.clock()
        return quotas.headers(self._desk.batches.left(by.name, by.quotas, now), now)


async def _parts(request: Request, posting: Posting) -> None:
    async for part in request.stream():
        if part:
            await asyncio.to_thread(posting.feed, part)


async def _written(request: Request, place: Path, form: str) -> tuple[Path, int]:
    """A body in a file beside the place where it is kept, as lines; and how many they are."""
    draft = place.with_suffix(".part")
    lines, total = Lines(), 0
    with draft.open("wb") as file:
        if form == ARRAY:
            for item in items(await _whole(request)):
                total += 1
                file.write((item.data or b"null") + b"\n")
        else:
            async for part in request.stream():
                total += sum(1 for _ in lines.feed(part))
                await asyncio.to_thread(file.write, part)
            total += sum(1 for _ in lines.end())
    return draft, total


def _is_kept(draft: Path, place: Path) -> bool:
    """Whether a body is the one that is kept; of one that was carried out nothing is."""
    same = not place.exists() or filecmp.cmp(draft, place, shallow=False)
    draft.unlink()
    return same


async def _whole(request: Request) -> bytes:
    """The body of an array; TooLarge beyond what is read whole."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > ARRAY_LIMIT:
            raise TooLarge(
                f"An array may have {ARRAY_LIMIT:,} bytes; send JSON Lines ({NDJSON}), which may "
                "be longer."
            )
    return bytes(found)


def _key(header: str | None) -> str | None:
    """The key of the header: a quoted string of Structured Fields, or bare text."""
    if header is None:
        return None
    found = _KEY.fullmatch(header.strip())
    if found is None:
        raise InvalidKey(
            'Idempotency-Key is 1 to 255 printable characters in quotes, as in "run-42".'
        )
    return re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2]


class InvalidKey(InvalidDocument):
    """The Idempotency-Key is none."""


_ANNOTATIONS: dict[str, Any] = {
    "type": "object",
    "description": "A W3C Web Annotation, an openDS annotation, or {op: create|revise|withdraw}.",
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            NDJSON: {"schema": _ANNOTATIONS},
            ARRAY: {"schema": {"type": "array", "items": _ANNOTATIONS}},
        },
    }
}
