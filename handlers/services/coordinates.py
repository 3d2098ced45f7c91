"""`coordinates`: points that cannot be where their record says, and the slip that explains it.

A point is held against the country that the record names, against land and sea, and against the
stated elevation. Where one slip of the pen (a sign, the two numbers swapped) puts the point into
the stated country, and no other does, that is proposed; else there is a remark. What TDWG's data
quality tests call by name is called so in the remark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from fdo.documents import Document
from handlers.queueing.kit import Answer, Work, comment, edit, target, term
from handlers.services.about import About
from handlers.services.geography import Countries, LandMask

BORDER_KM = 10.0
"""Outlines are generalised: nearer to a border than this, they decide nothing."""
WATERS_KM = 370.0
"""200 nautical miles: so far from its coast a country is named for things from the sea."""
HIGHEST, LOWEST = 8_849, -430
"""Metres of the highest and lowest land there is."""
SHORE_M = 50.0
"""Stated elevations below this may be those of a shore that the mask misses."""
COUNTRY = "VALIDATION_COORDINATESCOUNTRYCODE_CONSISTENT"
MARINE = "VALIDATION_COORDINATESTERRESTRIALMARINE_CONSISTENT"
LATITUDE, LONGITUDE = "dwc:decimalLatitude", "dwc:decimalLongitude"
_DEEP = ("dwc:minimumDepthInMeters", "dwc:maximumDepthInMeters", "dwc:verbatimDepth",
         "dwc:waterBody")  # fmt: skip
_HIGH = ("dwc:minimumElevationInMeters", "dwc:maximumElevationInMeters")
ABOUT = About(
    name="coordinates",
    does="Holds coordinates against the stated country, land and sea, and the stated elevation; "
    "proposes the turned sign or the swap that explains a wrong place.",
    cannot="It has no model of terrain, so an elevation is held against land and sea only. Its "
    f"outlines are generalised and those of today: it says nothing within {BORDER_KM:g} km of a "
    "border, and former countries are unknown to it. It knows country codes and the English "
    "names of countries, no provinces and no localities. Lakes count as land.",
    works_on=("specimen",),
    motivations=("oa:commenting", "oa:editing"),
    packages=("geo-intel-offline", "global-land-mask", "shapely"),
    filter={
        f"$['ods:hasEvents'][*]['ods:hasLocation']['ods:hasGeoreference']['{LATITUDE}']": ["*"],
        f"$['ods:hasEvents'][*]['ods:hasLocation']['ods:hasGeoreference']['{LONGITUDE}']": ["*"],
    },
    micro_batch=64,
    lease_s=120,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a point, in words, and the values that would put it right."""

    test: str
    """Name of the TDWG BDQ Core test that asks the same, where there is one."""
    told: str
    severity: str = "medium"
    proposed: Mapping[str, float] | None = None
    score: float | None = None


class Coordinates:
    """Points of specimens held against the map."""

    name = ABOUT.name

    def describe(self) -> Document:
        """The registration."""
        return ABOUT.document()

    def load(self) -> str:
        """Load outlines and mask, once in a process; it runs on the CPU."""
        the_map()
        return "CPU"

    def annotate(self, works: Sequence[Work]) -> list[Answer]:
        """What is wrong with the points of every specimen."""
        meta = {"softwareVersion": ABOUT.release, "executionProvider": "CPU"}
        return [Answer(list(_said(work, the_map())), meta=meta) for work in works]


def _said(work: Work, known: Map) -> Iterator[dict[str, Any]]:
    for at, event in enumerate(work.object.get("ods:hasEvents", ())):
        location = event.get("ods:hasLocation") or {}
        georeference = location.get("ods:hasGeoreference") or {}
        path = f"$['ods:hasEvents'][{at}]['ods:hasLocation']['ods:hasGeoreference']"
        for finding in known.findings(location, georeference):
            yield _annotation(work, path, georeference, finding)


def _annotation(
    work: Work, path: str, georeference: Mapping[str, Any], finding: Finding
) -> dict[str, Any]:
    told = f"{finding.told} ({finding.test})" if finding.test else finding.told
    if not finding.proposed:
        about = {"type": "ods:ClassSelector", "ods:class": path}
        return {**comment(work, told, about=about), "col:severity": finding.severity}
    changed = {
        key: value for key, value in finding.proposed.items() if georeference.get(key) != value
    }
    if len(changed) == 1:
        ((key, value),) = changed.items()
        made = edit(work, f"{path}['{key}']", value, score=finding.score)
        where = term(f"{path}['{key}']")
    else:
        made = edit(work, path, {**georeference, **changed}, score=finding.score)
        where = {"type": "ods:ClassSelector", "ods:class": path}
    why = {"type": "TextualBody", "value": told, "format": "text/plain", "purpose": "commenting"}
    return {
        **made,
        "target": target(work, where),
        "body": [made["body"], why],
        "col:severity": finding.severity,
    }


class Map:
    """Countries, land and sea, asked about one point at a time."""

    def __init__(self) -> None:
        self._countries, self._mask = Countries(), LandMask()

    def findings(
        self, location: Mapping[str, Any], georeference: Mapping[str, Any]
    ) -> list[Finding]:
        """What is wrong with a place, the gravest first; none where nothing can be said."""
        latitude, longitude = georeference.get(LATITUDE), georeference.get(LONGITUDE)
        if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
            return []
        code = self._countries.code(location.get("dwc:countryCode"), location.get("dwc:country"))
        blur = float(georeference.get("dwc:coordinateUncertaintyInMeters") or 0) / 1_000
        place = _Place(latitude, longitude, BORDER_KM + blur)
        if latitude == 0 and longitude == 0:
            told = "Both coordinates are 0, which more often means unknown than the Gulf of Guinea."
            return [Finding("VALIDATION_COORDINATES_NOTZERO", told, "high")]
        if abs(latitude) > 90 or abs(longitude) > 180:
            test = "LATITUDE" if abs(latitude) > 90 else "LONGITUDE"
            told = f"There is no point {place}."
            broken = Finding(f"VALIDATION_DECIMAL{test}_INRANGE", told, "high")
            return [self._slip(code, place) or broken]
        found = self._country(location, code, place) if code else None
        return [one for one in (found or self._sea(location, place), _elevation(location)) if one]

    def _country(self, location: Mapping[str, Any], code: str, place: _Place) -> Finding | None:
        """The point lies outside the country that the record names."""
        away = self._countries.km_outside(code, place.latitude, place.longitude)
        if away <= place.slack:
            return None
        if away <= WATERS_KM and self._mask.is_sea(place.latitude, place.longitude):
            return None  # what is named for a country in its waters
        if slip := self._slip(code, place):
            return slip
        named = self._countries.names[code]
        there = self._countries.at(place.latitude, place.longitude)
        said = location.get("dwc:country") or location.get("dwc:countryCode")
        sea = self._mask.is_sea(place.latitude, place.longitude)
        lies = f"in {there}" if there else "in the sea" if sea else "in no country that is known"
        return Finding(
            COUNTRY,
            f"The point {place} lies {lies}, about {away:,.0f} km outside {named}, and the record "
            f"says {said}.",
            "high" if away > 500 else "medium",
        )

    def _slip(self, code: str | None, place: _Place) -> Finding | None:
        """The one slip of the pen that explains a wrong place; None for none or several."""
        if code is None:
            return None
        up, along = place.latitude, place.longitude
        slips = {
            (up, -along): ("the sign of longitude turned", 0.9),
            (-up, along): ("the sign of latitude turned", 0.9),
            (-up, -along): ("both signs turned", 0.8),
            (along, up): ("latitude and longitude swapped", 0.8),
        }
        good = [
            (point, *told)
            for point, told in slips.items()
            if abs(point[0]) <= 90
            and abs(point[1]) <= 180
            and self._countries.km_outside(code, *point) <= place.slack
        ]
        if len(good) != 1:
            return None
        (latitude, longitude), told, score = good[0]
        return Finding(
            COUNTRY,
            f"The point {place} does not lie in {self._countries.names[code]}; with {told} it "
            "does.",
            "high",
            {LATITUDE: latitude, LONGITUDE: longitude},
            score,
        )

    def _sea(self, location: Mapping[str, Any], place: _Place) -> Finding | None:
        """The point lies in the sea, and the record speaks of land."""
        if any(location.get(key) not in (None, "") for key in _DEEP):
            return None
        high = max(_stated(location), default=0.0)
        if high > SHORE_M:
            told = f"and the record states an elevation of {high:g} m"
        elif location.get("dwc:stateProvince"):
            told = "and the record names a province and no water"
        else:
            return None
        if not self._mask.at_sea(place.latitude, place.longitude, place.slack):
            return None
        severity = "medium" if high > SHORE_M else "low"
        return Finding(MARINE, f"The point {place} lies in the sea, {told}.", severity)


@cache
def the_map() -> Map:
    """The one map of this process."""
    return Map()


@dataclass(frozen=True, slots=True)
class _Place:
    latitude: float
    longitude: float
    slack: float
    """Kilometres by which it may be off without anything being wrong."""

    def __str__(self) -> str:
        return f"{self.latitude}, {self.longitude}"


def _stated(location: Mapping[str, Any]) -> list[float]:
    said = (location.get(key) for key in _HIGH)
    return [float(one) for one in said if isinstance(one, int | float)]


def _elevation(location: Mapping[str, Any]) -> Finding | None:
    """The stated elevation is none that land has."""
    wrong = [one for one in _stated(location) if not LOWEST <= one <= HIGHEST]
    if not wrong:
        return None
    return Finding(
        "VALIDATION_MINELEVATION_INRANGE",
        f"No land lies at {wrong[0]:g} m; feet may have been taken for metres.",
    )
