"""What crawlers are told: everything public with the time of its last change, and what is dear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.robotparser import RobotFileParser

import pytest
from lxml import etree

from api.harvesting.sitemaps import PAGES, RELEASED
from handlers.projections.holdings import reader
from tests.api.conftest import BASE
from tests.api.documents import a_medium, a_source, a_specimen
from tests.api.holding import Holding

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def located(holding: Holding, path: str) -> dict[str, str | None]:
    """Address → last change, in order, of a sitemap."""
    response = holding.browser.get(path)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/xml"
    root = etree.fromstring(response.content)
    return {one.findtext(f"{NAMESPACE}loc"): one.findtext(f"{NAMESPACE}lastmod") for one in root}


def everything(holding: Holding) -> dict[str, str | None]:
    """Address → last change of all objects, through the index."""
    found: dict[str, str | None] = {}
    for address in located(holding, "/sitemap.xml"):
        if not address.endswith("/pages.xml"):
            found |= located(holding, address.removeprefix(BASE))
    return found


def test_every_public_object_is_named_once_with_its_last_change(holding):
    told = holding.told
    source = told.register("source-system", a_source())
    oak = told.register("specimen", a_specimen("A"), source=source)
    picture = told.register("media", a_medium(oak), source=source)
    gone = told.register("specimen", a_specimen("B"), source=source)
    secret = told.register("specimen", a_specimen("C"), source=source)
    told.tombstone(gone, "lost")
    told.withhold(secret, "not ours to show")
    told.revise(oak, a_specimen("A", **{"dwc:preparations": "sheet"}))
    assert everything(holding) == {
        f"{BASE}/{source}": "2026-03-01T12:00:00Z",
        f"{BASE}/{oak}": "2026-03-08T12:00:00Z",
        f"{BASE}/{picture}": "2026-03-03T12:00:00Z",
    }
    for address in everything(holding):
        page = holding.browser.get(address.removeprefix(BASE), accept="text/html")
        assert page.status_code == 200


def test_parts_are_bounded_and_stay(holding, monkeypatch):
    monkeypatch.setattr(reader, "PART", 2)
    told = holding.told
    pids = [told.register("specimen", a_specimen(f"N{number}")) for number in range(5)]
    before = located(holding, "/sitemaps/1.xml")
    assert list(before) == [f"{BASE}/{pids[2]}", f"{BASE}/{pids[3]}"]
    told.tombstone(pids[0], "lost")
    told.tombstone(pids[1], "lost")
    told.register("specimen", a_specimen("N5"))
    assert located(holding, "/sitemaps/1.xml") == before
    assert [a.removeprefix(BASE) for a in located(holding, "/sitemap.xml")] == [
        "/sitemaps/pages.xml", "/sitemaps/1.xml", "/sitemaps/2.xml",
    ]  # fmt: skip
    assert located(holding, "/sitemap.xml")[f"{BASE}/sitemaps/1.xml"] == "2026-03-04T12:00:00Z"
    assert holding.browser.get("/sitemaps/0.xml").status_code == 404


def test_a_sitemap_is_sent_again_only_when_it_changed(holding):
    oak = holding.told.register("specimen", a_specimen("A"))
    etag = holding.browser.get("/sitemaps/0.xml").headers["etag"]
    headers = {"if-none-match": etag}
    assert holding.browser.get("/sitemaps/0.xml", headers=headers).status_code == 304
    holding.told.revise(oak, a_specimen("A", **{"dwc:preparations": "sheet"}))
    assert holding.browser.get("/sitemaps/0.xml", headers=headers).status_code == 200


def test_the_pages_of_the_server_are_there_and_say_when_they_changed(holding):
    oak = holding.told.register("specimen", a_specimen("A"))
    holding.told.revise(oak, a_specimen("A", **{"dwc:preparations": "sheet"}))
    pages, browser = located(holding, "/sitemaps/pages.xml"), holding.browser
    assert {page.removeprefix(BASE) for page in pages} == {*PAGES, *RELEASED}
    for address, changed in pages.items():
        path = address.removeprefix(BASE)
        assert browser.get(path, accept="text/html").status_code == 200, path
        if path in PAGES:
            assert changed == "2026-03-02T12:00:00Z"
        else:
            assert datetime.now(UTC) - datetime.fromisoformat(changed) < timedelta(days=1)
    assert located(holding, "/sitemap.xml")[f"{BASE}/sitemaps/pages.xml"] == max(pages.values())


def test_a_page_to_which_every_page_leads_is_in_the_sitemap_or_closed_to_crawlers(holding):
    rules, browser = RobotFileParser(), holding.browser
    rules.parse(browser.get("/robots.txt").text.splitlines())
    links = etree.HTML(browser.get("/", accept="text/html").text).xpath(
        "//nav[@aria-label='Main']//a/@href | //footer//a/@href"
    )
    asked = {path: browser.get(path, accept="text/html") for path in set(links)}
    pages = {
        path
        for path, answer in asked.items()
        if answer.headers["content-type"].startswith("text/html")
        and rules.can_fetch("crawler", f"{BASE}{path}")
    }
    assert len(pages) > 10
    described = "/.well-known/void?format=turtle"
    assert pages - {"/sign-in", described} <= {*PAGES, *RELEASED}  # a form, a description


@pytest.mark.parametrize("base", [BASE, f"{BASE}/collection"])
def test_crawlers_are_asked_off_what_is_dear_and_led_to_the_sitemap(holding, base):
    holding.start(public_base=base)
    response = holding.browser.get("/robots.txt")
    assert response.headers["content-type"].startswith("text/plain")
    rules = RobotFileParser()
    rules.parse(response.text.splitlines())
    assert rules.site_maps() == [f"{base}/sitemap.xml"]
    for path in ("/sparql?query=x", "/api/search", "/oai?verb=Identify", "/timegate/10.5072/A"):
        assert not rules.can_fetch("crawler", f"{base}{path}"), path
    for path in ("/", "/10.5072/AAA-BBB-CCC", "/catalogue", "/sitemaps/0.xml"):
        assert rules.can_fetch("crawler", f"{base}{path}"), path
