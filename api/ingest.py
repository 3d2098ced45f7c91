"""Ingest over HTTP: an upload or an address becomes a job that can be watched.

    POST /api/ingest        a form with `file` or `url`, or JSON {"url": "https://…"}
    POST /api/ingest/url    the same JSON
    GET  /api/ingest        the newest jobs; /api/ingest/{id} is one of them

What a job is and how it is carried out: `api.ingest_jobs`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Query, Request, Response, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, HttpUrl, ValidationError

from api.ingest_jobs import Job, Jobs, for_everybody, keep_entries, now
from api.objects.lifecycle import admit_holder
from api.refusals import TooLarge
from api.security import Token, Tokens, reader, require
from api.settings import Settings
from eventstore.application import DigitalObjects
from fdo.errors import InvalidDocument, Refused
from fdo.identifiers import organisation as organisation_of
from handlers.harvest.holders import holder_of
from handlers.harvest.sources import source_named

CHUNK = 1 << 20

Writer = Annotated[Token, Depends(require("curator"))]


class Address(BaseModel):
    """An archive to fetch."""

    model_config = ConfigDict(extra="forbid")

    url: HttpUrl = Field(description="http(s) address of a Darwin Core archive or table.")
    source_system: str | None = Field(None, description="Name of the dataset.")
    organisation: str | None = Field(None, description="ROR or Wikidata id of the holder.")
    observed_at: datetime | None = Field(None, description="When the source said so.")


_OR_JSON = {
    "requestBody": {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Address"}}}
    }
}
"""In the description of a route that reads a form."""


class TokenFirst(APIRoute):
    """A route that looks at the token before anything of a body is read: what strangers send is
    not even written to a temporary file."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of FastAPI, which reads bodies before it asks for tokens, behind ours."""
        handle, admit = super().get_route_handler(), require("curator")

        async def guarded(request: Request) -> Response:
            if request.method == "POST":
                admit(request, None)
            return await handle(request)

        return guarded


def ingest_router(jobs: Jobs, settings: Settings) -> APIRouter:
    """The routes of ingest; writing needs the role curator."""
    router = APIRouter(prefix="/api/ingest", tags=["ingest"], route_class=TokenFirst)

    @router.post("", status_code=202, openapi_extra=_OR_JSON)
    async def ask(
        request: Request,
        response: Response,
        by: Writer,
        file: Annotated[
            UploadFile | None, File(description="An archive or a table; or else give url.")
        ] = None,
        url: Annotated[
            HttpUrl | None, Form(description="http(s) address to fetch it from instead.")
        ] = None,
        source_system: Annotated[str | None, Form(description="Name of the dataset.")] = None,
        organisation: Annotated[str | None, Form(description="ROR or Wikidata id.")] = None,
        observed_at: Annotated[
            datetime | None, Form(description="When the source said so.")
        ] = None,
    ) -> Job:
        """Take in an upload, or what an address gives: 202 and a job, carried out in its turn."""
        if _is_json(request):
            address = await _address(request, settings.body_limit_kb * 1024)
            return _fetching(request, jobs, address, by, response)
        if (file is None) == (url is None):
            raise InvalidDocument(
                "Send an archive or a table as the field file of a form, or its address as url, "
                "and not both."
            )
        if file is None:
            asked = {"url": url, "source_system": source_system, "organisation": organisation}
            address = Address.model_validate({**asked, "observed_at": observed_at})
            return _fetching(request, jobs, address, by, response)
        options = _options(request, by, source_system, organisation, observed_at)
        job_id, name = await _keep(jobs, file, settings)
        return _queued(jobs, job_id, name, options, by, response)

    @router.post("/url", status_code=202)
    def ask_address(request: Request, address: Address, response: Response, by: Writer) -> Job:
        """Fetch an archive from an address; 202 and the job."""
        return _fetching(request, jobs, address, by, response)

    @router.get("")
    def jobs_there_are(
        request: Request, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> list[Job]:
        """The newest jobs.

        An address has its query for those who may write: it may hold a secret.
        """
        writes = _may_write(request)
        return [_shown(jobs.progress(job), writes) for job in jobs.all()[:limit]]

    @router.get("/{job_id}")
    def one_job(request: Request, job_id: str) -> Job:
        """A job with its progress, and at its end the summary."""
        return _shown(jobs.progress(jobs.one(job_id)), _may_write(request))

    @router.get("/{job_id}/diagnostics", response_class=Response)
    def job_diagnostics(job_id: str, _: Writer) -> Response:
        """Every diagnostic of a job, JSON Lines."""
        return Response(jobs.diagnostics(jobs.one(job_id)), media_type="application/x-ndjson")

    return router


def _may_write(request: Request) -> bool:
    tokens: Tokens = request.app.state.tokens
    token = reader(request.headers.get("authorization"), tokens)
    return token is not None and token.may("curator")


def _shown(job: Job, writes: bool) -> Job:
    return job if writes else for_everybody(job)


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "application/json"


async def _address(request: Request, limit: int) -> Address:
    """The address that a JSON body names; a form may be larger, as it may hold an archive."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > limit:
            raise TooLarge(f"The body is larger than the {limit:,} bytes of JSON that are taken.")
    try:
        return Address.model_validate_json(body)
    except ValidationError as wrong:
        found = [{**one, "loc": ("body", *one["loc"])} for one in wrong.errors()]
        raise RequestValidationError(found) from wrong


async def _keep(jobs: Jobs, file: UploadFile, settings: Settings) -> tuple[str, str]:
    """Write the upload into a new job's folder: (job id, name of the file)."""
    name = re.sub(r"[^\w.\-]", "_", Path(file.filename or "upload").name).lstrip(".") or "upload"
    job_id, folder = jobs.room()
    (folder / "upload").mkdir()
    size, limit = 0, settings.ingest_upload_mb << 20
    with (folder / "upload" / name).open("wb") as target:
        while chunk := await file.read(CHUNK):
            size += len(chunk)
            if size > limit:
                break
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    keep_entries(folder / "upload")
    if not 0 < size <= limit:
        shutil.rmtree(folder)
        if size:
            raise Refused(
                f"The upload is larger than {settings.ingest_upload_mb} MB (ingest_upload_mb); "
                "raise the setting, or give an address instead."
            )
        raise InvalidDocument("The upload is empty; send an archive or a table.")
    return job_id, name


def _options(
    request: Request,
    by: Token,
    source_system: str | None,
    organisation: str | None,
    observed_at: datetime | None,
) -> dict[str, str]:
    """What the job is asked to do; Forbidden where that is for another institution than the
    token's. What the archive itself says is seen to by the harvest."""
    objects: DigitalObjects = request.app.state.objects
    if held := organisation_of(organisation or ""):
        admit_holder(by, held, "What is to be taken in")
    if source_system and (source := source_named(objects, source_system)):
        admit_holder(by, holder_of(objects, source), f"{source_system} ({source})")
    given = {
        "holder": by.holder,
        "source_system": source_system,
        "organisation": organisation,
        "observed_at": observed_at and observed_at.isoformat(),
    }
    return {name: value for name, value in given.items() if value}


def _fetching(request: Request, jobs: Jobs, address: Address, by: Token, response: Response) -> Job:
    asked = (address.source_system, address.organisation, address.observed_at)
    options = _options(request, by, *asked)
    job_id, _ = jobs.room()
    return _queued(jobs, job_id, str(address.url), options, by, response)


def _queued(
    jobs: Jobs, job_id: str, source: str, options: dict[str, str], by: Token, response: Response
) -> Job:
    response.headers["Location"] = f"/api/ingest/{job_id}"
    asked = {"source": source, "options": options, "asked_by": by.name, "asked_at": now()}
    return jobs.queue(Job.model_validate({"id": job_id, "state": "queued", **asked}))
