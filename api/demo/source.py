"""The history of the sample collections, played out into Darwin Core archives.

Each collection has a first harvest and later ones that change, add, drop and bring back records.
What a harvest holds is a fold of its tables up to that date, so the same call writes the same
bytes on every machine; the demonstration log is recorded by ingesting the folders in order.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from api.demo.archives import Dataset, write_archive
from api.demo.tables import DATASETS, Collection, Row, collection, people

MEDIA_BASE = "https://example.org/media"

_DAYS_BEFORE_HARVEST = 5
"""A record edited for a harvest says `modified` that many days before it."""

_FORMATS = {
    "jpg": ("StillImage", "image/jpeg"),
    "mp4": ("MovingImage", "video/mp4"),
    "ply": ("InteractiveResource", "model/ply"),
    "stl": ("InteractiveResource", "model/stl"),
    "tif": ("StillImage", "image/tiff"),
    "wav": ("Sound", "audio/wav"),
}


@dataclass(frozen=True, slots=True)
class Harvest:
    """One archive of one dataset at one date, written and ready to be ingested."""

    date: str
    dataset: str
    path: Path
    observed_at: datetime
    """When the source said so; rises from harvest to harvest."""
    title: str
    organisation: str
    """ROR or Wikidata IRI."""


def write_harvests(folder: Path) -> list[Harvest]:
    """Write every harvest to `folder/<date>/<dataset>/`; the list is in order of time."""
    written = [
        _write(found, day, folder / day / key)
        for key in DATASETS
        for found in (collection(key),)
        for day in found.harvests
    ]
    return sorted(written, key=lambda harvest: harvest.observed_at)


def _write(found: Collection, day: str, path: Path) -> Harvest:
    present = {row.get("catalogNumber", ""): row for row in _specimens(found, day)}
    dataset = Dataset(
        key=found.key,
        about=found.about,
        day=day,
        issue=sorted(found.harvests).index(day) + 1,
        columns=_columns(found),
        core=list(present.values()),
        media=[_medium(found, row) for row in _attached(found, found.media, present, day)],
        determinations=[
            _determination(found, row)
            for row in _attached(found, found.determinations, present, day)
        ],
        measurements=[
            _measurement(found, row) for row in _attached(found, found.measurements, present, day)
        ],
    )
    write_archive(path, dataset)
    return Harvest(
        date=day,
        dataset=found.key,
        path=path,
        observed_at=datetime.fromisoformat(f"{day}T{found.harvests[day]}"),
        title=found.about["title"],
        organisation=found.about["organisation"],
    )


def _specimens(found: Collection, day: str) -> Iterator[Row]:
    """The core rows that the harvest of that day holds, in the order of the table."""
    for specimen in found.specimens:
        arrival = specimen.get("from", "")
        if arrival > day:
            continue
        number = specimen.get("catalogNumber")
        row, here, modified = dict(specimen), True, found.about["modified"]
        if arrival:
            modified = _shortly_before(arrival)
        for edit in found.edits:
            if edit["catalogNumber"] != number or edit["harvest"] > day:
                continue
            match edit["do"]:
                case "change":
                    row |= _values(edit["values"])
                    modified = _shortly_before(edit["harvest"])
                case "leave":
                    here = False
                case "return":
                    here = True
                case unknown:
                    raise ValueError(f"{found.key}: {unknown!r} is no edit of {number}")
        if here:
            yield _core_row(found, row, modified)


def _shortly_before(harvest: str) -> str:
    return str(date.fromisoformat(harvest) - timedelta(days=_DAYS_BEFORE_HARVEST))


def _values(text: str) -> Row:
    """`term=value; term=value` of an edit."""
    pairs = (part.split("=", 1) for part in text.split(";"))
    return {term.strip(): value.strip() for term, value in pairs}


def _core_row(found: Collection, specimen: Row, modified: str) -> Row:
    """References become the terms they stand for; the record's own terms come last and win."""
    own = dict(specimen)
    taxon = found.taxa[own.pop("taxon")]
    place = found.places[own.pop("place")]
    row = found.every | _ranked(taxon) | place
    row |= _agents(own.pop("collectors", ""), "recordedBy")
    row |= _agents(own.pop("determiners", ""), "identifiedBy")
    own.pop("from", None)
    row |= {"modified": modified} | own
    if "decimalLatitude" in row:
        row.setdefault("geodeticDatum", "WGS84")
    number = row.get("catalogNumber", "")
    if number and "occurrenceID" in found.about:
        row["occurrenceID"] = _occurrence_id(found, number)
    row["id"] = _core_id(found, number)
    return {term: value for term, value in row.items() if value}


def _ranked(taxon: Row) -> Row:
    """The taxon with genus and epithets, which its name already holds."""
    rank = taxon.get("taxonRank")
    words = taxon["scientificName"].split()
    if rank in ("genus", "species", "subspecies"):
        taxon = taxon | {"genus": words[0]}
    if rank in ("species", "subspecies"):
        taxon = taxon | {"specificEpithet": words[1]}
    if rank == "subspecies":
        taxon = taxon | {"infraspecificEpithet": words[3]}
    return taxon


def _agents(keys: str, term: str) -> Row:
    """`recordedBy` and `recordedByID`, or `identifiedBy` and `identifiedByID`."""
    named = [people()[key.strip()] for key in keys.split(",") if key.strip()]
    return {
        term: " | ".join(person["name"] for person in named),
        f"{term}ID": " | ".join(person["id"] for person in named if "id" in person),
    }


def _occurrence_id(found: Collection, number: str) -> str:
    pattern = found.about["occurrenceID"]
    if pattern == "urn:uuid":
        name = f"https://example.org/{found.key}/{number}"
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"
    return pattern.format(**found.every, catalogNumber=number)


def _core_id(found: Collection, number: str) -> str:
    if number and "occurrenceID" in found.about:
        return _occurrence_id(found, number)
    return number


def _attached(
    found: Collection, rows: list[Row], present: dict[str, Row], day: str
) -> Iterator[Row]:
    """Extension rows of the records present, and those whose record never existed (orphans)."""
    known = {row.get("catalogNumber", "") for row in found.specimens}
    for row in rows:
        number = row["catalogNumber"]
        if row.get("from", "") <= day and (number in present or number not in known):
            yield row


def _medium(found: Collection, row: Row) -> Row:
    kind, media_type = _FORMATS[row["file"].rsplit(".", 1)[-1]]
    own = {term: value for term, value in row.items() if term in ("title", "created", "creator")}
    return own | {
        "id": _core_id(found, row["catalogNumber"]),
        "identifier": f"{MEDIA_BASE}/{found.key}/{row['file']}",
        "type": kind,
        "format": media_type,
        "license": row.get("license", ""),
    }


def _determination(found: Collection, row: Row) -> Row:
    own = {term: value for term, value in row.items() if term.startswith(("date", "identif"))}
    taxon = _ranked(found.taxa[row["taxon"]])
    agents = _agents(row.get("determiners", ""), "identifiedBy")
    return taxon | agents | own | {"id": _core_id(found, row["catalogNumber"])}


def _measurement(found: Collection, row: Row) -> Row:
    own = {term: value for term, value in row.items() if term.startswith("measurement")}
    return own | {"id": _core_id(found, row["catalogNumber"])}


def _columns(found: Collection) -> list[str]:
    """Every term that any harvest of the collection fills: the columns do not move over time."""
    seen: dict[str, None] = {}
    for day in found.harvests:
        for row in _specimens(found, day):
            seen |= dict.fromkeys(row)
    seen.pop("id")
    return list(seen)
