"""The net difference of two instants: what to take out of a store and what to put in.

Patches are effective, and the quads of one object's stream are no other's, so a quad belongs
to the difference only when its first and its last change say the same: taken out and put back
is no change. Three kinds of objects:

- in one of the two instants only: the whole state in that one, from its document;
- in both: the patches between, forwards, or backwards with added and removed swapped;
- in both, with versions out of the order of their observed times, where a bound by observed
  time takes some and leaves others: the two states, from their documents.

Provenance is never changed by a later event, so it goes straight to the result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from eventstore.instant import Instant
from eventstore.log import Log
from eventstore.patches import PROVENANCE, all_quads, in_graph, provenance_lines, state_quads
from fdo.errors import NotFound
from fdo.identifiers import Pid
from handlers.instants.model import Watch
from handlers.projections.deltas import DeltasReader, Step

_SECTION = 500
_PROVENANCE = f" <{PROVENANCE}> .\n"

Emit = Callable[[list[str]], None]
"""Takes N-Quads lines."""


@dataclass(frozen=True, slots=True)
class Sink:
    """Where the difference goes, piece by piece: what to put in, what to take out."""

    add: Emit
    remove: Emit


class Difference:
    """From one instant to another, of one log."""

    def __init__(self, log: Log, deltas: DeltasReader, start: Instant, end: Instant) -> None:
        self._log, self._deltas = log, deltas
        self.start, self.end = start, end
        self.steps = deltas.steps(start, end)
        bounded = start.observed is not None or end.observed is not None
        self._unordered = deltas.unordered() if bounded else set()
        self._net: dict[str, bool] = {}

    def into(self, sink: Sink, watch: Watch = lambda _: None) -> None:
        """Say all of it once: no quad is both added and removed, none is said twice."""
        beginnings = {step.object for step in self.steps if step.begins} - self._unordered
        content = defaultdict[str, list[Step]](list)
        replayed: list[Step] = []
        for step in self.steps:
            whole = step.object in beginnings or step.object in self._unordered
            if whole and not step.operational:
                content[step.object].append(step)
            else:
                replayed.append(step)
        total = len(self.steps) or 1
        done = 0
        alone = [of[0] for name, of in content.items() if name in beginnings and len(of) == 1]
        for some in _sections(alone):
            self._single(some, sink)
            done += len(some)
            watch(done / total)
        several = {n: of for n, of in content.items() if n not in beginnings or len(of) > 1}
        for name, of in several.items():
            self._states(Pid.parse(name), name in beginnings, of, sink)
            done += len(of)
        watch(done / total)
        self._replay([step for step in replayed if step.forward], sink)
        self._replay([step for step in reversed(replayed) if not step.forward], sink)
        for forward, emit in ((True, sink.add), (False, sink.remove)):
            emit([quad for quad, added in self._net.items() if added is forward])
        watch(1.0)

    def _single(self, steps: list[Step], sink: Sink) -> None:
        """Objects of which only the first version lies between."""
        events = self._log.events_at(step.position for step in steps)
        for step in steps:
            (sink.add if step.forward else sink.remove)(all_quads(events[step.position]))

    def _states(self, pid: Pid, whole: bool, steps: list[Step], sink: Sink) -> None:
        """An object by its states at both ends (none at one of them where it is `whole`)."""
        events = self._log.events_at(step.position for step in steps)
        for step in steps:
            emit = sink.add if step.forward else sink.remove
            emit(in_graph(provenance_lines(events[step.position]), PROVENANCE))
        forward = steps[0].forward
        had = [] if whole and forward else self._state(pid, self.start)
        has = [] if whole and not forward else self._state(pid, self.end)
        kept = set(had) & set(has)
        sink.remove([quad for quad in had if quad not in kept])
        sink.add([quad for quad in has if quad not in kept])

    def _state(self, pid: Pid, instant: Instant) -> list[str]:
        try:
            return state_quads(self._log.at(pid, instant.position, instant.observed))
        except NotFound:
            return []

    def _replay(self, steps: list[Step], sink: Sink) -> None:
        """Objects in both: their patches, in the order given."""
        net = self._net
        changes = self._deltas.patches([step.position for step in steps])
        for step, change in zip(steps, changes, strict=True):
            emit = sink.add if step.forward else sink.remove
            for quads, adds in (
                (change.removed, not step.forward),
                (change.added, step.forward),
            ):
                straight = []
                for quad in quads:
                    if quad.endswith(_PROVENANCE):
                        straight.append(quad)
                    elif net.get(quad, adds) is adds:
                        net[quad] = adds
                    else:
                        del net[quad]
                if straight:
                    emit(straight)


def _sections(steps: list[Step]) -> Iterable[list[Step]]:
    for start in range(0, len(steps), _SECTION):
        yield steps[start : start + _SECTION]
