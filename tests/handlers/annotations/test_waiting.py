"""Proposals that wait go on with what their object became, and are decided once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from fdo.annotation.life import state_of
from fdo.errors import Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.curation import Curation
from handlers.verification import verify_log
from ontologies.schemas import explain
from tests.fdo.annotation.saying import COUNTRY, EVENT, NAMES, named
from tests.handlers.annotations.museum import ANNA, BEN, CLARA, Museum, draft
from tests.handlers.harvest.collection import image, row

LOCALITY = f"{EVENT}['ods:hasLocation']['dwc:locality']"
MODEL = "a" * 64


@pytest.fixture
def museum(tmp_path: Path) -> Museum:
    return Museum(tmp_path)


@pytest.fixture
def hands(museum: Museum) -> Curation:
    """Of somebody who knows of every annotation."""

    def everything(_: Pid) -> Sequence[str]:
        heads = museum.log.heads(limit=1_000)
        return [str(head.pid) for head in heads if head.type == "annotation"]

    return Curation(museum.objects, CLARA, waiting=everything)


def proposed(museum: Museum, value: str = "Eesti", of: Pid | None = None) -> Pid:
    pid = museum.propose("oa:editing", COUNTRY, value, of=of).required().pid
    assert pid is not None
    return pid


def state(museum: Museum, pid: Pid) -> str:
    event = museum.now(pid)
    return state_of(event.status, event.document)


def heirs(museum: Museum, pid: Pid) -> list[Pid]:
    """The annotations that came of one, in order."""
    heads = [head for head in museum.log.heads(limit=1_000) if head.type == "annotation"]
    found = [h.pid for h in heads if museum.now(h.pid).document.get("oa:via") == pid.iri]
    return sorted(found, key=str)


def sound(museum: Museum) -> None:
    for head in museum.log.heads(limit=1_000):
        if head.status is Status.ACTIVE and head.type in ("annotation", "specimen"):
            assert not explain(head.type, museum.now(head.pid).document)
    assert verify_log(museum.objects) == []


def test_a_proposal_goes_on_with_the_successor_and_is_decided_there(
    museum: Museum, hands: Curation
) -> None:
    pid = proposed(museum)
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    (heir,) = heirs(museum, pid)
    assert (state(museum, pid), state(museum, heir)) == ("superseded", "pending")
    assert museum.log.standing(pid) == heir, "its PID leads on"
    assert museum.says(COUNTRY, museum.other) == "Estonia", "nobody agreed yet"
    document = museum.now(heir).document
    assert document["oa:hasTarget"][0]["oa:hasSource"] == museum.other.iri
    assert document["dcterms:creator"][0]["schema:identifier"] == ANNA.id
    museum.annotations.accept(heir, CLARA)
    assert museum.says(COUNTRY, museum.other) == "Eesti"
    assert [each.id for each in museum.now(museum.other).also] == [ANNA.id]
    sound(museum)


def test_it_is_shown_against_what_the_successor_says(museum: Museum, hands: Curation) -> None:
    museum.collection.harvest([row(1), row(2, country="Latvia"), row(3)], [image(1, "a")])
    pid = proposed(museum)
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    (heir,) = heirs(museum, pid)
    museum.annotations.accept(heir, CLARA)
    document = museum.now(heir).document
    assert (museum.says(COUNTRY, museum.other), document["col:sourceValue"]) == (
        "Eesti", '"Latvia"',
    )  # fmt: skip


def test_what_the_successor_says_already_stays_where_it_was(
    museum: Museum, hands: Curation
) -> None:
    museum.collection.harvest([row(1), row(2, country="Eesti"), row(3)], [image(1, "a")])
    pid = proposed(museum)
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    assert heirs(museum, pid) == [] and state(museum, pid) == "pending"
    with pytest.raises(Refused, match=f"propose it of {museum.other}"):
        museum.annotations.accept(pid, CLARA)
    hands.restore(museum.specimen, "Two sheets after all.")
    museum.annotations.accept(pid, CLARA)
    assert museum.says(COUNTRY) == "Eesti"


def test_the_same_proposal_of_the_successor_takes_its_place(
    museum: Museum, hands: Curation
) -> None:
    one, other = proposed(museum), proposed(museum, of=museum.other)
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    assert heirs(museum, one) == [] and museum.log.standing(one) == other
    assert (state(museum, one), state(museum, other)) == ("superseded", "pending")


def test_what_was_taken_back_of_the_successor_is_not_proposed_again(
    museum: Museum, hands: Curation
) -> None:
    one, other = proposed(museum), proposed(museum, of=museum.other)
    museum.annotations.withdraw(other, "A slip.", ANNA)
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    assert heirs(museum, one) == [] and state(museum, one) == "pending"


def test_accepted_and_waiting_changes_go_on_together(museum: Museum, hands: Curation) -> None:
    museum.accepted("ods:adding", NAMES, named("Larix"))
    waits = proposed(museum)
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    (heir,) = heirs(museum, waits)
    assert len(museum.says(NAMES, museum.other)) == 2 and state(museum, heir) == "pending"
    made = museum.log.history(heir)[0]
    assert made.used[0] == museum.other.version_iri(museum.now(museum.other).version)
    sound(museum)


def test_a_suggestion_of_a_model_is_decided_where_it_goes_on(
    museum: Museum, hands: Curation
) -> None:
    said = draft("oa:editing", COUNTRY, "Eesti", of=museum.specimen) | {"col:modelSha256": MODEL}
    pid = museum.annotations.propose(said, BEN).required().pid
    assert pid is not None
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    (heir,) = heirs(museum, pid)
    assert museum.now(heir).document["col:modelSha256"] == MODEL


def test_a_split_leaves_a_proposal_to_the_parts_that_it_fits(
    museum: Museum, hands: Curation
) -> None:
    third = museum.collection.specimens()["TU-3"].pid
    museum.collection.harvest([row(1), row(2), row(3, country="Latvia")], [image(1, "a")])
    country = proposed(museum)
    place = museum.propose("ods:adding", LOCALITY, "Tartu").required().pid
    assert place is not None
    hands.split(museum.specimen, [museum.other, third], "Two gatherings on one sheet.")
    (one,) = heirs(museum, country)
    assert museum.log.standing(country) == one
    both = heirs(museum, place)
    assert len(both) == 2 and state(museum, place) == "superseded"
    related = museum.now(place).document["ods:hasTombstoneMetadata"]["ods:hasRelatedPIDs"]
    assert sorted(each["dcterms:identifier"] for each in related) == sorted(p.iri for p in both)
    sound(museum)


def test_comments_stay_with_what_they_are_about(museum: Museum, hands: Curation) -> None:
    pid = museum.propose("oa:commenting", None, "A fine sheet.").required().pid
    rejected = proposed(museum)
    museum.annotations.reject(rejected, CLARA, "No.")
    assert pid is not None
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    assert state(museum, pid) == "standing" and state(museum, rejected) == "rejected"
    assert heirs(museum, pid) == heirs(museum, rejected) == []


# ── found too late ───────────────────────────────────────────────────────────────────────


def test_a_proposal_that_nobody_knew_of_goes_on_when_it_is_to_be_accepted(museum: Museum) -> None:
    late = proposed(museum)
    Curation(museum.objects, CLARA).merge(museum.specimen, museum.other, "The same sheet.")
    assert (state(museum, late), heirs(museum, late)) == ("pending", [])
    with pytest.raises(Refused, match=f"{late} goes on as"):
        museum.annotations.accept(late, CLARA)
    (heir,) = heirs(museum, late)
    assert museum.log.standing(late) == heir
    assert (state(museum, late), state(museum, heir)) == ("superseded", "pending")
    before = museum.log.position()
    with pytest.raises(Refused, match="superseded"):
        museum.annotations.accept(late, CLARA)
    assert museum.log.position() == before, "once"
    museum.annotations.accept(heir, CLARA)
    assert museum.says(COUNTRY, museum.other) == "Eesti"
    sound(museum)


def test_one_that_was_late_goes_on_with_what_stands_by_now(museum: Museum) -> None:
    third = museum.collection.specimens()["TU-3"].pid
    late, hands = proposed(museum), Curation(museum.objects, CLARA)
    hands.merge(museum.specimen, museum.other, "The same sheet.")
    hands.merge(museum.other, third, "The same again.")
    (told,) = museum.annotations.decide_many([late], "accept", CLARA)
    (heir,) = heirs(museum, late)
    assert told.what == "refused" and str(heir) in told.errors[0][1]
    assert museum.now(heir).document["oa:hasTarget"][0]["oa:hasSource"] == third.iri


def test_one_that_was_late_goes_on_with_the_parts_that_it_fits(museum: Museum) -> None:
    third = museum.collection.specimens()["TU-3"].pid
    museum.collection.harvest([row(1), row(2), row(3, country="Latvia")], [image(1, "a")])
    late = proposed(museum)
    Curation(museum.objects, CLARA).split(museum.specimen, [museum.other, third], "Two sheets.")
    with pytest.raises(Refused, match="goes on as"):
        museum.annotations.accept(late, CLARA)
    (heir,) = heirs(museum, late)
    assert museum.log.standing(late) == heir
    assert museum.now(heir).document["oa:hasTarget"][0]["oa:hasSource"] == museum.other.iri
    sound(museum)


def test_what_is_late_and_rejected_ends_there(museum: Museum) -> None:
    late = proposed(museum)
    Curation(museum.objects, CLARA).merge(museum.specimen, museum.other, "The same sheet.")
    museum.annotations.reject(late, CLARA, "No.")
    assert (state(museum, late), heirs(museum, late)) == ("rejected", [])
