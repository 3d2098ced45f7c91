"""The links between specimens and media: each side names the other.

Both sides are written in one transaction. A medium is found by its access URI, so that two
specimens which name the same image share one object.
"""

from __future__ import annotations

from dataclasses import dataclass

from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject
from handlers.harvest.records import MappedMedia

HAS_MEDIA, HAS_SPECIMEN = "hasDigitalMedia", "hasDigitalSpecimen"
RELATIONS = "ods:hasEntityRelationships"


@dataclass(slots=True)
class Link:
    """A medium within a batch: known before, or registered in it."""

    pid: Pid
    known: DigitalObject | None
    draft: MappedMedia | None
    specimens: dict[str, bool]
    """Specimen IRI → whether the link stands after this batch."""
    issue: int = 1


def relation(kind: str, other: Pid) -> Document:
    """The node by which one object names another (openDS EntityRelationship 0.4)."""
    return {
        "@type": "ods:EntityRelationship",
        "dwc:relationshipOfResource": kind,
        "dwc:relatedResourceID": other.iri,
        "ods:relatedResourceURI": other.iri,
    }


def linked(document: Document, kind: str) -> list[Pid]:
    """The objects that a document names by relations of this kind."""
    return [
        Pid.parse(node["dwc:relatedResourceID"])
        for node in document.get(RELATIONS, ())
        if node.get("dwc:relationshipOfResource") == kind
    ]
