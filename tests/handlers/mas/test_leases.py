"""How long an attempt may go without an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fdo.identifiers import Pid
from handlers.mas.leases import ENOUGH, LEAST_S, lease_of
from handlers.mas.services import LEASE_S, service_at
from tests.handlers.mas.story import Repository, commenting

CONTRACT = {"col:queue": "rabbitmq", "ods:timeToLive": 3_600}


@pytest.fixture
def repository(tmp_path: Path) -> Any:
    made = Repository(tmp_path)
    yield made
    made.close()


def worked(repository: Repository, service: Pid, *seconds: float) -> None:
    """Let the service take so long for one job after another."""
    for took in seconds:
        repository.specimen(int(repository.now * 1_000) % 1_000_000_007)
        repository.dispatcher.round()
        repository.now += took
        repository.work()
        repository.now += 1


def lease(repository: Repository, service: Pid) -> float:
    return lease_of(service_at(repository.log, service), repository.store)


def test_until_enough_is_known_the_default_holds(repository: Repository) -> None:
    service = repository.service("reader", commenting, CONTRACT)
    worked(repository, service, *[1.0] * (ENOUGH - 1))
    assert lease(repository, service) == LEASE_S


@pytest.mark.parametrize(
    ("took", "expected"),
    [
        ([1.0] * 10, LEAST_S),
        ([20.0] * 10, 80.0),
        ([20.0] * 9 + [100.0], 80.0),
        ([20.0] * 8 + [100.0] * 2, 400.0),
        ([2_000.0] * 5, 3_600.0),
    ],
)
def test_the_lease_follows_what_jobs_take_and_never_outlasts_their_life(
    repository: Repository, took: list[float], expected: float
) -> None:
    service = repository.service("reader", commenting, CONTRACT)
    worked(repository, service, *took)
    assert lease(repository, service) == pytest.approx(expected, rel=0.01)


def test_the_next_job_goes_out_under_it(repository: Repository) -> None:
    service = repository.service("reader", commenting, CONTRACT)
    worked(repository, service, *[20.0] * 10)
    repository.specimen(1)
    repository.dispatcher.round()
    assert repository.queue.sent[-1].lease_s == pytest.approx(80.0, rel=0.01)


@pytest.mark.parametrize("more", [{"col:leaseSeconds": 7}, {"col:queue": "nats"}])
def test_what_is_said_or_kept_by_our_own_workers_is_not_measured(
    repository: Repository, more: dict[str, Any]
) -> None:
    service = repository.service("reader", commenting, {**CONTRACT, **more})
    worked(repository, service, *[20.0] * 10)
    assert lease(repository, service) == more.get("col:leaseSeconds", LEASE_S)
