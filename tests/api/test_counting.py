"""Counts of statistics: kept while nothing is recorded, few at a time, one client half of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Request

from api import counting
from api.counting import Counting
from api.security import Tokens
from api.settings import Settings
from api.views import Views
from eventstore.follower import follow_once
from fdo.errors import Unavailable
from handlers.projections.search import Facets, Search, SearchIndex
from tests.api.conftest import Browser, Repository
from tests.api.documents import a_specimen

ASKED = "/api/statistics?by=discipline"
PAGE = {"accept": "text/html"}


class Counted:
    """A repository with its search view, and how often that was made to count."""

    def __init__(self, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
        self.repository, self.times = repository, 0
        self._path = repository.folder / "search.sqlite"
        self.index = SearchIndex(self._path)
        self.register("DH-1")
        really = Search.facets

        def facets(search: Search, *given: Any, **options: Any) -> Facets:
            self.times += 1
            return really(search, *given, **options)

        monkeypatch.setattr(Search, "facets", facets)
        self.browser = Browser(repository.app(Views(search=Search(self._path))))

    def register(self, number: str) -> None:
        """One more specimen, recorded and in the view."""
        self.repository.register("specimen", a_specimen(number))
        while follow_once(self.repository.objects.log, [self.index]):
            pass

    def total(self, asked: str = ASKED) -> int:
        """What the statistics say."""
        return int(self.browser.get(asked).json()["specimens"])


@pytest.fixture
def counted(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    made = Counted(repository, monkeypatch)
    yield made
    made.index.close()


def test_what_was_counted_is_kept_until_something_is_recorded(counted: Counted) -> None:
    assert (counted.total(), counted.total(), counted.times) == (1, 1, 1)
    assert counted.total(f"{ASKED}&genus=Nobody") == 0, "another question"
    assert counted.total("/api/statistics?by=country") == 1
    assert counted.times == 3
    counted.register("DH-2")
    assert (counted.total(), counted.total(), counted.times) == (2, 2, 4)
    assert (counted.total(f"{ASKED}&as-of=1"), counted.total(f"{ASKED}&as-of=2")) == (1, 2)
    assert counted.times == 5, "the head may be named"


def test_the_page_and_its_twin_are_counted_once(counted: Counted) -> None:
    pages = [counted.browser.get("/statistics", headers=PAGE).text for _ in range(3)]
    assert pages[0].count("<strong>1</strong>") == 1 and len(set(pages)) == 1
    assert counted.browser.get("/statistics?format=json").json()["specimens"] == 1
    assert counted.times == 1


def test_of_what_is_kept_that_asked_for_longest_ago_makes_room(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_KEPT", 2 * counting.LEAST)
    for asked in ("discipline", "country", "discipline", "kingdom", "discipline", "country"):
        assert counted.total(f"/api/statistics?by={asked}") == 1
    assert counted.times == 4, "only country had to be counted again"


def test_who_finds_no_room_is_told_to_ask_again(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "ROOM", 0)
    for asked in (ASKED, f"{ASKED}&at=1", "/statistics", "/statistics?format=json"):
        refused = counted.browser.get(asked)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5"), asked
        assert refused.json()["type"].endswith("/unavailable")
    assert counted.times == 0


def test_what_is_kept_needs_no_room(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    counted.total()
    monkeypatch.setattr(counting, "ROOM", 0)
    assert (counted.total(), counted.times) == (1, 1)


def test_facets_of_a_search_are_kept_too(counted: Counted) -> None:
    asked = "/api/search?facets=country&q=&limit="
    found = [counted.browser.get(f"{asked}{limit}").json()["facets"] for limit in (1, 2, 1)]
    assert found[0] == found[1] == found[2] and counted.times == 1
    pages = [counted.browser.get("/search", headers=PAGE).text for _ in range(2)]
    assert pages[0] == pages[1] and counted.times == 2


def test_who_searches_when_there_is_no_room_is_shown_what_was_found(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "ROOM", 0)
    refused = counted.browser.get("/api/search?facets=country")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert counted.browser.get("/api/search").json()["total"] == 1
    page = counted.browser.get("/search", headers=PAGE)
    assert page.status_code == 200 and "ask again" in page.text
    assert "Facets count the newest" not in page.text


def of(host: str) -> Request:
    """A request from this address."""
    return Request({"type": "http", "client": (host, 1), "headers": []})


@pytest.fixture
def turns(repository: Repository) -> Callable[[str], Any]:
    """Take a turn for a client."""
    site: Any = SimpleNamespace(
        settings=Settings(data=repository.folder), tokens=Tokens(repository.folder)
    )
    made = Counting(site)
    return lambda host: made.turn(of(host))


def test_one_client_has_half_of_the_places(
    turns: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "ROOM", 2)
    with turns("192.0.2.1"):
        with pytest.raises(Unavailable), turns("192.0.2.1"):
            pass
        with turns("192.0.2.2"), pytest.raises(Unavailable), turns("192.0.2.3"):
            pass
    with turns("192.0.2.1"):
        pass


def test_who_waits_too_long_for_a_turn_is_told_and_gives_the_place_back(
    turns: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "PATIENCE_S", 0.01)
    with ExitStack() as held:
        for number in range(counting.AT_ONCE):
            held.enter_context(turns(f"192.0.2.{number}"))
        for _ in range(counting.ROOM):
            with pytest.raises(Unavailable, match="at a time"), turns("192.0.2.9"):
                pass
    with turns("192.0.2.9"):
        pass
