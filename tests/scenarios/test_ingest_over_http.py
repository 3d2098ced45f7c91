"""Ingest through the running server: uploads, addresses, tokens, jobs and their ends."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.scenarios.program import Server, collectome, specimens, until

HOLDER = {"organisation": "https://ror.org/0566bfb96"}
ENDS = ("done", "failed", "paused")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[str]:
    """The address of a web server over `tmp_path`."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def upload(server: Server, path: Path, **options: str) -> httpx.Response:
    with path.open("rb") as file:
        return server.client.post(
            "/api/ingest", files={"file": (path.name, file)}, data=options, headers=server.writing
        )


def ended(server: Server, asked: httpx.Response) -> dict[str, Any]:
    """The job that was asked for, at its end."""
    assert asked.status_code == 202, asked.text
    address = asked.headers["location"]

    def job() -> dict[str, Any] | None:
        found = server.client.get(address).json()
        return found if found["state"] in ENDS else None

    return until(job, 60)


def problem(answer: httpx.Response, status: int) -> str:
    """What a refusal says, which must be problem+json."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = answer.json()
    assert body["status"] == status
    return str(body["detail"])


def test_an_upload_becomes_a_job_that_ends_with_the_summary(workshop, tmp_path):
    plants = specimens(tmp_path / "upload.csv", *range(601, 604), country="Greenland")
    asked = upload(workshop, plants, source_system="Uploaded", **HOLDER)
    assert asked.json()["state"] in ("queued", "running")
    job = ended(workshop, asked)
    assert job["state"] == "done", job
    assert (job["records"], job["summary"]["new"]) == (3, 3)
    assert job["summary"]["balanced"] is True
    assert job["asked_by"] == "admin"
    assert job["summary"]["source"] == "upload.csv"
    assert str(workshop.data) not in str(job), "jobs are read by everybody"
    found = workshop.client.get("/api/search", params={"country": "Greenland"}).json()
    assert found["total"] == 3
    assert job["id"] in {each["id"] for each in workshop.client.get("/api/ingest").json()}
    again = ended(workshop, upload(workshop, plants, source_system="Uploaded", **HOLDER))
    assert (again["summary"]["new"], again["summary"]["unchanged"]) == (0, 3)


def test_an_address_is_fetched_where_private_hosts_are_allowed(workshop, shelf, tmp_path):
    specimens(tmp_path / "fetched.csv", 611, 612)
    asked = workshop.client.post(
        "/api/ingest/url", json={"url": f"{shelf}/fetched.csv", **HOLDER}, headers=workshop.writing
    )
    job = ended(workshop, asked)
    assert (job["state"], job["summary"]["records"]) == ("done", 2), job


def test_an_address_of_a_private_host_is_refused_otherwise(demo, shelf, tmp_path):
    specimens(tmp_path / "fetched.csv", 611)
    before = collectome("status", "--json", data=demo.data).said["log"]
    asked = demo.client.post(
        "/api/ingest/url", json={"url": f"{shelf}/fetched.csv", **HOLDER}, headers=demo.writing
    )
    job = ended(demo, asked)
    assert job["state"] == "failed"
    assert "not a public address" in job["error"]
    assert collectome("status", "--json", data=demo.data).said["log"] == before


def test_who_writes_needs_a_token_with_the_role(workshop, tmp_path):
    plants = specimens(tmp_path / "plants.csv", 621)
    nobody = workshop.client.post("/api/ingest", files={"file": plants.read_bytes()})
    assert "token" in problem(nobody, 401)
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    wrong = {"authorization": "Bearer fdo_wrong"}
    address = {"url": "https://example.org/a.zip"}
    problem(workshop.client.post("/api/ingest/url", json=address, headers=wrong), 401)
    made = collectome("token", "create", "robot", "--role=agent", "--json", data=workshop.data)
    agent = {"authorization": f"Bearer {made.said['token']}"}
    answer = workshop.client.post("/api/ingest/url", json=address, headers=agent)
    assert "curator" in problem(answer, 403)
    collectome("token", "revoke", "robot", data=workshop.data)
    problem(workshop.client.post("/api/ingest/url", json=address, headers=agent), 401)


def test_an_archive_that_cannot_be_read_ends_as_failed_with_the_reason(workshop, tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 this is no archive")
    job = ended(workshop, upload(workshop, tmp_path / "broken.zip", **HOLDER))
    assert (job["state"], job["summary"]) == ("failed", None)
    assert "broken.zip" in job["error"]
    assert str(workshop.data) not in job["error"]
    assert "Traceback" not in job["error"]


def test_a_harvest_with_unknown_identifiers_ends_as_paused(workshop, tmp_path):
    plants = specimens(tmp_path / "moving.csv", *range(631, 637))
    options = {"source_system": "Moving", **HOLDER}
    assert ended(workshop, upload(workshop, plants, **options))["state"] == "done"
    plants.write_text(plants.read_text().replace("TST-", "NEW/"), encoding="utf-8")
    job = ended(workshop, upload(workshop, plants, **options))
    assert job["state"] == "paused"
    assert "identity" in job["error"]
    [waiting] = collectome("identity", "list", "--json", data=workshop.data).said
    line = ("identity", "approve", waiting["harvest"], "--json")
    decided = collectome(*line, data=workshop.data)
    assert (decided.code, decided.said["changed"], decided.said["new"]) == (0, 6, 0), decided


def test_what_is_empty_too_large_or_no_form_is_refused_at_once(workshop, tmp_path):
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "empty" in problem(upload(workshop, tmp_path / "empty.csv"), 422)
    (tmp_path / "large.csv").write_bytes(b"x" * (1 << 20) + b"y")
    assert "larger" in problem(upload(workshop, tmp_path / "large.csv"), 413)
    headers = workshop.writing
    problem(workshop.client.post("/api/ingest", headers=headers), 422)
    problem(workshop.client.post("/api/ingest/url", json={"url": "gopher"}, headers=headers), 422)
    problem(workshop.client.get("/api/ingest/nothing"), 404)
    problem(workshop.client.put("/api/ingest"), 405)


@pytest.mark.parametrize("name", ["../../escape.csv", "-rf.csv", "a b;c.csv", ".hidden.csv"])
def test_no_name_of_an_upload_leaves_its_folder_or_becomes_an_option(workshop, tmp_path, name):
    plants = specimens(tmp_path / "plants.csv", 641)
    with plants.open("rb") as file:
        asked = workshop.client.post(
            "/api/ingest", files={"file": (name, file)}, data=HOLDER, headers=workshop.writing
        )
    job = ended(workshop, asked)
    assert job["state"] == "done", job
    assert "/" not in job["source"]
    assert not list(workshop.data.parent.rglob("escape.csv"))


def test_an_option_of_a_form_cannot_smuggle_another_option(workshop, tmp_path):
    plants = specimens(tmp_path / "plants.csv", 651)
    job = ended(workshop, upload(workshop, plants, organisation="--dry-run"))
    assert job["state"] == "failed"
    assert "neither a ROR" in job["error"]


def test_diagnostics_are_read_by_those_who_may_write(workshop, tmp_path):
    plants = specimens(tmp_path / "ragged.csv", 661, 662)
    plants.write_text(plants.read_text() + "TST-1,too,few\n", encoding="utf-8")
    job = ended(workshop, upload(workshop, plants, **HOLDER))
    address = f"/api/ingest/{job['id']}/diagnostics"
    problem(workshop.client.get(address), 401)
    answer = workshop.client.get(address, headers=workshop.writing)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len(lines) == job["summary"]["diagnostics"] > 0
    assert all(line["code"] and line["next_step"] for line in lines)


@pytest.mark.slow
def test_jobs_that_a_restart_cut_off_are_taken_up_again(tmp_path):
    many = specimens(tmp_path / "many.csv", *range(1, 1501))
    few = specimens(tmp_path / "few.csv", 1, country="Malta")
    with Server("serve", tmp_path / "data") as server:
        first = upload(server, many, **HOLDER)
        second = upload(server, few, source_system="Few", **HOLDER)
        address = first.headers["location"]
        until(lambda: server.client.get(address).json()["records"])
        assert server.client.get(address).json()["state"] == "running"
        assert server.client.get(second.headers["location"]).json()["state"] == "queued"
        token = server.token
        server.kill()
    with Server("serve", tmp_path / "data", "--json") as again:
        assert json.loads(again.said)["token"] is None
        again.token = token
        one, two = ended(again, first), ended(again, second)
        assert (one["state"], two["state"]) == ("done", "done"), (one, two)
        assert (one["summary"]["records"], two["summary"]["new"]) == (1500, 1)
        counts = collectome("status", "--json", data=again.data).said["objects"]
        assert counts["specimen"] == {"active": 1501}
