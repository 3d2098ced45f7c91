"""Answers of services: annotations and the end of their jobs in one transaction.

A result counts once, whoever brings it and however often. The job facts of a service stand in its
own stream, and jobs are looked up after that stream was read to its end; should another process
record one meanwhile, the log refuses ours and it is decided again. When `take` returns, what it
took is durable: so whoever brought it may be told then, and not before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from eventstore.application import Change, DigitalObjects
from eventstore.log import Head
from fdo.errors import InvalidIdentifier, VersionConflict
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Note, Status, decide, evolve
from handlers.annotations import Annotations, Outcome
from handlers.mas.accepting import about_alone, accept_sure
from handlers.mas.answers import Ending, Result, Taken
from handlers.mas.copying import Copied, Copying
from handlers.mas.drafting import Drafted, drafted
from handlers.mas.endings import Ended, failure, notes, words
from handlers.mas.erased import TOLD, Erased
from handlers.mas.leases import lease_of
from handlers.mas.services import KIND, Service, is_erased, service_of
from handlers.mas.store import Row, Store

__all__ = ["Ending", "Result", "Results", "Taken"]

TRIES = 8
_T = TypeVar("_T")
Said = list[tuple[str, dict[str, Any]]]
"""Names of facts with their details."""


@dataclass(slots=True)
class _Answer:
    """A result beside its job, and what was read out of it."""

    place: int
    row: Row
    result: Result
    items: list[Drafted] = field(default_factory=list)
    outcomes: Sequence[Outcome] = ()
    """Of the drafts, in their order."""
    copied: Copied = field(default_factory=Copied)

    @property
    def drafts(self) -> list[dict[str, Any]]:
        """The items that are annotations."""
        return [item.draft for item in self.items if item.draft is not None]

    def pids(self, what: str) -> list[str]:
        """Those of the annotations of which this became."""
        return [str(one.pid) for one in self.outcomes if one.what == what]

    @property
    def refused(self) -> list[str]:
        """Why the others are no annotations."""
        told = [item.refused for item in self.items if item.draft is None]
        for outcome in self.outcomes:
            if outcome.what == "refused":
                told.append("; ".join(f"{at}: {why}" for at, why in outcome.errors[:3]))
        return told

    @property
    def remarks(self) -> list[str]:
        """What is to be known of it beside the log."""
        return [*(f"Not recorded: {why}" for why in self.refused), *self.copied.remarks]

    @property
    def fact(self) -> dict[str, Any]:
        """The end of the job as the log says it."""
        said: dict[str, Any] = {
            "id": self.row.id,
            "attempt": max(self.row.attempt, 1),
            "annotations": self.pids("created"),
        }
        if same := self.pids("duplicate"):
            said["duplicates"] = same
        if self.copied.made:
            said["copies"] = self.copied.made
        if refused := self.refused:
            said["refused"] = len(refused)
        seconds = self.result.meta.get("seconds")
        if isinstance(seconds, int | float) and seconds >= 0:
            said["seconds"] = round(float(seconds), 3)
        return said

    @property
    def taken(self) -> Taken:
        """What became of it."""
        created, same = tuple(self.pids("created")), tuple(self.pids("duplicate"))
        return Taken(self.row.id, "recorded", created, same, tuple(self.refused))


@dataclass(slots=True)
class _Sorted:
    """The results of one service that count."""

    answers: list[_Answer] = field(default_factory=list)
    failed: list[tuple[int, Ended]] = field(default_factory=list)


class Results:
    """Takes the answers of services; safe to share between threads."""

    def __init__(
        self,
        objects: DigitalObjects,
        folder: Path,
        *,
        base: str = "",
        auto_accept: bool = False,
        rejecting: Collection[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`base`: public address, whose pages stand for PIDs. `auto_accept`: whether services
        that ask for it have sure proposals approved at once."""
        self._objects, self._log, self._clock = objects, objects.log, clock
        self._base, self._auto_accept = base, auto_accept
        self._annotations = Annotations(objects, rejecting)
        self._copying = Copying(objects.log, folder / "projections" / "graph")
        self._erased = Erased(objects.log)
        self._services: dict[tuple[str, int], Service] = {}
        self.store = Store(folder)
        self.lock = threading.RLock()
        """Held by whoever writes job facts in this process, so that they do not race."""

    def started(self, jobs: Sequence[str]) -> None:
        """Record that services work on these now; what runs, or has ended, stays as it is."""
        self._again(lambda: self._started(jobs))

    def take(self, results: Sequence[Result]) -> list[Taken]:
        """Record results, those of one service in one transaction; what became of each, in
        order."""
        names = [_name(one.job) for one in results]
        self._again(lambda: self.store.follow(self._log))
        known = self.store.jobs(names)
        of: dict[str, list[int]] = {}
        found: dict[int, Taken] = {}
        for place, name in enumerate(names):
            if row := known.get(name):
                of.setdefault(row.service, []).append(place)
            else:
                found[place] = Taken(name, "unknown", reason=f"There is no job {name}.")
        for places in of.values():
            some = {place: results[place] for place in places}
            found |= self._again(lambda some=some: self._take(some))  # type: ignore[misc] # bound
        return [found[place] for place in range(len(results))]

    def end(self, ended: Sequence[Ended]) -> None:
        """Record attempts that brought nothing; jobs that ended meanwhile stay as they are."""
        if ended:
            self._again(lambda: self._end(ended))

    def _again(self, step: Callable[[], _T]) -> _T:
        with self.lock:
            for attempt in range(TRIES):
                try:
                    return step()
                except VersionConflict:
                    if attempt == TRIES - 1:
                        raise
                    time.sleep(0.002 * attempt)
        raise AssertionError("unreachable")

    # ── steps ────────────────────────────────────────────────────────────────────────────

    def _started(self, jobs: Sequence[str]) -> None:
        heads, known = self._looked_up(jobs)
        of: dict[str, list[Row]] = {}
        for row in known.values():
            if row.state in ("scheduled", "queued", "failed"):
                of.setdefault(row.service, []).append(row)
        changes: list[Change] = []
        for pid, rows in of.items():
            lease = lease_of(self._service(heads[pid]), self.store)
            said = [{"id": r.id, "attempt": max(r.attempt, 1), "lease": lease} for r in rows]
            changes += self._changes(heads[pid], [("JobsStarted", {"jobs": said})])
        self._append(changes, heads, of)

    def _end(self, ended: Sequence[Ended]) -> None:
        heads, known = self._looked_up([one.row.id for one in ended])
        of: dict[str, list[Ended]] = {}
        for one in ended:
            now = known[one.row.id]
            if (now.state, now.attempt) == (one.row.state, one.row.attempt):
                of.setdefault(now.service, []).append(one)
        changes: list[Change] = []
        for pid, some in of.items():
            told = notes(self._service(heads[pid]), some, self._clock())
            changes += self._changes(heads[pid], told)
        self._append(changes, heads, of)

    def _append(
        self, changes: Sequence[Change], heads: Mapping[str, Head], pids: Iterable[str]
    ) -> None:
        if changes:
            by = self._service(heads[next(iter(pids))]).agent
            self._objects.append(changes, by=by)
            self.store.follow(self._log)

    def _take(self, results: Mapping[int, Result]) -> dict[int, Taken]:
        """Of one service."""
        heads, known = self._looked_up(one.job for one in results.values())
        found: dict[int, Taken] = {}
        some, seen = _Sorted(), set[str]()
        over = self._gone(heads[next(iter(known.values())).service])
        erased = self._erased.of(known.values())
        for place, said in results.items():
            row = known[_name(said.job)]
            gone = over or (TOLD if row.id in erased else "")
            result = Result(said.job, error=gone, final=True, ours=True) if gone else said
            if row.id in seen or _has_ended(row, result):
                found[place] = self._late(row, result)
            elif result.error is not None:
                some.failed.append((place, failure(row, result)))
            else:
                some.answers.append(_Answer(place, row, result))
            seen.add(row.id)
        if some.answers or some.failed:
            self._record(heads[row.service], some)
        found |= {one.place: one.taken for one in some.answers}
        for place, one in some.failed:
            found[place] = Taken(one.row.id, "failed", reason=one.words or one.error)
        return found

    def _record(self, head: Head, some: _Sorted) -> None:
        """One transaction: the annotations, and what became of their jobs."""
        service = self._service(head)
        for one in some.answers:
            one.items = list(drafted(service, one.row, one.result, self._base))
            one.copied = self._copying.copy(
                service, one.row, one.result, one.drafts,
                lambda drafts, cause=one.row.position: self._copies(service, drafts, cause),  # type: ignore[misc] # bound
            )  # fmt: skip
        failed, now = [one for _, one in some.failed], self._clock()
        told = notes(service, failed, now)
        known = self._objects.states([head])[str(head.pid)]

        def beside(outcomes: Sequence[Outcome]) -> Sequence[Change]:
            at = 0
            for one in some.answers:
                end = at + len(one.drafts)
                one.outcomes, at = outcomes[at:end], end
            done: Said = []
            if some.answers:
                done.append(("JobsCompleted", {"jobs": [one.fact for one in some.answers]}))
            return self._changes(head, [*done, *told], known)

        self._annotations.propose_many(
            [draft for one in some.answers for draft in one.drafts],
            service.agent,
            beside=beside,
            cause=[one.row.position for one in some.answers for _ in one.drafts],
        )
        self.store.follow(self._log)
        if quoted := words(service, failed, now):
            self.store.quote(self._public(quoted), self._clock())
        self.store.remark(((one.row.id, said) for one in some.answers for said in one.remarks), now)
        if self._auto_accept and service.auto_accept:
            made = {
                pid: draft
                for one in some.answers
                for outcome, draft in zip(one.outcomes, one.drafts, strict=True)
                if outcome.what == "created"
                and (pid := outcome.pid)
                and about_alone(draft, one.row.target)
            }
            accept_sure(self._annotations, service, made)

    def _public(self, said: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """Those of the words about jobs that are about what is public now."""
        rows = self.store.jobs(job for job, _ in said)
        heads = self._log.heads_of({row.target for row in rows.values()})
        public = {str(head.pid) for head in heads if head.status is Status.ACTIVE}
        return [(job, text) for job, text in said if rows[job].target in public]

    def _copies(self, service: Service, drafts: Sequence[dict[str, Any]], cause: int) -> int:
        """Record copies of an answer for other objects; how many of them are new."""
        made = self._annotations.propose_many(drafts, service.agent, cause=cause)
        return sum(one.what == "created" for one in made)

    def _gone(self, head: Head) -> str:
        """Why nothing that a service answers is recorded any more; "" where it is."""
        if not is_erased(self._log.latest(head.pid)):
            return ""
        self._services.pop((str(head.pid), head.version), None)  # it knows what was erased
        return f"{head.pid} was erased; its answers are not recorded."

    def _late(self, row: Row, result: Result) -> Taken:
        """An answer to a job that has ended: kept as a remark, and nothing else."""
        what = "a failure" if result.error is not None else "an answer"
        said = f"Came late, when the job was {row.state} already: {what}."
        self.store.remark([(row.id, said)], self._clock())
        logging.getLogger("collectome").info("mas: %s %s", row.id, said)
        return Taken(row.id, "late", reason=said)

    # ── the log ──────────────────────────────────────────────────────────────────────────

    def _looked_up(self, jobs: Iterable[str]) -> tuple[dict[str, Head], dict[str, Row]]:
        """The services as they stand, and behind that the jobs."""
        pids = self._log.of_no_source(KIND)
        heads = {str(head.pid): head for head in self._log.heads_of(pids)}
        self.store.follow(self._log)
        return heads, self.store.jobs(_name(one) for one in jobs)

    def _changes(self, head: Head, said: Said, known: DigitalObject | None = None) -> list[Change]:
        """Notes in the stream of a service, one behind the other."""
        state = known or self._objects.states([head])[str(head.pid)]
        found = []
        for what, detail in said:
            (fact,) = decide(state, Note(what, detail))
            found.append(Change(head.pid, head.type, fact, state, head.issue))
            state = evolve(state, fact, head.pid, head.type)
        return found

    def _service(self, head: Head) -> Service:
        key = str(head.pid), head.version
        if key not in self._services:
            self._services[key] = service_of(self._log.latest(head.pid))
        return self._services[key]


def _has_ended(row: Row, result: Result) -> bool:
    """Whether a result comes too late. An answer still counts where the job was given up."""
    return row.state == "completed" or (row.state == "dead" and result.error is not None)


def _name(job: str) -> str:
    """The Handle of a job as the store has it; what is no Handle names no job."""
    try:
        return str(Pid.parse(job))
    except InvalidIdentifier:
        return job[:100]
