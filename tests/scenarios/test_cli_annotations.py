"""The command line decides about annotations as the review page does."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventstore.application import DigitalObjects
from fdo.identifiers import Pid
from handlers.annotations import Annotations
from handlers.lease import positions
from tests.api.annotations.reviewing import ANNA, a_draft
from tests.scenarios.terminal import Terminal

NAME = "$['ods:specimenName']"
BY_ANNA = ("--filter", f"creator={ANNA.id}")
"""The sample has annotations of its own."""


@pytest.fixture
def proposed(sample: Terminal, tmp_path: Path) -> tuple[Terminal, Pid, list[str]]:
    """A copy of the sample in which three changes of a specimen are proposed and one is made."""
    terminal = sample.copied(tmp_path / "data")
    objects = DigitalObjects(terminal.data)
    specimen = next(head.pid for head in objects.log.heads() if head.type == "specimen")
    hands = Annotations(objects)
    drafts = [a_draft(specimen, f"Abies {n}", NAME) for n in ("alba", "nigra", "nova", "magna")]
    pids = [outcome.required().pid for outcome in hands.propose_many(drafts, ANNA)]
    objects.close()
    accepted = terminal.json("annotations", "accept", pids[0])  # brings the views up to date too
    assert [one["what"] for one in accepted] == ["accepted"]
    return terminal, specimen, [str(pid) for pid in pids]


def test_what_is_accepted_changes_the_object_and_the_rest_waits(proposed):
    terminal, specimen, pids = proposed
    objects = DigitalObjects(terminal.data)
    assert objects.log.latest(specimen).document["ods:specimenName"] == "Abies alba"
    head = objects.log.position()
    objects.close()
    assert set(positions(terminal.data).values()) == {head}
    listed = terminal.json("annotations", "list", "--filter", f"target={specimen}", *BY_ANNA)
    assert {one["pid"]: one["state"] for one in listed["items"]} == {
        pids[0]: "accepted", pids[1]: "pending", pids[2]: "pending", pids[3]: "pending",
    }  # fmt: skip
    waiting = terminal.json("annotations", "queue", *BY_ANNA)
    assert (waiting["total"], waiting["items"][0]["severity"]) == (3, "high")
    assert terminal.json("annotations", "queue", "--grouped", *BY_ANNA)["total"] == 3
    shown = terminal.json("annotations", "show", pids[1])
    assert (shown["proposed"], shown["now"], shown["changed"]) == (
        "Abies nigra",
        "Abies alba",
        True,
    )
    accepted = ("list", "--filter", "state=accepted", *BY_ANNA)
    then = terminal.json("annotations", *accepted, "--as-of", head - 2)
    assert then["items"] == []
    lists = (("list", *BY_ANNA), ("queue", *BY_ANNA), ("queue", "--grouped", *BY_ANNA))
    for command in (*lists, ("show", pids[2])):
        assert "Abies nova" in terminal("annotations", *command).stdout


def test_each_is_decided_by_itself_and_a_refusal_is_told(proposed):
    terminal, specimen, pids = proposed
    objects = DigitalObjects(terminal.data)
    made = objects.log.head(specimen).version
    objects.close()
    told = terminal.json("annotations", "reject", pids[1], pids[0], "--reason", "no", code=1)
    assert [one["what"] for one in told] == ["rejected", "refused"]
    assert "accepted" in told[1]["detail"]
    said = terminal("annotations", "withdraw", pids[2], "--reason", "a mistake").stdout
    assert f"{pids[2]}: withdrawn" in said
    taken = terminal.json("annotations", "withdraw", pids[0], "--reason", "a mistake")
    assert taken[0]["target_version"] == made + 1
    states = {one["pid"]: one["state"] for one in terminal.json("annotations", "list")["items"]}
    assert [states[pid] for pid in pids] == ["withdrawn", "rejected", "withdrawn", "pending"]


def test_what_cannot_be_asked_is_refused(sample: Terminal):
    assert "no parameter 'colour'" in sample.refused(
        "annotations", "list", "--filter", "colour=red"
    )
    assert "lacks its value" in sample.refused("annotations", "list", "--filter", "state")
    assert "no filter 'state'" in sample.refused("annotations", "queue", "--filter", "state=x")
    assert "No annotation" in sample.refused("annotations", "show", "20.5000.5072/AAA-AAA-AAA")
    assert "Nothing waits" in sample("annotations", "queue", "--filter", "term=dwc:no").stdout
