"""Annotations as rows: found by what they say, at any time, and counted by what became of them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.follower import follow_once
from fdo.documents import canonical
from fdo.lifecycle import Register, Status
from handlers.curation import redacted
from handlers.projections.annotations import (
    AnnotationQuery,
    Annotations,
    AnnotationsIndex,
    Found,
    InvalidFilter,
)
from tests.handlers.projections.annotating import (
    ANNA,
    COUNTRY,
    MODEL,
    ROBOT,
    Annotating,
    a_rating,
    an_annotation,
    pid_of,
    robot,
)
from tests.handlers.projections.contract import ProjectionContract
from tests.handlers.projections.story import (
    AGENT,
    SOURCE,
    Repository,
    a_specimen,
    a_story,
    an_event,
)

ROR = "https://ror.org/00bv4cx53"


def annotated(told: Repository) -> Annotating:
    """Annotations of every kind on the specimens of the story."""
    told_of = Annotating(told)
    told_of.propose(1, an_annotation(told.pid(1)))
    told_of.propose(2, an_annotation(told.pid(6), creator=robot(), col_model=MODEL.iri))
    told_of.propose(3, an_annotation(told.pid(7), "Nice sheet", None, "oa:commenting"))
    told_of.propose(4, an_annotation(told.pid(8), "BE"))
    told_of.propose(5, an_annotation(told.pid(8), "DE"))
    told_of.propose(6, a_rating(pid_of(1), 4))
    told_of.propose(7, a_rating(pid_of(1), 2, robot()))
    told_of.decide(1, "Approved", col_overlayState="applied", col_sourceValue='"LU"')
    told_of.decide(2, "Rejected", "The label says LU.")
    told_of.withdraw(4)
    told_of.supersede(5, 1)
    return told_of


def everything(view: Path) -> Any:
    """All rows of all tables, with what full text finds."""
    connection = sqlite3.connect(view)
    rows = {
        table: sorted(map(repr, connection.execute(f"SELECT * FROM {table}")))
        for table in ("annotations", "names", "bodies")
    }
    rows["found"] = sorted(
        connection.execute('SELECT rowid FROM bodies WHERE bodies MATCH \'"fr" OR "nice"\'')
    )
    connection.close()
    return rows


class TestAnnotations(ProjectionContract):
    """The contract of all projections."""

    def open(self, folder: Path) -> AnnotationsIndex:
        return AnnotationsIndex(folder / "view.sqlite")

    def seen(self, projection: Any, folder: Path) -> Any:
        return everything(folder / "view.sqlite")

    @pytest.fixture
    def told(self, tmp_path: Path) -> Repository:
        repository = a_story(tmp_path / "log")
        annotated(repository)
        return repository


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Repository]:
    """A repository in which something of everything happened."""
    repository = a_story(tmp_path / "log")
    yield repository
    repository.objects.close()


@pytest.fixture
def followed(told: Repository, tmp_path: Path) -> Iterator[Callable[[], Annotations]]:
    """The view after all that was told so far."""
    reader = Annotations(tmp_path / "view.sqlite")

    def follow() -> Annotations:
        projection = AnnotationsIndex(tmp_path / "view.sqlite")
        while follow_once(told.log, [projection]):
            pass
        projection.close()
        return reader

    yield follow
    reader.close()


def asked(view: Annotations, as_of: int | None = None, **given: str) -> list[str]:
    """PIDs of the annotations that these parameters select, the oldest first."""
    query = AnnotationQuery.parse({"sort": ["oldest"], **{k: [v] for k, v in given.items()}})
    return [found.row.pid for found in view.find(query, as_of=as_of).found]


def numbers(*of: int) -> list[str]:
    return [str(pid_of(number)) for number in of]


def only(view: Annotations, number: int, as_of: int | None = None) -> Found:
    query = AnnotationQuery.parse({"pid": [str(pid_of(number))]})
    (found,) = view.find(query, as_of=as_of).found
    return found


def test_an_annotation_is_found_by_all_that_it_says(told, followed):
    annotated(told)
    view = followed()
    assert asked(view, target=told.pid(8).iri) == numbers(4, 5)
    assert asked(view, creator=ANNA, motivation="commenting") == numbers(3)
    assert asked(view, service=str(ROBOT)) == numbers(7, 2)
    assert asked(view, model=MODEL.iri) == asked(view, state="rejected") == numbers(2)
    assert asked(view, term="dwc:countryCode", state="accepted") == numbers(1)
    assert asked(view, term=COUNTRY.removeprefix("$"), state="accepted") == numbers(1)
    assert asked(view, dataset=SOURCE.iri, organisation=ROR, body="nice sh*") == numbers(3)
    assert asked(view, overlay="applied") == numbers(1)
    assert asked(view, state="withdrawn") == numbers(4)
    assert asked(view, state="superseded") == numbers(5)
    assert asked(view, organisation="https://ror.org/elsewhere") == []


def test_the_same_questions_are_answered_as_of_any_event(told, followed):
    story = annotated(told)
    proposed, decided = story.told.log.position(), story.propose(8, an_annotation(told.pid(2)))
    story.decide(8, "Rejected", "no")
    view = followed()
    assert asked(view, state="pending") == []
    assert asked(view, as_of=decided, state="pending") == numbers(8)
    assert asked(view, as_of=proposed, pid=str(pid_of(8))) == []
    first = min(found.row.position for found in view.find(AnnotationQuery()).found) - 20
    assert asked(view, as_of=max(first, 0)) == []


def test_what_a_proposal_would_replace_is_that_of_the_moment_when_it_was_made(told, followed):
    story = Annotating(told)
    story.propose(1, an_annotation(told.pid(1)))
    told.revise(1, a_specimen(1, ods_hasEvents=[an_event("CH")]))
    story.decide(1, "Approved")
    found = only(followed(), 1)
    assert (found.shown["was"], found.shown["proposed"]) == ('"LU"', '"FR"')
    assert (found.row.state, found.row.target_type) == ("accepted", "specimen")
    assert (found.shown["decidedByName"], found.row.creator_name) == ("Curator", "Anna")


def test_pages_neither_repeat_nor_miss_a_row_while_others_write(told, followed):
    story = Annotating(told)
    for number in range(1, 8):
        story.propose(number, an_annotation(told.pid(1), f"value {number}"))
    view = followed()
    for sort in ("newest", "oldest", "urgent"):
        query = AnnotationQuery.parse({"sort": [sort], "state": ["pending"]})
        page = view.find(query, limit=3)
        seen = [found.row.pid for found in page.found]
        story.decide(len(sort), "Rejected", "meanwhile")  # 6, 6 and once more
        view = followed()
        while page.next_cursor:
            page = view.find(query, page.next_cursor, limit=3)
            seen += [found.row.pid for found in page.found]
        assert sorted(seen) == sorted(set(seen))
        assert len(seen) == page.total


def test_a_cursor_belongs_to_its_question(told, followed):
    annotated(told)
    view = followed()
    page = view.find(AnnotationQuery(), limit=1)
    other = AnnotationQuery.parse({"state": ["pending"]})
    with pytest.raises(InvalidFilter, match="another query"):
        view.find(other, page.next_cursor)
    for junk in ("", "x", "W10", "é", "WzEsMiwzXQ"):
        if junk:
            with pytest.raises(InvalidFilter):
                view.find(AnnotationQuery(), junk)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "red"), ("target", "not a pid"), ("state", "lost"), ("term", "$['a"),
        ("since", "yesterday"), ("until", "2026-02-30"), ("since", "2999-01-01"),
        ("until", "2999-01-01T00:00:00Z"), ("severity", "fatal"), ("body", "***"),
        ("overlay", "x"), ("sort", "random"), ("motivation", "hating"), ("body", "x" * 2001),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_by_name(name, value):
    with pytest.raises(InvalidFilter) as refused:
        AnnotationQuery.parse({name: [value]})
    assert refused.value.details["parameter"] == name


def test_words_never_become_syntax_of_the_full_text(told, followed):
    annotated(told)
    view = followed()
    for hostile in ('" OR 1', "a NEAR b", "body: x", "nice) OR (sheet", "-nice ^sheet"):
        asked(view, body=hostile)
    assert asked(view, body='nice" AND "sheet') == []
    assert asked(view, body='"nice" (sheet)') == numbers(3)


def test_equal_proposals_are_one_group(told, followed):
    story = Annotating(told)
    for number in (1, 6, 7, 8):
        story.propose(number, an_annotation(told.pid(number)))
    story.propose(9, an_annotation(told.pid(8), "Nice", "$['dwc:collectionCode']"))
    story.propose(10, an_annotation(told.pid(5)))  # is from France already: replaces another value
    pending = AnnotationQuery.parse({"state": ["pending"]})
    groups = followed().groups(pending)
    assert [(group.count, group.severity) for group in groups.groups] == [(4, 0), (1, 0), (1, 1)]
    largest = groups.groups[0]
    assert set(largest.sample) == set(numbers(1, 6, 7, 8))
    assert asked(followed(), group=largest.key) == numbers(1, 6, 7, 8)
    page = followed().groups(pending, offset=1, limit=1)
    assert (len(page.groups), page.total, page.next_offset) == (1, 3, 2)
    assert followed().groups(pending, offset=2).next_offset is None


def test_what_is_urgent_comes_first(told, followed):
    story = Annotating(told)
    story.propose(1, an_annotation(told.pid(1), "x", "$['dwc:newTerm']", "ods:adding"))
    story.propose(2, an_annotation(told.pid(1), "y", "$['dwc:collectionCode']"))
    story.propose(3, an_annotation(told.pid(1)))
    story.propose(4, an_annotation(told.pid(1), "z", "$['dwc:preparations']", col_severity="high"))
    story.propose(5, an_annotation(told.pid(1), "GLASS", "$['dwc:disposition']"))
    story.decide(5, "Approved", col_overlayState="conflict")
    query = AnnotationQuery.parse({"sort": ["urgent"]})
    found = followed().find(query).found
    assert [each.row.pid for each in found] == numbers(3, 4, 5, 2, 1)
    assert asked(followed(), severity="low") == numbers(1)


def test_of_each_rater_the_last_word_counts_and_earlier_days_had_others(told, followed):
    story = Annotating(told)
    story.propose(1, an_annotation(told.pid(1)))
    story.propose(2, a_rating(pid_of(1), 5))
    early = story.propose(3, a_rating(pid_of(1), 2, robot()))
    story.propose(4, a_rating(pid_of(1), 1))
    story.propose(5, an_annotation(pid_of(1), "7", None, "oa:assessing"))  # no rating: text
    view = followed()
    assert (only(view, 1).rating, only(view, 1).ratings) == (1.5, 2)
    assert (only(view, 1, early).rating, only(view, 1, early).ratings) == (3.5, 2)
    story.withdraw(3)
    assert (only(followed(), 1).rating, only(followed(), 1).ratings) == (1.0, 1)


def test_an_annotation_on_an_annotation_belongs_to_the_dataset_of_its_object(told, followed):
    story = Annotating(told)
    story.propose(1, an_annotation(told.pid(1)))
    story.propose(2, an_annotation(pid_of(1), "I doubt it", None, "oa:replying"))
    assert asked(followed(), dataset=str(SOURCE), organisation=ROR) == numbers(1, 2)


def test_counts_tell_what_became_of_the_proposals_of_each(told, followed):
    annotated(told)
    view = followed()
    (service,) = view.tallies("service", AnnotationQuery())
    assert (service.value, service.name, service.proposed) == (str(ROBOT), "label-ocr", 1)
    assert (service.rejected, service.acceptance, service.standing) == (1, 0.0, 1)
    by_creator = {tally.value: tally for tally in view.tallies("creator", AnnotationQuery())}
    anna = by_creator[ANNA]
    assert (anna.proposed, anna.accepted, anna.withdrawn, anna.superseded) == (3, 1, 1, 1)
    assert (anna.pending, anna.acceptance, anna.standing) == (0, 1.0, 2)
    (model,) = view.tallies("model", AnnotationQuery())
    assert (model.value, model.proposed) == (str(MODEL), 1)
    assert view.states(AnnotationQuery()) == {
        "accepted": 1, "rejected": 1, "standing": 3, "superseded": 1, "withdrawn": 1,
    }  # fmt: skip


def test_an_erasure_of_the_annotation_leaves_no_word_of_it(told, followed, tmp_path):
    story = annotated(told)
    followed()
    pid = pid_of(3)
    (version,) = story.told.log.history(pid)
    story.told.objects.erase(
        pid, [version.position], {version.position: canonical(redacted(version.document))},
        AGENT, reason="asked by the person",
    )  # fmt: skip
    view = followed()
    assert asked(view, body="nice") == []
    assert only(view, 3).row.creator_name == ""
    _same_as_rebuilt(told, tmp_path)
    raw = b"".join(file.read_bytes() for file in tmp_path.glob("view.sqlite*"))
    assert b"Nice sheet" not in raw
    assert b"nice" not in raw


def test_an_erasure_of_the_target_takes_the_value_that_would_be_replaced(told, followed, tmp_path):
    story = Annotating(told)
    draft = a_specimen(1, dwc_preparations="a secret place")
    told.revise(1, draft)
    story.propose(1, an_annotation(told.pid(1), "sheet", "$['dwc:preparations']"))
    story.propose(2, an_annotation(pid_of(1), "I doubt it", None, "oa:replying"))
    assert only(followed(), 1).shown["was"] == '"a secret place"'
    target = told.log.latest(told.pid(1))
    told.objects.erase(
        told.pid(1), [target.position],
        {target.position: canonical(redacted(target.document))}, AGENT, reason="asked",
    )  # fmt: skip
    found = only(followed(), 1)
    assert "was" not in found.shown
    assert found.row.organisation == ROR
    _same_as_rebuilt(told, tmp_path)
    assert b"a secret place" not in (tmp_path / "view.sqlite").read_bytes()


def _same_as_rebuilt(told: Repository, folder: Path) -> None:
    rebuilt = AnnotationsIndex(folder / "rebuilt" / "view.sqlite")
    rebuilt.apply(told.events(), told.log)
    rebuilt.close()
    assert everything(folder / "rebuilt" / "view.sqlite") == everything(folder / "view.sqlite")


def test_a_draft_is_nobodys_business(told, followed):
    stamp = told._stamped(an_annotation(told.pid(1)), pid_of(1))
    told._do(Register(stamp, Status.DRAFT), pid_of(1), "annotation")
    assert asked(followed()) == []


def test_annotations_of_objects_are_listed_with_theirs_of_their_media(told, followed):
    story = annotated(told)
    story.propose(20, an_annotation(told.pid(50), "blurred", None, "oa:commenting"))
    found = followed().of_objects([str(told.pid(7)), str(told.pid(50))], 10)
    assert [each.row.pid for each in found] == numbers(20, 3)
    assert followed().of_objects([str(pid_of(1))], 10) == []  # ratings stand in the mean


DEEDS = ("propose", "remark", "approve", "reject", "withdraw", "supersede", "revise")


@given(
    st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(1, 4)), min_size=1, max_size=20),
    st.integers(1, 7),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_after_every_event_the_view_says_what_a_fold_says(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[tuple[str, int]], section: int
):
    told = Repository(tmp_path_factory.mktemp("log"))
    for number in range(1, 5):
        told.register(number, a_specimen(number))
    story, states, expected = Annotating(told), dict[int, str](), dict[int, dict[str, str]]()
    for deed, number in deeds:
        before = told.log.position()
        _carried_out(story, states, deed, number)
        if told.log.position() > before:
            expected[told.log.position()] = {str(pid_of(n)): s for n, s in states.items()}
    folder = tmp_path_factory.mktemp("view")
    projection = AnnotationsIndex(folder / "view.sqlite")
    while follow_once(told.log, [projection], section):
        pass
    projection.close()
    view = Annotations(folder / "view.sqlite")
    for position, folded in expected.items():
        page = view.find(AnnotationQuery(), as_of=position)
        assert {found.row.pid: found.row.state for found in page.found} == folded
        assert view.states(AnnotationQuery(), position) == dict(Counter(folded.values()))
    view.close()
    told.objects.close()


def _carried_out(story: Annotating, states: dict[int, str], deed: str, number: int) -> None:
    """Do it where the life of an annotation allows it, and note the state that follows."""
    state, target = states.get(number), story.told.pid(number)
    if deed in ("propose", "remark") and state is None:
        motivation = "oa:editing" if deed == "propose" else "oa:commenting"
        story.propose(number, an_annotation(target, f"v{number}", motivation=motivation))
        states[number] = "pending" if deed == "propose" else "standing"
    elif deed in ("approve", "reject") and state == "pending":
        story.decide(number, "Approved" if deed == "approve" else "Rejected", "because")
        states[number] = "accepted" if deed == "approve" else "rejected"
    elif deed == "revise" and state is None:
        story.told.revise(number, a_specimen(number, dwc_preparations=f"{len(states)}"))
    elif deed in ("withdraw", "supersede") and state not in (None, "withdrawn", "superseded"):
        others = [n for n, s in states.items() if n != number and s in ("standing", "pending")]
        if deed == "supersede" and others:
            story.supersede(number, others[0])
            states[number] = "superseded"
        else:
            story.withdraw(number)
            states[number] = "withdrawn"
