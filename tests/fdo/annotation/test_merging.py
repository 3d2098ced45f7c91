"""A change carried out, taken back, and carried out again on whatever the source says next."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fdo.annotation.life import edit_of
from fdo.annotation.merging import (
    Judged,
    Laid,
    applied,
    covers,
    holds,
    operation,
    relaid,
    reverted,
    written,
)
from fdo.annotation.paths import get, parse
from fdo.annotation.rules import breaches
from fdo.documents import Document
from tests.fdo.annotation.saying import (
    COUNTRY,
    EVENT,
    NAMES,
    adding,
    deleting,
    editing,
    named,
    specimen,
    the,
)

LOCALITY = f"{EVENT}['ods:hasLocation']['dwc:locality']"
REMARKS = f"{NAMES}[0]['dwc:identificationRemarks']"


def accepted(document: Document, annotation: Document, pid: str = "a") -> Laid:
    """An annotation as it is kept once its change was carried out on a document."""
    assert not breaches(annotation, the(document))
    edit = edit_of(annotation)
    assert edit is not None
    what = operation(document, edit, "specimen")
    says = None if what.what == "append" else get(document, what.path)
    kept = {**annotation, "col:overlayState": "applied"}
    if says is not None:
        kept["col:sourceValue"] = written(says)
    return Laid(pid, kept, applied(document, annotation))


def told(draft: Document, laid: Laid) -> tuple[Document, Judged]:
    """The draft with one accepted change, and what became of it."""
    document, judged = relaid(draft, [laid])
    return document, judged[laid.pid]


def saying(country: str | None, **more: Any) -> Document:
    """The specimen as its source shows it with another country."""
    draft = specimen(**more)
    location = draft["ods:hasEvents"][0]["ods:hasLocation"]
    if country is None:
        del location["dwc:country"]
    else:
        location["dwc:country"] = country
    return draft


# ── one change and its source ────────────────────────────────────────────────────────────


def test_a_change_stands_while_the_source_says_what_it_said() -> None:
    laid = accepted(specimen(), editing(COUNTRY, "Eesti"))
    document, judged = told(saying("Estonia", **{"ods:specimenName": "Abies"}), laid)
    assert judged == Judged("applied", "Estonia")
    assert get(document, parse(COUNTRY)) == "Eesti" and document["ods:specimenName"] == "Abies"


def test_a_source_that_says_the_same_has_adopted_the_change() -> None:
    laid = accepted(specimen(), editing(COUNTRY, "Eesti"))
    document, judged = told(saying("Eesti"), laid)
    assert judged.verdict == "adopted" and document == saying("Eesti")


def test_a_third_value_is_a_conflict_in_which_the_change_is_kept() -> None:
    laid = accepted(specimen(), editing(COUNTRY, "Eesti"))
    for says in ("Latvia", None):
        document, judged = told(saying(says), laid)
        assert judged == Judged("conflict", says)
        assert get(document, parse(COUNTRY)) == "Eesti"


def in_conflict(laid: Laid, says: str) -> Laid:
    """An accepted change as it is kept while its source says a third thing."""
    known = {**laid.annotation, "col:overlayState": "conflict", "col:sourceValue": written(says)}
    return Laid(laid.pid, known, laid.held, laid.annotation)


def test_a_conflict_lasts_until_the_source_or_a_person_ends_it() -> None:
    laid = in_conflict(accepted(specimen(), editing(COUNTRY, "Eesti")), "Latvia")
    for says, verdict in (
        ("Latvia", "conflict"),
        (None, "conflict"),
        ("Eesti", "adopted"),
        ("Estonia", "applied"),
    ):
        document, judged = told(saying(says), laid)
        assert judged == Judged(verdict, says)
        assert get(document, parse(COUNTRY)) == "Eesti"


def test_a_deleted_member_that_is_revised_twice_stays_in_conflict() -> None:
    name = named("Abies alba", **{"dwc:dateIdentified": "1900", "dwc:identificationRemarks": "x"})
    names = {"ods:hasIdentifications": [name, named("Picea abies")]}
    laid = accepted(specimen(**names), deleting(f"{NAMES}[0]"))
    once = {**name, "dwc:dateIdentified": "1901"}
    twice = {**once, "ods:hasTaxonIdentifications": named("Abies")["ods:hasTaxonIdentifications"]}
    draft = specimen(**{"ods:hasIdentifications": [once, named("Picea abies")]})
    assert told(draft, laid)[1] == Judged("conflict", once)
    known = {**laid.annotation, "col:overlayState": "conflict", "col:sourceValue": written(once)}
    again = Laid(laid.pid, known, laid.held, laid.annotation)
    draft = specimen(**{"ods:hasIdentifications": [twice, named("Picea abies")]})
    assert told(draft, again)[1] == Judged("conflict", twice)
    assert told(specimen(**names), again)[1].verdict == "applied"


def test_a_change_whose_place_is_gone_is_dropped() -> None:
    draft = specimen()
    del draft["ods:hasEvents"]
    assert told(draft, accepted(specimen(), editing(COUNTRY, "Eesti"))) == (
        draft,
        Judged("dropped"),
    )


def test_a_change_that_would_break_the_schema_is_dropped_and_others_stay() -> None:
    first = accepted(specimen(), editing(COUNTRY, "Eesti"), "a")
    second = accepted(first.held, adding(LOCALITY, "Tartu"), "b")
    document, judged = relaid(
        specimen(), [first, second], lambda each: get(each, parse(LOCALITY)) is None
    )
    assert {pid: each.verdict for pid, each in judged.items()} == {"a": "applied", "b": "dropped"}
    assert document == first.held


def test_a_source_that_is_broken_itself_drops_no_change() -> None:
    laid = accepted(specimen(), editing(COUNTRY, "Eesti"))
    _, judged = relaid(specimen(), [laid], lambda _: False)
    assert judged["a"].verdict == "applied"


def test_what_was_added_stands_until_the_source_has_it() -> None:
    laid = accepted(specimen(), adding(LOCALITY, "Tartu"))
    assert told(specimen(), laid) == (laid.held, Judged("applied"))
    draft = specimen()
    draft["ods:hasEvents"][0]["ods:hasLocation"]["dwc:locality"] = "Tartu"
    assert told(draft, laid)[1].verdict == "adopted"
    draft["ods:hasEvents"][0]["ods:hasLocation"]["dwc:locality"] = "Tallinn"
    assert told(draft, laid)[1] == Judged("conflict", "Tallinn")


def test_a_member_that_was_added_is_added_behind_whatever_the_source_has() -> None:
    laid = accepted(specimen(), adding(NAMES, named("Larix")))
    names = [named("Pinus"), named("Abies alba")]
    document, judged = told(specimen(**{"ods:hasIdentifications": names}), laid)
    assert judged.verdict == "applied"
    assert document["ods:hasIdentifications"] == [*names, named("Larix")]
    document, judged = told(specimen(**{"ods:hasIdentifications": [named("Larix")]}), laid)
    assert judged.verdict == "adopted"
    assert document["ods:hasIdentifications"] == [named("Larix")]


def test_a_source_adopts_an_identification_in_its_own_words() -> None:
    taxon = {"@type": "ods:TaxonIdentification", "dwc:scientificName": "Larix decidua Mill.",
             "dwc:scientificNameAuthorship": "Mill.", "dwc:taxonID": "4"}  # fmt: skip
    added = {**named("Larix"), "ods:hasTaxonIdentifications": [taxon],
             "dwc:verbatimIdentification": "Larix decidva"}  # fmt: skip
    laid = accepted(specimen(), adding(NAMES, added))
    ours = named("Larix decidua Mill.", **{"ods:isVerifiedIdentification": True})
    document, judged = told(specimen(**{"ods:hasIdentifications": [ours]}), laid)
    assert judged == Judged("adopted", ours)
    assert document["ods:hasIdentifications"] == [ours]
    parted = named("Larix  decidua")
    parted["ods:hasTaxonIdentifications"][0]["dwc:scientificNameAuthorship"] = "Mill."
    assert told(specimen(**{"ods:hasIdentifications": [parted]}), laid)[1].verdict == "adopted"
    another = named("Larix decidua L.")
    assert told(specimen(**{"ods:hasIdentifications": [another]}), laid)[1].verdict == "applied"


def test_an_identification_beside_an_equal_one_says_more_than_its_name() -> None:
    held = specimen(**{"ods:hasIdentifications": [named("Larix")]})
    again = accepted(held, adding(NAMES, named("Larix", **{"dwc:identificationRemarks": "Seen."})))
    assert told(held, again)[1].verdict == "applied"
    dated = named("Larix", **{"dwc:dateIdentified": "2020"})
    laid = accepted(specimen(), adding(NAMES, dated))
    remarked = {**dated, "dwc:identificationRemarks": "So it is."}
    for says, verdict in ((named("Larix"), "applied"), (dated, "adopted"), (remarked, "adopted")):
        draft = specimen(**{"ods:hasIdentifications": [named("Pinus"), says]})
        assert told(draft, laid)[1].verdict == verdict


def test_what_was_deleted_stays_deleted_wherever_the_source_shows_it() -> None:
    laid = accepted(specimen(), deleting(f"{NAMES}[0]"))
    names = [named("Pinus"), named("Picea abies"), named("Abies alba")]
    document, judged = told(specimen(**{"ods:hasIdentifications": names}), laid)
    assert judged.verdict == "applied"
    assert document["ods:hasIdentifications"] == names[:2]
    document, judged = told(specimen(**{"ods:hasIdentifications": names[:2]}), laid)
    assert judged.verdict == "adopted" and document["ods:hasIdentifications"] == names[:2]


def test_a_change_follows_its_member_when_the_array_moves() -> None:
    laid = accepted(specimen(), adding(REMARKS, "cones upright"))
    names = [named("Pinus"), named("Abies alba"), named("Picea abies")]
    document, judged = told(specimen(**{"ods:hasIdentifications": names}), laid)
    assert judged.verdict == "applied"
    assert [
        each.get("dwc:identificationRemarks") for each in document["ods:hasIdentifications"]
    ] == [
        None,
        "cones upright",
        None,
    ]


# ── any changes ──────────────────────────────────────────────────────────────────────────

WORDS = st.text("abc", min_size=1, max_size=3)
KEYS = st.sampled_from(["dwc:country", "dwc:county", "dwc:locality", "dwc:island"])
LOCATION = st.fixed_dictionaries({"@type": st.just("ods:Location")}, optional={
    "dwc:country": WORDS, "dwc:county": WORDS, "dwc:locality": WORDS, "dwc:island": WORDS,
})  # fmt: skip
EVENTS = st.lists(
    st.builds(lambda each: {"@type": "ods:Event", "ods:hasLocation": each}, LOCATION),
    min_size=1,
    max_size=3,
)
IDENTIFICATIONS = st.lists(st.builds(named, WORDS), min_size=1, max_size=3)
DOCUMENTS = st.builds(
    lambda events, names: specimen(**{"ods:hasEvents": events, "ods:hasIdentifications": names}),
    EVENTS,
    IDENTIFICATIONS,
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Document, list[Laid]]:
    """A document, and changes carried out on it one after the other, none on another's place."""
    document = draw(DOCUMENTS)
    held, laid = document, list[Laid]()
    for number in range(draw(st.integers(1, 4))):
        annotation = draw(some_change(held))
        places = [edit_of(each.annotation) for each in laid]
        edit = edit_of(annotation)
        assert edit is not None
        meets = any(
            other and (covers(other.path, edit.path) or covers(edit.path, other.path))
            for other in places
        )
        if meets or breaches(annotation, the(held)):
            continue
        laid.append(accepted(held, annotation, str(number)))
        held = laid[-1].held
    return document, laid


@st.composite
def some_change(draw: st.DrawFn, document: Document) -> Document:
    """Any change of a value or a member that the rules may or may not let pass."""
    event = draw(st.integers(0, len(document["ods:hasEvents"]) - 1))
    place = f"$['ods:hasEvents'][{event}]['ods:hasLocation']['{draw(KEYS)}']"
    name = draw(st.integers(0, max(0, len(document.get("ods:hasIdentifications", ())) - 1)))
    return draw(
        st.one_of(
            st.builds(editing, st.just(place), WORDS),
            st.builds(adding, st.just(place), WORDS),
            st.builds(deleting, st.just(place)),
            st.builds(
                lambda each: adding(NAMES, named(each, **{"dwc:dateIdentified": "x"})), WORDS
            ),
            st.just(deleting(f"{NAMES}[{name}]")),
            st.builds(
                editing,
                st.just(f"{NAMES}[{name}]['ods:isVerifiedIdentification']"),
                st.just("false"),
            ),
        )
    )


def last(document: Document, laid: Sequence[Laid]) -> Document:
    return laid[-1].held if laid else document


@given(changes())
def test_over_an_unchanged_source_all_changes_come_out_as_they_were(story: Any) -> None:
    document, laid = story
    again, judged = relaid(document, laid)
    assert again == last(document, laid)
    assert all(each.verdict == "applied" for each in judged.values())


@given(changes())
def test_what_a_source_adopts_leaves_no_trace(story: Any) -> None:
    document, laid = story
    source = last(document, laid)
    again, judged = relaid(source, laid)
    assert again == source
    assert all(each.verdict == "adopted" for each in judged.values())


@given(changes())
def test_a_change_is_taken_back_to_what_the_source_said(story: Any) -> None:
    document, laid = story
    for at in range(len(laid) - 1, -1, -1):
        assert holds(laid[at], laid[at].held)
        before = laid[at - 1].held if at else document
        assert reverted(laid[at].held, laid[at]) == before


@given(changes(), st.randoms())
def test_nothing_is_changed_in_place(story: Any, _: Any) -> None:
    document, laid = story
    kept, copies = copy.deepcopy(document), copy.deepcopy(laid)
    relaid(document, laid)
    assert document == kept and laid == copies


@given(
    DOCUMENTS,
    st.lists(st.tuples(KEYS, WORDS), min_size=2, max_size=4, unique_by=lambda e: e[0]),
    st.randoms(),
)
def test_the_order_of_independent_changes_does_not_matter(
    document: Document, values: list[tuple[str, str]], chance: Any
) -> None:
    made = []
    for key, value in values:
        place = f"$['ods:hasEvents'][0]['ods:hasLocation']['{key}']"
        make = adding if get(document, parse(place)) is None else editing
        annotation = make(place, value)
        if not breaches(annotation, the(document)):
            made.append(annotation)
    forth = back = document
    for annotation in made:
        forth = applied(forth, annotation)
    for annotation in chance.sample(made, len(made)):
        back = applied(back, annotation)
    assert forth == back


@given(changes(), DOCUMENTS)
def test_whatever_a_source_says_next_every_change_has_one_verdict(
    story: Any, draft: Document
) -> None:
    _, laid = story
    document, judged = relaid(draft, laid)
    assert judged.keys() == {each.pid for each in laid}
    if all(each.verdict in ("adopted", "dropped") for each in judged.values()):
        assert document == draft
