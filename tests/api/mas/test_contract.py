"""The one address that services written for DiSSCo call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from api.mas import contract
from fdo.identifiers import Pid
from tests.handlers.mas.story import commenting


def running(service: Pid, job: str) -> str:
    return f"/api/mjr/v1/{service}/{job}/running"


@pytest.fixture
def handed(behind: Any) -> tuple[Pid, str]:
    """A service of the contract, and a job that it has."""
    service = behind.repository.service("reader", commenting, {"col:queue": "rabbitmq"})
    specimen = behind.repository.specimen(1)
    behind.repository.dispatcher.round()
    return service, behind.job(specimen)


def test_a_job_that_was_handed_over_runs_and_whoever_asks_again_changes_nothing(
    behind: Any, handed: tuple[Pid, str]
) -> None:
    service, job = handed
    first = behind.web.get(running(service, job))
    assert (first.status_code, first.json()) == (200, {"jobId": job, "state": "running"})
    assert first.headers["cache-control"] == "no-store"
    position = behind.repository.log.position()
    assert behind.web.get(running(service, job)).json() == first.json()
    assert behind.repository.log.position() == position
    assert behind.repository.facts(service).count("JobsStarted") == 1


def test_the_ids_may_be_written_in_small_letters(behind: Any, handed: tuple[Pid, str]) -> None:
    service, job = handed
    path = f"/api/mjr/v1/{str(service).lower()}/{job.lower()}/running"
    assert behind.web.get(path).json()["state"] == "running"


def test_who_only_looks_changes_nothing(behind: Any, handed: tuple[Pid, str]) -> None:
    service, job = handed
    assert behind.web.request("HEAD", running(service, job)).status_code == 200
    assert behind.repository.store.job(job).state == "queued"


def test_a_job_that_waits_for_its_turn_does_not_run_whoever_says_so(behind: Any) -> None:
    repository = behind.repository
    service = repository.service("reader", commenting, {"col:queue": "rabbitmq"})
    specimen = repository.specimen(1)
    repository.queue.down = True
    repository.dispatcher.round()
    job = behind.job(specimen)
    assert behind.web.get(running(service, job)).json()["state"] == "scheduled"
    assert "JobsStarted" not in repository.facts(service)


def test_few_may_wait_for_a_job_that_waits_and_the_others_are_answered_at_once(
    behind: Any, handed: tuple[Pid, str]
) -> None:
    """Nobody needs a token to ask, and each who waits keeps a thread."""
    store = behind.repository.store
    row = replace(store.job(handed[1]), state="scheduled")
    patience = contract._Patience()
    assert patience.handed_over(store, row), "it is noted by now"
    for _ in range(contract.WAITING):
        assert patience._turns.acquire(blocking=False)
    assert not patience.handed_over(store, row), "it did not look again"
    assert not patience._turns.acquire(blocking=False)


def test_a_job_that_is_done_stays_done(behind: Any, handed: tuple[Pid, str]) -> None:
    service, job = handed
    behind.repository.settle()
    assert behind.web.get(running(service, job)).json() == {"jobId": job, "state": "completed"}
    assert behind.repository.store.job(job).state == "completed"


def test_the_job_of_another_service_and_no_job_at_all_are_not_found(
    behind: Any, handed: tuple[Pid, str]
) -> None:
    service, job = handed
    other = behind.repository.service("other", form={"col:trigger": ["request"]})
    for path in (running(other, job), running(service, f"{service.prefix}/AAA-AAA-AAA")):
        answer = behind.web.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    assert behind.repository.store.job(job).state == "queued"


def test_what_is_no_handle_is_a_problem_and_no_crash(behind: Any, handed: tuple[Pid, str]) -> None:
    assert behind.web.get("/api/mjr/v1/a/b/c/d/running").status_code in (400, 404, 422)
