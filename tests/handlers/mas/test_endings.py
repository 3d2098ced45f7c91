"""How long a job is tried: attempts, pauses between them, and its time to live."""

from __future__ import annotations

from typing import Any

import pytest

from handlers.mas.endings import LONGEST_S, pause
from handlers.mas.results import Result
from tests.handlers.mas.story import Repository

FORM = {"ods:timeToLive": 3_600, "col:maxAttempts": 99, "col:leaseSeconds": 60}


def failing(work: dict[str, Any]) -> Result:
    return Result(work["jobId"], error="No light.")


@pytest.mark.parametrize("silent", [False, True])
def test_a_job_outlives_its_attempts_but_not_its_time(repository: Repository, silent: bool) -> None:
    """Counted from the first hand-over, so that one that waits for its turn loses none of it."""
    repository.service(form=FORM)
    specimen = str(repository.specimen(1))
    repository.queue.down = True
    repository.settle()
    repository.now += 10_000
    repository.queue.down = False

    def tried() -> None:
        repository.settle()
        if silent:
            repository.queue.drain("reader")
            repository.now += 61
            repository.settle()

    if not silent:
        repository.answering["reader"] = failing
    tried()
    assert repository.states() == {specimen: "failed"}
    repository.now += 3_400
    tried()
    assert repository.states() == {specimen: "failed"}
    repository.now += 250
    tried()
    (row,) = repository.store.page()
    assert (row.state, row.attempt) == ("dead", 3)
    assert row.error.endswith(" Its time to live of 3600 s is over.")
    repository.now += 10_000
    repository.settle()
    assert len(repository.queue.sent) == 3, "it is not tried again"


def test_pauses_grow_and_have_an_end() -> None:
    assert [pause(tries) for tries in (1, 2, 3)] == [5.0, 15.0, 45.0]
    assert pause(100) == LONGEST_S
