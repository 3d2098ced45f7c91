"""Ingest over HTTP: an upload or an address becomes a job that can be watched.

A job is a folder `jobs/{id}` with the upload and `job.json`; it is carried out by the same
command that people use (`collectome ingest --json`), in a process of its own, one at a time.
A job that was cut off by a restart is carried out again: what was recorded before is found
unchanged.
"""

from __future__ import annotations

import contextlib
import queue
import re
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Form, Query, Request, Response, UploadFile
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, HttpUrl

from api.repository import ROOT
from api.security import Token, require
from api.settings import Settings
from fdo.errors import InvalidDocument, NotFound, Refused
from handlers.harvest import reports

State = Literal["queued", "running", "done", "paused", "failed"]
CHUNK = 1 << 20
MAPPING = "mapping.json"
"""File in the folder of a job: the data mapping of a harvest that paused."""

Writer = Annotated[Token, Depends(require("curator"))]


class Job(BaseModel):
    """One ingest that was asked for over HTTP."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(description="Name of the job.")
    state: State = Field(description="queued, running, done, paused (a person decides) or failed.")
    source: str = Field(description="File name or address as given.")
    options: dict[str, str] = Field(default_factory=dict, description="What was asked.")
    asked_by: str = Field(description="Name of the token.")
    asked_at: str = Field(description="When, RFC 3339.")
    ended_at: str | None = Field(None, description="When it ended, RFC 3339.")
    records: int = Field(0, description="Core rows read so far.")
    summary: dict[str, Any] | None = Field(None, description="What `ingest --json` says.")
    error: str | None = Field(None, description="Why it failed or paused, and the next step.")


class Address(BaseModel):
    """An archive to fetch."""

    model_config = ConfigDict(extra="forbid")

    url: HttpUrl = Field(description="http(s) address of a Darwin Core archive or table.")
    source_system: str | None = Field(None, description="Name of the dataset.")
    organisation: str | None = Field(None, description="ROR or Wikidata id of the holder.")
    observed_at: datetime | None = Field(None, description="When the source said so.")


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


class Jobs:
    """The jobs of one data folder, carried out one after the other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.data / "jobs"
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="ingest", daemon=True)

    def start(self) -> None:
        """Begin; jobs that were queued or cut off come first. Reports that were kept long enough
        go, on a server that takes nothing in too."""
        kept = self._settings
        reports.sweep(kept.data, days=kept.reports_days, most=kept.reports_kept)
        for job in self.all():
            if job.state in ("queued", "running"):
                self._queue.put(job.id)
        self._thread.start()

    def stop(self) -> None:
        """End; a job under way is taken up again at the next start."""
        self._stopping = True
        self._queue.put(None)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
        self._thread.join(timeout=10)

    def room(self) -> tuple[str, Path]:
        """A new job's id and its folder."""
        name = uuid.uuid4().hex
        folder = self._folder / name
        folder.mkdir(parents=True)
        return name, folder

    def queue(self, job: Job) -> Job:
        """Keep a job and put it in line."""
        self._write(job)
        self._queue.put(job.id)
        return job

    def queue_kept(self, archive: str, options: Mapping[str, Any], asked_by: str) -> Job:
        """Queue an archive that lies in the data folder already (a paused harvest's)."""
        job_id, folder = self.room()
        kept = Path(archive)
        shutil.copytree(kept.parent, folder / "upload")  # with what lies beside a lone table
        if mapping := options.get("mapping"):
            (folder / MAPPING).write_bytes(orjson.dumps(mapping))
        given = {name: value for name, value in options.items() if value and name != "mapping"}
        asked = {"source": kept.name, "options": given, "asked_by": asked_by, "asked_at": _now()}
        return self.queue(Job.model_validate({"id": job_id, "state": "queued", **asked}))

    def one(self, name: str) -> Job:
        """A job by its id; NotFound for an unknown one."""
        path = self._folder / name / "job.json"
        if not re.fullmatch(r"[0-9a-f]{32}", name) or not path.exists():
            raise NotFound(f"There is no ingest job {name!r}; GET /api/ingest lists them.")
        return Job.model_validate_json(path.read_bytes())

    def all(self) -> list[Job]:
        """All jobs, the newest first."""
        found = [Job.model_validate_json(p.read_bytes()) for p in self._folder.glob("*/job.json")]
        return sorted(found, key=lambda job: job.asked_at, reverse=True)

    def _write(self, job: Job) -> None:
        folder = self._folder / job.id
        fresh = folder / "job.new"
        fresh.write_bytes(job.model_dump_json().encode())
        fresh.replace(folder / "job.json")

    def _work(self) -> None:
        while (name := self._queue.get()) is not None and not self._stopping:
            job = self.one(name)
            self._write(job.model_copy(update={"state": "running"}))
            self._carry_out(job)

    def _carry_out(self, job: Job) -> None:
        folder = self._folder / job.id
        upload = folder / "upload" / job.source
        source = str(upload) if upload.exists() else job.source
        options = [f"--{k.replace('_', '-')}={v}" for k, v in job.options.items()]
        line = [
            sys.executable,
            "-m",
            "api.cli",
            "ingest",
            source,
            "--json",
            f"--data={self._settings.data.resolve()}",
            f"--report={folder / reports.OF_JOB}",
            f"--progress={folder / 'progress'}",
            *options,
            *([f"--mapping={folder / MAPPING}"] if (folder / MAPPING).exists() else []),
        ]
        with (folder / "errors.txt").open("wb") as errors:
            self._process = subprocess.Popen(
                line, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL
            )
            told, _ = self._process.communicate()
        if self._stopping:
            return
        self._write(_ended(job, self._process.returncode, told, folder / "errors.txt"))
        shutil.rmtree(folder / "upload", ignore_errors=True)

    def progress(self, job: Job) -> Job:
        """The job with the rows it has read by now."""
        path = self._folder / job.id / "progress"
        if job.state == "running" and path.exists():
            return job.model_copy(update={"records": int(path.read_text() or 0)})
        return job

    def diagnostics(self, job: Job) -> bytes:
        """The diagnostics of a job so far, JSON Lines; NotFound when they are kept no more."""
        path = self._folder / job.id / reports.OF_JOB
        if path.exists():
            return path.read_bytes()
        if job.state in ("queued", "running"):
            return b""
        raise NotFound(
            f"No report of the ingest job {job.id} is kept; the newest "
            f"{self._settings.reports_kept} are, for {self._settings.reports_days} days. Ingest "
            "the source again for a new one."
        )


def _ended(job: Job, code: int, told: bytes, errors: Path) -> Job:
    said: dict[str, Any] = {}
    with contextlib.suppress(ValueError, IndexError):
        said = orjson.loads(told.strip().split(b"\n")[-1])
    update: dict[str, Any] = {"ended_at": _now()}
    if "records" in said:  # jobs are read by everybody: no path of this machine stands in them
        summary = {**said, "source": job.source}
        summary.pop("report", None)
        update |= {"summary": summary, "records": said["records"]}
    if code == 0 and "records" in said:
        update["state"] = "done"
    else:
        update["state"] = "paused" if code == 3 else "failed"
        tail = errors.read_text(errors="replace").strip()[-500:]
        why = said.get("message") or tail or f"The ingest ended with code {code}."
        for path in (errors.parent / "upload", errors.parent):
            why = why.replace(f"{path.resolve()}/", "").replace(f"{path}/", "")
        update["error"] = why
    return job.model_copy(update=update)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# ── routes ───────────────────────────────────────────────────────────────────────────────


def ingest_router(jobs: Jobs, settings: Settings) -> APIRouter:
    """The routes of ingest; writing needs the role curator."""
    router = APIRouter(prefix="/api/ingest", tags=["ingest"], route_class=TokenFirst)

    @router.post("", status_code=202)
    async def ask(
        response: Response,
        by: Writer,
        file: UploadFile,
        source_system: Annotated[str | None, Form(description="Name of the dataset.")] = None,
        organisation: Annotated[str | None, Form(description="ROR or Wikidata id.")] = None,
        observed_at: Annotated[
            datetime | None, Form(description="When the source said so.")
        ] = None,
    ) -> Job:
        """Upload an archive or a table; 202 and the job, which is carried out in its turn."""
        job_id, name = await _keep(jobs, file, settings)
        options = _options(source_system, organisation, observed_at)
        return _queued(jobs, job_id, name, options, by, response)

    @router.post("/url", status_code=202)
    def ask_address(address: Address, response: Response, by: Writer) -> Job:
        """Fetch an archive from an address; 202 and the job."""
        job_id, _ = jobs.room()
        options = _options(address.source_system, address.organisation, address.observed_at)
        return _queued(jobs, job_id, str(address.url), options, by, response)

    @router.get("")
    def jobs_there_are(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[Job]:
        """The newest jobs."""
        return [jobs.progress(job) for job in jobs.all()[:limit]]

    @router.get("/{job_id}")
    def one_job(job_id: str) -> Job:
        """A job with its progress, and at its end the summary."""
        return jobs.progress(jobs.one(job_id))

    @router.get("/{job_id}/diagnostics", response_class=Response)
    def job_diagnostics(job_id: str, _: Writer) -> Response:
        """Every diagnostic of a job, JSON Lines."""
        return Response(jobs.diagnostics(jobs.one(job_id)), media_type="application/x-ndjson")

    return router


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
    source_system: str | None, organisation: str | None, observed_at: datetime | None
) -> dict[str, str]:
    given = {
        "source_system": source_system,
        "organisation": organisation,
        "observed_at": observed_at and observed_at.isoformat(),
    }
    return {name: value for name, value in given.items() if value}


def _queued(
    jobs: Jobs, job_id: str, source: str, options: dict[str, str], by: Token, response: Response
) -> Job:
    response.headers["Location"] = f"/api/ingest/{job_id}"
    asked = {"source": source, "options": options, "asked_by": by.name, "asked_at": _now()}
    return jobs.queue(Job.model_validate({"id": job_id, "state": "queued", **asked}))
