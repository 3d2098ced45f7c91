"""What the log says of an object is what its DOI becomes, whatever was lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.datacite_double import Fault, Limits, Plan, Rule
from eventstore import mirroring
from fdo.errors import NotFound, PidOnly, Refused, Tombstoned
from fdo.identifiers import Pid
from fdo.lifecycle import Activate, Note, Register, Restore, Status, stamped
from handlers.curation import Curation
from handlers.learning import Learning
from handlers.processes.minting.answers import Answer
from handlers.processes.minting.asking import request_version
from handlers.processes.minting.minter import Minter
from handlers.processes.minting.minter import Plan as Wished
from handlers.processes.minting.store import FILE, Outbox
from tests.api.conftest import CURATOR
from tests.api.documents import a_medium, a_source, a_specimen, a_stub
from tests.handlers.processes.minting.story import BASE, PREFIX, REPOSITORY, Story, a_story


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with a_story(tmp_path) as made:
        yield made


@pytest.fixture
def oak(story: Story) -> Pid:
    return story.repository.register("specimen", a_specimen("DH-1"))


def relations(story: Story, doi: str) -> set[tuple[str, str]]:
    told = story.shown(doi).get("relatedIdentifiers", [])
    return {(one["relationType"], one["relatedIdentifier"].rpartition("doi.org/")[2])
            for one in told if "Version" in one["relationType"]}  # fmt: skip


# ── the life of a DOI ────────────────────────────────────────────────────────────────────


def test_an_active_object_gets_a_findable_doi_that_leads_here(story: Story, oak: Pid) -> None:
    medium = story.repository.register("media", a_medium(oak))
    story.mint()
    for pid in (oak, medium):
        found = story.at(str(pid))
        assert found is not None
        assert (found.state, found.url) == ("findable", f"https://repository.example/{pid}")
    assert len(story.sent) == 2


def test_the_log_is_told_once_and_by_what_it_can_be_proved(story: Story, oak: Pid) -> None:
    story.mint()
    story.mint()
    (told,) = story.confirmations(oak)
    assert told.detail["doi"] == str(oak)
    assert (told.detail["state"], told.detail["position"]) == ("findable", 1)
    assert len(told.detail["hash"]) == 64 and "doi-version" not in told.detail
    assert story.log.head(oak).version == 1


def test_handles_are_none_of_datacites(story: Story) -> None:
    story.repository.register("source-system", a_source())
    story.mint()
    assert story.sent == []


def test_dois_of_others_are_theirs(story: Story) -> None:
    foreign = Pid("10.9999", "AAA-BBB-CCC")
    document = stamped(a_specimen("DH-7"), foreign, 1, modified="2026-03-01T12:00:00.000Z")
    story.repository.do(Register(document), foreign)
    story.mint()
    assert story.sent == []


def test_a_draft_is_reserved_and_published_when_it_is_activated(story: Story) -> None:
    pid = story.repository.register("specimen", a_specimen("DH-1"), Status.DRAFT)
    story.mint()
    assert story.state(str(pid)) == "draft"
    document = stamped(a_specimen("DH-1"), pid, 2, modified="2026-03-05T12:00:00.000Z")
    story.repository.do(Activate(document), pid)
    story.mint()
    assert story.state(str(pid)) == "findable"
    assert [e.detail["state"] for e in story.confirmations(pid)] == ["draft", "findable"]


def test_a_change_that_the_doi_does_not_show_is_not_sent(story: Story, oak: Pid) -> None:
    story.mint()
    same = {"dcterms:created": story.log.latest(oak).document["dcterms:created"]}
    loan = {**same, "dwc:disposition": "on loan"}
    story.repository.revise(oak, a_specimen("DH-1", **loan))
    story.mint()
    assert len(story.sent) == 1
    renamed = {**loan, "ods:specimenName": "Quercus petraea"}
    story.repository.revise(oak, a_specimen("DH-1", **renamed))
    story.mint()
    assert len(story.sent) == 2
    assert "Quercus petraea" in story.shown(str(oak))["titles"][0]["title"]
    assert len(story.confirmations(oak)) == 1


def test_ten_changes_before_the_next_request_are_one_request(story: Story, oak: Pid) -> None:
    for number in range(10):
        story.repository.revise(
            oak, a_specimen("DH-1", **{"ods:specimenName": f"Quercus {number}"})
        )
    story.mint()
    assert len(story.sent) == 1
    assert "Quercus 9" in story.shown(str(oak))["titles"][0]["title"]


def test_a_withdrawn_object_is_hidden_with_its_date_and_shown_when_it_is_back(
    story: Story, oak: Pid
) -> None:
    story.mint()
    story.repository.tombstone(oak, "Lost in a fire.")
    story.mint()
    assert story.state(str(oak)) == "registered"
    dates = {one["dateType"] for one in story.shown(str(oak))["dates"]}
    assert "Withdrawn" in dates
    back = stamped(a_specimen("DH-1"), oak, 3, modified="2026-03-05T12:00:00.000Z")
    story.repository.do(Restore(back, "Found."), oak)
    story.mint()
    assert story.state(str(oak)) == "findable"
    dates = {one["dateType"] for one in story.shown(str(oak))["dates"]}
    assert "Withdrawn" not in dates
    states = [event.detail["state"] for event in story.confirmations(oak)]
    assert states == ["findable", "registered", "findable"]


def test_an_object_withdrawn_before_it_was_ever_sent_is_hidden_from_the_start(
    story: Story, oak: Pid
) -> None:
    story.repository.tombstone(oak, "Twice registered.")
    story.mint()
    assert story.state(str(oak)) == "registered"


def test_of_a_pid_only_object_the_record_is_told_and_nothing_that_was_told_before(
    story: Story, oak: Pid
) -> None:
    story.mint()
    assert "geoLocations" in story.shown(str(oak))
    story.repository.withhold(oak, "The licence does not allow it.")
    story.mint()
    shown = story.shown(str(oak))
    assert story.state(str(oak)) == "findable"
    assert not shown.get("geoLocations") and not shown.get("contributors")
    assert "Tammoja" not in str(shown) and "Quercus" not in str(shown)
    assert "DH-9" in str(shown)


def test_a_tombstone_publishes_nothing_that_was_withheld(story: Story) -> None:
    pid = story.objects.reserve("specimen")
    story.repository.do(Register(a_stub(pid, "No licence."), Status.PID_ONLY), pid)
    story.repository.tombstone(pid, "Never seen again.")
    story.mint()
    assert story.state(str(pid)) == "registered"
    assert "Never seen" not in str(story.shown(str(pid)).get("dates"))


def test_an_erased_name_is_gone_from_datacite_too(story: Story, oak: Pid) -> None:
    story.mint()
    assert "Liis Tammoja" in str(story.shown(str(oak)))
    hands = Curation(story.objects, CURATOR)
    hands.erase(hands.erasable(oak), "She asked for it.")
    story.mint()
    assert story.state(str(oak)) == "findable"
    assert "Tammoja" not in str(story.shown(str(oak)))


def test_an_erased_name_that_a_refusal_quoted_is_gone_from_the_outbox(
    story: Story, oak: Pid
) -> None:
    process = story.minter()
    process.round()
    process.outbox.bury(str(oak), "answered 422: creators: 'Liis Tammoja' is too long")
    hands = Curation(story.objects, CURATOR)
    hands.erase(hands.erasable(oak), "She asked for it.")
    story.drive(process)
    kept = b"".join(file.read_bytes() for file in story.folder.glob(f"{FILE}*"))
    process.close()
    assert b"SQLite format" in kept and b"Tammoja" not in kept


# ── versions ─────────────────────────────────────────────────────────────────────────────


def test_a_version_gets_a_doi_when_somebody_asks_and_not_before(story: Story, oak: Pid) -> None:
    for number in (2, 3):
        story.repository.revise(
            oak, a_specimen("DH-1", **{"ods:specimenName": f"Quercus {number}"})
        )
    story.mint()
    assert {path for path, _ in story.sent} == {f"/dois/{oak}"}
    for number in (1, 3):
        request_version(story.objects, oak, number, CURATOR)
    story.mint()
    assert relations(story, str(oak)) == {("HasVersion", f"{oak}/1"), ("HasVersion", f"{oak}/3")}
    assert relations(story, f"{oak}/1") == {
        ("IsVersionOf", str(oak)), ("IsPreviousVersionOf", f"{oak}/3")
    }  # fmt: skip
    assert relations(story, f"{oak}/3") == {
        ("IsVersionOf", str(oak)), ("IsNewVersionOf", f"{oak}/1")
    }  # fmt: skip
    assert story.state(f"{oak}/2") is None
    found = story.at(f"{oak}/1")
    assert found is not None and found.url == f"https://repository.example/{oak}/1"
    assert "robur" in story.shown(f"{oak}/1")["titles"][0]["title"]


def test_asking_again_for_a_version_changes_nothing(story: Story, oak: Pid) -> None:
    first = request_version(story.objects, oak, 1, CURATOR)
    assert request_version(story.objects, oak, 1, CURATOR).position == first.position
    assert story.log.head(oak).version == 1


def test_a_version_that_waits_goes_before_all_objects(story: Story, oak: Pid) -> None:
    for number in range(2, 60):
        story.repository.register("specimen", a_specimen(f"DH-{number}"))
    request_version(story.objects, oak, 1, CURATOR)
    story.mint()
    assert f"/dois/{oak}/1" in [path for path, _ in story.sent[:8]]


def test_the_dois_of_versions_are_hidden_with_their_object(story: Story, oak: Pid) -> None:
    request_version(story.objects, oak, 1, CURATOR)
    story.mint()
    story.repository.tombstone(oak, "Lost.")
    story.mint()
    assert story.state(f"{oak}/1") == "registered"
    assert "Withdrawn" in {one["dateType"] for one in story.shown(f"{oak}/1")["dates"]}


def test_the_doi_of_a_version_says_no_more_than_a_record_once_the_object_is_withheld(
    story: Story, oak: Pid
) -> None:
    request_version(story.objects, oak, 1, CURATOR)
    story.mint()
    story.repository.withhold(oak, "The licence does not allow it.")
    story.mint()
    assert story.state(f"{oak}/1") == "registered"
    assert "Tammoja" not in str(story.shown(f"{oak}/1"))
    assert relations(story, f"{oak}/1") == {("IsVersionOf", str(oak))}


@pytest.mark.parametrize(
    ("number", "before", "refusal"),
    [
        (2, lambda story, oak: None, NotFound),
        (1, lambda story, oak: story.repository.tombstone(oak, "Lost."), Tombstoned),
        (1, lambda story, oak: story.repository.withhold(oak, "No licence."), PidOnly),
    ],
    ids=["no such version", "withdrawn", "withheld"],
)
def test_what_cannot_be_cited_gets_no_doi(
    story: Story, oak: Pid, number: int, before: Any, refusal: type[Exception]
) -> None:
    before(story, oak)
    with pytest.raises(refusal):
        request_version(story.objects, oak, number, CURATOR)


def test_a_version_of_what_has_a_handle_gets_no_doi(story: Story) -> None:
    form = {"@type": "fair4ml:MLModel", "schema:name": "Label reader"}
    model = Learning(story.objects, CURATOR).register(form).pid
    with pytest.raises(Refused, match=f"Handle; cite {model.version_iri(1)}"):
        request_version(story.objects, model, 1, CURATOR)


# ── datasets ─────────────────────────────────────────────────────────────────────────────

HELD = "Dataset: Beetles; Licence: CC0 1.0; Organisation: Museum X"


@pytest.fixture
def source(story: Story) -> Pid:
    document = a_source("Beetles") | {"schema:description": HELD}
    return story.repository.register("source-system", document)


def test_a_dataset_gets_a_doi_beside_its_handle_once_somebody_asks(
    story: Story, source: Pid
) -> None:
    doi = f"{PREFIX}/{source.suffix}"
    story.repository.revise(source, a_source("Beetles of Y"), "source-system")
    story.mint()
    assert story.sent == []
    asked = request_version(story.objects, source, 2, CURATOR)
    assert asked.detail == {"version": 2, "doi": doi}
    story.mint()
    for name, address in ((doi, str(source)), (f"{doi}/2", f"{source}/2")):
        found = story.at(name)
        assert found is not None
        assert (found.state, found.url) == ("findable", f"{BASE}/{address}")
    assert relations(story, doi) == {("HasVersion", f"{doi}/2")}
    assert relations(story, f"{doi}/2") == {("IsVersionOf", doi)}
    assert story.log.doi(source) == story.log.resolving(source) == Pid.parse(doi)
    assert story.log.minted(source) == {2}
    before = len(story.sent)
    story.repository.revise(source, a_source("Beetles of Z"), "source-system")
    story.mint()
    assert [path for path, _ in story.sent[before:]] == [f"/dois/{doi}"]
    assert "Beetles of Z" in story.shown(doi)["titles"][0]["title"]


def test_the_doi_of_a_dataset_tells_who_made_it_who_publishes_it_and_its_handle(
    story: Story, source: Pid
) -> None:
    request_version(story.objects, source, 1, CURATOR)
    story.mint()
    told = story.shown(f"{PREFIX}/{source.suffix}")
    assert told["types"]["resourceTypeGeneral"] == "Dataset"
    assert [one["name"] for one in told["creators"]] == ["Museum X"]
    assert told["publisher"]["name"] == REPOSITORY
    assert [one["rightsIdentifier"] for one in told["rightsList"]] == ["cc0-1.0"]
    assert {"alternateIdentifier": str(source), "alternateIdentifierType": "Handle"} in told[
        "alternateIdentifiers"
    ]
    assert {"Created", "Updated"} <= {one["dateType"] for one in told["dates"]}
    assert "HasPart" not in {one["relationType"] for one in told["relatedIdentifiers"]}


def test_a_lost_outbox_sends_no_doi_of_a_dataset_again(story: Story, source: Pid) -> None:
    request_version(story.objects, source, 1, CURATOR)
    story.mint()
    before, doi = len(story.sent), f"{PREFIX}/{source.suffix}"
    for file in story.folder.glob(f"{FILE}*"):
        file.unlink()
    story.mint()
    assert [path for path, _ in story.sent[before:]] in ([], [f"/dois/{doi}"])


def test_the_doi_of_a_dataset_is_hidden_with_it(story: Story, source: Pid) -> None:
    request_version(story.objects, source, 1, CURATOR)
    story.mint()
    Curation(story.objects, CURATOR).tombstone(source, "Given back.")
    story.mint()
    assert story.state(f"{PREFIX}/{source.suffix}") == "registered"


def test_a_dataset_takes_no_doi_that_is_an_objects(story: Story, source: Pid) -> None:
    taken = Pid(PREFIX, source.suffix)
    document = stamped(a_specimen("DH-8"), taken, 1, modified="2026-03-01T12:00:00.000Z")
    story.repository.do(Register(document), taken)
    with pytest.raises(Refused, match="another object"):
        request_version(story.objects, source, 1, CURATOR)


# ── what goes wrong ──────────────────────────────────────────────────────────────────────


def test_an_outbox_that_was_lost_is_made_again_and_sends_nothing_twice(
    story: Story, oak: Pid
) -> None:
    request_version(story.objects, oak, 1, CURATOR)
    gone = story.repository.register("specimen", a_specimen("DH-2"))
    story.mint()
    story.repository.tombstone(gone, "Lost.")
    story.mint()
    before, events = len(story.sent), story.log.position()
    for file in story.folder.glob(f"{FILE}*"):
        file.unlink()
    story.mint()
    extra = [path for path, _ in story.sent[before:]]
    assert extra in ([], [f"/dois/{oak}"])  # the object's shows a version now, which no fact says
    assert story.log.position() == events
    outbox = Outbox(story.folder)
    assert outbox.counts().states == {"findable": 2, "registered": 1}
    outbox.close()


def test_another_public_address_is_told_of_every_doi(story: Story, oak: Pid) -> None:
    story.mint()
    story.mint(base="https://moved.example")
    found = story.at(str(oak))
    assert found is not None and found.url == f"https://moved.example/{oak}"
    assert len(story.confirmations(oak)) == 1


def test_what_is_refused_for_good_is_a_dead_letter_and_others_go_on(story: Story, oak: Pid) -> None:
    good = story.repository.register("specimen", a_specimen("DH-2"))
    story.double.break_by(Plan([Rule(Fault("status", status=422), path=str(oak))]))
    story.mint()
    outbox = Outbox(story.folder)
    (letter,) = outbox.dead("", 10, drafts=False)
    assert letter.doi == str(oak) and "422" in letter.error and letter.attempts == 1
    assert story.state(str(good)) == "findable" and story.state(str(oak)) is None
    story.double.break_by(Plan())
    story.mint()
    assert story.state(str(oak)) is None
    assert outbox.retry(story.now) == 1
    outbox.close()
    story.mint()
    assert story.state(str(oak)) == "findable"


def test_a_dead_letter_is_tried_again_when_its_object_changes(story: Story, oak: Pid) -> None:
    story.double.break_by(Plan([Rule(Fault("status", status=422), times=1)]))
    story.mint()
    assert story.state(str(oak)) is None
    story.repository.revise(oak, a_specimen("DH-1", **{"ods:specimenName": "Quercus pubescens"}))
    story.mint()
    assert story.state(str(oak)) == "findable"


def test_wrong_credentials_stop_everything_and_bury_nothing(story: Story, oak: Pid) -> None:
    process = story.minter(password="wrong")
    story.drive(process, seconds=3_600)
    counts, how = process.outbox.counts(), process.pace.standing()
    process.close()
    assert (counts.dead, counts.pending) == (0, 1)
    assert "401" in how.trouble and len(story.sent) < 20
    story.now += 6 * 3_600
    story.mint()
    assert story.state(str(oak)) == "findable"


def test_after_429_nobody_is_sent_before_it_is_time(story: Story, oak: Pid) -> None:
    for number in range(2, 40):
        story.repository.register("specimen", a_specimen(f"DH-{number}"))
    story.double.break_by(Plan([Rule(Fault("status", status=429, retry_after=500), nth=1)]))
    process = story.minter()
    for _ in range(30):
        process.round()
    assert len(story.sent) <= 8  # those that were on their way already
    story.now += 499.0
    for _ in range(5):
        process.round()
    assert len(story.sent) <= 8
    story.drive(process)
    process.close()
    assert story.double.store.states() == {"findable": 39}


def test_a_time_to_come_back_that_nobody_can_mean_is_not_believed(story: Story, oak: Pid) -> None:
    never = Fault("status", status=503, retry_after=999_999_999)
    story.double.break_by(Plan([Rule(never, nth=1)]))
    story.mint()
    assert story.state(str(oak)) == "findable"


def test_the_limit_of_the_double_is_never_met(tmp_path: Path) -> None:
    limits = Limits(authenticated=30, window_s=300.0)
    with a_story(tmp_path, limits=limits, per_window=30) as story:
        for number in range(40):
            story.repository.register("specimen", a_specimen(f"DH-{number}"))
        process = story.minter()
        for _ in range(100):
            process.round()
        process.close()
        assert 0 < len(story.sent) <= 30
        assert {status for _, status in story.sent} == {201}


def test_a_mirror_mints_nothing(story: Story, oak: Pid) -> None:
    mirroring.begin(story.objects.recorder, "https://source.example", story.log.id)
    process = story.minter()
    assert not process.round()
    process.close()
    assert story.sent == []


def test_a_document_of_which_nothing_can_be_told_stops_no_others(story: Story, oak: Pid) -> None:
    pid = story.objects.reserve("specimen")
    story.repository.do(Register({"@id": pid.iri, "@type": "ods:DigitalSpecimen",
                                  "ods:normalisedPhysicalSpecimenID": "X"}), pid)  # fmt: skip
    story.mint()
    assert story.state(str(oak)) == "findable"
    outbox = Outbox(story.folder)
    (letter,) = outbox.dead("", 10, drafts=False)
    outbox.close()
    assert letter.doi == str(pid) and "event 2" in letter.error


def test_a_request_for_a_version_that_never_was_stops_no_others(story: Story, oak: Pid) -> None:
    for detail in ({"version": 9}, {"version": "1"}, {}):
        story.repository.do(Note("VersionDoiRequested", detail), oak)
    story.mint()
    assert story.state(str(oak)) == "findable"
    outbox = Outbox(story.folder)
    (letter,) = outbox.dead("", 10, drafts=False)
    outbox.close()
    assert letter.doi == f"{oak}/9" and "NotFound" in letter.error


def test_a_request_that_cannot_be_made_is_a_dead_letter(story: Story, oak: Pid) -> None:
    class Broken:
        def upsert(self, doi: str, attributes: dict[str, object], event: str | None) -> Answer:
            raise ValueError(doi)

    plan = Wished(PREFIX, BASE, 1_000)
    process = Minter(story.folder, story.objects, Broken(), plan, clock=lambda: story.now)
    story.drive(process)
    assert process.outbox.counts().dead == 1
    process.close()


def test_a_second_process_changes_nothing_while_it_waits_for_its_turn(
    story: Story, oak: Pid
) -> None:
    story.mint()
    story.minter(base="https://other.example").close()
    story.mint()
    assert len(story.sent) == 1
