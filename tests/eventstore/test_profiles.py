"""Every record is judged by the profile version in force, and stays under it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyshacl
import pytest
import rdflib

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded
from eventstore.records import record_of
from fdo.definitions.names import definition_pid
from fdo.definitions.shapes import record_shapes
from fdo.errors import RecordInvalid
from fdo.identifiers import Pid
from fdo.lifecycle import Note, Register, Revise, Status, Tombstone, Withhold, stamped
from fdo.representations.record import record_triples
from handlers.definitions import ensure
from handlers.verification import verify_log
from tests.eventstore.story import AT, BY, Objects, pid

PROFILE = definition_pid("20.5000.5072", "fdo-profile", "specimen")
CURATOR = {"@type": "schema:Person", "schema:identifier": "urn:example:curator"}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Objects]:
    found = Objects(tmp_path)
    ensure(found.objects)
    yield found
    found.objects.close()


def ask_for(objects: DigitalObjects, attribute: str) -> Recorded:
    """The next version of the specimens' profile makes an attribute mandatory."""
    known, _ = objects.state(PROFILE)
    assert known is not None
    document = copy.deepcopy(known.document)
    document["col:recordSchema"]["required"].append(attribute)
    document = stamped(document, PROFILE, known.version + 1, modified=AT)
    recorded = objects.handle(Revise(document), pid=PROFILE, kind="fdo-profile", by=BY)
    assert recorded is not None
    return recorded


def record(log: Objects, number: int) -> dict[str, Any]:
    return record_of(log.log.latest(pid(number)), log.log.history(pid(number)))


def rules(log: Objects, version: str) -> dict[str, Any]:
    """The JSON Schema of the profile version that a record names."""
    *_, prefix, suffix, number = version.split("/")
    event = log.log.version(Pid(prefix, suffix), int(number))
    schema: dict[str, Any] = event.document["col:recordSchema"]
    return schema


def shacl_says(schema: dict[str, Any], iri: str, found: dict[str, Any]) -> bool:
    shapes = rdflib.Graph().parse(data=record_shapes(schema), format="turtle")
    data = rdflib.Graph().parse(data="".join(record_triples(iri, found)), format="nt")
    conforms, _, _ = pyshacl.validate(data, shacl_graph=shapes)
    return bool(conforms)


def test_a_record_names_the_definitions_it_stands_under(log: Objects) -> None:
    log.register(1)
    found = record(log, 1)
    assert found["0.FDO/Profile"] == PROFILE.iri
    assert found["fdoProfileVersion"] == f"{PROFILE.iri}/1"
    assert found["0.FDO/Type"] == definition_pid("20.5000.5072", "fdo-type", "specimen").iri
    assert shacl_says(rules(log, found["fdoProfileVersion"]), pid(1).iri, found)


def test_a_record_that_breaks_its_profile_is_refused_and_the_rule_is_named(log: Objects) -> None:
    bare = log.stamp(1, "Abies alba", 1)
    del bare["ods:organisationID"]
    with pytest.raises(RecordInvalid, match='"specimenHost" is a required property') as refused:
        log.do(1, Register(bare))
    assert refused.value.details["profile"] == f"{PROFILE}/1"
    with pytest.raises(RecordInvalid, match="topicDomain: "):
        log.do(1, Register({**bare, "ods:organisationID": "https://ror.org/03z77qz90",
                            "ods:topicDomain": "Somewhere"}))  # fmt: skip
    assert log.log.claimed(["specimen:TU-1"]) == {}


def test_a_new_rule_refuses_new_records_and_leaves_old_ones_under_theirs(log: Objects) -> None:
    log.register(1)
    ask_for(log.objects, "materialSampleType")
    with pytest.raises(RecordInvalid, match="materialSampleType"):
        log.register(2)
    with pytest.raises(RecordInvalid, match=f"{PROFILE}/2"):
        log.do(1, Revise(log.stamp(1, "Abies cephalonica", 2)))
    found = record(log, 1)
    assert found["fdoProfileVersion"] == f"{PROFILE.iri}/1"
    assert shacl_says(rules(log, f"{PROFILE.iri}/1"), pid(1).iri, found)
    assert not shacl_says(rules(log, f"{PROFILE.iri}/2"), pid(1).iri, found)


def test_what_does_not_change_the_record_needs_no_new_judgement(log: Objects) -> None:
    log.register(1)
    ask_for(log.objects, "materialSampleType")
    document = log.stamp(1, "Abies alba", 2) | {"dwc:collectionCode": "HERB"}
    assert log.do(1, Revise(document)) is not None
    assert log.do(1, Note("PidConfirmed", {"state": "findable"})) is not None
    assert record(log, 1)["fdoProfileVersion"] == f"{PROFILE.iri}/1"


def test_a_record_that_keeps_the_new_rule_stands_under_it(log: Objects) -> None:
    ask_for(log.objects, "topicDomain")
    log.do(1, Register(log.stamp(1, "Abies alba", 1) | {"ods:topicDomain": "Life"}))
    assert record(log, 1)["fdoProfileVersion"] == f"{PROFILE.iri}/2"


def test_another_process_learns_of_a_new_rule_with_its_next_write(log: Objects) -> None:
    log.register(1)
    beside = DigitalObjects(log.folder, durability="normal", clock=log.clock)
    ask_for(beside, "materialSampleType")
    beside.close()
    with pytest.raises(RecordInvalid):
        log.register(2)


def test_every_step_of_a_life_is_judged(log: Objects) -> None:
    log.register(1)
    host = {name: log.stamp(1, "", 1)[name] for name in
            ("ods:organisationID", "ods:normalisedPhysicalSpecimenID")}  # fmt: skip
    stub = {"@type": "ods:DigitalSpecimen", "reason": "CC BY-NC", **host}
    log.do(1, Withhold(stamped(stub, pid(1), 2, modified=AT)))
    log.do(1, Tombstone("Lost.", CURATOR, AT))
    statuses = [event.status for event in log.log.history(pid(1))]
    assert statuses == [Status.ACTIVE, Status.PID_ONLY, Status.TOMBSTONE]
    assert [event.meta["profile"] for event in log.log.history(pid(1))] == [f"{PROFILE}/1"] * 3


def test_verification_judges_each_record_by_its_own_profile_version(log: Objects) -> None:
    log.register(1)
    ask_for(log.objects, "materialSampleType")
    assert verify_log(log.objects) == []


def test_verification_finds_a_record_that_never_kept_its_profile(
    log: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"profile": f"{PROFILE}/1"}  # as a faulty release would, without looking
    monkeypatch.setattr(log.objects.profiles, "judged", lambda _state, _issue: said)
    bare = log.stamp(1, "Abies alba", 1)
    del bare["ods:organisationID"]
    log.do(1, Register(bare))
    (fault,) = verify_log(log.objects)
    assert str(pid(1)) in fault.where
    assert f"profile {PROFILE}/1" in fault.what and "specimenHost" in fault.what


def test_a_log_without_definitions_judges_nothing(tmp_path: Path) -> None:
    bare = Objects(tmp_path / "bare")
    bare.do(1, Register({**bare.stamp(1, "Abies", 1), "ods:topicDomain": "Somewhere"}))
    assert "fdoProfileVersion" not in record(bare, 1)
    bare.objects.close()


def test_the_state_of_the_doi_is_in_the_record_from_its_confirmation(log: Objects) -> None:
    log.register(1)
    issue = record(log, 1)["pidRecordIssueNumber"]
    assert "doiState" not in record(log, 1)
    for state in ("draft", "findable"):
        log.do(1, Note("PidConfirmed", {"state": state, "doi-version": None}))
    log.do(1, Note("PidConfirmed", {"state": "registered", "doi-version": 1}))
    found = record(log, 1)
    assert (found["doiState"], found["pidRecordIssueNumber"]) == ("findable", issue)
    then = log.log.history(pid(1))[:2]
    assert record_of(then[0], then)["doiState"] == "draft"
