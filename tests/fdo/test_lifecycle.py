"""One life for every type of object: each rule a test, then all of them under random commands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fdo.documents import equal
from fdo.errors import AlreadyRegistered, Refused, Tombstoned
from fdo.lifecycle import (
    NOTES,
    Activate,
    Activated,
    Command,
    DigitalObject,
    Divided,
    Fact,
    Merge,
    Merged,
    Note,
    Noted,
    Register,
    Registered,
    Release,
    Released,
    Restore,
    Restored,
    Retired,
    Revise,
    Revised,
    Split,
    Status,
    Tombstone,
    Withheld,
    Withhold,
    decide,
    evolve,
    stamped,
)
from fdo.record import attributes, record_changed
from tests.fdo.story import AT, CURATOR, OTHER, PID, THIRD, given, specimen

FIR, LARCH = specimen("Abies alba"), specimen("Larix decidua")
STUB = {"@type": "ods:DigitalSpecimen", "reason": "CC BY-NC"}
REGISTERED = Registered(FIR)
DRAFTED = Registered(FIR, Status.DRAFT)
HELD_BACK = Registered(STUB, Status.PID_ONLY)
TOMBSTONE = Tombstone("Destroyed by fire.", CURATOR, AT)
RETIRED = Retired({**FIR, "ods:status": "Tombstone"})


def test_the_first_command_registers() -> None:
    assert given().when(Register(FIR)) == (REGISTERED,)


@pytest.mark.parametrize("command", [Revise(FIR), TOMBSTONE, Restore(FIR), Note("Erased")])
def test_nothing_else_can_happen_to_an_unknown_object(command: Command) -> None:
    with pytest.raises(Refused, match="register it first"):
        given().when(command)


def test_nothing_is_born_as_a_tombstone() -> None:
    with pytest.raises(Refused):
        given().when(Register(FIR, Status.TOMBSTONE))


def test_a_pid_is_registered_once() -> None:
    with pytest.raises(AlreadyRegistered) as refused:
        given(REGISTERED).when(Register(LARCH))
    assert refused.value.details["pid"] == str(PID)


def test_an_equal_document_changes_nothing() -> None:
    assert given(REGISTERED).when(Revise(dict(FIR))) == ()


def test_volatile_terms_alone_change_nothing() -> None:
    later = {**FIR, "ods:midsLevel": 3, "ods:version": 9, "dcterms:modified": "2030-01-01"}
    assert given(REGISTERED).when(Revise(later)) == ()


def test_new_values_revise() -> None:
    assert given(REGISTERED).when(Revise(LARCH)) == (Revised(LARCH),)


def test_a_revised_draft_stays_a_draft() -> None:
    assert given(DRAFTED).when(Revise(LARCH)) == (Revised(LARCH, Status.DRAFT),)


def test_a_draft_becomes_active_once() -> None:
    assert given(DRAFTED).when(Activate(FIR)) == (Activated(FIR),)
    with pytest.raises(Refused, match="active: Activate"):
        given(DRAFTED, Activated(FIR)).when(Activate(FIR))


def test_a_document_that_loses_its_licence_is_withheld_and_released_again() -> None:
    assert given(REGISTERED).when(Withhold(STUB)) == (Withheld(STUB),)
    assert given(REGISTERED, Withheld(STUB)).when(Release(FIR)) == (Released(FIR),)


def test_withholding_the_same_stub_again_changes_nothing() -> None:
    assert given(HELD_BACK).when(Withhold(dict(STUB))) == ()


def test_a_pid_only_object_cannot_be_revised() -> None:
    with pytest.raises(Refused, match="PID-only"):
        given(HELD_BACK).when(Revise(FIR))


def test_an_active_object_cannot_be_released() -> None:
    with pytest.raises(Refused):
        given(REGISTERED).when(Release(FIR))


def test_a_tombstone_says_why_who_when_and_keeps_the_last_document() -> None:
    related = [(OTHER.iri, "IsObsoletedBy")]
    (fact,) = given(REGISTERED).when(replace(TOMBSTONE, related=related))
    assert isinstance(fact, Retired)
    assert fact.document["ods:specimenName"] == "Abies alba"
    assert fact.document["ods:status"] == "Tombstone"
    assert fact.document["ods:version"] == 2
    assert fact.document["dcterms:created"] == FIR["dcterms:created"]
    assert fact.document["ods:hasTombstoneMetadata"] == {
        "@type": "ods:Tombstone",
        "ods:tombstoneDate": AT,
        "ods:tombstoneText": "Destroyed by fire.",
        "ods:hasAgents": [CURATOR],
        "ods:hasRelatedPIDs": [
            {
                "@type": "ods:RelatedPID",
                "dcterms:identifier": OTHER.iri,
                "ods:relationshipType": "IsObsoletedBy",
            }
        ],
    }


@pytest.mark.parametrize(
    "command",
    [
        Register(FIR),
        Revise(LARCH),
        Activate(FIR),
        Withhold(STUB),
        Release(FIR),
        TOMBSTONE,
        Merge(OTHER, "same sheet", CURATOR, AT),
        Split((OTHER,), "two sheets", CURATOR, AT),
    ],
)
def test_a_tombstoned_object_refuses_everything_but_restoring(command: Command) -> None:
    (gone,) = given(REGISTERED).when(TOMBSTONE)
    with pytest.raises(Tombstoned, match="tombstoned on 2026-03-01"):
        given(REGISTERED, gone).when(command)


def test_a_restored_object_keeps_its_pid_and_goes_on_counting() -> None:
    assert given(REGISTERED, RETIRED).when(Restore(FIR)) == (Restored(FIR),)
    back = given(REGISTERED, RETIRED, Restored(FIR)).state
    assert back is not None
    assert (back.pid, back.status, back.version) == (PID, Status.ACTIVE, 3)


def test_only_a_tombstone_can_be_restored() -> None:
    with pytest.raises(Refused):
        given(REGISTERED).when(Restore(FIR))


def test_a_merged_object_names_its_successor() -> None:
    (fact,) = given(REGISTERED).when(Merge(OTHER, "same sheet", CURATOR, AT))
    assert isinstance(fact, Merged)
    assert (fact.successor, fact.status) == (OTHER.iri, Status.TOMBSTONE)
    assert _related(fact.document) == [(OTHER.iri, "IsObsoletedBy")]


def test_a_divided_object_names_its_parts() -> None:
    (fact,) = given(REGISTERED).when(Split((OTHER, THIRD), "two sheets", CURATOR, AT))
    assert isinstance(fact, Divided)
    assert fact.parts == (OTHER.iri, THIRD.iri)
    assert _related(fact.document) == [(OTHER.iri, "HasPart"), (THIRD.iri, "HasPart")]


@pytest.mark.parametrize(
    "command",
    [
        Merge(PID, "itself", CURATOR, AT),
        Split((), "nothing", CURATOR, AT),
        Split((OTHER, PID), "itself", CURATOR, AT),
    ],
)
def test_no_object_is_its_own_successor_or_part(command: Command) -> None:
    with pytest.raises(Refused):
        given(REGISTERED).when(command)


@pytest.mark.parametrize("what", NOTES)
def test_a_note_raises_the_sequence_and_not_the_version(what: str) -> None:
    (noted,) = given(REGISTERED).when(Note(what, {"n": 1}))
    state = given(REGISTERED, noted).state
    assert state is not None
    assert (state.sequence, state.version, state.document) == (2, 1, FIR)


def test_a_note_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(Refused, match="HarvestCompleted"):
        given(REGISTERED).when(Note("SomethingElse"))


def test_stamps_follow_the_type_of_the_document() -> None:
    source = stamped({"@type": "ods:SourceSystem"}, PID, 2, modified=AT, created="2020")
    assert source == {
        "@type": "ods:SourceSystem",
        "@id": PID.iri,
        "schema:identifier": PID.iri,
        "schema:version": 2,
        "schema:dateCreated": "2020",
        "schema:dateModified": AT,
    }
    assert {"@id", "dcterms:identifier", "ods:version"} <= FIR.keys()


def _related(document: dict[str, Any]) -> list[tuple[str, str]]:
    nodes = document["ods:hasTombstoneMetadata"]["ods:hasRelatedPIDs"]
    return [(n["dcterms:identifier"], n["ods:relationshipType"]) for n in nodes]


# ── every order of every command ─────────────────────────────────────────────────────────

documents = st.builds(
    specimen, st.sampled_from(["Abies alba", "Larix decidua", "Pinus mugo"]), st.integers(1, 3)
)
stubs = st.sampled_from(["CC BY-NC", "all rights reserved"]).map(
    lambda why: {**STUB, "reason": why}
)
commands = st.one_of(
    st.builds(Register, documents, st.sampled_from([Status.ACTIVE, Status.DRAFT])),
    st.builds(Register, stubs, st.just(Status.PID_ONLY)),
    st.builds(Activate, documents),
    st.builds(Revise, documents),
    st.builds(Withhold, stubs),
    st.builds(Release, documents),
    st.builds(Restore, documents),
    st.just(TOMBSTONE),
    st.just(Merge(OTHER, "same", CURATOR, AT)),
    st.just(Split((OTHER, THIRD), "two", CURATOR, AT)),
    st.builds(Note, st.sampled_from(NOTES), st.just({})),
)


class AnyLife(RuleBasedStateMachine):
    """One object under any commands, beside the list of all its facts."""

    def __init__(self) -> None:
        super().__init__()
        self.state: DigitalObject | None = None
        self.facts: list[Fact] = []

    @rule(command=commands)
    def do(self, command: Command) -> None:
        before = self.state
        try:
            facts = decide(before, command)
        except (AlreadyRegistered, Refused, Tombstoned):
            return
        assert len(facts) <= 1
        for fact in facts:
            self._take(before, fact)
        if not facts:
            assert isinstance(command, Revise | Withhold) and before is not None
            assert equal(command.document, before.document)

    def _take(self, before: DigitalObject | None, fact: Fact) -> None:
        after = evolve(before, fact, PID, "specimen")
        if before and before.status is Status.TOMBSTONE:
            assert isinstance(fact, Restored | Noted), "tombstoned stays so until restored"
        if before and isinstance(fact, Revised):
            assert not equal(before.document, after.document)
        if before:
            same = _record(before) == _record(after)
            assert record_changed(before, after) is not same
            assert not (isinstance(fact, Noted) and record_changed(before, after))
        self.state = after
        self.facts.append(fact)

    @invariant()
    def folding_all_facts_gives_the_state(self) -> None:
        assert given(*self.facts).state == self.state

    @invariant()
    def sequence_counts_all_facts_and_version_those_with_content(self) -> None:
        if self.state is not None:
            contents = [fact for fact in self.facts if not isinstance(fact, Noted)]
            assert self.state.sequence == len(self.facts)
            assert self.state.version == len(contents)
            assert self.state.document == contents[-1].document
            assert self.state.status is contents[-1].status


def _record(known: DigitalObject) -> dict[str, Any]:
    return attributes(known.type, known.status, known.document)


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
