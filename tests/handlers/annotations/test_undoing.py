"""What is taken back as if it had not been made: what held before holds again."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdo.annotation.life import state_of
from fdo.errors import Refused, Tombstoned
from fdo.identifiers import Pid
from handlers.annotations import Decision
from handlers.curation import Curation
from tests.fdo.annotation.saying import COUNTRY, EVENT, NAMES, named
from tests.handlers.annotations.museum import ANNA, BEN, CLARA, Museum, draft, sound
from tests.handlers.harvest.collection import image, row

LOCATION = f"{EVENT}['ods:hasLocation']"


@pytest.fixture
def museum(tmp_path: Path) -> Museum:
    return Museum(tmp_path)


def overlay(museum: Museum, pid: Pid) -> tuple[str, str | None, str | None]:
    """State, overlay state and the source's value of an annotation."""
    event = museum.now(pid)
    told = event.document
    state = state_of(event.status, told)
    return state, told.get("col:overlayState"), told.get("col:sourceValue")


def undone(museum: Museum, pid: Pid) -> Decision:
    """Take one back; every document is valid then, and every state the fold of its facts."""
    decision = museum.annotations.undo(pid, "The wrong column.", CLARA)
    sound(museum)
    return decision


def hears(museum: Museum, country: str, **more: str) -> None:
    """The source says another country."""
    museum.collection.harvest([row(1, country=country, **more), row(2), row(3)], [image(1, "a")])


# ── what it overrode ─────────────────────────────────────────────────────────────────────


def test_an_accepted_change_that_was_overridden_is_in_force_again(museum: Museum) -> None:
    kept = museum.accepted("ods:adding", f"{LOCATION}['dwc:locality']", "Tartu")
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    second = museum.accepted("oa:editing", COUNTRY, "Latvia")
    assert overlay(museum, first)[1] == "dropped"
    before = museum.now(museum.specimen).version
    decision = undone(museum, second)
    assert decision.again == (first,)
    assert (decision.target, decision.target_version) == (museum.specimen, before + 1)
    assert overlay(museum, second)[0] == "withdrawn"
    assert overlay(museum, first) == ("accepted", "applied", '"Estonia"')
    event = museum.now(museum.specimen)
    assert museum.says(COUNTRY) == "Eesti" and event.overlay == (str(kept), str(first))
    assert (event.agent.id, event.agent.role) == (CLARA.id, "Approver")
    assert [(each.id, each.role) for each in event.also] == [(ANNA.id, "Requestor")]
    assert event.used == (second.version_iri(2),)
    hears(museum, "Estonia", recordedBy="X")
    assert museum.says(COUNTRY) == "Eesti", "the next harvest lays it again"
    museum.annotations.withdraw(first, "No.", CLARA)
    assert museum.says(COUNTRY) == "Estonia"


@pytest.mark.parametrize(
    ("country", "shown", "became"),
    [
        ("Livonia", "Eesti", ("accepted", "conflict", '"Livonia"')),
        ("Eesti", "Eesti", ("accepted", "adopted", '"Estonia"')),
        ("Estonia", "Eesti", ("accepted", "applied", '"Estonia"')),
        ("Latvia", "Eesti", ("accepted", "conflict", '"Latvia"')),
    ],
)
def test_it_is_laid_over_what_the_source_says_by_now(
    museum: Museum, country: str, shown: str, became: tuple[str, str, str]
) -> None:
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    second = museum.accepted("oa:editing", COUNTRY, "Latvia")
    hears(museum, country, recordedBy="X")
    undone(museum, second)
    assert museum.says(COUNTRY) == shown
    assert overlay(museum, first) == became
    in_force = became[1] in ("applied", "conflict")
    assert museum.now(museum.specimen).overlay == ((str(first),) if in_force else ())
    hears(museum, "Estonia")
    assert museum.says(COUNTRY) == ("Eesti" if in_force else "Estonia")


def test_a_conflict_that_was_overridden_is_one_again(museum: Museum) -> None:
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    hears(museum, "Livonia")
    second = museum.accepted("oa:editing", COUNTRY, "Latvia")
    undone(museum, second)
    assert overlay(museum, first) == ("accepted", "conflict", '"Livonia"')
    hears(museum, "Estonia")
    assert overlay(museum, first) == ("accepted", "applied", '"Estonia"')
    assert museum.says(COUNTRY) == "Eesti"


def test_a_change_back_to_the_source_s_word_is_undone_too(museum: Museum) -> None:
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    second = museum.accepted("oa:editing", COUNTRY, "Estonia")
    assert overlay(museum, second)[1] == "adopted"
    undone(museum, second)
    assert museum.says(COUNTRY) == "Eesti" and overlay(museum, first)[1] == "applied"


def test_what_was_decided_since_stays_decided(museum: Museum) -> None:
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    second = museum.accepted("oa:editing", COUNTRY, "Latvia")
    museum.annotations.withdraw(first, "It was wrong as well.", CLARA)
    assert undone(museum, second).again == ()
    assert museum.says(COUNTRY) == "Estonia" and overlay(museum, first)[0] == "withdrawn"


def test_what_a_third_one_decides_is_left_to_that(museum: Museum) -> None:
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    second = museum.accepted("oa:editing", COUNTRY, "Latvia")
    third = museum.accepted("oa:editing", COUNTRY, "Viro")
    assert undone(museum, second).again == ()
    assert museum.says(COUNTRY) == "Viro" and overlay(museum, first)[1] == "dropped"
    assert undone(museum, third).again == (), "the second one ended"
    assert museum.says(COUNTRY) == "Estonia"


def test_one_after_another_leads_back_to_the_beginning(museum: Museum) -> None:
    values = ("Eesti", "Latvia", "Viro")
    pids = [museum.accepted("oa:editing", COUNTRY, value) for value in values]
    for pid, shown in zip(reversed(pids), ("Latvia", "Eesti", "Estonia"), strict=True):
        undone(museum, pid)
        assert museum.says(COUNTRY) == shown


def test_of_an_object_that_ended_only_the_annotation_ends(museum: Museum) -> None:
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    second = museum.accepted("oa:editing", COUNTRY, "Latvia")
    Curation(museum.objects, CLARA).tombstone(museum.specimen, "Lost.")
    decision = undone(museum, second)
    assert (decision.again, decision.target_version) == ((), None)
    assert overlay(museum, first)[1] == "dropped"


def test_a_member_that_was_added_is_gone_and_nothing_else(museum: Museum) -> None:
    pid = museum.accepted("ods:adding", NAMES, named("Larix"))
    assert len(museum.says(NAMES)) == 2
    assert undone(museum, pid).again == ()
    assert len(museum.says(NAMES)) == 1


# ── what it superseded ───────────────────────────────────────────────────────────────────


def proposed(museum: Museum, value: str, **more: str) -> Pid:
    made = draft("oa:editing", COUNTRY, value, of=museum.specimen) | {
        name.replace("_", ":"): held for name, held in more.items()
    }
    pid = museum.annotations.propose(made, ANNA).required().pid
    assert pid is not None
    return pid


@pytest.mark.parametrize("accepted", [False, True])
def test_the_one_whose_place_it_took_waits_again(museum: Museum, accepted: bool) -> None:
    old = proposed(museum, "Esti")
    new = proposed(museum, "Eesti", col_supersedes=old.iri)
    if accepted:
        museum.annotations.accept(new, CLARA)
    assert undone(museum, new).again == (old,)
    assert (overlay(museum, old)[0], overlay(museum, new)[0]) == ("pending", "withdrawn")
    assert museum.log.standing(old) == old and museum.says(COUNTRY) == "Estonia"
    museum.annotations.accept(old, CLARA)
    assert museum.says(COUNTRY) == "Esti"


def test_one_of_the_same_batch_is_not_brought_back(museum: Museum) -> None:
    batch = {"ods_batchID": "5b3f3c4e-0000-4000-8000-000000000000"}
    old = proposed(museum, "Esti", **batch)
    new = proposed(museum, "Eesti", col_supersedes=old.iri, **batch)
    assert undone(museum, new).again == ()
    assert overlay(museum, old)[0] == "superseded"


def test_one_that_leads_elsewhere_by_now_is_left(museum: Museum) -> None:
    old, other = proposed(museum, "Esti"), proposed(museum, "Viro")
    new = proposed(museum, "Eesti", col_supersedes=old.iri)
    Curation(museum.objects, CLARA).restore(old, "Still so.")
    museum.annotations.supersede(old, other, "Said better.", CLARA)
    assert undone(museum, new).again == (), "it leads to another one"
    assert museum.log.standing(old) == other


# ── who and when ─────────────────────────────────────────────────────────────────────────


def test_what_was_rejected_or_ended_is_not_undone(museum: Museum) -> None:
    rejected, ended = proposed(museum, "Esti"), proposed(museum, "Viro")
    museum.annotations.reject(rejected, CLARA, "No.")
    museum.annotations.withdraw(ended, "A slip.", BEN)
    before = museum.log.position()
    with pytest.raises(Refused, match="stays on record"):
        museum.annotations.undo(rejected, "x", CLARA)
    with pytest.raises(Tombstoned):
        museum.annotations.undo(ended, "x", CLARA)
    with pytest.raises(Refused, match="Say why"):
        museum.annotations.undo(proposed(museum, "Eesti"), " ", CLARA)
    assert museum.log.position() == before + 1, "which is the last proposal"
