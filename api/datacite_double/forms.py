"""The forms in which the double gives metadata out by content negotiation.

DataCite JSON and XML as DataCite has them, and Turtle, which it has not. Its citation formats are
not here: they are made from metadata alone, and this program makes citations from versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyoxigraph as ox

from api.datacite_schema import to_xml
from api.negotiation import DATACITE_FORMATS, RDF_FORMATS, Format, choose
from api.refusals import NotAcceptable
from fdo.documents import canonical
from fdo.identifiers import PROXIES

_DCTERMS = "http://purl.org/dc/terms/"
_TURTLE = next(form for form in RDF_FORMATS if form.name == "turtle")


def to_turtle(metadata: dict[str, Any]) -> bytes:
    """The metadata as Dublin Core terms of the DOI."""
    name = ox.NamedNode(PROXIES["doi"] + metadata["doi"].upper())
    quads = (
        ox.Quad(name, ox.NamedNode(_DCTERMS + term), ox.Literal(value))
        for term, value in _terms(metadata)
    )
    written = ox.serialize(quads, format=ox.RdfFormat.TURTLE, prefixes={"dcterms": _DCTERMS})
    return written or b""


def _terms(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "identifier", metadata["doi"]
    for each in metadata.get("titles", ()):
        yield "title", each["title"]
    for each in metadata.get("creators", ()):
        yield "creator", each["name"]
    for each in metadata.get("contributors", ()):
        yield "contributor", each["name"]
    yield "publisher", metadata["publisher"]["name"]
    yield "issued", metadata["publicationYear"]
    yield "type", metadata["types"]["resourceTypeGeneral"]
    for each in metadata.get("rightsList", ()):
        if "rightsUri" in each:
            yield "rights", each["rightsUri"]


WRITERS: dict[Format, Callable[[dict[str, Any]], bytes]] = {
    DATACITE_FORMATS[0]: canonical,
    DATACITE_FORMATS[1]: to_xml,
    _TURTLE: to_turtle,
}
"""Form → how metadata are written in it."""


def wanted(accept: str, otherwise: tuple[Format, ...]) -> Format | None:
    """The form of metadata that Accept asks for; None where one of the others, which come first,
    is as welcome. NotAcceptable."""
    found = choose(accept, None, (*otherwise, *WRITERS))
    return found if found in WRITERS else None


__all__ = ["WRITERS", "NotAcceptable", "to_turtle", "wanted"]
