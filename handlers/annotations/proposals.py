"""Annotations on their way into the log: completed, checked against their targets, recorded.

Many go in one transaction. What is wrong with one of them does not keep the others out; what
says the same as an annotation before, in the batch or in the log (also one that was rejected or
withdrawn), is a duplicate and names it. The claim on the content key settles races.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from eventstore.application import Change
from fdo.agent import Agent
from fdo.annotation import rules
from fdo.annotation.identity import content_key
from fdo.annotation.life import merging, source_of, state_of
from fdo.annotation.paths import parse, text
from fdo.annotation.rules import Breach
from fdo.annotation.values import Impossible, texts
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import (
    AlreadyRegistered,
    CollectomeError,
    InvalidDocument,
    Refused,
    Tombstoned,
    VersionConflict,
)
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Registered, Revise, Status, stamped
from handlers.annotations.hand import ATTEMPTS, KIND, Hand, claim_of, node_of, pause
from handlers.annotations.outcome import Outcome
from handlers.annotations.replacing import TERM, endings, unfit
from handlers.annotations.targets import Targets
from handlers.harvest.standards import breaches

_OURS = frozenset(
    {
        "@id",
        "col:contentKey",
        "col:decisionReason",
        "col:overlayState",
        "col:sourceValue",
        "dcterms:created",
        "dcterms:identifier",
        "dcterms:modified",
        "ods:hasMergingStateChangedBy",
        "ods:hasTombstoneMetadata",
        "ods:mergingDecisionStatus",
        "ods:mergingStateChangeDate",
        "ods:version",
    }
)
"""What only the repository says of an annotation, whatever a draft holds."""

Cause = int | None
Beside = Sequence[Change] | Callable[[Sequence[Outcome]], Sequence[Change]]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A draft that may be recorded."""

    document: Document
    used: tuple[str, ...]

    @property
    def key(self) -> str:
        return claim_of(self.document)


class Proposals(Hand):
    """Annotations that people and programs bring."""

    def propose_many(
        self,
        drafts: Sequence[Mapping[str, Any]],
        by: Agent,
        *,
        beside: Beside = (),
        cause: Cause | Sequence[Cause] = None,
    ) -> list[Outcome]:
        """Record all that are good, and the changes beside them, in one transaction; an outcome
        for each draft, in order. `cause` is the position of the event that led to all, or one
        for each. Raises only what `append` raises of the changes beside them; which may be given
        as a function, where they tell of the outcomes (whose positions are not known by then)."""
        causes = [cause] * len(drafts) if cause is None or isinstance(cause, int) else cause
        checked = self._checked(drafts, by)
        for attempt in range(ATTEMPTS):
            outcomes, changes, places = self._sorted(checked, causes)
            others = beside(outcomes) if callable(beside) else beside
            try:
                ends = endings(self._objects, changes, by, self._now)
                positions = self._append([*changes, *ends, *others], by)
            except AlreadyRegistered:
                self._refuse_taken(others)
                if not changes or attempt == ATTEMPTS - 1:
                    raise
            except VersionConflict:
                if attempt == ATTEMPTS - 1:
                    raise
                pause(attempt)
            else:
                for place, change, position in zip(places, changes, positions, strict=False):
                    outcomes[place] = Outcome("created", change.pid, 1, position)
                return outcomes
        raise AssertionError("unreachable")

    def examine(self, draft: Mapping[str, Any], by: Agent) -> Outcome:
        """What `propose` would say of a draft, without recording anything."""
        (checked,) = self._checked([draft], by)
        return checked if isinstance(checked, Outcome) else Outcome("created")

    def revise(
        self, pid: Pid, draft: Mapping[str, Any], by: Agent, expected: int | None = None
    ) -> Outcome:
        """A new version of an annotation that stands or waits for a decision. Refused where a
        person has decided; AlreadyRegistered where another annotation says the same."""
        known, issue = self._known(pid, expected)
        if known.status is Status.TOMBSTONE:
            raise Tombstoned(f"{pid} was withdrawn and says nothing more; make a new annotation.")
        state = state_of(known.status, known.document)
        if state not in ("pending", "standing"):
            raise Refused(f"{pid} is {state}, and that stays; make a new annotation.")
        (checked,) = self._checked([draft], by, own=pid)
        if isinstance(checked, Outcome):
            return checked
        document = _from_where(checked.document, known)
        if _about(document) != _about(known.document):
            raise Refused(f"{pid} is about {_about(known.document)}; a revision keeps its object.")
        created = known.document["dcterms:created"]
        document = stamped(document, pid, known.version + 1, modified=self._now, created=created)
        claims = () if self._objects.log.claimed([checked.key]) else (checked.key,)
        change = self._change(known, issue, Revise(document), new_claims=claims, used=checked.used)
        if change is None:
            return Outcome("unchanged", pid, known.version)
        (position,) = self._objects.append([change], by=by)
        return Outcome("revised", pid, known.version + 1, position)

    # ── checking ─────────────────────────────────────────────────────────────────────────

    def _checked(
        self, drafts: Sequence[Mapping[str, Any]], by: Agent, own: Pid | None = None
    ) -> list[_Ready | Outcome]:
        """Each draft ready to be recorded, or what became of it. What was said before is a
        duplicate, whatever its target says by now: it may be because of it. `own` is the
        annotation that is being revised, which may say again what it says."""
        targets = Targets(self._objects, drafts)
        completed = [_completed(draft, by, targets) for draft in drafts]
        holders = self._objects.log.claimed(claim_of(d) for d in completed if isinstance(d, dict))
        found: list[_Ready | Outcome] = []
        for each in completed:
            holder = holders.get(claim_of(each)) if isinstance(each, dict) else None
            if not isinstance(each, dict):
                found.append(each)
            elif holder is not None and holder.pid != own:
                found.append(Outcome("duplicate", holder.pid, holder.version))
            else:
                found.append(self._check(each, targets, None if own else by))
        return found

    def _check(self, document: Document, targets: Targets, by: Agent | None) -> _Ready | Outcome:
        trial = stamped(document, _NOBODY, 1, modified=self._now)
        faults = breaches(KIND, trial, self._rejecting) or list(_missing(document, targets))
        if faults:
            return _refused(*faults)
        try:
            meant = targets.meant(document["oa:hasTarget"][0])
        except CollectomeError as bad:
            return _refused(("/oa:hasTarget/0", bad.message))
        faults = [*rules.breaches(document, meant), *_beside(document, targets)]
        faults = faults or self._shapes_broken(document, meant)
        if faults := faults or (unfit(self._objects, document, by) if by else []):
            return _refused(*faults)
        return _Ready(document, _versions(document, targets))

    def _sorted(
        self, checked: Sequence[_Ready | Outcome], causes: Sequence[Cause]
    ) -> tuple[list[Outcome], list[Change], list[int]]:
        """Outcomes as far as they are known, the changes to record, and whose they are."""
        keys = [each.key for each in checked if isinstance(each, _Ready)]
        holders = self._objects.log.claimed(keys) if keys else {}
        outcomes: list[Outcome] = []
        changes, places, drawn = list[Change](), list[int](), dict[str, Pid]()
        for place, each in enumerate(checked):
            if isinstance(each, Outcome):
                outcomes.append(each)
            elif holder := holders.get(each.key):
                outcomes.append(Outcome("duplicate", holder.pid, holder.version))
            elif each.key in drawn:
                outcomes.append(Outcome("duplicate", drawn[each.key], 1))
            else:
                change = self._registration(each, causes[place])
                drawn[each.key] = change.pid
                changes.append(change)
                places.append(place)
                outcomes.append(Outcome("created", change.pid, 1))
        return outcomes, changes, places

    def _registration(self, ready: _Ready, cause: Cause) -> Change:
        pid = self._objects.reserve(KIND)
        document = stamped(ready.document, pid, 1, modified=self._now)
        return Change(pid, KIND, Registered(document), None, cause=cause, used=ready.used)

    def _refuse_taken(self, beside: Sequence[Change]) -> None:
        """AlreadyRegistered, where it is a claim of the changes beside them that is taken."""
        keys = [key for change in beside for key in change.new_claims or ()]
        for key, head in self._objects.log.claimed(keys).items():
            raise AlreadyRegistered(
                f"{key} is claimed already, by {head.pid}.", pid=str(head.pid), claim=key
            )

    def _append(self, changes: Sequence[Change], by: Agent) -> Sequence[int]:
        return self._objects.append(changes, by=by) if changes else ()


_USED = 5
"""Versions that the provenance of an annotation names at most."""
_ORIGINS = ("oa:canonical", "oa:via", TERM)
"""Where an annotation came from."""
_NOBODY = Pid("20.5000.5072", "AAA-AAA-AAA")
"""Stands for the PID that is drawn when all is well."""


def _refused(*errors: Breach) -> Outcome:
    return Outcome("refused", errors=errors)


def _from_where(document: Document, known: DigitalObject) -> Document:
    """A new version of an annotation with the origins that it had, which stay as they are (Web
    Annotation Protocol, 5.1 and 5.3); Refused where it names others, or supersedes only now."""
    had = {term: known.document[term] for term in _ORIGINS if term in known.document}
    for term, origin in had.items():
        if document.get(term, origin) != origin:
            raise Refused(f"{known.pid} keeps its {term}, {origin}; leave that as it is.")
    if TERM in document and TERM not in had:
        raise Refused(f"{known.pid} is revised and takes no place; leave {TERM} out.")
    return {**document, **had}


def _about(document: Mapping[str, Any]) -> str:
    source = source_of(document["oa:hasTarget"][0])
    return str(source.pid if source else "nothing of ours")


# ── completing ───────────────────────────────────────────────────────────────────────────


def _completed(draft: Mapping[str, Any], by: Agent, targets: Targets) -> Document | Outcome:
    """The draft with what the repository says of every annotation, or what is wrong with it."""
    try:
        for _ in texts(dict(draft)):
            pass  # to its end: it is nested no deeper than what is read below
        return _complete(draft, by, targets)
    except InvalidDocument as bad:
        return _refused(*(bad.pointers or (("/oa:hasTarget/0", bad.message),)))
    except Impossible as bad:
        return _refused(("", str(bad)))


def _complete(draft: Mapping[str, Any], by: Agent, targets: Targets) -> Document:
    document: Document = {key: value for key, value in draft.items() if key not in _OURS}
    document["@type"] = OBJECT_TYPES[KIND].rdf_type
    document["ods:fdoType"] = OBJECT_TYPES[KIND].fdo_type
    document["ods:status"] = "Active"
    document.setdefault("dcterms:creator", [node_of(by)])
    given = document.get("oa:hasTarget")
    if isinstance(given, list):
        document["oa:hasTarget"] = [_target(each, targets) for each in given]
    if isinstance(document.get("oa:motivatedBy"), list) and merging(document):
        document["ods:mergingDecisionStatus"] = "Pending"
    _must_be_nodes(document)
    document["col:contentKey"] = content_key(document)
    return document


_MEMBERS: dict[str, tuple[type, ...]] = {"dcterms:creator": (dict,), "oa:motivatedBy": (str,)}


def _must_be_nodes(document: Document) -> None:
    """Refuse what has not even the outline of an annotation, before anything reads it."""
    for term in ("oa:motivatedBy", "oa:hasTarget", "oa:hasBody", "dcterms:creator"):
        value = document.get(term, [])
        if not isinstance(value, list):
            raise InvalidDocument("", [(f"/{term}", "This is an array.")])
        for at, each in enumerate(value):
            if not isinstance(each, _MEMBERS.get(term, (dict, str))):
                raise InvalidDocument("", [(f"/{term}/{at}", "This is a node or an IRI.")])
    if not document.get("oa:hasTarget"):
        raise InvalidDocument("", [("/oa:hasTarget", "An annotation is about something.")])


def _target(target: Any, targets: Targets) -> Any:
    """A target that is an object of ours, in the one form in which it is stored."""
    source = source_of(target)
    kind = targets.type_of(source)
    if source is None or kind is None:
        return target
    node = dict(target) if isinstance(target, dict) else {"oa:hasSource": target}
    iri = source.pid.iri if source.version is None else source.pid.version_iri(source.version)
    node["oa:hasSource"] = iri
    node["ods:fdoType"] = OBJECT_TYPES[kind].fdo_type
    node.setdefault("@type", "oa:SpecificResource")
    node.pop("@id", None)
    if isinstance(node.get("oa:hasSelector"), list):
        node["oa:hasSelector"] = [_selector(each) for each in node["oa:hasSelector"]]
    return node


def _selector(selector: Any) -> Any:
    """A selector with its term path in the one form in which paths are written."""
    if not isinstance(selector, dict):
        return selector
    paths = {
        term: text(parse(selector[term]))
        for term in ("ods:term", "ods:class")
        if isinstance(selector.get(term), str)
    }
    return {**selector, **paths}


def _beside(document: Document, targets: Targets) -> Iterator[Breach]:
    """Faults of the targets behind the first one, as far as they are objects of ours."""
    for at, target in enumerate(document["oa:hasTarget"]):
        if at == 0 or targets.type_of(source_of(target)) is None:
            continue
        try:
            yield from rules.beside(document, at, targets.meant(target))
        except CollectomeError as bad:
            yield f"/oa:hasTarget/{at}", bad.message


def _versions(document: Document, targets: Targets) -> tuple[str, ...]:
    """The first versions of objects of ours that an annotation is about."""
    ours = (one for one in document["oa:hasTarget"] if targets.type_of(source_of(one)))
    meant = map(targets.meant, islice(ours, _USED))
    return tuple(dict.fromkeys(one.pid.version_iri(one.version) for one in meant))


def _missing(document: Document, targets: Targets) -> Iterator[Breach]:
    for at, target in enumerate(document["oa:hasTarget"]):
        source = source_of(target)
        if source is not None and targets.missing(source):
            yield f"/oa:hasTarget/{at}/oa:hasSource", f"No object bears the PID {source.pid}."
        elif at == 0 and targets.type_of(source) is None:
            yield "/oa:hasTarget/0", "The first target is an object of this repository."
