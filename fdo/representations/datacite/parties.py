"""People and institutions in DataCite's roles, with the identifiers that the source gives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fdo.documents import Document
from fdo.representations import credit
from fdo.representations.citation.cited import one_line
from fdo.representations.credit import Party
from fdo.representations.datacite.once import once

_CONTRIBUTIONS = {
    "collector": "DataCollector",
    "identifier": "Researcher",
    "rights-owner": "RightsHolder",
}
_SCHEME_URIS = {
    "ORCID": "https://orcid.org/",
    "ROR": "https://ror.org/",
    "Wikidata": "https://www.wikidata.org/",
}


def named(people: Iterable[Party]) -> list[dict[str, Any]]:
    """The parties as `creators`, each once; one whose name is empty is left out."""
    return once(told for one in people if (told := _named(one)))


def contributors(document: Document, holder: Party | None) -> list[dict[str, Any]]:
    """Who collected, identified, owns the rights and holds the thing."""
    credited = [
        (_CONTRIBUTIONS[role], party)
        for role, party in credit.people(document)
        if role in _CONTRIBUTIONS
    ]
    if owner := document.get("dcterms:rightsHolder"):
        credited.append(("RightsHolder", Party(str(owner), personal=False)))
    if holder is not None:
        credited.append(("HostingInstitution", holder))
    return once(
        {**told, "contributorType": role} for role, party in credited if (told := _named(party))
    )


def publisher(party: Party) -> dict[str, str]:
    """The party, whose name is not empty, as `publisher`, with its identifier (DataCite 4.5)."""
    told = {"name": one_line(party.name)}
    if party.iri and party.scheme:
        told |= {
            "publisherIdentifier": one_line(party.iri),
            "publisherIdentifierScheme": party.scheme,
        }
        if party.scheme in _SCHEME_URIS:
            told["schemeUri"] = _SCHEME_URIS[party.scheme]
    return told


def _named(party: Party) -> dict[str, Any] | None:
    name = one_line(party.name)
    if not name:
        return None
    told: dict[str, Any] = {
        "name": name,
        "nameType": "Personal" if party.personal else "Organizational",
    }
    if party.iri and party.scheme:
        identifier = {
            "nameIdentifier": one_line(party.iri),
            "nameIdentifierScheme": party.scheme,
        }
        if party.scheme in _SCHEME_URIS:
            identifier["schemeUri"] = _SCHEME_URIS[party.scheme]
        told["nameIdentifiers"] = [identifier]
    return told
