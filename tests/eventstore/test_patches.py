"""A patch is effective: replay goes forwards to every state, and backwards from it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.envelope import Recorded
from eventstore.patches import PROVENANCE, RECORDS, in_graph, patch, provenance_lines, state_lines
from fdo.errors import CollectomeError
from fdo.lifecycle import (
    Activate,
    Command,
    Merge,
    Note,
    Register,
    Release,
    Restore,
    Revise,
    Status,
    Tombstone,
    Withhold,
)
from tests.eventstore.story import AT, Objects, pid
from tests.fdo.story import CURATOR

agents = st.lists(st.sampled_from(["Linné", "Mary Anning", 'A "B" \\ C', "李時珍"]), max_size=2)
places = st.none() | st.fixed_dictionaries(
    {"dwc:country": st.sampled_from(["Estonia", "Côte d’Ivoire"])},
    optional={"dwc:locality": st.text(st.characters(codec="utf-8"), max_size=5)},
)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Any]:
    """Terms and nested nodes that come, go and change."""
    found: dict[str, Any] = draw(
        st.dictionaries(
            st.sampled_from(["dwc:sex", "dwc:lifeStage", "ods:specimenName"]),
            st.sampled_from(["a", "b", "ä\n"]),
        )
    )
    events: list[dict[str, Any]] = []
    for place in draw(st.lists(places, max_size=2)):
        event: dict[str, Any] = {"@type": "ods:Event", "dwc:year": draw(st.integers(1800, 1803))}
        if names := draw(agents):
            event["ods:hasAgents"] = [{"@type": "schema:Person", "schema:name": n} for n in names]
        if place:
            event["ods:hasLocation"] = {"@type": "ods:Location", **place}
        events.append(event)
    return found | ({"ods:hasEvents": events} if events else {})


DEEDS = [
    "register",
    "draft",
    "revise",
    "activate",
    "withhold",
    "release",
    "tombstone",
    "merge",
    "restore",
    "note",
    "confirm",
    "hide",
    "version",
    "harvest",
]
steps = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(DEEDS), contents()), min_size=1, max_size=12
)


def carried_out(log: Objects, number: int, deed: str, content: dict[str, Any]) -> None:
    """One step of a history, where the lifecycle allows it."""
    known, _ = log.objects.state(pid(number))
    document = {**log.stamp(number, "Abies", known.version + 1 if known else 1), **content}
    stub = {"@type": document["@type"], "reason": "closed", "dcterms:license": "none"}
    commands: dict[str, Command] = {
        "register": Register(document),
        "draft": Register(document, Status.DRAFT),
        "revise": Revise(document),
        "activate": Activate(document),
        "withhold": Withhold(stub),
        "release": Release(document),
        "tombstone": Tombstone("Lost.", CURATOR, AT),
        "merge": Merge(pid(number % 3 + 1), "Same.", CURATOR, AT),
        "restore": Restore(document),
        "note": Note("PidConfirmed"),
        "confirm": Note("PidConfirmed", {"state": "findable", "doi-version": None}),
        "hide": Note("PidConfirmed", {"state": "registered", "doi-version": None}),
        "version": Note("PidConfirmed", {"state": "findable", "doi-version": 1}),
        "harvest": Note("HarvestCompleted", _sightings(log, number)),
    }
    try:
        log.do(number, commands[deed])
    except CollectomeError:
        return


def _sightings(log: Objects, number: int) -> dict[str, Any]:
    """A harvest that misses the object it saw, and sees the one it missed."""
    missed = log.log.unseen_since(pid(number))
    if missed is None:
        return {"harvest": log.log.position(), "not_seen": [str(pid(number))], "seen_again": {}}
    return {"harvest": 0, "not_seen": [], "seen_again": {str(pid(number)): missed}}


def fold(events: list[Recorded]) -> set[str]:
    """The quads after these events, said without patches."""
    latest = {e.pid: e for e in events if not e.operational}
    missing: dict[str, int] = {}
    states: dict[str, str] = {}
    found: set[str] = set()
    for event in events:
        found |= set(in_graph(provenance_lines(event), PROVENANCE))
        for name in event.detail.get("seen_again", ()):
            del missing[name]
        missing |= dict.fromkeys(event.detail.get("not_seen", ()), event.detail.get("harvest", 0))
        if (state := event.detail.get("state")) and not event.detail["doi-version"]:
            states[event.pid.iri] = state
    for event in latest.values():
        shown, record = state_lines(event)
        found |= {*shown, *in_graph(record, RECORDS)}
    for iri, state in states.items():
        found.add(f'<{iri}> <urn:collectome:vocab:doiState> "{state}" <{RECORDS}> .\n')
    integer = "<http://www.w3.org/2001/XMLSchema#integer>"
    for name, harvest in missing.items():
        subject = f"<https://doi.org/{name}> <urn:collectome:vocab:notSeenIn>"
        found.add(f'{subject} "{harvest}"^^{integer} <{RECORDS}> .\n')
    return found


@given(steps)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_patches_replay_any_history_forwards_and_backwards(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[int, str, dict[str, Any]]]
) -> None:
    log = Objects(tmp_path_factory.mktemp("log"))
    for number, deed, content in history:
        carried_out(log, number, deed, content)
    events = log.log.read(0, 1000)
    before = log.log.previous(events)
    patches = [patch(event, before.get(event.position)) for event in events]
    states: list[set[str]] = [set()]
    for event, change in zip(events, patches, strict=True):
        state, added, removed = set(states[-1]), set(change.added), set(change.removed)
        assert len(added) == len(change.added) and len(removed) == len(change.removed)
        assert not added & state, "only what was absent is added"
        assert removed <= state, "only what was there is removed"
        states.append((state - removed) | added)
        assert states[-1] == fold(events[: events.index(event) + 1])
    state = set(states[-1])
    for change, earlier in zip(reversed(patches), reversed(states[:-1]), strict=True):
        state = (state - set(change.added)) | set(change.removed)
        assert state == earlier
    log.objects.close()
