"""A batch is taken back: what held before it holds again, and the report says what was done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fdo.annotation.life import state_of
from fdo.errors import Refused
from fdo.identifiers import Pid
from handlers.batches.recording import Speaker
from handlers.batches.runner import Runner
from handlers.batches.store import Batch
from handlers.curation import Curation
from tests.handlers.batches.posts import CURATOR, House, comments, edit, jsonl, robot


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.objects.close()


def created(house: House, batch: Batch) -> list[Pid]:
    return [Pid.parse(str(one.pid)) for one in house.desk.batches.outcomes(batch.id)]


def country(house: House, pid: Pid) -> str:
    place = house.log.latest(pid).document["ods:hasEvents"][0]["ods:hasLocation"]
    return str(place["dwc:country"])


def state(house: House, pid: Pid) -> str:
    event = house.log.latest(pid)
    return state_of(event.status, event.document)


def test_what_a_batch_overrode_and_superseded_holds_again(house: House):
    before = created(house, house.send(jsonl(edit(house.oak, "Eesti"), edit(house.elm, "Esti"))))
    house.desk.annotations.accept(before[0], CURATOR)
    better = edit(house.elm, "Viro") | {"col:supersedes": before[1].iri}
    batch = house.send(jsonl(edit(house.oak, "Latvia"), better), "run-2")
    new = created(house, batch)
    house.desk.annotations.accept(new[0], CURATOR)
    assert (country(house, house.oak), state(house, before[1])) == ("Latvia", "superseded")
    house.desk.undo(batch, robot(decides=True), "Wrong column.")
    assert (country(house, house.oak), state(house, before[1])) == ("Eesti", "pending")
    version = house.log.latest(house.oak).version
    undone = house.desk.batches.undone(batch.id)
    assert undone[str(new[0])] == (
        "withdrawn",
        f"Its change was taken back, in version {version} of {house.oak}. "
        f"As before hold or wait: {before[0]}.",
    )
    assert undone[str(new[1])] == ("withdrawn", f"As before hold or wait: {before[1]}.")


def test_a_proposal_that_went_on_with_a_merged_object_is_taken_back_there(house: House):
    batch = house.send(jsonl(edit(house.oak, "Latvia")))
    (first,) = created(house, batch)
    hands = Curation(house.objects, CURATOR, waiting=lambda _: [str(first)])
    hands.merge(house.oak, house.elm, "The same.")
    heir = house.log.standing(first)
    assert heir != first and state(house, heir) == "pending"
    house.desk.annotations.accept(heir, CURATOR)
    house.desk.undo(batch, robot(), "Wrong column.")
    outcome, why = house.desk.batches.undone(batch.id)[str(first)]
    assert outcome == "left" and f"It went on as {heir}. It was accepted" in why
    house.desk.undo(batch, robot(decides=True), "Wrong column.")
    outcome, why = house.desk.batches.undone(batch.id)[str(first)]
    assert outcome == "withdrawn" and "was taken back" in why
    assert (country(house, house.elm), state(house, heir)) == ("Estonia", "withdrawn")


def test_of_an_object_that_ended_nobody_is_told_that_its_change_was_taken_back(house: House):
    batch = house.send(jsonl(edit(house.oak, "Latvia")))
    (first,) = created(house, batch)
    house.desk.annotations.accept(first, CURATOR)
    Curation(house.objects, CURATOR).tombstone(house.oak, "Lost.")
    house.desk.undo(batch, robot(decides=True), "Wrong column.")
    outcome, why = house.desk.batches.undone(batch.id)[str(first)]
    assert outcome == "withdrawn" and why.startswith("Its object stays as it is")


def test_an_undo_is_carried_out_by_whoever_asked_for_it(house: House):
    def speaker_of(name: str) -> Speaker:
        if name != "boss":
            raise Refused(f"{name} has no token.")
        return Speaker(name, CURATOR, decides=True)

    local = Speaker("@operator", CURATOR, decides=True)
    ours = house.send(comments(house.oak, 2), "a", local)
    theirs = house.send(comments(house.elm, 2), "b")
    house.desk.ask_undo(ours, "boss", "No.")
    house.desk.ask_undo(theirs, local.name, "No.")
    Runner(house.desk, speaker_of).once()
    assert house.desk.batches.get(ours.id).state == "undone"
    assert house.desk.batches.get(theirs.id).state == "undoing", "the command line does it itself"
    assert house.desk.undo(house.desk.batches.get(theirs.id), local, "No.").state == "undone"
