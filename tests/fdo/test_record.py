"""The FDO record: typed attributes that follow from status and document, and nothing else."""

from __future__ import annotations

import pytest

from fdo.catalogue import OBJECT_TYPES
from fdo.lifecycle import DigitalObject, Registered, Revised, Status, Tombstone, evolve
from fdo.record import ATTRIBUTES, PID_STATUS, attributes, record_changed
from tests.fdo.story import AT, CURATOR, OTHER, PID, given, specimen

FIR = specimen("Abies alba")


def state(terms: dict[str, object] | None = None, status: Status = Status.ACTIVE) -> DigitalObject:
    return evolve(None, Registered({**FIR, **(terms or {})}, status), PID, "specimen")


def test_the_record_names_profile_type_status_and_what_the_document_says() -> None:
    found = attributes("specimen", Status.ACTIVE, FIR)
    known = OBJECT_TYPES["specimen"]
    assert found["fdoProfile"] == known.fdo_profile
    assert found["digitalObjectType"] == known.fdo_type
    assert found["pidStatus"] == "ACTIVE"
    assert found["referentName"] == "Abies alba"
    assert "topicDomain" not in found


@pytest.mark.parametrize(("status", "said"), PID_STATUS.items())
def test_every_status_has_a_pid_status(status: Status, said: str) -> None:
    assert attributes("specimen", status, FIR)["pidStatus"] == said


@pytest.mark.parametrize("term", sorted(ATTRIBUTES["specimen"].values()))
def test_a_term_of_the_record_changes_the_record(term: str) -> None:
    assert record_changed(state(), state({term: "something else"}))


@pytest.mark.parametrize("term", ["dwc:country", "dwc:sex", "ods:midsLevel", "dcterms:modified"])
def test_any_other_term_leaves_the_record_alone(term: str) -> None:
    assert not record_changed(state(), state({term: "something else"}))


def test_a_change_of_status_changes_the_record() -> None:
    assert record_changed(state(), state(status=Status.PID_ONLY))


def test_a_pid_only_medium_keeps_its_address_to_itself_and_says_why() -> None:
    document = {"ac:accessURI": "https://example.org/1.jpg", "reason": "all rights reserved"}
    found = attributes("media", Status.PID_ONLY, {**document, "dcterms:license": "none"})
    assert "primaryMediaId" not in found
    assert (found["gateReason"], found["licenseName"]) == ("all rights reserved", "none")
    shown = attributes("media", Status.ACTIVE, document)
    assert shown["primaryMediaId"] == "https://example.org/1.jpg"


def test_a_tombstone_stands_in_the_record() -> None:
    story = given(Registered(FIR))
    (fact,) = story.when(Tombstone("Lost.", CURATOR, AT, [(OTHER.iri, "IsObsoletedBy")]))
    assert not isinstance(fact, Revised) and hasattr(fact, "document")
    found = attributes("specimen", Status.TOMBSTONE, fact.document)
    assert (found["tombstonedText"], found["tombstonedDate"]) == ("Lost.", AT)
    assert found["hasRelatedPID"] == [OTHER.iri]
