"""Harvesting again and again: what is new, changed, unchanged, gone, and the sum of it all."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from eventstore.envelope import to_micros
from fdo.agent import Agent
from fdo.definitions.names import definition_pid
from fdo.errors import Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Revise, Status
from handlers.definitions import ensure, revise
from handlers.harvest import harvest
from handlers.harvest.harvest import Harvest, Summary
from tests.handlers.harvest.collection import (
    CLOSED,
    HERBARIUM,
    Collection,
    counts,
    days,
    image,
    row,
)
from tests.handlers.harvest.reading.archive_building import MULTIMEDIA, folder, metafile, table

CURATOR = Agent("urn:x:curator", "C.")


@pytest.fixture
def herbarium(tmp_path: Path) -> Collection:
    return Collection(tmp_path)


def test_a_first_harvest_registers_everything_and_says_so(herbarium: Collection) -> None:
    summary = herbarium.harvest([row(1), row(2)], [image(1, "a"), image(2, "b")])
    assert counts(summary) == {"new": 2}
    assert summary.media == {"new": 2}
    assert sorted(herbarium.topics_since(0)) == [
        "DataMappingRegistered",
        "MediaRegistered",
        "MediaRegistered",
        "SourceSystemHarvestCompleted",
        "SourceSystemRegistered",
        "SpecimenRegistered",
        "SpecimenRegistered",
    ]


def test_the_second_harvest_of_the_same_is_silent(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)], [image(1, "a")])
    before = herbarium.log.position()
    assert counts(herbarium.again()) == {"unchanged": 2}
    assert herbarium.topics_since(before) == ["SourceSystemHarvestCompleted"]


def test_rows_and_columns_in_another_order_are_the_same_harvest(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)])
    turned = [dict(reversed(list(r.items()))) for r in (row(2), row(1))]
    assert counts(herbarium.harvest(turned)) == {"unchanged": 2}


def test_a_changed_record_is_told_with_its_terms(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)])
    before = herbarium.log.position()
    summary = herbarium.harvest([row(1), row(2, country="Latvia")])
    assert counts(summary) == {"unchanged": 1, "changed": 1}
    assert "dwc:country" in summary.changed_terms
    assert herbarium.topics_since(before) == ["SpecimenRevised", "SourceSystemHarvestCompleted"]
    assert herbarium.specimens()["TU-2"].version == 2


def test_a_vanished_record_is_noted_once_and_keeps_its_version(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)])
    assert counts(herbarium.harvest([row(1)])) == {"unchanged": 1, "vanished": 1}
    gone = herbarium.specimens()["TU-2"]
    assert (gone.version, gone.status) == (1, Status.ACTIVE)
    assert herbarium.log.unseen_since(gone.pid) == 2
    assert counts(herbarium.harvest([row(1)])) == {"unchanged": 1}
    assert herbarium.log.unseen_since(gone.pid) == 2


def test_a_record_that_comes_back_is_seen_again_under_its_pid(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)])
    pids = herbarium.pids()
    herbarium.harvest([row(1)])
    assert counts(herbarium.harvest([row(1), row(2)])) == {"unchanged": 2, "seen_again": 1}
    assert herbarium.pids() == pids
    assert herbarium.log.unseen_since(herbarium.specimens()["TU-2"].pid) is None


def test_a_record_that_comes_back_changed_is_revised_under_its_pid(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)])
    pids = herbarium.pids()
    herbarium.harvest([row(1)])
    summary = herbarium.harvest([row(1), row(2, country="Latvia")])
    assert counts(summary) == {"unchanged": 1, "changed": 1, "seen_again": 1}
    assert herbarium.pids() == pids


def test_rejected_rows_and_duplicates_are_counted_and_reported(herbarium: Collection) -> None:
    rows = [
        row(1),
        row(2, occurrenceID="TU-2b", catalogNumber="TU-2"),
        row(2, occurrenceID="TU-2b"),
        row(3, basisOfRecord="HumanObservation"),
        row(4, occurrenceID="", catalogNumber=""),
    ]
    summary = herbarium.harvest(rows)
    assert summary.records == 5
    assert summary.rejected + summary.duplicates == 3
    assert summary.new == 2


def test_rows_beside_a_record_that_is_turned_away_are_reported_with_it(
    herbarium: Collection,
) -> None:
    rows = [row(1), row(2, basisOfRecord="HumanObservation"), row(3)]
    media = [image(1, "a"), image(2, "b"), image(2, "c"), image(3, "d")]
    summary = herbarium.harvest(rows, media)
    assert summary.rows["core.txt"] == {"in": 3, "kept": 2, "reported": 1}
    assert summary.rows["media.txt"] == {"in": 4, "kept": 2, "reported": 2}
    (finding,) = [f for f in herbarium.findings if f.code == "extension-core-rejected"]
    assert (finding.file, finding.line, finding.rows) == ("media.txt", 3, 2)
    assert finding.record == "TU-2" and "2 rows" in finding.message


def test_a_profile_that_rejects_keeps_a_record_out_and_its_setting_is_heard_at_once(
    herbarium: Collection,
) -> None:
    latitudes = [{"dwc:decimalLatitude": "dwc:recordNumber"}]
    half = {"schema:name": "Half of a coordinate", "ods:hasTermMapping": latitudes}
    rows = [row(1, recordNumber=""), row(2), row(3)]
    assert counts(herbarium.harvest(rows[:2], mapping=half)) == {"new": 2}, "a report by default"
    strict = frozenset({"specimen"})
    told = counts(herbarium.harvest(rows, reject_shapes=strict))
    assert told == {"unchanged": 1, "rejected": 2}
    found = [f for f in herbarium.findings if f.code == "document-breaks-schema"]
    assert {f.record for f in found} == {"TU-2", "TU-3"}
    assert all("One coordinate" in f.message and f.line for f in found)
    assert herbarium.specimens().keys() == {"TU-1", "TU-2"}
    assert counts(herbarium.harvest(rows)) == {"unchanged": 2, "new": 1}


def test_a_rejected_row_of_a_known_specimen_is_not_a_vanished_one(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)])
    summary = herbarium.harvest([row(1), row(2, basisOfRecord="HumanObservation")])
    assert counts(summary) == {"unchanged": 1, "rejected": 1}


def test_a_record_without_a_free_licence_gets_a_pid_and_no_document(herbarium: Collection) -> None:
    summary = herbarium.harvest([row(1, license=CLOSED), row(2)])
    assert counts(summary) == {"pid_only": 1, "new": 1}
    held = herbarium.specimens()["TU-1"]
    assert held.status is Status.PID_ONLY
    assert "ods:specimenName" not in held.document
    assert "by-nc" in held.document["dcterms:license"]
    assert held.verbatim is not None and held.verbatim["core"]["dwc:country"] == "Estonia"
    assert counts(herbarium.again()) == {"unchanged": 2}


def test_a_licence_opened_or_closed_gives_an_explicit_event(herbarium: Collection) -> None:
    herbarium.harvest([row(1, license=CLOSED), row(2)])
    before = herbarium.log.position()
    herbarium.harvest([row(1), row(2, license=CLOSED)])
    topics = herbarium.topics_since(before)
    assert topics == ["SpecimenReleased", "SpecimenWithheld", "SourceSystemHarvestCompleted"]


def test_a_dataset_that_closes_its_licence_withholds_each_object(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)])
    before = herbarium.log.position()
    assert counts(herbarium.harvest([row(1), row(2)], licence=CLOSED)) == {"pid_only": 2}
    assert herbarium.topics_since(before).count("SpecimenWithheld") == 2
    before = herbarium.log.position()
    herbarium.harvest([row(1), row(2)])
    assert herbarium.topics_since(before).count("SpecimenReleased") == 2


def test_a_change_of_the_dataset_alone_makes_no_specimen_version(herbarium: Collection) -> None:
    herbarium.harvest([row(1), row(2)])
    before = herbarium.log.position()
    other = "http://creativecommons.org/licenses/by/4.0/"
    assert counts(herbarium.harvest([row(1), row(2)], licence=other)) == {"unchanged": 2}
    assert not [t for t in herbarium.topics_since(before) if t.startswith("Specimen")]
    before = herbarium.log.position()
    herbarium.again()
    assert herbarium.topics_since(before) == ["SourceSystemHarvestCompleted"]


def test_a_dry_run_says_the_same_and_records_nothing(herbarium: Collection) -> None:
    herbarium.archive([row(1), row(2, license=CLOSED), row(3)])
    herbarium.pass_days()
    said = counts(herbarium.again(dry_run=True))
    assert herbarium.log.position() == 0
    assert counts(herbarium.again()) == said
    herbarium.archive([row(1, country="Latvia"), row(4)])
    before = herbarium.log.position()
    said = counts(herbarium.again(dry_run=True))
    assert herbarium.log.position() == before
    assert counts(herbarium.again()) == said


def test_a_dry_run_counts_what_rows_of_several_batches_name_once(
    herbarium: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvest, "BATCH", 2)
    by_number = {"ods:hasTermMapping": [{"ods:physicalSpecimenID": "dwc:recordNumber"}]}
    rows = [row(1), row(2), row(3), row(4, recordNumber="1")]
    herbarium.archive(rows, [image(n, "plate") for n in (1, 2, 3)])
    said = herbarium.again(dry_run=True, mapping=by_number)
    assert said.media == {"new": 1} and counts(said) == {"new": 3, "duplicates": 1}
    done = herbarium.again(mapping=by_number)
    assert (done.media, counts(done)) == (said.media, counts(said))


def test_what_a_dry_run_found_equal_is_not_remembered(herbarium: Collection) -> None:
    herbarium.harvest([row(1)])
    head = herbarium.log.head(herbarium.specimens()["TU-1"].pid)
    herbarium.archive([row(1)], licence="http://creativecommons.org/licenses/by/4.0/")
    herbarium.again(dry_run=True)
    assert herbarium.log.head(head.pid) == head


def test_an_organisation_that_is_none_is_refused_before_anything_is_recorded(
    herbarium: Collection,
) -> None:
    with pytest.raises(Refused, match="neither a ROR"):
        herbarium.harvest([row(1)], organisation="Natural History Museum")
    assert herbarium.log.position() == 0


# ── the past ─────────────────────────────────────────────────────────────────────────────


def test_the_source_s_time_is_kept_beside_ours(herbarium: Collection) -> None:
    herbarium.pass_days(100)
    herbarium.harvest([row(1)], observed_at=days(3))
    event = herbarium.specimens()["TU-1"]
    assert event.observed_at < event.recorded_at
    assert herbarium.log.head(event.pid).observed_at == event.observed_at


def test_a_harvest_from_the_future_is_refused(herbarium: Collection) -> None:
    with pytest.raises(Refused, match="future"):
        herbarium.harvest([row(1)], observed_at=days(400))


def test_an_older_harvest_is_refused_and_leaves_no_trace(herbarium: Collection) -> None:
    herbarium.pass_days(100)
    herbarium.harvest([row(1)], observed_at=days(50))
    before = herbarium.log.position()
    with pytest.raises(Refused, match="--backfill"):
        herbarium.harvest([row(1, country="Latvia")], observed_at=days(49), licence=CLOSED)
    assert herbarium.log.position() == before


def test_a_backfill_is_recorded_and_never_becomes_the_latest(herbarium: Collection) -> None:
    herbarium.pass_days(100)
    herbarium.harvest([row(1), row(2)], observed_at=days(50))
    known = herbarium.specimens()
    before = herbarium.log.position()
    summary = herbarium.harvest(
        [row(1, country="Livonia"), row(9)], observed_at=days(10), backfill=True
    )
    assert counts(summary) == {"unchanged": 1, "rejected": 1, "backfilled": 1}
    assert [f.code for f in herbarium.findings if f.severity == "error"] == ["backfill-unknown"]
    assert herbarium.topics_since(before) == ["SpecimenBackfilled", "SourceSystemHarvestCompleted"]
    note = herbarium.log.event(before + 1)
    assert note.verbatim is not None and note.verbatim["core"]["dwc:country"] == "Livonia"
    assert note.observed_at < known["TU-1"].observed_at
    assert herbarium.specimens() == known
    source = herbarium.log.claimed(["source-system:Herbarium"])["source-system:Herbarium"]
    assert herbarium.log.unseen(source.pid) == {}


def test_a_repeated_backfill_is_silent_and_the_next_harvest_knows_nothing_of_it(
    herbarium: Collection,
) -> None:
    herbarium.pass_days(100)
    herbarium.harvest([row(1)], observed_at=days(50))
    herbarium.harvest([row(1, country="Livonia")], observed_at=days(10), backfill=True)
    before = herbarium.log.position()
    herbarium.again(observed_at=days(10), backfill=True)
    assert herbarium.topics_since(before) == ["SourceSystemHarvestCompleted"]
    with pytest.raises(Refused):
        herbarium.again(observed_at=days(20))
    assert counts(herbarium.harvest([row(1)])) == {"unchanged": 1}


def test_a_backfill_that_is_not_older_is_refused(herbarium: Collection) -> None:
    herbarium.harvest([row(1)])
    with pytest.raises(Refused, match="older"):
        herbarium.harvest([row(1)], backfill=True)


def test_a_specimen_of_another_source_is_reported_and_left_alone(herbarium: Collection) -> None:
    known = "https://example.org/specimen/1"
    herbarium.harvest([row(1, occurrenceID=known)])
    before = herbarium.log.position()
    summary = herbarium.harvest(
        [row(1, occurrenceID=known, country="Latvia"), row(2)], source_system="Duplicates"
    )
    assert counts(summary) == {"new": 1, "duplicates": 1}
    assert summary.balanced
    assert "claimed-by-another-source" in {each.code for each in herbarium.findings}
    assert "SpecimenRevised" not in herbarium.topics_since(before)


def test_an_export_of_yesterday_after_an_edit_of_today_does_not_turn_the_clock_of_an_object_back(
    herbarium: Collection,
) -> None:
    herbarium.harvest([row(1), row(2)], [image(1, "a")], observed_at=days(0))
    herbarium.pass_days(5)
    edited = herbarium.specimens()["TU-1"]
    document = {**edited.document, "dwc:disposition": "on loan"}
    herbarium.objects.handle(Revise(document), pid=edited.pid, kind="specimen", by=CURATOR)
    herbarium.harvest([row(1, country="Latvia"), row(2, country="Latvia")], observed_at=days(2))
    for events in (herbarium.log.history(one.pid) for one in herbarium.specimens().values()):
        clocks = [event.observed_at for event in events if not event.operational]
        assert clocks == sorted(clocks)
    assert herbarium.specimens()["TU-2"].observed_at == to_micros(days(2))
    assert (
        herbarium.specimens()["TU-1"].document["ods:hasEvents"][0]["ods:hasLocation"]["dwc:country"]
        == "Latvia"
    )


def test_a_row_whose_record_would_break_its_profile_is_turned_away_alone(
    herbarium: Collection,
) -> None:
    ensure(herbarium.objects)
    profile = definition_pid("20.5000.5072", "fdo-profile", "specimen")
    known = herbarium.log.latest(profile).document
    schema = {**known["col:recordSchema"]}
    schema["required"] = [*schema["required"], "referentName"]
    revise(herbarium.objects, profile, {**known, "col:recordSchema": schema}, CURATOR)
    rows = [row(number) for number in range(1, 8)]
    rows[4]["scientificName"] = ""
    said = counts(herbarium.harvest(rows, dry_run=True))
    summary = herbarium.harvest(rows)
    assert said == counts(summary) == {"new": 6, "rejected": 1}
    (finding,) = [f for f in herbarium.findings if f.code == "record-breaks-profile"]
    assert finding.record == "TU-5" and "referentName" in finding.message
    assert set(herbarium.specimens()) == {f"TU-{n}" for n in (1, 2, 3, 4, 6, 7)}
    rows = [row(number) for number in range(1, 8) if number != 5]
    rows[1]["scientificName"] = ""
    assert counts(herbarium.harvest(rows)) == {"unchanged": 5, "rejected": 1}, "none vanished"


# ── one file that is two tables ──────────────────────────────────────────────────────────


def test_a_file_that_is_core_and_extension_is_counted_once_as_each(herbarium: Collection) -> None:
    terms = ("occurrenceID", "basisOfRecord", "http://purl.org/dc/terms/identifier")
    media = ("", "", "http://purl.org/dc/terms/identifier")
    meta = metafile(
        table("o.txt", terms),
        table("o.txt", media, kind="extension", row_type=MULTIMEDIA),
        metadata="eml.xml",
    )
    herbarium.archive([])
    for images, told in (
        ("TU-1,PreservedSpecimen,{0}/1\nTU-2,PreservedSpecimen,{0}/2\n", {"new": 2}),
        ("TU-1,PreservedSpecimen,{0}/1\nTU-1,PreservedSpecimen,{0}/3\n",
         {"unchanged": 0, "changed": 1, "rejected": 1, "vanished": 1}),
    ):  # fmt: skip
        rows = "a,b,c\n" + images.format("https://example.org")
        folder(herbarium.place / "source", meta=meta, o=rows)
        summary = herbarium.again()
        assert summary.records == 2
        assert counts(summary) == {name: number for name, number in told.items() if number}
        assert summary.rows["o.txt (gbif:Multimedia)"] == {"in": 2, "kept": 2, "reported": 0}


# ── two at once ──────────────────────────────────────────────────────────────────────────


def test_a_harvest_waits_for_another_of_its_dataset_and_takes_nothing_of_it_for_vanished(
    herbarium: Collection,
) -> None:
    older, newer = (herbarium.place / name for name in ("older", "newer"))
    for place, rows in ((older, [row(1)]), (newer, [row(1), row(2), row(3)])):
        herbarium.archive(rows).rename(place)
    waits, told = threading.Event(), list[str]()

    def tell(words: str) -> None:
        told.append(words)
        waits.set()

    def late() -> Summary:
        return Harvest(herbarium.objects, herbarium.workspace, HERBARIUM, tell=tell).run(str(newer))

    with ThreadPoolExecutor(1) as beside:
        second = list[Future[Summary]]()

        def meanwhile(_: Summary) -> None:
            if not second:
                second.append(beside.submit(late))
                assert waits.wait(30), "it went on beside the first"

        first = Harvest(herbarium.objects, herbarium.workspace, HERBARIUM, progress=meanwhile).run(
            str(older)
        )
        after = second[0].result(30)
    assert (first.harvest, counts(first)) == (1, {"new": 1})
    assert (after.harvest, counts(after)) == (2, {"new": 2, "unchanged": 1})
    assert ["Herbarium" in words for words in told] == [True]
    assert herbarium.log.unseen(Pid.parse(after.source_system)) == {}


def test_harvests_of_other_datasets_and_dry_runs_go_on_beside_one(herbarium: Collection) -> None:
    place = str(herbarium.archive([row(1)]))
    others = [replace(HERBARIUM, source_system="Other"), replace(HERBARIUM, dry_run=True)]
    done = list[Summary]()

    def meanwhile(_: Summary) -> None:
        while others:
            harvest = Harvest(herbarium.objects, herbarium.workspace, others.pop())
            done.append(harvest.run(place))

    Harvest(herbarium.objects, herbarium.workspace, HERBARIUM, progress=meanwhile).run(place)
    assert [summary.records for summary in done] == [1, 1]
