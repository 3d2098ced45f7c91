"""DataCite metadata as this server gives them out, judged by DataCite's rules beforehand."""

from __future__ import annotations

from collections.abc import Collection

from api.datacite_schema import require_valid, to_xml
from fdo.documents import Document, canonical
from fdo.representations import credit
from fdo.representations.datacite import metadata


def as_datacite(
    document: Document, *, xml: bool, minted: Collection[int] = (), numbered: bool = False
) -> bytes:
    """The metadata of a document as JSON or XML of kernel 4; an error when they break its rules.

    `minted` are the versions that have DOIs of their own. Where the address names one of those
    (`numbered`), its DOI is described, anywhere else that of the object: what DataCite has.
    What has a Handle and no DOI has metadata too: harvesters take both.
    """
    number = credit.version(document) or 0
    found = metadata(
        document,
        version_of=numbered and number in minted,
        versions=sorted(minted),
        previous=max((each for each in minted if each < number), default=None),
    )
    require_valid(found)
    return to_xml(found) if xml else canonical(found)
