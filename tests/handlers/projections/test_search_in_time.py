"""What is found at an instant equals what a fold of the log within its bounds says."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.envelope import Recorded
from eventstore.instant import Instant
from fdo.errors import Unavailable
from fdo.lifecycle import Note, Register, Release, Restore, Revise, Status, Tombstone, Withhold
from handlers.projections.search import Search, SearchIndex, SearchQuery
from tests.handlers.projections.story import (
    AGENT,
    MOMENT,
    OTHER_SOURCE,
    SOURCE,
    Repository,
    a_specimen,
    an_event,
)

NAMES = ("Bellis perennis L.", "Quercus robur L.", "Abies alba Mill.")
DATES = ("1907-06-12", "1950/1951", "1800/1990")

_step = st.tuples(
    st.sampled_from(["put", "put", "put", "tombstone", "withhold", "harvest"]),
    st.integers(1, 4),
    st.sampled_from(NAMES),
    st.sampled_from(["LU", "BE"]),
    st.sampled_from(DATES),
    st.integers(0, 3),
    st.sets(st.integers(1, 4)),
)

QUERIES: tuple[dict[str, list[str]], ...] = (
    {},
    {"q": ["bellis"]},
    {"name": ["quercus"], "country": ["LU"]},
    {"country": ["BE"]},
    {"date_from": ["1907"], "date_to": ["1907"]},
    {"date_from": ["1950"], "country": ["LU"]},
    {"not_seen": ["true"]},
    {"not_seen": ["false"], "q": ["abies"], "sort": ["name"]},
)


class Told:
    """A history of up to four specimens of two sources, with both clocks."""

    def __init__(self, folder: Path) -> None:
        self.told = Repository(folder / "log")
        self.told.source()
        self.told.source(OTHER_SOURCE, "Other")
        self.observed = {SOURCE: 50_000_000, OTHER_SOURCE: 10_000_000}
        self.harvests = 0

    def take(self, step: tuple[Any, ...]) -> None:
        """Do what a step says, if the object's life allows it."""
        what, number, name, country, date, wait, missed = step
        source = SOURCE if number % 2 else OTHER_SOURCE
        self.observed[source] += wait * 3_000_000
        if what == "harvest":
            self._harvest(source, [n for n in missed if (n % 2 == 1) == (source == SOURCE)])
            return
        known, _ = self.told.objects.state(self.told.pid(number))
        draft = self.told._stamped(
            a_specimen(number, ods_specimenName=name, ods_hasIdentifications=None,
                       ods_hasEvents=[an_event(country, date)]),
            self.told.pid(number),
        )  # fmt: skip
        match what, known and known.status:
            case "put", None:
                command: Any = Register(draft)
            case "put", Status.ACTIVE:
                command = Revise(draft)
            case "put", Status.TOMBSTONE:
                command = Restore(draft)
            case "put", _:
                command = Release(draft)
            case "tombstone", Status.ACTIVE | Status.PID_ONLY:
                command = Tombstone("lost", {"@type": "schema:Person"}, MOMENT)
            case "withhold", Status.ACTIVE:
                command = Withhold({"@id": self.told.pid(number).iri, "reason": "licence"})
            case _:
                return
        self.told.objects.handle(
            command, pid=self.told.pid(number), kind="specimen", by=AGENT, source=source,
            observed_at=self.observed[source],
        )  # fmt: skip

    def _harvest(self, source: Any, missed: list[int]) -> None:
        """Complete a harvest that missed some records; the others are seen again."""
        self.harvests += 1
        before = self.told.log.unseen(source)
        pids = {str(self.told.pid(n)) for n in missed}
        detail = {
            "harvest": self.harvests,
            "not_seen": sorted(pids - before.keys()),
            "seen_again": {pid: n for pid, n in before.items() if pid not in pids},
        }
        self.told.objects.handle(
            Note("HarvestCompleted", detail), pid=source, kind="source-system", by=AGENT,
            observed_at=self.observed[source],
        )  # fmt: skip


def _folded(events: list[Recorded], at: Instant) -> tuple[list[Recorded], set[str]]:
    """(the active specimens, the PIDs not seen) at an instant, from the log alone."""
    state, unseen = dict[str, Recorded](), set[str]()
    for event in events:
        late = at.observed is not None and event.observed_at > at.observed
        if event.position > at.position or late:
            continue
        if event.what == "HarvestCompleted":
            unseen |= set(event.detail["not_seen"])
            unseen -= set(event.detail["seen_again"])
        elif event.type == "specimen" and not event.operational:
            state[event.pid_text] = event
    return [e for e in state.values() if e.status is Status.ACTIVE], unseen


def _meets(event: Recorded, unseen: set[str], asked: dict[str, list[str]]) -> bool:
    """Whether a specimen is selected, by reading its document."""
    document = event.document
    place = document["ods:hasEvents"][0]["ods:hasLocation"]["dwc:countryCode"]
    first, _, last = document["ods:hasEvents"][0]["dwc:eventDate"].partition("/")
    name = document["ods:specimenName"].lower()
    return all(
        {
            "q": lambda: asked["q"][0] in name,
            "name": lambda: asked["name"][0] in name,
            "country": lambda: place in asked["country"],
            "date_from": lambda: (last or first)[:4] >= asked["date_from"][0],
            "date_to": lambda: first[:4] <= asked["date_to"][0],
            "not_seen": lambda: (event.pid_text in unseen) == (asked["not_seen"] == ["true"]),
            "sort": lambda: True,
        }[name_of]()
        for name_of in asked
    )


def _expected(events: list[Recorded], at: Instant, asked: dict[str, list[str]]) -> list[Recorded]:
    """The specimens that are selected, in the order asked for."""
    active, unseen = _folded(events, at)
    found = [event for event in active if _meets(event, unseen, asked)]
    found.sort(key=lambda event: -event.position)
    if asked.get("sort") == ["name"]:
        found.sort(key=lambda event: (event.document["ods:specimenName"], event.position))
    return found


def _pages(search: Search, query: SearchQuery, at: Instant) -> list[int]:
    """The positions of all hits, two a page."""
    page = search.find(query, limit=2, as_of=at.position, observed=at.observed)
    found, total = [hit.position for hit in page.hits], page.total
    while page.next_cursor:
        page = search.find(query, page.next_cursor, limit=2)
        found += [hit.position for hit in page.hits]
    assert total == len(found)
    return found


@given(steps=st.lists(_step, max_size=16), size=st.integers(1, 8), data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_at_every_instant_the_same_is_found_as_in_a_fold(
    steps: list[tuple[Any, ...]], size: int, data: st.DataObject
):
    with tempfile.TemporaryDirectory() as folder:
        story = Told(Path(folder))
        for step in steps:
            story.take(step)
        events = story.told.events()
        index = SearchIndex(Path(folder) / "view.sqlite")
        search = Search(Path(folder) / "view.sqlite")
        for start in range(0, len(events), size):
            index.apply(events[start : start + size], story.told.log)
        times = sorted({event.observed_at for event in events})
        for _ in range(8):
            at = Instant(
                data.draw(st.integers(0, events[-1].position)),
                data.draw(st.sampled_from([None, *times, times[0] - 1])),
            )
            for asked in QUERIES:
                query = SearchQuery.parse(asked)
                expected = _expected(events, at, asked)
                assert _pages(search, query, at) == [e.position for e in expected], (at, asked)
                facets = search.facets(
                    query, ("country",), cap=None, as_of=at.position, observed=at.observed
                )
                counts = Counter(
                    e.document["ods:hasEvents"][0]["ods:hasLocation"]["dwc:countryCode"]
                    for e in expected
                )
                assert {b.value: b.count for b in facets.counts["country"]} == counts
                if "not_seen" not in asked:  # of a series that is asked of the present
                    series = search.series("country", [0, at.position], query, at.observed)
                    assert {v: row[1] for v, row in series.items() if row[1]} == counts
        index.close()
        search.close()
        story.told.objects.close()


def test_a_long_range_is_found_by_a_question_about_a_year_within_it(tmp_path: Path):
    told = Repository(tmp_path / "log")
    told.source()
    told.register(1, a_specimen(1, ods_hasEvents=[an_event("LU", "1800/1990")]))
    told.register(2, a_specimen(2, ods_hasEvents=[an_event("LU", "1907-06-12")]))
    told.revise(1, a_specimen(1, ods_hasEvents=[an_event("LU", "1800/1900")]))
    index = SearchIndex(tmp_path / "view.sqlite")
    index.apply(told.events(), told.log)
    search = Search(tmp_path / "view.sqlite")
    query = SearchQuery.parse({"date_from": ["1907"], "date_to": ["1907"]})
    assert [hit.position for hit in search.find(query).hits] == [3]
    assert [hit.position for hit in search.find(query, as_of=3).hits] == [3, 2]
    index.close()
    search.close()


def test_a_view_that_a_rebuild_replaced_is_noticed(tmp_path: Path):
    from eventstore.follower import put_in_place

    told = Repository(tmp_path / "log")
    told.source()
    told.register(1, a_specimen(1))
    live, fresh = tmp_path / "live" / "view.sqlite", tmp_path / "fresh" / "view.sqlite"
    index = SearchIndex(live)
    index.apply(told.events(), told.log)
    search = Search(live)
    with pytest.raises(Unavailable):
        Search(fresh).find(SearchQuery())
    assert search.find(SearchQuery()).total == 1
    for number in range(2, 6):  # the second time the file in place is a link
        told.register(number, a_specimen(number))
        index.close()
        other = SearchIndex(fresh)
        other.apply(told.events(), told.log)
        other.close()
        put_in_place(fresh, live)
        assert search.find(SearchQuery()).total == number
        index = SearchIndex(live)
        assert index.position() == told.log.position()
        assert sum(path.suffix == ".sqlite" for path in live.parent.iterdir()) == 2
    index.close()
    search.close()
