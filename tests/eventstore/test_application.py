"""What may be recorded: nothing at which the projections would stop for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from eventstore.application import Change
from eventstore.transfer import BrokenTransfer, event_line, read_log, write_log
from fdo.catalogue import OBJECT_TYPES
from fdo.errors import InvalidDocument
from fdo.lifecycle import Register, Registered, Revise, Status
from tests.eventstore.story import BY, Objects, pid, specimen

UNKNOWN = {"ods:hasDefaultMappings": [{"dwc:country": "Norway"}]}


@pytest.fixture
def log(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "log")


@pytest.mark.parametrize("kind", sorted(OBJECT_TYPES))
@pytest.mark.parametrize("status", [Status.ACTIVE, Status.DRAFT])
def test_no_type_of_object_begins_with_a_term_that_cannot_be_mapped(
    log: Objects, kind: str, status: Status
) -> None:
    with pytest.raises(InvalidDocument, match="'ods:hasDefaultMappings'"):
        log.objects.handle(
            Register({"@id": pid(1).iri, **UNKNOWN}, status), pid=pid(1), kind=kind, by=BY
        )
    assert log.log.position() == 0


def test_one_document_that_cannot_be_mapped_keeps_its_whole_batch_out(log: Objects) -> None:
    sound = log.registration(1)
    broken = Change(pid(2), "specimen", Registered({"@id": pid(2).iri, **UNKNOWN}), None)
    with pytest.raises(InvalidDocument):
        log.objects.append([sound, broken], by=BY)
    assert log.log.position() == 0


@pytest.mark.parametrize(
    "wrong", [UNKNOWN, {"dwc:country": {"a": 1}}, {"@type": [{}]}, {"ods:midsLevel": {}}]
)
def test_a_revision_with_what_cannot_be_mapped_is_refused(
    log: Objects, wrong: dict[str, Any]
) -> None:
    log.register(1)
    with pytest.raises(InvalidDocument):
        log.do(1, Revise({**log.stamp(1, "Abies nigra", 2), **wrong}))
    assert log.log.latest(pid(1)).version == 1


def test_a_number_that_nobody_could_read_again_is_refused_by_name(log: Objects) -> None:
    event = {"@type": "ods:Event", "dwc:year": 10**30}
    with pytest.raises(InvalidDocument, match=r"dwc:year .* 64 bits"):
        log.do(1, Register({**log.stamp(1, "Abies alba", 1), "ods:hasEvents": [event]}))


def test_the_stub_of_an_object_that_is_kept_back_may_say_why(log: Objects) -> None:
    stub = {**log.stamp(1, "Abies alba", 1), "reason": "no licence"}
    assert log.do(1, Register(stub, Status.PID_ONLY)) is not None


def test_a_copy_of_a_log_whose_documents_cannot_be_mapped_is_refused_by_line(
    log: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:  # a release that did not look
        older.setattr("fdo.representations.mappable.check", lambda _: None)
        log.do(1, Register({**specimen(1), "@id": pid(1).iri, **UNKNOWN}))
    copy = Objects(tmp_path / "copy")
    with pytest.raises(BrokenTransfer, match=r"Line 2 .*ods:hasDefaultMappings") as refused:
        read_log(copy.objects, write_log(log.log))
    assert refused.value.details["line"] == 2 and copy.log.position() == 0


def test_a_document_that_is_no_object_is_refused_by_line(log: Objects, tmp_path: Path) -> None:
    log.register(1)
    head, _, claim = write_log(log.log)
    event = event_line(log.log.event(1)) | {"document": ["no", "object"], "salt": None}
    copy = Objects(tmp_path / "copy")
    with pytest.raises(BrokenTransfer, match="Line 2"):
        read_log(copy.objects, [head, orjson.dumps(event), claim])
