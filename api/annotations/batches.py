"""One annotation over the result of a search, or a table of corrections: preview, run, undo.

    POST /api/annotations/batches               choose; 201 and the preview
    GET  /api/annotations/batches[/{id}]        how a batch stands
    POST /api/annotations/batches/{id}/run      record it; 202
    POST /api/annotations/batches/{id}/undo     take it back; 202
    GET  /api/annotations/batches/{id}/outcomes what became of each row

A table may be sent as it is (text/csv); see docs/how-to/annotate-in-batches.md for its columns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.annotations.agents import NDJSON, Undo
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
from api.security import Token
from api.settings import Settings
from api.views import Views
from eventstore.application import DigitalObjects
from fdo.errors import InvalidDocument, Unavailable
from fdo.identifiers import Pid
from handlers.batches.choosing import Chosen, of_objects, of_table
from handlers.batches.naming import Numbers
from handlers.batches.previewing import Previews
from handlers.batches.selecting import answered, look_in, searched
from handlers.batches.store import Batch

PREFIX = "/api/annotations/batches"
CSV = "text/csv"
TABLE_LIMIT = 8 << 20
"""Bytes of a table or of a list of objects, which are read whole."""

Ask = Callable[[str], Awaitable[bytes]]
"""A SPARQL query → its answer as JSON."""


class Choice(BaseModel):
    """Which objects; exactly one of search, sparql, pids and csv."""

    model_config = ConfigDict(extra="forbid")

    search: dict[str, str | list[str]] | None = Field(
        None, description="Parameters of /api/search."
    )
    sparql: str | None = Field(
        None, max_length=8_000, description="SELECT with the objects in the first column."
    )
    pids: list[str] | None = Field(None, description="PIDs of the objects.")
    csv: str | None = Field(
        None,
        description="A table with pid, catalogNumber or physicalSpecimenID; term, value, "
        "motivation, comment, references. It needs no template.",
    )
    source_system: str | None = Field(
        None, description="PID of the source system whose numbers a table names."
    )


class Asked(BaseModel):
    """A batch as it is asked for."""

    model_config = ConfigDict(extra="forbid")

    query: Choice
    template: dict[str, Any] | None = Field(
        None, description="An annotation in either form, without the object that it is about."
    )


def batches_router(
    objects: DigitalObjects, settings: Settings, views: Views, ask: Ask | None = None
) -> APIRouter:
    """The routes under /api/annotations/batches; all need the role agent or curator."""
    router = APIRouter(prefix=PREFIX, tags=["annotations in batches"])
    desk = desk_of(objects, settings)
    choosing = _Choosing(objects, views, ask)

    def told(batch: Batch, response: Response) -> Report:
        address = f"{settings.base}{PREFIX}/{batch.id}"
        response.headers["Location"] = address
        return report(desk.batches, batch, address)

    def own(name: str, by: Token) -> Batch:
        return owned(desk.batches, name, "chosen", by)

    @router.post("", status_code=201, openapi_extra=_BODY)
    async def choose(request: Request, by: Annotator, response: Response) -> Report:
        """Choose objects, and see what would be said of them; nothing is recorded yet."""
        asked = _asked(request.headers.get("content-type", ""), await request.body())
        chosen = await choosing.of(asked)
        previews = Previews(desk, speaker(by, objects))
        return told(await asyncio.to_thread(previews.make, chosen, _kept(asked)), response)

    @router.get("")
    def batches(
        by: Annotator,
        limit: Limit = 50,
        before: Before = None,
    ) -> list[Report]:
        """Your batches, the newest first; an admin sees all."""
        found = listed(desk.batches, "chosen", by, limit, before)
        return [told(batch, Response()) for batch in found]

    @router.get("/{name}")
    def one(name: str, by: Annotator, response: Response) -> Report:
        """How a batch stands, with its preview."""
        return told(own(name, by), response)

    @router.get("/{name}/outcomes", response_class=Response)
    def outcomes(name: str, by: Annotator, after: After = 0) -> StreamingResponse:
        """What became of each row behind a row, JSON Lines."""
        lines = outcome_lines(desk.batches, own(name, by), after)
        return StreamingResponse(lines, media_type=NDJSON)

    @router.post("/{name}/run", status_code=202)
    def run(name: str, by: Annotator, response: Response) -> Report:
        """Record a batch that was previewed; asked twice, it is recorded once."""
        return told(Previews(desk, speaker(by, objects)).ask_run(own(name, by)), response)

    @router.post("/{name}/undo", status_code=202)
    def undo(name: str, body: Annotated[Undo, Body()], by: Annotator, response: Response) -> Report:
        """Withdraw what a batch created; what was accepted only if you may decide."""
        return told(desk.ask_undo(own(name, by), by.name, body.reason), response)

    return router


class _Choosing:
    """Finds what a batch is about."""

    def __init__(self, objects: DigitalObjects, views: Views, ask: Ask | None) -> None:
        self._log, self._views, self._ask = objects.log, views, ask

    async def of(self, asked: Asked) -> Iterator[Chosen]:
        """What is chosen, with what is to be said of it."""
        query = asked.query
        given = [name for name in ("search", "sparql", "pids", "csv") if getattr(query, name)]
        if len(given) != 1:
            raise _wrong("query", "Give one of search, sparql, pids and csv.")
        if query.csv is not None and not asked.template:
            source = Pid.parse(query.source_system) if query.source_system else None
            look = look_in(self._views.search, self._log) if self._views.search else _nowhere
            return of_table(query.csv, Numbers(self._log, source, look), self._log)
        if query.csv is not None:
            raise _wrong("template", "A table says itself what is proposed; leave template out.")
        if not asked.template:
            raise _wrong("template", "Give the annotation that is to be said of each object.")
        return of_objects(await self._pids(query), asked.template)

    async def _pids(self, query: Choice) -> Iterator[str]:
        if query.pids is not None:
            return iter(query.pids)
        if query.sparql is not None:
            if self._ask is None:
                raise Unavailable("This server answers no SPARQL; name the objects by PID.")
            return answered(await self._ask(query.sparql))
        if self._views.search is None:
            raise Unavailable("This server keeps no search view; name the objects by PID.")
        return searched(self._views.search, query.search or {})


def _asked(form: str, body: bytes) -> Asked:
    """What is asked, as JSON or as a table alone."""
    if form.partition(";")[0].strip().lower() == CSV:
        try:
            return Asked(query=Choice(csv=body.decode("utf-8-sig")))
        except UnicodeDecodeError as wrong:
            raise _wrong("query/csv", f"The table is no UTF-8: {wrong}.") from wrong
    try:
        return Asked.model_validate_json(body)
    except ValidationError as wrong:
        errors = [("/" + "/".join(map(str, one["loc"])), one["msg"]) for one in wrong.errors()]
        raise InvalidDocument(
            f"The body does not say what to annotate: {errors[0][0]}: {errors[0][1]}.", errors
        ) from wrong


def _kept(asked: Asked) -> dict[str, Any]:
    """What is remembered of the question; long lists by their length."""
    kept = asked.model_dump(exclude_none=True)
    for name in ("pids", "csv"):
        if name in kept["query"]:
            kept["query"][name] = len(kept["query"][name])
    return kept


def _nowhere(_: str) -> Iterator[str]:
    return iter(())


def _wrong(place: str, sentence: str) -> InvalidDocument:
    return InvalidDocument(sentence, [(f"/{place}", sentence)])


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["query"],
                    "properties": {
                        "query": Choice.model_json_schema(),
                        "template": {
                            "type": "object",
                            "description": Asked.model_fields["template"].description,
                        },
                    },
                }
            },
            CSV: {"schema": {"type": "string"}},
        },
    }
}
