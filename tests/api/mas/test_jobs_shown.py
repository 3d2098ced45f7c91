"""How a job stands, on its page and as JSON; and what of it stays when its service is erased."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fdo.agent import Agent
from fdo.identifiers import Pid
from handlers.curation import Curation
from handlers.mas.results import Result
from tests.handlers.mas.story import commenting

NAME = "qwyxzavohu"
ONE_BY_ONE = {"col:queue": "rabbitmq", "col:microBatch": 1}


def as_json(behind: Any, job: str) -> Any:
    answer = behind.web.get(f"/api/jobs/{job}", "application/json")
    assert answer.status_code == 200
    return answer.json()


def page(behind: Any, path: str) -> str:
    answer = behind.web.get(path, "text/html")
    assert answer.status_code == 200, path
    return re.sub(r"<[^>]+>", " ", answer.text)


def test_place_attempts_and_log_of_each_job_are_told(behind: Any) -> None:
    repository = behind.repository
    repository.service("reader", form=ONE_BY_ONE)
    specimens = [repository.specimen(number) for number in range(3)]
    repository.dispatcher.round()
    jobs = [behind.job(specimen) for specimen in specimens]
    for place, (job, specimen) in enumerate(zip(jobs, specimens, strict=True)):
        told, shown = as_json(behind, job), page(behind, f"/mas/jobs/{job}")
        state = "scheduled" if place else "queued"
        assert (told["state"], told["ahead"], told["attempts"]) == (state, place, int(not place))
        assert (told["target"], told["version"], told["kind"]) == (str(specimen), 1, "registered")
        log = [f"Scheduled by event {repository.store.job(job).position} (registered)."]
        log += [] if place else ["Handed over to its service."]
        assert sorted(line["said"] for line in told["log"]) == sorted(log)
        assert f"{state}, {place} before it" in shown
        assert re.search(rf"Handed over\s+{'0 times' if place else '1 time'}\s", shown)
        assert all(line in shown for line in log)
    repository.results.take([Result(jobs[0], error="no lamp")])
    told, shown = as_json(behind, jobs[0]), page(behind, f"/mas/jobs/{jobs[0]}")
    assert (told["state"], told["attempts"], told["error"]) == ("failed", 1, "no lamp")
    assert told["due"] > told["scheduled"]
    assert "It said: no lamp" in [line["said"] for line in told["log"]]
    assert "It said: no lamp" in shown and "it is tried again at" in shown
    assert as_json(behind, jobs[1])["ahead"] == 1, "it is before the next still"


def test_what_a_service_needs_is_told(behind: Any) -> None:
    form = {"col:gpu": "required", "ods:maxReplicas": 3, "ods:timeToLive": 7_200}
    service = behind.repository.service("reader", form=form)
    told = behind.web.get(f"/api/mas/{service}").json()
    assert (told["gpu"], told["replicas"]) == ("required", 3)
    shown = page(behind, "/mas")
    assert "GPU required" in shown and "up to 3 workers" in shown
    assert behind.web.get(f"/{service}", "application/json").json()["ods:timeToLive"] == 7_200


@pytest.fixture
def erased(behind: Any) -> tuple[Pid, str]:
    """A service that was erased, and a job of it whose log named it."""
    repository = behind.repository
    form = {"oa:motivatedBy": ["oa:assessing"]}
    service: Pid = repository.service(NAME, commenting, form)
    specimen = repository.specimen(1)
    repository.settle()
    job = behind.job(specimen)
    assert NAME in str(as_json(behind, job)["log"]) and NAME in page(behind, f"/mas/jobs/{job}")
    hands = Curation(repository.objects, Agent("urn:x", "x"))
    hands.erase(hands.erasable(service), "By request.")
    repository.settle()
    return service, job


def test_the_jobs_of_an_erased_service_are_told_without_its_name(
    behind: Any, erased: tuple[Pid, str]
) -> None:
    service, job = erased
    assert as_json(behind, job)["service"] == str(service)
    assert str(service) in page(behind, f"/mas/jobs/{job}")
    for path in (
        f"/mas/jobs/{job}", f"/api/jobs/{job}", f"/api/mjr/v1/{job}", "/api/jobs", "/mas",
        f"/api/jobs?service={service}", "/api/mas", "/metrics",
    ):  # fmt: skip
        for kind in ("text/html", "application/json"):
            answer = behind.web.get(path, kind)
            assert (answer.status_code, NAME in answer.text) == (200, False), path


def test_an_erased_service_asks_for_work_in_vain(behind: Any, erased: tuple[Pid, str]) -> None:
    service, _ = erased
    headers = {"authorization": f"Bearer {behind.tokens.create('boss', ('admin',))}"}
    answer = behind.web.request("POST", f"/api/mas/{service}/jobs/lease", json={}, headers=headers)
    assert (answer.status_code, "erased" in answer.json()["detail"]) == (410, True)


@pytest.mark.parametrize("before", ["0", "-1", str(2**63), "9" * 40, "x"])
def test_a_place_in_the_list_that_cannot_be_is_refused(behind: Any, before: str) -> None:
    answer = behind.web.get(f"/api/jobs?before={before}")
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
