"""What becomes of a proposed change, and what the log says of it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from eventstore.envelope import Recorded
from fdo.annotation.life import state_of
from fdo.errors import NotFound, Refused, Tombstoned, VersionConflict
from fdo.identifiers import Pid
from fdo.lifecycle import Status, evolve
from handlers.annotations import changed_since
from handlers.curation import Curation
from ontologies.schemas import explain
from tests.fdo.annotation.saying import COUNTRY, EVENT, NAMES, named
from tests.handlers.annotations.museum import ANNA, BEN, CLARA, Museum, draft
from tests.handlers.harvest.collection import image, row

LOCALITY = f"{EVENT}['ods:hasLocation']['dwc:locality']"


@pytest.fixture
def museum(tmp_path: Path) -> Museum:
    return Museum(tmp_path)


def state(museum: Museum, pid: Pid) -> str:
    event = museum.now(pid)
    return state_of(event.status, event.document)


def folded(museum: Museum, pid: Pid) -> bool:
    """Whether the fold of all facts is the state, its overlay too."""
    known = None
    for event in museum.log.history(pid):
        known = evolve(known, event.fact(), pid, event.type)
    return known == museum.objects.state(pid)[0]


def proposed(museum: Museum, value: str = "Eesti") -> Pid:
    pid = museum.propose("oa:editing", COUNTRY, value).required().pid
    assert pid is not None
    return pid


# ── accepting ────────────────────────────────────────────────────────────────────────────


def test_an_accepted_change_is_a_version_that_names_annotator_and_approver(museum: Museum) -> None:
    pid = proposed(museum)
    proposal = museum.now(pid)
    decision = museum.annotations.accept(pid, CLARA, "It is written so on the label.")
    assert (decision.version, decision.target, decision.target_version) == (2, museum.specimen, 2)
    event = museum.now(museum.specimen)
    assert museum.says(COUNTRY) == "Eesti" and event.document["ods:version"] == 2
    assert (event.agent.id, event.agent.role) == (CLARA.id, "Approver")
    assert [(each.id, each.role) for each in event.also] == [(ANNA.id, "Requestor")]
    assert event.used == (pid.version_iri(1),)
    assert event.cause == proposal.position
    assert event.overlay == (str(pid),) and folded(museum, museum.specimen)
    assert museum.log.event(event.position - 1).pid == pid, "one transaction"


@pytest.mark.parametrize("name", ["Anna", "urn:a> <urn:b> <urn:c", "https://x.org/ y"])
def test_an_annotator_whose_id_is_no_iri_is_named_by_who_sent_it(museum: Museum, name: str) -> None:
    edit = draft("oa:editing", COUNTRY, "Eesti", of=museum.specimen)
    edit["dcterms:creator"] = [{"@type": "schema:Person", "schema:identifier": name}]
    pid = museum.annotations.propose(edit, BEN).required().pid
    assert pid is not None
    museum.annotations.accept(pid, CLARA)
    assert [each.id for each in museum.now(museum.specimen).also] == [BEN.id]


def test_the_annotation_says_who_decided_when_and_over_what(museum: Museum) -> None:
    pid = proposed(museum)
    museum.annotations.accept(pid, CLARA, "As on the label.")
    document = museum.now(pid).document
    assert not explain("annotation", document) and state(museum, pid) == "accepted"
    assert document["ods:hasMergingStateChangedBy"]["schema:identifier"] == CLARA.id
    assert document["col:decisionReason"] == "As on the label."
    assert (document["col:sourceValue"], document["col:overlayState"]) == ('"Estonia"', "applied")
    since = changed_since(museum.now(pid), museum.log)
    assert since is not None and not since.changed and (since.made_on, since.current) == (1, 2)


def test_the_version_that_was_cited_before_still_says_what_it_said(museum: Museum) -> None:
    before = museum.log.version(museum.specimen, 1)
    museum.accepted("oa:editing", COUNTRY, "Eesti")
    after = museum.log.version(museum.specimen, 1)
    assert (after.document_bytes, after.leaf, after.salt) == (
        before.document_bytes,
        before.leaf,
        before.salt,
    )


def test_a_decision_is_made_once(museum: Museum) -> None:
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    with pytest.raises(Refused, match="accepted"):
        museum.annotations.accept(pid, CLARA)
    with pytest.raises(Refused, match="accepted"):
        museum.annotations.reject(pid, CLARA, "no")
    comment = museum.propose("oa:commenting", None, "x").pid
    assert comment is not None
    with pytest.raises(Refused, match="standing"):
        museum.annotations.accept(comment, CLARA)
    with pytest.raises(NotFound, match="specimen"):
        museum.annotations.accept(museum.specimen, CLARA)
    with pytest.raises(VersionConflict):
        museum.annotations.accept(proposed(museum, "x"), CLARA, expected=2)


def test_a_rejection_has_a_reason_and_changes_nothing_else(museum: Museum) -> None:
    pid = proposed(museum)
    with pytest.raises(Refused, match="why"):
        museum.annotations.reject(pid, CLARA, "  ")
    museum.annotations.reject(pid, CLARA, "The label says Estonia.")
    assert state(museum, pid) == "rejected" and museum.versions() == 1
    assert museum.now(pid).document["col:decisionReason"] == "The label says Estonia."


def test_the_mids_level_follows_the_change(museum: Museum) -> None:
    before = museum.now(museum.specimen).document["ods:midsLevel"]
    assert before < 1, "the source gives no preparations, and no modification date"
    museum.accepted("ods:adding", "$['dwc:preparations']", "dried sheet")
    assert museum.now(museum.specimen).document["ods:midsLevel"] >= before


def test_a_medium_is_changed_like_a_specimen(museum: Museum) -> None:
    museum.accepted("ods:adding", "$['exif:PixelXDimension']", "4000", of=museum.medium)
    event = museum.now(museum.medium)
    assert event.document["exif:PixelXDimension"] == 4000 and event.version == 2


# ── what happened in between ─────────────────────────────────────────────────────────────


def test_a_place_that_says_something_else_since_is_not_overwritten(museum: Museum) -> None:
    pid = proposed(museum)
    museum.collection.harvest([row(1, country="Latvia"), row(2), row(3)], [image(1, "a")])
    with pytest.raises(Refused, match="since"):
        museum.annotations.accept(pid, CLARA)
    museum.annotations.revise(pid, draft("oa:editing", COUNTRY, "Eesti!", of=museum.specimen), ANNA)
    museum.annotations.accept(pid, CLARA)
    assert museum.says(COUNTRY) == "Eesti!"


def test_another_change_in_between_does_not_matter(museum: Museum) -> None:
    pid = proposed(museum)
    museum.collection.harvest([row(1, recordedBy="B. Other"), row(2), row(3)], [image(1, "a")])
    museum.annotations.accept(pid, CLARA)
    assert museum.says(COUNTRY) == "Eesti" and museum.versions() == 3


def test_a_source_that_said_so_in_the_meantime_has_adopted_the_change(museum: Museum) -> None:
    pid = proposed(museum)
    museum.collection.harvest([row(1, country="Eesti"), row(2), row(3)], [image(1, "a")])
    decision = museum.annotations.accept(pid, CLARA)
    assert decision.target_version is None and museum.versions() == 2
    assert museum.now(pid).document["col:overlayState"] == "adopted"
    assert museum.now(museum.specimen).overlay == ()


def test_two_who_propose_the_same_make_one_change(museum: Museum) -> None:
    first = proposed(museum)
    second = museum.propose("oa:editing", COUNTRY, "Eesti", by=BEN).pid
    assert second is not None
    outcomes = museum.annotations.decide_many([first, second], "accept", CLARA)
    assert [each.what for each in outcomes] == ["accepted", "accepted"] and museum.versions() == 2
    assert museum.now(museum.specimen).overlay == (str(first),)
    assert museum.now(second).document["col:overlayState"] == "dropped"


def test_a_change_of_what_was_withdrawn_is_refused(museum: Museum) -> None:
    pid = proposed(museum)
    Curation(museum.objects, CLARA).tombstone(museum.specimen, "Lost.")
    with pytest.raises(Refused, match="tombstone"):
        museum.annotations.accept(pid, CLARA)


def test_whoever_withdraws_an_accepted_annotation_as_an_object_takes_its_change_back(
    museum: Museum,
) -> None:
    pid, hands = museum.accepted("oa:editing", COUNTRY, "Eesti"), Curation(museum.objects, CLARA)
    with pytest.raises(VersionConflict):
        hands.tombstone(pid, "A mistake.", 1)
    assert hands.tombstone(pid, "A mistake.", 2).pid == pid
    assert museum.says(COUNTRY) == "Estonia" and state(museum, pid) == "withdrawn"
    assert museum.now(museum.specimen).overlay == () and folded(museum, museum.specimen)
    hands.restore(pid, "It was none.")
    document = museum.now(pid).document
    assert state(museum, pid) == "pending" and museum.says(COUNTRY) == "Estonia"
    assert not {"col:overlayState", "ods:hasMergingStateChangedBy"} & document.keys()
    assert not explain("annotation", document)
    museum.annotations.accept(pid, CLARA)
    assert museum.says(COUNTRY) == "Eesti" and folded(museum, museum.specimen)


def test_an_accepted_annotation_is_neither_merged_nor_split(museum: Museum) -> None:
    pid, other = museum.accepted("oa:editing", COUNTRY, "Eesti"), proposed(museum, "Viro")
    hands = Curation(museum.objects, CLARA)
    with pytest.raises(Refused, match="withdraw it"):
        hands.merge(pid, other, "The same.")
    with pytest.raises(Refused, match="withdraw it"):
        hands.split(pid, [other, proposed(museum, "Igaunija")], "Two.")
    assert state(museum, pid) == "accepted" and museum.says(COUNTRY) == "Eesti"


def test_a_rejected_annotation_is_not_ended_as_an_object_either(museum: Museum) -> None:
    pid, other = proposed(museum), proposed(museum, "Viro")
    museum.annotations.reject(pid, CLARA, "The label says Estonia.")
    hands, before = Curation(museum.objects, CLARA), museum.log.position()
    with pytest.raises(Refused, match="stays on record"):
        hands.tombstone(pid, "Out of the way.")
    with pytest.raises(Refused, match="stays on record"):
        hands.merge(pid, other, "The same.")
    with pytest.raises(Refused, match="stays on record"):
        hands.split(pid, [other, proposed(museum, "Igaunija")], "Two.")
    assert state(museum, pid) == "rejected" and museum.log.position() == before + 1
    assert hands.tombstone(other, "A slip.").what == "Tombstoned"
    with pytest.raises(Tombstoned):
        hands.tombstone(other, "Again.")


def test_a_deletion_stays_in_force_when_something_is_added_to_the_array_that_it_emptied(
    museum: Museum,
) -> None:
    deletion = museum.accepted("ods:deleting", f"{NAMES}[0]")
    assert not museum.says(NAMES)
    museum.accepted("ods:adding", NAMES, named("Larix decidua"))
    assert museum.now(deletion).document["col:overlayState"] == "applied"
    assert str(deletion) in museum.now(museum.specimen).overlay
    museum.collection.harvest([row(1, recordedBy="B. Other"), row(2), row(3)], [image(1, "a")])
    (left,) = museum.says(NAMES)
    assert left["ods:hasTaxonIdentifications"][0]["dwc:scientificName"] == "Larix decidua"


def test_a_change_that_no_longer_fits_is_refused_with_the_reason(museum: Museum) -> None:
    pid = museum.propose("ods:adding", LOCALITY, "Tartu").pid
    museum.accepted("ods:adding", LOCALITY, "Tallinn")
    assert pid is not None
    with pytest.raises(Refused, match="something else"):
        museum.annotations.accept(pid, CLARA)
    assert state(museum, pid) == "pending" and museum.says(LOCALITY) == "Tallinn"


def test_a_path_follows_its_member_when_the_array_moved(museum: Museum) -> None:
    remark = f"{NAMES}[1]['dwc:identificationRemarks']"
    museum.accepted("ods:adding", NAMES, named("Larix decidua"))
    pid = museum.propose("ods:adding", remark, "by needles").required().pid
    assert pid is not None
    museum.accepted("ods:deleting", f"{NAMES}[0]")
    museum.annotations.accept(pid, CLARA)
    (left,) = museum.says(NAMES)
    assert left["ods:hasTaxonIdentifications"][0]["dwc:scientificName"] == "Larix decidua"
    assert left["dwc:identificationRemarks"] == "by needles"
    selector = museum.now(pid).document["oa:hasTarget"][0]["oa:hasSelector"][0]
    assert selector["ods:term"] == f"{NAMES}[0]['dwc:identificationRemarks']"


def test_a_later_change_of_the_same_place_takes_the_place_of_the_earlier(museum: Museum) -> None:
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    second = museum.accepted("oa:editing", COUNTRY, "Republic of Estonia")
    assert museum.now(museum.specimen).overlay == (str(second),)
    assert museum.now(first).document["col:overlayState"] == "dropped"
    assert museum.now(second).document["col:sourceValue"] == '"Estonia"', "what the source said"
    museum.annotations.withdraw(second, "No.", CLARA)
    assert museum.says(COUNTRY) == "Estonia"


def test_a_later_change_back_to_what_the_source_says_leaves_nothing_to_lay_again(
    museum: Museum,
) -> None:
    first = museum.accepted("oa:editing", COUNTRY, "Eesti")
    second = museum.accepted("oa:editing", COUNTRY, "Estonia")
    assert museum.says(COUNTRY) == "Estonia" and museum.now(museum.specimen).overlay == ()
    states = [museum.now(pid).document["col:overlayState"] for pid in (first, second)]
    assert states == ["dropped", "adopted"] and folded(museum, museum.specimen)
    museum.annotations.withdraw(second, "Never mind.", CLARA)
    assert museum.says(COUNTRY) == "Estonia"


# ── ends ─────────────────────────────────────────────────────────────────────────────────


def test_withdrawing_an_accepted_change_takes_it_back_in_a_new_version(museum: Museum) -> None:
    other = museum.accepted("ods:adding", LOCALITY, "Tartu")
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    decision = museum.annotations.withdraw(pid, "The label was misread.", CLARA)
    assert decision.target_version == 4 and state(museum, pid) == "withdrawn"
    assert museum.says(COUNTRY) == "Estonia" and museum.says(LOCALITY) == "Tartu"
    event = museum.now(museum.specimen)
    assert event.overlay == (str(other),) and folded(museum, museum.specimen)
    with pytest.raises(Tombstoned):
        museum.annotations.withdraw(pid, "Again.", CLARA)


@pytest.mark.parametrize(
    ("motivation", "path", "values"),
    [
        ("oa:editing", COUNTRY, ("Eesti",)),
        ("ods:adding", LOCALITY, ("Tartu",)),
        ("ods:adding", NAMES, (named("Larix"),)),
        ("ods:adding", "$['ods:hasCitations'][0]", ({"dcterms:bibliographicCitation": "x"},)),
        ("ods:deleting", f"{NAMES}[0]", ()),
        ("ods:deleting", COUNTRY, ()),
    ],
)
def test_every_change_can_be_taken_back(
    museum: Museum, motivation: str, path: str, values: tuple[object, ...]
) -> None:
    def content(event: Recorded) -> dict[str, object]:
        stamps = ("ods:version", "dcterms:modified")
        return {key: value for key, value in event.document.items() if key not in stamps}

    before = content(museum.now(museum.specimen))
    pid = museum.accepted(motivation, path, *values)
    assert content(museum.now(museum.specimen)) != before
    museum.annotations.withdraw(pid, "A rehearsal.", CLARA)
    assert content(museum.now(museum.specimen)) == before


def test_a_rejected_annotation_stays_on_record(museum: Museum) -> None:
    pid = proposed(museum)
    museum.annotations.reject(pid, CLARA, "no")
    with pytest.raises(Refused, match="rejected"):
        museum.annotations.withdraw(pid, "Never mind.", ANNA)


def test_a_superseded_annotation_leads_to_its_successor(museum: Museum) -> None:
    old, new = proposed(museum), proposed(museum, "Eesti Vabariik")
    museum.annotations.supersede(old, new, "Said better.", ANNA)
    assert state(museum, old) == "superseded" and museum.now(old).status is Status.TOMBSTONE
    assert museum.log.standing(old) == new
    museum.annotations.accept(new, CLARA)
    with pytest.raises(Refused, match="accepted"):
        museum.annotations.supersede(new, proposed(museum, "x"), "x", ANNA)


# ── many ─────────────────────────────────────────────────────────────────────────────────


def test_many_are_decided_each_by_itself(museum: Museum) -> None:
    first, second, rival = (
        proposed(museum),
        museum.accepted("ods:adding", LOCALITY, "Tartu"),
        proposed(museum, "X"),
    )
    nobody = Pid("20.5000.5072", "ZZZ-ZZZ-ZZZ")
    outcomes = museum.annotations.decide_many([first, second, nobody, rival], "accept", CLARA)
    assert [each.what for each in outcomes] == ["accepted", "refused", "refused", "refused"]
    assert all(told for each in outcomes[1:] for _, told in each.errors)
    (outcome,) = museum.annotations.decide_many([rival], "reject", CLARA, "One is enough.")
    assert outcome.what == "rejected"


def test_a_sure_proposal_may_be_approved_at_once_by_who_answers_for_it(museum: Museum) -> None:
    edit = draft("oa:editing", COUNTRY, "Eesti", of=museum.specimen)
    outcome = museum.annotations.propose(edit, BEN, accept_as=CLARA)
    assert outcome.what == "accepted" and museum.says(COUNTRY) == "Eesti"
    assert museum.annotations.propose(edit, BEN, accept_as=CLARA).what == "duplicate"
    comment = draft("oa:commenting", None, "x", of=museum.specimen)
    assert museum.annotations.propose(comment, BEN, accept_as=CLARA).what == "created"


def test_what_is_accepted_at_the_same_time_is_all_kept(museum: Museum) -> None:
    terms = ("county", "locality", "island", "municipality", "stateProvince", "continent")
    place = f"{EVENT}['ods:hasLocation']"
    made = [museum.propose("ods:adding", f"{place}['dwc:{term}']", term).pid for term in terms]
    pids = [pid for pid in made if pid is not None]
    failed: list[BaseException] = []

    def decide(pid: Pid) -> None:
        try:
            museum.annotations.accept(pid, CLARA)
        except Exception as broken:
            failed.append(broken)

    threads = [threading.Thread(target=decide, args=(pid,)) for pid in pids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and museum.versions() == 1 + len(terms)
    assert {term: museum.says(place).get(f"dwc:{term}") for term in terms} == {t: t for t in terms}
    assert set(museum.now(museum.specimen).overlay) == {str(pid) for pid in pids}
