"""Ingest over HTTP without its harvests: who may send what, who is shown what, and the line of
jobs."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.ingest import ingest_router
from api.ingest_jobs import MAPPING, Job, Jobs
from api.settings import Settings
from fdo.dataset import HOLDER_ID, description
from fdo.errors import NotFound
from fdo.identifiers import Pid
from handlers.harvest.mapping.curated import load_mapping
from tests.api.conftest import BASE, Browser, Repository
from tests.api.documents import a_source
from tests.scenarios.program import until

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


SECRET_ADDRESS = "https://me:pw@ipt.example/archive.zip?r=plants&token=s3cret"


def asked(browser: Browser, repository: Repository, **options: Any) -> httpx.Response:
    """POST /api/ingest of a curator."""
    token = repository.tokens.create(f"t{len(repository.tokens.all())}", ("curator",))
    headers = {"authorization": f"Bearer {token}", **options.pop("headers", {})}
    return browser.request("POST", "/api/ingest", headers=headers, **options)


def test_an_address_may_come_as_json_or_in_a_form(repository: Repository, browser: Browser) -> None:
    told = {"url": "https://ipt.example/a.zip", "organisation": "https://ror.org/0566bfb96"}
    for body in (
        {"json": told},
        {"data": told},
        {"files": {n: (None, v) for n, v in told.items()}},
    ):
        answer = asked(browser, repository, **body)
        assert (answer.status_code, answer.json()["source"]) == (202, told["url"]), body
        assert answer.json()["options"] == {"organisation": told["organisation"]}
        assert browser.get(answer.headers["location"]).status_code == 200


OURS, THEIRS = "https://ror.org/03z77qz90", "https://ror.org/0566bfb96"


def held_by(repository: Repository, name: str, holder: str | None) -> Pid:
    """A source system of this name, whose dataset an institution holds."""
    told = {"schema:description": description({HOLDER_ID: holder})} if holder else {}
    return repository.register("source-system", {**a_source(name), **told})


def test_a_token_for_one_institution_takes_in_its_own_only(
    repository: Repository, browser: Browser, jobs: Jobs
) -> None:
    for name, holder in (("Ours", OURS), ("Theirs", THEIRS), ("Whose", None)):
        held_by(repository, name, holder)
    limited = repository.tokens.create("ann", ("curator",), organisation=OURS)
    headers = {"authorization": f"Bearer {limited}"}
    address = {"url": "https://ipt.example/a.zip"}
    upload = {"file": ("a.csv", b"catalogNumber\n", "text/csv")}
    for told in ({"organisation": THEIRS}, {"source_system": "Theirs"}, {"source_system": "Whose"}):
        for body in ({"json": address | told}, {"data": address | told},
                     {"data": told, "files": upload}):  # fmt: skip
            answer = browser.request("POST", "/api/ingest", headers=headers, **body)
            assert (answer.status_code, "ann" in answer.json()["detail"]) == (403, True), body
        answer = browser.request("POST", "/api/ingest/url", headers=headers, json=address | told)
        assert answer.status_code == 403
    assert jobs.all() == [] and not list(repository.folder.glob("jobs/*"))
    for told in ({}, {"organisation": OURS}, {"source_system": "Ours"}, {"source_system": "New"}):
        answer = browser.request("POST", "/api/ingest", headers=headers, json=address | told)
        assert (answer.status_code, answer.json()["options"]) == (202, {"holder": OURS, **told})


def test_an_admin_is_limited_to_no_institution(repository: Repository, browser: Browser) -> None:
    held_by(repository, "Theirs", THEIRS)
    token = repository.tokens.create("eve", ("admin",), organisation=OURS)
    headers = {"authorization": f"Bearer {token}"}
    told = {"url": "https://ipt.example/a.zip", "source_system": "Theirs"}
    answer = browser.request("POST", "/api/ingest", headers=headers, json=told)
    assert (answer.status_code, answer.json()["options"]) == (202, {"source_system": "Theirs"})


def test_what_is_neither_an_upload_nor_an_address_is_refused(
    repository: Repository, browser: Browser, jobs: Jobs
) -> None:
    bodies: list[tuple[dict[str, Any], int, str]] = [
        ({"json": {"url": "ftp://ipt.example/a.zip"}}, 422, "url"),
        ({"json": {"url": "https://ipt.example/a.zip", "file": "x"}}, 422, "file"),
        ({"json": ["https://ipt.example/a.zip"]}, 422, "body"),
        ({"json": {"url": "https://ipt.example/" + "a" * 2_000_000}}, 413, "larger"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "JSON"),
        ({"data": {"url": "file:///etc/passwd"}}, 422, "url"),
        ({"data": {"organisation": "https://ror.org/0566bfb96"}}, 422, "field file"),
        ({"data": {"url": "https://ipt.example/a"}, "files": {"file": b"x"}}, 422, "not both"),
        ({"content": b"catalogNumber\n", "headers": {"content-type": "text/csv"}}, 422, "file"),
    ]
    for body, status, told in bodies:
        answer = asked(browser, repository, **body)
        assert (answer.status_code, told in answer.json()["detail"]) == (status, True), answer.text
    assert jobs.all() == []


def test_the_description_names_both_forms_of_a_body(browser: Browser) -> None:
    described = browser.get("/openapi.json").json()
    content = described["paths"]["/api/ingest"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "multipart/form-data"}
    named = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert "url" in described["components"]["schemas"][named]["properties"]


def test_secrets_of_an_address_are_shown_to_those_who_may_write(
    repository: Repository, browser: Browser, jobs: Jobs
) -> None:
    queued = asked(browser, repository, json={"url": SECRET_ADDRESS}).json()
    assert queued["source"] == SECRET_ADDRESS
    failed = {"state": "failed", "error": f"{SECRET_ADDRESS} gives nothing.", "records": 0}
    summary = {"summary": {"source": SECRET_ADDRESS, "records": 0}}
    path = repository.folder / "jobs" / queued["id"] / "job.json"
    path.write_text(Job.model_validate({**queued, **failed, **summary}).model_dump_json())
    agent = repository.tokens.create("robot", ("agent",))
    robot, proxy = f"Bearer {agent}", "Basic eDp5"
    for headers in ({}, *({"authorization": one} for one in (robot, "Bearer fdo_x", proxy))):
        for address in ("/api/ingest", f"/api/ingest/{queued['id']}"):
            answer = browser.get(address, headers=headers)
            assert answer.status_code == 200
            assert not {"s3cret", "me:pw"} & set(re.split(r"[\"/=@?]", answer.text)), answer.text
            assert "https://ipt.example/archive.zip?r=plants gives nothing." in answer.text
    writer = {"authorization": f"Bearer {repository.tokens.create('ann', ('curator',))}"}
    assert browser.get("/api/ingest", headers=writer).json()[0]["source"] == SECRET_ADDRESS


# ── the line of jobs ─────────────────────────────────────────────────────────────────────


@pytest.fixture
def at_work(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Jobs]]:
    """Begin to work off jobs, each with a program that ends at once and says nothing."""
    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    made: list[Jobs] = []

    def begin() -> Jobs:
        made.append(Jobs(Settings(data=repository.folder)))
        made[-1].start()
        return made[-1]

    yield begin
    for jobs in made:
        jobs.stop()


def a_job(jobs: Jobs, at: str = "2026-11-22T20:00:00.000Z") -> Job:
    """One that is kept, and not in line."""
    name, _ = jobs.room()
    asked = {"source": "a.csv", "asked_by": "ann", "asked_at": at}
    return Job.model_validate({"id": name, "state": "queued", **asked})


def test_whatever_becomes_of_a_job_the_next_has_its_turn(
    repository: Repository, at_work: Callable[[], Jobs], caplog: pytest.LogCaptureFixture
) -> None:
    jobs = at_work()
    stuck, unwritable, gone, last = (a_job(jobs) for _ in range(4))
    folder = repository.folder / "jobs"
    (folder / stuck.id / "errors.txt").mkdir()  # no file can be written there
    (folder / stuck.id / "upload").mkdir()
    for job in (stuck, gone, unwritable, last):
        jobs._write(job)
    (folder / unwritable.id / "job.new").mkdir()
    shutil.rmtree(folder / gone.id)
    for job in (stuck, gone, unwritable, last):
        jobs._queue.put(job.id)
    until(lambda: jobs.one(last.id).state == "failed")
    assert "ended with code 0" in str(jobs.one(last.id).error)
    for job in (stuck, unwritable):
        told = jobs.one(job.id)
        assert (told.state, "Is a directory" in str(told.error)) == ("failed", True), told
    assert {job.id for job in jobs.all()} == {stuck.id, unwritable.id, last.id}
    assert not (folder / stuck.id / "upload").exists()
    kept = Job.model_validate_json((folder / unwritable.id / "job.json").read_bytes())
    assert kept.state == "queued", "the next start carries it out again"
    assert gone.id in caplog.text


def test_a_start_removes_what_killed_ingests_unpacked(
    repository: Repository, at_work: Callable[[], Jobs]
) -> None:
    left = repository.folder / "workspace" / "source-left"
    (left / "unpacked").mkdir(parents=True)
    at_work()
    assert not left.exists()


def test_a_damaged_job_is_told_and_passed_over_and_the_oldest_comes_first(
    repository: Repository, at_work: Callable[[], Jobs], caplog: pytest.LogCaptureFixture
) -> None:
    before = Jobs(Settings(data=repository.folder))
    damaged, late, early = (
        a_job(before),
        a_job(before, "2026-11-22T22"),
        a_job(before, "2026-11-21"),
    )
    for job in (damaged, late, early):
        before._write(job)
    (repository.folder / "jobs" / damaged.id / "job.json").write_bytes(b"")
    jobs = at_work()
    until(lambda: jobs.one(late.id).ended_at)
    ends = [jobs.one(job.id).ended_at for job in (early, late)]
    assert ends == sorted(map(str, ends))
    assert [job.id for job in jobs.all()] == [late.id, early.id]
    assert damaged.id in caplog.text
    with pytest.raises(NotFound, match="damaged"):
        jobs.one(damaged.id)
