"""DataCite metadata, checked by the rules of PyPI `datacite` before it is given out."""

from __future__ import annotations

from datacite import schema45

from fdo.documents import Document, canonical
from fdo.representations.datacite import metadata


def as_datacite(document: Document, *, xml: bool) -> bytes:
    """The metadata of a document as JSON or XML of kernel 4; an error when it breaks schema 4.5."""
    found = metadata(document)
    schema45.validator.validate(found)
    if xml:
        text: str = schema45.tostring(found)
        return text.encode()
    return canonical(found)
