"""The objects that annotations are about, read once for many annotations.

An annotation is checked against the version that it names, or the one in force at the time that
it names, or else the current one. Which one that was stands in the envelope of its event as
`prov:used`; so nobody has to write it into the annotation, and `changed_since` can tell whether
the place it is about has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, to_micros
from eventstore.log import Log
from fdo.annotation.life import Source, edit_of, selectors, source_of, state_of
from fdo.annotation.merging import Laid, anchored, holds
from fdo.annotation.paths import Path, get, parse
from fdo.documents import Document, equal
from fdo.errors import InvalidDocument, NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Status

_IMAGE = ("ac:accessURI", "exif:PixelXDimension", "exif:PixelYDimension")
"""What a part of the file of a medium depends on."""


class Targets:
    """The targets of many annotations; each object is read once. A draft is as unknown as none."""

    def __init__(self, objects: DigitalObjects, drafts: Iterable[Mapping[str, Any]]) -> None:
        self._log = objects.log
        self._ours = frozenset(objects.prefixes.values())
        sources = [source_of(each) for draft in drafts for each in _targets(draft)]
        named = sorted({str(each.pid) for each in sources if each})
        heads = [head for head in self._log.heads_of(named) if head.status is not Status.DRAFT]
        self.types = {str(head.pid): head.type for head in heads}
        self._states = objects.states(heads)
        self._past: dict[tuple[Pid, Any], DigitalObject] = {}

    def type_of(self, source: Source | None) -> str | None:
        """The type of the object that a target names; None where it is none of ours."""
        return None if source is None else self.types.get(str(source.pid))

    def missing(self, source: Source | None) -> bool:
        """Whether a target bears a PID that would be ours, and no object does."""
        return (
            source is not None
            and source.pid.prefix in self._ours
            and str(source.pid) not in self.types
        )

    def meant(self, target: Any) -> DigitalObject:
        """The object at the version that a target means; NotFound where it has none such."""
        source = source_of(target)
        now = self._states.get(str(source.pid)) if source else None
        if source is None or now is None:
            named = target.get("oa:hasSource") if isinstance(target, Mapping) else target
            raise NotFound(f"{named} is no object of this repository.")
        if now.status is not Status.ACTIVE:
            return now
        when = source.version or _time_of(target)
        if when is None or when == now.version:
            return now
        key = (source.pid, when)
        if key not in self._past:
            self._past[key] = self._then(source.pid, when)
        return self._past[key]

    def _then(self, pid: Pid, when: int | datetime) -> DigitalObject:
        if isinstance(when, int):
            return self._log.version(pid, when).state()
        return self._log.at(pid, self._log.position_at(to_micros(when))).state()


def _targets(draft: Mapping[str, Any]) -> list[Any]:
    targets = draft.get("oa:hasTarget", ())
    return list(targets) if isinstance(targets, list | tuple) else []


def _time_of(target: Any) -> datetime | None:
    """The time at which a target is meant (W3C TimeState); of a span its end, the last moment at
    which what is said holds."""
    states = target.get("oa:hasState", ()) if isinstance(target, Mapping) else ()
    for state in states:
        dates = state if isinstance(state, Mapping) else {}
        said = dates.get("oa:sourceDate", dates.get("oa:sourceDateEnd"))
        if isinstance(said, str):
            try:
                moment = datetime.fromisoformat(said)
            except ValueError:
                return None  # the schema says so
            return moment if moment.tzinfo else None
    return None


# ── since then ───────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Since:
    """What became of a target since it was annotated."""

    target: Pid
    made_on: int
    """The version that the annotation is about."""
    current: int
    changed: bool
    """Whether the place that it is about says something else now; for an accepted change,
    whether it no longer holds."""
    ended: bool
    """Whether the target was withdrawn, or is no longer public."""


def made_on(log: Log, pid: Pid) -> Source | None:
    """The object, and the version of it, that an annotation was made on: its first target."""
    return next(iter(_made_on(log, pid)), None)


def _made_on(log: Log, pid: Pid) -> list[Source]:
    """The versions that an annotation was made on, that of its first target before the others."""
    for event in reversed(log.history(pid)):
        if event.used:
            return [source for iri in event.used if (source := source_of(iri))]
    return []


def changed_since(annotation: Recorded, log: Log) -> Since | None:
    """Whether what an annotation (its newest content event) is about has changed at its place: of
    several targets the first that has, else the first one. None where the annotation was erased."""
    found: list[Since] = []
    versions = _made_on(log, annotation.pid)
    for at, target in enumerate(annotation.document.get("oa:hasTarget", ())):
        source = next(iter(versions), None) if at == 0 else _version_of(target, versions)
        if source is not None and source.version is not None:
            found.append(_since(annotation, at, source.pid, source.version, log))
    return next((one for one in found if one.changed), next(iter(found), None))


def _version_of(target: Any, versions: Iterable[Source]) -> Source | None:
    """The version of a further target that the annotation was made on."""
    named = source_of(target)
    those = [one for one in versions if named is not None and one.pid == named.pid]
    return named if named in those else next(iter(those), None)


def _since(annotation: Recorded, at: int, pid: Pid, version: int, log: Log) -> Since:
    head, document = log.head(pid), annotation.document
    ended = head.status is not Status.ACTIVE
    changed = False
    if not ended and head.version != version:
        before, now = log.version(pid, version).document, log.latest(pid).document
        accepted = at == 0 and state_of(annotation.status, document) == "accepted"
        try:
            changed = (
                not _holds(document, log, now, head.pid)
                if accepted
                else _differs(document, at, before, now)
            )
        except InvalidDocument:
            changed = True
    return Since(pid, version, head.version, changed or ended, ended)


def _holds(document: Document, log: Log, now: Document, target: Pid) -> bool:
    pid = Pid.parse(document["@id"])
    held = held_by(log.history(target)).get(str(pid))
    return held is None or holds(Laid(str(pid), document, held), now)


def _differs(document: Document, at: int, before: Document, now: Document) -> bool:
    """Whether a place of the target at `at` says something else now. Only of the first target is
    a change proposed, whose place moves with its array."""
    edit = edit_of(document) if at == 0 else None
    if edit is not None:
        moved = anchored(edit, before, now)
        return moved is None or not equal(get(before, edit.path), get(now, moved.path))
    parts = selectors(document["oa:hasTarget"][at])
    places = [path for each in parts for path in _paths(each)]
    if places:
        return any(not equal(get(before, path), get(now, path)) for path in places)
    if parts and "ac:accessURI" in before:  # of its file
        return any(before.get(term) != now.get(term) for term in _IMAGE)
    return not equal(before, now)


def _paths(selector: Mapping[str, Any]) -> list[Path]:
    return [parse(selector[term]) for term in ("ods:term", "ods:class") if term in selector]


def held_by(history: Iterable[Recorded]) -> dict[str, Document]:
    """Annotation (PID text) → the document of the object in which its change was carried out,
    by the history of the object."""
    found: dict[str, Document] = {}
    for event in history:
        if event.frame is None:
            continue
        for iri in event.used:
            if source := source_of(iri):
                found[str(source.pid)] = event.document
    return found


def laid_on(objects: DigitalObjects, states: Iterable[DigitalObject]) -> dict[str, list[Laid]]:
    """Object (PID text) → the accepted annotations whose changes it holds, in their order.
    Objects without any cost nothing."""
    bearing = [state for state in states if state.overlay]
    if not bearing:
        return {}
    known = objects.states(
        objects.log.heads_of({pid for state in bearing for pid in state.overlay})
    )
    found: dict[str, list[Laid]] = {}
    for state in bearing:
        held = held_by(objects.log.history(state.pid))
        found[str(state.pid)] = [
            Laid(
                pid,
                known[pid].document,
                held.get(pid, state.document),
                agreed_before(objects.log, known[pid]),
            )
            for pid in state.overlay
            if pid in known and in_force(known[pid])
        ]
    return found


def agreed_before(log: Log, annotation: DigitalObject) -> Document | None:
    """An annotation in conflict as it was when a person last agreed to it; None for any other."""
    if annotation.document.get("col:overlayState") != "conflict":
        return None
    said = (event.document for event in reversed(log.history(annotation.pid)))
    return next((each for each in said if each.get("col:overlayState") == "applied"), None)


def in_force(annotation: DigitalObject) -> bool:
    """Whether the change of an annotation is to be laid over its target."""
    return state_of(
        annotation.status, annotation.document
    ) == "accepted" and annotation.document.get("col:overlayState") in ("applied", "conflict")
