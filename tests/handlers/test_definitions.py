"""The definitions of a release in the log: brought in once, revised when they change."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.demo import LOG
from eventstore import mirroring
from eventstore.application import DigitalObjects
from eventstore.profiles import Profiles
from eventstore.records import record_of
from eventstore.transfer import read_log
from fdo.definitions.documents import Definition, definitions
from fdo.definitions.names import claim, definition_pid
from fdo.errors import InvalidDocument, NotFound, Refused, VersionConflict
from fdo.identifiers import Pid
from fdo.lifecycle import Register, Revise, stamped
from handlers import definitions as handled
from handlers.definitions import DEFINER, ensure, revise, standing
from tests.eventstore.story import AT, BY

WANTED = definitions("20.5000.5072")


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[DigitalObjects]:
    found = DigitalObjects(tmp_path, durability="normal")
    yield found
    found.close()


def test_definitions_are_brought_in_once(objects: DigitalObjects) -> None:
    assert ensure(objects) == len(WANTED)
    assert ensure(objects) == 0
    assert {head.pid for head in objects.log.heads()} == {one.pid for one in WANTED}


def test_every_definition_has_a_record_under_the_profile_of_definitions(
    objects: DigitalObjects,
) -> None:
    ensure(objects)
    profile = definition_pid("20.5000.5072", "fdo-profile", "definition")
    for event in objects.log.read(0, 1000):
        found = record_of(event, [event])
        assert found["fdoProfileVersion"] == f"{profile.iri}/1"
        assert objects.log.head(Pid.parse(found["0.FDO/Type"])).type == "fdo-type"


def test_what_a_later_release_says_otherwise_becomes_a_new_version(
    objects: DigitalObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure(objects)

    def later(prefix: str) -> list[Definition]:
        first, *others = definitions(prefix)
        return [replace(first, document={**first.document, "schema:description": "New."}), *others]

    monkeypatch.setattr(handled, "definitions", later)
    assert ensure(objects) == 1
    assert ensure(objects) == 0
    event = objects.log.latest(WANTED[0].pid)
    assert (event.version, event.document["schema:description"]) == (2, "New.")


def test_what_a_person_revised_stays_theirs(objects: DigitalObjects) -> None:
    ensure(objects)
    one = WANTED[0]
    changed = {**one.document, "schema:description": "Ours."}
    objects.handle(
        Revise(stamped(changed, one.pid, 2, modified=AT)), pid=one.pid, kind=one.kind, by=BY
    )
    assert ensure(objects) == 0
    assert objects.log.latest(one.pid).document["schema:description"] == "Ours."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"col:key": "other"}, "/col:key: must stay 'specimen'"),
        ({"col:registeredAs": "https://doi.org/21.T11148/0"}, "another thing is another object"),
        ({"col:recordSchema": {"type": "nothing"}}, "is no JSON Schema"),
        ({"schema:name": None}, "/schema:name"),
        ({"dwc:country": "Malta"}, "dwc:country"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(
    objects: DigitalObjects, change: dict[str, Any], said: str
) -> None:
    ensure(objects)
    pid = definition_pid("20.5000.5072", "fdo-profile", "specimen")
    document = {**objects.log.latest(pid).document, **change}
    with pytest.raises(InvalidDocument, match=said):
        revise(objects, pid, document, BY)
    assert objects.log.head(pid).version == 1


def test_a_definition_gets_a_new_version_by_whoever_saw_the_last(objects: DigitalObjects) -> None:
    ensure(objects)
    pid = definition_pid("20.5000.5072", "fdo-profile", "specimen")
    document = {**objects.log.latest(pid).document, "schema:description": "Ours."}
    made = revise(objects, pid, document, BY, 1)
    assert made is not None and (made.version, made.agent) == (2, BY)
    assert revise(objects, pid, document, BY) is None
    with pytest.raises(VersionConflict):
        revise(objects, pid, {**document, "schema:description": "Theirs."}, BY, 1)
    assert [event.version for event in standing(objects) if event.pid == pid] == [2]


def test_what_is_no_definition_is_not_revised_here(objects: DigitalObjects) -> None:
    ensure(objects)
    with pytest.raises(NotFound):
        revise(objects, Pid("20.5000.5072", "AAA-AAA-AAA"), {}, BY)
    pid, document = objects.reserve("saved-query"), {"@type": "schema:SoftwareSourceCode"}
    stored = stamped({**document, "schema:name": "Q"}, pid, 1, modified=AT)
    objects.handle(Register(stored), pid=pid, kind="saved-query", by=BY)
    with pytest.raises(Refused, match="no definition"):
        revise(objects, pid, stored, BY)


def test_a_mirror_gets_none(objects: DigitalObjects) -> None:
    mirroring.begin(objects.recorder, "https://source.example", objects.log.id)
    assert ensure(objects) == 0


def test_a_log_with_another_prefix_keeps_its_definitions(tmp_path: Path) -> None:
    elsewhere = {"doi": "10.5072", "handle": "20.5000.1"}
    first = DigitalObjects(tmp_path, durability="normal", prefixes=elsewhere)
    ensure(first)
    first.close()
    moved = DigitalObjects(tmp_path, durability="normal")
    assert ensure(moved) == 0
    moved.close()


def test_a_pid_that_is_taken_is_not_taken_over(objects: DigitalObjects) -> None:
    taken = WANTED[-1].pid
    document = {"@type": "schema:SoftwareSourceCode", "schema:name": "Chance"}
    objects.handle(
        Register(stamped(document, taken, 1, modified=AT)), pid=taken, kind="saved-query", by=BY
    )
    with pytest.raises(Refused, match=str(taken)):
        ensure(objects)


def test_the_sample_begins_with_the_definitions_of_this_release(objects: DigitalObjects) -> None:
    with gzip.open(LOG) as lines:
        read_log(objects, lines)
    assert ensure(objects) == 0, "run python -m api.demo.record"
    assert {e.agent.id for e in objects.log.read(0, len(WANTED))} == {DEFINER.id}


def test_every_record_of_the_sample_keeps_the_profile_version_it_names(
    objects: DigitalObjects,
) -> None:
    with gzip.open(LOG) as lines:
        read_log(objects, lines)
    profiles = Profiles(objects.log)
    events = [event for event in objects.log.read(0, 1000) if not event.operational]
    assert {claim("fdo-type", event.type) for event in events} > {claim("fdo-type", "specimen")}
    for event in events:
        found = record_of(event, objects.log.history(event.pid))
        assert profiles.faults(found) == [], found
