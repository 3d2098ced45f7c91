"""Jobs on their way into the log: what should be done, under which name, once.

The id of a job follows from service, target, their versions and the annotation that led to it:
the same work is never made twice, whoever asks for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eventstore.application import Change, DigitalObjects
from eventstore.log import Head
from fdo.agent import Agent
from fdo.errors import VersionConflict
from fdo.identifiers import SUFFIXES, suffix_of
from fdo.lifecycle import DigitalObject, Note, decide, evolve
from handlers.mas.services import Service
from handlers.mas.store import Row, Store

TRIES = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """A job that should be: of which service, on which version of what, and why."""

    service: Service
    target: str
    version: int
    kind: str
    cause: int
    root: int
    depth: int
    annotation: str | None = None
    by: str | None = None
    batching: bool = False
    nonce: str = ""
    """Makes it another job, where a person asks for the same work once more."""
    refused: str = ""
    """Why it is a dead letter from the first, which a person may take up; "": it is to be done."""

    def detail(self, id: str) -> dict[str, Any]:
        """As the log says it."""
        said: dict[str, Any] = {
            "id": id, "target": self.target, "version": self.version, "kind": self.kind,
            "cause": self.cause,
        }  # fmt: skip
        if self.root != self.cause:
            said["root"] = self.root
        if self.depth != 1:
            said["depth"] = self.depth
        if self.annotation:
            said["annotation"] = self.annotation
        if self.by:
            said["by"] = self.by
        if self.batching:
            said["batching"] = True
        return said

    def is_of(self, row: Row) -> bool:
        """Whether a job that has the wish's name is its job."""
        mine = str(self.service.pid), self.target, self.version, self.annotation
        return mine == (row.service, row.target, row.version, row.annotation)


@dataclass(frozen=True, slots=True)
class Made:
    """A job that a wish led to."""

    id: str
    wish: Wish
    new: bool
    """Whether it was scheduled now; else the same work was there already."""


def record(
    objects: DigitalObjects,
    store: Store,
    wishes: Sequence[Wish],
    by: Agent,
    *,
    upto: int | None = None,
    dry: bool = False,
) -> list[Made]:
    """Schedule what is not there already, in one transaction; in the order of the wishes. `dry`
    only says what would be.

    The job facts of a service stand in its own stream, and the store is read to the end of it
    before anything is decided: should anybody else schedule meanwhile, the log refuses ours, and
    it is decided again.
    """
    for attempt in range(TRIES):
        pids = {str(wish.service.pid) for wish in wishes}
        heads, states = _streams(objects, store, pids)
        made = _named(objects, store, wishes)
        details: dict[str, dict[str, Any]] = {}
        for one in made:
            if one.new:
                detail = details.setdefault(_of(one), {"jobs": []})
                detail["jobs"].append(one.wish.detail(one.id))
        if dry or not details:
            return made
        if upto is not None:
            for detail in details.values():
                detail["upto"] = upto
        try:
            _append(objects, store, heads, states, details, by, _refused(made))
        except VersionConflict:
            if attempt == TRIES - 1:
                raise
        else:
            return made
    raise AssertionError("unreachable")


def retry(objects: DigitalObjects, store: Store, jobs: Sequence[str], by: Agent) -> list[str]:
    """Take up dead letters again; which of these were dead. Their attempts count anew."""
    for attempt in range(TRIES):
        pids = {row.service for row in store.jobs(jobs).values()}
        heads, states = _streams(objects, store, pids)
        rows = [row for row in store.jobs(jobs).values() if row.state == "dead"]
        details: dict[str, dict[str, Any]] = {}
        for row in rows:
            details.setdefault(row.service, {"jobs": []})["jobs"].append(_again(row, by))
        try:
            if details:
                _append(objects, store, heads, states, details, by)
        except VersionConflict:
            if attempt == TRIES - 1:
                raise
        else:
            return [row.id for row in rows]
    raise AssertionError("unreachable")


def _streams(
    objects: DigitalObjects, store: Store, pids: Iterable[str]
) -> tuple[dict[str, Head], dict[str, DigitalObject]]:
    """Services as they stand; behind that, the store knows all their job facts up to there."""
    heads = {str(head.pid): head for head in objects.log.heads_of(pids)}
    states = objects.states(list(heads.values()))
    store.follow(objects.log)
    return heads, states


def _append(
    objects: DigitalObjects,
    store: Store,
    heads: Mapping[str, Head],
    states: Mapping[str, DigitalObject],
    details: Mapping[str, Mapping[str, Any]],
    by: Agent,
    refused: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """One fact in the stream of each service, and one of those that are not to be done; one
    transaction."""
    changes = []
    for pid, detail in details.items():
        head, state = heads[pid], states[pid]
        said = [("JobsScheduled", detail)]
        if refused and pid in refused:
            said.append(("JobsDead", refused[pid]))
        for what, told in said:
            (fact,) = decide(state, Note(what, told))
            changes.append(Change(head.pid, head.type, fact, state, head.issue))
            state = evolve(state, fact, head.pid, head.type)
    objects.append(changes, by=by)
    store.follow(objects.log)


def _refused(made: Sequence[Made]) -> dict[str, dict[str, Any]]:
    """The new jobs that are not to be done, as `JobsDead` tells of them, by service."""
    found: dict[str, dict[str, Any]] = {}
    for one in made:
        if one.new and one.wish.refused:
            dead = {
                "id": one.id, "attempt": 0, "reason": one.wish.refused,
                "target": one.wish.target, "version": one.wish.version,
            }  # fmt: skip
            found.setdefault(_of(one), {"jobs": []})["jobs"].append(dead)
    return found


def _again(row: Row, by: Agent) -> dict[str, Any]:
    """A job that is there, as a fact of its scheduling says it."""
    said: dict[str, Any] = {
        "id": row.id, "target": row.target, "version": row.version, "kind": row.kind,
        "cause": row.cause, "root": row.root, "depth": row.depth, "by": by.id,
    }  # fmt: skip
    if row.annotation:
        said["annotation"] = row.annotation
    if row.batching:
        said["batching"] = True
    return said


def _of(made: Made) -> str:
    return str(made.wish.service.pid)


def _named(objects: DigitalObjects, store: Store, wishes: Sequence[Wish]) -> list[Made]:
    """Each wish with the id of its job. A dead job is taken up again by a person who asks for
    the same work."""
    prefix = objects.prefixes["handle"]
    ids = [job_id(prefix, wish) for wish in wishes]
    known, others = store.jobs(ids), {str(head.pid) for head in objects.log.heads_of(ids)}
    found, named = [], set[str]()
    for id, wish in zip(ids, wishes, strict=True):
        salt, row = 0, known.get(id)
        while id in others or (row is not None and not wish.is_of(row)):  # chance drew it twice
            salt += 1
            id = job_id(prefix, wish, salt)
            row = store.job(id)
            others = {str(head.pid) for head in objects.log.heads_of([id])}
        again = row is not None and row.state == "dead" and wish.by is not None
        found.append(Made(id, wish, id not in named and (row is None or again)))
        named.add(id)
    return found


def job_id(prefix: str, wish: Wish, salt: int = 0) -> str:
    """The Handle of a job: a function of the work alone, so that the same work has one name."""
    service, said = wish.service, [wish.target, wish.version, wish.annotation or "", wish.nonce]
    text = "\n".join(map(str, [service.pid, service.version, *said, salt or ""]))
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])
    return f"{prefix}/{suffix_of(number % SUFFIXES)}"
