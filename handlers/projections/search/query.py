"""What may be asked of the search view, and how it becomes SQL.

A `SearchQuery` is made from parameters as they come in a URL; an unknown one, or one that
cannot be read, is refused by name. Words of a user never reach the full-text engine as syntax:
each is quoted, and `*` at its end means "begins with".

>>> SearchQuery.parse({"q": ["bellis per*"], "country": ["LU", "BE"]}).filters
{'country': ('LU', 'BE')}
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fdo.errors import CollectomeError
from handlers.projections.search.rows import DIMENSIONS, SPANS, long_of


class InvalidQuery(CollectomeError):
    """A parameter that is unknown or cannot be read; `details["parameter"]` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message, parameter=parameter)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a search: what it selects, for people and for OpenAPI."""

    name: str
    description: str
    column: str = ""
    """Where it looks; `taxon.genus` in an interned combination."""
    facet: bool = False


_TEXT_FIELDS = {"q": "", "name": "name", "locality": "locality", "collector": "collector",
                "number": "number"}  # fmt: skip
"""Parameter → column of the full-text index; `q` looks in all of them."""

PARAMETERS: dict[str, Parameter] = {
    each.name: each
    for each in (
        Parameter("q", "Words in names, places, people, numbers and remarks; * ends a word."),
        Parameter("name", "Words in scientific and vernacular names."),
        Parameter("locality", "Words in country, province, locality."),
        Parameter("collector", "Words in the names of collectors and identifiers."),
        Parameter("number", "Catalogue, record and other numbers, and the PID."),
        Parameter("discipline", "openDS topic discipline.", "kind.discipline", True),
        Parameter("kingdom", "Kingdom.", "taxon.kingdom", True),
        Parameter("phylum", "Phylum.", "taxon.phylum", True),
        Parameter("class", "Class.", "taxon.class", True),
        Parameter("order", "Order.", "taxon.order", True),
        Parameter("family", "Family.", "taxon.family", True),
        Parameter("genus", "Genus.", "taxon.genus", True),
        Parameter("country", "ISO 3166 code, or the name where no code is known.",
                  "place.country", True),
        Parameter("organisation", "ROR or Wikidata id of the holder.",
                  "holding.organisation", True),
        Parameter("source", "PID IRI of the source system.", "holding.source", True),
        Parameter("collection", "Collection code.", "holding.collection", True),
        Parameter("licence", "Licence IRI.", "holding.licence", True),
        Parameter("type_status", "Nomenclatural type status.", "kind.type_status", True),
        Parameter("marked_as_type", "true or false.", "kind.marked_as_type", True),
        Parameter("has_media", "true or false.", "kind.has_media", True),
        Parameter("preserved", "Living or Preserved.", "kind.preserved", True),
        Parameter("basis", "Basis of record.", "kind.basis", True),
        Parameter("mids", "MIDS level, -1 to 3.", "kind.mids", True),
        Parameter("mids_missing", "MIDS element that keeps the object below the next level.",
                  "kind.mids_missing", True),
        Parameter("year", "Year of collecting.", "year", True),
        Parameter("decade", "Decade of collecting, by its first year.", "year", True),
        Parameter("date_from", "Collected on or after this day (or year, or month)."),
        Parameter("date_to", "Collected on or before this day (or year, or month)."),
        Parameter("elevation_from", "Metres above sea level, at least."),
        Parameter("elevation_to", "Metres above sea level, at most."),
        Parameter("bbox", "west,south,east,north in degrees; west > east crosses 180°."),
        Parameter("not_seen", "true: the source no longer shows the record; false: it does."),
        Parameter("sort", "newest (as recorded; the default), oldest or name."),
    )
}  # fmt: skip
"""Every parameter of a search. A value may end in `*`; an empty value means: not stated."""

FACETS: tuple[str, ...] = tuple(name for name, each in PARAMETERS.items() if each.facet)
SORTS = ("newest", "oldest", "name")
_YES_NO = {"true": 1, "false": 0}
TERMS = 200
"""Words and values of one question; each costs a look into an index."""
_PARTS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One question: text, filters (any of the values of each), ranges and order."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """Text parameter → the user's words."""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    date_from: int | None = None
    date_to: int | None = None
    elevation_from: float | None = None
    elevation_to: float | None = None
    bbox: tuple[float, float, float, float] | None = None
    not_seen: bool | None = None
    sort: str = "newest"

    @classmethod
    def parse(cls, parameters: Mapping[str, Sequence[str]]) -> SearchQuery:
        """Read URL parameters, each with all its values; InvalidQuery names what is wrong."""
        found: dict[str, Any] = {"texts": {}, "filters": {}}
        left = TERMS
        for name, values in parameters.items():
            left -= sum(len(_PARTS.findall(value)) or 1 for value in values)
            if left < 0:
                raise InvalidQuery(
                    name, f"A search has {TERMS} words and values at most; leave some out."
                )
            known = PARAMETERS.get(name)
            if known is None:
                raise InvalidQuery(
                    name, f"{name!r} is no search parameter; known are {', '.join(PARAMETERS)}."
                )
            if name in _TEXT_FIELDS:
                if text := " ".join(values).strip():
                    match_of(name, text)
                    found["texts"][name] = text
            elif known.column:
                found["filters"][name] = tuple(dict.fromkeys(values))
                _conditions(name, found["filters"][name])
            else:
                found[name] = _RANGES[name](name, values[-1].strip())
        return cls(**found)

    @property
    def empty(self) -> bool:
        """Whether it selects everything."""
        return not (self.texts or self.filters) and all(
            value is None
            for value in (self.date_from, self.date_to, self.elevation_from, self.elevation_to,
                          self.bbox, self.not_seen)
        )  # fmt: skip

    @property
    def digest(self) -> int:
        """Equal for equal questions: binds a cursor to its query."""
        return zlib.crc32(repr((sorted(self.texts.items()), sorted(self.filters.items()),
                                self.date_from, self.date_to, self.elevation_from,
                                self.elevation_to, self.bbox, self.not_seen,
                                self.sort)).encode())  # fmt: skip

    def match(self) -> str | None:
        """The FTS5 expression of all text parameters; None when there is no text."""
        return " AND ".join(match_of(name, text) for name, text in self.texts.items()) or None

    def where(self, positions: str) -> tuple[list[str], list[Any]]:
        """SQL conditions on `specimens` (alias s) and their values; `positions` is the
        condition by which a row of `unseen` (alias u) holds."""
        conditions: list[str] = []
        values: list[Any] = []
        for name, wanted in self.filters.items():
            condition, more = _conditions(name, wanted)
            conditions.append(condition)
            values += more
        for name, low, high in self._spans():
            conditions.append(f"s.{name}_to>=? AND s.{name}_from<=?")
            values += [low, high]
        if self.bbox:
            condition, box = _box(*self.bbox)
            conditions.append(condition)
            values += box
        if self.not_seen is not None:
            told = "IN" if self.not_seen else "NOT IN"
            conditions.append(f"s.pid {told} (SELECT u.pid FROM unseen u WHERE {positions})")
        return conditions, values

    def cases(self) -> list[tuple[str, list[str], list[Any]]]:
        """(index that serves it, more conditions, values): each selected row is in one case.

        A range that is not long lies near its end, so an index by the end finds it between two
        bounds; without them a question about one year would walk through all years since.
        """
        for name, _, high in self._spans():
            return [
                ("", [f"s.{name}_to<=?", f"NOT {long_of(name, 's.')}"], [high + SPANS[name]]),
                (f"long_{name}", [long_of(name, "s.")], []),
            ]
        return [("", [], [])]

    def _spans(self) -> Iterator[tuple[str, float, float]]:
        """(range, lowest end, highest beginning) of the ranges that are asked for."""
        for name, low, high in (
            ("date", self.date_from, self.date_to),
            ("elevation", self.elevation_from, self.elevation_to),
        ):
            if low is not None or high is not None:
                yield name, -9e9 if low is None else low, 9e9 if high is None else high

    @property
    def ranged(self) -> bool:
        """Whether an index of a range serves it best: there is one, and no word or value."""
        return not (self.texts or self.filters) and (self.bbox is not None or any(self._spans()))


# ── text ─────────────────────────────────────────────────────────────────────────────────

_WORDS = re.compile(r'"([^"]*)"(\*?)|(\S+)')


def match_of(parameter: str, text: str) -> str:
    """The FTS5 expression of a user's words: all of them, each quoted (FTS5, 3.1).

    `"two words"` is a phrase; `bell*` begins with. InvalidQuery when no letter or digit is left.
    """
    terms = []
    for phrase, star, word in _WORDS.findall(text):
        content, prefix = (phrase, bool(star)) if not word else (word.rstrip("*"), word[-1] == "*")
        content = "".join(" " if c in '"\0' else c for c in content)
        if any(c.isalnum() for c in content):
            terms.append(f'"{content}"' + (" *" if prefix else ""))
    if not terms:
        raise InvalidQuery(parameter, f"{parameter}={text!r} holds no letter or digit to look for.")
    column = _TEXT_FIELDS[parameter]
    joined = " AND ".join(terms)
    return f"({{{column}}} : ({joined}))" if column else f"({joined})"


# ── filters ──────────────────────────────────────────────────────────────────────────────


def _conditions(name: str, wanted: Sequence[str]) -> tuple[str, list[Any]]:
    """(SQL, values): the row has any of these values."""
    table, _, column = PARAMETERS[name].column.partition(".")
    parts: list[str] = []
    values: list[Any] = []
    for value in wanted:
        condition, more = _one(name, f'"{column or table}"', value.strip())
        parts.append(condition)
        values += more
    any_of = " OR ".join(parts) or "0"
    if not column:
        return f"({any_of})", values
    return f"s.{table} IN (SELECT id FROM {table} WHERE {any_of})", values


def _one(name: str, column: str, value: str) -> tuple[str, list[Any]]:
    if name in ("year", "decade"):
        if not value:
            return "s.year IS NULL", []
        year = _whole(name, value)
        return "s.year BETWEEN ? AND ?", [year, year + (9 if name == "decade" else 0)]
    if name in ("has_media", "marked_as_type"):
        return f"{column}=?", [_yes_no(name, value)]
    if name == "mids":
        return f"{column}=?", [_whole(name, value)]
    if name == "mids_missing":
        return f"instr('|' || {column} || '|', ?)", [f"|{value}|"]
    if value == "*":
        return f"{column}<>''", []
    if value.endswith("*"):
        return f"({column}>=? AND {column}<?)", [value[:-1], value[:-1] + "\U0010ffff"]
    return f"{column}=?", [value]


def _whole(name: str, value: str) -> int:
    if not re.fullmatch(r"-?\d{1,4}", value):
        raise InvalidQuery(name, f"{name} takes a whole number, not {value!r}.")
    return int(value)


def _yes_no(name: str, value: str) -> int:
    if value.lower() not in _YES_NO:
        raise InvalidQuery(name, f"{name} is true or false, not {value!r}.")
    return _YES_NO[value.lower()]


# ── ranges ───────────────────────────────────────────────────────────────────────────────


def _first_day(name: str, value: str) -> int:
    year, month, day = _date(name, value)
    return year * 10000 + month * 100 + day


def _last_day(name: str, value: str) -> int:
    year, month, day = _date(name, value)
    return year * 10000 + (month or 12) * 100 + (day or 31)


def _date(name: str, value: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-([0-2]\d|3[01]))?)?", value)
    if not found:
        raise InvalidQuery(name, f"{name} is a day, month or year as in 1907-06-12, not {value!r}.")
    return int(found[1]), int(found[2] or 0), int(found[3] or 0)


def _number(name: str, value: str) -> float:
    if not re.fullmatch(r"[+-]?\d{1,9}(\.\d{1,9})?", value):
        raise InvalidQuery(name, f"{name} takes a number, not {value!r}.")
    return float(value)


def _corners(name: str, value: str) -> tuple[float, float, float, float]:
    parts = [_number(name, part.strip()) for part in value.split(",")]
    if (
        len(parts) != 4
        or not (-90 <= parts[1] <= parts[3] <= 90)
        or not all(-180 <= parts[i] <= 180 for i in (0, 2))
    ):
        raise InvalidQuery(
            name, f"{name} is west,south,east,north in degrees, south first, not {value!r}."
        )
    return parts[0], parts[1], parts[2], parts[3]


def _box(west: float, south: float, east: float, north: float) -> tuple[str, list[float]]:
    across = "OR" if west > east else "AND"
    return (
        f"(s.latitude BETWEEN ? AND ? AND (s.longitude>=? {across} s.longitude<=?))",
        [south, north, west, east],
    )


def _sort(name: str, value: str) -> str:
    if value not in SORTS:
        raise InvalidQuery(name, f"{name} is one of {', '.join(SORTS)}, not {value!r}.")
    return value


_RANGES: dict[str, Any] = {
    "date_from": _first_day,
    "date_to": _last_day,
    "elevation_from": _number,
    "elevation_to": _number,
    "bbox": _corners,
    "not_seen": lambda name, value: bool(_yes_no(name, value)),
    "sort": _sort,
}


def columns_of(facets: Iterable[str] = FACETS) -> dict[str, list[tuple[str, int]]]:
    """Interned combination → its facets with the number of their column."""
    found: dict[str, list[tuple[str, int]]] = {}
    for facet in facets:
        table, _, column = PARAMETERS[facet].column.partition(".")
        at = DIMENSIONS[table].index(column) if column else 0
        found.setdefault(table, []).append((facet, at))
    return found
