"""A mirror is the log again: row by row where all is public, by its hashes where not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.feeds.events import section
from eventstore import mirroring
from eventstore.application import DigitalObjects
from eventstore.arrivals import OtherLog, checked
from eventstore.envelope import commitment, leaf_hash
from eventstore.follower import follow_once
from eventstore.sections import Incomplete, arrived, last_line
from eventstore.transfer import BrokenTransfer, read_log, write_log
from fdo.errors import CollectomeError, Refused
from fdo.lifecycle import Note, Restore, Revise
from handlers.following.mirror import Mirroring
from handlers.projections.conformance import Conformance
from handlers.projections.graph import Graph
from handlers.projections.search import SearchIndex
from handlers.verification import graph_digests, verify_log
from tests.eventstore.story import BY, Objects, pid
from tests.handlers.following.story import SECRET, Near, erase, followed, guarded, public, rows

TABLES = ("log", "events", "claims", "unseen")


@pytest.fixture
def source(tmp_path: Path) -> Objects:
    return public(tmp_path / "source")


@pytest.fixture
def mirror(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "mirror")


def test_the_mirror_of_a_public_log_is_that_log_row_by_row(
    source: Objects, mirror: Objects
) -> None:
    steps = followed(mirror, Near(source))
    assert len(steps) > 3 and steps[-1].position == source.log.position()
    for table in TABLES:
        assert rows(mirror, table) == rows(source, table), table
    assert mirror.log.heads() == source.log.heads()
    assert verify_log(mirror.objects) == []


def test_a_follower_goes_on_where_the_mirror_stands(source: Objects, mirror: Objects) -> None:
    followed(mirror, Near(source))
    source.do(4, Revise(source.stamp(4, "Pinus cembra", 2)))
    assert [step.events for step in followed(mirror, Near(source))] == [1, 0]
    assert rows(mirror, "events") == rows(source, "events")


def test_an_erasure_at_the_source_takes_the_bytes_out_of_the_mirror(
    source: Objects, mirror: Objects
) -> None:
    followed(mirror, Near(source))
    erase(source, 5, 5)
    followed(mirror, Near(source))
    assert rows(mirror, "events") == rows(source, "events")
    assert mirror.log.event(5).salt is None
    assert b"Abies alba" not in (mirror.log.event(5).document_bytes or b"")


def test_an_erased_record_of_a_backfill_is_erased_in_the_mirror_too(
    source: Objects, mirror: Objects
) -> None:
    position = source.do(5, Note("Backfilled", {"harvest": 1}), verbatim=b'{"core":{}}').position  # type: ignore[union-attr]
    followed(mirror, Near(source))
    source.objects.erase(pid(5), [], {}, BY, verbatims=[position])
    followed(mirror, Near(source))
    for log in (source.log, mirror.log):
        assert (log.event(position).salt, log.event(position).verbatim) == (None, None)
        assert log.erasures()[-1] == (log.position(), position)
    assert rows(mirror, "events") == rows(source, "events")
    assert verify_log(mirror.objects) == []


def test_a_mirror_of_a_mirror_sends_the_same_bytes(tmp_path: Path, mirror: Objects) -> None:
    first, last = guarded(tmp_path / "source"), Objects(tmp_path / "last")
    followed(mirror, Near(first))
    assert section(mirror.log, 0, 100) == section(first.log, 0, 100)
    followed(last, Near(mirror))
    assert rows(last, "events") == rows(mirror, "events")
    assert rows(last, "lacking") == rows(mirror, "lacking")


# ── what is not public ───────────────────────────────────────────────────────────────────


def test_what_is_not_public_does_not_travel_and_every_hash_holds(
    tmp_path: Path, mirror: Objects
) -> None:
    source = guarded(tmp_path / "source")
    assert SECRET.encode() not in section(source.log, 0, 100)
    assert sum(step.lacking for step in followed(mirror, Near(source))) == 7
    assert [e.leaf for e in mirror.log.read(0, 99)] == [e.leaf for e in source.log.read(0, 99)]
    assert mirror.log.heads() == source.log.heads()
    assert verify_log(mirror.objects) == []
    assert mirror.log.event(9).document["ods:hasTombstoneMetadata"]["ods:tombstoneText"] == "Lost."


def test_the_mirror_shows_the_graph_of_the_source_where_nothing_public_was_kept_back(
    tmp_path: Path, mirror: Objects
) -> None:
    source = guarded(tmp_path / "source")
    followed(mirror, Near(source))
    assert _graph(mirror, tmp_path / "a") == _graph(source, tmp_path / "b")


def _graph(objects: Objects, folder: Path) -> dict[str, str]:
    views: list[Any] = [Graph(folder), SearchIndex(folder / "s"), Conformance(folder / "c")]
    while follow_once(objects.log, views):
        pass
    views[0].flush()
    digests = graph_digests(views[0]._store)
    for view in views:
        view.close()
    return digests


def test_what_was_kept_back_stays_marked_in_a_copy_of_the_mirror(
    tmp_path: Path, mirror: Objects
) -> None:
    followed(mirror, Near(guarded(tmp_path / "source")))
    copy = Objects(tmp_path / "copy")
    read_log(copy.objects, write_log(mirror.log))
    assert rows(copy, "lacking") == rows(mirror, "lacking")
    assert verify_log(copy.objects) == []


# ── what is refused ──────────────────────────────────────────────────────────────────────


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_one_altered_byte_anywhere_is_noticed(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    body, log = _sent(tmp_path_factory)
    at = data.draw(st.integers(0, len(body) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda new: new != body[at]))
    altered = body[:at] + bytes((byte,)) + body[at + 1 :]
    with pytest.raises((BrokenTransfer, Incomplete, OtherLog)):
        checked(arrived(altered), log)


_SENT: list[Any] = []


def _sent(places: pytest.TempPathFactory) -> tuple[bytes, Any]:
    if not _SENT:
        folder = places.mktemp("sent")
        source = public(folder / "source")
        _SENT[:] = [section(source.log, 0, 100), Objects(folder / "mirror").log]
    return _SENT[0], _SENT[1]


def test_a_broken_event_is_named_and_nothing_of_its_section_is_recorded(
    source: Objects, mirror: Objects
) -> None:
    near = Near(source, lambda body: body.replace(b'"n":"5"', b'"n":"4"'))
    with pytest.raises(BrokenTransfer, match="Event 5, behind event 4,"):
        followed(mirror, near)
    assert mirror.log.position() == 3


@pytest.mark.parametrize("cut", [1, 2, 40, 2000])
def test_a_section_that_is_cut_short_is_asked_for_again(source: Objects, cut: int) -> None:
    with pytest.raises(Incomplete):
        arrived(section(source.log, 0, 100)[:-cut])


def forged(body: bytes, number: int, **changed: Any) -> bytes:
    """The section with one event altered and every hash made again, as a hostile source would."""
    lines = body.split(b"\n")
    event = orjson.loads(lines[number]) | changed
    if event["document"] is not None:
        salt = bytes.fromhex(event["salt"])
        document = orjson.dumps(event["document"], option=orjson.OPT_SORT_KEYS)
        event["meta"] = event["meta"] | {"commitment": commitment(salt, document)}
    names = ("object", "sequence", "version", "recorded_at", "observed_at", "topic", "meta")
    event["leaf"] = leaf_hash(*(event[name] for name in names)).hex()
    lines[number] = orjson.dumps(event)
    before = b"\n".join(lines[:-2]) + b"\n"
    return before + last_line(before, 1, 1)


META = {"type": "specimen", "status": "active", "issue": 1}


@pytest.mark.parametrize(
    "changed",
    [
        {"meta": {**META, "agent": ["x> <y> <z", "N", "schema:Person", "Requestor"]}},
        {"meta": {**META, "agent": ["urn:x", "N", "schema:Person", "R> <y> <z"]}},
        {"topic": 'SpecimenRegistered.v1" . <a> <b> "c'},
        {"topic": "SomethingNew.v1"},
        {"object": "10.5072/AAA-AAA-AAA> <y"},
        {"object": str(pid(77))},
        {"document": {"@id": "https://doi.org/10.5072/OTHER", "@type": "ods:DigitalSpecimen"}},
        {"document": {"@id": pid(1).iri, "unknown": 1}},
        {"claims": ["specimen:TU-99"]},
        {"claims": [7]},
        {"sequence": 2},
        {"version": 2},
        {"position": 2**63},
        {"position": "1"},
        {"recorded_at": -1},
        {"verbatim": {"core": "another"}},
    ],
)
def test_a_source_that_lies_with_good_hashes_is_refused(
    source: Objects, mirror: Objects, changed: dict[str, Any]
) -> None:
    source = Objects(source.folder.parent / "plain")
    source.register(1)
    with pytest.raises(BrokenTransfer):
        followed(mirror, Near(source, lambda body: forged(body, 1, **changed)))
    assert mirror.log.position() == 0 and mirroring.origin(mirror.objects.recorder) is None


def test_an_erasure_touches_its_own_object_only(source: Objects, mirror: Objects) -> None:
    erasure = next(e for e in source.log.read(0, 99) if e.what == "Erased")
    other = {"positions": [2]}
    left = {"2": {"@id": pid(2).iri, "@type": "ods:DigitalSpecimen"}}

    def change(body: bytes) -> bytes:
        number = 1 + [e.position for e in source.log.read(0, 99)].index(erasure.position)
        meta = {**erasure.meta, "detail": other}
        return forged(body, number, meta=meta, redacted=left)

    near = Near(source, change)
    near.limit = 100
    with pytest.raises(BrokenTransfer, match="event 2 is no content of"):
        followed(mirror, near)


def test_another_log_is_refused(source: Objects, mirror: Objects) -> None:
    mirror.register(1)
    with pytest.raises(OtherLog, match="one cannot continue the other"):
        checked(arrived(section(source.log, 1, 10)), mirror.log)


def test_a_log_that_went_on_by_itself_is_refused(source: Objects, mirror: Objects) -> None:
    followed(mirror, Near(source))
    mirroring.detach(mirror.objects.recorder)
    mirror.do(6, Note("PidConfirmed"))
    source.do(6, Revise(source.stamp(6, "Pinus cembra", 2)))
    with pytest.raises(OtherLog, match="different ways"):
        followed(mirror, Near(source))


def test_a_copy_of_the_source_s_log_becomes_its_mirror_when_a_person_says_so(
    source: Objects, mirror: Objects
) -> None:
    read_log(mirror.objects, write_log(source.log))
    source.do(6, Revise(source.stamp(6, "Pinus cembra", 2)))
    with pytest.raises(Refused, match="--adopt"):
        followed(mirror, Near(source))
    assert mirroring.origin(mirror.objects.recorder) is None
    assert followed(mirror, Near(source), adopt=True)[0].events == 1


# ── a mirror records nothing of its own ──────────────────────────────────────────────────


def test_a_mirror_takes_no_writes_until_it_is_detached(source: Objects, mirror: Objects) -> None:
    followed(mirror, Near(source))
    for write in (
        lambda: mirror.register(9),
        lambda: erase(mirror, 5, 5),
        lambda: mirror.do(2, Restore(mirror.stamp(2, "Abies alba", 3))),
    ):
        with pytest.raises(Refused, match="mirror of http://source"):
            write()
    found = mirroring.detach(mirror.objects.recorder)
    assert found is not None and found.head == source.log.position()
    assert mirror.register(9).position == source.log.position() + 1


def test_an_import_into_a_mirror_is_refused(source: Objects, mirror: Objects) -> None:
    mirroring.begin(mirror.objects.recorder, "http://source.example", source.log.id)
    with pytest.raises(BrokenTransfer, match="empty repository"):
        read_log(mirror.objects, write_log(source.log))


def test_two_followers_of_one_folder_are_one_too_many(source: Objects, mirror: Objects) -> None:
    with (
        Mirroring(mirror.objects, mirror.folder, Near(source)),  # type: ignore[arg-type]
        pytest.raises(Refused, match="Another"),
    ):
        Mirroring(mirror.objects, mirror.folder, Near(source))  # type: ignore[arg-type]


def test_a_section_that_another_process_took_is_not_taken_twice(
    source: Objects, mirror: Objects
) -> None:
    fresh = checked(arrived(section(source.log, 0, 3)), mirror.log)
    mirroring.begin(mirror.objects.recorder, "http://source.example", source.log.id)
    mirroring.take(mirror.objects.recorder, fresh)
    with pytest.raises(CollectomeError, match="does not fit"):
        mirroring.take(mirror.objects.recorder, fresh)
    assert mirror.log.position() == 3


def test_a_server_that_ran_on_the_empty_folder_takes_the_name_of_the_log(
    source: Objects, mirror: Objects
) -> None:
    beside = DigitalObjects(mirror.folder)
    own = beside.log.id
    followed(mirror, Near(source))
    assert own != beside.log.id == source.log.id
    assert beside.log.event(1).activity == source.log.event(1).activity
