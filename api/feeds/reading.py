"""The events of a page with what the public may see of them, read from the log in sections.

    for shown in read(log, chosen.positions): shown.disclosure, shown.public_patch()

Never more than `SECTION` documents are held at a time, however long the page is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from api.feeds.disclosed import Disclosure, disclosures
from eventstore.envelope import Recorded
from eventstore.log import Log
from eventstore.patches import (
    PROVENANCE,
    RECORDS,
    Patch,
    in_graph,
    patch,
    provenance_lines,
    state_lines,
    state_quads,
)
from fdo.lifecycle import Status
from handlers.projections.terms.compare import differences

SECTION = 200
"""Events whose documents are read at once."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One event, the content event of its object before it, and what is public of the two."""

    event: Recorded
    disclosure: Disclosure
    before: Recorded | None
    before_disclosure: Disclosure

    @property
    def changed(self) -> list[str]:
        """Paths of the terms whose values a public version changed from a public one."""
        before = self.before
        if before is None or self.event.operational:
            return []
        if not self.disclosure == self.before_disclosure == "full":
            return []
        return sorted({one.term for one in differences(before.document, self.event.document)})

    @property
    def cleared(self) -> bool:
        """Whether all that was told of the object's triples in the default graph is void from
        here on: it was withheld, or values were erased. What they were is not told again."""
        return self.event.what == "Erased" or (self._silent_before and not self._silent_now)

    def public_patch(self) -> Patch:
        """What the event changes in the graph, without what must not be shown any more.

        Of an object that is withheld now, the triples of its once public versions are left out
        on both sides: neither what brought them nor what took them away is told. A replay from
        the beginning ends in the same graph as the log and never holds them on the way; whoever
        replayed them earlier drops them where the patch is `cleared`.
        """
        if self.event.what == "Erased" and self.before is not None:
            found = patch(self.event, None)
            return replace(found, added=[*_told(self.before, self._silent_before), *found.added])
        if not (self._silent_now or self._silent_before):
            return patch(self.event, self.before)
        old = [] if self.before is None else _told(self.before, self._silent_before)
        new = _told(self.event, self._silent_now)
        had, has = set(old), set(new)
        return Patch(
            self.event.position,
            [quad for quad in new if quad not in had]
            + in_graph(provenance_lines(self.event), PROVENANCE),
            [quad for quad in old if quad not in has],
        )

    @property
    def _silent_now(self) -> bool:
        return _silent(self.event, self.disclosure)

    @property
    def _silent_before(self) -> bool:
        return self.before is not None and _silent(self.before, self.before_disclosure)


def _silent(event: Recorded, disclosure: Disclosure) -> bool:
    """Whether a version was public once and is not any more."""
    return event.status is Status.ACTIVE and not event.operational and disclosure == "record"


def _told(event: Recorded, silent: bool) -> list[str]:
    """The quads of a version that may be told."""
    if not silent:
        return state_quads(event)
    return in_graph(state_lines(event)[1], RECORDS)


def read(log: Log, positions: Sequence[int]) -> Iterator[Shown]:
    """The events at these positions, in their order."""
    for start in range(0, len(positions), SECTION):
        yield from _section(log, positions[start : start + SECTION])


def _section(log: Log, positions: Sequence[int]) -> list[Shown]:
    found = log.events_at(positions)
    events = [found[position] for position in positions if position in found]
    before = log.previous(events)
    for event in events:
        if event.what == "Erased":
            before[event.position] = log.at(event.pid, event.position)
    befores = list(before.values())
    told = disclosures([*events, *befores], log)
    of_before = {
        event.position: disclosure
        for event, disclosure in zip(befores, told[len(events) :], strict=True)
    }
    return [
        Shown(event, disclosure, earlier, of_before[earlier.position] if earlier else "nothing")
        for event, disclosure in zip(events, told, strict=False)
        for earlier in (before.get(event.position),)
    ]
