"""When all identifiers change: pause, propose, let a person decide. Growth never blocks."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.envelope import to_micros
from fdo.agent import Agent
from fdo.errors import IdentityPaused, NotFound, Refused
from fdo.lifecycle import Status, Tombstone
from handlers.harvest.harvest import Harvest, Summary
from handlers.harvest.identity import Hint, hints_of, let_go, pause_named, pauses, settle
from handlers.harvest.identity import Verdict as Decision
from tests.fdo.story import AT, CURATOR
from tests.handlers.harvest.collection import HERBARIUM, Collection, Row, counts, days, row

CURATOR_AGENT = Agent("https://orcid.org/0000-0002-1825-0097", "J. Carberry", "schema:Person")
OLD = [row(n) for n in range(1, 9)]


def renamed(rows: Iterable[Row], prefix: str = "EST") -> list[Row]:
    """The same specimens under a new prefix."""
    terms = ("occurrenceID", "catalogNumber")
    return [r | {t: r[t].replace("TU-", f"{prefix}/") for t in terms} for r in rows]


@pytest.fixture
def herbarium(tmp_path: Path) -> Collection:
    collection = Collection(tmp_path)
    collection.harvest(OLD)
    return collection


def paused(herbarium: Collection, rows: list[Row]) -> str:
    """The name of the pause that these rows bring about."""
    with pytest.raises(IdentityPaused) as stopped:
        herbarium.harvest(rows)
    return str(stopped.value.details["harvest"])


def read(herbarium: Collection, source: Path | str) -> Summary:
    """A harvest of a source a day later."""
    herbarium.pass_days()
    return Harvest(herbarium.objects, herbarium.workspace, HERBARIUM).run(str(source))


def decided(herbarium: Collection, name: str, decision: Decision) -> Summary:
    """The decision, and the harvest of the archive that was kept for it."""
    pause = settle(herbarium.workspace, herbarium.objects, name, decision, CURATOR_AGENT)
    assert Path(pause["archive"]).exists() == (decision != "reject")
    return herbarium.again()


def test_new_identifiers_for_all_pause_before_anything_is_recorded(herbarium: Collection) -> None:
    before = herbarium.log.position()
    name = paused(herbarium, renamed(OLD))
    assert herbarium.topics_since(before) == ["SourceSystemHarvestPaused"]
    (pause,) = pauses(herbarium.workspace, herbarium.objects)
    assert (pause["harvest"], pause["state"]) == (name, "pending")
    assert pause["counts"] == {"known": 8, "missing": 8, "unknown": 8, "proposed": 8}


def test_each_record_is_proposed_to_be_the_specimen_it_is(herbarium: Collection) -> None:
    name = paused(herbarium, renamed(OLD))
    pids = herbarium.pids()
    for proposal in pause_named(herbarium.workspace, herbarium.objects, name)["proposals"]:
        number = proposal["new_id"].partition("/")[2].partition(":")[0]
        assert proposal["pid"] == pids[f"TU-{number}"]
        assert proposal["old_id"].startswith(f"TU-{number}:")
        assert proposal["score"] >= 0.5 and proposal["evidence"]


def test_asking_again_records_nothing(herbarium: Collection) -> None:
    name = paused(herbarium, renamed(OLD))
    before = herbarium.log.position()
    assert paused(herbarium, renamed(OLD)) == name
    assert herbarium.log.position() == before


def test_a_dry_run_says_that_it_would_pause_and_records_nothing(herbarium: Collection) -> None:
    herbarium.archive(renamed(OLD))
    before = herbarium.log.position()
    with pytest.raises(IdentityPaused, match="Without --dry-run"):
        herbarium.again(dry_run=True)
    assert herbarium.log.position() == before
    assert pauses(herbarium.workspace, herbarium.objects) == []


def test_approval_keeps_every_pid_and_the_next_harvest_knows_the_new_names(
    herbarium: Collection,
) -> None:
    pids = herbarium.pids()
    summary = decided(herbarium, paused(herbarium, renamed(OLD)), "approve")
    assert counts(summary) == {"changed": 8}
    after = herbarium.pids()
    assert {k.replace("EST/", "TU-"): v for k, v in after.items()} == pids
    assert counts(herbarium.harvest(renamed(OLD))) == {"unchanged": 8}


def test_a_table_waits_with_what_lies_beside_it(tmp_path: Path) -> None:
    herbarium = Collection(tmp_path)
    herbarium.archive(OLD)
    table = tmp_path / "source" / "core.txt"
    read(herbarium, table)
    herbarium.archive(renamed(OLD))
    with pytest.raises(IdentityPaused) as stopped:
        read(herbarium, table)
    shutil.rmtree(tmp_path / "source")
    name = str(stopped.value.details["harvest"])
    pause = settle(herbarium.workspace, herbarium.objects, name, "approve", CURATOR_AGENT)
    assert counts(read(herbarium, pause["archive"])) == {"changed": 8}
    let_go(pause)
    assert not Path(pause["archive"]).parent.exists(), "what was decided is not kept"
    assert [each["state"] for each in pauses(herbarium.workspace, herbarium.objects)] == ["approve"]
    assert {one.status for one in herbarium.specimens().values()} == {Status.ACTIVE}, (
        "the licence stands in the EML beside the table"
    )


def test_an_approved_archive_can_be_mapped_anew(herbarium: Collection) -> None:
    decided(herbarium, paused(herbarium, renamed(OLD)), "approve")
    summary = herbarium.again(organisation="https://ror.org/039zvsn29")
    assert counts(summary) == {"changed": 8}


def test_identifiers_can_go_back_to_what_they_were(herbarium: Collection) -> None:
    pids = herbarium.pids()
    decided(herbarium, paused(herbarium, renamed(OLD)), "approve")
    assert counts(herbarium.harvest(OLD)) == {"changed": 8}
    assert herbarium.pids() == pids


def test_rejection_records_nothing_of_the_archive(herbarium: Collection) -> None:
    name = paused(herbarium, renamed(OLD))
    before = herbarium.log.position()
    with pytest.raises(Refused, match="rejected"):
        decided(herbarium, name, "reject")
    assert herbarium.topics_since(before) == ["SourceSystemHarvestDecided"]
    assert counts(herbarium.harvest(OLD)) == {"unchanged": 8}


def test_another_archive_may_pause_again_after_a_rejection(herbarium: Collection) -> None:
    name = paused(herbarium, renamed(OLD))
    settle(herbarium.workspace, herbarium.objects, name, "reject", CURATOR_AGENT)
    again = paused(herbarium, renamed(OLD, "LV"))
    summary = decided(herbarium, again, "approve")
    assert counts(summary) == {"changed": 8}


def test_as_new_gives_new_pids_and_the_old_ones_vanish(herbarium: Collection) -> None:
    pids = set(herbarium.pids().values())
    summary = decided(herbarium, paused(herbarium, renamed(OLD)), "as-new")
    assert counts(summary) == {"new": 8, "vanished": 8}
    assert len(set(herbarium.pids().values()) - pids) == 8


def test_a_decision_is_made_once_and_names_its_maker(herbarium: Collection) -> None:
    name = paused(herbarium, renamed(OLD))
    settle(herbarium.workspace, herbarium.objects, name, "as-new", CURATOR_AGENT)
    with pytest.raises(Refused, match="as-new"):
        settle(herbarium.workspace, herbarium.objects, name, "approve", CURATOR_AGENT)
    assert herbarium.log.event(herbarium.log.position()).agent == CURATOR_AGENT


def test_what_was_overtaken_since_is_not_taken_in_and_nothing_is_decided(
    herbarium: Collection,
) -> None:
    name = paused(herbarium, renamed(OLD))
    herbarium.harvest([row(n, country="Latvia") for n in range(1, 9)])
    before = herbarium.log.position()
    for decision in ("approve", "as-new"):
        with pytest.raises(Refused, match="old values over newer"):
            settle(herbarium.workspace, herbarium.objects, name, decision, CURATOR_AGENT)
    assert herbarium.log.position() == before
    settle(herbarium.workspace, herbarium.objects, name, "reject", CURATOR_AGENT)
    assert herbarium.topics_since(before) == ["SourceSystemHarvestDecided"]


def test_what_was_harvested_since_of_an_older_time_overtakes_nothing(herbarium: Collection) -> None:
    herbarium.pass_days(10)
    name = paused(herbarium, renamed(OLD))
    herbarium.harvest(OLD, observed_at=days(5))
    pause = settle(herbarium.workspace, herbarium.objects, name, "approve", CURATOR_AGENT)
    assert counts(read(herbarium, pause["archive"])) == {"changed": 8}


def test_a_harvest_that_waited_is_as_old_as_its_pause_whenever_it_goes_on(
    herbarium: Collection,
) -> None:
    name = paused(herbarium, renamed(OLD))
    herbarium.pass_days(30)
    pause = settle(herbarium.workspace, herbarium.objects, name, "approve", CURATOR_AGENT)
    as_of = datetime.fromisoformat(pause["options"]["observed_at"])
    assert pause["options"]["observed_at"] == pause["paused_at"]
    assert counts(herbarium.again(observed_at=as_of)) == {"changed": 8}
    told = {event.observed_at for event in herbarium.specimens().values()}
    assert told == {to_micros(as_of)}


def test_what_waits_is_found_wherever_the_repository_lies_now(
    herbarium: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    herbarium.archive(renamed(OLD))
    herbarium.pass_days()
    monkeypatch.chdir(tmp_path)
    near = Path("data") / "workspace"
    with pytest.raises(IdentityPaused) as stopped:
        Harvest(herbarium.objects, near, HERBARIUM).run(str(tmp_path / "source"))
    name = str(stopped.value.details["harvest"])
    found = Path(pause_named(near, herbarium.objects, name)["archive"])
    assert found.is_absolute() and found.is_dir()
    moved = tmp_path / "moved"
    near.rename(moved)
    assert Path(pause_named(moved, herbarium.objects, name)["archive"]).is_dir()


def test_an_unknown_pause_is_named_with_those_there_are(herbarium: Collection) -> None:
    name = paused(herbarium, renamed(OLD))
    with pytest.raises(NotFound, match=name):
        pause_named(herbarium.workspace, herbarium.objects, "other")


# ── what never pauses ────────────────────────────────────────────────────────────────────


def test_growth_never_pauses(herbarium: Collection) -> None:
    more = [row(n) for n in range(9, 200)]
    assert counts(herbarium.harvest([*OLD, *more])) == {"unchanged": 8, "new": 191}


def test_shrinking_never_pauses(herbarium: Collection) -> None:
    assert counts(herbarium.harvest(OLD[:1])) == {"unchanged": 1, "vanished": 7}


def test_growth_after_shrinking_never_pauses(herbarium: Collection) -> None:
    herbarium.harvest(OLD[:3])
    more = [row(n) for n in range(20, 60)]
    assert counts(herbarium.harvest([*OLD[:3], *more])) == {"unchanged": 3, "new": 40}


def test_a_few_renamed_records_do_not_pause(herbarium: Collection) -> None:
    summary = herbarium.harvest([*OLD[:6], *renamed(OLD[6:])])
    assert counts(summary) == {"unchanged": 6, "new": 2, "vanished": 2}


def test_tombstoned_specimens_are_not_missed(herbarium: Collection) -> None:
    for event in list(herbarium.specimens().values())[:6]:
        herbarium.objects.handle(
            Tombstone("Sold.", CURATOR, AT), pid=event.pid, kind="specimen", by=CURATOR_AGENT
        )
    left = [r for r in OLD if herbarium.specimens()[r["occurrenceID"]].status == "active"]
    more = [row(n) for n in range(20, 40)]
    assert counts(herbarium.harvest([*left, *more])) == {"unchanged": 2, "new": 20}


@given(st.integers(3, 20), st.integers(0, 60), st.integers(0, 20))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_growth_of_any_size_pauses(
    tmp_path_factory: pytest.TempPathFactory, known: int, more: int, gone_before: int
) -> None:
    herbarium = Collection(tmp_path_factory.mktemp("growth"))
    herbarium.harvest([row(n) for n in range(known + gone_before)])
    herbarium.harvest([row(n) for n in range(known)])
    grown = [row(n) for n in (*range(known), *range(1000, 1000 + more))]
    assert counts(herbarium.harvest(grown)).get("new", 0) == more


# ── resemblance ──────────────────────────────────────────────────────────────────────────


def test_records_that_resemble_two_specimens_equally_are_left_to_a_person(
    tmp_path: Path,
) -> None:
    herbarium = Collection(tmp_path)
    same = {"recordNumber": "7", "scientificName": "Abies alba"}
    rows = [row(f"{n}", catalogNumber="", **same) for n in "ABC"] + [row(50)]
    herbarium.harvest(rows)
    name = paused(herbarium, [{**r, "occurrenceID": f"X-{r['occurrenceID']}x"} for r in rows])
    proposals = pause_named(herbarium.workspace, herbarium.objects, name)["proposals"]
    assert {p["old_id"].partition(":")[0] for p in proposals} <= {"TU-50"}


def test_no_specimen_is_proposed_for_two_records(herbarium: Collection) -> None:
    rows = renamed(OLD) + renamed(OLD, "LV")
    name = paused(herbarium, rows)
    proposals = pause_named(herbarium.workspace, herbarium.objects, name)["proposals"]
    assert len({p["pid"] for p in proposals}) == len(proposals)


def test_hints_are_what_survives_a_change_of_prefix() -> None:
    one = hints_of(
        {
            "dwc:catalogNumber": "TU-00123",
            "dwc:recordedBy": "K. Tamm",
            "dwc:recordNumber": "9",
            "dwc:year": "1999",
            "dwc:month": "5",
        }
    )
    other = hints_of(
        {
            "dwc:catalogNumber": "EST.123",
            "dwc:recordedBy": "K Tamm",
            "dwc:recordNumber": "9",
            "dwc:eventDate": "1999-5",
        }
    )
    assert {hint.kind for hint in one & other} == {"number", "collector-number-date"}
    assert hints_of({"dwc:catalogNumber": "s.n.", "dwc:scientificName": "unknown"}) == set()
    assert Hint("other-id", "TU123") in hints_of({"dwc:otherCatalogNumbers": "TU 123 | x"})
