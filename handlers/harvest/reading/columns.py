"""Whether the values of a column are what its term says: a profile of types by column.

A column shifted by one through the whole file passes every check of form; it shows only in
that coordinates, years and codes stand one place beside where they belong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from handlers.harvest.reading.diagnostics import Findings

_NUMBER = re.compile(r"^[+-]?\d+(?:[.,]\d+)?$")
_ISO_DATE = re.compile(r"^\d{4}(?:-\d\d?(?:-\d\d?)?)?(?:[T /].*)?$")
_BASES = re.compile(
    r"(?i)(preserved|fossil|living|other)\s*specimen|observation|material\s*(sample|citation|"
    r"entity)|^occurrence$|herbarium|^specimen$"
)
_ADDRESS = re.compile(r"(?i)^(https?|ftp)://")


def _within(low: float, high: float) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        return bool(_NUMBER.match(text)) and low <= float(text.replace(",", ".")) <= high

    return check


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: bool(pattern.search(text))


CHECKS: dict[str, Callable[[str], bool]] = {
    "ac:accessURI": _matches(_ADDRESS),
    "dwc:basisOfRecord": _matches(_BASES),
    "dwc:countryCode": _matches(re.compile(r"^[A-Za-z]{2,3}$")),
    "dwc:day": _within(1, 31),
    "dwc:decimalLatitude": _within(-90, 90),
    "dwc:decimalLongitude": _within(-180, 180),
    "dwc:eventDate": _matches(_ISO_DATE),
    "dwc:month": _within(1, 12),
    "dwc:year": _within(1500, 2200),
}
"""Terms whose values have a form that other columns seldom have."""

NULLS = frozenset({"", "\\N", "NULL", "null", "Null"})
"""What databases write where there is no value; never an id."""

ENOUGH = 10
"""A column with fewer values than this is not judged."""


def fits(key: str, value: str) -> bool | None:
    """Whether a value is what its term says, or None when the term says nothing of form."""
    check = CHECKS.get(key)
    return None if check is None else check(value.strip())


def note_misfits(
    places: Mapping[str, int], body: Sequence[Sequence[str]], name: str, findings: Findings
) -> None:
    """Note columns whose values do not fit their terms, and a shift that explains them."""
    checked = [(key, places[key]) for key in CHECKS if key in places]
    misfits = [
        (key, place)
        for key, place in checked
        if (share := _share(key, place, body)) is not None and share < 0.2
    ]
    if not misfits:
        return
    if len(misfits) >= 2:
        for shift in (1, -1, 2, -2, 3, -3):
            shares = [_share(key, place + shift, body) for key, place in misfits]
            if all(share is not None and share > 0.8 for share in shares):
                side = "right" if shift > 0 else "left"
                findings.note("columns-shifted", file=name, shift=abs(shift), side=side)
                return
    for key, place in misfits:
        findings.note("column-misfit", file=name, column=place + 1, key=key)


def _share(key: str, place: int, body: Sequence[Sequence[str]]) -> float | None:
    """The share of values in a column that fit a term; None when there are too few."""
    if place < 0:
        return None
    values = [row[place].strip() for row in body if len(row) > place and row[place].strip()]
    if len(values) < ENOUGH:
        return None
    return sum(CHECKS[key](value) for value in values) / len(values)
