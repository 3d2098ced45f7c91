"""Editions of pages: a page that changed is another page since, at a new address.

Full pages may be kept by whoever read them, so their bytes must not change under their address. It
ends in the number of the last event that took something off the page, which lists the gap then:

- After an erasure the old address answers 410, and that of every node above it too; the tree leads
  to the new ones. A page with earlier members of the erased one's transaction moves too, since
  another member may end that now.
- Where an object on it was withheld, or published again, the old address leads on to the new one,
  and the nodes above stay as they are: they name pages and hold nothing of them. So nothing has to
  be found again after the licence of a whole dataset changed.
"""

from __future__ import annotations

from threading import Lock

from api.feeds.ldes_commands import earlier_parts
from eventstore.log import Log
from eventstore.outlines import Outlines
from handlers.projections.members import MembersReader, Page


class Editions:
    """Which pages of which streams were touched by erasures; safe to share between threads."""

    def __init__(self, log: Log, outlines: Outlines) -> None:
        self._log = log
        self._outlines = outlines
        self._lock = Lock()
        self._read = 0
        self._erased: dict[int, int] = {}
        """Position of an erased version, and of what its command recorded before it → of the last
        erasure by which that changed."""
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

    def disclosed(self, page: Page) -> int:
        """The last event by which an object on a page that was full was withheld or published
        again; 0 where there is none."""
        return self._outlines.disclosing(page.positions) if page.full else 0

    def _follow(self) -> None:
        """Take in the erasures since; they are few, and asked for by an index of their own."""
        for position, _ in self._log.erasures(self._read):
            erased = self._log.events_at(self._log.event(position).detail.get("positions", ()))
            for event in erased.values():
                touched = (*earlier_parts(event, self._log), event.position)
                self._erased |= dict.fromkeys(touched, position)
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
