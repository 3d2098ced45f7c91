"""From counted combinations to the values of each facet, with labels for people."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from handlers.projections.search.query import columns_of
from handlers.projections.search.rows import DIMENSIONS

NOT_STATED = "not stated"
_LABELS = {"country": "country_name", "organisation": "organisation_name", "source": "source_name"}
_YES_NO = ("false", "true")


@dataclass(frozen=True, slots=True)
class Bucket:
    """One value of a facet; `value` given back as a parameter selects these `count` rows."""

    value: str
    label: str
    count: int


Buckets = list[Bucket]


class Tally:
    """Rolls counts of combinations up to facets; reads each table of combinations once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows: dict[str, dict[int, tuple[Any, ...]]] = {}

    def buckets(
        self, facet: str, table: str, groups: Iterable[tuple[Any, int]], size: int
    ) -> Buckets:
        """The values of one facet by falling count, then by value."""
        ((_, column),) = columns_of((facet,))[table]
        counts: dict[str, int] = {}
        labels: dict[str, str] = {}
        at_label = DIMENSIONS[table].index(_LABELS[facet]) if facet in _LABELS else column
        known = self._combinations(table) if table in DIMENSIONS else None
        for key, number in groups:
            row = known[key] if known is not None else (key,)
            for value in _values(facet, row[column]):
                counts[value] = counts.get(value, 0) + number
                if value not in labels or not labels[value]:
                    labels[value] = str(row[at_label]) if facet in _LABELS else value
        best = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:size]
        return [Bucket(value, labels[value] or NOT_STATED, number) for value, number in best]

    def series(
        self, facet: str, table: str, steps: Mapping[Any, Mapping[int, int]], points: int
    ) -> dict[str, list[int]]:
        """Value of one facet → its number at each point, from the differences between points."""
        ((_, column),) = columns_of((facet,))[table]
        known = self._combinations(table) if table in DIMENSIONS else None
        found: dict[str, list[int]] = {}
        for key, differences in steps.items():
            row = known[key] if known is not None else (key,)
            for value in _values(facet, row[column]):
                counts = found.setdefault(value, [0] * (points + 1))
                for at, difference in differences.items():
                    counts[at] += difference
        summed = {value: list(accumulate(row[:points])) for value, row in found.items()}
        return {value: row for value, row in summed.items() if any(row)}

    def _combinations(self, table: str) -> dict[int, tuple[Any, ...]]:
        if table not in self._rows:
            self._rows[table] = {
                row[0]: tuple(row[1:]) for row in self._connection.execute(f"SELECT * FROM {table}")
            }
        return self._rows[table]


def _values(facet: str, value: Any) -> list[str]:
    """The facet values that a stored value counts for."""
    if facet == "decade":
        return ["" if value is None else str(value // 10 * 10)]
    if facet in ("has_media", "marked_as_type"):
        return [_YES_NO[value]]
    if facet == "mids_missing":
        return str(value).split("|") if value else []
    return ["" if value is None else str(value)]
