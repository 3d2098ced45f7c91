"""What people do by hand: what an erasure takes, and what it leaves."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eventstore import mirroring
from eventstore.application import DigitalObjects
from eventstore.transfer import read_log, write_log
from fdo.errors import Refused
from fdo.lifecycle import Status
from handlers.curation import Curation, redacted
from handlers.projector import Projector
from handlers.verification import verify_log, verify_projections
from tests.handlers.harvest.collection import Collection, image, row
from tests.handlers.harvest.test_batch import OPERATOR


@pytest.fixture
def herbarium(tmp_path: Path) -> Collection:
    """Three specimens with images; the first was revised, and its past was backfilled."""
    collection = Collection(tmp_path)
    rows, images = [row(1), row(2), row(3)], [image(1, "a"), image(3, "b")]
    collection.harvest(rows, images)
    collection.harvest([row(1, country="Latvia"), *rows[1:]], images)
    return collection


@pytest.fixture
def hands(herbarium: Collection) -> Curation:
    return Curation(herbarium.objects, OPERATOR)


def test_after_an_erasure_log_projections_and_a_copy_of_the_log_agree(
    herbarium: Collection, hands: Curation, tmp_path: Path
) -> None:
    data = herbarium.place / "data"
    projector = Projector(data)
    projector.settle()
    pid = herbarium.specimens()["TU-1"].pid
    event = hands.erase(hands.erasable(pid), "asked for by the family")
    assert event.agent == OPERATOR
    projector.settle()
    projector.close()
    assert verify_log(herbarium.objects) == []
    assert verify_projections(herbarium.log, data / "projections") == []
    copy = DigitalObjects(tmp_path / "copy")
    read_log(copy, io.BytesIO(b"".join(write_log(herbarium.log))))
    assert verify_log(copy) == []
    copy.close()


def test_each_version_keeps_its_own_number_and_dates(
    herbarium: Collection, hands: Curation
) -> None:
    before = herbarium.specimens()["TU-1"]
    first = herbarium.log.version(before.pid, 1)
    hands.erase(hands.erasable(before.pid), "asked for")
    for event in (first, before):
        left = herbarium.log.event(event.position)
        assert left.document == redacted(event.document)
        assert left.document["ods:version"] == event.version
        assert "ods:hasEvents" not in left.document
        assert left.verbatim is None and event.verbatim is not None


def test_the_records_of_a_backfill_are_erased_with_the_object(
    herbarium: Collection, hands: Curation
) -> None:
    herbarium.harvest(
        [row(1, country="Livonia")], backfill=True, observed_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    pid = herbarium.specimens()["TU-1"].pid
    (noted,) = [e for e in herbarium.log.history(pid) if e.what == "Backfilled"]
    what = hands.erasable(pid)
    assert [event.position for event in what.verbatims] == [noted.position]
    erased = hands.erase(what, "asked for").erased
    assert set(erased) == {e.position for e in (*what.contents, *what.verbatims)}
    assert all("Livonia" not in str(e.verbatim) for e in herbarium.log.history(pid))
    assert verify_log(herbarium.objects) == []
    with pytest.raises(Refused, match="nothing to erase"):
        hands.erasable(pid)


def test_an_object_comes_back_as_the_last_version_that_was_not_erased(
    herbarium: Collection, hands: Curation
) -> None:
    pid = herbarium.specimens()["TU-1"].pid
    hands.erase(hands.erasable(pid, version=2), "asked for")
    hands.tombstone(pid, "by mistake")
    back = hands.restore(pid, "found")
    assert (back.status, back.version) == (Status.ACTIVE, 4)
    assert "Latvia" not in str(back.document) and back.document["ods:hasEvents"]


def test_a_reason_is_asked_for(herbarium: Collection, hands: Curation) -> None:
    pid = herbarium.specimens()["TU-1"].pid
    position = herbarium.log.position()
    for act in (
        lambda: hands.tombstone(pid, " "),
        lambda: hands.merge(pid, herbarium.specimens()["TU-2"].pid, ""),
        lambda: hands.erase(hands.erasable(pid), "\n"),
    ):
        with pytest.raises(Refused, match="why"):
            act()
    assert herbarium.log.position() == position


def test_an_erasure_that_is_refused_destroyed_nothing_before(
    herbarium: Collection, hands: Curation
) -> None:
    """The rows of reports go first, and they cannot come back."""
    chosen = hands.erasable(herbarium.specimens()["TU-1"].pid)
    gone: list[str] = []
    with pytest.raises(Refused, match="Say why"):
        hands.erase(chosen, "  ", lambda: gone.append("rows"))
    recorder = herbarium.objects.recorder
    mirroring.begin(recorder, "https://source.example", herbarium.log.id)
    with pytest.raises(Refused, match="mirror"):
        hands.erase(chosen, "asked for by the family", lambda: gone.append("rows"))
    mirroring.detach(recorder)
    assert gone == []
    hands.erase(chosen, "asked for by the family", lambda: gone.append("rows"))
    assert gone == ["rows"]
