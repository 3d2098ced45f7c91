"""What people do to objects by hand: end them, bring them back, and erase what may not be kept.

The command line and the web ask here, so that both mean the same. Who may do it is asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from eventstore import mirroring
from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, opends_time, to_moment
from fdo.agent import Agent
from fdo.annotation.life import state_of
from fdo.documents import Document, canonical
from fdo.errors import Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Command, Merge, Restore, Split, Tombstone, stamped
from handlers.annotations import Annotations
from handlers.annotations.decisions import undecided
from handlers.annotations.hand import KIND
from handlers.annotations.returning import last_whole, returning
from handlers.annotations.successions import Successions
from handlers.annotations.waiting import Waiting, nobody
from handlers.harvest.links import RELATIONS

_LEFT = (
    "@id", "@type", "dcterms:identifier", "dcterms:created", "dcterms:modified",
    "dcterms:license", "dcterms:rights", "ods:fdoType", "ods:version", "ods:status",
    "ods:organisationID",
    "ods:organisationName", "ods:sourceSystemID", "ods:sourceSystemName",
    "ods:normalisedPhysicalSpecimenID", "ods:physicalSpecimenID", "ods:physicalSpecimenIDType",
    "ods:topicDiscipline", "ods:hasTombstoneMetadata", "ods:mergingDecisionStatus",
    RELATIONS, "schema:identifier", "schema:version", "schema:dateCreated", "schema:dateModified",
)  # fmt: skip
"""Terms that an erasure leaves: which object it is, whose, and what became of it."""

_DECISION = (
    "col:decisionReason", "col:overlayState", "col:sourceValue",
    "ods:hasMergingStateChangedBy", "ods:mergingStateChangeDate",
)  # fmt: skip
"""What an accepted annotation says of its acceptance, which ended when it was withdrawn."""


@dataclass(frozen=True, slots=True)
class Erasable:
    """The events of one object whose bytes an erasure would destroy."""

    pid: Pid
    contents: tuple[Recorded, ...]
    """Versions."""
    verbatims: tuple[Recorded, ...]
    """Events beside them that keep a record as its source gave it."""

    @property
    def versions(self) -> list[int]:
        """The numbers of the versions."""
        return [event.version for event in self.contents]


class Curation:
    """The hands of one person, or of a program that acts for one."""

    def __init__(
        self,
        objects: DigitalObjects,
        by: Agent,
        rejecting: Collection[str] = (),
        waiting: Waiting = nobody,
    ) -> None:
        """`rejecting` names the object types whose shapes reject, also what a merge, a split or a
        change that is taken back writes. `waiting` finds the proposals about an object that wait
        for a decision, which go on with its successor."""
        self._objects, self._by, self._rejecting = objects, by, rejecting
        self._waiting = waiting

    def tombstone(self, pid: Pid, reason: str, expected: int | None = None) -> Recorded:
        """Withdraw an object; its PID leads to the tombstone. With an accepted annotation its
        change is taken back; Refused for one that was rejected."""
        if self._objects.log.head(pid).type == KIND:
            Annotations(self._objects, self._rejecting).withdraw(pid, reason, self._by, expected)
            return self._objects.log.latest(pid)
        return self._do(pid, Tombstone(_said(reason), self._node, self._now), expected)

    def merge(self, pid: Pid, into: Pid, reason: str, expected: int | None = None) -> Recorded:
        """Withdraw an object in favour of another, which its identifiers lead to, and which takes
        over the accepted changes of it that fit."""
        self._must_be_undecided(pid)
        command = Merge(into, _said(reason), self._node, self._now)
        return self._successions.hand_over(pid, command, self._by, expected)

    def split(
        self, pid: Pid, parts: Sequence[Pid], reason: str, expected: int | None = None
    ) -> Recorded:
        """Withdraw an object in favour of the objects that it turned out to be, each of which
        takes over the accepted changes that concern it."""
        self._must_be_undecided(pid)
        different = tuple(dict.fromkeys(parts))
        command = Split(different, _said(reason), self._node, self._now)
        return self._successions.hand_over(pid, command, self._by, expected)

    def restore(self, pid: Pid, reason: str = "", expected: int | None = None) -> Recorded:
        """Bring a tombstoned object back as it was when it was last active, without the changes
        that were taken back since; an annotation that had been accepted waits for a decision
        again."""
        contents = [e for e in self._objects.log.history(pid) if not e.operational]
        before = last_whole(contents)
        if before is None:
            raise Refused(
                f"{pid} was never active, or what it said was erased; there is nothing to restore."
            )
        draft = returning(self._objects, before)
        if before.type == KIND and state_of(before.status, draft) == "accepted":
            draft = {term: value for term, value in draft.items() if term not in _DECISION}
            draft["ods:mergingDecisionStatus"] = "Pending"
        document = stamped(draft, pid, contents[-1].version + 1, modified=self._now)
        return self._do(pid, Restore(document, reason), expected)

    def erasable(
        self, pid: Pid, version: int | None = None, position: int | None = None
    ) -> Erasable:
        """What can be erased of an object: of all versions, of one, or one event. What was
        erased before is left out; Refused when nothing remains."""
        chosen = [
            event
            for event in self._objects.log.history(pid)
            if event.salt
            and (event.frame is not None or event.verbatim_frame is not None)
            and version in (None, event.version)
            and position in (None, event.position)
        ]
        if not chosen:
            raise Refused(
                f"There is nothing to erase of {pid}"
                + (f", version {version}" if version is not None else "")
                + (f", event {position}" if position is not None else "")
                + "; see its history for what there is."
            )
        return Erasable(
            pid,
            tuple(event for event in chosen if event.frame is not None),
            tuple(event for event in chosen if event.frame is None),
        )

    def erase(
        self, what: Erasable, reason: str, before: Callable[[], None] = lambda: None
    ) -> Recorded:
        """Destroy these bytes for ever; who, what and when stays, and every proof holds.

        `before` destroys what has to go first: it is called when nothing is left for which the
        erasure would be refused.
        """
        said = _said(reason)
        mirroring.refuse(self._objects.recorder)
        before()
        return self._objects.erase(
            what.pid,
            [event.position for event in what.contents],
            {event.position: canonical(redacted(event.document)) for event in what.contents},
            self._by,
            reason=said,
            verbatims=[event.position for event in what.verbatims],
        )

    def _must_be_undecided(self, pid: Pid) -> None:
        known, _ = self._objects.state(pid)
        if known is not None and known.type == KIND:
            undecided(known)

    def _do(self, pid: Pid, command: Command, expected: int | None) -> Recorded:
        kind = self._objects.log.head(pid).type
        recorded = self._objects.handle(command, pid=pid, kind=kind, by=self._by, expected=expected)
        assert recorded is not None  # none of these commands finds that nothing changed
        return recorded

    @property
    def _successions(self) -> Successions:
        return Successions(self._objects, self._rejecting, self._waiting)

    @property
    def _now(self) -> str:
        return opends_time(to_moment(self._objects.clock()))

    @property
    def _node(self) -> Document:
        by = self._by
        return {"@type": by.kind, "schema:identifier": by.id, "schema:name": by.name}


def redacted(document: Document) -> Document:
    """What an erasure leaves of a document."""
    return {term: document[term] for term in _LEFT if term in document}


def _said(reason: str) -> str:
    if not reason.strip():
        raise Refused("Say why: the reason is shown to everybody who resolves the PID.")
    return reason.strip()
