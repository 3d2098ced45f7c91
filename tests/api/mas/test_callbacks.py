"""Where services over HTTP bring their answers, and where they ask for work."""

from __future__ import annotations

import time
from typing import Any

import pytest

from fdo.identifiers import Pid
from handlers.bridges.http import Http
from handlers.bridges.tickets import Tickets
from handlers.mas.secrets import Secrets
from tests.api.conftest import BASE
from tests.handlers.mas.story import comment


@pytest.fixture
def asking(behind: Any) -> Pid:
    """A service that asks for its work, and two jobs that wait for it."""
    repository = behind.repository
    repository.now = time.time()
    repository.queue = Http(repository.folder, BASE, repository.results.take, Secrets({}))
    service: Pid = repository.service("reader", form={"col:queue": "http"})
    for number in (1, 2):
        repository.specimen(number)
    repository.dispatcher.round()
    return service


def leased(behind: Any, service: Pid, **asked: Any) -> list[dict[str, Any]]:
    """Work for a service, asked for with its own token."""
    text = behind.tokens.create(f"reader-{time.monotonic_ns()}", ("agent",), service=str(service))
    answer = behind.web.request(
        "POST", f"/api/mas/{service}/jobs/lease", json=asked, headers=bearer(text)
    )
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["jobs"]
    return found


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def post(behind: Any, order: dict[str, Any], what: str, said: Any = None, **more: Any) -> Any:
    """Bring something to one of the addresses of an order."""
    headers = more.pop("headers", bearer(order["ticket"]))
    path = order[what].removeprefix(BASE)
    return behind.web.request("POST", path, json=said, headers=headers, **more)


def test_work_is_asked_for_answered_and_recorded(behind: Any, asking: Pid) -> None:
    first, second = leased(behind, asking, count=5)
    assert first["object"]["ods:specimenName"] == "Abies alba"
    assert leased(behind, asking, count=5) == []
    assert behind.repository.store.job(first["jobId"]).state == "running"
    answer = post(behind, first, "result", {"annotations": [comment(first)]})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "recorded")
    (created,) = answer.json()["created"]
    (stored,) = behind.repository.annotations()
    assert (stored["@id"], stored["ods:jobID"]) == (
        Pid.parse(created).iri, Pid.parse(first["jobId"]).iri
    )  # fmt: skip
    assert stored["dcterms:creator"][0]["@id"] == asking.iri
    assert post(behind, second, "result", {"annotations": []}).json()["outcome"] == "recorded"
    assert set(behind.repository.states().values()) == {"completed"}


def test_an_answer_that_is_sent_twice_counts_once(behind: Any, asking: Pid) -> None:
    order = leased(behind, asking)[0]
    said = {"annotations": [comment(order)]}
    post(behind, order, "result", said)
    assert post(behind, order, "result", said).json()["outcome"] == "late"
    assert len(behind.repository.annotations()) == 1


def test_a_failure_fails_its_attempt_and_not_the_next(behind: Any, asking: Pid) -> None:
    repository = behind.repository
    order = leased(behind, asking)[0]
    failed = post(behind, order, "failure", {"errorMessage": "out of ink"})
    assert failed.json()["outcome"] == "failed"
    assert repository.store.job(order["jobId"]).error == "out of ink"
    repository.now += 60
    repository.settle()
    again = next(o for o in leased(behind, asking, count=5) if o["jobId"] == order["jobId"])
    late = post(behind, order, "failure", {"errorMessage": "out of ink, once more"})
    assert late.json()["outcome"] == "late"
    assert repository.store.job(order["jobId"]).state == "running"
    answer = post(behind, order, "result", {"annotations": []})
    assert answer.json()["outcome"] == "recorded", "the work is the same, whichever attempt did it"
    assert post(behind, again, "result", {"annotations": []}).json()["outcome"] == "late"


def test_whoever_has_no_ticket_of_the_job_changes_nothing(behind: Any, asking: Pid) -> None:
    one, other = leased(behind, asking, count=2)
    forged = Tickets(b"another key").issued(one["jobId"], 1)
    admin = behind.tokens.create("boss", ("admin",))
    for headers, status in [
        ({}, 401),
        ({"authorization": "Basic abc"}, 401),
        (bearer("mas_1_"), 403),
        (bearer(forged), 403),
        (bearer(other["ticket"]), 403),
        (bearer(admin), 403),
    ]:
        for what in ("result", "failure", "running"):
            answer = post(behind, one, what, {"annotations": []}, headers=headers)
            assert answer.status_code == status
    assert behind.repository.store.job(one["jobId"]).state == "running"


@pytest.mark.parametrize(
    "said",
    [
        [],
        "text",
        {},
        {"annotations": {}},
        {"annotations": [1]},
        {"annotations": [], "jobId": "20.5000.5072/AAA-AAA-AAA"},
        {"annotations": [], "jobId": 7},
    ],
)
def test_what_is_no_answer_is_refused_and_the_job_goes_on(
    behind: Any, asking: Pid, said: Any
) -> None:
    order = leased(behind, asking)[0]
    answer = post(behind, order, "result", said)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert behind.repository.store.job(order["jobId"]).state == "running"


def test_bytes_that_are_not_json_are_refused(behind: Any, asking: Pid) -> None:
    order = leased(behind, asking)[0]
    for content in (b"\xff", b"{", b"[" * 100_000):
        answer = behind.web.request(
            "POST", order["result"].removeprefix(BASE), content=content,
            headers=bearer(order["ticket"]),
        )  # fmt: skip
        assert answer.status_code == 422


def test_an_answer_may_be_larger_than_other_bodies(behind: Any, asking: Pid) -> None:
    order = leased(behind, asking)[0]
    said = {"annotations": [], "meta": {"log": "x" * 2_000_000}}
    assert post(behind, order, "result", said).json()["outcome"] == "recorded"


def test_a_service_that_is_called_says_that_it_works(behind: Any, asking: Pid) -> None:
    order = leased(behind, asking)[0]
    assert post(behind, order, "running").status_code == 204
    assert behind.repository.facts(asking).count("JobsStarted") == 1


@pytest.mark.parametrize(
    "asked", [{"count": 0}, {"count": 101}, {"wait_s": 31}, {"wait_s": -1}, {"more": 1}]
)
def test_who_asks_for_too_much_is_told_the_limit(
    behind: Any, asking: Pid, asked: dict[str, Any]
) -> None:
    token = behind.tokens.create("reader", ("agent",), service=str(asking))
    answer = behind.web.request(
        "POST", f"/api/mas/{asking}/jobs/lease", json=asked, headers=bearer(token)
    )
    assert answer.status_code == 422


def test_a_token_takes_work_for_its_own_service_only(behind: Any, asking: Pid) -> None:
    other = behind.repository.service(
        "other", form={"col:queue": "http", "col:trigger": ["request"]}
    )
    by_post = behind.repository.service(
        "called",
        form={"col:queue": "http", "col:endpoint": "https://example.org/jobs",
           "col:trigger": ["request"]},
    )  # fmt: skip
    gone = behind.repository.service("gone", form={"col:queue": "http", "col:trigger": ["request"]})
    behind.repository.registration.retire(gone, "It was of no use.")
    wrong = behind.tokens.create("wrong", ("agent",), service=str(other))
    plain = behind.tokens.create("plain", ("agent",))
    called = behind.tokens.create("called", ("agent",), service=str(by_post))
    admin = behind.tokens.create("boss", ("admin",))
    unknown = Pid(asking.prefix, "AAA-AAA-AAA")
    for service, token, status in [
        (asking, wrong, 403),
        (asking, plain, 403),
        (by_post, called, 409),
        (unknown, admin, 404),
        (gone, admin, 409),
        (asking, admin, 200),
    ]:
        path = f"/api/mas/{service}/jobs/lease"
        answer = behind.web.request("POST", path, json={}, headers=bearer(token))
        assert answer.status_code == status, answer.text


def test_who_waits_for_work_gets_it_as_soon_as_there_is_some(behind: Any, asking: Pid) -> None:
    leased(behind, asking, count=5)
    before = time.monotonic()
    assert leased(behind, asking, wait_s=0.4) == []
    assert 0.4 <= time.monotonic() - before < 10
    behind.repository.specimen(3)
    behind.repository.dispatcher.round()
    before = time.monotonic()
    assert len(leased(behind, asking, wait_s=20)) == 1
    assert time.monotonic() - before < 10
