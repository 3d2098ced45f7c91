"""DataCite's limit holds in every window, whatever is asked for and however often we restart."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.processes.minting.pace import LONGEST_S, WINDOW_S, Pace
from handlers.processes.minting.store import Outbox


class Clock:
    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


MOMENTS = st.lists(st.tuples(st.floats(0, 400), st.integers(1, 40), st.booleans()), max_size=60)


@settings(max_examples=40, deadline=None)
@given(limit=st.integers(1, 200), moments=MOMENTS)
def test_no_window_of_five_minutes_holds_more_than_the_limit(
    tmp_path_factory: object, limit: int, moments: list[tuple[float, int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("pace")  # type: ignore[attr-defined]
    clock, outbox = Clock(), Outbox(folder)
    pace, given_at = Pace(outbox, limit, clock), list[float]()
    for passed, wanted, restart in moments:
        clock.now += passed
        if restart:
            outbox.close()
            outbox = Outbox(folder)
            pace = Pace(outbox, limit, clock)
        given_at += [clock.now] * pace.take(wanted)
    outbox.close()
    for first, start in enumerate(given_at):
        assert sum(start <= at < start + WINDOW_S for at in given_at[first:]) <= limit


def test_over_a_day_most_of_the_limit_is_used(tmp_path: Path) -> None:
    clock, outbox = Clock(), Outbox(tmp_path)
    outbox.connection.execute("PRAGMA synchronous=OFF")
    pace, taken = Pace(outbox, 3_000, clock), 0
    for _ in range(24 * 360):
        clock.now += 10.0
        taken += pace.take(10_000)
    assert 0.85 < taken / (24 * 12 * 3_000) <= 1.0


def test_a_clock_that_runs_back_gives_nothing_away(tmp_path: Path) -> None:
    clock, outbox = Clock(), Outbox(tmp_path)
    pace = Pace(outbox, 100, clock)
    assert pace.take(50) == 10
    clock.now -= 3_600.0
    assert pace.take(50) == 0
    clock.now += 300.0
    assert 0 < pace.take(200) <= 100


def test_everybody_waits_as_long_as_datacite_asks(tmp_path: Path) -> None:
    clock, outbox = Clock(), Outbox(tmp_path)
    Pace(outbox, 1_000, clock).trouble("answered 429", 120.0)
    other = Pace(outbox, 1_000, clock)
    assert other.take(1) == 0 and 119 < other.wait_s() <= 120
    assert other.standing().trouble == "answered 429"
    clock.now += 121.0
    assert other.take(1) == 1 and other.wait_s() == 0
    other.well()
    assert other.standing().trouble == ""


def test_pauses_grow_while_datacite_is_away_and_end_when_it_is_back(tmp_path: Path) -> None:
    random.seed(1)
    clock, outbox = Clock(), Outbox(tmp_path)
    pace, pauses = Pace(outbox, 1_000, clock), list[float]()
    for _ in range(12):
        pace.trouble("no answer", 0.0)
        pauses.append(pace.wait_s())
        clock.now += pauses[-1] + 0.1
    assert pauses[0] < 1.3 and pauses[5] > 20 and max(pauses) <= 1.2 * LONGEST_S
    pace.well()
    pace.trouble("no answer", 0.0)
    assert pace.wait_s() < 1.3


def test_requests_that_fail_together_count_as_one_failure(tmp_path: Path) -> None:
    clock, outbox = Clock(), Outbox(tmp_path)
    pace = Pace(outbox, 1_000, clock)
    for _ in range(8):
        pace.trouble("no answer", 0.0)
    assert pace.standing().failures == 1
    assert pace.wait_s() < 1.3
