"""Which values changed, who changed them, when they were held: equal to what the documents say."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventstore.envelope import Recorded
from eventstore.follower import Projection
from fdo.documents import canonical, essence
from fdo.errors import Unavailable
from fdo.lifecycle import Status
from fdo.mids import assess
from fdo.representations.fragments import node_at
from handlers.projections.terms import (
    HELD,
    Terms,
    TermsReader,
    UnknownTerm,
    Wanted,
    differences,
    held_path,
)
from handlers.verification import table_digests
from ontologies.terms import DOCUMENT_TERMS, Kind
from tests.handlers.projections.contract import ProjectionContract
from tests.handlers.projections.story import (
    AGENT,
    Repository,
    a_medium,
    a_specimen,
    a_story,
    an_event,
    an_identification,
)

EVERYTHING = Wanted()


class TestTerms(ProjectionContract):
    """The contract of all projections."""

    def open(self, folder: Path) -> Projection:
        return Terms(folder / "view.sqlite")

    def seen(self, projection: Projection, folder: Path) -> Any:
        assert isinstance(projection, Terms)
        return table_digests(projection.connection)


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Repository]:
    repository = Repository(tmp_path / "log")
    repository.source()
    yield repository
    repository.objects.close()


def read(told: Repository, folder: Path) -> TermsReader:
    """The reader of a view brought to the head of the log."""
    view = Terms(folder / "terms" / "view.sqlite")
    view.apply(told.events(), told.log)
    view.close()
    return TermsReader(folder / "terms" / "view.sqlite")


# ── comparing documents ──────────────────────────────────────────────────────────────────

_words = st.sampled_from(["a", "b", "", "é"])
_taxon = st.fixed_dictionaries(
    {}, optional={"dwc:family": _words, "dwc:genus": _words, "@type": st.just("ods:Taxon")}
)
_documents = st.fixed_dictionaries(
    {"@id": st.just("https://doi.org/10.5072/AAA-BBB-001")},
    optional={
        "ods:midsLevel": st.integers(0, 3),
        "ods:status": st.sampled_from(["Active", "Tombstone"]),
        "dcterms:modified": _words,
        "dwc:year": st.sampled_from([1, 2]),
        "ods:isMarkedAsType": st.booleans(),
        "ods:metadataLanguages": st.lists(_words, max_size=3),
        "ods:hasEvents": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "dwc:eventDate": _words,
                    "ods:hasLocation": st.fixed_dictionaries({}, optional={"dwc:country": _words}),
                },
            ),
            max_size=3,
        ),
        "ods:hasIdentifications": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "dwc:typeStatus": _words,
                    "ods:hasTaxonIdentifications": st.lists(_taxon, max_size=2),
                },
            ),
            max_size=3,
        ),
    },
)


def leaves(document: dict[str, Any]) -> Counter[tuple[str, str]]:
    """Every (term path, value) of a document, without types, counted by hand."""
    found: Counter[tuple[str, str]] = Counter()

    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                if key != "@type":
                    walk(value, f"{path}/{key}" if path else key)
        elif isinstance(node, list):
            for item in node:
                walk(item, path)
        else:
            found[path, node if isinstance(node, str) else canonical(node).decode()] += 1

    kept = essence(document)
    kept.pop("ods:status", None)
    walk(kept, "")
    return found


@given(_documents, _documents)
@settings(max_examples=150, deadline=None)
def test_differences_are_what_the_leaves_of_both_documents_say(
    before: dict[str, Any], after: dict[str, Any]
):
    found = differences(before, after)
    net: Counter[tuple[str, str]] = Counter()
    for each in found:
        if each.new is not None:
            net[each.term, each.new] += 1
        if each.old is not None:
            net[each.term, each.old] -= 1
    expected = leaves(after)
    expected.subtract(leaves(before))
    assert {k: n for k, n in net.items() if n} == {k: n for k, n in expected.items() if n}
    for each in found:
        where, value = (before, each.old) if each.new is None else (after, each.new)
        node = node_at(where, each.fragment)
        assert node is not None
        stated = node[each.term.rpartition("/")[2]]
        members = stated if isinstance(stated, list) else [stated]
        assert value in [v if isinstance(v, str) else canonical(v).decode() for v in members]


def test_equal_documents_have_no_differences_and_a_moved_node_is_none():
    one, other = an_identification("Abies alba"), an_identification("Larix decidua")
    before = a_specimen(1, ods_hasIdentifications=[one, other])
    assert differences(before, before) == []
    assert differences(before, a_specimen(1, ods_hasIdentifications=[other, one])) == []


def test_a_changed_value_in_the_second_node_names_its_fragment():
    (found,) = differences(
        a_specimen(1, ods_hasEvents=[an_event("LU"), an_event("BE")]),
        a_specimen(1, ods_hasEvents=[an_event("LU"), an_event("FR")]),
    )
    assert (found.term, found.fragment, found.kind) == (
        "ods:hasEvents/ods:hasLocation/dwc:countryCode", "event-2-location", "changed",
    )  # fmt: skip
    assert (found.old, found.new) == ("BE", "FR")


def test_a_change_inside_of_json_that_is_kept_whole_belongs_to_the_node_that_bears_it():
    key = next(key for key, term in DOCUMENT_TERMS.items() if term.kind is Kind.JSON)
    (found,) = differences({key: {"a": {"b": 1}}}, {key: {"a": {"b": 2}}})
    assert (found.term, found.fragment, found.old) == (f"{key}/a/b", "", "1")


# ── rows against consecutive documents ───────────────────────────────────────────────────

_steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "tombstone", "withhold"]),
        st.integers(1, 3),
        st.sampled_from(["Botany", "Zoology", None]),
        st.sampled_from(["LU", "BE"]),
    ),
    max_size=14,
)


def _said(versions: list[Recorded]) -> list[tuple[int, str, str | None, str | None]]:
    """(position, term, old, new) by comparing the documents of one object by hand."""
    rows: list[tuple[int, str, str | None, str | None]] = []
    public: Recorded | None = None
    for place, event in enumerate(versions):
        before = versions[place - 1] if place else None
        if before is not None and before.status is not event.status:
            rows.append((event.position, "ods:status", before.status, event.status))
        if event.status is not Status.ACTIVE:
            continue
        if public is not None:
            old, new = assess(public.document).level, assess(event.document).level
            if old != new:
                rows.append((event.position, "ods:midsLevel", str(old), str(new)))
            was, now = leaves(public.document), leaves(event.document)
            for path in sorted({p for p, _ in was | now}):
                left = [v for (p, v) in was - now if p == path]
                right = [v for (p, v) in now - was if p == path]
                if left or right:
                    rows.append((event.position, path, *(left or [None]), *(right or [None])))
        public = event
    return rows


@given(steps=_steps, size=st.integers(1, 6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_rows_and_spans_equal_the_comparison_of_consecutive_documents(
    steps: list[tuple[Any, ...]], size: int
):
    with tempfile.TemporaryDirectory() as folder:
        told = Repository(Path(folder) / "log")
        told.source()
        for step in steps:
            what, number, discipline, country = step
            events = [an_event(country)]
            draft = a_specimen(number, ods_topicDiscipline=discipline, ods_hasEvents=events)
            told.lead(what, number, draft)
        events, view = told.events(), Terms(Path(folder) / "view.sqlite")
        for start in range(0, len(events), size):
            view.apply(events[start : start + size], told.log)
        reader = TermsReader(Path(folder) / "view.sqlite")
        expected, countries = [], Counter[tuple[str, int]]()
        for number in {step[1] for step in steps}:
            versions = [e for e in events if e.pid == told.pid(number) and not e.operational]
            if not versions:
                continue
            hidden = versions[-1].status is Status.PID_ONLY or (
                versions[-1].status is Status.TOMBSTONE and versions[-2].status is Status.PID_ONLY
            )
            expected += [row for row in _said(versions) if not hidden or row[1] == "ods:status"]
            for event, following in zip(versions, [*versions[1:], None], strict=True):
                upto = following.position if following else events[-1].position + 1
                if event.status is Status.ACTIVE and not hidden:
                    code = event.document["ods:hasEvents"][0]["ods:hasLocation"]["dwc:countryCode"]
                    countries.update((code, at) for at in range(event.position, upto))
        rows = reader.changed(EVERYTHING, 0, None, limit=1000)
        found = [(r.position, r.term, r.old, r.new) for r in rows]
        assert sorted(found, key=repr) == sorted(expected, key=repr)
        path = held_path("countryCode")
        ends = [event.position for event in events]
        growth = reader.growth(path, "specimen", ends)
        for code in ("LU", "BE"):
            plain = [countries[code, at] for at in ends]
            assert growth.get(code, [0] * len(ends)) == plain
            assert [reader.held(path, code, at).now for at in ends] == plain
        view.close()
        reader.close()
        told.objects.close()


# ── asking ───────────────────────────────────────────────────────────────────────────────


def test_changes_are_found_by_term_values_type_agent_and_source(told, tmp_path):
    told.register(1, a_specimen(1))
    first = told.revise(1, a_specimen(1, ods_hasEvents=[an_event("BE")]))
    second = told.revise(1, a_specimen(1, ods_hasEvents=[an_event("FR")]))
    told.register(50, a_medium(50), "media")
    reader = read(told, tmp_path)

    def positions(since: int = 0, until: int | None = None, **wanted: Any) -> list[int]:
        return [row.position for row in reader.changed(Wanted(**wanted), since, until)]

    assert positions(term="countryCode") == positions(term="dwc:countryCode") == [first, second]
    assert positions(term="ods:hasEvents/ods:hasLocation/dwc:countryCode") == [first, second]
    assert positions(since=first) == [second] and positions(until=first) == [first]
    assert positions(old="LU") == [first] and positions(new="FR") == [second]
    assert positions(agent=AGENT.id) == positions(agent=AGENT.name) == [first, second]
    assert positions(agent="nobody") == positions(type="media") == []
    assert positions(source="20.5000.5072/SRC-SRC-SRC", type="specimen") == [first, second]
    assert positions(observed=told.log.event(first).observed_at) == [first]
    assert positions(term="dwc:recordNumber") == []
    assert reader.positions_changing("countryCode", 0, None, 1) == [first]
    assert reader.changed_terms([first, second, 1]) == {
        at: ["ods:hasEvents/ods:hasLocation/dwc:countryCode"] for at in (first, second)
    }


def test_pages_follow_each_other_without_gap_both_ways(told, tmp_path):
    told.register(1, a_specimen(1))
    told.revise(1, a_specimen(1, ods_specimenName="A b", dwc_preparations="slide"))
    told.revise(1, a_specimen(1, ods_specimenName="A c", dwc_preparations="jar"))
    reader = read(told, tmp_path)
    whole = [(r.position, r.ordinal) for r in reader.changed(EVERYTHING, 0, None)]
    assert len(whole) == 4
    for newest in (False, True):
        seen, after = [], None
        while page := reader.changed(EVERYTHING, 0, None, after=after, newest=newest, limit=1):
            after = (page[0].position, page[0].ordinal)
            seen.append(after)
        assert seen == (whole[::-1] if newest else whole)


def test_an_unknown_term_names_those_that_sound_alike(told, tmp_path):
    reader = read(told, tmp_path)
    with pytest.raises(UnknownTerm, match="country"):
        reader.changed(Wanted(term="contry"), 0, None)
    with pytest.raises(UnknownTerm, match="It is not kept"):
        held_path("dwc:preparations")


def test_the_busiest_are_counted_by_agent_object_source_term_type_and_day(told, tmp_path):
    told.register(1, a_specimen(1))
    told.register(2, a_specimen(2))
    told.revise(1, a_specimen(1, ods_specimenName="A b", dwc_preparations="slide"))
    told.revise(1, a_specimen(1, ods_specimenName="A c", dwc_preparations="slide"))
    last = told.revise(2, a_specimen(2, ods_specimenName="A b"))
    reader, head = read(told, tmp_path), told.log.position()
    (agent,) = reader.busiest("agent", 0, head)
    assert (agent.value, agent.label, agent.changes) == (AGENT.id, AGENT.name, 3)
    assert (agent.objects, agent.last) == (2, last)
    assert [(b.value, b.changes) for b in reader.busiest("object", 0, head)] == [
        (str(told.pid(1)), 2), (str(told.pid(2)), 1),
    ]  # fmt: skip
    assert [(b.label, b.changes) for b in reader.busiest("term", 0, head)] == [
        ("ods:specimenName", 3), ("dwc:preparations", 1),
    ]  # fmt: skip
    assert [(b.value, b.changes) for b in reader.busiest("source", 0, head)] == [
        ("20.5000.5072/SRC-SRC-SRC", 3)
    ]
    assert [(b.value, b.changes) for b in reader.busiest("day", 0, head)] == [("1970-01-01", 3)]
    assert reader.busiest("type", last, head) == []
    tallied = reader.tallies("term", 0, [last - 1, last])
    assert tallied["ods:specimenName", "ods:specimenName"] == [2, 1]
    assert reader.tallies("none", 0, [last - 1, last]) == {("all", "all"): [2, 1]}


def test_a_value_is_held_from_its_first_event_to_its_last(told, tmp_path):
    begun = told.register(1, a_specimen(1))
    other = told.register(2, a_specimen(2))
    ended = told.revise(1, a_specimen(1, ods_hasEvents=[an_event("BE")]))
    again = told.revise(1, a_specimen(1, ods_hasEvents=[an_event("LU")]))
    gone = told.tombstone(1)
    told.tombstone(2)
    reader, head = read(told, tmp_path), told.log.position()
    path = held_path("countrycode")
    found = reader.held(path, "LU", head)
    assert (found.objects, found.now, found.first, found.last) == (2, 0, begun, head)
    found = reader.held(path, "LU", ended)
    assert (found.objects, found.now, found.first, found.last) == (2, 1, begun, None)
    assert [(s.pid, s.begin, s.upto) for s in reader.spans(path, "LU", gone)] == [
        (str(told.pid(1)), begun, ended), (str(told.pid(1)), again, gone),
        (str(told.pid(2)), other, None),
    ]  # fmt: skip
    assert [s.begin for s in reader.spans(path, "LU", head, object=other)] == [other]
    assert [s.begin for s in reader.spans(path, "LU", head, after=(begun, begun), limit=1)] == [
        again
    ]
    assert reader.held(path, "XX", head).objects == 0
    assert sorted(reader.values(path)) == ["BE", "LU"]


def test_by_the_clock_of_the_sources_counts_what_they_had_said_by_then(told, tmp_path):
    begun = told.register(1, a_specimen(1))
    told.register(2, a_specimen(2))
    ended = told.revise(1, a_specimen(1, ods_hasEvents=[an_event("BE")]))
    reader, head = read(told, tmp_path), told.log.position()
    path = held_path("countrycode")
    said = {at: told.log.event(at).observed_at for at in (begun, ended)}

    def held(value: str, observed: int | None, at: int = head) -> tuple[int, int, int | None]:
        found = reader.held(path, value, at, observed=observed)
        spans = reader.spans(path, value, at, observed=observed)
        assert len(spans) == found.objects
        assert sum(span.upto is None for span in spans) == found.now
        return found.objects, found.now, found.last

    assert said[begun] < said[ended]
    assert held("LU", said[begun] - 1) == (0, 0, None)
    assert held("LU", said[begun]) == (1, 1, None)
    assert held("LU", said[ended] - 1) == (2, 2, None)
    assert held("LU", said[ended]) == held("LU", None) == (2, 1, None)
    assert held("BE", said[ended] - 1) == (0, 0, None)
    assert held("BE", said[ended]) == (1, 1, None)
    assert held("BE", said[ended], at=ended - 1) == (0, 0, None)
    ends = [begun, head]
    assert reader.growth(path, "specimen", ends) == {"LU": [1, 1], "BE": [0, 1]}
    assert reader.growth(path, "specimen", ends, said[ended] - 1) == {"LU": [1, 2]}
    assert reader.tallies("none", 0, ends, said[ended]) == {("all", "all"): [0, 1]}
    assert reader.tallies("none", 0, ends, said[ended] - 1) == {}


def test_a_question_that_takes_too_long_is_stopped_and_the_next_one_answered(
    told, tmp_path, monkeypatch
):
    reader = read(told, tmp_path)
    monkeypatch.setattr("handlers.projections.terms.reader.PATIENCE_S", 0.05)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(Unavailable, match="narrow it"), reader._asking() as connection:
        connection.execute(endless).fetchone()
    assert reader.changed(EVERYTHING, 0, None) == []


# ── what must not be shown ───────────────────────────────────────────────────────────────


def test_of_withheld_objects_only_the_status_is_told_and_of_drafts_nothing(told, tmp_path):
    told.register(1, a_specimen(1))
    told.revise(1, a_specimen(1, ods_hasEvents=[an_event("ZZ")]))
    told.withhold(1)
    told.draft(2, a_specimen(2))
    told.revise(2, a_specimen(2, ods_specimenName="Nondum edita"))
    reader, head = read(told, tmp_path), told.log.position()
    shown = reader.changed(EVERYTHING, 0, None)
    assert [(r.term, r.old, r.new) for r in shown] == [("ods:status", "active", "pid-only")]
    assert [t.term for t in reader.terms()] == ["ods:status"]
    assert [short for short, path in HELD.items() if reader.values(path)] == ["status"]
    assert reader.held(held_path("countryCode"), "ZZ", head).objects == 0
    assert [b.value for b in reader.busiest("object", 0, head)] == [str(told.pid(1))]
    told.release(1, a_specimen(1, ods_hasEvents=[an_event("LU")]))
    released = read(told, tmp_path).changed(Wanted(term="countryCode"), 0, None)
    assert [(r.old, r.new) for r in released] == [("LU", "ZZ"), ("ZZ", "LU")]


def test_an_erased_value_is_nowhere_in_the_files(told, tmp_path):
    told.register(1, a_specimen(1))
    secret = told.revise(1, a_specimen(1, ods_hasEvents=[an_event("Ignota Secretaria")]))
    told.revise(1, a_specimen(1, ods_hasEvents=[an_event("BE")]))
    folder = tmp_path / "terms"
    view = Terms(folder / "view.sqlite")
    view.apply(told.events(), told.log)
    assert any(b"Ignota" in file.read_bytes() for file in folder.iterdir())
    redacted = {**told.log.event(secret).document, "ods:hasEvents": [an_event("erased")]}
    told.objects.erase(told.pid(1), [secret], canonical(redacted), AGENT)
    view.apply(told.events(), told.log)
    live = table_digests(view.connection)
    reader = TermsReader(folder / "view.sqlite")
    rows = reader.changed(Wanted(term="countryCode"), 0, None)
    assert [(r.old, r.new) for r in rows] == [("LU", "erased"), ("erased", "BE")]
    reader.close()
    view.close()
    assert not any(b"Ignota" in file.read_bytes() for file in folder.iterdir())
    rebuilt = Terms(tmp_path / "again" / "view.sqlite")
    rebuilt.apply(told.events(), told.log)
    assert table_digests(rebuilt.connection) == live
    rebuilt.close()


def test_the_story_of_all_that_can_happen_gives_rows_of_each_kind(tmp_path):
    told = a_story(tmp_path / "log")
    rows = read(told, tmp_path).changed(EVERYTHING, 0, None, limit=1000)
    kinds = {(r.old is None, r.new is None) for r in rows}
    assert kinds == {(False, False), (True, False), (False, True)}
    told.objects.close()
