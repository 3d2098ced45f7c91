"""Corrections for a source system: a package to take over, or its rows.

GET /api/source-systems/{pid}/corrections            zip: tables, description, read-me
GET /api/source-systems/{pid}/corrections?format=csv rows of all states
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from api.moments import beginning
from api.negotiation import Format, choose
from api.parameters import once, text_parameters
from api.site import Site
from eventstore.application import DigitalObjects
from eventstore.envelope import opends_time, to_moment
from fdo.errors import Unavailable
from fdo.identifiers import Pid
from handlers.batches.corrections import Corrections
from handlers.batches.packaging import cells_of, table_of, write

ZIP = Format("zip", "application/zip", "zip", "Package of tables")
CSV = Format("csv", "text/csv", "csv", "Rows of all states")
NDJSON = Format("ndjson", "application/x-ndjson", "ndjson", "Rows as JSON Lines")
_ACCEPTED = "Accepted from this day (from its start, UTC) or RFC 3339 instant on, inclusive."
_IN_MEMORY = 1 << 20
_PART = 1 << 16


def corrections_router(site: Site) -> APIRouter:
    """The route /api/source-systems/{prefix}/{suffix}/corrections; open, as annotations are."""
    router = APIRouter(prefix="/api/source-systems", tags=["corrections"])

    @router.get(
        "/{prefix}/{suffix}/corrections",
        response_class=Response,
        openapi_extra={"parameters": text_parameters({"since": _ACCEPTED})},
    )
    def corrections(
        request: Request,
        prefix: str,
        suffix: str,
        format: Annotated[str | None, Query(max_length=40, description="zip, csv, ndjson.")] = None,
    ) -> Response:
        """Accepted changes of a source system's objects, and how they stand with the source."""
        accept = request.headers.get("accept", "")
        wanted = choose(accept, format, (ZIP, CSV, NDJSON))
        if site.views.annotations is None:
            raise Unavailable("This server keeps no annotations view; start a projector.")
        source = Pid.parse(f"{prefix}/{suffix}")
        found = Corrections(site.objects.log, site.views.annotations, source)
        return _sent(found, wanted, moment(once(request, "since"), site.objects))

    return router


def _sent(found: Corrections, wanted: Format, since: str) -> Response:
    name = f"corrections-{found.source.suffix}.{wanted.extension}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-cache",
        "Vary": "Accept",
    }
    if wanted is ZIP:
        package = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when it is sent
        write(package, found.read(since), found.source.iri, found.name)
        parts = _parts(package)
    elif wanted is CSV:
        parts = (table_of([cells]) for cells in cells_of(found.read(since)))
    else:
        parts = (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in found.read(since))
    return StreamingResponse(parts, headers=headers, media_type=wanted.media_type)


def _parts(package: IO[bytes]) -> Iterator[bytes]:
    with package:
        package.seek(0)
        while part := package.read(_PART):
            yield part


def moment(text: str | None, objects: DigitalObjects) -> str:
    """The beginning of a day, or an instant, as times stand in documents; "" for none."""
    if not text:
        return ""
    return opends_time(to_moment(beginning(text, "since", objects)))
