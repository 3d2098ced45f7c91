"""A steward finds by SPARQL what is pending, who proposed it and what became of it, at any time.

The questions are the examples that the SPARQL page offers, put to a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Store

from api.sparql.description import _FOLDER, _read_examples
from eventstore.instant import Instant
from eventstore.patches import PROVENANCE, RECORDS
from fdo.agent import Agent
from fdo.identifiers import Pid
from fdo.lifecycle import Register, stamped
from handlers.annotations import Annotations
from handlers.projections.annotations import AnnotationQuery, AnnotationsIndex
from handlers.projections.annotations import Annotations as View
from tests.api.annotations.reviewing import ANNA, ROBOT, a_draft
from tests.api.documents import a_specimen
from tests.eventstore.story import AT, pid
from tests.handlers.instants.history import History

QUERIES = {example.name: example.query for example in _read_examples(_FOLDER, "https://x.example")}
CURATOR = Agent("https://orcid.org/0000-0002-1825-0097", "Josiah", "schema:Person")
MODEL = "https://hdl.handle.net/20.5000.5072/MDL-MDL-MDL"
NAME = "$['ods:specimenName']"


Row = dict[str, str]


class Told:
    """Five proposals on three specimens, and what became of them."""

    def __init__(self, folder: Path) -> None:
        self.history = History(folder)
        for number in (1, 2, 3):
            draft = stamped(a_specimen(f"DH-{number}"), pid(number), 1, modified=AT)
            self.history.do(number, Register(draft))
        hands = Annotations(self.history.objects)

        def propose(number: int, by: Agent, value: str, **more: Any) -> Pid:
            self.history.clock.now += 1_000_000  # type: ignore[attr-defined]
            made = hands.propose(a_draft(pid(number), value, NAME, **more), by).required()
            assert made.pid is not None
            return made.pid

        self.accepted = propose(1, ROBOT, "Abies nigra", col_model=MODEL)
        self.rejected = propose(2, ROBOT, "Abies magna", col_model=MODEL)
        self.withdrawn = propose(3, ANNA, "Abies nova")
        self.before = self.history.log.position()
        hands.accept(self.accepted, CURATOR, "So says the label.")
        hands.reject(self.rejected, CURATOR, "The label says otherwise.")
        hands.withdraw(self.withdrawn, "A mistake.", ANNA)
        self.pending = propose(3, ANNA, "Abies fraseri")
        self.waiting = propose(2, ROBOT, "Abies minor", col_model=MODEL)
        self.history.project()

    def ask(self, name: str, position: int | None = None) -> list[Row]:
        """The rows of an example, as of an event."""
        at = self.history.log.position() if position is None else position
        with self.history.instants().hold_now(Instant(at)) as held:
            answer: Any = Store.read_only(str(held.path)).query(
                QUERIES[name],
                default_graph=DefaultGraph(),
                named_graphs=[NamedNode(RECORDS), NamedNode(PROVENANCE)],
            )
            names = [variable.value for variable in answer.variables]
            return [{n: row[n].value for n in names if row[n] is not None} for row in answer]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    made = Told(tmp_path_factory.mktemp("annotated"))
    yield made
    made.history.close()


def test_what_is_pending_and_who_proposed_it_now_and_then(told: Told) -> None:
    now = told.ask("pending-annotations")
    assert [(row["annotation"], row["who"]) for row in now] == [
        (told.pending.iri, ANNA.id), (told.waiting.iri, ROBOT.id),
    ]  # fmt: skip
    assert (now[0]["object"], now[0]["path"], now[0]["proposed"]) == (
        pid(3).iri, NAME, "Abies fraseri",
    )  # fmt: skip
    then = told.ask("pending-annotations", told.before)
    assert {row["annotation"] for row in then} == {
        told.accepted.iri, told.rejected.iri, told.withdrawn.iri,
    }  # fmt: skip
    assert told.ask("pending-annotations", 3) == []


def test_what_became_of_each_who_proposed_and_who_decided(told: Told) -> None:
    rows = {row["annotation"]: row for row in told.ask("what-became-of-annotations")}
    assert {row["state"] for row in rows.values()} == {
        "accepted", "rejected", "withdrawn", "pending",
    }  # fmt: skip
    assert len(rows) == 5
    rejected = rows[told.rejected.iri]
    assert (rejected["proposedBy"], rejected["decidedBy"]) == (ROBOT.id, CURATOR.id)
    assert (rejected["object"], rejected["reason"]) == (pid(2).iri, "The label says otherwise.")
    withdrawn = rows[told.withdrawn.iri]
    assert (withdrawn["state"], withdrawn["proposedBy"]) == ("withdrawn", ANNA.id)
    assert (withdrawn["object"], withdrawn["reason"]) == (pid(3).iri, "A mistake.")
    then = told.ask("what-became-of-annotations", told.before)
    assert {row["state"] for row in then} == {"pending"}


def test_how_often_the_proposals_of_a_service_are_accepted_equals_the_statistics(
    told: Told, tmp_path: Path
) -> None:
    (row,) = told.ask("acceptance-of-services")
    assert (row["service"], row["model"]) == (ROBOT.id, MODEL)
    projection = AnnotationsIndex(tmp_path / "view.sqlite")
    projection.apply(told.history.log.read(0, 1_000), told.history.log)
    projection.close()
    (tally,) = View(tmp_path / "view.sqlite").tallies("service", AnnotationQuery())
    counted = [int(row[name]) for name in ("proposed", "accepted", "rejected", "pending")]
    assert (
        counted == [tally.proposed, tally.accepted, tally.rejected, tally.pending] == [3, 1, 1, 1]
    )
    assert float(row["acceptance"]) == tally.acceptance == 0.5


def test_the_version_that_an_annotation_made_names_annotator_and_approver(told: Told) -> None:
    (row,) = told.ask("annotated-and-approved")
    assert row["version"] == pid(1).version_iri(2)
    assert (row["annotation"], row["annotator"]) == (told.accepted.iri, ROBOT.id)
    assert row["approver"] == CURATOR.id
    assert told.ask("annotated-and-approved", told.before) == []


def test_which_annotations_came_from_which_model_and_what_became_of_them(told: Told) -> None:
    rows = {row["annotation"]: row for row in told.ask("annotations-of-models")}
    assert {one: row["decision"] for one, row in rows.items()} == {
        told.accepted.iri: "Approved",
        told.rejected.iri: "Rejected",
        told.waiting.iri: "Pending",
    }
    assert {row["model"] for row in rows.values()} == {MODEL}
    then = told.ask("annotations-of-models", told.before)
    assert {row["decision"] for row in then} == {"Pending"}
