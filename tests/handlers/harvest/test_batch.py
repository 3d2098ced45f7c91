"""One batch, one transaction: both sides of every link, and what people decided is kept."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded
from fdo.agent import Agent
from fdo.errors import IdentityPaused
from fdo.identifiers import Pid
from fdo.lifecycle import Command, Merge, Restore, Split, Status, Tombstone
from handlers.harvest import harvest
from handlers.harvest.agent import HARVESTER
from handlers.harvest.harvest import Summary
from handlers.harvest.identity import settle
from tests.fdo.story import AT, CURATOR
from tests.handlers.harvest.collection import (
    CLOSED,
    Collection,
    Row,
    counts,
    image,
    related,
    row,
)

OPERATOR = Agent("https://orcid.org/0000-0002-1825-0097", "J. Carberry", "schema:Person")
LINKS = ("hasDigitalMedia", "hasDigitalSpecimen")


@pytest.fixture
def herbarium(tmp_path: Path) -> Collection:
    return Collection(tmp_path)


def both_sides(herbarium: Collection) -> dict[str, set[str]]:
    """Specimen → its images, after proof that each image names the same specimens."""
    specimens, media = herbarium.specimens(), herbarium.media()
    forth = {(s.pid_text, m) for s in specimens.values() for m in related(s, "hasDigitalMedia")}
    back = {(s, m.pid_text) for m in media.values() for s in related(m, "hasDigitalSpecimen")}
    assert forth == back
    names = {event.pid_text: name for name, event in media.items()}
    return {
        name: {names[m] for m in related(event, "hasDigitalMedia")}
        for name, event in specimens.items()
    }


def decided(herbarium: Collection, name: str, command: Command) -> Recorded:
    """A person's word about a specimen."""
    pid = herbarium.specimens()[name].pid
    recorded = herbarium.objects.handle(command, pid=pid, kind="specimen", by=OPERATOR)
    assert recorded is not None
    return recorded


# ── media ────────────────────────────────────────────────────────────────────────────────


def test_specimen_and_image_name_each_other(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)], [image(1, "a"), image(1, "b"), image(2, "c")])
    assert both_sides(herbarium) == {"TU-1": {"a", "b"}, "TU-2": {"c"}}


def test_two_specimens_on_one_image_share_its_object(herbarium: Collection) -> None:
    summary = herbarium.harvest([row(1), row(2)], [image(1, "a"), image(2, "a")])
    assert summary.media == {"new": 1}
    assert both_sides(herbarium) == {"TU-1": {"a"}, "TU-2": {"a"}}


def test_an_image_taken_away_is_unlinked_on_both_sides(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)], [image(1, "a"), image(2, "a"), image(2, "b")])
    herbarium.harvest([row(1), row(2)], [image(1, "a")])
    assert both_sides(herbarium) == {"TU-1": {"a"}, "TU-2": set()}
    assert related(herbarium.media()["b"], "hasDigitalSpecimen") == set()


def test_an_image_that_moves_to_another_specimen_keeps_its_pid(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)], [image(1, "a")])
    pid = herbarium.media()["a"].pid
    herbarium.harvest([row(1), row(2)], [image(2, "a")])
    assert both_sides(herbarium) == {"TU-1": set(), "TU-2": {"a"}}
    assert herbarium.media()["a"].pid == pid


def test_an_image_leaves_a_specimen_that_is_pid_only(herbarium: Collection) -> None:
    herbarium.harvest([row(1, license=CLOSED)], [image(1, "a"), image(1, "b")])
    herbarium.harvest([row(1, license=CLOSED)], [image(1, "a")])
    assert related(herbarium.media()["b"], "hasDigitalSpecimen") == set()
    herbarium.harvest([row(1)], [image(1, "a")])
    assert both_sides(herbarium) == {"TU-1": {"a"}}


def test_a_closed_image_of_an_open_specimen_is_named_by_pid_only(herbarium: Collection) -> None:
    herbarium.harvest([row(1)], [image(1, "a", CLOSED)])
    medium = herbarium.media()["a"]
    assert medium.status is Status.PID_ONLY
    assert medium.pid_text in related(herbarium.specimens()["TU-1"], "hasDigitalMedia")
    assert "example.org/a.jpg" not in str(herbarium.specimens()["TU-1"].document)
    herbarium.harvest([row(1)], [image(1, "a")])
    assert herbarium.media()["a"].status is Status.ACTIVE


def test_an_image_named_only_by_a_rejected_record_makes_no_object(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_the_second(kind: str, document: Any, _: Any) -> list[tuple[str, str]]:
        return [("/", "no")] if document["ods:physicalSpecimenID"] == "TU-2" else []

    monkeypatch.setattr("handlers.harvest.batch.breaches", refuse_the_second)
    summary = herbarium.harvest([row(1), row(2)], [image(1, "a"), image(2, "b"), image(2, "a")])
    assert counts(summary) == {"new": 1, "rejected": 1}
    assert both_sides(herbarium) == {"TU-1": {"a"}}


def test_an_image_that_breaks_a_shape_which_rejects_is_left_out_and_its_specimen_says_so(
    herbarium: Collection,
) -> None:
    strict = frozenset({"media"})
    media = [image(1, "a"), image(2, "b")]
    first = herbarium.harvest([row(1), row(2)], media, reject_shapes=strict)
    assert first.media == {"new": 2}
    media = [image(1, "a"), image(1, "<c>"), image(2, "b"), image(3, "<d>")]
    summary = herbarium.harvest([row(1), row(2), row(3)], media, reject_shapes=strict)
    assert counts(summary) == {"unchanged": 2, "new": 1}
    assert both_sides(herbarium) == {"TU-1": {"a"}, "TU-2": {"b"}, "TU-3": set()}
    assert herbarium.specimens()["TU-3"].document["ods:isKnownToContainMedia"] is False
    told = [f for f in herbarium.findings if f.code == "medium-breaks-schema"]
    assert {f.record for f in told} == {"TU-1", "TU-3"}
    assert all("media-access-uri" in f.message and f.next_step for f in told)
    assert herbarium.specimens()["TU-3"].verbatim is not None
    assert "<d>" in str(herbarium.specimens()["TU-3"].verbatim), "nothing of the source is lost"
    herbarium.harvest([row(1), row(2), row(3)], media)
    assert both_sides(herbarium) == {"TU-1": {"a", "<c>"}, "TU-2": {"b"}, "TU-3": {"<d>"}}


def test_an_image_that_is_known_stays_where_its_source_says_what_cannot_be(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    herbarium.harvest([row(1)], [image(1, "a")])
    before = herbarium.media()["a"]

    def refuse_closed_words(kind: str, document: Any, _: Any) -> list[tuple[str, str]]:
        return [("/dcterms:type", "no")] if document.get("dcterms:type") == "Sound" else []

    monkeypatch.setattr("handlers.harvest.media.breaches", refuse_closed_words)
    herbarium.harvest([row(1, country="Latvia")], [{**image(1, "a"), "type": "Sound"}])
    assert herbarium.media()["a"] == before
    assert both_sides(herbarium) == {"TU-1": {"a"}}


def test_a_crash_between_equal_specimen_and_changed_image_loses_nothing(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    herbarium.harvest([row(1)], [image(1, "a")])
    herbarium.archive([row(1)], [{**image(1, "a"), "license": CLOSED}])

    def power_fails(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(DigitalObjects, "append", power_fails)
        herbarium.again()
    herbarium.again()
    assert herbarium.media()["a"].status is Status.PID_ONLY


OURS, THEIRS = [image(1, "a", CLOSED)], [image(2, "a", "")]
"""One image: a specimen that states its licence, and one from which it would inherit CC0."""


@pytest.mark.parametrize("rows", [[row(1), row(2)], [row(2), row(1)]])
@pytest.mark.parametrize("size", [1, 500])
def test_a_licence_that_is_stated_for_an_image_is_not_overruled_by_one_that_is_inherited(
    rows: list[Row], size: int, herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvest, "BATCH", size)
    herbarium.harvest(rows, OURS + THEIRS)
    assert herbarium.media()["a"].status is Status.PID_ONLY
    for changed in ([row(1), row(2, country="Latvia")], [row(1, country="Latvia"), row(2)]):
        herbarium.harvest(changed, OURS + THEIRS)
        assert herbarium.media()["a"].status is Status.PID_ONLY
    assert both_sides(herbarium) == {"TU-1": {"a"}, "TU-2": {"a"}}


def test_who_no_longer_shows_an_image_states_its_licence_no_longer(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvest, "BATCH", 1)
    herbarium.harvest([row(1), row(2)], OURS + THEIRS)
    herbarium.harvest([row(1), row(2, country="Latvia")], THEIRS)
    assert herbarium.media()["a"].status is Status.ACTIVE


def test_a_stated_licence_stays_where_another_specimen_only_names_the_image(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvest, "BATCH", 1)
    herbarium.harvest([row(1), row(2)], [image(1, "a", "CC BY 4.0"), *THEIRS])
    herbarium.harvest([row(1), row(2, country="Latvia")], [image(1, "a", "CC BY 4.0"), *THEIRS])
    licence = herbarium.media()["a"].document["dcterms:rights"]
    assert licence == "https://creativecommons.org/licenses/by/4.0/"


def test_media_are_counted_as_objects_not_as_events(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvest, "BATCH", 1)
    rows = [row(1), row(2), row(3)]
    shared = [image(1, "a"), image(2, "a"), image(3, "b")]
    assert herbarium.harvest(rows, shared).media == {"new": 2}
    assert herbarium.again().media == {"unchanged": 2}
    changed = [image(1, "a"), image(2, "a"), image(3, "b"), image(3, "c", CLOSED)]
    assert herbarium.harvest(rows, changed).media == {"unchanged": 2, "pid_only": 1}
    assert herbarium.harvest(rows, [image(1, "a"), image(3, "b"), image(3, "c")]).media == {
        "unchanged": 1,
        "changed": 2,
    }


# ── what people decided ──────────────────────────────────────────────────────────────────


def test_a_tombstoned_specimen_stays_so_while_its_source_says_the_same(
    herbarium: Collection,
) -> None:
    herbarium.harvest([row(1)])
    decided(herbarium, "TU-1", Tombstone("Lost.", CURATOR, AT))
    assert counts(herbarium.harvest([row(1)])) == {"unchanged": 1}
    assert herbarium.specimens()["TU-1"].status is Status.TOMBSTONE


def test_a_specimen_that_a_person_withdrew_is_reported_and_not_brought_back(
    herbarium: Collection,
) -> None:
    herbarium.harvest([row(1), row(2)], [image(1, "a"), image(2, "a")])
    event = decided(herbarium, "TU-1", Tombstone("Lost.", CURATOR, AT))
    for _ in range(2):  # the second time too: nothing of it was remembered
        herbarium.findings.clear()
        summary = herbarium.harvest(
            [row(1, country="Latvia"), row(2)], [image(1, "a"), image(2, "a")]
        )
        assert counts(summary) == {"unchanged": 2}
        assert summary.balanced
        (found,) = herbarium.findings
        assert (found.code, found.severity) == ("tombstoned-by-curator", "warning")
        assert event.pid_text in found.message
        assert herbarium.specimens()["TU-1"].status is Status.TOMBSTONE
    document = {**event.document, "ods:status": "Active"}
    del document["ods:hasTombstoneMetadata"]
    decided(herbarium, "TU-1", Restore(document))
    assert counts(herbarium.again()) == {"changed": 1, "unchanged": 1}
    assert "Latvia" in str(herbarium.specimens()["TU-1"].document)


def test_a_specimen_that_the_harvest_withdrew_comes_back_with_its_pid(
    herbarium: Collection,
) -> None:
    herbarium.harvest([row(1)], [image(1, "a")])
    pids = herbarium.pids()
    harvester = {"@type": HARVESTER.kind, "schema:identifier": HARVESTER.id}
    decided(herbarium, "TU-1", Tombstone("Gone.", harvester, AT))
    herbarium.harvest([row(1, country="Latvia")], [image(1, "a")])
    back = herbarium.specimens()["TU-1"]
    assert (back.what, back.version, back.status) == ("Restored", 3, Status.ACTIVE)
    assert "ods:hasTombstoneMetadata" not in back.document
    assert herbarium.pids() == pids


@pytest.mark.parametrize("merged_first", [True, False])
@pytest.mark.parametrize("batch", [1, 500])
def test_the_source_of_a_merged_specimen_does_not_speak_over_its_successor(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch, merged_first: bool, batch: int
) -> None:
    monkeypatch.setattr(harvest, "BATCH", batch)
    herbarium.harvest([row(1), row(2)])
    into = herbarium.specimens()["TU-2"].pid
    decided(herbarium, "TU-1", Merge(into, "one sheet", CURATOR, AT))
    rows = [row(1, country="Latvia"), row(2)]
    before = herbarium.log.position()
    summary = herbarium.harvest(rows if merged_first else rows[::-1])
    assert counts(summary) == {"unchanged": 1, "duplicates": 1}
    assert herbarium.topics_since(before) == ["SourceSystemHarvestCompleted"]


def test_when_only_the_merged_record_is_left_it_speaks_for_the_successor(
    herbarium: Collection,
) -> None:
    herbarium.harvest([row(1), row(2)])
    into = herbarium.specimens()["TU-2"].pid
    decided(herbarium, "TU-1", Merge(into, "one sheet", CURATOR, AT))
    assert counts(herbarium.harvest([row(1, country="Latvia")])) == {"changed": 1}
    assert "Latvia" in str(herbarium.log.latest(into).document)
    assert counts(herbarium.again()) == {"unchanged": 1}


def test_a_divided_specimen_is_not_brought_back_by_its_source(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2), row(3)])
    parts = tuple(herbarium.specimens()[name].pid for name in ("TU-2", "TU-3"))
    decided(herbarium, "TU-1", Split(parts, "two sheets", CURATOR, AT))
    herbarium.harvest([row(1, country="Latvia"), row(2), row(3)])
    assert herbarium.specimens()["TU-1"].status is Status.TOMBSTONE


# ── any edits at all ─────────────────────────────────────────────────────────────────────

COUNTRIES = ("Estonia", "Latvia", "Finland")
harvests = st.lists(
    st.dictionaries(
        st.integers(1, 9),
        st.tuples(
            st.sampled_from(COUNTRIES),
            st.booleans(),
            st.frozensets(st.sampled_from("abcd"), max_size=2),
        ),
    ),
    min_size=2,
    max_size=4,
)


def taken_in(herbarium: Collection, rows: list[Row], media: list[Row]) -> Summary:
    """The harvest; should it pause, all unknown records are new."""
    try:
        return herbarium.harvest(rows, media)
    except IdentityPaused as paused:
        name = paused.details["harvest"]
        settle(herbarium.workspace, herbarium.objects, name, "as-new", OPERATOR)
        return herbarium.again()


Edit = dict[int, tuple[str, bool, frozenset[str]]]


def rows_of(edit: Edit, seed: int) -> tuple[list[Row], list[Row]]:
    """The source of one harvest, its rows in any order."""
    rows = [
        row(n, country=c, **({"license": CLOSED} if shut else {}))
        for n, (c, shut, _) in edit.items()
    ]
    media = [image(n, name) for n, (_, _, names) in edit.items() for name in sorted(names)]
    random.Random(seed).shuffle(rows)
    return rows, media


@given(harvests, st.integers(0, 99))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_edits_are_counted_as_a_naive_comparison_counts_them(
    tmp_path_factory: pytest.TempPathFactory, edits: list[Edit], seed: int
) -> None:
    herbarium = Collection(tmp_path_factory.mktemp("any"))
    known: Edit = {}
    shown: Edit = {}
    for edit in edits:
        if not edit:
            continue
        summary = taken_in(herbarium, *rows_of(edit, seed))
        opened = {n for n in edit if not edit[n][1]}
        expected = {
            "new": len(opened - known.keys()),
            "unchanged": sum(known.get(n) == said for n, said in edit.items()),
            "vanished": len(shown.keys() - edit.keys()),
            "seen_again": len((known.keys() - shown.keys()) & edit.keys()),
        }
        changed = [n for n in edit if n in known and known[n] != edit[n]]
        expected["changed"] = len(set(changed) & opened)
        expected["pid_only"] = len(edit) - sum(expected[k] for k in ("new", "unchanged", "changed"))
        # a closed record keeps only its stub: other edits of it are no change
        silent = [n for n in changed if known[n][1] and edit[n][1] and known[n][2] == edit[n][2]]
        expected["pid_only"] -= len(silent)
        expected["unchanged"] += len(silent)
        assert counts(summary) == {k: v for k, v in expected.items() if v}
        known |= edit
        shown = dict(edit)
    assert {n: set(known[n][2]) for n in known} == {
        int(name[3:]): images for name, images in both_sides(herbarium).items()
    }
    assert len(herbarium.specimens()) == len(known)
    assert {Pid.parse(e.pid_text) for e in herbarium.media().values()} == {
        e.pid for e in herbarium.media().values()
    }
