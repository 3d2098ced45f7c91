"""Pages of versions by count: full pages never change, the last one grows.

Every version that is not a draft's is on exactly one page, in order of position, whatever is
withheld later: then its entry says less, but the numbering stays.
"""

from __future__ import annotations

from threading import Lock

from eventstore.log import Log
from eventstore.outlines import Outline, Outlines
from fdo.lifecycle import Status

_SECTION = 1_000


class Pages:
    """The pages of one log; safe to share between threads.

    Only where each page begins is kept, and that is found once: the log grows at its end.
    """

    def __init__(self, log: Log, outlines: Outlines, size: int) -> None:
        self.size = size
        self._log = log
        self._outlines = outlines
        self._lock = Lock()
        self._starts = [0]
        """Page → the position behind which it begins."""
        self._on_last = 0
        self._looked = 0

    def total(self) -> int:
        """How many versions there are now."""
        with self._lock:
            head = self._log.position()
            while self._looked < head:
                section = self._outlines.read(self._looked, _SECTION, head)
                for outline in filter(_counts, section):
                    if self._on_last == self.size:
                        self._starts.append(self._looked)
                        self._on_last = 0
                    self._on_last += 1
                    self._looked = outline.position
                self._looked = section[-1].position if len(section) == _SECTION else head
            return (len(self._starts) - 1) * self.size + self._on_last

    def last(self, total: int) -> int:
        """The number of the last page; the first is 0."""
        return max(0, total - 1) // self.size

    def positions(self, page: int) -> list[int]:
        """The events of a page that is there, in order."""
        found: list[int] = []
        after, head = self._starts[page], self._looked
        while len(found) < self.size:
            section = self._outlines.read(after, _SECTION, head)
            found += [outline.position for outline in filter(_counts, section)]
            if len(section) < _SECTION:
                break
            after = section[-1].position
        return found[: self.size]


def _counts(outline: Outline) -> bool:
    return not outline.operational and outline.status is not Status.DRAFT
