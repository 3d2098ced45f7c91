"""An accepted change survives every harvest, until its source adopts it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdo.annotation.paths import get, parse
from fdo.identifiers import Pid
from fdo.lifecycle import Status, evolve
from handlers.harvest.agent import HARVESTER
from handlers.harvest.harvest import Summary
from tests.fdo.annotation.saying import COUNTRY, EVENT, NAMES, named
from tests.handlers.annotations.museum import ANNA, CLARA, Museum, draft
from tests.handlers.harvest.collection import CLOSED, counts, image, row

LOCALITY = f"{EVENT}['ods:hasLocation']['dwc:locality']"


@pytest.fixture
def museum(tmp_path: Path) -> Museum:
    return Museum(tmp_path)


def harvest(museum: Museum, **cells: str) -> Summary:
    """The source again, with other cells in the first row."""
    return museum.collection.harvest([row(1, **cells), row(2), row(3)], [image(1, "a")])


def overlay(museum: Museum, pid: Pid) -> tuple[str, Any]:
    """What the annotation says of its change, and of the source's value."""
    document = museum.now(pid).document
    return document["col:overlayState"], document.get("col:sourceValue")


def test_a_source_that_says_the_same_costs_nothing(museum: Museum) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    before = museum.log.position()
    summary = harvest(museum)
    assert counts(summary) == {"unchanged": 3} and museum.log.position() == before + 1
    assert museum.says(COUNTRY) == "Eesti" and overlay(museum, pid) == ("applied", '"Estonia"')


def test_a_change_is_kept_when_the_source_changes_another_term(museum: Museum) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    summary = harvest(museum, recordedBy="B. Other")
    assert counts(summary) == {"changed": 1, "unchanged": 2}
    assert dict(summary.changed_terms) == {"schema:name": 1}
    assert museum.says(COUNTRY) == "Eesti"
    assert museum.says(f"{EVENT}['ods:hasAgents'][0]['schema:name']") == "B. Other"
    event = museum.now(museum.specimen)
    assert (event.version, event.overlay, event.agent.id) == (3, (str(pid),), HARVESTER.id)
    assert museum.now(pid).version == 2, "nothing new is to be said of the annotation"


def test_a_conflict_keeps_the_change_and_shows_what_the_source_says(museum: Museum) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    summary = harvest(museum, country="Latvia")
    assert counts(summary) == {"unchanged": 3}, "the specimen says what it said"
    assert museum.says(COUNTRY) == "Eesti" and museum.versions() == 2
    assert overlay(museum, pid) == ("conflict", '"Latvia"')
    assert museum.now(pid).agent.id == HARVESTER.id
    harvest(museum, country="Latvia")
    assert museum.now(pid).version == 3
    harvest(museum, country="Latvia", recordedBy="B. Other")
    assert overlay(museum, pid) == ("conflict", '"Latvia"') and museum.now(pid).version == 3


@pytest.mark.parametrize("keep", [True, False])
def test_a_person_settles_a_conflict(museum: Museum, keep: bool) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    harvest(museum, country="Latvia")
    museum.annotations.settle(pid, keep, CLARA, "Asked the museum.")
    assert museum.says(COUNTRY) == ("Eesti" if keep else "Latvia")
    assert overlay(museum, pid) == ("applied" if keep else "dropped", '"Latvia"')
    assert museum.now(museum.specimen).overlay == ((str(pid),) if keep else ())
    harvest(museum, country="Latvia", recordedBy="B. Other")
    assert museum.says(COUNTRY) == ("Eesti" if keep else "Latvia")
    assert overlay(museum, pid)[0] == ("applied" if keep else "dropped")


def test_a_source_that_adopts_a_change_takes_it_out_of_the_overlay(museum: Museum) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    summary = harvest(museum, country="Eesti")
    assert counts(summary) == {"unchanged": 3} and museum.versions() == 2
    assert overlay(museum, pid)[0] == "adopted"
    harvest(museum, country="Latvia")
    assert museum.says(COUNTRY) == "Latvia", "the source is believed again"
    assert museum.now(museum.specimen).overlay == ()
    assert overlay(museum, pid)[0] == "adopted"


def test_adopting_ends_a_conflict(museum: Museum) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    harvest(museum, country="Latvia")
    harvest(museum, country="Eesti")
    assert overlay(museum, pid)[0] == "adopted" and museum.says(COUNTRY) == "Eesti"


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.sampled_from(["Estonia", "Latvia", "Livonia", "Eesti"]), max_size=5))
def test_what_became_of_a_change_follows_from_what_was_said_when_it_was_accepted(
    tmp_path: Path, said: list[str]
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as place:
        museum = Museum(Path(place))
        pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
        adopted = False
        for country in said:
            harvest(museum, country=country)
            state, source = overlay(museum, pid)
            adopted = adopted or country == "Eesti"
            if adopted:
                assert (state, museum.says(COUNTRY)) == ("adopted", country)
            else:
                says = "applied" if country == "Estonia" else "conflict"
                assert (state, source, museum.says(COUNTRY)) == (says, f'"{country}"', "Eesti")
        museum.objects.close()


def test_a_change_that_a_person_kept_was_agreed_to_over_what_the_source_said_then(
    museum: Museum,
) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    harvest(museum, country="Latvia")
    museum.annotations.settle(pid, True, CLARA)
    harvest(museum, country="Estonia")
    assert overlay(museum, pid) == ("conflict", '"Estonia"')
    harvest(museum, country="Latvia")
    assert overlay(museum, pid) == ("applied", '"Latvia"')


def test_one_of_two_changes_is_adopted_and_the_other_stays(museum: Museum) -> None:
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    second = museum.accepted("ods:adding", NAMES, named("Larix"))
    harvest(museum, country="Eesti", recordNumber="77")
    assert museum.now(museum.specimen).overlay == (str(second),)
    assert overlay(museum, first)[0] == "adopted" and overlay(museum, second)[0] == "applied"
    assert len(museum.says(NAMES)) == 2


def test_a_change_whose_place_is_gone_is_dropped_and_says_so(museum: Museum) -> None:
    pid = museum.accepted("ods:adding", LOCALITY, "Tartu")
    harvest(museum, country="", eventDate="", recordedBy="", recordNumber="")
    assert overlay(museum, pid)[0] == "dropped"
    assert museum.now(museum.specimen).overlay == () and museum.says(LOCALITY) is None


def test_changes_of_media_are_laid_again_too(museum: Museum) -> None:
    pid = museum.accepted("ods:adding", "$['dcterms:title']", "Sheet", of=museum.medium)
    museum.collection.harvest(
        [row(1, recordedBy="X"), row(2), row(3)],
        [image(1, "a", "http://creativecommons.org/licenses/by/4.0/")],
    )
    event = museum.now(museum.medium)
    assert event.version == 3 and event.document["dcterms:title"] == "Sheet"
    assert event.overlay == (str(pid),) and overlay(museum, pid)[0] == "applied"


def test_a_specimen_that_is_withheld_and_released_has_its_changes_again(museum: Museum) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    harvest(museum, license=CLOSED)
    assert museum.now(museum.specimen).status is Status.PID_ONLY
    assert "Eesti" not in str(museum.now(museum.specimen).document)
    harvest(museum)
    assert museum.says(COUNTRY) == "Eesti" and museum.now(museum.specimen).overlay == (str(pid),)


def test_a_row_that_is_rejected_leaves_the_annotations_alone(
    museum: Museum, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    monkeypatch.setattr("handlers.harvest.batch.breaches", lambda *_: [("/", "no")])
    assert counts(harvest(museum, country="Latvia")) == {"rejected": 1, "unchanged": 2}
    assert overlay(museum, pid) == ("applied", '"Estonia"') and museum.now(pid).version == 2


def test_an_annotation_taken_back_is_not_laid_again(museum: Museum) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    museum.annotations.withdraw(pid, "Misread.", CLARA)
    harvest(museum, recordedBy="B. Other")
    assert museum.says(COUNTRY) == "Estonia"


def test_the_whole_story_folds_to_the_state_and_the_first_version_proves_itself(
    museum: Museum,
) -> None:
    cited = museum.log.version(museum.specimen, 1)
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    harvest(museum, recordedBy="B. Other")
    harvest(museum, recordedBy="B. Other", country="Latvia")
    museum.annotations.settle(pid, False, CLARA)
    again = museum.annotations.propose(
        draft("oa:editing", COUNTRY, "Lettland", of=museum.specimen), ANNA
    )
    assert again.pid is not None
    museum.annotations.accept(again.pid, CLARA)
    harvest(museum, recordedBy="B. Other", country="Lettland")
    known = None
    for event in museum.log.history(museum.specimen):
        known = evolve(known, event.fact(), museum.specimen, event.type)
    assert known == museum.objects.state(museum.specimen)[0]
    assert get(museum.now(museum.specimen).document, parse(COUNTRY)) == "Lettland"
    then = museum.log.version(museum.specimen, 1)
    assert (then.document_bytes, then.salt, then.leaf) == (
        cited.document_bytes,
        cited.salt,
        cited.leaf,
    )
    assert get(then.document, parse(COUNTRY)) == "Estonia"
