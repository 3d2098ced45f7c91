"""What a dataset held at an instant: the numbers of its page in the past.

    PastDatasets(site).at(event, Instant(42))

The views that know the past are asked: the holdings for objects by type, the search view for
where specimens come from. Both read every change of the dataset up to then, so few such counts
run at a time, others are told to come back, and what was counted is kept while the views stand.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from threading import BoundedSemaphore, Lock
from typing import Final

from api.harvesting.datasets import Dataset, dataset_of, holdings
from api.site import Site
from eventstore.envelope import Recorded
from eventstore.instant import Instant
from fdo.errors import Unavailable
from handlers.projections.holdings import Tally
from handlers.projections.search import NOT_STATED, Bucket, Profile, SearchQuery

AT_ONCE: Final = 2
"""Counts that are worked out at the same time: of the eight threads that write pages of objects."""
KEPT: Final = 32
_SOON_S: Final = 2
_SPECIMEN: Final = "specimen"
_FACETS: Final = ("discipline", "country", "licence", "organisation")
_ALL: Final = 1_000_000
_Asked = tuple[int, Instant, int, int]


class PastDatasets:
    """Counts and keeps what the datasets of one server held."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._turns = BoundedSemaphore(AT_ONCE)
        self._lock = Lock()
        self._kept: OrderedDict[_Asked, Dataset] = OrderedDict()

    def at(self, event: Recorded, at: Instant) -> Dataset:
        """The dataset of a version of a source system as it was at an instant.

        By the sources' clock only specimens can be counted. Unavailable where too many such
        counts are under way.
        """
        search = self._site.views.search
        seen = holdings(self._site).position(), 0 if search is None else search.position()
        asked = event.position, at, *seen
        with self._lock:
            if asked in self._kept:
                self._kept.move_to_end(asked)
                return self._kept[asked]
        if not self._turns.acquire(blocking=False):
            raise Unavailable(
                f"What datasets held in the past is counted for {AT_ONCE} pages at a time; ask "
                "again in a moment.",
                retry_after=_SOON_S,
            )
        try:
            found = self._counted(event, at)
        finally:
            self._turns.release()
        with self._lock:
            for old in [one for one in self._kept if one[2:] != seen]:
                del self._kept[old]  # an erasure since may have taken what it says
            self._kept[asked] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found

    def _counted(self, event: Recorded, at: Instant) -> Dataset:
        source, profile = str(event.pid), self._profile(event.pid.iri, at)
        if at.observed is None:
            return dataset_of(event, holdings(self._site).tallies_of(source, at.position), profile)
        specimens = Tally(source, _SPECIMEN, True, profile.specimens, 0, 0)
        return dataset_of(event, [specimens] if profile.specimens else [], profile)

    def _profile(self, iri: str, at: Instant) -> Profile:
        search = self._site.views.search
        if search is None:
            return Profile()
        query = SearchQuery(filters={"source": (iri,)})
        found = search.facets(
            query, _FACETS, size=_ALL, cap=None, as_of=at.position, observed=at.observed
        )
        disciplines, countries, licences, organisations = (
            [one for one in found.counts[name] if one.value] for name in _FACETS
        )
        return Profile(
            found.counted,
            disciplines=Counter({one.value: one.count for one in disciplines}),
            countries=Counter({_named(one): one.count for one in countries}),
            licences=Counter({one.value: one.count for one in licences}),
            organisations=Counter({_named(one): one.count for one in organisations}),
        )


def _named(one: Bucket) -> tuple[str, str]:
    """A value and its name; no name where none is known."""
    return one.value, "" if one.label == NOT_STATED else one.label
