"""A citation as CSL-JSON (schema `csl-data`, CSL 1.0.2): what citation processors read.

`version` holds the number, `DOI` the version's own DOI or else the object's, `URL` the version.
Where the version has no DOI of its own, `number` names the object. `note` is the citation that
can be checked, or without a hash the version's name and time; as these name a version as the log
does, the DOI of a dataset, whose PID is a Handle, goes before them.
"""

from __future__ import annotations

from typing import Any

from fdo.identifiers import PROXIES
from fdo.representations.citation.cited import Cited

MEDIA_TYPE = "application/vnd.citationstyles.csl+json"


def csl(cited: Cited) -> dict[str, Any]:
    """One item of a bibliography."""
    found: dict[str, Any] = {
        "id": cited.iri,
        "type": cited.genre.csl,
        "title": cited.title,
        "author": [{"literal": creator.name} for creator in cited.creators],
        "publisher": cited.publisher.name,
        "issued": {"date-parts": [list(cited.date)]},
        "version": str(cited.version),
        "genre": cited.genre.name,
        "URL": cited.url,
        "note": _note(cited),
    }
    optional: dict[str, Any] = {
        "DOI": cited.doi,
        "number": None if cited.minted else cited.name.iri,
        "status": cited.status,
        "license": cited.licence.iri if cited.licence else None,
        "keyword": ", ".join(cited.subjects),
        "archive": cited.publisher.name if cited.identifiers else None,
        "archive_location": cited.identifiers[0][1] if cited.identifiers else None,
    }
    return found | {name: value for name, value in optional.items() if value}


def _note(cited: Cited) -> str:
    said = cited.proof or f"{cited.iri} ({cited.recorded_at})"
    return f"{PROXIES['doi']}{cited.doi}. {said}" if cited.registered else said
