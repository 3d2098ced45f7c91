"""The metadata formats of OAI-PMH, each for the types of object that it can describe.

A record of a format is one XML element without a declaration, so that it can stand inside an
answer; it declares its own namespaces (OAI-PMH 3.4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from api.citing.answers import citation
from api.objects.datacite_face import datacite
from api.site import Site
from eventstore.envelope import Recorded
from fdo.representations.citation import dublin_core
from fdo.representations.darwin_core import simple_darwin_core
from fdo.representations.lexical import xml_text
from ontologies.prefixes import PREFIXES

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_DATACITE: Final = "http://schema.datacite.org/oai/oai-1.1/"
_DARWIN: Final = "http://rs.tdwg.org/dwc/xsd/simpledarwincore/"
_DARWIN_SCHEMA: Final = "http://rs.tdwg.org/dwc/xsd/tdwg_dwc_simple.xsd"


@dataclass(frozen=True, slots=True)
class MetadataFormat:
    """One format: its names (OAI-PMH 4.4), what it describes, and how it is written."""

    prefix: str
    schema: str
    namespace: str
    write: Callable[[Site, Recorded], str]
    kinds: frozenset[str] | None = None
    """Types of object that it can describe; None: all."""

    def describes(self, kind: str) -> bool:
        """Whether objects of this type can be had in it."""
        return self.kinds is None or kind in self.kinds


def _dublin_core(site: Site, event: Recorded) -> str:
    return dublin_core.oai_dc(citation(site, event, hidden=False))


def _datacite(site: Site, event: Recorded) -> str:
    """DataCite's own envelope for OAI-PMH: which version of the schema, whose, and the record."""
    record = datacite(site, event, xml=True).decode().partition("?>")[2].strip()
    return (
        f'<oai_datacite xmlns="{_DATACITE}" xmlns:xsi="{_XSI}" '
        f'xsi:schemaLocation="{_DATACITE} {_DATACITE}oai.xsd">'
        f"<schemaVersion>4.7</schemaVersion>"
        f"<datacentreSymbol>{escape(xml_text(site.settings.title))}</datacentreSymbol>"
        f"<payload>{record}</payload></oai_datacite>"
    )


def _darwin_core(site: Site, event: Recorded) -> str:
    del site  # a row says nothing of the server
    cells = "".join(
        f"<{term}>{escape(xml_text(value))}</{term}>"
        for term, value in simple_darwin_core(event.document).items()
    )
    return (
        f'<SimpleDarwinRecordSet xmlns="{_DARWIN}" xmlns:dcterms="{PREFIXES["dcterms"]}" '
        f'xmlns:dwc="{PREFIXES["dwc"]}" xmlns:xsi="{_XSI}" '
        f'xsi:schemaLocation="{_DARWIN} {_DARWIN_SCHEMA}">'
        f"<SimpleDarwinRecord>{cells}</SimpleDarwinRecord></SimpleDarwinRecordSet>"
    )


FORMATS: dict[str, MetadataFormat] = {
    one.prefix: one
    for one in (
        MetadataFormat("dwc", _DARWIN_SCHEMA, _DARWIN, _darwin_core, kinds=frozenset({"specimen"})),
        MetadataFormat("oai_datacite", f"{_DATACITE}oai.xsd", _DATACITE, _datacite),
        MetadataFormat("oai_dc", dublin_core.LOCATION, dublin_core.NAMESPACE, _dublin_core),
    )
}
"""Prefix → format, in order of prefix. Every object can be had as oai_dc (OAI-PMH 3.4)."""
