"""A section of lines becomes events: read, admitted, proposed in one transaction, told by line.

Every line may come twice: when a server dies between the log and its own notes, the section is
recorded again. The content of an annotation is claimed in the log, so that nothing is doubled;
what was recorded by the first try is known by its place behind the position that was noted before
it, and is told as if there had been one try only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from eventstore.application import DigitalObjects
from eventstore.log import Head, Log
from fdo.agent import Agent
from fdo.annotation.identity import agent_id
from fdo.annotation.life import source_of, state_of
from fdo.documents import Document
from fdo.errors import CollectomeError, InvalidDocument, Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.annotation.reading import LIMITS, Limits
from fdo.representations.annotation.reading import read as read_annotation
from handlers.annotations import Annotations, Outcome
from handlers.batches import origins
from handlers.batches.lines import Line, Wanted, read
from handlers.batches.outcomes import COUNTED, Became, LineOutcome
from handlers.batches.quotas import Quota
from handlers.batches.scopes import Scopes, creators_of

MANY = 200
"""Lines that are recorded in one transaction."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who sends annotations, and what may be said."""

    name: str
    """Of the token; begins with @ at the command line."""
    agent: Agent
    scopes: Scopes = field(default_factory=Scopes)
    organisation: str | None = None
    """To whose objects it is limited; None: all."""
    quotas: tuple[Quota, ...] = ()
    decides: bool = False
    """Whether it may also take back what was accepted (curators, admins)."""

    @property
    def creator(self) -> Document:
        """The agent as it stands in annotations that name nobody else."""
        by = self.agent
        return {"@type": by.kind, "schema:identifier": by.id, "schema:name": by.name}


@dataclass(frozen=True, slots=True)
class Meant:
    """A line that was understood."""

    line: int
    wanted: Wanted
    draft: Document
    repaired: tuple[str, ...]


class Recording:
    """Lines into the log, on behalf of one speaker and in one batch."""

    def __init__(
        self,
        objects: DigitalObjects,
        annotations: Annotations,
        by: Speaker,
        batch: str,
        base: str = "",
        limits: Limits = LIMITS,
    ) -> None:
        self._log, self._annotations = objects.log, annotations
        self._by, self._batch, self._base, self._limits = by, batch, base, limits

    @property
    def position(self) -> int:
        """Where the log stands now."""
        return self._log.position()

    def take(self, lines: Sequence[Line], again: int | None = None) -> list[LineOutcome]:
        """Record these lines; their outcomes, in order, once they are durable. `again`: it was
        tried before, when the log was at this position."""
        read = [self.understood(line) for line in lines]
        meant = self.admitted([one for one in read if isinstance(one, Meant)])
        refused = [one for one in (*read, *meant) if isinstance(one, LineOutcome)]
        told = self._told([one for one in meant if isinstance(one, Meant)], again)
        return sorted([*refused, *told], key=lambda one: one.line)

    def understood(self, line: Line) -> Meant | LineOutcome:
        """What a line says, or why it is refused."""
        try:
            wanted = read(line)
            if wanted.op == "withdraw":
                return Meant(line.number, wanted, {}, ())
            found = read_annotation(
                wanted.annotation,
                default_creator=self._by.creator,
                own=Pid.parse(wanted.pid).iri if wanted.pid else None,
                base=self._base,
                limits=self._limits,
            )
        except CollectomeError as wrong:
            return refusal(line.number, wrong)
        draft: Document = {"ods:batchID": self._batch, **found.draft}
        return self.named(Meant(line.number, wanted, draft, tuple(found.repaired)))

    # ── who may ──────────────────────────────────────────────────────────────────────────

    def named(self, meant: Meant) -> Meant | LineOutcome:
        """The line in a name that the speaker may use: its own where it names nobody known; of a
        model and a job only what the speaker may say."""
        found = self._in_a_name(meant)
        if isinstance(found, LineOutcome):
            return found
        wrong = origins.claimed(found.draft, found.wanted.pid, self._log)
        return LineOutcome(found.line, "refused", errors=tuple(wrong)) if wrong else found

    def _in_a_name(self, meant: Meant) -> Meant | LineOutcome:
        own = self._by.agent.id
        for node in creators_of(meant.draft):
            named = node.get("schema:identifier", node.get("@id"))
            if named is not None and named != own and not self._by.scopes.may_name(str(named)):
                why = (
                    f"The token {self._by.name!r} may not write in the name of {named}; leave the "
                    f"creator out, or ask for a scope creator:{named}."
                )
                return LineOutcome(meant.line, "refused", errors=(("/dcterms:creator", why),))
        known = [node for node in creators_of(meant.draft) if _is_known(node)]
        if known:
            return meant
        told = f"The creator without an identifier is {own}, whose token this is."
        repaired = (*meant.repaired, told)
        draft = {**meant.draft, "dcterms:creator": [self._by.creator]}
        draft["col:repaired"] = list(repaired)
        return Meant(meant.line, meant.wanted, draft, repaired)

    def admitted(self, meant: Sequence[Meant]) -> list[Meant | LineOutcome]:
        """Those lines that the speaker may write, and why not the others."""
        heads = self._heads(meant)
        holders = self._holders(heads.values()) if self._by.organisation else {}
        return [self._may(one, heads, holders) for one in meant]

    def _may(
        self, meant: Meant, heads: Mapping[str, Head], holders: Mapping[str, str | None]
    ) -> Meant | LineOutcome:
        targets = [heads[pid] for pid in targets_of(meant.draft) if pid in heads]
        why = self._by.scopes.refusal(meant.draft, targets)
        for head in targets if why is None and self._by.organisation else ():
            if holders.get(str(head.pid)) != self._by.organisation:
                why = (
                    f"{head.pid} is held by {holders.get(str(head.pid)) or 'nobody known'}; the "
                    f"token {self._by.name!r} is for {self._by.organisation}."
                )
        if why is None:
            return meant
        return LineOutcome(meant.line, "refused", errors=(("/oa:hasTarget", why),))

    def _heads(self, meant: Iterable[Meant]) -> dict[str, Head]:
        scopes = self._by.scopes
        if not (scopes.targets or scopes.datasets or self._by.organisation):
            return {}
        wanted = {pid for one in meant for pid in targets_of(one.draft)}
        found = self._log.heads_of(sorted(wanted))  # a draft is refused as unknown, later
        return {str(head.pid): head for head in found if head.status is not Status.DRAFT}

    def _holders(self, heads: Iterable[Head]) -> dict[str, str | None]:
        places = {head.position: str(head.pid) for head in heads}
        events = self._log.events_at(places)
        return {
            pid: events[place].document.get("ods:organisationID") for place, pid in places.items()
        }

    # ── what is recorded ─────────────────────────────────────────────────────────────────

    def _told(self, meant: Sequence[Meant], again: int | None) -> list[LineOutcome]:
        found: list[LineOutcome] = []
        for creating, group in groupby(meant, key=lambda one: one.wanted.op == "create"):
            if creating:
                found += self._created(list(group), again)
            else:
                found += [self._changed(one, again) for one in group]
        return found

    def _created(self, meant: Sequence[Meant], again: int | None) -> list[LineOutcome]:
        outcomes = self._annotations.propose_many([one.draft for one in meant], self._by.agent)
        told: list[LineOutcome] = []
        ours: set[str] = set()
        for one, outcome in zip(meant, outcomes, strict=True):
            found = _outcome(one, outcome)
            pid = found.pid
            if again is not None and found.outcome == "duplicate" and pid not in ours:
                assert pid is not None  # a duplicate names the annotation that says the same
                if self._is_ours(pid, again):
                    found = replace(found, outcome="created")
            if found.outcome == "created" and pid is not None:
                ours.add(pid)
            told.append(found)
        return told

    def _is_ours(self, pid: str, again: int) -> bool:
        """Whether an annotation was recorded by the try before."""
        first = self._log.version(Pid.parse(pid), 1)
        return first.position > again and first.agent.id == self._by.agent.id

    def _changed(self, meant: Meant, again: int | None) -> LineOutcome:
        wanted = meant.wanted
        try:
            pid = Pid.parse(wanted.pid)
            self._own(pid)
            head = self._log.head(pid)
            if again is not None and head.position > again:
                return self._changed_before(meant, head)
            if wanted.op == "withdraw":
                self._may_end(pid)
                event = self._annotations.withdraw(
                    pid, wanted.reason, self._by.agent, wanted.version
                )
                return LineOutcome(meant.line, "withdrawn", str(pid), event.version)
            revised = self._annotations.revise(pid, meant.draft, self._by.agent, wanted.version)
        except CollectomeError as wrong:
            return refusal(meant.line, wrong)
        return _outcome(meant, revised)

    def _may_end(self, pid: Pid) -> None:
        event = self._log.latest(pid)
        if state_of(event.status, event.document) == "accepted":
            why = not_taken_back(event.document, self._by, self._log)
            if why is not None:
                raise Refused(why)

    def _changed_before(self, meant: Meant, head: Head) -> LineOutcome:
        """The outcome of a change that the try before recorded."""
        became: Became = "withdrawn" if meant.wanted.op == "withdraw" else "revised"
        if (head.status is Status.TOMBSTONE) == (became == "withdrawn"):
            pid = str(head.pid)
            return LineOutcome(meant.line, became, pid, head.version, repaired=meant.repaired)
        return refusal(
            meant.line, Refused(f"{head.pid} moved on to version {head.version}; read it again.")
        )

    def _own(self, pid: Pid) -> None:
        """Only what the speaker wrote may be changed by the speaker."""
        head = self._log.known(pid)
        if head.type != "annotation":
            raise InvalidDocument(
                f"{pid} is a {head.type}, no annotation.", [("/pid", "names no annotation")]
            )
        if self._log.version(pid, 1).agent.id != self._by.agent.id:
            raise Refused(
                f"{pid} was not written with the token {self._by.name!r}; a curator may change it."
            )


def not_taken_back(annotation: Mapping[str, Any], by: Speaker, log: Log) -> str | None:
    """Why a speaker may not take back an accepted change, which changes the object: agents never
    may, curators of an institution may where all that it is about is the institution's. None: the
    speaker may."""
    if not by.decides:
        return "It was accepted; a curator may take it back."
    pids = targets_of(annotation) if by.organisation is not None else []
    for head in log.heads_of(pids):
        holder = log.latest(head.pid).document.get("ods:organisationID")
        if holder != by.organisation:
            return f"{head.pid} is held by {holder or 'nobody known'}, not by {by.organisation}."
    return None


def targets_of(draft: Mapping[str, Any]) -> list[str]:
    """PIDs (text) of the objects of ours that an annotation may be about."""
    found = (source_of(target) for target in draft.get("oa:hasTarget", ()))
    return [str(source.pid) for source in found if source is not None]


def refusal(line: int, wrong: CollectomeError) -> LineOutcome:
    """A line that is refused, with the places of what is wrong."""
    errors = wrong.pointers if isinstance(wrong, InvalidDocument) else ()
    return LineOutcome(line, "refused", errors=tuple(errors) or (("", wrong.message),))


def _outcome(meant: Meant, outcome: Outcome) -> LineOutcome:
    became = _BECAME[outcome.what]
    pid, version = (str(outcome.pid), outcome.version) if outcome.pid else (None, None)
    return LineOutcome(meant.line, became, pid, version, outcome.errors, meant.repaired)


_BECAME: dict[str, Became] = {became: became for became in COUNTED}


def _is_known(node: Mapping[str, Any]) -> bool:
    return bool(agent_id(node)) and bool(node.get("schema:identifier", node.get("@id")))
