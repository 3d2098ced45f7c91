"""Where batches are taken in, carried out and taken back.

    desk = Desk(objects, folder)
    batch = desk.begin(by, key)
    with desk.receiving(batch, by) as posting: …          a body that is coming in
    desk.carry_on(batch, by)                              a body that lies in the folder
    desk.undo(batch, by, "Wrong column.")                 compensating events

One batch is worked on by one hand at a time, of whatever process.
"""

from __future__ import annotations

import fcntl
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from eventstore.application import DigitalObjects
from fdo.annotation.life import state_of
from fdo.errors import CollectomeError, Refused, Tombstoned
from fdo.identifiers import Pid
from fdo.representations.annotation.reading import LIMITS, Limits
from handlers.annotations import Annotations, Decision
from handlers.annotations.undoing import goes_on_as
from handlers.batches.errors import BatchBusy, KeyReused, Stopped
from handlers.batches.posting import Posting
from handlers.batches.quotas import QuotaSpent
from handlers.batches.recording import Recording, Speaker, not_taken_back
from handlers.batches.store import Batch, Batches, Kind, State

_NAMES: Final = uuid.UUID("7d2f7c54-6f0b-5f0e-9a53-2f3f6f1f7c11")
"""Names batches that come with a key, so that the same key is the same batch for ever."""
_PART: Final = 1 << 16
_ENDED: Final[tuple[State, ...]] = ("done", "failed", "interrupted", "undone")
LEFT: Final = "left"
"""What undoing an annotation came to where somebody else has to: it is tried again when asked."""
_HELD: Final[set[tuple[Path, str]]] = set()
"""The batches that are worked on in this process; those of others are known by their locks."""
_GUARD: Final = threading.Lock()


class Desk:
    """The batches of one repository; safe to share between threads."""

    def __init__(
        self,
        objects: DigitalObjects,
        folder: Path,
        rejecting: Collection[str] = (),
        base: str = "",
        limits: Limits = LIMITS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`rejecting`: object types whose shapes reject; `base`: public address, whose pages stand
        for PIDs; `limits`: how much one annotation may hold."""
        self.objects, self.batches, self.clock = objects, Batches(folder), clock
        self.annotations = Annotations(objects, rejecting)
        self._folder, self._base, self._limits = folder.resolve(), base, limits

    # ── taking in ────────────────────────────────────────────────────────────────────────

    def begin(
        self,
        by: Speaker,
        key: str | None,
        kind: Kind = "posted",
        state: State = "receiving",
        about: dict[str, Any] | None = None,
    ) -> Batch:
        """A new batch, or the one that came under this key before."""
        name = uuid.uuid5(_NAMES, f"{by.name}\n{key}") if key is not None else uuid.uuid4()
        made = Batch(
            str(name), kind, by.name, key, state, "", self.clock(), None, None, None, {},
            about or {},
        )  # fmt: skip
        return self.batches.begin(made)

    @contextmanager
    def receiving(self, batch: Batch, by: Speaker) -> Iterator[Posting]:
        """The batch for a body that is coming in; interrupted where it does not come to its
        end. BatchBusy: somebody else is sending it."""
        with self.held(batch):
            batch = self.batches.get(batch.id)
            if batch.state in ("waiting", "running", "undoing"):
                raise _busy(batch)
            if batch.digest is None:
                batch = self.batches.move(batch.id, "receiving")
            try:
                yield self._posting(batch, by)
            except BaseException as stopped:
                if batch.digest is None:
                    self.batches.move(batch.id, "interrupted", _why(stopped))
                raise

    @contextmanager
    def held(self, batch: Batch) -> Iterator[None]:
        """Nobody else works on the batch meanwhile; BatchBusy."""
        name = (self._folder, batch.id)
        with _GUARD:
            if name in _HELD:
                raise _busy(batch)
            _HELD.add(name)
        try:
            with _locked(self.batches.body(batch.id), batch):
                yield
        finally:
            with _GUARD:
                _HELD.discard(name)

    # ── carrying out ─────────────────────────────────────────────────────────────────────

    def carry_on(
        self, batch: Batch, by: Speaker, stopping: Callable[[], bool] = lambda: False
    ) -> Batch:
        """Record the lines that lie in the folder, from where it was left; QuotaSpent leaves
        the batch waiting."""
        with self.held(batch):
            batch = self.batches.move(batch.id, "running")
            try:
                return self._carried_out(batch, by, stopping)
            except QuotaSpent as spent:
                self.batches.move(batch.id, "waiting", spent.message)
                raise
            except CollectomeError as wrong:
                return self.batches.move(batch.id, "failed", wrong.message, ended_at=self.clock())

    def _carried_out(self, batch: Batch, by: Speaker, stopping: Callable[[], bool]) -> Batch:
        posting, body = self._posting(batch, by), self.batches.body(batch.id)
        with body.open("rb") as lines:
            while part := lines.read(_PART):
                if stopping():
                    raise Stopped
                posting.feed(part)
        ended = posting.end()
        body.unlink()
        return ended

    def recording(self, batch: Batch, by: Speaker) -> Recording:
        """Reads and records the lines of a batch."""
        return Recording(self.objects, self.annotations, by, batch.id, self._base, self._limits)

    def _posting(self, batch: Batch, by: Speaker) -> Posting:
        return Posting(self.batches, batch, self.recording(batch, by), by, self.clock)

    # ── the way back ─────────────────────────────────────────────────────────────────────

    def ask_undo(self, batch: Batch, by: str, reason: str) -> Batch:
        """Have a batch taken back in the name of this token; Refused while it is worked on."""
        asked = {**batch.about, "by": by}
        if not self.batches.claim(batch.id, _ENDED, "undoing", reason, asked):
            batch = self.batches.get(batch.id)
            if batch.state != "undoing":
                raise Refused(f"The batch {batch.id} is {batch.state}; undo it when it has ended.")
        return self.batches.get(batch.id)

    def undo(
        self, batch: Batch, by: Speaker, reason: str, stopping: Callable[[], bool] = lambda: False
    ) -> Batch:
        """Withdraw what the batch created, and let hold again what that superseded or overrode; an
        accepted change is taken back with it. Twice is once; what a person decided otherwise is
        left and told."""
        with self.held(batch):
            batch = self.batches.move(batch.id, "undoing", batch.note)
            done = {pid for pid, (became, _) in self.batches.undone(batch.id).items()
                    if became != LEFT}  # fmt: skip
            for one in self.batches.outcomes(batch.id):
                if one.outcome != "created" or one.pid is None or one.pid in done:
                    continue
                if stopping():
                    raise Stopped
                outcome, detail = self._undone(Pid.parse(one.pid), by, reason)
                self.batches.undo(batch.id, one.pid, outcome, detail)
            return self.batches.move(batch.id, "undone", ended_at=self.clock())

    def _undone(self, pid: Pid, by: Speaker, reason: str) -> tuple[str, str]:
        known, _ = self.objects.state(pid)
        if known is None:
            return LEFT, f"{pid} is not there."
        state = state_of(known.status, known.document)
        if state == "superseded" and (heirs := goes_on_as(known, self.objects.log)):
            return self._all_undone(heirs, by, reason)
        if state in ("withdrawn", "superseded", "rejected"):
            return state, f"{pid} was {state} already."
        accepted = state == "accepted"
        if accepted and (why := not_taken_back(known.document, by, self.objects.log)):
            return LEFT, why
        try:
            return "withdrawn", _told(self.annotations.undo(pid, reason, by.agent), accepted)
        except Tombstoned:
            return "withdrawn", f"{pid} was withdrawn already."
        except CollectomeError as wrong:
            return LEFT, wrong.message

    def _all_undone(self, heirs: Sequence[Pid], by: Speaker, reason: str) -> tuple[str, str]:
        """The same of the annotations in which one goes on whose object ended for others."""
        became = [self._undone(heir, by, reason) for heir in heirs]
        told = f"It went on as {', '.join(map(str, heirs))}. "
        told += " ".join(dict.fromkeys(detail for _, detail in became if detail))
        outcomes = {outcome for outcome, _ in became}
        return LEFT if LEFT in outcomes else became[0][0], told.strip()


def _told(decision: Decision, accepted: bool) -> str:
    """What taking an annotation back changed beside it."""
    told = []
    if decision.target_version is not None:
        told.append(
            f"Its change was taken back, in version {decision.target_version} of {decision.target}."
        )
    elif accepted:
        told.append("Its object stays as it is: it ended, or does not hold the change any more.")
    if decision.again:
        told.append(f"As before hold or wait: {', '.join(map(str, decision.again))}.")
    return " ".join(told)


@contextmanager
def _locked(body: Path, batch: Batch) -> Iterator[None]:
    """A lock on the body of a batch, where it has one: it is let go when its process dies."""
    if not body.exists():
        yield
        return
    with body.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(batch) from None
        yield


def _busy(batch: Batch) -> BatchBusy:
    return BatchBusy(
        f"The batch {batch.id} is being worked on; ask for it at its address, or send it again "
        "when that has ended.",
        batch=batch.id,
        retry_after=2,
    )


def _why(stopped: BaseException) -> str:
    if isinstance(stopped, QuotaSpent | KeyReused):
        return stopped.message
    return "The connection ended before the body; send it again under the same key."
