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
from handlers.curation import Curation
from handlers.deposit import Deposit
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
