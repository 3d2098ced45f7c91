"""Documents by hand: the rules of a harvest hold for them, and both speak of the same things."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fdo.documents import Document
from fdo.errors import (
    AlreadyRegistered,
    CollectomeError,
    InvalidDocument,
    NotFound,
    Refused,
    Tombstoned,
    VersionConflict,
)
from fdo.identifiers import Pid
from fdo.tolerant import Deviation
from handlers.curation import Curation
from handlers.deposit import Deposit
from handlers.harvest.standards import breaches
from tests.handlers.harvest.collection import CLOSED, Collection, row
from tests.handlers.harvest.test_batch import OPERATOR


@pytest.fixture
def herbarium(tmp_path: Path) -> Collection:
    """One specimen, from a source."""
    collection = Collection(tmp_path)
    collection.harvest([row(1)])
    return collection


@pytest.fixture
def deposit(herbarium: Collection) -> Deposit:
    return Deposit(herbarium.objects, OPERATOR)


def pid_of(herbarium: Collection) -> Pid:
    """The specimen's."""
    return next(head.pid for head in herbarium.log.heads() if head.type == "specimen")


def document(herbarium: Collection, **more: Any) -> Document:
    """What is known of the specimen, as a client read it, with other values."""
    return {**herbarium.log.latest(pid_of(herbarium)).document, **more}


def test_a_specimen_made_by_hand_is_known_to_the_next_harvest(herbarium, deposit):
    made = deposit.register("specimen", document(herbarium, **{"ods:physicalSpecimenID": "TU-2"}))
    summary = herbarium.harvest([row(1), row(2)])
    assert (summary.new, summary.changed, summary.unchanged) == (0, 1, 1)
    assert herbarium.log.head(made.pid).version == 2


def test_what_the_repository_says_itself_is_not_taken_from_the_sender(herbarium, deposit):
    lies = {
        "ods:physicalSpecimenID": "TU-3",
        "ods:physicalSpecimenIDType": "Global",
        "ods:normalisedPhysicalSpecimenID": "TU-1",
        "@id": "https://doi.org/10.5072/AAA-AAA-AAA",
        "ods:version": 7,
        "ods:midsLevel": 3,
        "ods:status": "Draft",
        "dcterms:created": "1826-01-01T00:00:00.000Z",
    }
    made = deposit.register("specimen", document(herbarium, **lies))
    for term, lie in lies.items():
        assert (made.document[term] == lie) == (term == "ods:physicalSpecimenID"), term
    assert made.document["@id"] == made.pid.iri


def test_a_revision_keeps_creation_and_claim(herbarium, deposit):
    pid = pid_of(herbarium)
    before = herbarium.log.latest(pid).document
    event = deposit.revise(pid, document(herbarium, **{"ods:specimenName": "Abies nova"}), 1)
    assert event.version == 2
    assert event.document["dcterms:created"] == before["dcterms:created"]
    assert event.document["ods:specimenName"] == "Abies nova"
    same = deposit.revise(pid, document(herbarium), 2)
    assert same.position == event.position  # nothing said that was not said


@pytest.mark.parametrize(
    ("change", "seen", "refusal"),
    [
        ({"ods:specimenName": "Abies nova"}, 2, VersionConflict),
        ({"ods:physicalSpecimenID": "TU-9"}, 1, Refused),
        ({"ods:physicalSpecimenID": 9}, 1, InvalidDocument),
        ({"ods:hasEvents": "none"}, 1, InvalidDocument),
        ({"dcterms:license": CLOSED}, 1, InvalidDocument),
        ({"dcterms:license": None}, 1, InvalidDocument),
        ({"ods:sourceSystemID": "https://hdl.handle.net/20.5000.5072/AAA-AAA-AAA"}, 1,
         InvalidDocument),
        ({"ods:sourceSystemID": "nowhere"}, 1, InvalidDocument),
    ],
)  # fmt: skip
def test_what_may_not_be_is_refused_and_nothing_is_recorded(
    herbarium: Collection,
    deposit: Deposit,
    change: Document,
    seen: int,
    refusal: type[CollectomeError],
) -> None:
    at = herbarium.log.position()
    with pytest.raises(refusal):
        deposit.revise(pid_of(herbarium), document(herbarium, **change), seen)
    assert herbarium.log.position() == at


def test_one_thing_is_registered_once(herbarium, deposit):
    with pytest.raises(AlreadyRegistered):
        deposit.register("specimen", document(herbarium))


def test_a_pid_of_ours_may_be_named_and_one_of_others_not(herbarium, deposit):
    free = Pid("10.5072", "AAA-AAA-AAA")
    draft = document(herbarium, **{"ods:physicalSpecimenID": "TU-2"})
    assert deposit.register("specimen", draft, free).pid == free
    for pid in (Pid("10.9999", "AAA-AAA-AAB"), Pid("20.5000.5072", "AAA-AAA-AAB")):
        with pytest.raises(Refused, match="under"):
            deposit.register("specimen", draft, pid)
    with pytest.raises(AlreadyRegistered):
        deposit.register("specimen", draft, free)


def test_types_with_doors_of_their_own_have_none_here(herbarium, deposit):
    for kind in ("saved-query", "fdo-profile"):
        with pytest.raises(Refused, match=kind):
            deposit.register(kind, {})
    with pytest.raises(NotFound):
        deposit.revise(Pid("10.5072", "AAA-AAA-AAA"), {}, 1)


def test_what_a_person_ended_is_not_revised(herbarium, deposit):
    pid = pid_of(herbarium)
    draft = document(herbarium)
    Curation(herbarium.objects, OPERATOR).tombstone(pid, "Burnt.")
    with pytest.raises(Tombstoned):
        deposit.revise(pid, draft, 2)


def test_shapes_that_reject_reject_here_too(herbarium, deposit):
    pid = pid_of(herbarium)
    half = {"@type": "ods:Georeference", "dwc:decimalLatitude": 55}
    place = {"@type": "ods:Location", "ods:hasGeoreference": half}
    vague = {"ods:hasEvents": [{"@type": "ods:Event", "ods:hasLocation": place}]}
    strict = Deposit(herbarium.objects, OPERATOR, ("specimen",))
    with pytest.raises(InvalidDocument, match="One coordinate"):
        strict.revise(pid, document(herbarium, **vague), 1)
    assert deposit.revise(pid, document(herbarium, **vague), 1).version == 2


def test_documents_of_others_are_read_tolerantly_and_written_strictly(herbarium):
    """The deviations that recur in openDS's own examples and in the field."""
    foreign = {
        "ods:physicalSpecimenID": "TU-5",
        "ods:isMarkedAsType": "true",
        "ods:hasAgent": {"@type": "schema:SoftwareAgent", "schema:name": "A reader"},
        "ods:hasIdentifiers": [
            {"@type": "ods:Identifier", "dcterms:title": "ORCID", "dcterms:type": "orcid",
             "dcterms:identifier": "https://orcid.org/0000-0002-1825-0097"}
        ],
        "ods:hasEvents": [{
            "dwc:year": "1999",
            "ods:hasLocation": {"dwc:hasGeoreference": {"dwc:decimalLatitude": "58.5",
                                                        "dwc:decimalLongitude": "24.5"}},
        }],
        "ods:hasEntityRelationships": [
            {"@type": "ods:EntityRelationship", "dwc:relationshipOfResource": "hasURL",
             "dwc:relatedResourceURI": "https://example.org/5"}
        ],
    }  # fmt: skip
    noted: list[Deviation] = []
    deposit = Deposit(herbarium.objects, OPERATOR, note=noted.append)
    sent = document(herbarium, **foreign)
    event = deposit.register("specimen", sent)
    assert breaches("specimen", event.document, ()) == []
    made = event.document
    assert made["ods:isMarkedAsType"] is True
    assert made["ods:hasAgents"][0]["@type"] == "schema:SoftwareApplication"
    place = made["ods:hasEvents"][0]["ods:hasLocation"]["ods:hasGeoreference"]
    assert (place["dwc:decimalLatitude"], made["ods:hasEvents"][0]["dwc:year"]) == (58.5, 1999)
    pointers = {one.pointer for one in noted}
    assert {"/ods:isMarkedAsType", "/ods:hasAgent", "/ods:hasIdentifiers/0/dcterms:type",
            "/ods:hasEvents/0/dwc:year", "/ods:hasEvents/0/@type"} <= pointers  # fmt: skip
    noted.clear()
    again = deposit.revise(event.pid, sent, 1)
    assert again.position == event.position, "read the same way, it says the same"
    assert {one.pointer for one in noted} == pointers
    noted.clear()
    deposit.revise(event.pid, event.document, 1)
    assert noted == [], "in what is valid there is nothing to mend"


@pytest.mark.parametrize("year", ["9" * 5_000, "+-5", "nan", "1_999", "MCMXCIX", "١٩٩٩", "1999.5"])
def test_what_is_no_number_is_refused_as_it_stands(herbarium, deposit, year):
    events = {"ods:hasEvents": [{"@type": "ods:Event", "dwc:year": year}]}
    with pytest.raises(InvalidDocument, match="dwc:year"):
        deposit.revise(pid_of(herbarium), document(herbarium, **events), 1)
