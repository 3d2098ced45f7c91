"""What the page of a source system tells of its dataset: numbers, harvests, and ways to get it;
as of now, or as they were at an instant."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from api.harvesting.datasets import KIND, Dataset, dataset, harvests
from api.harvesting.dcat import Access, accesses
from api.harvesting.oai.sets import SetSpec
from api.harvesting.past import PastDatasets
from api.site import Site
from eventstore.envelope import Recorded, iso
from eventstore.instant import Instant

MOST = 12
"""Values of a facet that are named; search has all of them."""
_KNOW_THE_PAST = ("export", "search", "sparql")
"""The ways to a dataset that take an instant; the others tell what changed."""


class DatasetPages:
    """The part of a page that tells of a dataset, for one server."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._past = PastDatasets(site)

    def part(self, event: Recorded, at: Instant | None) -> dict[str, Any] | None:
        """The values of `dataset.html`, now or at an instant; None for what is no dataset, or
        where nothing is counted."""
        if event.type != KIND or self._site.views.holdings is None:
            return None
        found = dataset(self._site, event.pid) if at is None else self._past.at(event, at)
        return None if found is None else self._told(found, at)

    def _told(self, found: Dataset, at: Instant | None) -> dict[str, Any]:
        moment = _moment(at)
        return {
            "held": found,
            "at": None if at is None else self._instant(at),
            "disciplines": [
                (name, count, _search(found, moment, discipline=name))
                for name, count in found.profile.disciplines.most_common(MOST)
            ],
            "countries": [
                (name or code, count, _search(found, moment, country=code))
                for (code, name), count in found.profile.countries.most_common(MOST)
            ],
            "search": _search(found, moment),
            "harvests": harvests(self._site, found.pid, at),
            "ways": [
                (way.title, _then(way, moment))
                for way in accesses(self._site.base, found)
                if at is None or way.name in _KNOW_THE_PAST
            ],
            "set": str(SetSpec(str(found.pid))),
        }

    def _instant(self, at: Instant) -> dict[str, Any]:
        return {
            "event": at.position,
            "recorded": self._site.objects.log.recorded_at(at.position),
            "observed": None if at.observed is None else iso(at.observed),
        }


def _moment(at: Instant | None) -> dict[str, str]:
    """An instant as the parameters that name it."""
    if at is None:
        return {}
    heard = {} if at.observed is None else {"observed-at": iso(at.observed)}
    return {"as-of": str(at.position), **heard}


def _search(found: Dataset, moment: dict[str, str], **facet: str) -> str:
    return f"/search?{urlencode({'source': found.pid.iri, **facet, **moment})}"


def _then(way: Access, moment: dict[str, str]) -> str:
    return f"{way.address}&{urlencode(moment)}" if moment else way.address
