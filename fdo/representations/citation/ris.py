"""A citation as RIS: one tag a line, read by all reference managers.

The version is the edition (`ET`) and stands in the note (`N1`) too, since some readers drop
`ET` for data. A value is one line by construction, so none can begin another tag.
"""

from __future__ import annotations

from collections.abc import Iterator

from fdo.representations.citation.cited import Cited

MEDIA_TYPE = "application/x-research-info-systems"


def ris(cited: Cited) -> str:
    """One record, lines ended by CR LF."""
    return "".join(f"{tag}  - {value}\r\n" for tag, value in _lines(cited))


def _lines(cited: Cited) -> Iterator[tuple[str, str]]:
    year, month, day = cited.date
    yield "TY", cited.genre.ris
    yield "ID", cited.iri
    yield "TI", cited.title
    for creator in cited.creators:
        yield "AU", creator.name
    yield "PY", f"{year:04}"
    yield "DA", f"{year:04}/{month:02}/{day:02}"
    yield "PB", cited.publisher.name
    yield "ET", str(cited.version)
    yield "M3", cited.genre.name
    if cited.doi:
        yield "DO", cited.doi
    yield "UR", cited.url
    if cited.identifiers:
        yield "AN", cited.identifiers[0][1]
    for subject in cited.subjects:
        yield "KW", subject
    if cited.licence:
        yield "C1", cited.licence.iri
    yield "N1", cited.note
    yield "ER", ""
