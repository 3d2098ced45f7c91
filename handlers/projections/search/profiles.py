"""What each dataset holds now, from one pass over the current rows: the numbers of catalogues.

Rows are grouped by their interned combinations, of which there are few, and rolled up here: so
all datasets are counted in the time that one takes.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from handlers.projections.search.rows import DIMENSIONS

_TABLES = ("holding", "kind", "place")
_GROUPS = (
    "SELECT holding, kind, place, count(*), min(longitude), min(latitude), max(longitude), "
    "max(latitude), min(date_from), max(date_to) FROM specimens NOT INDEXED "
    "WHERE valid_to IS NULL GROUP BY holding, kind, place"
)


@dataclass(slots=True)
class Profile:
    """The public specimens of one dataset: how many, of what, from where and when."""

    specimens: int = 0
    disciplines: Counter[str] = field(default_factory=Counter)
    countries: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(ISO 3166 code or name, name)"""
    licences: Counter[str] = field(default_factory=Counter)
    organisations: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(IRI, name)"""
    box: tuple[float, float, float, float] | None = None
    """West, south, east, north of all points, as they lie between -180 and 180."""
    days: tuple[int, int] | None = None
    """First and last day of collecting, as YYYYMMDD; day or month 00 where not known."""


def profiles(connection: sqlite3.Connection) -> dict[str, Profile]:
    """IRI of a source system → what it holds."""
    known = {name: _combinations(connection, name) for name in _TABLES}
    found: dict[str, Profile] = {}
    for holding, kind, place, number, *extent in connection.execute(_GROUPS):
        holder, sort, where = known["holding"][holding], known["kind"][kind], known["place"][place]
        profile = found.setdefault(holder["source"], Profile())
        profile.specimens += number
        _count(profile.disciplines, sort["discipline"], number)
        _count(profile.licences, holder["licence"], number)
        if where["country"]:
            profile.countries[where["country"], where["country_name"]] += number
        if holder["organisation"]:
            profile.organisations[holder["organisation"], holder["organisation_name"]] += number
        _extend(profile, *extent)
    return found


def _combinations(connection: sqlite3.Connection, table: str) -> dict[int, dict[str, Any]]:
    return {
        row[0]: dict(zip(DIMENSIONS[table], row[1:], strict=True))
        for row in connection.execute(f"SELECT * FROM {table}")
    }


def _count(counter: Counter[str], value: str, number: int) -> None:
    if value:
        counter[value] += number


def _extend(
    profile: Profile,
    west: float | None, south: float | None, east: float | None, north: float | None,
    first: int | None, last: int | None,
) -> None:  # fmt: skip
    if west is not None and south is not None and east is not None and north is not None:
        w, s, e, n = profile.box or (west, south, east, north)
        profile.box = (min(w, west), min(s, south), max(e, east), max(n, north))
    if first is not None and last is not None:
        begin, end = profile.days or (first, last)
        profile.days = (min(begin, first), max(end, last))
