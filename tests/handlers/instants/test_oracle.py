"""The oracle: the store of any instant equals one that is folded from nothing."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.instant import Instant
from tests.handlers.instants.history import History, Step, bounds, histories, quads

exhaustive = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def check(history: History, asked: list[tuple[int, int | None]]) -> None:
    """Each instant asked for is what the log folds to."""
    instants = history.instants()
    for position, observed in asked:
        instant = Instant(min(position, history.log.position()), observed)
        with instants.hold_now(instant) as held:
            assert quads(held.path) == history.truth(instant), instant


@given(histories, st.lists(bounds, min_size=1, max_size=5))
@exhaustive
def test_any_instant_is_the_fold_of_the_events_inside_its_bounds(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[Step],
    asked: list[tuple[int, int | None]],
) -> None:
    history = History(tmp_path_factory.mktemp("data"))
    history.tell(steps)
    history.project()
    check(history, asked)
    history.close()
