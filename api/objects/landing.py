"""The page of an object: all that is known of it, readable without script or JSON.

What readers look for first stands on top (names, places, people, media); below it the whole
document, the source record, the FDO record, MIDS, conformance, versions and formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from api.annotations.pages import annotation_part
from api.annotations.section import annotation_section
from api.citing.answers import citation, told
from api.citing.styles import Manner
from api.mas.models_page import learning_part
from api.negotiation import DOCUMENT_FORMATS, HTML
from api.objects import dossier
from api.objects.addresses import Addresses
from api.objects.definition_part import definition_part
from api.objects.links import Link
from api.objects.machine import machine
from api.objects.media_part import file_section, media_section
from api.objects.names import heading
from api.objects.results import KIND
from api.queries import answer_address
from api.site import Site
from eventstore.envelope import Recorded, iso
from eventstore.log import Head
from eventstore.records import doi_state
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.lifecycle import Status
from fdo.representations.outline import outline

FACTS: dict[str, tuple[str, ...]] = {
    "specimen": (
        "ods:physicalSpecimenID", "ods:organisationID", "ods:organisationName",
        "ods:sourceSystemName", "ods:topicDiscipline", "ods:topicCategory",
        "dwc:basisOfRecord", "ods:livingOrPreserved", "dwc:collectionCode", "dwc:preparations",
        "dcterms:license", "dcterms:rightsHolder",
    ),
    "media": (
        "ac:accessURI", "dcterms:title", "dcterms:type", "dcterms:format", "dcterms:rights",
        "dcterms:rightsHolder", "ods:organisationName", "ods:sourceSystemName",
    ),
    "source-system": ("schema:name", "schema:url", "ods:translatorType", "schema:description"),
    "saved-query": ("schema:name", "schema:description", "schema:programmingLanguage"),
    "machine-annotation-service": (
        "schema:name", "schema:description", "col:worksOn", "col:trigger",
        "schema:license", "schema:codeRepository", "col:model",
    ),
    "ml-model": (
        "schema:name", "schema:description", "fair4ml:mlTask", "fair4ml:modelCategory",
        "schema:license", "fair4ml:trainedOn", "fair4ml:fineTunedFrom", "fair4ml:intendedUse",
        "fair4ml:modelRisksBiasLimitations", "col:sha256",
    ),
    "ml-dataset": (
        "schema:name", "schema:description", "col:objectCount", "col:selection",
        "col:logPosition", "schema:license", "schema:url",
    ),
    "ml-evaluation": (
        "col:model", "col:metric", "col:measured", "col:objectCount", "fair4ml:evaluatedOn",
        "schema:description", "col:logPosition",
    ),
    "data-mapping": ("schema:name", "ods:mappingDataStandard", "schema:description"),
}  # fmt: skip
"""Object type → the terms that stand on top of its page."""

VERSIONS = 50
"""Versions that the page lists; `/versions` has them all."""

_DOI_STATES = {
    None: "DOI not registered yet",
    "draft": "DOI reserved",
    "registered": "DOI hidden from search",
    "findable": "DOI findable",
}
"""What the registration agency says of a DOI (states of DataCite), for people."""


def landing_page(
    site: Site,
    event: Recorded,
    head: Head,
    *,
    hidden: bool,
    as_of: str | None,
    numbered: bool,
    signposts: Sequence[Link],
    dataset: dict[str, Any] | None,
) -> str:
    """The page of one version of an object; of a hidden one only its FDO record. `dataset` is what
    is told of the dataset of a source system."""
    log = site.objects.log
    what = citation(site, event, hidden=hidden)
    past = not hidden and (numbered or as_of is not None)
    address = f"/{event.pid}/{event.version}" if past else f"/{event.pid}"
    events = log.life(event.pid)
    kind = OBJECT_TYPES[event.type]
    document = {} if hidden else event.document
    media = _related(document, "hasDigitalMedia")
    remarks = None if past or hidden else annotation_section(site, event, media)
    return site.renderer.page(
        "object.html",
        pid=str(event.pid),
        iri=event.pid.iri,
        kind=kind.name,
        label=kind.label,
        noun=kind.noun,
        heading=heading(document, event),
        event=_stamp(event),
        hidden=hidden,
        reason=event.document.get("reason", "") if hidden else "",
        gone=event.document.get("ods:hasTombstoneMetadata"),
        latest=head.version,
        past=numbered or as_of is not None or event.version < head.version,
        as_of=as_of,
        unseen=log.unseen_since(event.pid) if not hidden else None,
        **_readable(document, kind.name),
        verbatim=None if hidden else event.verbatim,
        record=dossier.record(event, events),
        mids=dossier.mids(event) if not hidden else None,
        conformance=_conformance(event, hidden),
        versions=dossier.versions(events, site.base)[:VERSIONS],
        formats=[one for one in DOCUMENT_FORMATS if one is not HTML],
        address=address,
        signposts=signposts,
        machine=machine(
            what,
            site.base + address,
            site.settings.title,
            numbered=numbered,
            name=event.version_iri if past else event.pid.iri,
        ),
        cite=told(what, [Manner()]),
        doi_state=_DOI_STATES[doi_state(events)] if event.pid.scheme == "doi" else None,
        definition=definition_part(event, document),
        annotation=annotation_part(site, event, document),
        query=_query(site, event, document),
        learning=None if past or hidden else learning_part(site, event),
        dataset=dataset,
        media=media_section(site, media),
        file=file_section(site, event, head, document, remarks),
        annotations=remarks,
        local=Addresses(log),
    )


def _query(site: Site, event: Recorded, document: Document) -> dict[str, str] | None:
    """What a saved query asks, and the addresses of its answer now and when it was saved."""
    if event.type != KIND or "schema:text" not in document:
        return None
    return {
        "text": document["schema:text"],
        "now": answer_address(site.base, event, {}),
        "then": answer_address(site.base, event, {"as-of": event.position}),
    }


def _readable(document: Document, kind: str) -> dict[str, Any]:
    """The parts of the page that come from the document alone."""
    return {
        "facts": list(_facts(document, kind)),
        "identifications": _telling(_identifications(document)),
        "events": _telling(_events(document)),
        "specimens": _related(document, "hasDigitalSpecimen"),
        "outline": outline(document) if document else None,
    }


def _stamp(event: Recorded) -> dict[str, Any]:
    return {
        "version": event.version,
        "position": event.position,
        "status": event.status.value,
        "what": event.what,
        "recorded": iso(event.recorded_at),
        "observed": iso(event.observed_at),
        "agent": event.agent.name,
    }


def _facts(document: Document, kind: str) -> Iterator[tuple[str, list[str]]]:
    for key in FACTS.get(kind, ()):
        said = document.get(key)
        if said not in (None, "", []):
            yield key, [str(one) for one in (said if isinstance(said, list) else [said])]


def _telling(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """The rows that say something."""
    return [row for row in rows if any(row.values())]


def _identifications(document: Document) -> Iterator[dict[str, str]]:
    for found in document.get("ods:hasIdentifications", ()):
        taxa = found.get("ods:hasTaxonIdentifications") or [{}]
        for taxon in taxa:
            yield {
                "name": taxon.get("dwc:scientificName")
                or found.get("dwc:verbatimIdentification", ""),
                "family": taxon.get("dwc:family", ""),
                "rank": taxon.get("dwc:taxonRank", ""),
                "type": found.get("dwc:typeStatus", ""),
                "by": _people(found),
                "date": found.get("dwc:dateIdentified", ""),
                "accepted": "yes" if found.get("ods:isVerifiedIdentification") else "",
            }


def _events(document: Document) -> Iterator[dict[str, str]]:
    for found in document.get("ods:hasEvents", ()):
        place = found.get("ods:hasLocation", {})
        point = place.get("ods:hasGeoreference", {})
        yield {
            "date": found.get("dwc:eventDate") or found.get("dwc:verbatimEventDate", ""),
            "country": place.get("dwc:country") or place.get("dwc:countryCode", ""),
            "locality": _joined(
                place.get(f"dwc:{key}") for key in ("stateProvince", "county", "locality")
            )
            or place.get("dwc:verbatimLocality", ""),
            "coordinates": _coordinates(point),
            "elevation": _range(place, "ElevationInMeters"),
            "by": _people(found),
        }


def _coordinates(point: Document) -> str:
    latitude, longitude = point.get("dwc:decimalLatitude"), point.get("dwc:decimalLongitude")
    if latitude is None or longitude is None:
        return ""
    radius = point.get("dwc:coordinateUncertaintyInMeters")
    return f"{latitude}, {longitude}" + (f" ± {radius:g} m" if radius is not None else "")


def _range(place: Document, what: str) -> str:
    low, high = place.get(f"dwc:minimum{what}"), place.get(f"dwc:maximum{what}")
    ends = [f"{end:g}" for end in dict.fromkeys((low, high)) if end is not None]
    return f"{'–'.join(ends)} m" if ends else ""


def _people(node: Document) -> str:
    return _joined((agent.get("schema:name") for agent in node.get("ods:hasAgents", ())), "; ")


def _joined(parts: Iterable[Any], between: str = ", ") -> str:
    return between.join(str(part) for part in parts if part)


def _related(document: Document, relation: str) -> list[str]:
    return [
        relationship["dwc:relatedResourceID"]
        for relationship in document.get("ods:hasEntityRelationships", ())
        if relationship.get("dwc:relationshipOfResource") == relation
    ]


def _conformance(event: Recorded, hidden: bool) -> dict[str, Any] | None:
    if hidden or event.status is not Status.ACTIVE:
        return None
    return dossier.conformance(event)
