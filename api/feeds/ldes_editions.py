"""Editions of pages: a page that held something erased is another page since, at a new address.

Full pages may be kept for ever by whoever read them, so their bytes must not change under their
address. After an erasure the old address of a page that held it answers 410, and of every node
above it too; the tree leads to the new ones, which end in the event number of the erasure and
list the gap.
"""

from __future__ import annotations

from threading import Lock

from eventstore.log import Log
from handlers.projections.members import MembersReader, Page


class Editions:
    """Which pages of which streams were touched by erasures; safe to share between threads."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lock = Lock()
        self._read = 0
        self._erased: dict[int, int] = {}
        """Position of an erased version → of the last erasure that took it."""
        self._pages: dict[str, dict[int, int]] = {}

    def of(self, stream: str, view: MembersReader) -> dict[int, int]:
        """Page → position of the last erasure that took something of it; others are left out."""
        with self._lock:
            self._follow()
            if not self._erased:
                return {}
            known = self._pages.get(stream)
            if known is None:
                known = self._found(stream, view)
                self._pages[stream] = known
            return known

    def of_page(self, page: Page) -> int:
        """The edition of one page: 0 as long as nothing of it was erased."""
        with self._lock:
            self._follow()
            return max((self._erased.get(at, 0) for at in page.positions), default=0)

    def _follow(self) -> None:
        """Take in the erasures since; they are few, and asked for by an index of their own."""
        for position, _ in self._log.erasures(self._read):
            event = self._log.event(position)
            self._erased |= dict.fromkeys(event.detail.get("positions", ()), position)
            self._read = position
            self._pages.clear()

    def _found(self, stream: str, view: MembersReader) -> dict[int, int]:
        found: dict[int, int] = {}
        events = self._log.events_at(self._erased)
        for at, erasure in self._erased.items():
            number = view.page_at(stream, events[at].recorded_at) if at in events else None
            if number is not None and at in view.page(stream, number).positions:
                found[number] = max(found.get(number, 0), erasure)
        return found
