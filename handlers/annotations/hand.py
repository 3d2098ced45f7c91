"""What writing and deciding share: the clock, the agent's node, and the annotation as it stands."""

from __future__ import annotations

import random
import time
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from eventstore.application import Change, DigitalObjects
from eventstore.envelope import opends_time, to_moment
from fdo.agent import Agent, Kind
from fdo.annotation.identity import agent_id
from fdo.annotation.life import merging
from fdo.annotation.merging import applied
from fdo.annotation.rules import Breach
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import InvalidDocument, NotFound, Refused, VersionConflict
from fdo.identifiers import Pid
from fdo.lifecycle import Command, DigitalObject, decide, stamped
from fdo.mids import assess
from fdo.representations.lexical import is_iri
from handlers.harvest.standards import breaches

KIND = "annotation"
ATTEMPTS = 8
"""How often a lost race is tried."""


def pause(attempt: int) -> None:
    """Let the others through after a race was lost, each for another while."""
    time.sleep(random.uniform(0, 0.005 * 2**attempt))  # noqa: S311  (no secret hangs on it)


_KINDS: dict[str, Kind] = {
    "prov:Person": "schema:Person",
    "schema:Organization": "schema:Organization",
    "schema:Person": "schema:Person",
}


class Hand:
    """One repository in the hands of those who annotate."""

    def __init__(self, objects: DigitalObjects, rejecting: Collection[str] = ()) -> None:
        self._objects, self._rejecting = objects, rejecting

    def _known(self, pid: Pid, expected: int | None = None) -> tuple[DigitalObject, int]:
        """An annotation as it stands, with its record's issue; NotFound, VersionConflict."""
        known, issue = self._seen(pid, expected)
        if known.type != KIND:
            raise NotFound(f"A {known.type} bears the PID {pid}; name an annotation.", pid=str(pid))
        return known, issue

    def _seen(self, pid: Pid, expected: int | None = None) -> tuple[DigitalObject, int]:
        """An object as it stands, with its record's issue; NotFound, VersionConflict."""
        known, issue = self._objects.state(pid)
        if known is None:
            raise NotFound(f"No object bears the PID {pid}.", pid=str(pid))
        if expected is not None and known.version != expected:
            raise VersionConflict(
                f"{pid} is at version {known.version}, not {expected}; read it again.",
                version=known.version,
            )
        return known, issue

    def _change(
        self, known: DigitalObject, issue: int, command: Command, **more: Any
    ) -> Change | None:
        """The change that a command makes; None where nothing changes."""
        facts = decide(known, command)
        return Change(known.pid, known.type, facts[0], known, issue, **more) if facts else None

    def _stamped(self, target: DigitalObject, draft: Document) -> Document:
        """An object's next version: MIDS level, stamps, and the rules for what is recorded;
        InvalidDocument where it breaks them."""
        document = dict(draft)
        if target.type == "specimen":
            document["ods:midsLevel"] = max(assess(document).level, 0)
        created = target.document.get("dcterms:created")
        document = stamped(
            document, target.pid, target.version + 1, modified=self._now, created=created
        )
        if broken := breaches(target.type, document, self._rejecting):
            raise InvalidDocument(f"{target.pid} would break its rules: {broken[0][1]}", broken)
        return document

    def _shapes_broken(self, annotation: Document, target: DigitalObject) -> list[Breach]:
        """What shapes that reject say of the target with the change of an annotation."""
        if target.type not in self._rejecting or not merging(annotation):
            return []
        after = applied(target.document, annotation, target.type)
        told = breaches(target.type, after, self._rejecting)
        return [
            ("/oa:hasBody", f"With it, {target.pid} breaks {shape}: {why}") for shape, why in told
        ]

    @property
    def _now(self) -> str:
        return opends_time(to_moment(self._objects.clock()))


def node_of(by: Agent) -> Document:
    """An agent as documents name them."""
    return {"@type": by.kind, "schema:identifier": by.id, "schema:name": by.name}


def maker_of(annotation: Document, recorded_by: Agent) -> Agent:
    """Who made an annotation, as one who requested its change: the creator that it names, else
    who sent it."""
    for creator in annotation.get("dcterms:creator", ()):
        known = agent_id(creator)
        if is_iri(known):  # it is written into the graph as it stands
            kind = _KINDS.get(creator.get("@type", ""), "schema:SoftwareApplication")
            return Agent(known, creator.get("schema:name") or known, kind, "Requestor")
    return Agent(recorded_by.id, recorded_by.name, recorded_by.kind, "Requestor")


def approver(by: Agent) -> Agent:
    """Somebody as the one who accepts a change."""
    return replace(by, role="Approver")


def claim_of(document: Document) -> str:
    """The claim by which an annotation is recorded once."""
    (key,) = OBJECT_TYPES[KIND].claims(document)
    return key


def said(reason: str) -> str:
    """The reason, which must be given."""
    if not reason.strip():
        raise Refused("Say why: the reason is shown with the annotation.")
    return reason.strip()
