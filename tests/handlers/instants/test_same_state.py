"""One state has one name for those who ask on behalf of others, in whatever words."""

from __future__ import annotations

from pathlib import Path

from eventstore.instant import Instant
from fdo.lifecycle import Revise
from tests.handlers.instants.history import LAST, History


def test_a_bound_by_observed_time_that_leaves_nothing_out_is_none(tmp_path: Path) -> None:
    told = History(tmp_path)
    told.register(1, "Abies", observed_at=5)
    told.register(2, "Abies", observed_at=7)
    told.do(1, Revise(told.stamp(1, "Picea", 2)), observed_at=9)
    told.project()
    instants = told.instants()
    for bound in (7, 8, 9, LAST):
        assert instants.plain(Instant(2, bound)) == Instant(2)
        assert told.truth(Instant(2, bound)) == told.truth(Instant(2))
    for instant in (Instant(2), Instant(2, 6), Instant(3, 8)):
        assert instants.plain(instant) == instant
    told.close()
