"""The log into the outbox: which DOIs are touched, and what is wanted of them now.

What is wanted is asked of the log's head, not of the section at hand: ten changes of an object
are one request, and reading a section twice does no harm. The rows and the position are written
in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import get_args

from eventstore.confirmations import REQUESTED, doi_said
from eventstore.envelope import Recorded
from eventstore.log import Log
from handlers.processes.minting.store import Outbox, Row, brought
from handlers.processes.minting.wanted import (
    State,
    Wishes,
    bears_doi,
    may_bear_doi,
    name_of,
    proof,
)

SECTION = 200
"""Events that are read at a time."""

Rows = dict[int, Row]
"""Number of the version (0: the object itself) → its DOI."""


class Following:
    """Reads the log of one repository into its outbox."""

    def __init__(
        self, log: Log, outbox: Outbox, wishes: Wishes, prefix: str, clock: Callable[[], float]
    ) -> None:
        self._log, self._outbox, self._wishes = log, outbox, wishes
        self._prefix, self._clock = prefix, clock

    def step(self) -> int:
        """Take in the next section; how many events it had."""
        events = self._log.read(self._outbox.position(), SECTION)
        if events:
            with self._outbox.writing():
                self._take([event for event in events if self._concerns(event)])
                self._outbox.advance(events[-1].position)
            if any(event.what == "Erased" for event in events):
                self._outbox.purge()
        return len(events)

    def _concerns(self, event: Recorded) -> bool:
        """Whether the event is of an object that bears a DOI which is ours to register, or may."""
        if bears_doi(event.type, event.pid, self._prefix):
            return True
        if not may_bear_doi(event.type):
            return False
        doi = doi_said(event.detail)
        return doi is None or doi.prefix == self._prefix

    def _take(self, events: Sequence[Recorded]) -> None:
        of: dict[str, Rows] = {event.pid_text: {} for event in events}
        for row in self._outbox.of_objects(of):
            of[row.object][row.number] = row
        told: dict[str, tuple[Row, Recorded]] = {}
        for event in events:
            if event.operational and (news := _note(event, of[event.pid_text])):
                told[news.doi] = news, event
        changed = {event.pid_text for event in events if _matters(event)}
        for latest in self._latest(changed, events):
            self._bring(latest, of[latest.pid_text])
        self._compare(told.values())
        self._outbox.put(row for rows in of.values() for row in rows.values())

    def _latest(self, pids: Iterable[str], events: Sequence[Recorded]) -> list[Recorded]:
        """The newest content of each object; what the section holds is not read again."""
        at = [head.position for head in self._log.heads_of(pids)]
        here = {event.position: event for event in events}
        missing = self._log.events_at(position for position in at if position not in here)
        return [here.get(position) or missing[position] for position in at]

    def _bring(self, latest: Recorded, rows: Rows) -> None:
        """Say of each DOI of an object what is wanted of it now."""
        now, minted = self._clock(), minted_of(rows.values())
        if bears_doi(latest.type, latest.pid, self._prefix):
            rows.setdefault(0, Row(name_of(latest.pid), latest.pid_text, 0))
        for number, row in rows.items():
            brought(row, self._wishes.of(latest, number, minted), now)

    def _compare(self, told: Iterable[tuple[Row, Recorded]]) -> None:
        """A DOI that another outbox sent is not sent again where it showed what is wanted now."""
        rows = [(row, event.detail) for row, event in told]
        shown = self._log.events_at({int(detail.get("position", 0)) for _, detail in rows})
        for row, detail in rows:
            source = shown.get(int(detail.get("position", 0)))
            known = proof(source.salt if source else None, row.wanted_hash)
            if known and known == detail.get("hash"):
                row.sent_hash = row.wanted_hash
            if row.settled:
                row.due = None


def minted_of(rows: Iterable[Row]) -> list[int]:
    """The versions of an object whose DOIs there are."""
    return sorted(row.number for row in rows if row.number and row.confirmed is not None)


def _note(event: Recorded, rows: Rows) -> Row | None:
    """What an operational event changes in the rows of its object; the row of which it tells
    something that this outbox did not know, because another one, now lost, had sent it."""
    name = event.pid if event.pid.scheme == "doi" else doi_said(event.detail)
    if event.what == REQUESTED and name:
        number = event.detail.get("version")
        if isinstance(number, int) and number > 0:
            for each in (0, number):
                rows.setdefault(each, Row(name_of(name, each), event.pid_text, each))
    elif event.what == "Erased":
        for row in rows.values():  # sent again whatever it showed; no hash or quotation remains
            row.sent_hash, row.error = None if row.sent_hash is None else "", ""
    elif event.what == "PidConfirmed" and name and event.detail.get("state") in get_args(State):
        number, state = int(event.detail.get("doi-version") or 0), event.detail["state"]
        row = rows.setdefault(number, Row(name_of(name, number), event.pid_text, number))
        news = row.sent == row.confirmed and row.sent != state
        row.confirmed = state
        if news:
            row.sent, row.sent_hash = state, ""
            return row
    return None


def _matters(event: Recorded) -> bool:
    """Whether other DOIs, or other metadata, may be wanted after an event. The DOI of an object
    tells of those of its versions; its own confirmation changes nothing."""
    if event.what == "PidConfirmed":
        return bool(event.detail.get("doi-version"))
    return not event.operational or event.what in (REQUESTED, "Erased")
