"""The jobs of ingest: kept in folders, carried out one after the other.

A job is a folder `jobs/{id}` with the upload and `job.json`; it is carried out by the same
command that people use (`collectome ingest --json`), in a process of its own, one at a time.
A job that was cut off by a restart is carried out again: what was recorded before is found
unchanged. Whatever becomes of one job, the next has its turn.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.repository import ROOT
from api.settings import Settings
from fdo.errors import NotFound
from handlers.harvest import reports
from handlers.harvest.reading import rooms
from handlers.harvest.reading.fetch import without_secrets

State = Literal["queued", "running", "done", "paused", "failed"]
MAPPING = "mapping.json"
"""File in the folder of a job: the data mapping of a harvest that paused."""


class Job(BaseModel):
    """One ingest that was asked for over HTTP."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(description="Name of the job.")
    state: State = Field(description="queued, running, done, paused (a person decides) or failed.")
    source: str = Field(
        description="File name or address as given; of an address, others than curators see only "
        "what holds no secret."
    )
    options: dict[str, str] = Field(default_factory=dict, description="What was asked.")
    asked_by: str = Field(description="Name of the token.")
    asked_at: str = Field(description="When, RFC 3339.")
    ended_at: str | None = Field(None, description="When it ended, RFC 3339.")
    records: int = Field(0, description="Core rows read so far.")
    summary: dict[str, Any] | None = Field(None, description="What `ingest --json` says.")
    error: str | None = Field(None, description="Why it failed or paused, and the next step.")


class Jobs:
    """The jobs of one data folder, carried out one after the other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.data / "jobs"
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._unwritten: dict[str, Job] = {}
        self._thread = threading.Thread(target=self._work, name="ingest", daemon=True)

    def start(self) -> None:
        """Begin; jobs that were queued or cut off come first, in their order. Reports that were
        kept long enough go, on a server that takes nothing in too, and so does what killed ingests
        left."""
        kept = self._settings
        reports.sweep(kept.data, days=kept.reports_days, most=kept.reports_kept)
        rooms.sweep(kept.data / "workspace")
        for job in reversed(self.all()):
            if job.state in ("queued", "running"):
                self._queue.put(job.id)
        for path in self._folder.glob("*/job.json"):
            if self._read(path.parent.name) is None:
                logging.getLogger("collectome").warning(
                    "ingest: %s is damaged and passed over; ask for that ingest again", path
                )
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
        """Keep a job, also through a loss of power, and put it in line."""
        self._write(job)
        keep_entries(self._folder)
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
        asked = {"source": kept.name, "options": given, "asked_by": asked_by, "asked_at": now()}
        return self.queue(Job.model_validate({"id": job_id, "state": "queued", **asked}))

    def one(self, name: str) -> Job:
        """A job by its id; NotFound for an unknown one."""
        job = self._read(name) if re.fullmatch(r"[0-9a-f]{32}", name) else None
        if job is None:
            raise NotFound(
                f"There is no ingest job {name!r}, or what was kept of it is damaged; GET "
                "/api/ingest lists those that there are."
            )
        return job

    def all(self) -> list[Job]:
        """All jobs, the newest first."""
        found = [self._read(path.parent.name) for path in self._folder.glob("*/job.json")]
        jobs = [job for job in found if job is not None]
        return sorted(jobs, key=lambda job: job.asked_at, reverse=True)

    def _read(self, name: str) -> Job | None:
        """A job as it stands; None where there is none, or what was kept of it is damaged."""
        if name in self._unwritten:
            return self._unwritten[name]
        try:
            return Job.model_validate_json((self._folder / name / "job.json").read_bytes())
        except (OSError, ValidationError):
            return None

    def _write(self, job: Job) -> None:
        folder = self._folder / job.id
        fresh = folder / "job.new"
        with fresh.open("wb") as file:
            file.write(job.model_dump_json().encode())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / "job.json")
        keep_entries(folder)

    def _work(self) -> None:
        while (name := self._queue.get()) is not None and not self._stopping:
            try:
                job = self.one(name)
                self._write(job.model_copy(update={"state": "running"}))
                self._carry_out(job)
            except Exception as fault:  # a full disk, say: the next may be smaller
                logging.getLogger("collectome").exception("ingest: job %s", name)
                self._give_up(name, fault)

    def _give_up(self, name: str, fault: Exception) -> None:
        """End a job that could not be carried out. Where not even that can be written, it is told
        as long as the server runs, whose next start carries the job out again."""
        job = self._read(name)
        if job is None:  # its folder is gone: there is nobody to be told of it
            return
        why = fault.strerror if isinstance(fault, OSError) else None
        error = (
            f"The server could not carry it out: {why or 'its log says why'}. Ask for it again "
            "when the cause is gone."
        )
        ended = job.model_copy(update={"state": "failed", "ended_at": now(), "error": error})
        try:
            self._write(ended)
        except OSError:
            self._unwritten[name] = ended
        else:
            shutil.rmtree(self._folder / name / "upload", ignore_errors=True)

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
        if job.state == "running":
            with contextlib.suppress(OSError, ValueError):  # not begun, or written just now
                return job.model_copy(update={"records": int(path.read_text())})
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
    update: dict[str, Any] = {"ended_at": now()}
    if "records" in said:  # jobs are read by everybody: no path of this machine stands in them
        summary = {**said, "source": job.source}
        summary.pop("report", None)
        update |= {"summary": summary, "records": said["records"]}
    if code == 0 and "records" in said:
        update["state"] = "done"
    else:
        update["state"] = "paused" if code == 3 else "failed"
        tail = without_secrets(errors.read_text(errors="replace")).strip()[-500:]
        why = said.get("message") or tail or f"The ingest ended with code {code}."
        for path in (errors.parent / "upload", errors.parent):
            why = why.replace(f"{path.resolve()}/", "").replace(f"{path}/", "")
        update["error"] = why
    return job.model_copy(update=update)


def now() -> str:
    """The moment, RFC 3339."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def keep_entries(folder: Path) -> None:
    """Let the names in a folder survive a loss of power: that of a file is not kept with it."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def for_everybody(job: Job) -> Job:
    """A job as those see it who may not write."""
    source, error = without_secrets(job.source), job.error and without_secrets(job.error)
    summary = job.summary and {**job.summary, "source": source}
    return job.model_copy(update={"source": source, "error": error, "summary": summary})
