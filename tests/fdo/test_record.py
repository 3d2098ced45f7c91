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


def test_a_specimen_s_record_tells_its_other_ids_and_the_kind_of_sample() -> None:
    document = {
        "ods:physicalSpecimenID": "https://e.org/1",
        "ods:topicDomain": "Life",
        "ods:hasIdentifiers": [
            {"dcterms:identifier": "https://e.org/1", "dcterms:title": "dwc:occurrenceID"},
            {"dcterms:identifier": "DH-1", "dcterms:title": "dwc:catalogNumber"},
        ],
    }
    found = attributes("specimen", Status.ACTIVE, document)
    assert found["catalogNumber"] == "DH-1"
    assert found["otherSpecimenIds"] == [
        {"identifierValue": "DH-1", "identifierType": "dwc:catalogNumber", "resolvable": False}
    ]
    assert found["materialSampleType"] == "Any biological specimen"
    sampled = {**document, "dwc:basisOfRecord": "MaterialSample"}
    assert attributes("specimen", Status.ACTIVE, sampled)["materialSampleType"] == (
        "Biological material sample"
    )
    withheld = attributes("specimen", Status.PID_ONLY, document)
    assert not {"catalogNumber", "otherSpecimenIds", "materialSampleType"} & withheld.keys()


@pytest.mark.parametrize(
    ("identifier", "said"),
    [("https://ror.org/03z77qz90", "https://ror.org/03z77qz90"), ("TU 1", None), ("", None)],
)
def test_a_medium_s_record_tells_licence_and_holder_of_the_rights(
    identifier: str, said: str | None
) -> None:
    owner = {
        "schema:name": "University of Tartu",
        "schema:identifier": identifier,
        "ods:hasRoles": [{"schema:roleName": "rights-owner"}],
    }
    document = {
        "ac:accessURI": "https://e.org/1.jpg",
        "dcterms:rights": "https://creativecommons.org/licenses/by/4.0/",
        "ods:hasAgents": [{"schema:name": "A. Photographer"}, owner],
    }
    found = attributes("media", Status.ACTIVE, document)
    assert (found["rightsHolder"], found.get("rightsHolderPid")) == ("University of Tartu", said)
    assert (found["licenseName"], found["referentName"]) == ("CC BY 4.0", "e.org/1.jpg")
    assert (found["primaryMediaIdName"], found["primaryMediaIdType"]) == (
        "ac:accessURI",
        "Resolvable",
    )
