"""What objects are called, so that a page need not call them by their PID alone.

    Names(log)("10.5072/ABC-DEF-123")   →  "Quercus robur L."

Only what is public has a name here: of a draft, of an object that has only its PID, and of a
withdrawn one the PID is all that other pages say.
"""

from __future__ import annotations

from api.annotations.pages import annotation_heading
from api.objects.addresses import split
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.documents import Document
from fdo.lifecycle import Status

_NAMES = ("ods:specimenName", "dcterms:title", "schema:name", "ac:accessURI")
_LONG = 120
"""Characters of a name beside others."""


class Names:
    """The names of the objects of one repository, as they are now."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def __call__(self, name: str) -> str:
        """The name of the object of a PID, bare or as IRI; empty where it has none to show."""
        pid, _ = split(name)
        heads = self._log.heads_of([str(pid)]) if pid is not None else []
        if pid is None or not heads or heads[0].status is not Status.ACTIVE:
            return ""
        event = self._log.latest(pid)
        found = heading(event.document, event)
        return "" if found == str(pid) else found[:_LONG]


def heading(document: Document, event: Recorded) -> str:
    """What a page of this version is headed: the name that its document gives, else the PID."""
    if event.type == "annotation" and document:
        return annotation_heading(document)
    return next((str(document[name]) for name in _NAMES if document.get(name)), str(event.pid))
