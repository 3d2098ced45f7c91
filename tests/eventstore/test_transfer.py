"""A log as text: the copy is the log, and a copy that was tampered with is refused by line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from eventstore.transfer import BrokenTransfer, read_log, write_log
from fdo.documents import canonical
from fdo.lifecycle import Merge, Note, Revise, Tombstone
from handlers.verification import verify_log
from tests.eventstore.story import AT, BY, Objects, pid
from tests.fdo.story import CURATOR

Line = dict[str, Any]


@pytest.fixture
def log(tmp_path: Path) -> Objects:
    """A log with something of everything, an erasure and a gap."""
    objects = Objects(tmp_path / "log")
    for number in range(1, 5):
        objects.register(number, verbatim=canonical({"core": {"n": str(number)}}), observed_at=5)
    objects.do(1, Revise(objects.stamp(1, "Larix decidua", 2)))
    objects.do(
        1, Note("HarvestCompleted", {"harvest": 1, "not_seen": [str(pid(2))], "seen_again": {}})
    )
    objects.do(2, Tombstone("Lost.", CURATOR, AT))
    objects.do(3, Merge(pid(4), "Same.", CURATOR, AT))
    objects.objects.erase(pid(1), [1], canonical({"@type": "ods:DigitalSpecimen"}), BY)
    with objects.objects.recorder.datastore.transaction(commit=True) as cursor:
        cursor.execute("UPDATE sqlite_sequence SET seq=seq+5 WHERE name='events'")
    objects.register(6)
    return objects


def lines_of(log: Objects) -> list[Line]:
    return [orjson.loads(line) for line in write_log(log.log)]


def copied(lines: list[Line], place: Path) -> Objects:
    copy = Objects(place)
    read_log(copy.objects, [orjson.dumps(line) for line in lines])
    return copy


def test_the_copy_is_the_log_with_its_name_times_positions_and_claims(
    log: Objects, tmp_path: Path
) -> None:
    lines = lines_of(log)
    copy = copied(lines, tmp_path / "copy")
    assert lines_of(copy) == lines
    assert copy.log.id == log.log.id
    assert copy.log.read(0, 100) == [
        type(e)(*[getattr(e, n) for n in e.__dataclass_fields__]) for e in log.log.read(0, 100)
    ]
    assert verify_log(copy.objects) == []
    assert [e.activity for e in copy.log.read(0, 99)] == [e.activity for e in log.log.read(0, 99)]


def test_heads_and_what_a_source_no_longer_shows_come_with_the_copy(
    log: Objects, tmp_path: Path
) -> None:
    copy = copied(lines_of(log), tmp_path / "copy")
    assert copy.log.heads() == log.log.heads()
    assert copy.log.unseen_since(pid(2)) == 1


def test_the_copy_goes_on_behind_the_last_position(log: Objects, tmp_path: Path) -> None:
    copy = copied(lines_of(log), tmp_path / "copy")
    assert copy.register(9).position == log.log.position() + 1


def test_a_log_with_events_takes_no_copy(log: Objects) -> None:
    with pytest.raises(BrokenTransfer, match="empty repository"):
        read_log(log.objects, write_log(log.log))


EVENT_EDITS: dict[str, Callable[[Line], Any]] = {
    "object": lambda _: str(pid(77)),
    "sequence": lambda line: line["sequence"] + 1,
    "version": lambda line: line["version"] + 1,
    "recorded_at": lambda line: line["recorded_at"] + 1,
    "observed_at": lambda line: line["observed_at"] - 1,
    "topic": lambda _: "SpecimenActivated.v1",
    "salt": lambda line: line["salt"] and line["document"] and "00" * 32,
    "leaf": lambda _: "00" * 32,
    "meta": lambda line: {**line["meta"], "status": "draft"},
    "document": lambda line: line["document"] and {**line["document"], "ods:specimenName": "X"},
    "verbatim": lambda line: line["verbatim"] and {"core": {}},
}


@pytest.mark.parametrize("field", EVENT_EDITS)
def test_a_change_in_any_line_is_refused_and_the_line_named(
    log: Objects, tmp_path: Path, field: str
) -> None:
    lines = lines_of(log)
    copy = Objects(tmp_path / "copy")
    for index, line in enumerate(lines):
        if "position" not in line:
            continue
        changed = {**line, field: EVENT_EDITS[field](line)}
        unbound = (field == "document" and not line["salt"]) or (
            field == "salt" and not line["document"]
        )  # what was redacted, and a salt that salts nothing, are bound by no hash
        if changed == line or unbound:
            continue
        with pytest.raises(BrokenTransfer) as refused:
            text = [orjson.dumps(each) for each in (*lines[:index], changed, *lines[index + 1 :])]
            read_log(copy.objects, text)
        assert refused.value.details["line"] == index + 1, (field, line)
    assert copy.log.position() == 0


def test_a_document_without_its_salt_is_refused_unless_its_erasure_is_recorded(
    log: Objects, tmp_path: Path
) -> None:
    lines = lines_of(log)
    lines[2] = {**lines[2], "salt": None, "document": {"@type": "x"}}
    with pytest.raises(BrokenTransfer, match="erased"):
        copied(lines, tmp_path / "copy")


def test_a_missing_event_is_noticed_at_the_next_one_of_its_object(
    log: Objects, tmp_path: Path
) -> None:
    lines = lines_of(log)
    with pytest.raises(BrokenTransfer, match="missing"):
        copied([*lines[:2], *lines[3:]], tmp_path / "copy")


def test_events_in_another_order_are_refused(log: Objects, tmp_path: Path) -> None:
    lines = lines_of(log)
    with pytest.raises(BrokenTransfer, match="does not follow"):
        copied([lines[0], lines[2], lines[1], *lines[3:]], tmp_path / "copy")


@pytest.mark.parametrize("claim", [{"claim": "specimen:TU-99"}, {"object": str(pid(6))}])
def test_a_claim_that_follows_from_no_document_is_refused(
    log: Objects, tmp_path: Path, claim: Line
) -> None:
    lines = lines_of(log)
    at = next(n for n, line in enumerate(lines) if line.get("claim") == "specimen:TU-4")
    lines[at] = {**lines[at], **claim}
    with pytest.raises(BrokenTransfer) as refused:
        copied(lines, tmp_path / "copy")
    assert refused.value.details["line"] == at + 1


@pytest.mark.parametrize("text", [b"", b"{}", b'{"log": "x", "format": 2}'])
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(BrokenTransfer, match="Line 1"):
        read_log(Objects(tmp_path).objects, [text])


def test_a_line_that_is_not_json_is_named(log: Objects, tmp_path: Path) -> None:
    lines = [orjson.dumps(line) for line in lines_of(log)]
    with pytest.raises(BrokenTransfer, match="Line 3 is not JSON"):
        read_log(Objects(tmp_path / "copy").objects, [*lines[:2], b"{oops", *lines[3:]])
