"""Counts over everything that is selected, which grow with the repository: few at a time, and kept.

    counting = Counting(site)
    facets = counting.facets(search, request, query, names, at)

An answer is kept for the state of the view that it was read from, so who asks the same again costs
nothing until something is recorded. What has to be counted is counted by a few threads at once;
others wait a moment, of one client half as many as of all, and the rest are told to ask again.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Any, Final, TypeVar, cast

from fastapi import Request

from api.rates import client_of
from api.site import Site
from eventstore.instant import Instant
from fdo.errors import Unavailable
from handlers.projections.search import Facets, Search, SearchQuery

AT_ONCE: Final = 2
"""Counts that are worked out at the same time."""
ROOM: Final = 8
"""Requests that have a place, those whose turn it is included; of one client half as many."""
PATIENCE_S: Final = 5
"""How long one of them waits for its turn."""
MOST_KEPT: Final = 50_000
"""Values that are kept, those of all answers together; an answer counts for `LEAST` or more."""
LEAST: Final = 500
T = TypeVar("T")


class Counting:
    """Works out and keeps the counts of one server."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._turns = BoundedSemaphore(AT_ONCE)
        self._lock = Lock()
        self._waiting: Counter[str] = Counter()
        self._kept: OrderedDict[tuple[int, Hashable], tuple[int, Any]] = OrderedDict()

    def facets(
        self,
        search: Search,
        request: Request,
        query: SearchQuery,
        names: Sequence[str],
        at: Instant,
        *,
        size: int = 1_000_000,
        cap: int | None = None,
    ) -> Facets:
        """The values of these facets, counted among all that is selected at an instant; at most
        `size` of each, and among the newest `cap` where there is one."""
        head = search.position()
        asked = (min(at.position, head), at.observed, tuple(names), repr(query), size, cap)
        return self.kept(
            request,
            (head, asked),
            lambda: search.facets(
                query, names, size=size, cap=cap, as_of=at.position, observed=at.observed
            ),
            lambda found: sum(len(buckets) for buckets in found.counts.values()),
        )

    def kept(
        self,
        request: Request,
        asked: tuple[int, Hashable],
        work: Callable[[], T],
        values: Callable[[T], int],
    ) -> T:
        """The answer to what was asked of the state of a view at a position: kept, or worked out
        when it is the turn of the request. `values`: how many values an answer holds."""
        if (known := self._known(asked)) is None:
            with self.turn(request):
                known = self._known(asked)  # by whom this one waited for
                if known is None:
                    found = work()
                    known = (max(LEAST, values(found)), found)
                    self._keep(asked, known)
        return cast("T", known[1])

    @contextmanager
    def turn(self, request: Request) -> Iterator[None]:
        """A turn to count; Unavailable where too many wait, or all turns take long."""
        settings = self._site.settings
        client = client_of(request.scope, self._site.tokens, settings.client_address_header)
        with self._place(client):
            if not self._turns.acquire(timeout=PATIENCE_S):
                raise _busy()
            try:
                yield
            finally:
                self._turns.release()

    @contextmanager
    def _place(self, client: str) -> Iterator[None]:
        with self._lock:
            if self._waiting.total() >= ROOM or self._waiting[client] >= (ROOM + 1) // 2:
                raise _busy()
            self._waiting[client] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting[client] -= 1
                self._waiting += Counter()  # forgets who has none

    def _known(self, asked: tuple[int, Hashable]) -> tuple[int, Any] | None:
        with self._lock:
            if asked not in self._kept:
                return None
            self._kept.move_to_end(asked)
            return self._kept[asked]

    def _keep(self, asked: tuple[int, Hashable], answer: tuple[int, Any]) -> None:
        """Keep an answer; those of older states go, then those not asked for longest."""
        with self._lock:
            for old in [one for one in self._kept if one[0] < asked[0]]:
                del self._kept[old]
            self._kept[asked] = answer
            while sum(size for size, _ in self._kept.values()) > MOST_KEPT:
                self._kept.popitem(last=False)


def _busy() -> Unavailable:
    return Unavailable(
        f"{AT_ONCE} counts are worked out at a time, and others wait for theirs already; ask again "
        "soon, or for fewer facets.",
        retry_after=PATIENCE_S,
    )
