"""A citation as schema.org JSON-LD, for search engines and `application/vnd.schemaorg.ld+json`.

The context stands in the document (`@vocab`, as the guidelines of Science-on-Schema.org have
it), so that nobody need fetch one. Every node has a name of its own and none is blank: the
triples of two copies can be compared line by line. Where a profile of Bioschemas fits, the node
says so; for specimens there is none yet, so they are described as the data set they are to a
reader, `about` the taxon that was named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from fdo.representations import credit
from fdo.representations.citation.cited import Cited, one_line
from fdo.representations.citation.dublin_core import places
from fdo.representations.credit import Party
from fdo.representations.lexical import is_iri

MEDIA_TYPE = "application/vnd.schemaorg.ld+json"
CONTEXT = {"@vocab": "https://schema.org/", "dct": "http://purl.org/dc/terms/"}

_DATASET = "https://bioschemas.org/profiles/Dataset/1.0-RELEASE"
_TAXON = "https://bioschemas.org/profiles/Taxon/1.0-RELEASE"
_DOI = "https://registry.identifiers.org/registry/doi"
_HANDLE = "https://registry.identifiers.org/registry/hdl"

Node = dict[str, Any]
T = TypeVar("T")


def schema_org(cited: Cited, *, numbered: bool = True) -> Node:
    """The description; of the version, or where not `numbered` of the object as it is now."""
    name = cited.iri if numbered else cited.pid.iri
    found: Node = {
        "@context": CONTEXT,
        "@id": name,
        "@type": cited.genre.schema_org,
        "name": cited.title,
        "description": _description(cited),
        "url": _at(cited.address if numbered else cited.address.rpartition("/")[0]),
        "identifier": _identifiers(cited, name),
        "version": str(cited.version),
        "dateModified": cited.recorded_at,
        "additionalType": cited.genre.name,
        "creator": [_party(one, f"{name}#creator-{n}") for n, one in _numbered(cited.creators)],
        "publisher": _party(cited.publisher, f"{name}#publisher"),
    }
    optional: Node = {
        "dateCreated": None if cited.pid_only else credit.created(cited.document),
        "exampleOfWork": _at(cited.pid.iri) if numbered else None,
        "workExample": None if numbered else _at(cited.iri),
        "license": _links([cited.licence.iri]) if cited.licence else None,
        "keywords": cited.subjects,
        "creativeWorkStatus": "Withdrawn" if cited.withdrawn else None,
        "expires": cited.withdrawn[0] if cited.withdrawn else None,
        "conditionsOfAccess": _reason(cited),
    }
    if not cited.pid_only:
        optional |= _content(cited, name)
    found |= {key: value for key, value in optional.items() if value}
    if cited.genre.schema_org == "Dataset" and {"keywords", "license"} <= found.keys():
        found["dct:conformsTo"] = _at(_DATASET)
    return found


def _description(cited: Cited) -> str:
    told = f"{cited.genre.name} {cited.title}, {cited.publisher.name}. Version {cited.version}"
    return f"{told}, {cited.status}: {cited.withdrawn[1]}" if cited.withdrawn else f"{told}."


def _reason(cited: Cited) -> str | None:
    reason = credit.said(cited.document, "reason") if cited.pid_only else None
    return one_line(reason) if reason else None


def _identifiers(cited: Cited, name: str) -> list[Node]:
    rows = [(_DOI, f"doi:{cited.doi}")] if cited.doi else []
    if cited.pid.scheme == "handle":
        rows.append((_HANDLE, f"hdl:{cited.pid}"))
    rows += cited.identifiers
    if cited.proof:
        rows.append(("hash", cited.proof.rpartition(" ")[2]))
    return [
        {
            "@id": f"{name}#identifier-{number}",
            "@type": "PropertyValue",
            "propertyID": kind,
            "value": text,
        }
        for number, (kind, text) in _numbered(rows)
    ]


def _content(cited: Cited, name: str) -> Node:
    """What the document itself adds: taxa, places, dates, and its relations."""
    document = cited.document
    form = credit.said(document, "dcterms:format")
    return {
        "about": [*_taxa(cited, name), *_links(credit.related(document, "hasDigitalSpecimen"))],
        "associatedMedia": _links(credit.related(document, "hasDigitalMedia")),
        "isPartOf": _links([credit.said(document, "ods:sourceSystemID")]),
        "contentUrl": _links([credit.said(document, "ac:accessURI")]),
        "encodingFormat": one_line(form) if form else None,
        "spatialCoverage": [
            {"@id": f"{name}#place-{number}", "@type": "Place", "name": place}
            for number, place in _numbered(places(cited))
        ],
        "temporalCoverage": cited.collected,
    }


def _taxa(cited: Cited, name: str) -> list[Node]:
    """The taxa of the accepted identifications."""
    rows = [
        (one_line(str(taxon["dwc:scientificName"])), one_line(str(taxon.get("dwc:taxonRank", ""))))
        for identification in credit.nodes(
            cited.document, "ods:hasIdentifications", "ods:hasTaxonIdentifications"
        )
        if identification.get("ods:isVerifiedIdentification")
        for taxon in credit.nodes(
            identification, "ods:hasTaxonIdentifications", "dwc:scientificName"
        )
    ]
    return [
        {
            "@id": f"{name}#taxon-{number}",
            "@type": "Taxon",
            "name": taxon,
            **({"taxonRank": rank} if rank else {}),
            "dct:conformsTo": _at(_TAXON),
        }
        for number, (taxon, rank) in _numbered(credit.once(rows))
    ]


def _party(party: Party, name: str) -> Node:
    known = party.iri if party.iri and is_iri(party.iri) else None
    kind = "Person" if party.personal else "Organization"
    return {"@id": known or name, "@type": kind, "name": party.name}


def _numbered(rows: Iterable[T]) -> Iterator[tuple[int, T]]:
    return enumerate(rows, start=1)


def _links(iris: Iterable[str | None]) -> list[Node]:
    return [_at(iri) for iri in iris if iri and is_iri(iri)]


def _at(iri: str) -> Node:
    return {"@id": iri}
