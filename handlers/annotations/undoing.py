"""An annotation taken back as if it had never been made.

Whoever withdraws an annotation says that it no longer holds, and its object says what its source
says. Whoever undoes a batch wants more: what held before the batch holds again. So in the same
transaction the annotation whose place this one took is brought back, and the accepted changes that
it overrode are laid over the source's word again, by the rules of a harvest. What somebody decided
about those since stays decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from eventstore.application import Change
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.agent import Agent
from fdo.annotation.life import REPLACED, source_of, state_of
from fdo.annotation.merging import LAID, Judged, Laid, judge, place_of, relaid, reverted
from fdo.annotation.telling import told
from fdo.annotation.values import Impossible
from fdo.documents import Document
from fdo.errors import CollectomeError, InvalidDocument
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Restore, Revise, Status, Tombstone, stamped
from handlers.annotations.decisions import Decisions, undecided
from handlers.annotations.hand import approver, maker_of, node_of, said
from handlers.annotations.merges import meet
from handlers.annotations.outcome import Decision
from handlers.annotations.replacing import TERM
from handlers.annotations.returning import last_whole
from handlers.annotations.targets import agreed_before, held_by, laid_on

_BATCH = "ods:batchID"


@dataclass(frozen=True, slots=True)
class _Without:
    """The object without a change, as far as there is something to write."""

    target: DigitalObject
    change: Change | None
    again: Sequence[Change]
    """What the annotations say whose changes are judged anew."""


class Undoing(Decisions):
    """The hands of those who take back what should not have been said."""

    def undo(self, pid: Pid, reason: str, by: Agent) -> Decision:
        """Withdraw an annotation, and let what it superseded or overrode hold again. Refused for
        one that was rejected."""

        def once() -> Decision:
            known, issue = self._known(pid)
            own = self._change(known, issue, Tombstone(said(reason), node_of(by), self._now))
            assert own is not None  # a tombstone always is a fact
            accepted = state_of(known.status, known.document) == "accepted"
            if not accepted:
                undecided(known)
            without = self._without(known, by) if accepted else None
            changes = [*self._brought_back(known, reason), *(without.again if without else ())]
            decision = self._recorded(
                "withdrawn",
                known,
                [own, *changes],
                by,
                without.target if without else None,
                without.change if without else None,
            )
            return replace(decision, again=tuple(each.pid for each in changes))

        return self._again(None, once)

    # ── what it superseded ───────────────────────────────────────────────────────────────

    def _brought_back(self, known: DigitalObject, reason: str) -> Iterator[Change]:
        """The annotation whose place this one took, as it was; not one of the same batch, nor one
        that leads elsewhere by now, or was erased."""
        named = source_of(known.document.get(TERM))
        old, issue = self._objects.state(named.pid) if named else (None, 1)
        if old is None or state_of(old.status, old.document) != "superseded":
            return
        batch = known.document.get(_BATCH)
        before = last_whole(self._objects.log.history(old.pid))
        if before is None or self._objects.log.standing(old.pid) != known.pid:
            return
        if batch is not None and before.document.get(_BATCH) == batch:
            return
        document = stamped(before.document, old.pid, old.version + 1, modified=self._now)
        change = self._change(old, issue, Restore(document, reason))
        assert change is not None  # a return always is a fact
        yield change

    # ── what it overrode ─────────────────────────────────────────────────────────────────

    def _without(self, known: DigitalObject, by: Agent) -> _Without | None:
        """Its object without the change of an accepted annotation, and with those that it
        overrode; None where the object ended, or says something else since."""
        target, issue = self._object(known)
        if target is None or target.status is not Status.ACTIVE:
            return None
        laid = laid_on(self._objects, [target]).get(str(target.pid), [])
        others = [each for each in laid if each.pid != str(known.pid)]
        document = _bare(target.document, known, laid)
        if document is None:
            return None
        overridden = _overridden(self._objects.log, known.pid, target.pid)
        free = [each for each in overridden if _is_free(document, each, others)]
        document, judged = relaid(document, free, lambda each: self._may_say(target, each))
        back = [each for each in free if judged[each.pid].verdict != "dropped"]
        again = [self._told(each, judged[each.pid], by) for each in back]
        if document is target.document:
            return _Without(target, None, again)
        in_force = [each for each in back if judged[each.pid].verdict in LAID]
        overlay = tuple(each.pid for each in (*others, *in_force))
        change = self._change(
            target,
            issue,
            Revise(self._stamped(target, document), overlay),
            by=approver(by),
            also=tuple(dict.fromkeys(map(self._maker, in_force))),
            used=(known.pid.version_iri(known.version),),
            cause=self._objects.log.latest(known.pid).position,
        )
        return _Without(target, change, again)

    def _told(self, laid: Laid, judged: Judged, by: Agent) -> Change:
        known, issue = self._known(Pid.parse(laid.pid))
        return self._revision(known, issue, told(laid.annotation, judged), by)

    def _may_say(self, target: DigitalObject, document: Document) -> bool:
        try:
            self._stamped(target, document)
        except InvalidDocument:
            return False
        return True

    def _maker(self, laid: Laid) -> Agent:
        first = self._objects.log.version(Pid.parse(laid.pid), 1)
        return maker_of(laid.annotation, first.agent)


def _bare(document: Document, known: DigitalObject, laid: Sequence[Laid]) -> Document | None:
    """The document without the change of an accepted annotation: as it is, where its source says
    so itself; None where it holds something else since."""
    this = next((each for each in laid if each.pid == str(known.pid)), None)
    if this is not None:
        return reverted(document, this)
    return document if known.document.get("col:overlayState") == "adopted" else None


def _is_free(document: Document, laid: Laid, others: Sequence[Laid]) -> bool:
    """Whether no other accepted change decides the place of this one."""
    try:
        what, _ = judge(document, laid)
    except (Impossible, InvalidDocument):
        return False
    return what is None or not any(meet(what.path, place_of(each, document)) for each in others)


def _overridden(log: Log, pid: Pid, target: Pid) -> list[Laid]:
    """The accepted annotations whose places this one decided when it was accepted, as they were
    before, in their order; without those about which something was recorded since."""
    approved = _approval(log.history(pid))
    history = log.history(target)
    contents = [event for event in history if event.frame is not None]
    for before, event in pairwise(contents):
        if approved is None or event.position < approved.position or not _names(event, pid):
            continue
        lost = [one for one in before.overlay if one not in event.overlay]
        heads = {str(head.pid): head for head in log.heads_of(lost)}
        held = held_by(history)
        return [
            _as_it_was(log, heads[one].pid, heads[one].version - 1, held.get(one, before.document))
            for one in lost
            if approved.position < heads[one].position < event.position
        ]
    return []


def _approval(history: Sequence[Recorded]) -> Recorded | None:
    """The event by which an annotation was accepted; the last one, where it was so twice."""
    contents = [event for event in history if event.frame is not None]
    last = None
    for before, event in pairwise(contents):
        states = [state_of(each.status, each.document) for each in (before, event)]
        if states == ["pending", "accepted"]:
            last = event
    return last


def _names(event: Recorded, pid: Pid) -> bool:
    named = (source_of(iri) for iri in event.used)
    return any(one is not None and one.pid == pid for one in named)


def _as_it_was(log: Log, pid: Pid, version: int, held: Document) -> Laid:
    state = log.version(pid, version).state()
    return Laid(str(pid), state.document, held, agreed_before(log, state))


def goes_on_as(known: DigitalObject, log: Log) -> list[Pid]:
    """The annotations in which one goes on whose object ended for others (decision 0067): they
    say where they come from (`oa:via`)."""
    metadata = known.document.get("ods:hasTombstoneMetadata") or {}
    found = []
    for related in metadata.get("ods:hasRelatedPIDs", ()):
        if related.get("ods:relationshipType") != REPLACED:
            continue
        try:
            first = log.version(Pid.parse(related["dcterms:identifier"]), 1)
        except CollectomeError:
            continue  # it names what is not here
        if first.document.get("oa:via") == known.pid.iri:
            found.append(first.pid)
    return found
