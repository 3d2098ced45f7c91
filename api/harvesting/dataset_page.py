"""What the page of a source system tells of its dataset: numbers, harvests, and ways to get it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from api.harvesting.datasets import KIND, Dataset, dataset, harvests
from api.harvesting.dcat import accesses
from api.harvesting.oai.sets import SetSpec
from api.site import Site
from eventstore.envelope import Recorded

MOST = 12
"""Values of a facet that are named; search has all of them."""


def dataset_part(site: Site, event: Recorded) -> dict[str, Any] | None:
    """The values of `dataset.html`; None for what is no dataset, or where nothing is counted."""
    if event.type != KIND or site.views.holdings is None:
        return None
    found = dataset(site, event.pid)
    if found is None:
        return None
    return {
        "held": found,
        "disciplines": [
            (name, count, _search(found, discipline=name))
            for name, count in found.profile.disciplines.most_common(MOST)
        ],
        "countries": [
            (name or code, count, _search(found, country=code))
            for (code, name), count in found.profile.countries.most_common(MOST)
        ],
        "search": _search(found),
        "harvests": harvests(site, event.pid),
        "ways": accesses(site.base, found),
        "set": str(SetSpec(str(found.pid))),
    }


def _search(found: Dataset, **facet: str) -> str:
    return f"/search?{urlencode({'source': found.pid.iri, **facet})}"
