"""A specimen as Simple Darwin Core: one flat row of terms, as the field exchanges them.

A document nests what a row cannot: of several collecting events the first is told, of several
identifications the accepted one, and the names of the others as `previousIdentifications`.
Lists are joined by ` | `, as Darwin Core recommends. Nothing is told that the document does
not say; the PID stands in `dcterms:references`.

https://dwc.tdwg.org/simple/

>>> row = simple_darwin_core({"@id": "https://doi.org/10.5072/AAA-BBB-CCC", "dwc:sex": "female"})
>>> row["dwc:sex"], row["dcterms:references"]
('female', 'https://doi.org/10.5072/AAA-BBB-CCC')
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fdo.documents import Document
from fdo.representations import credit

BETWEEN = " | "

_RENAMED = {
    "dcterms:license": "dcterms:license",
    "dcterms:modified": "dcterms:modified",
    "dcterms:rightsHolder": "dcterms:rightsHolder",
    "ods:organisationCode": "dwc:institutionCode",
    "ods:organisationID": "dwc:institutionID",
    "ods:sourceSystemID": "dwc:datasetID",
}
"""Term of the document → term of the row."""
_ROLES = {"collector": "dwc:recordedBy", "identifier": "dwc:identifiedBy"}


def simple_darwin_core(document: Document) -> dict[str, str]:
    """Term → value, of a specimen, in order of term."""
    found: dict[str, str] = {"dcterms:references": document["@id"]}
    found |= {ours: str(document[key]) for key, ours in _RENAMED.items() if document.get(key)}
    if document.get("ods:physicalSpecimenIDType") not in (None, "Local"):
        found["dwc:materialEntityID"] = document["ods:physicalSpecimenID"]
    for kind, values in _grouped(credit.identifiers(document)).items():
        if kind.startswith("dwc:"):
            found[kind] = BETWEEN.join(values)
    for node in _nodes(document):
        found |= {key: _text(value) for key, value in node.items() if _is_value(key, value)}
    return dict(sorted((found | _people(document) | _others(document)).items()))


def _nodes(document: Document) -> Iterator[Mapping[str, Any]]:
    """The nodes whose values make the row."""
    yield document
    event = _first(document, "ods:hasEvents")
    location = event.get("ods:hasLocation", {})
    yield event
    yield location
    yield location.get("ods:hasGeoreference", {})
    yield location.get("ods:hasGeologicalContext", {})
    identification = _accepted(document)
    yield identification
    yield _first(identification, "ods:hasTaxonIdentifications")


def _people(document: Document) -> dict[str, str]:
    """Collectors of the first event and identifiers of the accepted name, with their ids."""
    named = (
        *credit.people({"event": _first(document, "ods:hasEvents")}),
        *credit.people({"identification": _accepted(document)}),
    )
    found: dict[str, str] = {}
    for role, term in _ROLES.items():
        parties = credit.once(party for one, party in named if one == role)
        ids = [party.iri for party in parties if party.iri]
        if parties:
            found[term] = BETWEEN.join(party.name for party in parties)
        if ids:
            found[f"{term}ID"] = BETWEEN.join(ids)
    return found


def _others(document: Document) -> dict[str, str]:
    """Names it had before, and what shows it."""
    accepted = _accepted(document)
    names = [
        str(taxon["dwc:scientificName"])
        for one in document.get("ods:hasIdentifications", ())
        if one is not accepted
        for taxon in one.get("ods:hasTaxonIdentifications", ())
        if taxon.get("dwc:scientificName")
    ]
    told = {
        "dwc:previousIdentifications": credit.once(names),
        "dwc:associatedMedia": credit.related(document, "hasDigitalMedia"),
    }
    return {term: BETWEEN.join(values) for term, values in told.items() if values}


def _accepted(document: Document) -> Mapping[str, Any]:
    every: list[Mapping[str, Any]] = document.get("ods:hasIdentifications") or [{}]
    return next((one for one in every if one.get("ods:isVerifiedIdentification")), every[0])


def _first(node: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found: list[Mapping[str, Any]] = node.get(key) or [{}]
    return found[0]


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, value in pairs:
        found.setdefault(kind, []).append(value)
    return found


def _is_value(key: str, value: Any) -> bool:
    plain = value not in (None, "", [])
    return key.startswith("dwc:") and plain and not isinstance(value, dict)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return BETWEEN.join(_text(one) for one in value)
    return str(value)
