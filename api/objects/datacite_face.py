"""DataCite metadata as this server gives them out, judged by DataCite's rules beforehand."""

from __future__ import annotations

from api.datacite_schema import require_valid, to_xml
from fdo.documents import Document, canonical
from fdo.representations.datacite import metadata


def as_datacite(document: Document, *, xml: bool) -> bytes:
    """The metadata of a document as JSON or XML of kernel 4; an error when they break its rules.

    What has a Handle and no DOI has them too: harvesters take both."""
    found = metadata(document)
    require_valid(found)
    return to_xml(found) if xml else canonical(found)
