"""Atom and IIIF Change Discovery: pages that stay, links that lead through all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from api.feeds import atom, iiif
from fdo.lifecycle import Note
from tests.api.conftest import BASE, Browser, Repository
from tests.api.feeding import History, a_history, in_country

ATOM = "{http://www.w3.org/2005/Atom}"
ARCHIVE = "{http://purl.org/syndication/history/1.0}archive"


@pytest.fixture
def history(repository: Repository) -> History:
    return a_history(repository)


@pytest.fixture
def reader(
    history: History, browse: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> Browser:
    monkeypatch.setattr(atom, "SIZE", 3)
    monkeypatch.setattr(iiif, "SIZE", 3)
    return browse()


def feed(reader: Browser, path: str = "/changes.atom") -> ElementTree.Element:
    answer = reader.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/atom+xml"
    return ElementTree.fromstring(answer.content)


def link(one: ElementTree.Element, relation: str) -> str | None:
    found = one.find(f"{ATOM}link[@rel='{relation}']")
    return None if found is None else found.attrib["href"]


def activities(reader: Browser) -> list[dict[str, Any]]:
    """All activities, read backwards as the standard says, oldest first."""
    address, found = reader.get("/iiif/activity").json()["last"]["id"], []
    while address:
        page = reader.get(address).json()
        found = page["orderedItems"] + found
        address = page.get("prev", {}).get("id")
    return found


def test_the_newest_entry_comes_first_and_archives_lead_to_the_oldest(reader: Browser) -> None:
    newest = feed(reader)
    ids = [one.findtext(f"{ATOM}id") for one in newest.iter(f"{ATOM}entry")]
    assert len(ids) == 4
    address = link(newest, "prev-archive")
    while address:
        archive = feed(reader, address)
        assert archive.find(ARCHIVE) is not None
        assert link(archive, "current") == f"{BASE}/changes.atom"
        ids += [one.findtext(f"{ATOM}id") for one in archive.iter(f"{ATOM}entry")]
        address = link(archive, "prev-archive")
    told = [one["activity"] for one in reader.get("/changes?format=json").json()["events"]]
    assert list(dict.fromkeys(ids)) == told[-2::-1]  # the last event makes no version


def test_an_entry_has_what_readers_need(reader: Browser, history: History) -> None:
    entry = next(feed(reader).iter(f"{ATOM}entry"))
    assert entry.findtext(f"{ATOM}title") == f"Registered: specimen {history.stub}"
    assert entry.findtext(f"{ATOM}updated") == "2026-03-11T12:00:00.000000Z"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Josiah Carberry"
    assert link(entry, "alternate") == f"{BASE}/{history.stub}/1"


def test_full_archives_stay_as_they_are(reader: Browser, repository: Repository) -> None:
    before = {path: reader.get(path) for path in ("/changes.atom?page=0", "/iiif/activity/0")}
    repository.register("specimen", in_country("Latvia", "DH-9"))
    repository.do(Note("PidConfirmed"), repository.objects.log.heads()[0].pid)
    for path, answer in before.items():
        again = reader.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304


def test_activities_tell_the_whole_story_in_order(reader: Browser, history: History) -> None:
    told = activities(reader)
    story = [(one["type"], one["object"]["canonical"]) for one in told]
    assert story == [
        ("Create", history.source.iri),
        ("Create", history.oak.iri),
        ("Create", history.hidden.iri),
        ("Create", history.gone.iri),
        ("Update", history.oak.iri),
        ("Update", history.hidden.iri),
        ("Delete", history.hidden.iri),
        ("Delete", history.gone.iri),
        ("Create", history.picture.iri),
        ("Create", history.stub.iri),
    ]
    assert [one["endTime"] for one in told] == sorted(one["endTime"] for one in told)


def test_pages_of_activities_know_their_place(reader: Browser) -> None:
    whole = reader.get("/iiif/activity")
    assert whole.headers["content-type"].startswith("application/ld+json")
    assert whole.json()["totalItems"] == 10
    page = reader.get("/iiif/activity/1").json()
    assert page["startIndex"] == 3
    assert page["partOf"] == {"id": f"{BASE}/iiif/activity", "type": "OrderedCollection"}
    assert page["prev"]["id"] == f"{BASE}/iiif/activity/0"
    assert page["next"]["id"] == f"{BASE}/iiif/activity/2"
    assert "next" not in reader.get("/iiif/activity/3").json()


@pytest.mark.parametrize("path", ["/changes.atom?page=3", "/iiif/activity/4", "/iiif/activity/-1"])
def test_a_page_that_is_not_there_is_not_found(reader: Browser, path: str) -> None:
    answer: httpx.Response = reader.get(path)
    assert answer.status_code == 404


def test_a_choice_is_refused_by_the_feed_that_knows_none(reader: Browser) -> None:
    answer = reader.get("/changes.atom?type=specimen")
    assert answer.status_code == 400 and answer.json()["parameter"] == "type"


def test_an_empty_repository_has_empty_feeds(browse: Callable[..., Browser]) -> None:
    assert list(feed(browse()).iter(f"{ATOM}entry")) == []
    assert activities(browse()) == []


def test_all_views_name_the_same_objects(reader: Browser, history: History) -> None:
    rows = reader.get("/changes?format=json").json()["events"]
    by_changes = {one["pid"] for one in rows}
    by_iiif = {one["object"]["canonical"] for one in activities(reader)}
    assert by_changes == by_iiif
    assert {iri.split("/", 3)[3] for iri in by_iiif} == history.public
