"""Which events a page of a feed holds: found by their envelopes, before any document is read.

    chosen = Choosing(objects, views).page(Filter(), after=0, upto=None, limit=100)
    chosen.positions, chosen.next

The log is passed over in sections and never whole: one page looks at no more than `SCAN_CAP`
events, and says where the next one goes on.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Lock
from urllib.parse import parse_qs

from api.feeds.filters import Filter
from api.refusals import UnknownParameter
from api.views import Views
from eventstore.application import DigitalObjects
from eventstore.outlines import Outline, Outlines
from fdo.errors import Unavailable
from fdo.lifecycle import Status
from handlers.projections.search import LIMIT_CAP, Search, SearchQuery
from handlers.projections.terms.reader import TermsReader

SCAN_CAP = 50_000
"""Events that one page looks at; reading so many envelopes takes about half a second."""
FOUND_CAP = 10_000
"""Objects that the search of a filter may find."""
_SECTION = 1_000
_MOMENT_S = 2.0


@dataclass(frozen=True, slots=True)
class Chosen:
    """The events of one page, by position."""

    positions: list[int]
    after: int
    """The page begins behind this event."""
    upto: int
    """The last event that was looked at."""
    end: int
    """The last event that was asked for: the head of the log, or what came before it."""

    @property
    def next(self) -> int | None:
        """Behind which event the next page begins; None where this is the last one."""
        return self.upto if self.upto < self.end else None


class Choosing:
    """Chooses events of one repository."""

    def __init__(self, objects: DigitalObjects, views: Views) -> None:
        self._log = objects.log
        self._views = views
        self.outlines = Outlines(objects.recorder)
        self._lock = Lock()
        self._found: dict[str, tuple[float, tuple[int, frozenset[str]]]] = {}

    def page(
        self, wanted: Filter, after: int, upto: int | None, limit: int, *, drafts: bool = False
    ) -> Chosen:
        """The first `limit` events behind `after` that the filter takes, up to `upto`.

        Drafts are nobody's business, but belong to the graph and so to its patches.
        """
        end = self._log.position() if upto is None else upto
        if wanted.term is not None:
            end = min(end, self._terms().position())
        searched = None
        if wanted.query is not None:
            known, searched = self._searched(wanted.query)
            end = min(end, known)
        found: list[int] = []
        looked = after
        for _ in range(SCAN_CAP // _SECTION):
            section = self._section(wanted, looked, end)
            for outline in self._taken(wanted, section, searched):
                if outline.status is not Status.DRAFT or drafts:
                    found.append(outline.position)
                    if len(found) == limit:
                        return Chosen(found, after, outline.position, end)
            looked = section[-1].position if len(section) == _SECTION else max(after, end)
            if looked >= end:
                break
        return Chosen(found, after, looked, end)

    def _section(self, wanted: Filter, after: int, end: int) -> list[Outline]:
        """The next envelopes to look at, by the shortest way that there is to them."""
        if wanted.term is not None:
            return self.outlines.at(
                self._terms().positions_changing(wanted.term, after, end, _SECTION)
            )
        if wanted.pids:
            of_each = (self.outlines.of(pid, after, _SECTION, end) for pid in wanted.pids)
            merged = heapq.merge(*of_each, key=lambda outline: outline.position)
            return list(islice(merged, _SECTION))
        return self.outlines.read(after, _SECTION, end)

    def _taken(
        self, wanted: Filter, section: Sequence[Outline], searched: frozenset[str] | None
    ) -> Iterator[Outline]:
        taken = [outline for outline in section if wanted.takes(outline)]
        if searched is not None:
            taken = [outline for outline in taken if outline.pid in searched]
        if wanted.sources:
            yield from self._of_sources(wanted.sources, taken)
        else:
            yield from taken

    def _of_sources(
        self, sources: frozenset[str], outlines: Sequence[Outline]
    ) -> Iterator[Outline]:
        """Those of a source system: it named itself, or the object came from it."""
        silent = {outline.pid for outline in outlines if outline.source is None}
        came_from = {str(head.pid): head.source for head in self._log.heads_of(silent)}
        for outline in outlines:
            named = outline.source or came_from.get(outline.pid)
            if named in sources or outline.pid in sources:
                yield outline

    def _searched(self, text: str) -> tuple[int, frozenset[str]]:
        """Up to which event the search view knows the log, and the PIDs that a search finds
        there; remembered for a moment, because streams ask again and again."""
        now = time.monotonic()
        with self._lock:
            remembered = self._found.get(text)
        if remembered is not None and now - remembered[0] < _MOMENT_S:
            return remembered[1]
        if self._views.search is None:
            raise Unavailable("This server keeps no search view; leave query out.")
        found = _all_found(self._views.search, text)
        with self._lock:
            self._found = {
                query: kept for query, kept in self._found.items() if now - kept[0] < _MOMENT_S
            } | {text: (now, found)}
        return found

    def _terms(self) -> TermsReader:
        if self._views.terms is None:
            raise Unavailable("This server keeps no view of changed terms; leave term out.")
        return self._views.terms


def _all_found(search: Search, text: str) -> tuple[int, frozenset[str]]:
    query = SearchQuery.parse(parse_qs(text, keep_blank_values=True))
    page = search.find(query, None, LIMIT_CAP)
    found = {hit.pid for hit in page.hits}
    if page.total > FOUND_CAP:
        raise UnknownParameter(
            f"query={text!r} finds {page.total:,} objects or more; narrow it to {FOUND_CAP:,}, or "
            "leave it out.",
            parameter="query",
        )
    while page.next_cursor is not None:
        page = search.find(query, page.next_cursor, LIMIT_CAP)
        found.update(hit.pid for hit in page.hits)
    return page.as_of, frozenset(found)
