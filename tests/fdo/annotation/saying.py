"""Annotations in the fewest words, and documents to make them on."""

from __future__ import annotations

from typing import Any

import orjson

from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Status, stamped

SPECIMEN = Pid("10.5072", "SPE-C1M-EN1")
IMAGE = Pid("10.5072", "1MA-GE0-001")
AT = "2026-03-01T12:00:00.000Z"
ANNA = {
    "@type": "schema:Person",
    "schema:identifier": "https://orcid.org/0000-0002-1825-0097",
    "schema:name": "Anna Annotator",
}
EVENT = "$['ods:hasEvents'][0]"
COUNTRY = f"{EVENT}['ods:hasLocation']['dwc:country']"
NAMES = "$['ods:hasIdentifications']"


def note(
    motivation: str, path: str | None, *values: Any, of: Pid = SPECIMEN, **more: Any
) -> Document:
    """An annotation of a term (or, with no path, of the whole object). Values that are no text
    are JSON."""
    target: Document = {
        "@type": "oa:SpecificResource",
        "oa:hasSource": of.iri,
        "ods:fdoType": "https://doi.org/21.T11148/894b1e6cad57e921764e",
    }
    if path is not None:
        target["oa:hasSelector"] = [{"@type": "ods:TermSelector", "ods:term": path}]
    return {
        "@type": "oa:Annotation",
        "oa:motivatedBy": [motivation],
        "oa:hasTarget": [target],
        "oa:hasBody": [body(value) for value in values],
        "dcterms:creator": [ANNA],
        **more,
    }


def body(value: Any) -> Document:
    """A value as a body gives it."""
    if isinstance(value, str):
        return {"@type": "oa:TextualBody", "rdf:value": value}
    return {
        "@type": "oa:TextualBody",
        "rdf:value": orjson.dumps(value).decode(),
        "dcterms:format": ["application/json"],
    }


def editing(path: str, *values: Any, **more: Any) -> Document:
    """A proposal to change what is there."""
    return note("oa:editing", path, *values, **more)


def adding(path: str, *values: Any, **more: Any) -> Document:
    """A proposal to add what is missing."""
    return note("ods:adding", path, *values, **more)


def deleting(path: str, **more: Any) -> Document:
    """A proposal to take away what is there."""
    return note("ods:deleting", path, **more)


def region(fragment: str, of: Pid = IMAGE) -> Document:
    """A comment on a part of an image."""
    said = note("oa:commenting", None, "A label", of=of)
    said["oa:hasTarget"][0]["oa:hasSelector"] = [
        {
            "@type": "oa:FragmentSelector",
            "rdf:value": fragment,
            "dcterms:conformsTo": "http://www.w3.org/TR/media-frags/",
        }
    ]
    return said


def named(name: str, **more: Any) -> Document:
    """An identification with one taxon."""
    return {
        "@type": "ods:Identification",
        "ods:isVerifiedIdentification": True,
        "ods:hasTaxonIdentifications": [
            {"@type": "ods:TaxonIdentification", "dwc:scientificName": name}
        ],
        **more,
    }


def specimen(**more: Any) -> Document:
    """A specimen's document that its schema accepts."""
    draft = {
        "@type": "ods:DigitalSpecimen",
        "ods:fdoType": "https://doi.org/21.T11148/894b1e6cad57e921764e",
        "ods:status": "Active",
        "ods:midsLevel": 0,
        "ods:specimenName": "Abies alba",
        "ods:physicalSpecimenID": "TU-1",
        "ods:normalisedPhysicalSpecimenID": "TU-1:SRC-SRC-SRC",
        "ods:physicalSpecimenIDType": "Local",
        "ods:sourceSystemID": "https://hdl.handle.net/20.5000.5072/SRC-SRC-SRC",
        "ods:organisationID": "https://ror.org/03z77qz90",
        "ods:isMarkedAsType": False,
        "ods:hasEvents": [
            {
                "@type": "ods:Event",
                "dwc:eventDate": "1999-05-04",
                "ods:hasLocation": {"@type": "ods:Location", "dwc:country": "Estonia"},
            }
        ],
        "ods:hasIdentifications": [named("Abies alba"), named("Picea abies")],
        "ods:hasEntityRelationships": [
            {
                "@type": "ods:EntityRelationship",
                "dwc:relationshipOfResource": "hasDigitalMedia",
                "dwc:relatedResourceID": IMAGE.iri,
            }
        ],
        **more,
    }
    return stamped(draft, SPECIMEN, 1, modified=AT)


def image(**more: Any) -> Document:
    """A medium's document that its schema accepts."""
    draft = {
        "@type": "ods:DigitalMedia",
        "ods:fdoType": "https://doi.org/21.T11148/bbad8c4e101e8af01115",
        "ods:status": "Active",
        "ac:accessURI": "https://example.org/a.jpg",
        "ods:sourceSystemID": "https://hdl.handle.net/20.5000.5072/SRC-SRC-SRC",
        "exif:PixelXDimension": 2000,
        "exif:PixelYDimension": 1000,
        **more,
    }
    return stamped(draft, IMAGE, 1, modified=AT)


def the(document: Document, status: Status = Status.ACTIVE) -> DigitalObject:
    """The object with this document."""
    kind = "media" if document["@type"] == "ods:DigitalMedia" else "specimen"
    return DigitalObject(IMAGE if kind == "media" else SPECIMEN, kind, status, 1, 1, document)
