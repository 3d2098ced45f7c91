"""Accepted annotations over what a source says now: their changes survive every harvest.

An object's overlay names the annotations whose changes it holds. Where its source has a new word,
that word is mapped as ever, the changes are laid over it again, and each annotation of which
something else became true says so, in the same transaction: its source adopted it, or says a
third thing, or its place is gone (`fdo.annotation.merging`). Objects without an overlay, and rows
that did not change, cost nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from eventstore.application import Change, DigitalObjects
from fdo.annotation.merging import LAID, Judged, Laid, relaid
from fdo.annotation.telling import told
from fdo.documents import Document, canonical
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Facts, Revise, Revised, decide
from fdo.mids import assess
from handlers.annotations.targets import laid_on
from handlers.harvest.standards import breaches
from handlers.harvest.verdicts import stamp


class Overlay:
    """The accepted annotations of the objects of one batch, and what becomes of them."""

    def __init__(self, objects: DigitalObjects, rejecting: Collection[str], now: str) -> None:
        self._objects, self._rejecting, self._now = objects, rejecting, now
        self._laid: dict[str, list[Laid]] = {}
        self._judged: dict[str, Judged] = {}

    def load(self, states: Iterable[DigitalObject]) -> None:
        """Read the accepted annotations of the objects that hold any."""
        self._laid |= laid_on(self._objects, states)

    def over(self, known: DigitalObject | None, draft: Document) -> Document:
        """The draft with the changes that its object holds laid over it."""
        laid = self._laid.get(str(known.pid), ()) if known else ()
        if known is None or not laid:
            return draft
        document, judged = relaid(draft, laid, lambda each: self._valid(known, each))
        self._judged |= judged
        if known.type == "specimen":
            document = {**document, "ods:midsLevel": max(assess(document).level, 0)}
        return document

    def leave(self, known: DigitalObject | None) -> None:
        """Leave the annotations of an object as they are: its source's word was rejected."""
        for laid in self._laid.pop(str(known.pid), ()) if known else ():
            self._judged.pop(laid.pid, None)

    def facts(self, known: DigitalObject | None, facts: Facts) -> Facts:
        """The facts of an object, each revision with the annotations that its document holds."""
        if known is None or not known.overlay:
            return facts
        left = tuple(
            each.pid
            for each in self._laid.get(str(known.pid), ())
            if each.pid not in self._judged or self._judged[each.pid].verdict in LAID
        )
        return tuple(replace(f, overlay=left) if isinstance(f, Revised) else f for f in facts)

    def changes(self) -> Iterator[Change]:
        """What the annotations of which something else became true say now."""
        for laid in (each for group in self._laid.values() for each in group):
            judged = self._judged.get(laid.pid)
            if judged is not None and (document := _told(laid.annotation, judged)):
                known, issue = self._objects.state(Pid.parse(laid.pid))
                assert known is not None  # it was read a moment ago
                command = Revise(stamp(document, known.pid, known, self._now))
                for fact in decide(known, command):
                    yield Change(known.pid, known.type, fact, known, issue)

    def _valid(self, known: DigitalObject, draft: Document) -> bool:
        document = stamp(draft, known.pid, known, self._now)
        return not breaches(known.type, document, self._rejecting)


def _told(annotation: Document, judged: Judged) -> Document | None:
    """The annotation with what became of its change; None where it says so already."""
    document = told(annotation, judged)
    return None if canonical(document) == canonical(annotation) else document
