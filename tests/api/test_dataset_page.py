"""The page of a source system tells what came from it, how it is had, and of its harvests."""

from __future__ import annotations

import re
from html import unescape

import pytest

from fdo.identifiers import Pid
from fdo.lifecycle import Note
from handlers.projections.holdings import HoldingsReader, Tally
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


# ── in the past ──────────────────────────────────────────────────────────────────────────


def told(text: str) -> str:
    """What a page says of its dataset and the harvests of it, without markup and addresses."""
    section = text[text.index('<h2 id="dataset">') :].partition("</section>")[0]
    numbers = section[section.index("Public objects") :].partition("<dt>To be had as")[0]
    harvests = section.partition("<tbody>")[2]
    return re.sub(r"<[^>]+>|\s+", " ", f"{numbers} {harvests}")


def test_a_page_of_the_past_says_what_the_page_said_then(holding, source, monkeypatch):
    monkeypatch.setattr("handlers.projections.search.reader._REST", 0)  # numbers of now are of now
    story = holding.told
    origin = {"ods:sourceSystemID": source.iri}
    said = {}

    def remember() -> None:
        """What the page says now, and as of which event that is."""
        said[story.objects.log.position()] = told(page(holding, f"/{source}"))

    remember()
    birch = story.register("specimen", a_specimen("B", **origin), source=source)
    remember()
    story.register("specimen", a_specimen("Elsewhere"))
    remember()
    story.revise(birch, a_specimen("B", **origin, **{"ods:specimenName": "Betula pendula Roth"}))
    remember()
    story.withhold(birch, "CC BY-NC 4.0 is not open.")
    remember()
    detail = {"harvest": 3, "counts": {"records": 2}, "not_seen": [], "seen_again": []}
    story.do(Note("HarvestCompleted", detail), source, "source-system")
    remember()
    assert len(set(said.values())) == 5  # what came from elsewhere changes nothing
    for event, words in said.items():
        text = page(holding, f"/{source}?as-of={event}")
        assert told(text) == words
        assert f"after event {event}" in text


def test_each_version_of_a_source_system_tells_what_it_held_when_it_was_made(holding, source):
    assert "By then nothing public had come" in page(holding, f"/{source}/1")
    draft = a_source("Another name")
    holding.told.revise(source, draft, "source-system")
    assert "specimen 1 · media 1" in page(holding, f"/{source}/2")
    assert "By then nothing public had come" in page(holding, f"/{source}?as-of=v1")


def test_what_a_page_of_the_past_leads_to_is_of_that_past(holding, source):
    story = holding.told
    story.register("specimen", a_specimen("B", **{"ods:sourceSystemID": source.iri}), source=source)
    text = page(holding, f"/{source}?as-of=4")
    searches = {unescape(href) for href in re.findall(r'href="(/search\?[^"]+)"', text)}
    for link in searches:
        assert "as-of=4" in link
        found = holding.browser.get(link.replace("/search?", "/api/search?")).json()
        assert (found["asOf"], found["total"]) == (4, 1)
    ways = [unescape(href) for href in re.findall(rf'href="({BASE}/[^"]+)"', text)]
    known = [way for way in ways if "as-of=4" in way]
    assert sorted(way.removeprefix(BASE).partition("?")[0] for way in known) == [
        "/api/export", "/api/search", "/sparql",
    ]  # fmt: skip
    assert "/oai?verb=ListRecords" not in text


def test_by_the_clock_of_the_source_specimens_are_counted(holding, source):
    text = page(holding, f"/{source}?observed-at=2026-03-02")
    assert "Public objects by type: specimen 1." in text
    assert "only specimens are counted" in text
    assert "By then it had not been harvested to its end" in text
    assert "By then nothing public" in page(holding, f"/{source}?observed-at=2026-03-01")


def test_counts_of_the_past_are_kept_until_something_is_recorded(holding, source, monkeypatch):
    counted = []
    count = HoldingsReader.tallies_of

    def counting(self: HoldingsReader, of: str, as_of: int) -> list[Tally]:
        counted.append(as_of)
        return count(self, of, as_of)

    monkeypatch.setattr(HoldingsReader, "tallies_of", counting)
    for _ in range(2):
        page(holding, f"/{source}?as-of=3")
    assert counted == [3]
    holding.told.register("specimen", a_specimen("C"))
    page(holding, f"/{source}?as-of=3")
    assert counted == [3, 3]


def test_who_asks_while_too_much_is_counted_is_told_to_come_back(holding, source, monkeypatch):
    monkeypatch.setattr("api.harvesting.past.AT_ONCE", 0)
    holding.start()
    refused = holding.browser.get(f"/{source}?as-of=3", accept="text/html")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert holding.browser.get(f"/{source}?as-of=3").status_code == 200  # nothing is counted
