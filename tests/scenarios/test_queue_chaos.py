"""Whatever is killed, and whenever: each job ends once, each annotation stands once."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.scenarios.chaos import JOBS, Theatre, assert_each_once
from tests.scenarios.program import until

AFTER, POISONED = 100, 0
"""First plants: without the one that kills its workers, and with it."""

pytestmark = [
    pytest.mark.slow,
    # the grandchildren to be killed have no names but in /proc, which Linux alone has
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="/proc is of Linux alone"),
]


@pytest.mark.parametrize(
    ("first", "deeds"),
    [
        pytest.param(POISONED, ["kill_worker", "kill_watcher", "kill_worker"], id="workers"),
        pytest.param(AFTER, ["kill_broker", "lose_store", "kill_broker"], id="broker"),
        pytest.param(AFTER, ["kill_dispatcher"] * 3, id="dispatcher"),
        pytest.param(AFTER, ["kill_server", "kill_server"], id="server"),
        pytest.param(
            AFTER, ["kill_worker", "kill_broker", "kill_dispatcher", "kill_server"], id="each"
        ),
    ],
)
def test_whatever_is_killed_nothing_is_lost_and_nothing_doubled(
    tmp_path: Path, first: int, deeds: list[str]
) -> None:
    chance, before = random.Random(20261122), list[int]()
    theatre = Theatre(tmp_path, first)
    try:
        until(lambda: theatre.ended() > 0, 60)
        for deed in chance.sample(deeds, len(deeds)):
            time.sleep(chance.uniform(0.1, 0.4))
            before.append(theatre.ended())
            getattr(theatre, deed)()
        assert min(before) < JOBS * 3 / 4, "the work was over before anything was killed"
        until(lambda: theatre.ended() == JOBS, 120)
    finally:
        theatre.close()
    assert_each_once(theatre.data, dead=int(first == POISONED))
