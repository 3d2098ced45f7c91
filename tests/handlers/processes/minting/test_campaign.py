"""The campaign: a real process is killed at every step, under every fault of the double.

What must hold afterwards: each object that bears a DOI has exactly one findable DOI, none is lost,
none is doubled, each was confirmed once, and no window of the journal holds more than the limit.

Each life begins with new objects, so the step at which it is to end is passed whatever was left to
it: the log has something to follow, DataCite something to be sent, and of three requests at most
one meets the fault.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from api.datacite_double import Limits, Plan, Rule
from fdo.identifiers import Pid
from handlers.processes.minting.asking import request_version
from handlers.processes.minting.minter import Step
from tests.api.conftest import CURATOR
from tests.api.documents import a_specimen
from tests.handlers.processes.minting.mortal import FASTER, mint
from tests.handlers.processes.minting.story import BASE, a_story
from tests.handlers.processes.minting.test_power_cuts import FAULTS, told

LIMIT, WINDOW_S = 40, 300.0 / FASTER
PER_ROUND = 6
EVERY = 3
"""Of so many requests one meets the fault."""
STEPS = get_args(Step)


@pytest.fixture(scope="module")
def nursery() -> multiprocessing.context.ForkServerContext:
    """Where processes are born quickly, with nothing of this one in them."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.handlers.processes.minting.mortal"])
    return context


@pytest.mark.parametrize("fault", FAULTS)
def test_killed_at_every_step_nothing_is_lost_and_nothing_doubled(
    tmp_path: Path, nursery: multiprocessing.context.ForkServerContext, fault: str
) -> None:
    met = FAULTS[fault]
    plan = Plan([Rule(met, every=EVERY, times=12)] if met else [])
    limits = Limits(authenticated=LIMIT, window_s=WINDOW_S)
    with a_story(tmp_path, plan, limits=limits, per_window=LIMIT) as story:
        pids: list[Pid] = []
        deaths: list[int | None] = []

        def live(step: str) -> None:
            account = story.double.account
            process = nursery.Process(
                target=mint,
                args=(story.folder, story.double.url, (account.username, account.password), BASE,
                      LIMIT, story.now, step),
            )  # fmt: skip
            process.start()
            process.join(60)
            deaths.append(process.exitcode)

        for number, step in enumerate(STEPS):
            pids += [
                story.repository.register("specimen", a_specimen(f"C-{number}-{each}"))
                for each in range(PER_ROUND)
            ]
            request_version(story.objects, pids[-1], 1, CURATOR)
            live(step)
        while time.time() < story.now + 60 and story.double.store.states() != _all(pids):
            live("")  # ends when what is left is tried again much later
        live("")

        assert deaths[: len(STEPS)] == [-signal.SIGKILL] * len(STEPS)
        assert {*deaths[len(STEPS) :]} == {0}
        assert story.double.store.states() == _all(pids)
        versions = [f"{pid}/1" for pid in pids[PER_ROUND - 1 :: PER_ROUND]]
        wanted = dict.fromkeys([*map(str, pids), *versions], "findable")
        assert {doi: story.state(doi) for doi in wanted} == wanted
        assert told(story.log.read(0, 1_000)) == {doi: ["findable"] for doi in wanted}
        lines = story.double.journal()
        drawn = Counter(line.fault for line in lines if line.fault)
        if met:  # each DOI is asked for once at least
            assert [*drawn] == [met.kind] and drawn[met.kind] >= len(wanted) // EVERY
        else:
            assert not drawn
        assert [line for line in lines if line.status == 429 and not line.fault] == []
        times = [line.at for line in lines]
        assert max(sum(at <= one < at + WINDOW_S for one in times) for at in times) <= LIMIT
        assert max(Counter(line.path for line in lines if line.effect == "created").values()) == 1


def _all(pids: list[Pid]) -> dict[str, int]:
    return {"findable": len(pids) + len(pids) // PER_ROUND}
