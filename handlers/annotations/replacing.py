"""Annotations that take the place of one before (`col:supersedes`).

Whoever reads a label better than before says so in one go: the new annotation names the old one,
which ends in the transaction that records the new one, and leads to it. That is for those who
brought the old one, while nobody has decided about it; everybody else proposes beside it, and a
person ends one of the two.
"""

from __future__ import annotations

from collections.abc import Sequence

from eventstore.application import Change, DigitalObjects
from fdo.agent import Agent
from fdo.annotation.life import source_of
from fdo.annotation.rules import Breach
from fdo.documents import Document
from fdo.errors import Refused
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Merge, Noted, Status, decide
from handlers.annotations.decisions import undecided
from handlers.annotations.hand import KIND, node_of

TERM = "col:supersedes"


def unfit(objects: DigitalObjects, document: Document, by: Agent) -> list[Breach]:
    """Why an annotation may not take the place of the one that it names."""
    if TERM not in document:
        return []
    try:
        _open(objects, document, by)
    except Refused as refused:
        return [(f"/{TERM}", refused.message)]
    return []


def endings(objects: DigitalObjects, new: Sequence[Change], by: Agent, at: str) -> list[Change]:
    """The ends of those whose places new annotations take; of two that name the same one the
    first takes it, and what was decided in this moment stays."""
    found: dict[Pid, Change] = {}
    for change in new:
        if isinstance(change.fact, Noted) or TERM not in change.fact.document:
            continue
        try:
            known, issue = _open(objects, change.fact.document, by)
        except Refused:
            continue
        reason = f"{change.pid} takes its place."
        (fact,) = decide(known, Merge(change.pid, reason, node_of(by), at))
        found.setdefault(known.pid, Change(known.pid, KIND, fact, known, issue))
    return list(found.values())


def _open(objects: DigitalObjects, document: Document, by: Agent) -> tuple[DigitalObject, int]:
    """The annotation whose place another one may take, with its record's issue; or Refused."""
    named = source_of(document[TERM])
    known, issue = objects.state(named.pid) if named and not named.version else (None, 1)
    if known is None or known.type != KIND:
        raise Refused(f"{document[TERM]} is no annotation of this repository; name its PID.")
    if known.status is not Status.ACTIVE:
        raise Refused(f"{known.pid} ended already; leave {TERM} out.")
    undecided(known)
    first = objects.log.history(known.pid)[0]
    if first.agent.id != by.id:
        raise Refused(
            f"{known.pid} was brought by somebody else; leave {TERM} out, and let them or a "
            "curator end that one."
        )
    if _about(known.document) != _about(document):
        raise Refused(f"{known.pid} is about another object; name one about the same.")
    return known, issue


def _about(document: Document) -> Pid | None:
    """The object that an annotation is about, whatever version of it."""
    target = next(iter(document.get("oa:hasTarget", ())), None)
    source = source_of(target) if target is not None else None
    return source.pid if source else None
