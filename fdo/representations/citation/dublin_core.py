"""A citation as simple Dublin Core: the `oai_dc` container of OAI-PMH 2.0, fifteen elements.

Places are given no more precisely than the document gives them.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from fdo.identifiers import PROXIES
from fdo.representations import credit
from fdo.representations.citation.cited import Cited, one_line
from fdo.representations.lexical import xml_text

MEDIA_TYPE = "application/x-dc+xml"
NAMESPACE = "http://www.openarchives.org/OAI/2.0/oai_dc/"
ELEMENTS = "http://purl.org/dc/elements/1.1/"
LOCATION = "http://www.openarchives.org/OAI/2.0/oai_dc.xsd"

_PLACE = ("dwc:country", "dwc:stateProvince", "dwc:locality")


def oai_dc(cited: Cited) -> str:
    """The container element, without an XML declaration, so that it can stand inside another."""
    lines = "".join(
        f"  <dc:{name}>{escape(xml_text(value))}</dc:{name}>\n" for name, value in elements(cited)
    )
    return (
        f'<oai_dc:dc xmlns:oai_dc="{NAMESPACE}" xmlns:dc="{ELEMENTS}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{NAMESPACE} {LOCATION}">\n{lines}</oai_dc:dc>\n'
    )


def elements(cited: Cited) -> Iterator[tuple[str, str]]:
    """(element, value) of every statement, the version's name first among the identifiers."""
    yield "title", cited.title
    for creator in cited.creators:
        yield "creator", creator.name
    yield "publisher", cited.publisher.name
    yield "date", cited.recorded_at
    yield "type", cited.genre.dcmi
    yield "type", cited.genre.name
    names = [cited.iri, cited.address, *([PROXIES["doi"] + cited.doi] if cited.doi else [])]
    for name in credit.once([*names, cited.pid.iri, *(value for _, value in cited.identifiers)]):
        yield "identifier", name
    for subject in cited.subjects:
        yield "subject", subject
    yield "description", cited.note
    if cited.withdrawn:
        yield "description", cited.withdrawn[1]
    if cited.licence:
        yield "rights", cited.licence.iri
    yield from _content(cited)


def _content(cited: Cited) -> Iterator[tuple[str, str]]:
    if cited.pid_only:
        return
    if form := credit.said(cited.document, "dcterms:format"):
        yield "format", one_line(form)
    for place in places(cited):
        yield "coverage", place
    for date in cited.collected:
        yield "coverage", date
    for relation in ("hasDigitalMedia", "hasDigitalSpecimen"):
        for other in credit.related(cited.document, relation):
            yield "relation", one_line(other)


def places(cited: Cited) -> list[str]:
    """The places of collecting by name, each once."""
    named = (
        ", ".join(one_line(said) for term in _PLACE if (said := credit.said(place, term)))
        for event in credit.nodes(cited.document, "ods:hasEvents", "ods:hasLocation")
        for place in credit.members(event["ods:hasLocation"])
    )
    return credit.once(name for name in named if name)
