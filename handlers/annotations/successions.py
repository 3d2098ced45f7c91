"""Accepted changes of an object that ends for another one, or for its parts, go on with those.

A merged object's changes are laid over its successor as a harvest lays them over a source's new
word: where the successor says what the source said, the change is carried out; where it says a
third thing the change is in conflict, which a person settles; where it says the same there is
nothing to do. What an accepted change of the successor itself decides is only proposed. Of an
object that was split a part takes the changes of places at which it says what the source said;
which part a member belongs to nobody can tell, so that is proposed to each.

What goes on is an annotation of the successor with a life of its own (`oa:via` names the first
one). The first one stays with its object, which may come back. Proposals that wait for a decision
go on as proposals (`handlers.annotations.waiting`). All is one transaction. A proposal that nobody
knew of by then goes on when somebody wants to decide about it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from eventstore.application import Change, DigitalObjects
from eventstore.envelope import Recorded
from fdo.agent import Agent
from fdo.annotation import rules
from fdo.annotation.identity import content_key
from fdo.annotation.life import Edit, edit_of
from fdo.annotation.merging import (
    Judged,
    Laid,
    Operation,
    done,
    judge,
    place_of,
    written,
)
from fdo.annotation.paths import Path
from fdo.annotation.telling import told
from fdo.annotation.values import Impossible
from fdo.documents import Document
from fdo.errors import InvalidDocument, VersionConflict
from fdo.identifiers import Pid
from fdo.lifecycle import (
    DigitalObject,
    Merge,
    Registered,
    Revise,
    Revised,
    Split,
    Status,
    decide,
    evolve,
    stamped,
)
from handlers.annotations.hand import (
    ATTEMPTS,
    KIND,
    Hand,
    approver,
    claim_of,
    maker_of,
    node_of,
    pause,
)
from handlers.annotations.merges import adds_member, meet, moved
from handlers.annotations.targets import laid_on
from handlers.annotations.waiting import Proposal, Waiting, nobody, proposals
from handlers.harvest.standards import breaches

_OF_THE_FIRST = frozenset(
    {
        "@id",
        "col:decisionReason",
        "col:executionProvider",
        "col:model",
        "col:modelSha256",
        "col:overlayState",
        "col:softwareVersion",
        "col:sourceValue",
        "col:supersedes",
        "dcterms:created",
        "dcterms:identifier",
        "dcterms:modified",
        "oa:canonical",
        "ods:batchID",
        "ods:hasAggregateRating",
        "ods:jobID",
        "ods:placeInBatch",
        "ods:version",
    }
)
"""What stays with the annotation that was accepted first; so a model's suggestion counts once."""
_MODEL = frozenset({"col:executionProvider", "col:model", "col:modelSha256", "col:softwareVersion"})
"""What made it: of a proposal that goes on before it was decided, only the new one will be."""


@dataclass(slots=True)
class _Heir:
    """A successor on its way through the changes that it takes over."""

    known: DigitalObject
    issue: int
    own: list[Laid]
    """Its own accepted changes."""
    overlay: list[str]
    changes: list[Change] = field(default_factory=list)
    said: set[str] = field(default_factory=set)
    """Claims of the annotations among them."""


class Successions(Hand):
    """Ends objects in favour of others."""

    def __init__(
        self,
        objects: DigitalObjects,
        rejecting: Collection[str] = (),
        waiting: Waiting = nobody,
    ) -> None:
        """`waiting` finds the proposals about an object that wait for a decision."""
        super().__init__(objects, rejecting)
        self._waiting = waiting

    def hand_over(
        self, pid: Pid, command: Merge | Split, by: Agent, expected: int | None = None
    ) -> Recorded:
        """End an object, and let its accepted changes go on with its successor or its parts; the
        event that ends it."""
        for attempt in range(ATTEMPTS):
            try:
                return self._hand_over(pid, command, by, expected)
            except VersionConflict:
                if expected is not None or attempt == ATTEMPTS - 1:
                    raise
                pause(attempt)
        raise AssertionError("unreachable")

    def _hand_over(
        self, pid: Pid, command: Merge | Split, by: Agent, expected: int | None
    ) -> Recorded:
        known, issue = self._seen(pid, expected)
        (fact,) = decide(known, command)
        self._objects.check_relatives(command, known.type)
        changes = [Change(pid, known.type, fact, known, issue)]
        laid = laid_on(self._objects, [known]).get(str(pid), [])
        heirs = [command.into] if isinstance(command, Merge) else command.parts
        waits = proposals(self._objects, known, self._waiting)
        whole = isinstance(command, Merge)
        for heir in heirs if laid or waits else ():
            changes += self._inherited(heir, laid, waits, whole, by)
        changes += [each.ended(pid, by, self._now) for each in waits if each.heirs]
        return self._objects.log.event(self._objects.append(changes, by=by)[0])

    def go_on(self, late: Pid, ended: Pid, by: Agent) -> Sequence[Pid]:
        """Let a proposal that nobody knew of when its object ended go on now, by the same rules;
        as what: none where it has no place, or its object ended for no other one."""
        end = self._objects.log.latest(ended)
        whole = end.what == "Merged"
        if not whole and end.what != "Divided":
            return ()
        before = self._objects.log.version(ended, end.version - 1).state()
        waits = proposals(self._objects, before, lambda _: [str(late)])
        parts = map(Pid.parse, end.detail.get("parts", ()))
        changes: list[Change] = []
        for heir in [self._objects.log.standing(ended)] if whole else parts:
            changes += self._inherited(heir, (), waits, whole, by)
        heirs = [heir for each in waits for heir in each.heirs]
        changes += [each.ended(ended, by, self._now) for each in waits if each.heirs]
        if changes:
            self._objects.append(changes, by=by)
        return heirs

    def _inherited(
        self,
        heir: Pid,
        laid: Sequence[Laid],
        waits: Sequence[Proposal],
        whole: bool,
        by: Agent,
    ) -> list[Change]:
        """What one successor takes over. One that is not public takes nothing: its document is
        not there to be changed."""
        target, issue = self._objects.state(heir)
        assert target is not None  # it was looked at a moment ago
        if target.status is not Status.ACTIVE:
            return []
        own = laid_on(self._objects, [target]).get(str(heir), [])
        to = _Heir(target, issue, own, [each.pid for each in own])
        for each in laid:
            self._take(to, each, whole, by)
        for proposal in waits:
            self._pass_on(to, proposal, whole)
        return to.changes

    def _take(self, to: _Heir, laid: Laid, whole: bool, by: Agent) -> None:
        edit = edit_of(laid.annotation)
        try:
            what, judged = judge(to.known.document, laid)
        except (Impossible, InvalidDocument):
            return
        if edit is None or what is None:
            return
        draft = self._draft(to.known, laid, replace(edit, path=_path(edit, what)))
        key = claim_of(draft)
        if key in to.said or self._objects.log.claimed([key]):
            return  # it was said of the successor, and waits or was decided there
        to.said.add(key)
        if any(meet(what.path, place_of(each, to.known.document)) for each in to.own):
            self._propose(to, laid, draft)
        elif whole or (judged.verdict == "applied" and not _of_a_member(edit, what)):
            self._carry_out(to, laid, draft, what, judged, by)
        elif judged.verdict == "applied":
            self._propose(to, laid, draft)

    def _pass_on(self, to: _Heir, proposal: Proposal, whole: bool) -> None:
        """Propose of a successor what waits for a decision, unless it was proposed there."""
        edit = proposal.on(to.known, whole=whole)
        if edit is None:
            return
        draft = self._draft(to.known, proposal.first, edit, _OF_THE_FIRST - _MODEL)
        key = claim_of(draft)
        holder = self._objects.log.claimed([key]).get(key)
        if holder is not None and holder.status is Status.ACTIVE:
            proposal.heirs.append(holder.pid)
        if holder is None and key not in to.said:
            to.said.add(key)
            if new := self._propose(to, proposal.first, draft):
                proposal.heirs.append(new)

    # ── changes ──────────────────────────────────────────────────────────────────────────

    def _propose(self, to: _Heir, laid: Laid, draft: Document) -> Pid | None:
        """Let a person decide, where the change can be proposed of the successor at all; under
        which PID."""
        if rules.breaches(draft, to.known) or self._shapes_broken(draft, to.known):
            return None
        draft["ods:mergingDecisionStatus"] = "Pending"
        new = self._registered(to.known, laid, draft)
        if new is None:
            return None
        to.changes.append(new)
        return new.pid

    def _carry_out(
        self, to: _Heir, laid: Laid, draft: Document, what: Operation, judged: Judged, by: Agent
    ) -> None:
        try:
            after = self._stamped(to.known, done(to.known.document, what))
        except InvalidDocument:
            return
        draft |= {
            "ods:mergingDecisionStatus": "Approved",
            "ods:mergingStateChangeDate": self._now,
            "ods:hasMergingStateChangedBy": node_of(by),
            "col:decisionReason": f"Accepted as {laid.pid}, of an object that is part of this one.",
            "col:overlayState": "applied",
        }
        if laid.before is not None:
            draft["col:sourceValue"] = written(laid.before)
        new = self._registered(to.known, laid, draft)
        if new is None:
            return
        to.changes.append(new)
        if judged.verdict == "conflict":
            to.changes.append(self._in_conflict(new, judged))
        to.overlay.append(str(new.pid))
        self._revised(to, new, laid, after, by)

    def _revised(self, to: _Heir, new: Change, laid: Laid, after: Document, by: Agent) -> None:
        fact = Revised(after, to.known.status, tuple(to.overlay))
        to.changes.append(
            Change(
                to.known.pid,
                to.known.type,
                fact,
                to.known,
                to.issue,
                by=approver(by),
                also=(maker_of(laid.annotation, by),),
                used=(new.pid.version_iri(1),),
                cause=self._objects.log.head(Pid.parse(laid.pid)).position,
            )
        )
        to.known = evolve(to.known, fact, to.known.pid, to.known.type)

    def _in_conflict(self, new: Change, judged: Judged) -> Change:
        """The new annotation, once more: the successor says something else at its place."""
        state = evolve(None, new.fact, new.pid, KIND)
        document = stamped(told(state.document, judged), new.pid, 2, modified=self._now)
        (fact,) = decide(state, Revise(document))
        return Change(new.pid, KIND, fact, state)

    # ── documents ────────────────────────────────────────────────────────────────────────

    @staticmethod
    def _draft(
        target: DigitalObject, laid: Laid, edit: Edit, left: frozenset[str] = _OF_THE_FIRST
    ) -> Document:
        """The annotation as it is said of the successor, with the path of the edit, but for what
        is `left` with the first one."""
        draft = {key: laid.annotation[key] for key in laid.annotation.keys() - left}
        first, *others = moved(draft["oa:hasTarget"], edit)
        first = {key: value for key, value in first.items() if key != "oa:hasState"}
        draft["oa:hasTarget"] = [{**first, "oa:hasSource": target.pid.iri}, *others]
        draft["oa:via"] = Pid.parse(laid.pid).iri
        draft["col:contentKey"] = content_key(draft)
        return draft

    def _registered(self, target: DigitalObject, laid: Laid, draft: Document) -> Change | None:
        """The annotation as an object of its own; None where it may not be recorded any more."""
        pid = self._objects.reserve(KIND)
        document = stamped(draft, pid, 1, modified=self._now)
        if breaches(KIND, document, self._rejecting):
            return None
        first = self._objects.log.head(Pid.parse(laid.pid))
        return Change(
            pid,
            KIND,
            Registered(document),
            None,
            used=(
                target.pid.version_iri(target.version),
                first.pid.version_iri(first.version),
            ),
            cause=first.position,
        )


def _path(edit: Edit, what: Operation) -> Path:
    """The path that a change has in the document that an operation is for; one that adds a member
    by its place keeps that."""
    last = edit.path[-1]
    if edit.motivation == "ods:adding" and isinstance(last, int):
        return (*what.path, last)
    return what.path


def _of_a_member(edit: Edit, what: Operation) -> bool:
    """Whether a change adds or deletes a member of an array."""
    if what.what == "remove":
        return isinstance(what.path[-1], int)
    return adds_member(edit, what)
