"""The whole life of accepted changes as a state machine, on the real log, against a model.

Two specimens; people propose, decide and withdraw, their sources say this and that, and the
objects are withdrawn, restored and merged, in any order. The model knows what each source said when
it was last listened to; with the accepted changes, what must be seen follows from that.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fdo.annotation.life import state_of
from fdo.annotation.merging import LAID, holds, source_value
from fdo.annotation.paths import get, parse
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.lifecycle import Status, evolve
from handlers.annotations.targets import laid_on
from handlers.curation import Curation
from handlers.verification import verify_log
from ontologies.schemas import explain
from tests.fdo.annotation.saying import COUNTRY, NAMES, named
from tests.handlers.annotations.museum import CLARA, Museum, draft
from tests.handlers.harvest.collection import image, row

COUNTRIES = st.sampled_from(["Estonia", "Latvia", "Eesti", "Livonia"])
NUMBERS = st.sampled_from(["TU-1", "TU-2"])
COLLECTORS = st.sampled_from(["A. First", "B. Second"])


class Life(RuleBasedStateMachine):
    """Any life of two specimens and the annotations of them."""

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.museum = Museum(Path(self.place.name))
        self.hands = Curation(
            self.museum.objects, CLARA, waiting=lambda _: [str(pid) for pid in self.made]
        )
        specimens = self.museum.collection.specimens()
        self.pids = {number: specimens[number].pid for number in ("TU-1", "TU-2")}
        self.says = {"TU-1": "Estonia", "TU-2": "Estonia"}
        self.collector = {"TU-1": "A. First", "TU-2": "A. First"}
        self.heard = dict(self.says)
        """What each source said when it was last listened to."""
        self.made: list[Pid] = []

    def teardown(self) -> None:
        assert verify_log(self.museum.objects) == []
        self.museum.objects.close()
        self.place.cleanup()

    # ── people ───────────────────────────────────────────────────────────────────────────

    @rule(number=NUMBERS, value=COUNTRIES)
    def propose(self, number: str, value: str) -> None:
        said = draft("oa:editing", COUNTRY, value, of=self.pids[number])
        outcome = self.museum.annotations.propose(said, CLARA)
        if outcome.what == "created" and outcome.pid:
            self.made.append(outcome.pid)

    @rule(number=NUMBERS, name=st.sampled_from(["Larix", "Pinus"]))
    def add(self, number: str, name: str) -> None:
        said = draft("ods:adding", NAMES, named(name), of=self.pids[number])
        outcome = self.museum.annotations.propose(said, CLARA, accept_as=CLARA)
        if outcome.what == "accepted" and outcome.pid:
            self.made.append(outcome.pid)

    @precondition(lambda self: self.made)
    @rule(
        chance=st.data(),
        what=st.sampled_from(["accept", "accept", "reject", "withdraw", "undo", "back"]),
    )
    def decide(self, chance: st.DataObject, what: str) -> None:
        pid = chance.draw(st.sampled_from(self.made))
        before = self.museum.log.position()
        hands = self.museum.annotations
        try:
            match what:
                case "accept":
                    hands.accept(pid, CLARA)
                case "reject":
                    hands.reject(pid, CLARA, "No.")
                case "withdraw":
                    hands.withdraw(pid, "A slip.", CLARA)
                case "undo":
                    hands.undo(pid, "The wrong column.", CLARA)
                case _:
                    self.hands.restore(pid, "It was none.")
        except CollectomeError:
            assert self.museum.log.position() == before, "what is refused leaves no trace"

    @precondition(lambda self: len(self.made) > 1)
    @rule(chance=st.data())
    def supersede(self, chance: st.DataObject) -> None:
        old, new = chance.draw(st.permutations(self.made))[:2]
        before = self.museum.log.position()
        try:
            self.museum.annotations.supersede(old, new, "Said better.", CLARA)
        except CollectomeError:
            assert self.museum.log.position() == before

    @precondition(lambda self: self.made)
    @rule(chance=st.data(), keep=st.booleans())
    def settle(self, chance: st.DataObject, keep: bool) -> None:
        pid = chance.draw(st.sampled_from(self.made))
        before = self.museum.log.position()
        try:
            self.museum.annotations.settle(pid, keep, CLARA)
        except CollectomeError:
            assert self.museum.log.position() == before

    # ── sources ──────────────────────────────────────────────────────────────────────────

    @rule(number=NUMBERS, country=COUNTRIES, collector=COLLECTORS)
    def harvest(self, number: str, country: str, collector: str) -> None:
        self.says[number], self.collector[number] = country, collector
        rows = [
            row(int(each[-1]), country=self.says[each], recordedBy=self.collector[each])
            for each in ("TU-1", "TU-2")
        ]
        for each, pid in self.pids.items():
            if self.museum.log.head(pid).status is Status.ACTIVE:
                self.heard[each] = self.says[each]
        self.museum.collection.harvest([*rows, row(3)], [image(1, "a")])

    # ── objects ──────────────────────────────────────────────────────────────────────────

    @rule(number=NUMBERS, what=st.sampled_from(["tombstone", "restore", "restore", "merge"]))
    def end_or_return(self, number: str, what: str) -> None:
        pid, other = self.pids[number], self.pids["TU-1" if number == "TU-2" else "TU-2"]
        before = self.museum.log.position()
        try:
            match what:
                case "tombstone":
                    self.hands.tombstone(pid, "Lost.")
                case "restore":
                    self.hands.restore(pid, "Found.")
                case _:
                    self.hands.merge(pid, other, "The same.")
        except CollectomeError:
            assert self.museum.log.position() == before
        self._meet_new_ones()

    def _meet_new_ones(self) -> None:
        for head in self.museum.log.heads(limit=1_000):
            if head.type == "annotation" and head.pid not in self.made:
                self.made.append(head.pid)

    # ── what holds at any time ───────────────────────────────────────────────────────────

    @invariant()
    def every_state_is_the_fold_of_its_facts(self) -> None:
        for pid in (*self.pids.values(), *self.made):
            known = None
            for event in self.museum.log.history(pid):
                known = evolve(known, event.fact(), pid, event.type)
            assert known == self.museum.objects.state(pid)[0]
            assert known is not None
            if known.status is Status.ACTIVE:
                assert not explain(known.type, known.document)

    @invariant()
    def every_accepted_change_is_seen_or_says_why_not(self) -> None:
        for pid in self.made:
            event = self.museum.now(pid)
            document = event.document
            if state_of(event.status, document) != "accepted":
                continue
            target = Pid.parse(document["oa:hasTarget"][0]["oa:hasSource"])
            known, _ = self.museum.objects.state(target)
            assert known is not None
            laid = {
                one.pid: one for one in laid_on(self.museum.objects, [known]).get(str(target), ())
            }
            assert (document["col:overlayState"] in LAID) == (str(pid) in laid)
            if str(pid) in laid and known.status is Status.ACTIVE:
                assert holds(laid[str(pid)], known.document)

    @invariant()
    def a_country_is_the_source_s_word_or_an_accepted_one(self) -> None:
        for number, pid in self.pids.items():
            known, _ = self.museum.objects.state(pid)
            assert known is not None
            if known.status is not Status.ACTIVE:
                continue
            edits = [
                one
                for one in laid_on(self.museum.objects, [known]).get(str(pid), ())
                if "oa:editing" in one.annotation["oa:motivatedBy"]
            ]
            assert len(edits) <= 1, "a later change of a place takes the place of the earlier"
            shown, heard = get(known.document, parse(COUNTRY)), self.heard[number]
            if not edits:
                assert shown == heard
                continue
            (edit,) = edits
            assert shown == edit.annotation["oa:hasBody"][0]["rdf:value"]
            assert source_value(edit.annotation) == heard != shown, "else it was adopted"
            conflict = edit.annotation["col:overlayState"] == "conflict"
            assert conflict == (heard != edit.before)

    @invariant()
    def nothing_is_doubled(self) -> None:
        for pid in self.pids.values():
            known, _ = self.museum.objects.state(pid)
            assert known is not None
            assert len(set(known.overlay)) == len(known.overlay)
            names = [
                one["ods:hasTaxonIdentifications"][0]["dwc:scientificName"]
                for one in get(known.document, parse(NAMES)) or ()
            ]
            assert len(set(names)) == len(names), names


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
