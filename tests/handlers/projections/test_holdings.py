"""What there is and when it last changed: lists as of a position, pages that stay, counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventstore.envelope import Recorded
from eventstore.follower import follow_once
from fdo.documents import canonical
from fdo.lifecycle import Status
from handlers.projections.holdings import Entry, Holdings, HoldingsReader, Selection, reader
from handlers.projections.holdings.index import is_change
from tests.handlers.projections.contract import ProjectionContract
from tests.handlers.projections.story import AGENT, SOURCE, Repository, a_specimen, a_story


class TestHoldings(ProjectionContract):
    """The contract of all projections."""

    def open(self, folder: Path) -> Holdings:
        return Holdings(folder / "view.sqlite")

    def seen(self, projection: Any, folder: Path) -> Any:
        view = HoldingsReader(folder / "view.sqlite")
        upto = range(projection.position() + 1)
        lists = [view.page(Selection(position), 1000) for position in upto]
        return lists, view.parts(), view.part(0), view.tallies()


@pytest.fixture
def told(tmp_path: Path) -> Repository:
    """A repository in which something of everything happened, an erasure too."""
    told = a_story(tmp_path / "log")
    known, _ = told.objects.state(told.pid(7))
    redacted = canonical({**known.document, "ods:specimenName": "Bellis azorica Hochst."})
    told.objects.erase(told.pid(7), [told.log.latest(told.pid(7)).position], redacted, AGENT)
    return told


@contextmanager
def followed(told: Repository, folder: Path) -> Iterator[HoldingsReader]:
    """The view after all that was told so far."""
    projection = Holdings(folder / "view.sqlite")
    while follow_once(told.log, [projection]):
        pass
    projection.close()
    view = HoldingsReader(folder / "view.sqlite")
    yield view
    view.close()


def expected(events: list[Recorded], position: int) -> list[tuple[int, str, str]]:
    """By the definition: the last change of each object as of a position, in order."""
    last = {event.pid_text: event for event in events
            if event.position <= position and is_change(event)}  # fmt: skip
    found = sorted(last.values(), key=lambda event: event.position)
    return [(event.position, event.pid_text, event.type) for event in found]


def short(entries: list[Entry]) -> list[tuple[int, str, str]]:
    """What `expected` says of entries."""
    return [(entry.position, entry.pid, entry.kind) for entry in entries]


def test_a_list_as_of_any_position_is_what_was_in_force_then(told, tmp_path):
    with followed(told, tmp_path) as view:
        for position in range(1, told.log.position() + 1):
            chosen = Selection(position)
            assert short(view.page(chosen, 1000)) == expected(told.events(), position)
            assert view.count(chosen) == len(expected(told.events(), position))


def test_pages_of_a_list_are_complete_and_without_doubles_while_writing_goes_on(told, tmp_path):
    begun = told.log.position()
    whole = expected(told.events(), begun)
    read: list[tuple[int, str, str]] = []
    after = 0
    for number in range(30, 60):
        told.register(number, a_specimen(number))
        told.revise(number % 3 + 6, a_specimen(6, dwc_preparations=f"sheet {number}"))
        with followed(told, tmp_path) as view:
            page = view.page(Selection(begun, after=after), 1)
        if not page:
            break
        read += short(page)
        after = page[-1].position
    assert read == whole


def test_drafts_are_not_in_it_and_an_erasure_is_a_change(told, tmp_path):
    with followed(told, tmp_path) as view:
        entries = view.page(Selection(told.log.position()), 1000)
    assert str(told.pid(10)) not in [entry.pid for entry in entries]
    assert entries[-1] == Entry(
        told.log.position(), told.events()[-1].recorded_at, str(told.pid(7)), "specimen",
        str(SOURCE),
    )  # fmt: skip


def test_a_list_may_be_of_a_type_a_dataset_and_a_time(told, tmp_path):
    now = told.log.position()
    with followed(told, tmp_path) as view:
        everything = view.page(Selection(now), 1000)
        media = view.page(Selection(now, kinds=frozenset({"media"})), 1000)
        mine = Selection(now, source=str(SOURCE), kinds=frozenset({"specimen", "media"}))
        later = view.page(Selection(now, after=5, until=15), 1000)
        assert view.count(mine) == len(view.page(mine, 1000)) == len(everything) - 1
        nothing = Selection(now, source="20.5000.5072/ZZZ-ZZZ-ZZZ")
        assert view.page(nothing, 9) == [] and view.count(nothing) == 0
    assert media == [entry for entry in everything if entry.kind == "media"]
    assert later == [entry for entry in everything if 5 < entry.position <= 15]


def test_a_public_object_stands_in_one_part_for_ever(told, tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "PART", 4)
    with followed(told, tmp_path) as view:
        before = {one.pid: part.number for part in view.parts() for one in view.part(part.number)}
        assert sum(part.objects for part in view.parts()) == len(before)
    told.tombstone(1)
    told.restore(3, a_specimen(3))
    told.register(70, a_specimen(70))
    with followed(told, tmp_path) as view:
        after = {one.pid: part.number for part in view.parts() for one in view.part(part.number)}
        newest = max(part.at for part in view.parts())
    assert str(told.pid(1)) not in after
    assert {pid: part for pid, part in after.items() if pid in before} == {
        pid: part for pid, part in before.items() if pid != str(told.pid(1))
    }
    assert {*after} - {*before} == {str(told.pid(3)), str(told.pid(70))}
    assert newest == told.events()[-1].recorded_at


def test_what_a_dataset_holds_is_counted_by_type(told, tmp_path):
    with followed(told, tmp_path) as view:
        tallies = view.tallies()
    heads = [head for head in told.log.heads() if head.status is not Status.DRAFT]
    assert sum(tally.objects for tally in tallies) == len(heads)
    public = [t for t in tallies if (t.source, t.kind, t.public) == (str(SOURCE), "specimen", True)]
    assert [tally.objects for tally in public] == [
        len([h for h in heads if h.type == "specimen" and h.status is Status.ACTIVE])
    ]


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 3), st.sampled_from("rewts")), max_size=14))
def test_whatever_happens_to_objects_the_list_is_what_is_in_force(tmp_path_factory, steps):
    folder = tmp_path_factory.mktemp("holdings")
    told = Repository(folder / "log")
    told.source()
    for number in range(4):
        told.register(number, a_specimen(number))
    for turn, (number, what) in enumerate(steps):
        _happen(told, number, what, turn)
    with followed(told, folder) as view:
        for position in range(1, told.log.position() + 1):
            assert short(view.page(Selection(position), 99)) == expected(told.events(), position)
    told.objects.close()


def _happen(told: Repository, number: int, what: str, turn: int) -> None:
    """One thing that may happen to the object as it stands; else nothing."""
    status = told.log.head(told.pid(number)).status
    draft = a_specimen(number, dwc_preparations=f"sheet {turn}")
    if what == "r" and status is Status.ACTIVE:
        told.revise(number, draft)
    elif what == "e" and status is Status.ACTIVE:
        latest = told.log.latest(told.pid(number))
        redacted = canonical({**latest.document, "ods:specimenName": f"erased {turn}"})
        told.objects.erase(told.pid(number), [latest.position], redacted, AGENT)
    elif what == "w" and status is Status.ACTIVE:
        told.withhold(number)
    elif what == "t" and status is not Status.TOMBSTONE:
        told.tombstone(number)
    elif what == "s" and status is Status.TOMBSTONE:
        told.restore(number, draft)
