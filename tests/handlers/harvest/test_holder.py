"""A harvest for one institution speaks of its datasets and specimens alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fdo.dataset import holder
from fdo.errors import IdentityPaused, Refused
from fdo.identifiers import Pid
from handlers.harvest.holders import holder_of
from handlers.harvest.identity import pause_named, settle
from handlers.harvest.sources import source_named
from tests.handlers.harvest.collection import Collection, counts, image, related, row
from tests.handlers.harvest.test_batch import OPERATOR

OURS, THEIRS = "https://ror.org/03z77qz90", "https://ror.org/0566bfb96"
BY_RECORD: dict[str, Any] = {"ods:hasTermMapping": [{"ods:organisationID": "dwc:recordNumber"}]}
"""The mapping of a dataset that holds the specimens of several institutions."""


@pytest.fixture
def herbarium(tmp_path: Path) -> Collection:
    return Collection(tmp_path)


def described(herbarium: Collection) -> tuple[str, str | None] | None:
    """What the source system says of its holder."""
    pid = source_named(herbarium.objects, "Herbarium")
    assert pid is not None
    assert holder_of(herbarium.objects, pid) == OURS
    return holder(herbarium.log.latest(pid).document["schema:description"])


def test_its_own_dataset_is_taken_in_again_and_again(herbarium: Collection) -> None:
    assert counts(herbarium.harvest([row(1), row(2)], holder=OURS)) == {"new": 2}
    found = herbarium.harvest([row(1, country="Latvia")], holder=OURS)
    assert counts(found) == {"changed": 1, "vanished": 1}
    assert described(herbarium) == (OURS, OURS)


def test_a_new_dataset_of_nobody_named_is_held_by_the_institution(herbarium: Collection) -> None:
    rows = [row(1, recordNumber=OURS)]
    for _ in range(2):
        herbarium.harvest(rows, holder=OURS, organisation=None, mapping=BY_RECORD)
    assert described(herbarium) == (OURS, OURS)


@pytest.mark.parametrize("before", [THEIRS, None])
def test_a_dataset_of_another_or_of_nobody_known_is_refused(
    herbarium: Collection, before: str | None
) -> None:
    rows = [row(1, recordNumber=THEIRS)]
    herbarium.harvest(rows, organisation=before, mapping=BY_RECORD)
    head = herbarium.log.position()
    with pytest.raises(Refused, match=f"held by {before or 'nobody known'}.*{OURS} only"):
        herbarium.harvest([row(2)], holder=OURS)
    assert herbarium.log.position() == head


def test_a_dataset_is_not_handed_over_to_another(herbarium: Collection) -> None:
    herbarium.harvest([row(1)], holder=OURS)
    head = herbarium.log.position()
    for name in ("Herbarium", "New"):
        with pytest.raises(Refused, match=f"held by {THEIRS}"):
            herbarium.harvest([row(1)], holder=OURS, organisation=THEIRS, source_system=name)
    assert herbarium.log.position() == head


def test_specimens_of_others_are_neither_registered_nor_revised_nor_missed(
    herbarium: Collection,
) -> None:
    shared = [row(n, recordNumber=OURS if n < 3 else THEIRS) for n in range(1, 9)]
    herbarium.harvest(shared, mapping=BY_RECORD)
    before = herbarium.specimens()
    read = [
        row(1, recordNumber=OURS, country="Latvia"),
        row(3, recordNumber=THEIRS, country="Latvia"),  # theirs stays as it is
        row(4, recordNumber=OURS),  # and does not become ours
        row(5, recordNumber=THEIRS),
        row(6, recordNumber=THEIRS),
        row(9, recordNumber=THEIRS),
        row(10, recordNumber=OURS),
    ]
    found = herbarium.harvest(read, holder=OURS)
    assert counts(found) == {"changed": 1, "new": 1, "unchanged": 2, "rejected": 3, "vanished": 1}
    told = [each for each in herbarium.findings if each.severity == "error"]
    assert {each.code for each in told} == {"held-by-another-institution"}
    assert {each.record for each in told} == {"TU-3", "TU-4", "TU-9"}
    (missed,) = herbarium.log.unseen(Pid.parse(found.source_system))
    assert missed == str(before["TU-2"].pid), "the seventh and eighth are not ours to miss"
    after = herbarium.specimens()
    revised = [n for n in range(1, 9) if after[f"TU-{n}"].version > before[f"TU-{n}"].version]
    assert revised == [1]


def test_media_of_others_stay_as_they_are(herbarium: Collection) -> None:
    herbarium.harvest([row(1)], [image(1, "leaf")], organisation=THEIRS)
    leaf = herbarium.media()["leaf"]
    found = herbarium.harvest(
        [row(2)], [image(2, "leaf"), image(2, "bark")], source_system="Ours", holder=OURS
    )
    assert counts(found) == {"new": 1}
    assert [each.code for each in herbarium.findings] == ["held-by-another-institution"]
    after = herbarium.media()
    assert after["leaf"].position == leaf.position
    assert related(herbarium.specimens()["TU-2"], "hasDigitalMedia") == {str(after["bark"].pid)}


def test_a_harvest_that_paused_stays_that_of_the_institution(herbarium: Collection) -> None:
    herbarium.harvest([row(n) for n in range(1, 9)], holder=OURS)
    other = [row(f"X{n}", scientificName=f"Abies alba var. {n}") for n in range(1, 9)]
    with pytest.raises(IdentityPaused) as paused:
        herbarium.harvest(other, holder=OURS)
    name = paused.value.details["harvest"]
    assert pause_named(herbarium.workspace, herbarium.objects, name)["options"]["holder"] == OURS
    decided = settle(herbarium.workspace, herbarium.objects, name, "as-new", OPERATOR)
    assert decided["options"]["holder"] == OURS
    assert Pid.parse(decided["source_system"]) == source_named(herbarium.objects, "Herbarium")
