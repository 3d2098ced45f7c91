"""An annotation that says whose place it takes ends that one, once, where it may."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdo.agent import Agent
from fdo.annotation.life import state_of
from fdo.documents import Document
from fdo.errors import Refused
from fdo.identifiers import Pid
from handlers.annotations import Outcome
from handlers.verification import verify_log
from tests.fdo.annotation.saying import COUNTRY
from tests.handlers.annotations.museum import ANNA, BEN, CLARA, Museum, draft


@pytest.fixture
def museum(tmp_path: Path) -> Museum:
    return Museum(tmp_path)


def saying(museum: Museum, value: str, instead_of: Pid | str, of: Pid | None = None) -> Document:
    name = instead_of if isinstance(instead_of, str) else instead_of.iri
    made = draft("oa:editing", COUNTRY, value, of=of or museum.specimen)
    return made | {"col:supersedes": name}


def state(museum: Museum, pid: Pid) -> str:
    event = museum.now(pid)
    return state_of(event.status, event.document)


def proposed(museum: Museum, value: str = "Esti", by: Agent = ANNA) -> Pid:
    pid = museum.propose("oa:editing", COUNTRY, value, by=by).required().pid
    assert pid is not None
    return pid


def refusal(outcome: Outcome) -> str:
    assert outcome.what == "refused"
    ((pointer, why),) = outcome.errors
    assert pointer == "/col:supersedes"
    return why


def test_the_one_before_ends_in_the_same_transaction_and_leads_on(museum: Museum) -> None:
    old, before = proposed(museum), museum.log.position()
    better = saying(museum, "Eesti", old)
    made = museum.annotations.propose(better, ANNA).required()
    assert made.pid is not None and museum.log.position() == before + 2
    assert (state(museum, old), state(museum, made.pid)) == ("superseded", "pending")
    assert museum.log.standing(old) == made.pid
    assert museum.now(made.pid).document["col:supersedes"] == old.iri
    assert museum.annotations.propose(better, ANNA).what == "duplicate", "sent again"
    assert museum.log.position() == before + 2
    museum.annotations.accept(made.pid, CLARA)
    assert museum.says(COUNTRY) == "Eesti" and verify_log(museum.objects) == []


def test_only_what_its_maker_brought_and_nobody_decided_is_superseded(museum: Museum) -> None:
    bens, rejected = proposed(museum, "Viro", BEN), proposed(museum, "Igaunija")
    museum.annotations.reject(rejected, CLARA, "No.")
    ended, accepted = proposed(museum, "x"), museum.accepted("oa:editing", COUNTRY, "Estland")
    museum.annotations.withdraw(ended, "A slip.", ANNA)
    before = museum.log.position()
    for named, why in {
        bens: "somebody else", rejected: "on record", accepted: "was accepted",
        ended: "ended already", museum.other: "no annotation",
        "https://example.org/1": "no annotation", f"{bens.iri}/1": "no annotation",
    }.items():  # fmt: skip
        assert why in refusal(museum.annotations.propose(saying(museum, "Eesti", named), ANNA))
    elsewhere = saying(museum, "Eesti", proposed(museum, "y"), of=museum.other)
    assert "another object" in refusal(museum.annotations.propose(elsewhere, ANNA))
    assert museum.log.position() == before + 1, "which is the last one that was proposed"


def test_of_two_that_take_one_place_the_first_does(museum: Museum) -> None:
    old = proposed(museum)
    drafts = [saying(museum, value, old) for value in ("Eesti", "Eesti Vabariik")]
    first, second = museum.annotations.propose_many(drafts, ANNA)
    assert first.pid is not None and second.pid is not None
    assert museum.log.standing(old) == first.pid and second.what == "created"
    assert [state(museum, each) for each in (first.pid, second.pid)] == ["pending", "pending"]


def test_a_revision_keeps_whose_place_it_took_and_takes_no_other(museum: Museum) -> None:
    old, other = proposed(museum), proposed(museum, "x")
    new = museum.annotations.propose(saying(museum, "Eesti", old), ANNA).required().pid
    assert new is not None
    plain = draft("oa:editing", COUNTRY, "Viro", of=museum.specimen)
    assert museum.annotations.revise(new, plain, ANNA).what == "revised"
    assert museum.now(new).document["col:supersedes"] == old.iri
    with pytest.raises(Refused, match="keeps its col:supersedes"):
        museum.annotations.revise(new, saying(museum, "Viro", other), ANNA)
    with pytest.raises(Refused, match="takes no place"):
        museum.annotations.revise(other, saying(museum, "y", new), ANNA)
    assert state(museum, other) == state(museum, new) == "pending"
