"""The links between specimens and media: each side names the other.

Both sides are written in one transaction. A medium is found by its access URI, so that two
specimens which name the same image share one object.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fdo.documents import Document
from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject
from handlers.harvest.records import MappedMedia

HAS_MEDIA, HAS_SPECIMEN = "hasDigitalMedia", "hasDigitalSpecimen"
HAS_LICENCE = "hasLicense"
"""Names a licence that is stated for the object itself, not inherited."""
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
    heard: set[str] = field(default_factory=set)
    """IRIs of the specimens whose records spoke of it in this batch."""


def relation(kind: str, other: Pid) -> Document:
    """The node by which one object names another (openDS EntityRelationship 0.4)."""
    return {
        "@type": "ods:EntityRelationship",
        "dwc:relationshipOfResource": kind,
        "dwc:relatedResourceID": other.iri,
        "ods:relatedResourceURI": other.iri,
    }


def linked(document: Document, kind: str) -> list[Pid]:
    """The objects that a document names by relations of this kind; what is no PID is passed
    over."""
    return [
        pid
        for node in document.get(RELATIONS, ())
        if node.get("dwc:relationshipOfResource") == kind
        and (pid := _pid(node["dwc:relatedResourceID"])) is not None
    ]


def _pid(text: str) -> Pid | None:
    try:
        return Pid.parse(text)
    except InvalidIdentifier:
        return None
