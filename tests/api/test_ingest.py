"""Ingest over HTTP without its jobs: who may send, and what is read of those who may not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from api.app import create_app
from api.ingest import MAPPING, Job, Jobs, ingest_router
from api.settings import Settings
from handlers.harvest.mapping.curated import load_mapping
from tests.api.conftest import BASE, Browser, Repository

HEAD = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\n"
)
FORM = {"content-type": "multipart/form-data; boundary=x"}


@pytest.fixture
def jobs(repository: Repository) -> Jobs:
    """The line of jobs, which nobody works off."""
    return Jobs(Settings(data=repository.folder, public_base=BASE))


@pytest.fixture
def browser(repository: Repository, jobs: Jobs) -> Browser:
    settings = Settings(data=repository.folder, public_base=BASE)
    router = ingest_router(jobs, settings)
    app = create_app(settings, repository.objects, tokens=repository.tokens, routers=[router])
    return Browser(app)


class Upload:
    """A form that counts how often somebody asks for more of it."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self) -> AsyncIterator[bytes]:
        for piece in (HEAD, *[b"catalogNumber\n" * 100] * 50, b"\r\n--x--\r\n"):
            self.asked += 1
            yield piece


@pytest.mark.parametrize(("token", "status"), [("", 401), ("Bearer fdo_x", 401), ("agent", 403)])
def test_nothing_is_read_of_an_upload_by_who_may_not_send_one(
    repository: Repository, browser: Browser, jobs: Jobs, token: str, status: int
) -> None:
    if token == "agent":
        token = f"Bearer {repository.tokens.create('robot', ('agent',))}"
    upload, headers = Upload(), {**FORM, **({"authorization": token} if token else {})}
    answer = browser.request("POST", "/api/ingest", content=upload(), headers=headers)
    assert (answer.status_code, upload.asked) == (status, 0)
    assert answer.headers["content-type"] == "application/problem+json"
    assert jobs.all() == []


def test_an_upload_of_a_curator_is_kept_and_stands_in_line(
    repository: Repository, browser: Browser, jobs: Jobs
) -> None:
    token = repository.tokens.create("ann", ("curator",))
    headers = {**FORM, "authorization": f"Bearer {token}"}
    answer = browser.request("POST", "/api/ingest", content=Upload()(), headers=headers)
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    kept = repository.folder / "jobs" / answer.json()["id"] / "upload" / "a.csv"
    assert kept.read_bytes() == b"catalogNumber\n" * 5000
    assert browser.get(answer.headers["location"]).json()["source"] == "a.csv"
    assert browser.get("/api/ingest").json() == [answer.json()]


def test_an_archive_that_paused_is_queued_with_what_lies_beside_it(
    repository: Repository, jobs: Jobs
) -> None:
    kept = repository.folder / "workspace" / "identity" / "AAA-AAA-AAA-2"
    kept.mkdir(parents=True)
    for name in ("plants.csv", "eml.xml"):
        (kept / name).write_text(name)
    job = jobs.queue_kept(str(kept / "plants.csv"), {"source_system": "Plants"}, "ann")
    upload = repository.folder / "jobs" / job.id / "upload"
    assert {each.name for each in upload.iterdir()} == {"plants.csv", "eml.xml"}
    assert (job.source, job.options) == ("plants.csv", {"source_system": "Plants"})


def test_the_mapping_of_a_harvest_that_paused_goes_on_with_it_and_is_nobody_s_to_read(
    repository: Repository, browser: Browser, jobs: Jobs
) -> None:
    kept = repository.folder / "workspace" / "identity" / "AAA-AAA-AAA-2"
    kept.mkdir(parents=True)
    (kept / "plants.csv").write_text("catalogNumber\n")
    mapping = {"@type": "ods:DataMapping", "schema:name": "Ours"}
    options = {"source_system": "Plants", "organisation": None, "mapping": mapping}
    job = jobs.queue_kept(str(kept / "plants.csv"), options, "ann")
    assert load_mapping(repository.folder / "jobs" / job.id / MAPPING) == mapping
    told = browser.get(f"/api/ingest/{job.id}").json()
    assert told["options"] == {"source_system": "Plants"}


def test_a_report_that_is_kept_no_more_is_not_there(
    repository: Repository, jobs: Jobs, browser: Browser
) -> None:
    headers = {"authorization": f"Bearer {repository.tokens.create('ann', ('curator',))}"}
    job_id, folder = jobs.room()
    asked = {"id": job_id, "source": "a.csv", "options": {}, "asked_by": "T", "asked_at": "2026"}
    for state, status in (("running", 200), ("done", 404)):
        told = Job.model_validate({**asked, "state": state}).model_dump_json()
        (folder / "job.json").write_text(told)
        answer = browser.get(f"/api/ingest/{job_id}/diagnostics", headers=headers)
        assert answer.status_code == status
    assert "for 90 days" in answer.json()["detail"]
