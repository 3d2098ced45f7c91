"""The page of a source system tells what came from it, how it is had, and of its harvests."""

from __future__ import annotations

import re
from html import unescape

import pytest

from fdo.identifiers import Pid
from fdo.lifecycle import Note
from tests.api.conftest import BASE
from tests.api.documents import a_medium, a_source, a_specimen
from tests.api.holding import Holding


@pytest.fixture
def source(holding: Holding) -> Pid:
    """A dataset of an oak and its picture, harvested twice."""
    told = holding.told
    source = told.register("source-system", a_source())
    origin = {"ods:sourceSystemID": source.iri}
    oak = told.register("specimen", a_specimen("A", **origin), source=source)
    told.register("media", a_medium(oak) | origin, source=source)
    for number in (1, 2):
        counts = {"records": 1, "new": 2 - number, "unchanged": number - 1}
        detail = {"harvest": number, "counts": counts, "not_seen": [], "seen_again": []}
        told.do(Note("HarvestCompleted", detail), source, "source-system")
    return source


def page(holding: Holding, path: str) -> str:
    """A page as its reader sees it, markup and all."""
    response = holding.browser.get(path, accept="text/html")
    assert response.status_code == 200, response.text
    return response.text


def test_it_counts_what_is_there_and_leads_to_it(holding, source):
    text = page(holding, f"/{source}")
    assert "specimen 1 · media 1" in text
    assert "University of Tartu" in text
    assert re.search(r">Estonia</a> 1", text)
    links = [unescape(href) for href in re.findall(r'href="(/search\?[^"]+)"', text)]
    assert links
    for link in links:
        assert "Quercus robur" in page(holding, link)


def test_it_lists_the_harvests_newest_first(holding, source):
    text = page(holding, f"/{source}")
    table = text[text.index("<caption>The last harvests") :]
    rows = re.findall(r"<tr><td>(\d+)</td>", table)
    assert rows[:2] == ["2", "1"]


def test_the_ways_to_it_answer(holding, source):
    text = page(holding, f"/{source}")
    ways = [unescape(href) for href in re.findall(rf'href="({BASE}/[^"]+)"', text)]
    for way in ways:
        if "/oai?" in way or "/api/search" in way:
            response = holding.browser.get(way.removeprefix(BASE))
            assert response.status_code == 200
            assert "<error" not in response.text


def test_a_source_from_which_nothing_came_has_a_page_too(holding):
    empty = holding.told.register("source-system", a_source("Empty"))
    text = page(holding, f"/{empty}")
    assert "Nothing public came from this source yet" in text
    assert "not been harvested" in text


def test_numbers_of_now_do_not_stand_on_pages_of_the_past(holding, source):
    assert "This dataset" in page(holding, f"/{source}")
    assert "This dataset" not in page(holding, f"/{source}?as-of=2026-03-01")
    assert "This dataset" not in page(holding, f"/{source}/1")
