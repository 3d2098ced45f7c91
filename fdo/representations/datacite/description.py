"""When, where and about what: dates, places, subjects and descriptions of a document.

Nothing more precise than the document says: where it states that data were withheld or made
coarser, no point is told, since a point of DataCite cannot say how far off it may be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date as day
from typing import Any

from fdo.documents import Document
from fdo.representations import credit
from fdo.representations.citation.cited import one_line
from fdo.representations.datacite.once import once

_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2})(?P<time>T.*)?)?)?", re.ASCII
)
_TIME = re.compile(r"T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_HELD_BACK = ("dwc:dataGeneralizations", "dwc:informationWithheld")
_PLACE = ("dwc:country", "dwc:stateProvince", "dwc:locality")


def dates(document: Document) -> list[dict[str, str]]:
    """Created, Updated, Collected and Withdrawn; what is no date to DataCite is left out."""
    return once(
        {"date": date, "dateType": kind}
        for kind, stated in _dates(document)
        if (date := w3c_date(stated))
    )


def w3c_date(stated: str) -> str | None:
    """A date or range as DataCite has them (W3CDTF; RKMS-ISO8601): months and days of two digits,
    a time with its zone or not at all. None where it is no date.

    >>> w3c_date("2008-5-12/2008-6"), w3c_date("2008-05-12T10:00"), w3c_date("in spring")
    ('2008-05-12/2008-06', '2008-05-12', None)
    """
    ends = stated.split("/")
    read = [_moment(end) if end else "" for end in ends]
    if len(read) > 2 or not any(read) or None in read:
        return None
    return "/".join(end for end in read if end is not None)


def _moment(stated: str) -> str | None:
    found = _DATE.fullmatch(stated.strip())
    if found is None:
        return None
    numbers = [int(part) for part in found.group("year", "month", "day") if part]
    try:
        day(*numbers, *(1 for _ in range(3 - len(numbers))))
    except ValueError:  # no such day in the calendar
        return None
    told = "-".join((f"{numbers[0]:04}", *(f"{part:02}" for part in numbers[1:])))
    time = found["time"] or ""
    return told + time if _TIME.fullmatch(time) else told


def _dates(document: Document) -> Iterator[tuple[str, str]]:
    if created := credit.created(document):
        yield "Created", created
    if modified := credit.modified(document):
        yield "Updated", modified
    for date in credit.collected(document):
        yield "Collected", date
    if ended := credit.withdrawn(document):
        yield "Withdrawn", ended[0]


def subjects(document: Document) -> list[dict[str, str]]:
    """Discipline, domain and category of the object."""
    terms = ("ods:topicDiscipline", "ods:topicDomain", "ods:topicCategory")
    return once(
        {"subject": text} for term in terms if (text := one_line(str(document.get(term, ""))))
    )


def language(document: Document) -> str:
    """The first language of its values, where that is a language tag (BCP 47)."""
    stated = next(iter(document.get("ods:metadataLanguages", ())), "")
    return str(stated) if _LANGUAGE.fullmatch(str(stated)) else ""


def formats(document: Document) -> list[str]:
    """The media type of a file."""
    stated = one_line(str(document.get("dcterms:format", "")))
    return [stated] if stated else []


def descriptions(document: Document) -> list[dict[str, str]]:
    """Its own description, what was held back, and why it was withdrawn."""
    abstract = str(document.get("schema:description") or document.get("dcterms:description") or "")
    found = described(abstract, "Abstract")
    for node in (document, *_locations(document)):
        for term in _HELD_BACK:
            found += described(str(node.get(term, "")))
    if ended := credit.withdrawn(document):
        found += described(f"Withdrawn on {ended[0][:10]}: {ended[1]}")
    return once(found)


def described(text: str, kind: str = "Other") -> list[dict[str, str]]:
    """A description, if there is a text."""
    clean = one_line(text)
    return [{"description": clean, "descriptionType": kind}] if clean else []


def places(document: Document) -> list[dict[str, Any]]:
    """Where it was collected: names of places and, unless data were held back, the point."""
    coarse = any(document.get(term) for term in _HELD_BACK)
    return once(place for location in _locations(document) if (place := _place(location, coarse)))


def _locations(document: Document) -> Iterator[dict[str, Any]]:
    for event in credit.nodes(document, "ods:hasEvents", "ods:hasLocation"):
        if isinstance(location := event["ods:hasLocation"], dict):
            yield location


def _place(location: dict[str, Any], coarse: bool) -> dict[str, Any]:
    named = (one_line(str(location[term])) for term in _PLACE if location.get(term))
    found: dict[str, Any] = {}
    if text := ", ".join(filter(None, named)):
        found["geoLocationPlace"] = text
    point = location.get("ods:hasGeoreference", {})
    coarse = coarse or any(node.get(term) for node in (location, point) for term in _HELD_BACK)
    latitude, longitude = (point.get(f"dwc:decimal{name}") for name in ("Latitude", "Longitude"))
    if not coarse and _within(latitude, 90) and _within(longitude, 180):
        found["geoLocationPoint"] = {"pointLatitude": latitude, "pointLongitude": longitude}
    return found


def _within(value: Any, most: int) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most
