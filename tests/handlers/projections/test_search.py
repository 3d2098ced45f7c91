"""Searching: what is found, in which order, page by page, now and in the past."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.follower import Projection
from fdo.errors import Unavailable
from handlers.projections.search import (
    FACETS,
    PARAMETERS,
    InvalidQuery,
    Search,
    SearchIndex,
    SearchQuery,
)
from handlers.projections.search.query import TERMS, match_of
from handlers.projections.search.reader import COUNT_CAP
from tests.handlers.projections.contract import ProjectionContract
from tests.handlers.projections.story import (
    AGENT,
    Repository,
    a_place,
    a_specimen,
    an_event,
    an_identification,
)

TABLES = ("taxon", "holding", "kind", "place", "specimens", "unseen")


class TestSearchIndex(ProjectionContract):
    """The contract of all projections."""

    def open(self, folder: Path) -> Projection:
        return SearchIndex(folder / "view.sqlite")

    def seen(self, projection: Projection, folder: Path) -> Any:
        connection = sqlite3.connect(folder / "view.sqlite")
        rows = {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for table in TABLES
        }
        rows["words"] = [
            connection.execute(
                "SELECT rowid FROM texts WHERE texts MATCH ? ORDER BY 1", (word,)
            ).fetchall()
            for word in ("bellis", "annua", "sylvestris", "klein", "BE", "herbarium")
        ]
        connection.close()
        return rows


def asked(**parameters: str | list[str]) -> SearchQuery:
    """A query of URL parameters."""
    return SearchQuery.parse(
        {name: [value] if isinstance(value, str) else value for name, value in parameters.items()}
    )


class Shelf:
    """A repository and its search view, kept in step."""

    def __init__(self, folder: Path) -> None:
        self.told = Repository(folder / "log")
        self.index = SearchIndex(folder / "view" / "view.sqlite")
        self.search = Search(folder / "view" / "view.sqlite")
        self.told.source()

    def catch_up(self) -> None:
        """Bring the view to the head of the log."""
        self.index.apply(self.told.log.read(self.index.position(), 100_000), self.told.log)

    def numbers(self, query: SearchQuery, **how: Any) -> list[int]:
        """The numbers of all specimens found, page by page, in order."""
        self.catch_up()
        found: list[int] = []
        page = self.search.find(query, **how)
        found += [int(hit.pid[-3:]) for hit in page.hits]
        how.pop("as_of", None)
        while page.next_cursor:
            page = self.search.find(query, page.next_cursor, **how)
            found += [int(hit.pid[-3:]) for hit in page.hits]
        return found


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.index.close()
    shelf.search.close()


@pytest.fixture
def varied(shelf: Shelf) -> Shelf:
    """Four specimens that differ in what can be asked."""
    told = shelf.told
    told.register(1, a_specimen(1, ods_hasEvents=[an_event(
        "LU", "1907-06-12",
        a_place(49.6, 6.1, dwc_locality="Étang de Remich", dwc_minimumElevationInMeters=300),
    )]))  # fmt: skip
    told.register(2, a_specimen(
        2, ods_topicDiscipline="Zoology", ods_specimenName="Carabus auratus",
        ods_isMarkedAsType=True, ods_isKnownToContainMedia=True,
        ods_hasIdentifications=[an_identification(
            "Carabus auratus", "Animalia", "Carabidae", dwc_typeStatus="holotype")],
        ods_hasEvents=[an_event("FJ", "1950/1951-03", a_place(-17, 179.5), "A. Smith & Co.")],
    ))  # fmt: skip
    told.register(3, a_specimen(
        3, ods_specimenName="Quartz", ods_hasIdentifications=None, ods_hasEvents=None,
        ods_topicDiscipline="Geology", dwc_preparations=None,
    ))  # fmt: skip
    told.register(4, a_specimen(4, ods_hasEvents=[an_event(
        "FJ", "1999-12", a_place(-18, -179.5, dwc_minimumElevationInMeters=10,
                                 dwc_maximumElevationInMeters=500),
    )]))  # fmt: skip
    shelf.catch_up()
    return shelf


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, [4, 3, 2, 1]),
        ({"q": "bellis"}, [4, 1]),
        ({"q": "BELL*"}, [4, 1]),
        ({"q": "etang remich"}, [1]),
        ({"q": '"perennis bellis"'}, []),
        ({"q": '"bellis perennis"'}, [4, 1]),
        ({"q": "bellis carabus"}, []),
        ({"name": "carabus"}, [2]),
        ({"locality": "carabus"}, []),
        ({"collector": "smith"}, [2]),
        ({"number": "herbarium.example/B3"}, [3]),
        ({"number": "10.5072/AAA-BBB-002"}, [2]),
        ({"q": "bellis", "country": "LU"}, [1]),
        ({"discipline": "Zoology"}, [2]),
        ({"kingdom": "Plantae"}, [4, 1]),
        ({"kingdom": ""}, [3]),
        ({"kingdom": "*"}, [4, 2, 1]),
        ({"genus": "Bel*"}, [4, 1]),
        ({"family": ["Carabidae", "Asteraceae"]}, [4, 2, 1]),
        ({"country": ["FJ", "LU"], "discipline": "Botany"}, [4, 1]),
        ({"type_status": "holotype"}, [2]),
        ({"marked_as_type": "true"}, [2]),
        ({"has_media": "false"}, [4, 3, 1]),
        ({"organisation": "https://ror.org/00bv4cx53"}, [4, 3, 2, 1]),
        ({"collection": "HERB", "preserved": "Living"}, []),
        ({"mids": "0"}, [3]),
        ({"mids_missing": "ObjectType"}, [3]),
        ({"year": "1950"}, [2]),
        ({"decade": "1900"}, [1]),
        ({"decade": ""}, [3]),
        ({"date_from": "1951"}, [4, 2]),
        ({"date_from": "1951-04"}, [4]),
        ({"date_to": "1950-01-01"}, [2, 1]),
        ({"date_from": "1907-06-12", "date_to": "1907-06-12"}, [1]),
        ({"date_from": "1999-12-31"}, [4]),
        ({"elevation_from": "400"}, [4]),
        ({"elevation_to": "300"}, [4, 1]),
        ({"elevation_from": "600"}, []),
        ({"bbox": "6,49,7,50"}, [1]),
        ({"bbox": "170,-20,-170,-10"}, [4, 2]),
        ({"bbox": "-180,-90,0,0"}, [4]),
        ({"sort": "oldest"}, [1, 2, 3, 4]),
        ({"sort": "name"}, [1, 4, 2, 3]),
        ({"sort": "name", "q": "herbarium"}, [1, 4, 2, 3]),
        ({"sort": "oldest", "q": "herbarium"}, [1, 2, 3, 4]),
        ({"not_seen": "true"}, []),
    ],
)
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_what_is_found_and_in_which_order(
    varied: Shelf, parameters: dict[str, Any], expected: list[int], limit: int
):
    query = asked(**parameters)
    assert varied.numbers(query, limit=limit) == expected
    page = varied.search.find(query, limit=limit)
    assert (page.total, page.exact) == (len(expected), True)
    assert varied.search.facets(query).counted == len(expected)


def test_a_hit_says_what_a_line_of_a_result_shows(varied: Shelf):
    (hit,) = varied.search.find(asked(genus="Carabus")).hits
    assert (hit.pid, hit.version, hit.name) == ("10.5072/AAA-BBB-002", 1, "Carabus auratus")
    assert (hit.country, hit.collected, hit.collector) == ("FJ", "1950/1951-03", "A. Smith & Co.")
    assert (hit.latitude, hit.longitude, hit.has_media) == (-17, 179.5, True)
    assert (hit.family, hit.type_status, hit.not_seen) == ("Carabidae", "holotype", None)
    assert hit.organisation_name == "Botanic Garden"


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"mids": "high"}, "mids"),
        ({"has_media": "perhaps"}, "has_media"),
        ({"year": "19x7"}, "year"),
        ({"date_from": "12.6.1907"}, "date_from"),
        ({"date_to": "1907-13"}, "date_to"),
        ({"elevation_from": "high"}, "elevation_from"),
        ({"elevation_to": "nan"}, "elevation_to"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "0,50,1,40"}, "bbox"),
        ({"bbox": "0,-91,1,0"}, "bbox"),
        ({"not_seen": "x"}, "not_seen"),
        ({"sort": "colour"}, "sort"),
        ({"q": "(*) --"}, "q"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_named(parameters: dict[str, str], named: str):
    with pytest.raises(InvalidQuery) as refused:
        asked(**parameters)
    assert refused.value.details["parameter"] == named
    assert named in refused.value.message


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": ["a b"] * TERMS},
        {"q": ["a," * (TERMS + 1)]},
        {"country": [f"C{number}" for number in range(TERMS + 1)]},
        {"q": ["a"] * TERMS, "country": ["C"]},
    ],
)
def test_a_search_of_very_many_words_is_refused_before_it_is_made(
    parameters: dict[str, list[str]],
) -> None:
    with pytest.raises(InvalidQuery, match=str(TERMS)):
        SearchQuery.parse(parameters)


@given(st.text(max_size=40))
def test_no_text_of_a_user_is_syntax_to_the_engine(text: str):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE t USING fts5(name, locality, collector, number)")
    for parameter in ("q", "name"):
        try:
            expression = match_of(parameter, text)
        except InvalidQuery:
            assert not any(c.isalnum() for c in text)
            continue
        connection.execute("SELECT rowid FROM t WHERE t MATCH ?", (expression,)).fetchall()
    connection.close()


def test_a_new_version_takes_the_place_of_the_old_one(varied: Shelf):
    varied.told.revise(1, a_specimen(1, ods_specimenName="Bellis annua L."))
    assert varied.numbers(asked(name="annua")) == [1]
    assert varied.numbers(asked(locality="remich")) == []
    assert varied.numbers(asked(sort="oldest")) == [2, 3, 4, 1]


@pytest.mark.parametrize("away", ["tombstone", "withhold"])
def test_what_is_not_active_is_not_found(varied: Shelf, away: str):
    getattr(varied.told, away)(1)
    assert varied.numbers(asked()) == [4, 3, 2]
    varied.told.draft(9, a_specimen(9))
    assert varied.numbers(asked()) == [4, 3, 2]


def test_the_past_is_searched_with_the_same_words(varied: Shelf):
    before = varied.told.log.position()
    varied.told.revise(1, a_specimen(1, ods_specimenName="Quercus robur", ods_hasEvents=None))
    varied.told.tombstone(2)
    varied.told.register(5, a_specimen(5))
    assert varied.numbers(asked()) == [5, 1, 4, 3]
    for parameters, expected in (
        ({}, [4, 3, 2, 1]),
        ({"locality": "remich"}, [1]),
        ({"country": "LU"}, [1]),
        ({"kingdom": "Animalia"}, [2]),
        ({"sort": "name"}, [1, 4, 2, 3]),
    ):
        for limit in (1, 50):
            assert varied.numbers(asked(**parameters), as_of=before, limit=limit) == expected
    assert varied.search.find(asked(), as_of=before).as_of == before
    assert [b.value for b in varied.search.counts("kingdom", as_of=before)] == [
        "Plantae", "", "Animalia",
    ]  # fmt: skip
    assert varied.search.facets(asked(q="carabus"), as_of=before).counted == 1


@pytest.mark.parametrize("sort", ["newest", "oldest", "name"])
@pytest.mark.parametrize("text", [{}, {"q": "herbarium"}])
def test_pages_show_the_state_at_which_the_first_was_read(
    varied: Shelf, sort: str, text: dict[str, str]
):
    query = asked(sort=sort, **text)
    whole = varied.numbers(query)
    page = varied.search.find(query, limit=2)
    pids = [hit.pid for hit in page.hits]
    varied.told.revise(1, a_specimen(1, ods_specimenName="Aaa"))
    varied.told.tombstone(4)
    varied.told.tombstone(3)
    varied.told.register(5, a_specimen(5, ods_specimenName="Bbb"))
    varied.catch_up()
    rest = varied.search.find(query, page.next_cursor, limit=2)
    assert [int(pid[-3:]) for pid in [*pids, *(hit.pid for hit in rest.hits)]] == whole
    assert (rest.as_of, rest.total, rest.next_cursor) == (page.as_of, 4, None)


def test_a_cursor_is_good_for_its_own_query_only(varied: Shelf):
    cursor = varied.search.find(asked(), limit=1).next_cursor
    assert cursor is not None
    with pytest.raises(InvalidQuery, match="another query"):
        varied.search.find(asked(country="LU"), cursor)


@pytest.mark.parametrize(
    "token", ["x", "é", "AAAA", "W10", "bnVsbA", "WzEsMiwzLDQsNSw2LDdd", "=" * 9, "e30", "_" * 40]
)
def test_what_is_no_cursor_is_refused(varied: Shelf, token: str):
    with pytest.raises(InvalidQuery) as refused:
        varied.search.find(asked(), token)
    assert refused.value.details["parameter"] == "cursor"


@given(st.text(max_size=60))
def test_no_text_breaks_the_cursor(text: str):
    from handlers.projections.search.cursor import Cursor

    with pytest.raises(InvalidQuery):
        Cursor.read(text, SearchQuery())


def test_records_that_their_source_no_longer_shows_can_be_asked_for(varied: Shelf):
    varied.told.harvested(7, not_seen=[1, 2])
    between = varied.told.log.position()
    varied.told.harvested(8, not_seen=[2, 3], seen_again={1: 7})
    assert varied.numbers(asked(not_seen="true")) == [3, 2]
    assert varied.numbers(asked(not_seen="false")) == [4, 1]
    assert varied.numbers(asked(not_seen="true"), as_of=between) == [2, 1]
    (hit,) = varied.search.find(asked(genus="Carabus")).hits
    assert hit.not_seen == 7


def test_erased_words_are_found_no_more(varied: Shelf):
    told = varied.told
    assert varied.numbers(asked(collector="smith")) == [2]
    event = told.log.latest(told.pid(2))
    redacted = dict(event.document)
    redacted["ods:hasEvents"] = [an_event("FJ", "1950/1951-03", collector="redacted")]
    from fdo.documents import canonical

    told.objects.erase(told.pid(2), [event.position], canonical(redacted), AGENT)
    assert varied.numbers(asked(collector="smith")) == []
    assert varied.search.find(asked(collector="smith")).total == 0
    assert varied.index.position() == told.log.position()
    assert varied.index.spent()
    varied.index.clear()
    assert varied.numbers(asked(collector="redacted")) == [2]
    assert varied.numbers(asked(collector="smith")) == []
    assert not varied.index.spent()


def test_a_place_that_was_erased_is_found_no_more_though_no_word_changed(varied: Shelf):
    from fdo.documents import canonical

    told = varied.told
    told.register(70, a_specimen(70, ods_hasEvents=[an_event("LU", place=a_place(49.5, 6.1))]))
    box = asked(bbox="6,49.4,6.2,49.6")
    assert 70 in varied.numbers(box)
    event = told.log.latest(told.pid(70))
    redacted = dict(event.document)
    redacted["ods:hasEvents"] = [an_event("LU")]
    told.objects.erase(told.pid(70), [event.position], canonical(redacted), AGENT)
    assert 70 not in varied.numbers(box)
    assert varied.index.spent()
    varied.index.clear()
    assert 70 in varied.numbers(asked(country="LU")) and 70 not in varied.numbers(box)


def test_a_row_whose_words_were_erased_before_it_is_closed_is_hidden(varied: Shelf):
    from fdo.documents import canonical

    told = varied.told
    event = told.log.latest(told.pid(2))
    closing = told.revise(2, a_specimen(2, ods_specimenName="Carabus nitens"))
    told.objects.erase(told.pid(2), [event.position], canonical({"@id": "x"}), AGENT)
    varied.index.apply([told.log.event(closing)], told.log)  # the erasure is not read yet
    assert varied.index.spent()
    assert varied.numbers(asked(collector="smith"), as_of=event.position) == []
    assert varied.numbers(asked(name="nitens")) == [2]


def test_facets_count_the_selection(varied: Shelf):
    facets = varied.search.facets(asked(discipline=["Botany", "Zoology"]))
    assert facets.complete and facets.counted == 3
    assert [(b.value, b.count) for b in facets.counts["country"]] == [("FJ", 2), ("LU", 1)]
    assert [(b.value, b.count) for b in facets.counts["decade"]] == [
        ("1900", 1), ("1950", 1), ("1990", 1),
    ]  # fmt: skip
    assert [b.value for b in facets.counts["year"]] == ["1907", "1950", "1999"]
    assert [(b.value, b.count) for b in facets.counts["has_media"]] == [("false", 2), ("true", 1)]
    assert set(facets.counts) == set(FACETS)


@pytest.mark.parametrize("facet", FACETS)
def test_a_value_of_a_facet_selects_as_many_as_it_counts(varied: Shelf, facet: str):
    for bucket in varied.search.counts(facet):
        assert varied.search.find(asked(**{facet: bucket.value})).total == bucket.count


def test_a_cap_counts_the_newest_and_says_so(varied: Shelf):
    facets = varied.search.facets(asked(q="herbarium"), ["discipline"], cap=2)
    assert (facets.counted, facets.complete) == (2, False)
    assert {b.value for b in facets.counts["discipline"]} == {"Botany", "Geology"}
    assert COUNT_CAP >= 10_000


def test_every_parameter_is_described():
    for parameter in PARAMETERS.values():
        assert parameter.description.endswith(".")


def test_a_view_that_is_not_there_yet_is_said_to_be_unavailable(tmp_path: Path):
    with pytest.raises(Unavailable):
        Search(tmp_path / "none.sqlite").find(SearchQuery())
