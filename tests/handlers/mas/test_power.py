"""The power fails at every step, and at every time that step is taken; the file of jobs goes with
it or stays; services lose what they hold. In the end every job is done, and none twice."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.mas.dispatch import Step
from handlers.mas.results import Result
from handlers.mas.store import Store
from handlers.mas.tables import FILE
from tests.handlers.mas.story import Repository, commenting

OBJECTS = 5
LONGEST_STORY = 300
STEPS: tuple[Step, ...] = ("scheduled", "lapsed", "sent", "noted")


class PowerCut(BaseException):
    """Nothing of the program runs on after it."""


class Cutting:
    """Cuts the power when a step is passed for the nth time."""

    def __init__(self, step: Step, at: int) -> None:
        self.step, self.left = step, at
        self.cut = False

    def __call__(self, step: Step) -> None:
        if step == self.step:
            self.left -= 1
            if self.left == 0:
                self.cut = True
                raise PowerCut


def begun(folder: Path) -> Repository:
    """A repository in which there is something to do, of every kind."""
    repository = Repository(folder, in_flight=2)
    repository.service("reader", commenting, form={"col:maxAttempts": 99, "col:leaseSeconds": 10})
    turns = Counter[str]()

    def stumbling(work: dict[str, str]) -> Result | None:
        turns[work["jobId"]] += 1
        if turns[work["jobId"]] == 1:
            return Result(work["jobId"], error="Once.")
        return None if turns[work["jobId"]] == 2 else Result(work["jobId"])

    repository.service(
        "stumbler",
        stumbling,
        form={"col:maxAttempts": 99, "col:leaseSeconds": 10, "col:microBatch": 1},
    )
    for number in range(OBJECTS):
        repository.specimen(number)
    return repository


def restarted(repository: Repository, *, forgetting: bool) -> None:
    """As after a cut: what was in memory is gone, and the file of jobs perhaps too."""
    repository.store.close()
    repository.dispatcher.results.store.close()
    if forgetting:
        for file in repository.folder.glob(f"{FILE}*"):
            file.unlink()
    repository.store = Store(repository.folder)
    repository.dispatcher = repository.dispatching()


def finished(repository: Repository) -> None:
    """Go on until everything is done."""
    for _ in range(LONGEST_STORY):
        busy = repository.dispatcher.round()
        busy |= bool(repository.work())
        if not busy:
            if set(repository.states_of_jobs()) == {"completed"}:
                return
            repository.now += 600
    raise AssertionError(f"It never came to an end: {repository.states_of_jobs()}")


def must_be_whole(repository: Repository) -> None:
    """Nothing is lost, nothing is there twice."""
    assert repository.states_of_jobs() == {"completed": 2 * OBJECTS}
    said = [one["oa:hasBody"][0]["rdf:value"] for one in repository.annotations()]
    assert len(said) == len(set(said)) == OBJECTS
    ended, begun_ = Counter[str](), Counter[str]()
    for event in repository.log.read(0, 100_000):
        for job in event.detail.get("jobs", ()) if event.operational else ():
            ended[job["id"]] += event.what == "JobsCompleted"
            begun_[job["id"]] += event.what == "JobsScheduled"
    assert set(ended.values()) == set(begun_.values()) == {1}
    assert len(ended) == 2 * OBJECTS


@pytest.mark.parametrize("forgetting", [False, True], ids=["kept", "deleted"])
@pytest.mark.parametrize("step", STEPS)
def test_the_power_may_fail_at_every_step(tmp_path: Path, step: Step, forgetting: bool) -> None:
    at = 0
    cutting = Cutting(step, 1)
    while at == 0 or cutting.cut:
        at += 1
        folder = tmp_path / str(at)
        folder.mkdir()
        repository = begun(folder)
        cutting = Cutting(step, at)
        repository.dispatcher = repository.dispatching(cutting)
        try:
            finished(repository)
        except PowerCut:
            restarted(repository, forgetting=forgetting)
            finished(repository)
        must_be_whole(repository)
        repository.close()
    assert at > 1  # the step was passed at least once


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_whatever_fails_and_however_often(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = random.Random(seed)
    repository = begun(tmp_path_factory.mktemp("chaos"))
    for _ in range(12):
        step = chance.choice(STEPS)
        repository.dispatcher = repository.dispatching(Cutting(step, chance.randint(1, 4)))
        try:
            for _ in range(4):
                repository.dispatcher.round()
                if chance.random() < 0.3:  # services die with what they hold
                    repository.queue.jobs.clear()
                repository.work()
                repository.now += chance.choice([0, 0, 1, 11])
        except PowerCut:
            restarted(repository, forgetting=chance.random() < 0.3)
    restarted(repository, forgetting=False)
    finished(repository)
    must_be_whole(repository)
    repository.close()
