"""What is proposed is completed, checked, and recorded once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from eventstore.application import Change
from eventstore.envelope import iso
from fdo.annotation.identity import content_key
from fdo.errors import AlreadyRegistered, InvalidDocument, Refused, VersionConflict
from fdo.identifiers import Pid
from fdo.lifecycle import Note, Register, Status, decide, stamped
from handlers.annotations import Annotations, Outcome, changed_since, made_on
from ontologies.schemas import explain
from tests.fdo.annotation.saying import COUNTRY, NAMES, named, note
from tests.handlers.annotations.museum import ANNA, BEN, CLARA, Museum, draft
from tests.handlers.harvest.collection import CLOSED, image, row


@pytest.fixture
def museum(tmp_path: Path) -> Museum:
    return Museum(tmp_path)


def test_a_proposed_change_is_an_object_that_waits_for_a_decision(museum: Museum) -> None:
    outcome = museum.propose("oa:editing", COUNTRY.removeprefix("$"), "Eesti").required()
    assert outcome.pid is not None
    event = museum.now(outcome.pid)
    document = event.document
    assert (event.type, event.version, event.position) == ("annotation", 1, outcome.position)
    assert event.status is Status.ACTIVE and not explain("annotation", document)
    assert document["ods:mergingDecisionStatus"] == "Pending"
    assert document["oa:hasTarget"][0]["oa:hasSelector"][0]["ods:term"] == COUNTRY
    assert document["oa:hasTarget"][0]["ods:fdoType"].endswith("894b1e6cad57e921764e")
    assert document["dcterms:creator"][0]["schema:identifier"] == ANNA.id
    assert event.used == (museum.specimen.version_iri(1),)
    assert museum.versions() == 1


def test_a_comment_stands_without_a_decision(museum: Museum) -> None:
    pid = museum.propose("oa:commenting", None, "A fine sheet").pid
    assert pid is not None and "ods:mergingDecisionStatus" not in museum.now(pid).document


def test_what_only_the_repository_says_is_not_taken_from_a_draft(museum: Museum) -> None:
    forged = draft("oa:editing", COUNTRY, "Eesti", of=museum.specimen) | {
        "@id": "https://hdl.handle.net/20.5000.5072/AAA-AAA-AAA",
        "ods:version": 7,
        "ods:mergingDecisionStatus": "Approved",
        "col:contentKey": "0" * 64,
        "col:overlayState": "applied",
    }
    pid = museum.annotations.propose(forged, ANNA).required().pid
    assert pid is not None
    document = museum.now(pid).document
    assert document["@id"] == pid.iri and document["ods:version"] == 1
    assert document["ods:mergingDecisionStatus"] == "Pending"
    assert (
        document["col:contentKey"] == content_key(document) and "col:overlayState" not in document
    )


# ── duplicates ───────────────────────────────────────────────────────────────────────────


def test_what_was_said_before_is_a_duplicate_that_names_it(museum: Museum) -> None:
    first = museum.propose("oa:editing", COUNTRY, "Eesti")
    again = museum.propose("oa:editing", COUNTRY, "Eesti")
    assert (again.what, again.pid) == ("duplicate", first.pid)
    assert museum.propose("oa:editing", COUNTRY, "Eesti", by=BEN).what == "created"
    assert museum.propose("oa:editing", COUNTRY, "EESTI").what == "created"
    with pytest.raises(AlreadyRegistered):
        again.required()


@pytest.mark.parametrize("end", ["reject", "withdraw"])
def test_what_was_rejected_or_withdrawn_is_not_said_again(museum: Museum, end: str) -> None:
    pid = museum.propose("oa:editing", COUNTRY, "Eesti").pid
    assert pid is not None
    if end == "reject":
        museum.annotations.reject(pid, CLARA, "The label says Estonia.")
    else:
        museum.annotations.withdraw(pid, "A slip.", ANNA)
    again = museum.propose("oa:editing", COUNTRY, "Eesti")
    assert (again.what, again.pid) == ("duplicate", pid)


def test_scores_jobs_and_times_do_not_make_another_annotation() -> None:
    one = note("oa:commenting", None, "Abies")
    other = note("oa:commenting", None, "Abies", **{"ods:jobID": "https://hdl.handle.net/1/2"})
    other["oa:hasBody"][0] |= {"ods:score": 0.5, "dcterms:created": "2026-01-01T00:00:00.000Z"}
    assert content_key(one) == content_key(other)
    other["oa:hasBody"][0]["dcterms:language"] = ["la"]
    assert content_key(one) != content_key(other)


def test_one_transaction_for_many_good_ones_and_a_word_on_each_other(museum: Museum) -> None:
    good = draft("oa:editing", COUNTRY, "Eesti", of=museum.specimen)
    nobody = Pid("10.5072", "ZZZ-ZZZ-ZZZ")
    drafts = [
        good,
        draft("oa:editing", "$['dwc:nonsense']", "x", of=museum.specimen),
        good,
        draft("oa:commenting", None, "x", of=nobody),
        {"oa:motivatedBy": ["oa:commenting"], "oa:hasTarget": ["https://example.org/page"]},
        {"oa:motivatedBy": ["oa:commenting"]},
        draft("oa:commenting", None, "A note", of=museum.other),
    ]
    outcomes = museum.annotations.propose_many(drafts, ANNA)
    assert [each.what for each in outcomes] == [
        "created", "refused", "duplicate", "refused", "refused", "refused", "created",
    ]  # fmt: skip
    assert outcomes[2].pid == outcomes[0].pid
    assert outcomes[6].position == outcomes[0].position + 1
    assert "No object bears the PID 10.5072/ZZZ-ZZZ-ZZZ" in outcomes[3].errors[0][1]
    assert "first target is an object of this repository" in outcomes[4].errors[0][1]
    with pytest.raises(InvalidDocument):
        outcomes[1].required()


def test_what_goes_beside_stands_or_falls_with_them(museum: Museum) -> None:
    def completed() -> Change:
        known, issue = museum.objects.state(museum.other)
        assert known is not None
        (fact,) = decide(known, Note("MediaChecked", {"ok": True}))
        return Change(known.pid, known.type, fact, known, issue, new_claims=("job:1",))

    first = draft("oa:commenting", None, "one", of=museum.specimen)
    (outcome,) = museum.annotations.propose_many([first], ANNA, beside=[completed()])
    assert museum.log.position() == outcome.position + 1
    second = draft("oa:commenting", None, "two", of=museum.specimen)
    before = museum.log.position()
    with pytest.raises(AlreadyRegistered, match="job:1"):
        museum.annotations.propose_many([second], ANNA, beside=[completed()])
    assert museum.log.position() == before
    assert museum.annotations.propose_many([], ANNA) == []


def test_each_may_have_a_cause_of_its_own(museum: Museum) -> None:
    drafts = [draft("oa:commenting", None, text, of=museum.specimen) for text in ("one", "two")]
    outcomes = museum.annotations.propose_many(drafts, ANNA, cause=[3, None])
    assert [museum.log.event(each.position).cause for each in outcomes] == [3, None]


def test_two_who_say_the_same_at_once_make_one_annotation(museum: Museum) -> None:
    drafts = [draft("oa:commenting", None, str(number), of=museum.specimen) for number in range(40)]
    found: list[list[str]] = []

    def send() -> None:
        outcomes = museum.annotations.propose_many(drafts, ANNA)
        found.append([str(each.pid) for each in outcomes])

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3 and found[0] == found[1] == found[2] and len(set(found[0])) == 40


def test_shapes_that_reject_are_asked_too(museum: Museum) -> None:
    place = "$['ods:hasEvents'][0]['ods:hasLocation']['ods:hasGeoreference']"
    half = draft("ods:adding", place, {"dwc:decimalLatitude": 58.4}, of=museum.specimen)
    strict = Annotations(museum.objects, frozenset({"specimen"}))
    outcome = strict.propose(half, ANNA)
    assert outcome.what == "refused" and "One coordinate alone" in outcome.errors[0][1]
    pid = museum.annotations.propose(half, ANNA).required().pid
    assert pid is not None
    with pytest.raises(InvalidDocument, match="One coordinate alone"):
        strict.accept(pid, CLARA)
    assert museum.annotations.accept(pid, CLARA).target_version == 2


# ── targets ──────────────────────────────────────────────────────────────────────────────


def test_what_is_not_public_is_not_annotated(museum: Museum) -> None:
    museum.collection.harvest([row(1, license=CLOSED), row(2), row(3)], [image(1, "a", CLOSED)])
    for pid in (museum.specimen, museum.medium):
        outcome = museum.propose("oa:commenting", None, "x", of=pid)
        assert outcome.what == "refused" and "pid-only" in outcome.errors[0][1]


def test_further_targets_are_checked_too(museum: Museum) -> None:
    said = draft("oa:linking", None, of=museum.specimen)
    for source, selector, told in (
        (museum.other.version_iri(9), None, "has no version 9"),
        (museum.other.iri, {"@type": "ods:TermSelector", "ods:term": "$['dwc:x']"}, "dwc:x"),
        (museum.other.iri, {"@type": "oa:FragmentSelector", "rdf:value": "xywh=0,0,1,1"}, "image"),
        ("https://doi.org/10.5072/ZZZ-ZZZ-ZZZ", None, "No object bears"),
        (museum.other.version_iri(1), None, ""),
        ("https://doi.org/10.1234/of-others", None, ""),
    ):
        other = {"@type": "oa:SpecificResource", "oa:hasSource": source}
        other |= {"oa:hasSelector": [selector]} if selector else {}
        outcome = museum.annotations.propose(
            said | {"oa:hasTarget": [*said["oa:hasTarget"], other]}, ANNA
        )
        assert outcome.what == ("refused" if told else "created"), source
        assert all(told in why and at.startswith("/oa:hasTarget/1") for at, why in outcome.errors)


def test_a_draft_is_no_object_that_can_be_annotated(museum: Museum) -> None:
    pid = museum.objects.reserve("specimen")
    document = museum.now(museum.specimen).document | {"ods:normalisedPhysicalSpecimenID": "X:1"}
    hidden = Register(stamped(document, pid, 1, modified="2026-03-01T12:00:00.000Z"), Status.DRAFT)
    museum.objects.handle(hidden, pid=pid, kind="specimen", by=CLARA)
    outcome = museum.propose("oa:commenting", None, "x", of=pid)
    assert outcome.errors == (("/oa:hasTarget/0/oa:hasSource", f"No object bears the PID {pid}."),)


def test_an_annotation_is_checked_against_the_version_that_it_names(museum: Museum) -> None:
    museum.collection.harvest([row(1, country=""), row(2), row(3)], [image(1, "a")])
    assert museum.propose("oa:editing", COUNTRY, "Eesti").what == "refused"
    first = draft("oa:editing", COUNTRY, "Eesti", of=museum.specimen)
    first["oa:hasTarget"][0]["oa:hasSource"] = museum.specimen.version_iri(1)
    outcome = museum.annotations.propose(first, ANNA).required()
    assert outcome.pid is not None
    source = made_on(museum.log, outcome.pid)
    assert source is not None and (source.pid, source.version) == (museum.specimen, 1)
    unknown = draft("oa:commenting", None, "x", of=museum.specimen)
    unknown["oa:hasTarget"][0]["oa:hasSource"] = museum.specimen.version_iri(9)
    assert "has no version 9" in museum.annotations.propose(unknown, ANNA).errors[0][1]


def test_an_annotation_is_checked_against_the_time_that_it_names(museum: Museum) -> None:
    recorded = iso(museum.now(museum.specimen).recorded_at)
    museum.collection.harvest([row(1, country=""), row(2), row(3)], [image(1, "a")])
    then = draft("oa:editing", COUNTRY, "Eesti", of=museum.specimen)
    then["oa:hasTarget"][0]["oa:hasState"] = [{"@type": "oa:TimeState", "oa:sourceDate": recorded}]
    outcome = museum.annotations.propose(then, ANNA).required()
    assert outcome.pid is not None
    assert museum.now(outcome.pid).used == (museum.specimen.version_iri(1),)
    then["oa:hasTarget"][0]["oa:hasState"][0]["oa:sourceDate"] = "1999-01-01T00:00:00Z"
    assert museum.annotations.propose(then, ANNA).what == "refused"


def test_of_a_span_its_end_is_meant(museum: Museum) -> None:
    first = iso(museum.now(museum.specimen).recorded_at)
    museum.collection.harvest([row(1, country=""), row(2), row(3)], [image(1, "a")])
    last = iso(museum.now(museum.specimen).recorded_at)

    def about(end: str) -> Outcome:
        said = draft("oa:editing", COUNTRY, "Eesti", of=museum.specimen)
        span = {"oa:sourceDateStart": "1999-01-01T00:00:00Z", "oa:sourceDateEnd": end}
        said["oa:hasTarget"][0]["oa:hasState"] = [{"@type": "oa:TimeState", **span}]
        return museum.annotations.propose(said, ANNA)

    assert about(last).what == "refused"  # there is no country to edit any more
    pid = about(first).required().pid
    assert pid is not None
    assert museum.now(pid).used == (museum.specimen.version_iri(1),)


def test_an_annotation_tells_whether_its_place_has_changed_since(museum: Museum) -> None:
    of_place = museum.propose("oa:commenting", COUNTRY, "Is it?").pid
    of_all = museum.propose("oa:commenting", None, "Is it?").pid
    of_image = museum.propose("oa:commenting", None, "Is it?", of=museum.medium).pid
    quoting = draft("oa:commenting", None, "Is it?", of=museum.specimen)
    quote = {"@type": "oa:TextQuoteSelector", "oa:exact": "TU-1"}
    quoting["oa:hasTarget"][0]["oa:hasSelector"] = [quote]
    of_words = museum.annotations.propose(quoting, ANNA).pid

    def changed(pid: Pid | None) -> bool:
        assert pid is not None
        since = changed_since(museum.now(pid), museum.log)
        assert since is not None and since.made_on == 1
        return since.changed

    assert not changed(of_place) and not changed(of_all) and not changed(of_words)
    museum.collection.harvest([row(1, recordedBy="B. Other"), row(2), row(3)], [image(1, "a")])
    assert not changed(of_place) and changed(of_all) and not changed(of_image)
    assert changed(of_words)
    museum.collection.harvest([row(1, country="Latvia"), row(2), row(3)], [image(1, "a")])
    assert changed(of_place)


def test_of_several_targets_the_one_that_changed_is_told(museum: Museum) -> None:
    said = draft("oa:linking", None, of=museum.specimen)
    other = draft("oa:linking", COUNTRY, of=museum.other)["oa:hasTarget"]
    said["oa:hasTarget"] += ["https://example.org/page", *other]
    pid = museum.annotations.propose(said, ANNA).required().pid
    assert pid is not None
    first, second = museum.specimen.version_iri(1), museum.other.version_iri(1)
    assert museum.now(pid).used == (first, second)

    def since() -> tuple[Pid, bool] | None:
        found = changed_since(museum.now(pid), museum.log)
        return found and (found.target, found.changed)

    assert since() == (museum.specimen, False)
    museum.collection.harvest([row(1), row(2, recordedBy="B. Other"), row(3)], [image(1, "a")])
    assert since() == (museum.specimen, False)  # the country of the other one is as it was
    museum.collection.harvest([row(1), row(2, country="Latvia"), row(3)], [image(1, "a")])
    assert since() == (museum.other, True)


# ── revisions ────────────────────────────────────────────────────────────────────────────


def test_a_revision_is_a_new_version_of_the_same_annotation(museum: Museum) -> None:
    pid = museum.propose("oa:editing", COUNTRY, "Eesti").pid
    assert pid is not None
    new = draft("oa:editing", COUNTRY, "Eesti Vabariik", of=museum.specimen)
    outcome = museum.annotations.revise(pid, new, ANNA, expected=1)
    assert (outcome.what, outcome.version) == ("revised", 2)
    assert museum.annotations.revise(pid, new, ANNA).what == "unchanged"
    assert museum.propose("oa:editing", COUNTRY, "Eesti Vabariik").pid == pid
    back = draft("oa:editing", COUNTRY, "Eesti", of=museum.specimen)
    assert museum.annotations.revise(pid, back, ANNA).version == 3
    with pytest.raises(VersionConflict):
        museum.annotations.revise(pid, new, ANNA, expected=1)


def test_a_revision_keeps_its_object_and_does_not_follow_a_decision(museum: Museum) -> None:
    pid = museum.propose("oa:editing", COUNTRY, "Eesti").pid
    assert pid is not None
    with pytest.raises(Refused, match="keeps its object"):
        museum.annotations.revise(pid, draft("oa:editing", COUNTRY, "x", of=museum.other), ANNA)
    other = museum.propose("oa:editing", COUNTRY, "Estland")
    same = draft("oa:editing", COUNTRY, "Estland", of=museum.specimen)
    assert museum.annotations.revise(pid, same, ANNA).pid == other.pid
    museum.annotations.accept(pid, CLARA)
    with pytest.raises(Refused, match="accepted"):
        museum.annotations.revise(pid, draft("oa:editing", COUNTRY, "x", of=museum.specimen), ANNA)


def test_a_draft_can_be_examined_without_a_trace(museum: Museum) -> None:
    before = museum.log.position()
    good = draft("ods:adding", NAMES, named("Abies"), of=museum.specimen)
    assert museum.annotations.examine(good, ANNA).what == "created"
    bad = draft("ods:adding", NAMES, "no node", of=museum.specimen)
    assert museum.annotations.examine(bad, ANNA).what == "refused"
    assert museum.log.position() == before


@pytest.mark.parametrize(
    "broken",
    [
        {"oa:hasTarget": "x"},
        {"oa:hasTarget": [5]},
        {"oa:hasTarget": [None]},
        {"oa:hasTarget": [{"oa:hasSource": 5}]},
        {"oa:hasTarget": [{"oa:hasSource": "https://doi.org/10.5072/ABC-DEF-123/99999999999"}]},
        {"oa:motivatedBy": [{}]},
        {"oa:motivatedBy": "oa:editing"},
        {"oa:hasBody": [[]]},
        {"oa:hasBody": [{"@type": "oa:TextualBody", "rdf:value": 5}]},
        {"dcterms:creator": ["x"]},
        {"unknown": 1},
    ],
)
def test_what_is_no_annotation_is_refused_in_words(
    museum: Museum, broken: dict[str, object]
) -> None:
    sent = draft("oa:commenting", None, "x", of=museum.specimen) | broken
    outcome = museum.annotations.propose(sent, ANNA)
    assert outcome.what == "refused" and all(told for _, told in outcome.errors)


def test_a_draft_that_is_nested_without_end_is_refused(museum: Museum) -> None:
    deep: list[object] = []
    for _ in range(900):
        deep = [deep]
    for term in ("oa:hasBody", "oa:hasTarget", "unknown"):
        sent = draft("oa:commenting", None, "x", of=museum.specimen) | {term: [{"x": deep}]}
        outcome = museum.annotations.propose(sent, ANNA)
        assert "levels deep" in outcome.errors[0][1]
