"""Accepted changes outlive their object: merged, split, withdrawn, restored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fdo.annotation.life import state_of
from fdo.errors import InvalidDocument, Refused
from fdo.identifiers import Pid
from handlers.annotations.targets import made_on
from handlers.curation import Curation
from tests.fdo.annotation.saying import COUNTRY, EVENT, NAMES, named
from tests.handlers.annotations.museum import ANNA, BEN, CLARA, Museum, draft, sound
from tests.handlers.harvest.collection import image, row

LOCALITY = f"{EVENT}['ods:hasLocation']['dwc:locality']"


@pytest.fixture
def museum(tmp_path: Path) -> Museum:
    return Museum(tmp_path)


@pytest.fixture
def hands(museum: Museum) -> Curation:
    return Curation(museum.objects, CLARA)


def heirs(museum: Museum, pid: Pid) -> list[Pid]:
    """The annotations in which one that was accepted goes on."""
    heads = museum.log.heads(limit=1_000)
    return [
        head.pid
        for head in heads
        if head.type == "annotation" and museum.now(head.pid).document.get("oa:via") == pid.iri
    ]


def overlay(museum: Museum, pid: Pid) -> tuple[str, str | None, str | None]:
    """State, overlay state and the source's value of an annotation."""
    event = museum.now(pid)
    document = event.document
    return (
        state_of(event.status, document),
        document.get("col:overlayState"),
        document.get("col:sourceValue"),
    )


def test_two_who_merge_into_each_other_at_once_make_no_circle(
    museum: Museum, hands: Curation, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, once = museum.objects.recorder.insert_events, []

    def meanwhile(entries: Any) -> Any:
        if not once:
            once.append(True)
            hands.merge(museum.other, museum.specimen, "The same sheet.")
        return really(entries)

    monkeypatch.setattr(museum.objects.recorder, "insert_events", meanwhile)
    with pytest.raises(Refused, match="not tombstoned"):
        hands.merge(museum.specimen, museum.other, "The same sheet.")
    assert museum.log.standing(museum.other) == museum.specimen
    assert museum.log.standing(museum.specimen) == museum.specimen


# ── merged ───────────────────────────────────────────────────────────────────────────────


def test_the_successor_of_a_merged_specimen_holds_its_accepted_changes(
    museum: Museum, hands: Curation
) -> None:
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    second = museum.accepted("ods:adding", NAMES, named("Larix"))
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    assert museum.says(COUNTRY, museum.other) == "Eesti"
    assert len(museum.says(NAMES, museum.other)) == 2
    (country,), (name,) = heirs(museum, first), heirs(museum, second)
    event = museum.now(museum.other)
    assert event.overlay == (str(country), str(name)) and event.version == 3
    assert (event.agent.id, event.agent.role) == (CLARA.id, "Approver")
    assert [(each.id, each.role) for each in event.also] == [(ANNA.id, "Requestor")]
    assert event.used == (name.version_iri(1),)
    assert overlay(museum, country) == ("accepted", "applied", '"Estonia"')
    assert museum.now(country).document["oa:hasTarget"][0]["oa:hasSource"] == museum.other.iri
    annotated = made_on(museum.log, country)
    assert annotated is not None and (annotated.pid, annotated.version) == (museum.other, 1)
    assert overlay(museum, first) == ("accepted", "applied", '"Estonia"'), "it stays as it was"
    sound(museum)


def test_what_goes_on_has_a_life_of_its_own(museum: Museum, hands: Curation) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    (heir,) = heirs(museum, pid)
    museum.collection.harvest([row(1), row(2, country="Latvia"), row(3)], [image(1, "a")])
    assert overlay(museum, heir) == ("accepted", "conflict", '"Latvia"')
    assert museum.says(COUNTRY, museum.other) == "Eesti"
    museum.annotations.withdraw(heir, "Not of this sheet.", CLARA)
    assert museum.says(COUNTRY, museum.other) == "Latvia"
    hands.restore(museum.specimen, "Two sheets after all.")
    assert museum.says(COUNTRY) == "Eesti" and overlay(museum, pid)[1] == "applied"
    assert museum.now(museum.specimen).overlay == (str(pid),)
    hands.merge(museum.specimen, museum.other, "One after all.")
    assert museum.says(COUNTRY, museum.other) == "Latvia", "it was decided there"
    sound(museum)


def test_a_successor_that_says_a_third_thing_is_in_conflict(
    museum: Museum, hands: Curation
) -> None:
    museum.collection.harvest([row(1), row(2, country="Latvia"), row(3)], [image(1, "a")])
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    (heir,) = heirs(museum, pid)
    assert overlay(museum, heir) == ("accepted", "conflict", '"Latvia"')
    assert museum.says(COUNTRY, museum.other) == "Eesti"
    sound(museum)
    museum.annotations.settle(heir, False, CLARA)
    assert museum.says(COUNTRY, museum.other) == "Latvia"


def test_the_source_of_the_successor_may_end_that_conflict(museum: Museum, hands: Curation) -> None:
    museum.collection.harvest([row(1), row(2, country="Latvia"), row(3)], [image(1, "a")])
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    museum.collection.harvest([row(1), row(2), row(3)], [image(1, "a")])
    (heir,) = heirs(museum, pid)
    assert overlay(museum, heir) == ("accepted", "applied", '"Estonia"')


def test_a_place_that_the_successor_has_decided_is_only_proposed(
    museum: Museum, hands: Curation
) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    own = museum.accepted("oa:editing", COUNTRY, "Viro", of=museum.other)
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    (heir,) = heirs(museum, pid)
    assert overlay(museum, heir) == ("pending", None, None)
    assert museum.says(COUNTRY, museum.other) == "Viro"
    museum.annotations.accept(heir, CLARA)
    assert museum.says(COUNTRY, museum.other) == "Eesti"
    assert overlay(museum, own)[1] == "dropped"
    sound(museum)


def test_nothing_is_doubled_where_both_were_changed_alike(museum: Museum, hands: Curation) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    added = museum.accepted("ods:adding", NAMES, named("Larix"))
    museum.accepted("oa:editing", COUNTRY, "Eesti", of=museum.other)
    museum.accepted("ods:adding", NAMES, named("Larix"), of=museum.other)
    before = museum.now(museum.other).version
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    assert heirs(museum, pid) == heirs(museum, added) == []
    assert museum.now(museum.other).version == before and len(museum.says(NAMES, museum.other)) == 2


def test_a_suggestion_of_a_model_is_counted_once(museum: Museum, hands: Curation) -> None:
    said = draft("oa:editing", COUNTRY, "Eesti", of=museum.specimen)
    said |= {"col:modelSha256": "a" * 64, "ods:jobID": "https://hdl.handle.net/1/2"}
    pid = museum.annotations.propose(said, BEN, accept_as=CLARA).required().pid
    assert pid is not None
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    (heir,) = heirs(museum, pid)
    assert not {"col:modelSha256", "ods:jobID"} & museum.now(heir).document.keys()


def test_changes_go_on_from_successor_to_successor(museum: Museum, hands: Curation) -> None:
    pid, third = museum.accepted("oa:editing", COUNTRY, "Eesti"), museum.collection.specimens()
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    hands.merge(museum.other, third["TU-3"].pid, "And this one.")
    (heir,) = heirs(museum, pid)
    (last,) = heirs(museum, heir)
    assert museum.says(COUNTRY, third["TU-3"].pid) == "Eesti"
    assert overlay(museum, last)[1] == "applied"
    sound(museum)


# ── split ────────────────────────────────────────────────────────────────────────────────


def test_each_part_of_a_split_specimen_takes_what_concerns_it(
    museum: Museum, hands: Curation
) -> None:
    third = museum.collection.specimens()["TU-3"].pid
    museum.collection.harvest([row(1), row(2), row(3, country="Latvia")], [image(1, "a")])
    country = museum.accepted("oa:editing", COUNTRY, "Eesti")
    name = museum.accepted("ods:adding", NAMES, named("Larix"))
    hands.split(museum.specimen, [museum.other, third], "Two gatherings on one sheet.")
    (heir,) = heirs(museum, country)
    assert overlay(museum, heir) == ("accepted", "applied", '"Estonia"')
    assert (museum.says(COUNTRY, museum.other), museum.says(COUNTRY, third)) == ("Eesti", "Latvia")
    assert [overlay(museum, each)[0] for each in heirs(museum, name)] == ["pending", "pending"]
    assert len(museum.says(NAMES, museum.other)) == len(museum.says(NAMES, third)) == 1
    sound(museum)


# ── withdrawn, and back ──────────────────────────────────────────────────────────────────


def test_an_accepted_change_of_a_tombstone_can_be_withdrawn_and_does_not_come_back(
    museum: Museum, hands: Curation
) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    kept = museum.accepted("ods:adding", LOCALITY, "Tartu")
    hands.tombstone(museum.specimen, "Lost.")
    tombstone = museum.now(museum.specimen)
    museum.annotations.withdraw(pid, "Misread.", CLARA)
    assert overlay(museum, pid)[0] == "withdrawn"
    assert museum.now(museum.specimen) == tombstone, "nothing is written to a tombstone"
    hands.restore(museum.specimen, "Found.")
    assert museum.says(COUNTRY) == "Estonia" and museum.says(LOCALITY) == "Tartu"
    museum.collection.harvest([row(1, recordedBy="X"), row(2), row(3)], [image(1, "a")])
    assert museum.says(COUNTRY) == "Estonia" and museum.says(LOCALITY) == "Tartu"
    assert museum.now(museum.specimen).overlay == (str(kept),)
    sound(museum)


@pytest.mark.parametrize("keep", [True, False])
def test_a_conflict_of_a_tombstone_can_be_settled(
    museum: Museum, hands: Curation, keep: bool
) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    museum.collection.harvest([row(1, country="Latvia"), row(2), row(3)], [image(1, "a")])
    hands.tombstone(museum.specimen, "Lost.")
    museum.annotations.settle(pid, keep, CLARA)
    hands.restore(museum.specimen, "Found.")
    assert museum.says(COUNTRY) == ("Eesti" if keep else "Latvia")
    sound(museum)


def test_an_adopted_change_comes_back_with_its_object(museum: Museum, hands: Curation) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    museum.collection.harvest([row(1, country="Eesti"), row(2), row(3)], [image(1, "a")])
    hands.tombstone(museum.specimen, "Lost.")
    museum.annotations.withdraw(pid, "No matter.", CLARA)
    hands.restore(museum.specimen, "Found.")
    assert museum.says(COUNTRY) == "Eesti", "its source says so"


def test_a_restored_annotation_waits_and_its_change_is_not_back(
    museum: Museum, hands: Curation
) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    hands.tombstone(museum.specimen, "Lost.")
    museum.annotations.withdraw(pid, "Misread.", CLARA)
    hands.restore(pid, "It was not.")
    with pytest.raises(Refused, match="restore that first"):
        museum.annotations.accept(pid, CLARA)
    hands.restore(museum.specimen, "Found.")
    assert museum.says(COUNTRY) == "Estonia"
    museum.annotations.accept(pid, CLARA)
    assert museum.says(COUNTRY) == "Eesti"
    sound(museum)


# ── shapes that reject ───────────────────────────────────────────────────────────────────

_HALF = {"@type": "ods:Georeference", "dwc:decimalLatitude": 55}


@pytest.mark.parametrize("strict", [True, False])
def test_no_change_goes_on_that_a_shape_which_rejects_forbids(museum: Museum, strict: bool) -> None:
    pid = museum.accepted("ods:adding", f"{EVENT}['ods:hasLocation']['ods:hasGeoreference']", _HALF)
    before = museum.now(museum.other).version
    hands = Curation(museum.objects, CLARA, ("specimen",) if strict else ())
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    assert len(heirs(museum, pid)) == (0 if strict else 1)
    assert museum.now(museum.other).version == before + (0 if strict else 1)


def test_a_change_that_a_shape_forbids_is_not_even_proposed(museum: Museum) -> None:
    place = f"{EVENT}['ods:hasLocation']['ods:hasGeoreference']"
    whole = {**_HALF, "dwc:decimalLongitude": 25}
    pid = museum.accepted("ods:adding", place, _HALF)
    museum.accepted("ods:adding", place, whole, of=museum.other)
    Curation(museum.objects, CLARA, ("specimen",)).merge(museum.specimen, museum.other, "Same.")
    assert heirs(museum, pid) == []


def test_a_change_is_taken_back_by_the_same_rules(museum: Museum) -> None:
    place = f"{EVENT}['ods:hasLocation']['ods:hasGeoreference']"
    museum.accepted("ods:adding", place, _HALF)
    whole = museum.accepted("ods:adding", f"{place}['dwc:decimalLongitude']", 25)
    with pytest.raises(InvalidDocument, match="One coordinate"):
        Curation(museum.objects, CLARA, ("specimen",)).tombstone(whole, "Not so.")
    Curation(museum.objects, CLARA).tombstone(whole, "Not so.")
