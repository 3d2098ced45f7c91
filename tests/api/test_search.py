"""Search and statistics over HTTP, over the real search view."""

from __future__ import annotations

import html
import re
from urllib.parse import urlsplit

import pytest

from api.views import Views
from eventstore.envelope import iso
from eventstore.follower import follow_once
from handlers.projections.search import Search, SearchIndex
from tests.api.conftest import BASE
from tests.api.documents import a_specimen


def _from(country: str, number: str, name: str = "Quercus robur L."):
    specimen = a_specimen(number, **{"ods:specimenName": name})
    specimen["ods:hasEvents"][0]["ods:hasLocation"]["dwc:country"] = country
    return specimen


@pytest.fixture
def searched(repository, browse):
    """A browser over five specimens: three of Estonia, two of Malta; one was Latvia's."""
    pids = [
        repository.register("specimen", _from(country, f"DH-{number}"))
        for number, country in enumerate(("Estonia", "Estonia", "Malta", "Malta", "Latvia"), 1)
    ]
    repository.revise(pids[4], _from("Estonia", "DH-5", "Bellis perennis L."))
    index = SearchIndex(repository.folder / "search.sqlite")
    while follow_once(repository.objects.log, [index]):
        pass
    index.close()
    return browse(views=Views(search=Search(repository.folder / "search.sqlite")))


def _countries(buckets) -> dict[str, int]:
    return {one["label"]: one["count"] for one in buckets}


def test_a_search_counts_and_lists_specimens(searched):
    found = searched.get("/api/search?facets=country").json()
    assert (found["total"], found["totalIsExact"], found["asOf"]) == (5, True, 6)
    assert _countries(found["facets"]["country"]) == {"Estonia": 3, "Malta": 2}
    assert all(searched.get(one["url"]).status_code == 200 for one in found["items"])


def test_words_and_facets_narrow_it(searched):
    assert searched.get("/api/search?q=bell*").json()["total"] == 1
    buckets = searched.get("/api/search?facets=country").json()["facets"]["country"]
    for one in buckets:
        params = {"country": one["value"]}
        assert searched.get("/api/search", params=params).json()["total"] == one["count"]


def test_pages_follow_one_another_without_gap_or_repetition(searched):
    found, path = [], "/api/search?limit=2&q=DH*"
    while path:
        page = searched.get(path).json()
        found += [one["pid"] for one in page["items"]]
        following = page["next"]
        path = following and f"{urlsplit(following).path}?{urlsplit(following).query}"
    assert len(found) == len(set(found)) == 5


def test_the_past_is_searched_with_the_same_words(searched):
    then = searched.get("/api/search?facets=country&as-of=5").json()
    assert then["asOf"] == 5
    assert _countries(then["facets"]["country"]) == {"Estonia": 2, "Malta": 2, "Latvia": 1}


def test_statistics_count_by_each_facet_and_over_time(searched):
    found = searched.get("/api/statistics?by=country,discipline").json()
    assert found["specimens"] == 5
    assert _countries(found["by"]["country"]) == {"Estonia": 3, "Malta": 2}
    assert _countries(found["by"]["discipline"]) == {"Botany": 5}
    over = searched.get("/api/statistics?by=discipline&at=1,2026-03-03,6").json()
    assert [one["asOf"] for one in over["at"]] == [1, 3, 6]
    assert over["counts"] == {"Botany": [1, 3, 5]} and over["observedAt"] is None
    heard = searched.get("/api/statistics?by=country&at=1,5,6&observed-at=2026-03-04").json()
    assert heard["observedAt"].startswith("2026-03-04T23:59:59")
    assert sorted(heard["counts"].values()) == [[0, 2, 2], [1, 2, 2]]
    both = searched.get("/api/statistics?by=country&at=1,5&as-of=2")
    assert both.status_code == 400
    assert both.json()["parameter"] == "as-of"
    assert searched.get("/api/statistics?by=country&at=1&as-of=").status_code == 200
    wrong = searched.get("/api/statistics?by=country&at=99")
    assert wrong.json()["parameter"] == "at"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("colour=red", "colour"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=99999999999", "limit"),
        ("limit=00000000199999999", "limit"),
        ("cursor=x", "cursor"),
        ("bbox=1,2,3", "bbox"),
        ("q=%22", "q"),
        ("facets=colour", "facets"),
        ("as-of=999", "as-of"),
        ("as-of=v1", "as-of"),
        ("sort=best", "sort"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(searched, query, parameter):
    answer = searched.get(f"/api/search?{query}")
    assert answer.status_code == 400
    assert answer.json()["type"] == f"{BASE}/problems/invalid-parameter"
    assert answer.json()["parameter"] == parameter
    assert parameter in answer.json()["detail"]


def test_a_refused_moment_names_what_can_be_asked_here(searched):
    """A version is of one object: search has none to offer, an object has."""
    assert "a version" not in searched.get("/api/search?as-of=v1").json()["detail"]
    found = searched.get("/api/search").json()["items"][0]["pid"]
    detail = searched.get(f"/{found}?as-of=never").json()["detail"]
    assert "an event number (42), a version (v3), a day" in detail
    detail = searched.get(f"/{found}?observed-at=never").json()["detail"]
    assert "give a day" in detail


def test_moments_beyond_the_view_say_which_event_was_counted(repository, searched):
    """The log grows before its views do; what is told is repeatable (decision 0029)."""
    repository.register("specimen", _from("Malta", "DH-6"))
    found = searched.get("/api/statistics?by=country&at=5,7").json()
    assert found["at"] == [{"moment": "5", "asOf": 5}, {"moment": "7", "asOf": 6}]
    assert sum(counts[1] for counts in found["counts"].values()) == 5


@pytest.mark.parametrize(
    "query", ["by=colour", "at=1", "by=country&at=", "by=country&at=99", "limit=5"]
)
def test_statistics_refuse_what_cannot_be_counted(searched, query):
    assert searched.get(f"/api/statistics?{query}").status_code == 400


def test_the_page_shows_the_same_as_the_program_sees(searched):
    page = searched.get("/search?q=DH*&limit=2", accept="text/html").text
    assert "<strong>5</strong> specimens" in page
    assert 'rel="next"' in page
    assert "Estonia" in page
    twin = searched.get("/search.json?q=DH*&limit=2")
    for address in ("/search", "/statistics"):
        for accept in ("text/html", "application/json"):
            assert searched.get(address, accept=accept).headers["vary"] == "Accept"
    assert twin.json()["total"] == 5
    for answer in (
        searched.get("/search?q=DH*&limit=2&format=json"),
        searched.get("/search?q=DH*&limit=2", accept="application/json"),
    ):
        assert answer.json() == twin.json()


def test_every_facet_link_on_the_page_selects_what_it_counts(searched):
    page = searched.get("/search", accept="text/html").text
    links = re.findall(
        r'<a href="(/search\?[^"]*)">[^<]*</a> <span class="quiet">([0-9]+)</span>', page
    )
    assert len(links) > 10
    for href, count in links:
        chosen = searched.get(html.unescape(href), accept="application/json").json()
        assert chosen["total"] == int(count), href


def test_an_empty_form_searches_everything(searched):
    page = searched.get("/search?q=&name=&date_from=&sort=newest", accept="text/html")
    assert page.status_code == 200
    assert "<strong>5</strong> specimens" in page.text


def test_without_a_search_view_it_says_so(browse):
    answer = browse().get("/api/search")
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


def test_search_and_statistics_can_be_bound_by_what_sources_had_shown(searched, repository):
    event = repository.objects.log.event(3)
    moment = iso(event.observed_at)
    found = searched.get("/api/search", params={"observed-at": moment}).json()
    assert (found["total"], found["asOf"], found["observedAt"]) == (3, 6, moment)
    counted = searched.get(
        "/api/statistics", params={"observed-at": moment, "as-of": "2", "by": "country"}
    ).json()
    assert (counted["specimens"], counted["observedAt"]) == (2, moment)
    first = searched.get("/api/search", params={"observed-at": moment, "limit": "2"}).json()
    following = urlsplit(first["next"])
    rest = searched.get(f"{following.path}?{following.query}").json()
    assert (len(rest["items"]), rest["observedAt"], rest["total"]) == (1, moment, 3)
    page = searched.get("/search", "text/html", params={"observed-at": moment}).text
    assert f"of what sources had shown by <time>{moment}</time>" in page


@pytest.mark.parametrize(
    "path",
    [
        "/api/search?observed-at=v3",
        "/api/search?observed-at=2999-01-01",
        "/api/statistics?by=country&at=3&observed-at=v3",
    ],
)
def test_a_bound_that_is_no_moment_of_the_sources_is_refused(searched, path):
    answer = searched.get(path)
    assert (answer.status_code, answer.json()["parameter"]) == (400, "observed-at")


def _links(page: str, pattern: str) -> list[str]:
    return [html.unescape(one) for one in re.findall(pattern, page)]


def test_the_page_turns_over_in_the_past_and_keeps_the_moment(searched):
    first = searched.get("/search?as-of=5&limit=2", "text/html").text
    (following,) = _links(first, r'href="([^"]+)" rel="next"')
    second = searched.get(following, "text/html")
    assert second.status_code == 200
    assert "as of event 5" in second.text
    narrowed = _links(second.text, r'href="(/search\?[^"]*country=[^"]*)"')
    assert narrowed
    assert all("as-of=5" in one for one in narrowed)
    assert '<input type="hidden" name="as-of"' not in second.text
    assert re.search(r'<input id="p-as-of" name="as-of" value="5"', second.text)


def test_a_specimen_found_in_the_past_is_shown_as_it_was_found(searched):
    then = searched.get("/search?as-of=5", "text/html").text
    links = _links(then, r'<tr><td><a href="([^"]+)"')
    assert links
    assert all(re.fullmatch(r"/10\.5072/[0-9A-Z-]+/1", one) for one in links)
    now = searched.get("/search", "text/html").text
    assert not any(one.endswith("/1") for one in _links(now, r'<tr><td><a href="([^"]+)"'))


# ── statistics as a page ─────────────────────────────────────────────────────────────────

_ROW = re.compile(r'<th scope="row">(.*?)</th><td class="number"><a href="([^"]+)"[^>]*>([^<]+)<')


def _counts(page: str) -> dict[str, list[tuple[str, str, int]]]:
    """Facet → (label, address, number) of each row of its table."""
    sections = page.split('<h2 id="by-')[1:]
    return {
        section.partition('"')[0]: [
            (html.unescape(label), html.unescape(href), int(re.sub(r"\D", "", number)))
            for label, href, number in _ROW.findall(section)
        ]
        for section in sections
    }


@pytest.mark.parametrize("asked", ["", "as-of=5", "country=Estonia", "observed-at=2026-03-03"])
def test_the_page_of_statistics_counts_as_the_program_does_and_leads_there(searched, asked):
    answer = searched.get(f"/statistics?{asked}", "text/html")
    found = _counts(answer.text)
    assert list(found) == ["country", "discipline", "mids", "source", "kingdom", "year"]
    told = searched.get(f"/api/statistics?{asked}&by={','.join(found)}").json()
    for name, rows in found.items():
        counted = {one["label"]: one["count"] for one in told["by"][name]}
        assert {label: number for label, _, number in rows} == counted
        assert rows
        for _, href, number in rows:
            assert searched.get(href, "application/json").json()["total"] == number, href
    assert f"<strong>{told['specimens']}</strong>" in answer.text
    assert f"as of event {told['asOf']}" in answer.text
    same = searched.get(f"/statistics?{asked}", "application/json")
    assert same.json() == told


def test_the_page_of_statistics_is_linked_and_refuses_what_it_does_not_know(searched):
    home = searched.get("/", "text/html").text
    assert 'href="/statistics"' in home
    assert 'href="/statistics" aria-current="page"' in searched.get("/statistics").text
    for query, parameter in (("as-of=999", "as-of"), ("colour=red", "colour"), ("by=x", "by")):
        refused = searched.get(f"/statistics?{query}")
        assert (refused.status_code, refused.json()["parameter"]) == (400, parameter)


def test_what_is_asked_of_the_statistics_is_shown_as_words(searched):
    page = searched.get("/statistics", "text/html", params={"country": "<b>x"}).text
    assert "country: &lt;b&gt;x" in page and "<b>x" not in page
    assert "Nothing to count." in page


def test_of_very_many_values_the_most_frequent_are_shown(searched, monkeypatch):
    monkeypatch.setattr("api.statistics.MOST", 1)
    page = searched.get("/statistics", "text/html").text
    assert [label for label, _, _ in _counts(page)["country"]] == ["Estonia"]
    assert "1 more in the" in page
