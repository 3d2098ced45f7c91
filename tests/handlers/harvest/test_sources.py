"""A source system is enrolled once, with its mapping, and revised only where it changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from eventstore.envelope import Recorded
from fdo.dataset import abstract
from fdo.errors import InvalidDocument
from fdo.identifiers import Pid
from handlers.harvest.agent import HARVESTER
from handlers.harvest.harvest import Harvest, Summary
from handlers.harvest.reading.archive import open_source
from handlers.harvest.sources import enrol, renew
from ontologies.schemas import explain
from tests.handlers.harvest.collection import CLOSED, HERBARIUM, Collection, counts, days, row


@pytest.fixture
def herbarium(tmp_path: Path) -> Collection:
    return Collection(tmp_path)


def source(herbarium: Collection, name: str = "Herbarium") -> Recorded:
    """The newest content of a source system."""
    key = f"source-system:{name}"
    return herbarium.log.latest(herbarium.log.claimed([key])[key].pid)


def mapping_of(herbarium: Collection) -> Recorded:
    return herbarium.log.latest(Pid.parse(source(herbarium).document["ods:dataMappingID"]))


MAPPING: dict[str, Any] = {
    "schema:name": "Ours",
    "ods:hasDefaultMapping": [{"dwc:country": "Estonia (by mapping)"}],
}


def test_a_source_and_its_mapping_are_registered_together_and_valid(
    herbarium: Collection,
) -> None:
    herbarium.harvest([row(1)])
    assert herbarium.topics_since(0)[:2] == ["DataMappingRegistered", "SourceSystemRegistered"]
    found = source(herbarium)
    assert found.pid.scheme == "handle"
    assert explain("source-system", found.document) == []
    assert explain("data-mapping", mapping_of(herbarium).document) == []
    assert found.verbatim is not None and found.verbatim["metadata"]["title"] == "Herbarium"
    assert abstract(found.document["schema:description"]) == "Plants; pressed."


def test_a_source_is_known_again_by_its_name(herbarium: Collection) -> None:
    one = herbarium.harvest([row(1)])
    other = herbarium.harvest([row(1)])
    assert (one.source_system, one.harvest) == (other.source_system, 1)
    assert other.harvest == 2


def test_a_source_without_a_given_name_bears_its_title(herbarium: Collection) -> None:
    herbarium.harvest([row(1)], source_system=None)
    assert source(herbarium, "Herbarium").version == 1


def test_another_name_is_another_source_with_specimens_of_its_own(herbarium: Collection) -> None:
    herbarium.harvest([row(1)])
    assert counts(herbarium.harvest([row(1)], source_system="Duplicates")) == {"new": 1}
    assert source(herbarium, "Duplicates").pid != source(herbarium).pid


def test_changed_metadata_revise_the_source_once(herbarium: Collection) -> None:
    herbarium.harvest([row(1)])
    herbarium.harvest([row(1)], licence=CLOSED)
    herbarium.harvest([row(1)], licence=CLOSED)
    assert source(herbarium).version == 2
    assert "by-nc" in source(herbarium).document["schema:description"]


def test_the_address_of_a_source_stays_where_a_file_of_it_is_taken_in(
    herbarium: Collection,
) -> None:
    address = "https://example.org/herbarium.zip"
    place = herbarium.archive([row(1)])
    for named in (address, str(place)):
        with open_source(place, herbarium.workspace) as archive:
            found = enrol(herbarium.objects, archive, named, HERBARIUM, None, HARVESTER)
            renew(herbarium.objects, found, archive, named, HERBARIUM, None, HARVESTER)
    assert source(herbarium).document["schema:url"] == address


def test_what_may_be_a_secret_in_an_address_is_not_recorded(herbarium: Collection) -> None:
    place = herbarium.archive([row(1)])
    for key in ("s3cret", "0ther"):
        address = f"https://me:{key}@ipt.example/archive.do?r=plants&token={key}#{key}"
        with open_source(place, herbarium.workspace) as archive:
            found = enrol(herbarium.objects, archive, address, HERBARIUM, None, HARVESTER)
            renew(herbarium.objects, found, archive, address, HERBARIUM, None, HARVESTER)
    recorded = source(herbarium)
    assert recorded.document["schema:url"] == "https://ipt.example/archive.do?r=plants"
    assert recorded.version == 1, "another key is no news of the source"
    assert explain("source-system", recorded.document) == []
    life = herbarium.log.life(recorded.pid)
    assert not [event for event in life if "s3cret" in f"{event.document} {event.verbatim}"]


def test_a_mapping_is_remembered_until_another_is_given(herbarium: Collection) -> None:
    herbarium.harvest([row(1)])
    assert counts(herbarium.harvest([row(1)], mapping=MAPPING)) == {"changed": 1}
    assert mapping_of(herbarium).document["schema:name"] == "Ours"
    assert "by mapping" in str(herbarium.specimens()["TU-1"].document)
    assert counts(herbarium.harvest([row(1)])) == {"unchanged": 1}
    assert mapping_of(herbarium).version == 2


def test_what_a_new_mapping_no_longer_says_is_gone(herbarium: Collection) -> None:
    herbarium.harvest([row(1)], mapping=MAPPING)
    begun = mapping_of(herbarium).document["schema:dateCreated"]
    herbarium.harvest([row(1)], mapping={"ods:hasTermMapping": [{"dwc:locality": "dwc:country"}]})
    held = mapping_of(herbarium).document
    assert "ods:hasDefaultMapping" not in held and held["schema:dateCreated"] == begun
    assert explain("data-mapping", held) == []
    assert counts(herbarium.harvest([row(1)])) == {"unchanged": 1}


def test_a_mapping_without_a_name_is_remembered_too(herbarium: Collection) -> None:
    herbarium.harvest([row(1)], mapping={k: v for k, v in MAPPING.items() if k != "schema:name"})
    herbarium.harvest([row(1, country="Latvia")])
    assert "by mapping" in str(herbarium.specimens()["TU-1"].document)


def test_a_source_term_that_the_archive_does_not_have_is_told_at_each_harvest(
    herbarium: Collection,
) -> None:
    absent = {"ods:hasTermMapping": [{"dwc:county": "kreis"}, {"dwc:locality": "dwc:country"}]}
    for summary in (herbarium.harvest([row(1)], mapping=absent), herbarium.harvest([row(1)])):
        assert summary.diagnostics["mapping-term-absent"] == 1


def test_a_mapping_with_a_term_that_cannot_be_mapped_is_not_recorded(
    herbarium: Collection,
) -> None:
    with pytest.raises(InvalidDocument, match="ods:hasDefaultMappings"):
        herbarium.harvest([row(1)], mapping={"ods:hasDefaultMappings": []})
    assert herbarium.log.position() == 0


def test_a_dry_run_enrols_nobody_and_revises_nothing(herbarium: Collection) -> None:
    herbarium.harvest([row(1)], dry_run=True)
    assert herbarium.log.position() == 0
    herbarium.harvest([row(1)])
    before = herbarium.log.position()
    herbarium.harvest([row(1)], licence=CLOSED, mapping=MAPPING, dry_run=True)
    assert herbarium.log.position() == before


def test_a_backfill_leaves_source_and_mapping_as_they_are(herbarium: Collection) -> None:
    herbarium.pass_days(100)
    herbarium.harvest([row(1)], observed_at=days(50))
    found = source(herbarium), mapping_of(herbarium)
    herbarium.harvest([row(1)], licence=CLOSED, mapping=MAPPING, observed_at=days(9), backfill=True)
    assert (source(herbarium), mapping_of(herbarium)) == found


def test_two_first_harvests_at_once_enrol_one_source_and_each_specimen_once(
    herbarium: Collection,
) -> None:
    place = str(herbarium.archive([row(n) for n in range(1, 60)]))

    def take_in(number: int) -> Summary:
        workspace = herbarium.workspace / str(number)
        return Harvest(herbarium.objects, workspace, HERBARIUM).run(place)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(take_in, range(4)))
    assert len({summary.source_system for summary in done}) == 1
    assert sum(summary.new for summary in done) == 59
    assert sum(summary.unchanged for summary in done) == 3 * 59
    assert herbarium.log.counts()["source-system"] == {"active": 1}
    assert herbarium.log.counts()["data-mapping"] == {"active": 1}
    assert herbarium.log.counts()["specimen"] == {"active": 59}
