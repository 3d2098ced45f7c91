"""Which format to answer in: `?format=` first, then Accept, else the list of what there is.

A format is known by its name (`turtle`), its file ending (`ttl`) or its media type, whose `+` is
a space where somebody typed it into an address. Media types are compared by werkzeug; a parameter
that we do not know, as in `application/ld+json;profile=…`, does not spoil a match.

>>> choose("text/turtle, application/json;q=0.5", None, DOCUMENT_FORMATS).name
'turtle'
>>> choose("", "application/ld json", DOCUMENT_FORMATS).name
'jsonld'
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from api.accepting import bounded
from api.refusals import NotAcceptable
from fdo.representations.annotation.words import PROFILE
from fdo.representations.citation import bibtex, csl, dublin_core, ris, schema_org
from fdo.representations.rdf import SYNTAXES


@dataclass(frozen=True, eq=False)
class Format:
    """One way in which a resource can be had; compared by identity, since every request for an
    object looks formats up."""

    name: str
    media_type: str
    extension: str
    label: str

    @cached_property
    def content_type(self) -> bytes:
        """The Content-Type header; text formats say that they are UTF-8."""
        text = self.media_type.startswith("text/")
        return f"{self.media_type}{'; charset=utf-8' if text else ''}".encode()


_LABELS = {
    "jsonld": "JSON-LD",
    "turtle": "Turtle",
    "ntriples": "N-Triples",
    "nquads": "N-Quads",
    "rdfxml": "RDF/XML",
}

JSON = Format("json", "application/json", "json", "openDS JSON")
HTML = Format("html", "text/html", "html", "Page")
RDF_FORMATS: tuple[Format, ...] = tuple(
    Format(s.name, s.media_type, s.extension, _LABELS.get(s.name, s.name))
    for s in SYNTAXES.values()
)
DOCUMENT_FORMATS: tuple[Format, ...] = (JSON, HTML, *RDF_FORMATS)
"""How a document can be had; the first is given to those who take anything."""
_FORMS = "http://www.w3.org/ns/json-ld#"
JSONLD_FORMS: dict[str, Format] = {
    form: Format(f"jsonld-{form}", f'application/ld+json;profile="{_FORMS}{form}"', "jsonld", form)
    for form in ("expanded", "flattened")
}
"""Forms of JSON-LD beside ours, asked for by the profile of Accept (JSON-LD 1.1, 11.1)."""


def jsonld_form(accept: str) -> Format | None:
    """The form of JSON-LD that the client wants by profile; None for our own, with context."""
    return next((one for form, one in JSONLD_FORMS.items() if f"{_FORMS}{form}" in accept), None)


DATACITE_FORMATS: tuple[Format, ...] = (
    Format("json", "application/vnd.datacite.datacite+json", "json", "DataCite JSON"),
    Format("xml", "application/vnd.datacite.datacite+xml", "xml", "DataCite XML"),
)
"""How DataCite metadata can be had."""
BIBLIOGRAPHY = Format("citation", "text/x-bibliography", "txt", "Citation, one line")
REFERENCE_FORMATS: tuple[Format, ...] = (
    Format("csl", csl.MEDIA_TYPE, "json", "CSL-JSON"),
    Format("bibtex", bibtex.MEDIA_TYPE, "bib", "BibTeX"),
    Format("ris", ris.MEDIA_TYPE, "ris", "RIS"),
    Format("schemaorg", schema_org.MEDIA_TYPE, "jsonld", "schema.org JSON-LD"),
    Format("dc", dublin_core.MEDIA_TYPE, "xml", "Dublin Core"),
    BIBLIOGRAPHY,
)
"""How the citation of any object can be had (media types of DataCite's content negotiation)."""
CITATION_FORMATS: tuple[Format, ...] = (
    Format("datacite", DATACITE_FORMATS[0].media_type, "json", "DataCite JSON"),
    Format("datacite-xml", DATACITE_FORMATS[1].media_type, "xml", "DataCite XML"),
    *REFERENCE_FORMATS,
)
"""How the citation and the metadata of an object can be had at its own address. What has a Handle
is not registered at DataCite, and is described in its words all the same."""
OBJECT_FORMATS: tuple[Format, ...] = (*DOCUMENT_FORMATS, *CITATION_FORMATS)
"""All formats in which an object can be had at its own address."""
W3C = Format("w3c", f'application/ld+json; profile="{PROFILE}"', "jsonld", "Web Annotation (W3C)")
OPENDS = Format("opends", "application/json", "json", "openDS 0.4 annotation")
ANNOTATION_FORMATS: tuple[Format, ...] = (W3C, OPENDS)
"""How an annotation can be had beside the formats of all objects, by ?format=; the first also by
the profile of Accept (Web Annotation Protocol, 3.1)."""
PLAIN_FORMATS: tuple[Format, ...] = (JSON, HTML)
"""How lists and reports about an object can be had."""


def choose(
    accept: str, asked: str | None, among: Sequence[Format], *, loosely: bool = False
) -> Format:
    """The format to answer in; NotAcceptable lists the formats there are. `loosely`: who takes
    JSON takes any kind of it, where there is no plain one (RFC 6839, 3.1)."""
    if asked is not None:
        essence, semicolon, parameters = asked.partition(";")
        named = essence.strip().replace(" ", "+") + semicolon + parameters
        for one in among:
            if named in (one.name, one.extension, one.media_type):
                return one
        raise _refusal(f"There is no format {asked!r} here", among)
    accept = bounded(accept)
    best = _best(accept, tuple(among), loosely)
    if best is None:
        raise _refusal(f"Nothing here satisfies Accept: {accept}", among)
    return best


@lru_cache(maxsize=1024)
def _best(accept: str, among: tuple[Format, ...], loosely: bool) -> Format | None:
    wanted = parse_accept_header(accept, MIMEAccept)
    bare = [(name.partition(";")[0].strip(), quality) for name, quality in wanted]
    if not bare:  # a list of nothing asks for nothing (RFC 9110, 5.6.1 and 12.5.1)
        return among[0]
    accepted = MIMEAccept(bare)
    found = accepted.best_match([one.media_type for one in among])
    if found is None and loosely:
        return next((one for one in among if accepted.quality(_plain(one.media_type)) > 0), None)
    return next((one for one in among if one.media_type == found), None)


def _plain(media_type: str) -> str:
    """`application/json` of `application/linkset+json`; the type itself without a suffix."""
    _, plus, suffix = media_type.partition("+")
    return f"application/{suffix}" if plus else media_type


def _refusal(said: str, among: Sequence[Format]) -> NotAcceptable:
    available = [{"format": one.name, "mediaType": one.media_type} for one in among]
    names = ", ".join(f"{one.media_type} (?format={one.name})" for one in among)
    return NotAcceptable(f"{said}; there is {names}.", available=available)
