"""One meaning of `since` and `until` at every door that the description of the interface names."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from api.feeds.webhooks import Wanted, subscription
from eventstore.follower import follow_once
from fdo.identifiers import Pid
from handlers.annotations import Annotations as Hands
from handlers.projections.annotations import Annotations, AnnotationsIndex
from tests.api.annotations.reviewing import ANNA, LOCALITY, a_draft
from tests.api.conftest import CURATOR, DAY, START, Browser, Repository
from tests.api.documents import a_source, a_specimen
from tests.api.test_live import Listener
from tests.api.test_time import followed

THE_5TH, THE_6TH = "2026-03-05", "2026-03-06"
FIRST, LAST = "2026-03-05T00:00:00Z", "2026-03-05T23:59:59.999999Z"
SERIES = "/api/time/series"
CORRECTIONS = "/api/source-systems/{prefix}/{suffix}/corrections"
MORE = {CORRECTIONS: "format=ndjson", SERIES: "step=day"}
"""What a door is asked beside, so that its answers can be compared."""
LIVE = "/changes/live"
"""It answers until its client leaves, so it is asked by itself."""
FIRST_BOUNDS = ("since", "from")


class Door(NamedTuple):
    """An address that takes one of the two bounds; a series calls them `from` and `to`."""

    path: str
    parameter: str
    description: str


class House:
    """A repository in which something happens at noon of some days, the 5th of March among them."""

    def __init__(self, repository: Repository) -> None:
        self.told = told = repository
        hands = Hands(told.objects)
        self.source = told.register("source-system", a_source())
        came = {"ods:sourceSystemID": self.source.iri}
        oak = told.register("specimen", a_specimen("DH-1", **came), source=self.source)
        self.before = told.objects.log.position()
        told.now = START + 4 * DAY
        proposed = hands.propose(a_draft(oak), ANNA).required().pid
        hands.propose(a_draft(oak, "By the mill", LOCALITY), ANNA)
        assert proposed is not None
        told.now += 1_000_000
        hands.accept(proposed, CURATOR)
        told.now = START + 6 * DAY
        told.register("specimen", a_specimen("DH-2"), source=self.source)
        told.now += 60 * DAY
        self.app = told.app(views=replace(followed(told), annotations=self._annotations()))
        self.browser = Browser(self.app)

    def _annotations(self) -> Annotations:
        place = self.told.folder / "annotations.sqlite"
        index = AnnotationsIndex(place)
        while follow_once(self.told.objects.log, [index]):
            pass
        index.close()
        return Annotations(place)

    def doors(self) -> list[Door]:
        """All of them, as OpenAPI tells."""
        described: dict[str, Any] = self.browser.get("/openapi.json").json()["paths"]
        return [
            Door(path, one["name"], one.get("description", ""))
            for path, methods in described.items()
            for one in methods.get("get", {}).get("parameters", ())
            if one["name"] in (("from", "to") if path == SERIES else ("since", "until"))
        ]

    def asked(self, door: Door, moment: str | None) -> tuple[int, str]:
        """Status and text of an answer, without the moment where the text repeats it."""
        prefix, suffix = str(self.source).split("/")
        query = MORE.get(door.path, "")
        if moment is not None:
            query += f"&{door.parameter}={quote(moment, safe='')}"
        answer = self.browser.get(f"{door.path.format(prefix=prefix, suffix=suffix)}?{query}")
        text = answer.text
        for said in (quote(moment or "-", safe=""), moment or "-"):
            text = text.replace(f"{door.parameter}={said}", "")
        return answer.status_code, text


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    repository = Repository(tmp_path_factory.mktemp("house"))
    yield House(repository)
    repository.objects.close()


def test_the_doors_are_those_that_we_know(house: House) -> None:
    assert {door.path for door in house.doors()} == {
        "/changes", "/changes/events", LIVE, "/api/annotations", "/api/annotations/statistics",
        "/api/review", CORRECTIONS, "/api/time/busiest", "/api/time/changed", SERIES,
    }  # fmt: skip


def test_every_description_says_which_end_of_a_day_counts(house: House) -> None:
    for door in house.doors():
        first = door.parameter in FIRST_BOUNDS
        said = "from its start, UTC" if first else "to its end, UTC"
        assert said in door.description and "inclusive" in door.description, door


def test_a_day_belongs_to_what_is_found_whichever_bound_it_is(house: House) -> None:
    for door in house.doors():
        if door.path == LIVE:
            continue
        inside, outside = (FIRST, LAST) if door.parameter in FIRST_BOUNDS else (LAST, FIRST)
        day = house.asked(door, THE_5TH)
        assert day[0] == 200, (door, day)
        assert day == house.asked(door, inside), door
        if (door.path, door.parameter) == (SERIES, "from"):  # it begins with a whole step
            assert day == house.asked(door, outside) != house.asked(door, THE_6TH)
        else:
            assert day != house.asked(door, outside), door


def test_an_instant_belongs_to_it_too(house: House) -> None:
    log = house.told.objects.log
    recorded, after = (log.event(house.before + n).recorded_at for n in (1, 2))
    assert recorded < after
    first = house.told.objects.log.recorded_at(house.before + 1)
    rows = house.browser.get(f"/changes?since={first}&until={first}&format=json").json()["events"]
    assert [row["position"] for row in rows] == [house.before + 1]


def test_an_empty_moment_is_none(house: House) -> None:
    for door in house.doors():
        if door.path != LIVE:
            assert house.asked(door, "") == house.asked(door, None), door


@pytest.mark.parametrize(
    "moment", ["2999-01-01", "2999-01-01T00:00:00Z", "yesterday", "2026-03-32"]
)
def test_the_future_and_what_is_no_moment_are_refused_by_name(house: House, moment: str) -> None:
    for door in house.doors():
        status, text = house.asked(door, moment)
        assert (status, f'"parameter":"{door.parameter}"' in text) == (400, True), (door, text)


def test_a_day_that_has_begun_may_be_the_first(house: House) -> None:
    log, now = house.told.objects.log, house.told.now
    house.told.now = START + 8 * DAY  # noon of the 9th
    try:
        answer = house.browser.get("/changes?since=2026-03-09&format=json")
        assert answer.json()["events"] == [] and answer.json()["since"] == log.position()
        assert house.browser.get("/changes?until=2026-03-09").status_code == 400
        series = house.browser.get(f"{SERIES}?step=day&from=2026-03-09").json()
        assert [(point["label"], point["asOf"]) for point in series["points"]] == [
            ("2026-03-09", log.position())
        ]
        assert house.browser.get(f"{SERIES}?to=2026-03-09").status_code == 400
    finally:
        house.told.now = now


def test_a_stream_and_a_webhook_begin_where_the_others_do(house: House) -> None:
    async def story() -> None:
        listener = Listener(house.app, f"since={THE_5TH}")
        await listener.until(lambda: bool(listener.told))
        assert listener.told[0]["position"] == house.before + 1
        await listener.leave()

    asyncio.run(story())
    objects = house.told.objects
    for since, cursor in ((THE_5TH, house.before), ("", objects.log.position())):
        wanted = Wanted(url="http://127.0.0.1:9/", documents=False, since=since, secret=None)
        assert subscription(wanted, "anna", objects, True).cursor == cursor


def test_a_source_system_is_named_by_its_pid(house: House) -> None:
    """What the comparison above rests on: the corrections are of this one, and there is one."""
    door = next(door for door in house.doors() if door.path == CORRECTIONS)
    assert isinstance(house.source, Pid)
    assert house.asked(door, THE_5TH)[1].count("\n") == 1
    assert house.asked(door, LAST)[1] == ""
