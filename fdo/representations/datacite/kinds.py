"""What kind of resource an object is to DataCite (`resourceTypeGeneral`, schema 4.7)."""

from __future__ import annotations

from fdo.catalogue import type_of
from fdo.documents import Document
from fdo.wording import begun

_GENERAL = {
    "specimen": "PhysicalObject",
    "source-system": "Dataset",
    "data-mapping": "Workflow",
    "saved-query": "Software",
    "annotation": "Text",
    "machine-annotation-service": "Service",
    "ml-dataset": "Dataset",
    "ml-evaluation": "Report",
    "ml-model": "Model",
    "fdo-profile": "Standard",
    "fdo-type": "Standard",
    "fdo-attribute": "Standard",
    "fdo-operation": "Service",
}
"""By object type; a type without a line here is `Other`."""
_MEDIA = {
    "StillImage": "Image",
    "Image": "Image",
    "MovingImage": "Audiovisual",
    "Sound": "Sound",
    "InteractiveResource": "InteractiveResource",
    "Text": "Text",
    "Dataset": "Dataset",
    "Software": "Software",
}
"""By `dcterms:type`, in the words of the DCMI Type Vocabulary …"""
_FORMATS = {"image": "Image", "video": "Audiovisual", "audio": "Sound", "text": "Text"}
"""… else by the first half of the media type."""

RECORD = {"resourceTypeGeneral": "Other", "resourceType": "FDO record"}
"""Of an object that is public by its record only."""


def kind_of(document: Document) -> dict[str, str]:
    """General type, and the name of the type here."""
    kind = type_of(document)
    if kind is None:
        return {"resourceTypeGeneral": "Other", "resourceType": "Digital object"}
    general = _medium(document) if kind.name == "media" else _GENERAL.get(kind.name, "Other")
    return {"resourceTypeGeneral": general, "resourceType": begun(kind.label)}


def _medium(document: Document) -> str:
    stated = str(document.get("dcterms:type", "")).rpartition("/")[2]
    half = str(document.get("dcterms:format", "")).partition("/")[0].lower()
    return _MEDIA.get(stated) or _FORMATS.get(half, "Other")
