"""Draft documents named after what matters in a test."""

from __future__ import annotations

from typing import Any

from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.identifiers import Pid

SOURCE = Pid("20.5000.5072", "SRC-SRC-SRC")
LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def a_specimen(number: str = "DH-1", **more: Any) -> Document:
    """An oak from Estonia with collector and coordinates."""
    return {
        "@type": "ods:DigitalSpecimen",
        "ods:fdoType": OBJECT_TYPES["specimen"].fdo_type,
        "ods:midsLevel": 1,
        "ods:physicalSpecimenID": number,
        "ods:physicalSpecimenIDType": "Local",
        "ods:normalisedPhysicalSpecimenID": f"{number}:{SOURCE.suffix}",
        "ods:sourceSystemID": SOURCE.iri,
        "ods:organisationID": "https://ror.org/03z77qz90",
        "ods:organisationName": "University of Tartu",
        "ods:specimenName": "Quercus robur L.",
        "ods:topicDiscipline": "Botany",
        "dwc:basisOfRecord": "PreservedSpecimen",
        "dcterms:license": LICENCE,
        "ods:hasIdentifications": [
            {
                "@type": "ods:Identification",
                "ods:isVerifiedIdentification": True,
                "ods:hasTaxonIdentifications": [
                    {
                        "@type": "ods:TaxonIdentification",
                        "dwc:scientificName": "Quercus robur L.",
                        "dwc:family": "Fagaceae",
                    }
                ],
            }
        ],
        "ods:hasEvents": [
            {
                "@type": "ods:Event",
                "dwc:eventDate": "1998-06-14",
                "ods:hasAgents": [
                    {
                        "@type": "schema:Person",
                        "schema:name": "Liis Tammoja",
                        "ods:hasRoles": [{"@type": "schema:Role", "schema:roleName": "collector"}],
                    }
                ],
                "ods:hasLocation": {
                    "@type": "ods:Location",
                    "dwc:country": "Estonia",
                    "dwc:locality": "Laelatu wooded meadow",
                    "ods:hasGeoreference": {
                        "@type": "ods:Georeference",
                        "dwc:decimalLatitude": 58.5839,
                        "dwc:decimalLongitude": 23.5712,
                        "dwc:geodeticDatum": "WGS84",
                    },
                },
            }
        ],
        **more,
    }


def a_medium(specimen: Pid, uri: str = "https://example.org/media/1.jpg") -> Document:
    """A picture of a specimen."""
    return {
        "@type": "ods:DigitalMedia",
        "ods:fdoType": OBJECT_TYPES["media"].fdo_type,
        "ac:accessURI": uri,
        "ods:sourceSystemID": SOURCE.iri,
        "dcterms:type": "StillImage",
        "dcterms:format": "image/jpeg",
        "dcterms:rights": LICENCE,
        "ods:hasEntityRelationships": [
            {
                "@type": "ods:EntityRelationship",
                "dwc:relationshipOfResource": "hasDigitalSpecimen",
                "dwc:relatedResourceID": specimen.iri,
                "ods:relatedResourceURI": specimen.iri,
            }
        ],
    }


def a_source(name: str = "Sample herbarium") -> Document:
    """A harvested dataset."""
    return {
        "@type": "ods:SourceSystem",
        "ods:fdoType": OBJECT_TYPES["source-system"].fdo_type,
        "schema:name": name,
        "schema:url": "https://example.org/ipt",
        "ods:translatorType": "dwca",
    }


def a_stub(pid: Pid, reason: str) -> Document:
    """What remains of a PID-only specimen."""
    return {
        "@id": pid.iri,
        "@type": "ods:DigitalSpecimen",
        "ods:normalisedPhysicalSpecimenID": f"DH-9:{SOURCE.suffix}",
        "ods:organisationID": "https://ror.org/03z77qz90",
        "dcterms:license": "https://creativecommons.org/licenses/by-nc/4.0/",
        "reason": reason,
    }
