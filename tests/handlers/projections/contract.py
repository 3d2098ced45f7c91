"""What every projection keeps, whatever its view: inherit, and say how to open and to look.

class TestSearchIndex(ProjectionContract):
    def open(self, folder): return SearchIndex(folder / "view.sqlite")
    def seen(self, projection, folder): return everything the view says
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import pytest

from eventstore.envelope import Recorded
from eventstore.follower import Projection, follow_once
from tests.handlers.projections.story import Repository, a_story


class PowerFailure(BaseException):
    """The process ends between two lines."""


class ProjectionContract(ABC):
    """Replay twice equals once; rebuild equals live; a crash between resumes."""

    @abstractmethod
    def open(self, folder: Path) -> Projection:
        """The projection with its view in a folder, empty or as it was left."""

    @abstractmethod
    def seen(self, projection: Projection, folder: Path) -> Any:
        """All that the view says, comparable, the same for the same facts."""

    @pytest.fixture
    def told(self, tmp_path: Path) -> Repository:
        """A repository in which something of everything happened."""
        return a_story(tmp_path / "log")

    @pytest.fixture
    def live(self, told: Repository, tmp_path: Path) -> Any:
        """What the view says when each fact came alone."""
        return self._after_each(told, tmp_path / "live")

    def _after_each(self, told: Repository, folder: Path) -> Any:
        projection = self.open(folder)
        for event in told.events():
            projection.apply([event], told.log)
        try:
            return self.seen(projection, folder)
        finally:
            projection.close()

    def test_a_new_view_stands_at_zero(self, tmp_path: Path):
        projection = self.open(tmp_path)
        assert projection.position() == 0
        projection.close()

    def test_the_view_keeps_the_position_of_the_last_fact(self, told: Repository, tmp_path: Path):
        projection = self.open(tmp_path)
        projection.apply(told.events(), told.log)
        assert projection.position() == told.log.position()
        projection.close()

    def test_replay_twice_equals_once(self, told: Repository, live: Any, tmp_path: Path):
        projection = self.open(tmp_path)
        projection.apply(told.events(), told.log)
        projection.apply(told.events(), told.log)
        for event in told.events():
            projection.apply([event], told.log)
        assert self.seen(projection, tmp_path) == live
        assert projection.position() == told.log.position()
        projection.close()

    @pytest.mark.parametrize("size", [1, 4, 7, 1000])
    def test_sections_of_any_size_give_the_same_view(
        self, told: Repository, live: Any, tmp_path: Path, size: int
    ):
        projection = self.open(tmp_path)
        while follow_once(told.log, [projection], size):
            pass
        assert self.seen(projection, tmp_path) == live
        projection.close()

    def test_overlapping_sections_are_passed_over(
        self, told: Repository, live: Any, tmp_path: Path
    ):
        projection = self.open(tmp_path)
        events = told.events()
        for start in range(0, len(events), 3):
            projection.apply(events[max(0, start - 5) : start + 3], told.log)
        assert self.seen(projection, tmp_path) == live
        projection.close()

    def test_rebuild_equals_live(self, told: Repository, live: Any, tmp_path: Path):
        projection = self.open(tmp_path)
        projection.apply(told.events(), told.log)
        projection.clear()
        assert projection.position() == 0
        projection.apply(told.events(), told.log)
        assert self.seen(projection, tmp_path) == live
        projection.close()

    def test_a_view_that_is_opened_again_goes_on(self, told: Repository, live: Any, tmp_path: Path):
        for event in told.events():
            projection = self.open(tmp_path)
            projection.apply([event], told.log)
            projection.close()
        projection = self.open(tmp_path)
        assert projection.position() == told.log.position()
        assert self.seen(projection, tmp_path) == live
        projection.close()

    def test_a_crash_inside_a_section_leaves_the_view_before_it_and_it_resumes(
        self, told: Repository, live: Any, tmp_path: Path
    ):
        projection = self.open(tmp_path)
        events = told.events()
        projection.apply(events[:5], told.log)
        before = self.seen(projection, tmp_path)
        for broken in range(5, len(events)):
            section = [*events[5:broken], _Unreadable.like(events[broken])]
            with pytest.raises(PowerFailure):
                projection.apply(section, told.log)
            assert projection.position() == events[4].position
            assert self.seen(projection, tmp_path) == before
        projection.close()
        projection = self.open(tmp_path)
        projection.apply(told.events(), told.log)
        assert self.seen(projection, tmp_path) == live
        projection.close()


class _Unreadable(Recorded):
    """An event at which the process ends as soon as somebody looks into it."""

    @classmethod
    def like(cls, event: Recorded) -> _Unreadable:
        return cls(*(getattr(event, name) for name in Recorded.__dataclass_fields__))

    @property
    def operational(self) -> bool:
        raise PowerFailure

    @property
    def type(self) -> str:
        raise PowerFailure

    @property
    def what(self) -> str:
        raise PowerFailure
