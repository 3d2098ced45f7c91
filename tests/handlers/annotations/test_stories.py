"""Whatever people and sources do to a specimen, in any order: what was accepted is kept, what its
source says is not lost, and the log tells the same story."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdo.annotation.life import state_of
from fdo.annotation.merging import LAID, holds, reverted
from fdo.documents import essence
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.lifecycle import evolve
from handlers.annotations.targets import laid_on
from handlers.verification import verify_log
from ontologies.schemas import explain
from tests.fdo.annotation.saying import COUNTRY, EVENT, NAMES, named
from tests.handlers.annotations.museum import CLARA, Museum, draft
from tests.handlers.harvest.collection import image, row

LOCALITY = f"{EVENT}['ods:hasLocation']['dwc:locality']"
REMARK = f"{NAMES}[0]['dwc:identificationRemarks']"
WORDS = st.sampled_from(["Eesti", "Latvia", "Estonia"])
CHANGES = st.one_of(
    st.tuples(st.just("oa:editing"), st.just(COUNTRY), WORDS),
    st.tuples(st.just("ods:deleting"), st.just(COUNTRY)),
    st.tuples(st.just("ods:adding"), st.sampled_from([COUNTRY, LOCALITY, REMARK]), WORDS),
    st.tuples(st.just("ods:adding"), st.just(NAMES), st.builds(named, WORDS)),
    st.tuples(st.just("ods:deleting"), st.just(f"{NAMES}[0]")),
)
STEPS = st.one_of(
    st.tuples(st.just("change"), CHANGES),
    st.tuples(st.just("change"), CHANGES),
    st.tuples(st.just("propose"), CHANGES),
    st.tuples(st.just("accept"), st.integers(0, 5)),
    st.tuples(st.just("withdraw"), st.integers(0, 5)),
    st.tuples(st.just("undo"), st.integers(0, 5)),
    st.tuples(st.just("keep"), st.integers(0, 5)),
    st.tuples(st.just("yield"), st.integers(0, 5)),
    st.tuples(
        st.just("harvest"),
        st.fixed_dictionaries(
            {"country": WORDS, "scientificName": st.sampled_from(["Abies", "Picea"])}
        ),
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=3, max_size=10))
def test_a_story_of_any_steps_ends_well(steps: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        museum = Museum(Path(place))
        source, pids = {}, list[Pid]()
        for what, detail in steps:
            if what == "harvest":
                source = detail
                museum.collection.harvest([row(1, **detail), row(2), row(3)], [image(1, "a")])
            else:
                _step(museum, what, detail, pids)
            _sound(museum, pids)
        for pid in reversed(pids):  # all is taken back: the source alone speaks
            _step(museum, "withdraw", pids.index(pid), pids)
        assert not _laid(museum) and verify_log(museum.objects) == []
        twin = Museum(Path(place) / "twin")
        for more in ({}, {"recordedBy": "B. Other"}):
            for each in (museum, twin):
                rows = [row(1, **source, **more), row(2), row(3)]
                each.collection.harvest(rows, [image(1, "a")])
            assert _content(museum) == _content(twin)
        museum.objects.close()
        twin.objects.close()


def _step(museum: Museum, what: str, detail: Any, pids: list[Pid]) -> None:
    """One deed; what the rules refuse is refused with nothing recorded."""
    before = museum.log.position()
    hands = museum.annotations
    try:
        if what in ("propose", "change"):
            said = draft(*detail, of=museum.specimen)
            outcome = hands.propose(said, CLARA, accept_as=CLARA if what == "change" else None)
            pids += [outcome.pid] if outcome.what in ("created", "accepted") and outcome.pid else []
        elif detail < len(pids):
            match what:
                case "accept":
                    hands.accept(pids[detail], CLARA)
                case "withdraw":
                    hands.withdraw(pids[detail], "Taken back.", CLARA)
                case "undo":
                    hands.undo(pids[detail], "The wrong column.", CLARA)
                case _:
                    hands.settle(pids[detail], what == "keep", CLARA)
    except CollectomeError:
        assert museum.log.position() == before


def _laid(museum: Museum) -> list[Any]:
    known, _ = museum.objects.state(museum.specimen)
    assert known is not None
    return laid_on(museum.objects, [known]).get(str(known.pid), [])


def _sound(museum: Museum, pids: list[Pid]) -> None:
    known = None
    for event in museum.log.history(museum.specimen):
        known = evolve(known, event.fact(), museum.specimen, event.type)
    assert known == museum.objects.state(museum.specimen)[0]
    assert known is not None and not explain("specimen", known.document)
    laid = _laid(museum)
    document = known.document
    for each in reversed(laid):  # a later change may lie inside what an earlier one added
        assert holds(each, document)
        document = reverted(document, each) or document
    for pid in pids:
        event = museum.now(pid)
        assert not explain("annotation", event.document)
        accepted = state_of(event.status, event.document) == "accepted"
        in_force = accepted and event.document["col:overlayState"] in LAID
        assert in_force == (str(pid) in {each.pid for each in laid})


def _content(museum: Museum) -> Any:
    """What the specimen says, without names of objects."""
    document = dict(museum.now(museum.specimen).document)
    for term in (
        "@id",
        "dcterms:identifier",
        "ods:sourceSystemID",
        "ods:normalisedPhysicalSpecimenID",
        "ods:hasEntityRelationships",
    ):
        del document[term]
    return essence(document)
