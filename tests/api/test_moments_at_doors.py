"""One meaning of a moment at all doors: empty is not given, twice is refused, the future is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.moments import event_as_of, history_as_of, instant_of
from eventstore.follower import follow_once
from handlers.projections.annotations import Annotations, AnnotationsIndex
from tests.api.conftest import Browser, Repository
from tests.api.test_time import Told, followed

DOORS = (
    "/api/search?country=Kenya",
    "/api/statistics?by=country",
    "/api/time/changed?term=country",
    "/api/time/busiest?by=term",
    "/api/time/held?term=country&value=Kenya",
    "/api/annotations?limit=5",
    "/api/annotations/statistics?by=service",
    "/annotations/?page=0",
)


@pytest.fixture
def told(repository: Repository) -> Told:
    """A small history."""
    return Told(repository)


@pytest.fixture
def web(told: Told) -> Browser:
    """All views of it behind the doors."""
    views = followed(told.repository)
    file = told.repository.folder / "annotations.sqlite"
    index = AnnotationsIndex(file)
    while follow_once(told.repository.objects.log, [index]):
        pass
    index.close()
    views = replace(views, annotations=Annotations(file))
    return Browser(told.repository.app(views=views))


def _doors(told: Told) -> list[str]:
    objects = [f"/{told.oak}{part}?format=json" for part in ("", "/record", "/conformance")]
    return [*objects, f"/{told.oak}/1?format=json", f"/api/handles/{told.oak}?pretty=1", *DOORS]


def test_a_moment_that_is_left_empty_is_none(told: Told, web: Browser) -> None:
    for door in _doors(told):
        plain, empty = web.get(door), web.get(f"{door}&as-of=")
        assert (plain.status_code, empty.status_code) == (200, 200), door
        assert empty.content == plain.content, door
        if "annotations" not in door:
            assert web.get(f"{door}&as-of=&observed-at=").content == plain.content, door
    compared = [web.get(f"/{told.oak}/diff?{ends}").content for ends in ("", "from=&to=")]
    assert compared[0] == compared[1]


def test_a_moment_is_given_once(told: Told, web: Browser) -> None:
    for door in _doors(told):
        twice = web.get(f"{door}&as-of=1&as-of=2")
        assert twice.status_code == 400 and "twice" in twice.text, door


def test_the_future_is_refused_at_all_doors(told: Told, web: Browser) -> None:
    for door in _doors(told):
        assert web.get(f"{door}&as-of=99999").status_code == 400, door
        assert web.get(f"{door}&as-of=2999-01-01").status_code == 400, door


def test_commands_take_an_empty_moment_for_none_too(told: Told) -> None:
    objects = told.repository.objects
    assert instant_of("", "", objects) == instant_of(None, None, objects)
    assert event_as_of("", "", told.oak, objects) == objects.log.latest(told.oak)
    assert history_as_of("", told.oak, objects) == objects.log.life(told.oak)
