"""A document, or an FDO record, as DataCite metadata (schema 4.7, JSON form).

Only what the document says is told, each text on one line; what has no value is left out. An
object with a Handle has the same metadata without `doi`: harvesters take them as well.

The DOI of an object names the DOIs of its versions (HasVersion) as far as they were asked for;
the DOI of a version names the object (IsVersionOf) and its neighbours in that chain.

>>> shown_hash({"version": "1", "dates": []}) == shown_hash({"version": "2", "dates": []})
True
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fdo import licences
from fdo.documents import Document, canonical
from fdo.errors import InvalidDocument
from fdo.identifiers import Pid
from fdo.representations import credit
from fdo.representations.citation.cited import one_line
from fdo.representations.credit import Party
from fdo.representations.datacite import description, parties, relations
from fdo.representations.datacite.kinds import RECORD, kind_of

SCHEMA = "http://datacite.org/schema/kernel-4"
UNKNOWN = Party("(:unkn)", personal=False)
"""DataCite's word for what is known to be unknown (schema 4.7, appendix 3)."""
_STAMPS = ("version", "schemaVersion")
_LISTED = re.compile(r"(?!LicenseRef-).*\d.*")
"""Ids on SPDX's list; what we call `CC-BY` where no version is stated is not."""


def metadata(
    document: Document,
    *,
    version_of: bool = False,
    versions: Sequence[int] = (),
    previous: int | None = None,
    publisher: str | None = None,
    doi: Pid | None = None,
) -> dict[str, Any]:
    """The metadata of an active or tombstoned object, or (`version_of`) of one version of it.

    `versions` are the numbers of those that have DOIs, `previous` the last of them before this
    one; `publisher` stands in where the document names no holder; `doi` is that of an object whose
    PID is a Handle. InvalidDocument where the document does not say when it was made, which no
    stored document lacks.
    """
    pid = Pid.parse(document["@id"])
    name = doi or pid
    number = credit.version(document) or 0
    holder = credit.holder(document)
    named = (*credit.publishers(document, publisher), UNKNOWN)
    published_by = next(party for party in named if one_line(party.name))
    found: dict[str, Any] = {
        "schemaVersion": SCHEMA,
        "types": kind_of(document),
        "titles": [{"title": one_line(credit.title(document, pid)) or str(pid)}],
        "creators": parties.named(credit.creators(document)) or parties.named([published_by]),
        "publisher": parties.publisher(published_by),
        "publicationYear": _year(credit.created(document) or credit.modified(document)),
        "contributors": parties.contributors(document, holder),
        "dates": description.dates(document),
        "version": str(number) if number else "",
        "subjects": description.subjects(document),
        "language": description.language(document),
        "rightsList": rights(credit.rights(document)),
        "alternateIdentifiers": relations.alternates(document, pid),
        "relatedIdentifiers": [
            *relations.of_document(document),
            *relations.of_versions(
                name, number if version_of else None, versions=versions, previous=previous
            ),
            *(
                []
                if credit.withdrawn(document)
                else relations.of_metadata(name, number if version_of else 0)
            ),
        ],
        "geoLocations": description.places(document),
        "descriptions": description.descriptions(document),
        "formats": description.formats(document),
    }
    return _told(name, number if version_of else 0, found)


def metadata_of_record(
    record: Mapping[str, Any], pid: Pid, created: str, *, number: int = 0
) -> dict[str, Any]:
    """The metadata of an object that is public by its FDO record only: its holder, its physical
    identifier, its licence, and why there is no more. `created` is when the PID was made (RFC
    3339), `number` a version whose DOI had been asked for before."""
    name = record.get("specimenHostName") or record.get("mediaHostName")
    iri = record.get("specimenHost") or record.get("mediaHost")
    holder = Party(str(name or iri), personal=False, iri=iri) if name or iri else UNKNOWN
    physical = one_line(str(record.get("normalisedPrimarySpecimenObjectId", "")))
    licence = str(record.get("licenseName", ""))
    found: dict[str, Any] = {
        "schemaVersion": SCHEMA,
        "types": RECORD,
        "titles": [{"title": f"FDO record of {physical or pid}"}],
        "creators": parties.named([holder]),
        "publisher": parties.publisher(holder),
        "publicationYear": _year(created),
        "rightsList": rights(licences.parse(licence)),
        "alternateIdentifiers": [
            {"alternateIdentifier": physical, "alternateIdentifierType": "Physical specimen ID"}
        ]
        if physical
        else [],
        "relatedIdentifiers": relations.of_versions(
            pid, number or None, versions=(), previous=None
        ),
        "descriptions": description.described(str(record.get("gateReason", ""))),
    }
    return _told(pid, number, found)


def shown_hash(metadata: Mapping[str, Any]) -> str:
    """SHA-256 over what the metadata say, in hex. `version` and the date of update are left out:
    they tell from which version the rest is, and alone they are no news."""
    shown = {name: value for name, value in metadata.items() if name not in _STAMPS}
    dates = [each for each in metadata.get("dates", ()) if each.get("dateType") != "Updated"]
    return hashlib.sha256(canonical({**shown, "dates": dates})).hexdigest()


def rights(licence: licences.Licence | None) -> list[dict[str, str]]:
    """A licence by its SPDX id, its address and its name; nothing where there is none."""
    if licence is None:
        return []
    told = {"rights": one_line(licence.name), "rightsUri": licence.iri}
    if _LISTED.fullmatch(licence.spdx):
        told |= {
            "rightsIdentifier": licence.spdx.lower(),
            "rightsIdentifierScheme": "SPDX",
            "schemeUri": "https://spdx.org/licenses/",
        }
    return [told]


def _told(pid: Pid, number: int, found: Mapping[str, Any]) -> dict[str, Any]:
    name = {"doi": f"{pid}/{number}" if number else str(pid)} if pid.scheme == "doi" else {}
    return {**name, **{key: value for key, value in found.items() if value}}


def _year(moment: str | None) -> str:
    if moment is None or not moment[:4].isdecimal():
        raise InvalidDocument("The document does not say when it was made; DataCite wants a year.")
    return moment[:4]
