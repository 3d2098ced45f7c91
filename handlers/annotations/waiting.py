"""Proposals that wait for a decision about an object when that object ends.

They go on with its successor, or with those of its parts that they fit: each as a proposal of its
own, about that object. The first one is superseded by it, or by all of them, so that a curator
decides once; its PID leads on. One that has no place elsewhere, or says there what is said already,
stays as it was: it can be decided again when its object comes back.

Who proposed what of an object stands in no index of the log, but in views made from it. So whoever
ends an object says how they are found. What was not found, since it was proposed in that moment or
the view was being made, goes on by the same rules when somebody wants to accept it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eventstore.application import Change, DigitalObjects
from fdo.agent import Agent
from fdo.annotation.life import REPLACED, Edit, edit_of, state_of
from fdo.annotation.merging import Laid, anchored
from fdo.annotation.values import Impossible
from fdo.documents import Document
from fdo.errors import InvalidDocument
from fdo.identifiers import Pid
from fdo.lifecycle import Command, DigitalObject, Merge, Tombstone, decide
from handlers.annotations.hand import KIND, node_of
from handlers.annotations.merges import annotated, says_so, unchanged

Waiting = Callable[[Pid], Sequence[str]]
"""PIDs (text) of annotations that may propose a change of an object, and wait."""


def nobody(_: Pid) -> Sequence[str]:
    """Where nobody knows what waits: none."""
    return ()


@dataclass(slots=True)
class Proposal:
    """One that waits, and where it goes on."""

    known: DigitalObject
    issue: int
    edit: Edit
    before: Document
    """The object as it was annotated."""
    heirs: list[Pid] = field(default_factory=list)
    """What stands for it from now on."""

    @property
    def first(self) -> Laid:
        """The annotation beside the document that it is about."""
        return Laid(str(self.known.pid), self.known.document, self.before)

    def on(self, target: DigitalObject, *, whole: bool) -> Edit | None:
        """The same change of another object; None where it has no place there, or nothing to
        change. `whole`: that object is what this one was. A part is only where it says the same."""
        try:
            here = anchored(self.edit, self.before, target.document)
            if here is None or says_so(here, target):
                return None
        except (Impossible, InvalidDocument):
            return None
        if not whole and not unchanged(self.edit, self.before, here, target.document):
            return None
        return here

    def ended(self, of: Pid, by: Agent, at: str) -> Change:
        """The end of the first one, in favour of what stands for it."""
        reason = f"{of} ended; this goes on as {', '.join(map(str, self.heirs))}."
        node = node_of(by)
        command: Command = Merge(self.heirs[0], reason, node, at)
        if len(self.heirs) > 1:
            command = Tombstone(reason, node, at, [(heir.iri, REPLACED) for heir in self.heirs])
        (fact,) = decide(self.known, command)
        return Change(self.known.pid, KIND, fact, self.known, self.issue)


def proposals(objects: DigitalObjects, target: DigitalObject, waiting: Waiting) -> list[Proposal]:
    """The proposals about an object that wait, the oldest first. The log says whether they do."""
    heads = [head for head in objects.log.heads_of(waiting(target.pid)) if head.type == KIND]
    states = objects.states(heads)
    found = []
    for head in sorted(heads, key=lambda head: head.position):
        known = states[str(head.pid)]
        edit = _pending(known)
        if edit is not None and edit.target == target.pid:
            before, _ = annotated(objects, known, target)
            found.append(Proposal(known, head.issue, edit, before))
    return found


def _pending(known: DigitalObject) -> Edit | None:
    """The change that an annotation proposes, if it waits for a decision."""
    if state_of(known.status, known.document) != "pending":
        return None
    try:
        return edit_of(known.document)
    except InvalidDocument:
        return None
