"""What kind of thing an object is, in the words of each format of references.

Specimens are cited as data, as the practice of GBIF and DiSSCo has it; to Dublin Core they are
physical objects.
"""

from __future__ import annotations

from dataclasses import dataclass

from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.wording import begun


@dataclass(frozen=True, slots=True)
class Genre:
    """One kind of thing."""

    name: str
    """For people."""
    csl: str
    """`type` of CSL 1.0.2."""
    ris: str
    """`TY` of RIS."""
    dcmi: str
    """Of the DCMI Type Vocabulary."""
    schema_org: str


RECORD = Genre("FDO record", "dataset", "DATA", "Dataset", "CreativeWork")
"""Of an object that is public as a PID only."""

_GENRES = {
    "specimen": Genre("Digital specimen", "dataset", "DATA", "PhysicalObject", "Dataset"),
    "source-system": Genre("Source system", "dataset", "DATA", "Dataset", "Dataset"),
    "data-mapping": Genre("Data mapping", "dataset", "DATA", "Dataset", "CreativeWork"),
    "saved-query": Genre("Saved query", "software", "COMP", "Software", "SoftwareSourceCode"),
}
_MEDIA = {
    "Image": Genre("Digital image", "graphic", "FIGURE", "StillImage", "ImageObject"),
    "StillImage": Genre("Digital image", "graphic", "FIGURE", "StillImage", "ImageObject"),
    "MovingImage": Genre("Video", "motion_picture", "VIDEO", "MovingImage", "VideoObject"),
    "Sound": Genre("Sound recording", "song", "SOUND", "Sound", "AudioObject"),
}
_MEDIUM = Genre("Digital media", "dataset", "GEN", "InteractiveResource", "MediaObject")


def genre(kind: str, document: Document) -> Genre:
    """The genre of an object by its type; of a medium by what the document says it is."""
    if kind == "media":
        return _MEDIA.get(str(document.get("dcterms:type", "")), _MEDIUM)
    if kind in _GENRES:
        return _GENRES[kind]
    name = begun(OBJECT_TYPES[kind].label)
    return Genre(name, "dataset", "GEN", "Dataset", "CreativeWork")
