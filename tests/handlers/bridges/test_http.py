"""Jobs to services over HTTP, and what comes of every kind of answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fdo.errors import Unavailable
from handlers.bridges import calling
from handlers.bridges.http import Http
from handlers.bridges.outbox import Outbox
from handlers.bridges.tickets import Tickets
from handlers.mas.secrets import Secrets
from handlers.mas.store import Store
from handlers.webhooks.signing import new_secret
from tests.handlers.bridges.http_service import HttpService, Orders, Reply, nothing_found
from tests.handlers.bridges.work import SERVICE, Ledger, a_job, a_service, job_id, until

BASE = "https://repository.example"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between calls as in life, but shorter."""
    monkeypatch.setattr(calling, "FIRST_S", 0.05)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def opened(tmp_path: Path, ledger: Ledger) -> Iterator[Callable[..., Http]]:
    """Transports of one data folder; they are closed in the end."""
    made: list[Http] = []

    def open_one(allow_private: bool = True, **secrets: str) -> Http:
        one = Http(tmp_path, BASE, ledger.take, Secrets(secrets), allow_private=allow_private)
        made.append(one)
        return one

    yield open_one
    for one in made:
        one.close()


def called(url: str, **more: Any) -> Any:
    return a_service(queue="http", endpoint=url, **more)


def test_jobs_are_answered_at_once_and_signed_under_a_secret_of_the_service(
    opened: Any, ledger: Ledger, tmp_path: Path
) -> None:
    with HttpService() as service:
        http = opened()
        http.declare(called(service.url))
        http.send([a_job(number) for number in range(5)])
        until(lambda: len(ledger.recorded) == 5)
    secret = Tickets.of(tmp_path).signing_secret(str(SERVICE))
    assert all(call.signed_with(secret) for call in service.calls)
    assert not service.calls[0].signed_with(new_secret())
    until(lambda: http.waiting("naming") == 0)


def test_an_order_says_where_the_answer_goes_and_for_how_long_there_is_time(
    opened: Any, ledger: Ledger, tmp_path: Path
) -> None:
    with HttpService() as service:
        http = opened()
        http.declare(called(service.url))
        http.send([a_job(1, attempt=2, lease_s=60)])
        until(lambda: ledger.recorded)
    (order,) = service.calls[0].orders
    here = f"{BASE}/api/mas/jobs/{job_id(1)}"
    assert (order["jobId"], order["object"]["ods:specimenName"]) == (job_id(1), "N1")
    assert (order["running"], order["result"], order["failure"]) == (
        f"{here}/running", f"{here}/result", f"{here}/failure"
    )  # fmt: skip
    assert Tickets.of(tmp_path).attempt(order["ticket"], job_id(1)) == 2
    assert 0 < order["leaseSeconds"] <= 60


def test_a_service_may_name_the_secret_under_which_it_is_called(
    opened: Any, ledger: Ledger
) -> None:
    secret = new_secret()
    with HttpService() as service:
        http = opened(NAMING_KEY=secret)
        http.declare(called(service.url, webhook_secret="naming-key"))
        http.send([a_job(1)])
        until(lambda: ledger.recorded)
    assert service.calls[0].signed_with(secret)


@pytest.mark.parametrize("secrets", [{}, {"naming_key": "too short"}])
def test_without_a_good_secret_a_service_is_not_called(
    opened: Any, secrets: dict[str, str]
) -> None:
    with pytest.raises(Unavailable, match="naming-key"):
        opened(**secrets).declare(called("http://127.0.0.1:1/", webhook_secret="naming-key"))


def test_jobs_go_together_and_no_more_at_once_than_there_are_replicas(
    opened: Any, ledger: Ledger
) -> None:
    with HttpService(Reply(body=nothing_found, delay_s=0.1)) as service:
        http = opened()
        http.declare(called(service.url, micro_batch=4, replicas=2))
        http.send([a_job(number) for number in range(20)])
        until(lambda: len(ledger.recorded) == 20)
    assert max(len(call.jobs) for call in service.calls) == 4
    assert service.most_at_once <= 2
    assert sorted(job for call in service.calls for job in call.jobs) == sorted(ledger.recorded)


def test_who_accepts_is_left_in_peace(opened: Any, ledger: Ledger) -> None:
    with HttpService(Reply(202)) as service:
        http = opened()
        http.declare(called(service.url, micro_batch=1))
        http.send([a_job(1)])
        until(lambda: service.calls)
        http.send([a_job(1)])  # the same attempt
        http.send([a_job(2)])
        until(lambda: len(service.calls) == 2)
    assert [call.jobs for call in service.calls] == [[job_id(1)], [job_id(2)]]
    assert http.waiting("naming") == 2
    assert not ledger.recorded


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_who_is_busy_is_asked_again_under_the_same_name(
    opened: Any, ledger: Ledger, status: int
) -> None:
    with HttpService(Reply(status), Reply(status), Reply(body=nothing_found)) as service:
        http = opened()
        http.declare(called(service.url))
        http.send([a_job(1)])
        until(lambda: ledger.recorded)
    assert len({call.headers["webhook-id"] for call in service.calls}) == 1
    assert len(service.calls) == 3


def test_retry_after_is_heeded_and_an_attempt_without_time_left_fails(
    opened: Any, ledger: Ledger
) -> None:
    with HttpService(Reply(503, headers={"retry-after": "30"})) as service:
        http = opened()
        http.declare(called(service.url))
        http.send([a_job(1, lease_s=20)])
        until(lambda: ledger.failed)
    assert len(service.calls) == 1
    assert "503" in str(ledger.failed[job_id(1)].error)
    assert not ledger.failed[job_id(1)].final


def test_nobody_there_is_tried_again_until_somebody_is(opened: Any, ledger: Ledger) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        http = opened()
        http.declare(called(f"http://127.0.0.1:{taken.getsockname()[1]}/"))
        http.send([a_job(1, lease_s=5)])
        until(lambda: ledger.failed)
    assert "Called" in str(ledger.failed[job_id(1)].error)


def test_no_call_is_planned_so_late_that_nobody_might_come_to_make_it(
    opened: Any, ledger: Ledger
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        http = opened()
        http.declare(called(f"http://127.0.0.1:{taken.getsockname()[1]}/"))
        http.send([a_job(1, lease_s=1)])  # all of it is what a call is given at the least
        until(lambda: ledger.failed)
    assert "Called 1 times" in str(ledger.failed[job_id(1)].error)


@pytest.mark.parametrize("status", [301, 400, 404, 410, 422])
def test_who_refuses_is_not_asked_again(opened: Any, ledger: Ledger, status: int) -> None:
    with HttpService(Reply(status, headers={"location": "/elsewhere"})) as service:
        http = opened()
        http.declare(called(service.url))
        http.send([a_job(1)])
        until(lambda: ledger.failed)
    assert ledger.failed[job_id(1)].final
    assert len(service.calls) == 1


def _answers_for_another(orders: Orders) -> Any:
    return {"results": [{"jobId": job_id(99), "annotations": []}]}


@pytest.mark.parametrize(
    "lie",
    [
        b"",
        b"<html>",
        b"\xff",
        _answers_for_another,
        lambda orders: {"jobId": orders[0]["jobId"], "annotations": "many"},
        lambda orders: {"results": []},
        lambda orders: {"results": [None, 7]},
        lambda orders: [],
    ],
)
def test_a_lie_fails_the_attempt_and_touches_no_other_job(
    opened: Any, ledger: Ledger, lie: Any
) -> None:
    with HttpService(Reply(body=lie)) as service:
        http = opened()
        http.declare(called(service.url))
        http.send([a_job(1)])
        until(lambda: ledger.failed)
    assert set(ledger.failed) == {job_id(1)}
    assert not ledger.failed[job_id(1)].final
    assert not ledger.recorded


def test_an_answer_without_end_is_not_read_to_its_end(
    opened: Any, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.bridges.posting.MOST_BYTES", 1_000)
    with HttpService(Reply(body=b" " * 100_000)) as service:
        http = opened()
        http.declare(called(service.url))
        http.send([a_job(1)])
        until(lambda: ledger.failed)
    assert "1,000 bytes" in str(ledger.failed[job_id(1)].error)


def test_a_service_in_our_own_network_is_called_only_where_that_is_allowed(
    opened: Any, ledger: Ledger
) -> None:
    with HttpService() as service:
        http = opened(allow_private=False)
        http.declare(called(service.url))
        http.send([a_job(1)])
        until(lambda: ledger.failed)
    assert not service.calls
    assert "own" in str(ledger.failed[job_id(1)].error)


def test_a_slow_service_is_not_waited_for_beyond_the_lease(opened: Any, ledger: Ledger) -> None:
    with HttpService(Reply(body=nothing_found, delay_s=3)) as service:
        http = opened()
        http.declare(called(service.url))
        http.send([a_job(1, lease_s=1)])
        until(lambda: ledger.failed)
    assert "no answer within" in str(ledger.failed[job_id(1)].error)


def test_an_answer_that_the_log_could_not_take_is_brought_again(
    opened: Any, ledger: Ledger
) -> None:
    ledger.faults = [Unavailable("busy")]
    with HttpService() as service:
        http = opened()
        http.declare(called(service.url))
        http.send([a_job(1)])
        until(lambda: ledger.recorded)
    assert len(service.calls) == 1


def test_what_was_not_called_is_called_by_the_next_process(opened: Any, ledger: Ledger) -> None:
    with HttpService() as service:
        first = opened()
        first.declare(called(service.url))
        first.close()
        first.send([a_job(1)])
        opened().declare(called(service.url))
        until(lambda: ledger.recorded)
        assert len(service.calls) == 1


def test_who_asks_for_work_gets_each_job_once_and_its_time_begins_then(
    opened: Any, tmp_path: Path
) -> None:
    now = time.time() + 1
    http, outbox = opened(), Outbox(tmp_path, lambda: now)
    http.declare(a_service(queue="http"))
    http.send([a_job(number, lease_s=60) for number in range(3)])
    assert http.waiting("naming") == 3
    now += 86_400  # nobody asked for a day, and that costs no attempt
    first, second = outbox.lease(str(SERVICE), 2), outbox.lease(str(SERVICE), 2)
    assert [one.job for one in (*first, *second)] == sorted(job_id(n) for n in range(3))
    assert {one.ends for one in first} == {now + 60}
    assert outbox.lease(str(SERVICE), 2) == []
    assert outbox.waiting("naming") == 3
    now += 61
    assert outbox.waiting("naming") == 0
    http.send([a_job(1, attempt=2)])
    (again,) = outbox.lease(str(SERVICE), 9)
    assert (again.job, again.attempt) == (job_id(1), 2)
    http.send([a_job(1, attempt=1)])
    assert outbox.attempt(job_id(1)) == 2
    outbox.answered([job_id(1)])
    assert outbox.attempt(job_id(1)) is None


def test_what_was_erased_is_not_kept_on_its_way_to_a_service(opened: Any, tmp_path: Path) -> None:
    http = opened()
    http.declare(a_service(queue="http"))
    http.send([a_job(1)])
    Store(tmp_path).forget("10.5072/BBB-BBB-BBB")
    assert b"N1" in kept(tmp_path)
    Store(tmp_path).forget(a_job(1).target)
    assert b"N1" not in kept(tmp_path)
    assert Outbox(tmp_path).lease(str(SERVICE), 9) == []


def kept(folder: Path) -> bytes:
    """All bytes of the outbox on disk."""
    return b"".join(file.read_bytes() for file in folder.glob("mas-http.sqlite*"))
