"""Which versions stand on which page of the event streams, for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eventstore.follower import follow_once
from fdo.documents import canonical
from fdo.errors import NotFound, Unavailable
from handlers.projections import members
from handlers.projections.members import Members, MembersReader
from tests.handlers.projections.contract import ProjectionContract
from tests.handlers.projections.story import AGENT, SOURCE, Repository, a_specimen, a_story


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three members a page, so that a short story fills many."""
    monkeypatch.setattr(members, "PAGE", 3)


def everything(reader: MembersReader) -> dict[str, list[members.Page]]:
    """All pages of all streams."""
    found = {}
    for extent in reader.extents():
        pages = extent.full_pages + (1 if extent.rest else 0)
        found[extent.stream] = [reader.page(extent.stream, number) for number in range(pages)]
    return found


class TestMembers(ProjectionContract):
    """The contract of all projections."""

    def open(self, folder: Path) -> Members:
        return Members(folder / "view.sqlite")

    def seen(self, projection: Any, folder: Path) -> Any:
        return everything(MembersReader(folder / "view.sqlite"))


@pytest.fixture
def told(tmp_path: Path) -> Repository:
    """A repository in which something of everything happened."""
    return a_story(tmp_path / "log")


def followed(told: Repository, folder: Path) -> MembersReader:
    """The pages after all that was told so far."""
    projection = Members(folder / "view.sqlite")
    while follow_once(told.log, [projection]):
        pass
    projection.close()
    return MembersReader(folder / "view.sqlite")


def test_every_version_that_is_no_draft_has_one_place_in_the_order_of_the_log(told, tmp_path):
    pages = everything(followed(told, tmp_path))["all"]
    placed = [position for page in pages for position in page.positions]
    assert placed == [
        event.position
        for event in told.events()
        if not event.operational and event.status.value != "draft"
    ]
    assert all(page.full for page in pages[:-1])


def test_full_pages_stay_as_they_are_whatever_comes(told, tmp_path):
    before = everything(followed(told, tmp_path))
    told.register(20, a_specimen(20))
    told.tombstone(6)
    told.revise(9, a_specimen(9, ods_specimenName="Bellis annua L."))
    after = everything(followed(told, tmp_path))
    for stream, pages in before.items():
        full = [page for page in pages if page.full]
        assert after[stream][: len(full)] == full


def test_a_type_and_a_dataset_have_streams_of_their_own_without_empty_pages(told, tmp_path):
    found = everything(followed(told, tmp_path))
    media = [event.position for event in told.events() if event.type == "media"]
    assert [page.positions for page in found["type/media"]] == [tuple(media)]
    of_source = [position for page in found[f"dataset/{SOURCE}"] for position in page.positions]
    assert set(media) < set(of_source)
    assert told.events()[0].position in of_source  # the source system itself


def test_the_dataset_of_an_object_is_the_one_that_told_of_it_last(told, tmp_path):
    told.revise(7, a_specimen(7, ods_specimenName="Bellis azorica Hochst."))
    for event in told.events():
        said = [e.source for e in told.log.history(event.pid) if e.position <= event.position]
        known = [source for source in said if source]
        assert told.log.source_of(event.pid, event.position) == (known[-1] if known else None)


def test_what_a_curator_did_stands_in_the_stream_of_the_dataset_too(told, tmp_path):
    known, _ = told.objects.state(told.pid(7))
    changed = {**known.document, "ods:specimenName": "Bellis azorica Hochst."}
    told.objects.erase(told.pid(7), [told.log.latest(told.pid(7)).position],
                       canonical(changed), AGENT)  # fmt: skip
    erasure = told.log.position()
    assert told.log.event(erasure).source is None
    pages = everything(followed(told, tmp_path))[f"dataset/{SOURCE}"]
    assert pages[-1].positions[-1] == erasure


def test_spans_say_when_the_first_and_last_member_of_some_pages_were_recorded(told, tmp_path):
    reader = followed(told, tmp_path)
    pages = everything(reader)["all"]
    (one, many) = reader.spans("all", [(1, 1), (0, 2)])
    assert (one.first_at, one.last_at) == (pages[1].first_at, pages[1].last_at)
    assert (many.first_at, many.last_at) == (pages[0].first_at, pages[2].last_at)
    assert pages[0].last_at < pages[1].first_at


def test_a_page_that_is_not_there_is_not_found(told, tmp_path):
    reader = followed(told, tmp_path)
    with pytest.raises(NotFound, match="has no page 99"):
        reader.page("all", 99)
    assert reader.extent("type/nothing").members == 0


def test_without_a_view_the_reader_says_what_is_missing(tmp_path):
    with pytest.raises(Unavailable, match="projector"):
        MembersReader(tmp_path / "view.sqlite").extents()
