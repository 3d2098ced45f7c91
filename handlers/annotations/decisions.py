"""What becomes of a proposed change: accepted, rejected, settled; and the ends of annotations.

Accepting is one transaction of two facts: the annotation is approved, and its target has a new
version that holds the change. The event of the target names who annotated (Requestor) and who
accepted (Approver), the version of the annotation (prov:used), and the event that proposed it.
From then on the target's overlay holds the annotation, and each harvest lays its change again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from eventstore.application import Change
from fdo.agent import Agent
from fdo.annotation.life import edit_of, state_of
from fdo.annotation.merging import LAID, reverted, written
from fdo.documents import Document
from fdo.errors import CollectomeError, InvalidDocument, Refused, VersionConflict
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Merge, Revise, Status, Tombstone, stamped
from handlers.annotations.hand import (
    ATTEMPTS,
    KIND,
    Hand,
    approver,
    maker_of,
    node_of,
    pause,
    said,
)
from handlers.annotations.merges import moved, worked_out
from handlers.annotations.outcome import Decision, Outcome
from handlers.annotations.successions import Successions
from handlers.annotations.targets import laid_on

Verdict = Literal["accept", "reject"]


class Decisions(Hand):
    """The hands of those who decide about annotations. Who may do it is asked before."""

    def accept(
        self, pid: Pid, by: Agent, reason: str = "", expected: int | None = None
    ) -> Decision:
        """Approve a proposed change and carry it out. Refused where it was decided already, or
        where its place has changed since; InvalidDocument where it no longer fits."""
        return self._again(expected, lambda: self._accept(pid, by, reason, expected))

    def reject(self, pid: Pid, by: Agent, reason: str, expected: int | None = None) -> Decision:
        """Decide against a proposed change, with a reason that everybody can read."""

        def once() -> Decision:
            known, issue = self._pending(pid, expected)
            document = self._decided(known, "Rejected", by, said(reason))
            change = self._change(known, issue, Revise(document), by=approver(by))
            assert change is not None  # the decision is in the document
            (position,) = self._objects.append([change], by=by)
            return Decision("rejected", pid, known.version + 1, position)

        return self._again(expected, once)

    def decide_many(
        self, pids: Sequence[Pid], decision: Verdict, by: Agent, reason: str = ""
    ) -> list[Outcome]:
        """One decision about many annotations, each by itself: what fails is told and does not
        keep the others back."""
        decide = self.accept if decision == "accept" else self.reject
        return [self._outcome(pid, decide, by, reason) for pid in pids]

    def settle(self, pid: Pid, keep: bool, by: Agent, reason: str = "") -> Decision:
        """End the conflict of an accepted change with its source: keep the change, or take what
        the source says."""

        def once() -> Decision:
            known, issue = self._known(pid)
            if known.document.get("col:overlayState") != "conflict":
                raise Refused(
                    f"{pid} is in no conflict with its source; there is nothing to settle."
                )
            if keep:
                document = self._marked(known, "applied", reason)
                return self._recorded(
                    "settled", known, [self._revision(known, issue, document, by)], by
                )
            return self._taken_back(
                "settled", known, issue, by, self._marked(known, "dropped", reason)
            )

        return self._again(None, once)

    # ── ends ─────────────────────────────────────────────────────────────────────────────

    def withdraw(self, pid: Pid, reason: str, by: Agent, expected: int | None = None) -> Decision:
        """Take an annotation back; of an accepted one also its change, in a new version of its
        target that says what the source says. Refused for one that was rejected."""

        def once() -> Decision:
            known, issue = self._known(pid, expected)
            command = Tombstone(said(reason), node_of(by), self._now)
            accepted = state_of(known.status, known.document) == "accepted"
            if not accepted:
                undecided(known)
            if accepted and known.document.get("col:overlayState") in LAID:
                return self._taken_back("withdrawn", known, issue, by, command)
            change = self._change(known, issue, command)
            assert change is not None  # a tombstone always is a fact
            return self._recorded("withdrawn", known, [change], by)

        return self._again(expected, once)

    def supersede(
        self,
        pid: Pid,
        successor: Pid,
        reason: str,
        by: Agent,
        expected: int | None = None,
    ) -> Decision:
        """End an annotation in favour of another one, which its PID leads to."""
        known, _ = self._known(pid, expected)
        undecided(known)
        command = Merge(successor, said(reason), node_of(by), self._now)
        event = self._objects.handle(command, pid=pid, kind=KIND, by=by, expected=expected)
        assert event is not None  # a merge always is a fact
        return Decision("superseded", pid, event.version, event.position)

    # ── accepting ────────────────────────────────────────────────────────────────────────

    def _accept(self, pid: Pid, by: Agent, reason: str, expected: int | None) -> Decision:
        known, issue = self._pending(pid, expected)
        proposal = self._objects.log.latest(pid)
        target, target_issue = self._target(known, by)
        merge = worked_out(self._objects, known, target)
        approved = self._decided(known, "Approved", by, reason.strip())
        approved["oa:hasTarget"] = moved(approved["oa:hasTarget"], merge.edit)
        if merge.source is not None:
            approved["col:sourceValue"] = written(merge.source)
        overlay = self._still_laid(target, merge.covered)
        if merge.state == "applied":
            overlay.append(str(pid))
        revise = Revise(self._stamped(target, merge.document), tuple(overlay))
        change = self._change(
            target,
            target_issue,
            revise,
            by=approver(by),
            also=(maker_of(known.document, proposal.agent),),
            used=(pid.version_iri(known.version),),
            cause=proposal.position,
        )
        approved["col:overlayState"] = merge.state
        changes = [self._revision(known, issue, approved, by)]
        changes += [self._overridden(each, by) for each in merge.covered]
        return self._recorded("accepted", known, changes, by, target, change)

    def _still_laid(self, target: DigitalObject, covered: Sequence[str]) -> list[str]:
        laid = laid_on(self._objects, [target]).get(str(target.pid), [])
        return [each.pid for each in laid if each.pid not in covered]

    def _overridden(self, pid: str, by: Agent) -> Change:
        """An accepted annotation whose place a later one decides."""
        known, issue = self._known(Pid.parse(pid))
        return self._revision(known, issue, self._marked(known, "dropped", ""), by)

    # ── taking back ──────────────────────────────────────────────────────────────────────

    def _taken_back(
        self,
        what: Literal["settled", "withdrawn"],
        known: DigitalObject,
        issue: int,
        by: Agent,
        then: Document | Tombstone,
    ) -> Decision:
        """The target says what its source says, and the annotation is out of its overlay. One
        that ended is left as it is; should it come back, it comes without the change."""
        target, target_issue = self._object(known)
        laid = laid_on(self._objects, [target]).get(str(target.pid), []) if target else []
        this = next((each for each in laid if each.pid == str(known.pid)), None)
        change = document = None
        if this and target and target.status is Status.ACTIVE:
            document = reverted(target.document, this)
        if document is not None:
            assert target is not None
            overlay = tuple(each.pid for each in laid if each.pid != str(known.pid))
            change = self._change(
                target,
                target_issue,
                Revise(self._stamped(target, document), overlay),
                by=approver(by),
                used=(known.pid.version_iri(known.version),),
                cause=self._objects.log.latest(known.pid).position,
            )
        command = then if isinstance(then, Tombstone) else Revise(then)
        own = self._change(known, issue, command, by=by)
        assert own is not None  # the state of the overlay, or the status, is another
        return self._recorded(what, known, [own], by, target, change)

    # ── documents ────────────────────────────────────────────────────────────────────────

    def _pending(self, pid: Pid, expected: int | None) -> tuple[DigitalObject, int]:
        known, issue = self._known(pid, expected)
        state = state_of(known.status, known.document)
        if state != "pending":
            raise Refused(f"{pid} is {state}; only what is pending is decided.", state=state)
        return known, issue

    def _target(self, known: DigitalObject, by: Agent) -> tuple[DigitalObject, int]:
        target, issue = self._object(known)
        if target is None:
            raise Refused(f"{known.pid} proposes a change of an object that is not known.")
        if target.status is not Status.ACTIVE:
            stands = self._objects.log.standing(target.pid)
            if heirs := Successions(self._objects, self._rejecting).go_on(
                known.pid, target.pid, by
            ):
                raise Refused(
                    f"{target.pid} ended, and {known.pid} goes on as "
                    f"{', '.join(map(str, heirs))}; decide about that."
                )
            raise Refused(
                f"{known.pid} proposes a change of {target.pid}, which is {target.status.value}; "
                + (
                    "restore that first, or reject the proposal."
                    if stands == target.pid
                    else f"propose it of {stands}, into which that was merged."
                )
            )
        return target, issue

    def _object(self, known: DigitalObject) -> tuple[DigitalObject | None, int]:
        """The object that an annotation proposes to change, in whatever state it is."""
        edit = edit_of(known.document)
        return (None, 1) if edit is None else self._objects.state(edit.target)

    def _decided(self, known: DigitalObject, status: str, by: Agent, reason: str) -> Document:
        document = {**known.document, "ods:mergingDecisionStatus": status}
        document["ods:mergingStateChangeDate"] = self._now
        document["ods:hasMergingStateChangedBy"] = node_of(by)
        if reason:
            document["col:decisionReason"] = reason
        return document

    @staticmethod
    def _marked(known: DigitalObject, state: str, reason: str) -> Document:
        more = {"col:decisionReason": reason.strip()} if reason.strip() else {}
        return {**known.document, **more, "col:overlayState": state}

    def _revision(self, known: DigitalObject, issue: int, document: Document, by: Agent) -> Change:
        created = known.document["dcterms:created"]
        next_one = stamped(
            document, known.pid, known.version + 1, modified=self._now, created=created
        )
        change = self._change(known, issue, Revise(next_one), by=approver(by))
        assert change is not None  # callers change what counts
        return change

    # ── recording ────────────────────────────────────────────────────────────────────────

    def _recorded(
        self,
        what: Literal["accepted", "settled", "withdrawn"],
        known: DigitalObject,
        changes: Sequence[Change],
        by: Agent,
        target: DigitalObject | None = None,
        change: Change | None = None,
    ) -> Decision:
        """One transaction: the facts of annotations, the first of them this one's, then that of
        the target."""
        positions = self._objects.append([*changes, *([change] if change else ())], by=by)
        return Decision(
            what,
            known.pid,
            known.version + 1,
            positions[0],
            target.pid if target else None,
            target.version + 1 if target and change else None,
        )

    @staticmethod
    def _again(expected: int | None, once: Callable[[], Decision]) -> Decision:
        for attempt in range(ATTEMPTS):
            try:
                return once()
            except VersionConflict:
                if expected is not None or attempt == ATTEMPTS - 1:
                    raise
                pause(attempt)
        raise AssertionError("unreachable")

    @staticmethod
    def _outcome(
        pid: Pid, decide: Callable[[Pid, Agent, str], Decision], by: Agent, reason: str
    ) -> Outcome:
        try:
            return decide(pid, by, reason).outcome
        except InvalidDocument as bad:
            return Outcome("refused", pid, errors=bad.pointers or (("", bad.message),))
        except CollectomeError as bad:
            return Outcome("refused", pid, errors=(("", bad.message),))


def undecided(known: DigitalObject) -> None:
    """Refused where a person has decided about an annotation: the decision stays on record, and
    the object of an accepted one holds its change."""
    state = state_of(known.status, known.document)
    if state == "accepted":
        raise Refused(f"{known.pid} was accepted, and its object holds its change; withdraw it.")
    if state == "rejected":
        raise Refused(f"{known.pid} was rejected; the decision stays on record.")
