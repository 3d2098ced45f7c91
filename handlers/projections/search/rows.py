"""What of a specimen document is searched, counted and shown: a pure function of it.

Values that go together are interned together: few combinations of rank names, holders, kinds
of object and countries occur, so a row bears four small numbers in place of twenty words, and
counting all facets takes four passes in place of twenty.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fdo.documents import Document
from fdo.mids import Mids

MISSING = ""
"""Stands in a dimension for: nothing is stated."""

RANKS = ("kingdom", "phylum", "class", "order", "family", "genus")

DIMENSIONS: dict[str, tuple[str, ...]] = {
    "taxon": RANKS,
    "holding": (
        "organisation", "organisation_name", "source", "source_name", "collection", "licence",
    ),
    "kind": (
        "discipline", "preserved", "has_media", "marked_as_type", "mids", "mids_missing",
        "type_status", "basis",
    ),
    "place": ("country", "country_name"),
}  # fmt: skip
"""Interned combination → its columns; each combination is one table of the view."""

TEXTS = ("name", "locality", "collector", "number", "remarks")
"""The columns of the full-text indexes."""

SPANS = {"date": 10_000, "elevation": 100}
"""Range → what is long for one (a year in digits of days; metres). Few ranges are long; the
others are found by their end alone, and long ones have an index of their own."""

PAST_BITS = 31
"""Bits of a position in the name of a closed text: two thousand million events."""


def long_of(name: str, row: str = "") -> str:
    """The condition by which a range of a row is a long one."""
    return f"{row}{name}_to-{row}{name}_from>{SPANS[name]}"


def past_name(position: int, valid_to: int) -> int:
    """The name of a closed text: in order of its end, then of its beginning."""
    return valid_to << PAST_BITS | position


class Row(NamedTuple):
    """One version of a specimen as the view keeps it, dimensions not yet interned."""

    name: str
    physical_id: str
    locality: str | None
    collector: str | None
    collected: str | None
    date_from: int | None
    date_to: int | None
    year: int | None
    elevation_from: float | None
    elevation_to: float | None
    latitude: float | None
    longitude: float | None
    digest: int
    """CRC-32 of the searchable text: tells whether erased bytes are still in the index."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row, its four dimensions and its searchable text."""

    row: Row
    dimensions: tuple[tuple[Any, ...], ...]
    texts: tuple[str, ...]


def entry_of(document: Document, mids: Mids) -> Entry:
    """Everything the view keeps of one version of a specimen."""
    identifications: Sequence[Mapping[str, Any]] = document.get("ods:hasIdentifications", ())
    events: Sequence[Mapping[str, Any]] = document.get("ods:hasEvents", ())
    event = events[0] if events else {}
    location = event.get("ods:hasLocation", {})
    accepted = _accepted(identifications)
    taxa: Sequence[Mapping[str, Any]] = accepted.get("ods:hasTaxonIdentifications") or ({},)
    collectors = _people(events)
    texts = texts_of(document)
    date_from, date_to, year = _dates(event)
    point = location.get("ods:hasGeoreference", {})
    low = location.get("dwc:minimumElevationInMeters")
    high = location.get("dwc:maximumElevationInMeters")
    row = Row(
        document.get("ods:specimenName", MISSING),
        document.get("ods:physicalSpecimenID", MISSING),
        location.get("dwc:locality") or location.get("dwc:verbatimLocality"),
        "; ".join(collectors) or None,
        event.get("dwc:eventDate") or event.get("dwc:verbatimEventDate"),
        date_from, date_to, year,
        low if low is not None else high,
        high if high is not None else low,
        *_point(point),
        digest_of(texts),
    )  # fmt: skip
    dimensions = (
        tuple([taxa[0].get(f"dwc:{rank}", MISSING) for rank in RANKS]),
        _holding(document),
        _kind(document, identifications, mids),
        _country(location),
    )
    return Entry(row, dimensions, texts)


def texts_of(document: Document) -> tuple[str, ...]:
    """The searchable text of one version, by column of the full-text index."""
    identifications: Sequence[Mapping[str, Any]] = document.get("ods:hasIdentifications", ())
    events: Sequence[Mapping[str, Any]] = document.get("ods:hasEvents", ())
    return (
        _names(document, identifications),
        _places(events),
        _joined((*_people(events), *_people(identifications))),
        _numbers(document, events),
        _remarks(document, identifications, events),
    )


def digest_of(texts: Sequence[str]) -> int:
    """CRC-32 of searchable text."""
    return zlib.crc32("\n".join(texts).encode())


def _accepted(identifications: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The identification in force: the first verified one, else the first."""
    for each in identifications:
        if each.get("ods:isVerifiedIdentification"):
            return each
    return identifications[0] if identifications else {}


def _holding(document: Document) -> tuple[Any, ...]:
    get = document.get
    return (
        get("ods:organisationID", MISSING),
        get("ods:organisationName", MISSING),
        get("ods:sourceSystemID", MISSING),
        get("ods:sourceSystemName", MISSING),
        get("dwc:collectionCode", MISSING),
        get("dcterms:license", MISSING),
    )


def _kind(
    document: Document, identifications: Iterable[Mapping[str, Any]], mids: Mids
) -> tuple[Any, ...]:
    get = document.get
    types = (each["dwc:typeStatus"] for each in identifications if each.get("dwc:typeStatus"))
    return (
        get("ods:topicDiscipline", MISSING),
        get("ods:livingOrPreserved", MISSING),
        1 if get("ods:isKnownToContainMedia") else 0,
        1 if get("ods:isMarkedAsType") else 0,
        mids.level,
        "|".join(mids.missing),
        next(types, MISSING),
        get("dwc:basisOfRecord", MISSING),
    )


def _country(location: Mapping[str, Any]) -> tuple[str, str]:
    """(ISO code, name), or the name for both where no code is stated."""
    name = location.get("dwc:country", MISSING)
    code = location.get("dwc:countryCode", MISSING)
    return (code.upper() or name, name or code)


def _point(point: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """A point on Earth, or nothing: half a coordinate or one off the globe is no place."""
    latitude, longitude = point.get("dwc:decimalLatitude"), point.get("dwc:decimalLongitude")
    if latitude is None or longitude is None:
        return None, None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None, None
    return latitude, longitude


# ── dates ────────────────────────────────────────────────────────────────────────────────

_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T[^/]*)?$")
_REST = re.compile(r"(?:\d\d-)?\d\d")


def _dates(event: Mapping[str, Any]) -> tuple[int | None, int | None, int | None]:
    """(first day, last day, year of the first) of the collecting date; days as YYYYMMDD.

    ISO 8601 dates and intervals; a year or month stands for all its days, and the end of an
    interval may leave out what it shares with the beginning. Without a readable
    `dwc:eventDate` the parts `dwc:year`, `dwc:month`, `dwc:day` count.
    """
    first, _, last = event.get("dwc:eventDate", "").partition("/")
    if begin := _DATE.match(first):
        end = _DATE.match(last) or _DATE.match(_completed(first, last)) or begin
        start, stop = _day(begin, "00", "00"), _day(end, "12", "31")
        return start, max(start, stop), start // 10000
    year = event.get("dwc:year")
    if not isinstance(year, int) or not 0 < year < 10000:
        return None, None, None
    month, day = event.get("dwc:month"), event.get("dwc:day")
    if month is None:
        return year * 10000, year * 10000 + 1231, year
    at = year * 10000 + month * 100
    return (at, at + 31, year) if day is None else (at + day, at + day, year)


def _completed(first: str, last: str) -> str:
    """The end of an interval with what it leaves out, as `15` in `2007-11-13/15`; nothing where
    it is not the end of a date. A time that names no day is of the same one."""
    (begin, timed, _), (end, _, _) = first.partition("T"), last.partition("T")
    shared = begin[: len(begin) - len(end)]
    if not _REST.fullmatch(end) or not shared.endswith("-") or (timed and "T" not in last):
        return ""
    return shared + end


def _day(found: re.Match[str], month: str, day: str) -> int:
    return int(f"{found[1]}{found[2] or month}{found[3] or day}")


# ── searchable text ──────────────────────────────────────────────────────────────────────

_NAME_KEYS = ("dwc:scientificName", "dwc:vernacularName", "dwc:acceptedNameUsage")
_HIGHER = ("dwc:class", "dwc:order", "dwc:family")
_PLACE_KEYS = (
    "dwc:country", "dwc:stateProvince", "dwc:county", "dwc:municipality", "dwc:island",
    "dwc:waterBody", "dwc:locality", "dwc:verbatimLocality",
)  # fmt: skip
_SPECIMEN_REMARKS = ("dwc:preparations", "dwc:verbatimLabel", "ods:organisationName",
                     "dwc:collectionCode")  # fmt: skip
_EVENT_REMARKS = ("dwc:habitat", "dwc:eventRemarks", "dwc:fieldNotes")


def _joined(parts: Iterable[str | None]) -> str:
    """The different texts, one a line, in order."""
    return "\n".join(dict.fromkeys([part for part in parts if part]))


def _names(document: Document, identifications: Iterable[Mapping[str, Any]]) -> str:
    found = [document.get("ods:specimenName")]
    for each in identifications:
        found.append(each.get("dwc:verbatimIdentification"))
        for taxon in each.get("ods:hasTaxonIdentifications", ()):
            found += [taxon.get(key) for key in _NAME_KEYS]
            found += [taxon.get(key) for key in _HIGHER]
    return _joined(found)


def _places(events: Iterable[Mapping[str, Any]]) -> str:
    found: list[str | None] = []
    for event in events:
        location = event.get("ods:hasLocation", {})
        found += [location.get(key) for key in _PLACE_KEYS]
    return _joined(found)


def _people(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        agent["schema:name"]
        for node in nodes
        for agent in node.get("ods:hasAgents", ())
        if agent.get("schema:name")
    ]


def _numbers(document: Document, events: Iterable[Mapping[str, Any]]) -> str:
    found = [document.get("ods:physicalSpecimenID", ""), document.get("dcterms:identifier", "")]
    found += [each.get("dcterms:identifier", "") for each in document.get("ods:hasIdentifiers", ())]
    found += [event.get("dwc:fieldNumber", "") for event in events]
    return _joined([number.removeprefix("https://") for number in found])


def _remarks(
    document: Document,
    identifications: Iterable[Mapping[str, Any]],
    events: Iterable[Mapping[str, Any]],
) -> str:
    found = [document.get(key) for key in _SPECIMEN_REMARKS]
    for event in events:
        found += [event.get(key) for key in _EVENT_REMARKS]
    for each in identifications:
        found += [each.get("dwc:identificationRemarks"), each.get("dwc:typeStatus")]
    return _joined(found)
