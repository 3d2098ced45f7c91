"""The power fails at any step, under any fault, in any life: each DOI ends as the log wants it,
told once, and the requests stay few."""

from __future__ import annotations

import contextlib
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.datacite_double import Fault, Plan, Rule
from eventstore.envelope import Recorded
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.lifecycle import Restore, Status, stamped
from handlers.processes.minting.asking import request_version
from handlers.processes.minting.minter import Step
from tests.api.conftest import CURATOR
from tests.api.documents import a_specimen
from tests.handlers.processes.minting.story import PowerCut, Story, a_story

FAULTS: dict[str, Fault | None] = {
    "none": None,
    "429": Fault("status", status=429, retry_after=30),
    "500": Fault("status", status=500),
    "503 after": Fault("status-after", status=503),
    "reset before": Fault("reset-before"),
    "reset after": Fault("reset-after"),
    "truncated": Fault("truncated"),
    "slow": Fault("slow", seconds=0.05),
    "late handle": Fault("late-handle", seconds=0.1),
}


class Cut:
    """Ends the process when it passes a step for the nth time."""

    def __init__(self, step: str, nth: int = 1) -> None:
        self.step, self.left = step, nth

    def __call__(self, step: Step) -> None:
        self.left -= step == self.step
        if self.left == 0 and step == self.step:
            raise PowerCut


def cut_off(story: Story, at: Cut) -> bool:
    """Mint until the power fails; whether it did."""
    process = story.minter(passing=at)
    try:
        story.drive(process)
    except PowerCut:
        process._pool.shutdown()  # what is on its way arrives there, and nobody here notes it
        process.outbox.close()
        return True
    process.close()
    return False


def alternating(states: list[str]) -> bool:
    """Whether no state is told twice in a row."""
    return all(one != other for one, other in pairwise(states))


def told(events: list[Recorded]) -> dict[str, list[str]]:
    """DOI → the states that the log was told of, in order."""
    found: dict[str, list[str]] = {}
    for event in events:
        if event.what == "PidConfirmed":
            found.setdefault(event.detail["doi"], []).append(event.detail["state"])
    return found


@pytest.mark.parametrize("step", get_args(Step))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_cut_at_any_step_under_any_fault_loses_and_doubles_nothing(
    tmp_path: Path, step: str, fault: str
) -> None:
    met = FAULTS[fault]
    plan = Plan([Rule(met, every=2, times=4)] if met else [])
    with a_story(tmp_path, plan) as story:
        pids = [story.repository.register("specimen", a_specimen(f"T-{n}")) for n in range(3)]
        request_version(story.objects, pids[0], 1, CURATOR)
        assert cut_off(story, Cut(step))
        cut_off(story, Cut(step, 2))
        story.mint()
        wanted = [*map(str, pids), f"{pids[0]}/1"]
        assert {doi: story.state(doi) for doi in wanted} == dict.fromkeys(wanted, "findable")
        assert story.double.store.states() == {"findable": 4}
        assert told(story.log.read(0, 1_000)) == {doi: ["findable"] for doi in wanted}
        asked = Counter(path for path, status in story.sent if status in (200, 201))
        assert max(asked.values()) <= 2 + 2 + 1, asked  # two cuts, faults after the deed, a version


DEEDS = ("register", "revise", "withdraw", "restore", "withhold", "ask", "mint", "cut", "lose")
LIVES = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(0, 2), st.sampled_from(get_args(Step))),
    max_size=14,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(life=LIVES, fault=st.sampled_from(sorted(FAULTS)), seed=st.integers(0, 99))
def test_whatever_happens_each_doi_ends_as_the_log_wants_it(
    tmp_path_factory: Any, life: list[tuple[str, int, str]], fault: str, seed: int
) -> None:
    met = FAULTS[fault]
    plan = Plan([Rule(met, probability=0.4, times=6)] if met else [], seed)
    with a_story(tmp_path_factory.mktemp("life"), plan) as story:
        pids: list[Pid] = []
        for number, (deed, which, step) in enumerate(life):
            _do(story, pids, deed, which, step, number)
        story.double.break_by(Plan())
        story.mint()
        wanted = _wanted(story, pids)
        assert {doi: story.state(doi) for doi in wanted} == wanted
        assert sum(story.double.store.states().values()) == len(wanted)
        confirmed = told(story.log.read(0, 1_000))
        assert {doi: states[-1] for doi, states in confirmed.items()} == wanted
        assert all(alternating(states) for states in confirmed.values()), confirmed


def _do(story: Story, pids: list[Pid], deed: str, which: int, step: str, number: int) -> None:
    if deed == "register":
        pids.append(story.repository.register("specimen", a_specimen(f"L-{number}")))
    elif deed == "mint":
        story.mint()
    elif deed == "cut":
        cut_off(story, Cut(step))
    elif deed == "lose":
        for file in story.folder.glob("minting.sqlite*"):
            file.unlink()
    elif pids:
        pid = pids[which % len(pids)]
        with contextlib.suppress(CollectomeError):  # what its state forbids is no deed
            _change(story, pid, deed, number)


def _change(story: Story, pid: Pid, deed: str, number: int) -> None:
    head = story.log.head(pid)
    if deed == "revise":
        story.repository.revise(pid, a_specimen("L", **{"ods:specimenName": f"Rosa {number}"}))
    elif deed == "withdraw":
        story.repository.tombstone(pid, "Lost.")
    elif deed == "restore":
        modified = "2026-03-05T12:00:00.000Z"
        back = stamped(a_specimen("L"), pid, head.version + 1, modified=modified)
        story.repository.do(Restore(back), pid)
    elif deed == "withhold":
        story.repository.withhold(pid, "No licence.")
    else:
        request_version(story.objects, pid, 1, CURATOR)


def _wanted(story: Story, pids: list[Pid]) -> dict[str, str]:
    """DOI → its state, by the rules of the issue and without the code under test."""
    found: dict[str, str] = {}
    for pid in pids:
        status = story.log.head(pid).status
        found[str(pid)] = "registered" if status is Status.TOMBSTONE else "findable"
        if any(event.what == "VersionDoiRequested" for event in story.log.history(pid)):
            found[f"{pid}/1"] = "findable" if status is Status.ACTIVE else "registered"
    return found
