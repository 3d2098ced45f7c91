"""The schemas by which every answer of OAI-PMH is judged, put together.

OAI-PMH.xsd takes any metadata, but strictly: each must be declared somewhere. The envelope of
DataCite and Simple Darwin Core have no schema among the reference data; what their standards
say of them stands below, in our words.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lxml import etree

from ontologies.terms import TERMS

_SCHEMA = '<schema xmlns="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"'
_DATACITE = f"""{_SCHEMA} targetNamespace="http://schema.datacite.org/oai/oai-1.1/">
<element name="oai_datacite"><complexType><sequence>
  <element name="schemaVersion"><simpleType><restriction base="string"><pattern value="4.*"/>
  </restriction></simpleType></element>
  <element name="datacentreSymbol"><simpleType><restriction base="string"><minLength value="1"/>
  </restriction></simpleType></element>
  <element name="payload"><complexType><sequence>
    <any namespace="http://datacite.org/schema/kernel-4" processContents="strict"/>
  </sequence></complexType></element>
</sequence></complexType></element></schema>"""
_DARWIN = f"""{_SCHEMA} xmlns:dwc="http://rs.tdwg.org/dwc/terms/"
 xmlns:dcterms="http://purl.org/dc/terms/"
 targetNamespace="http://rs.tdwg.org/dwc/xsd/simpledarwincore/">
<import namespace="http://rs.tdwg.org/dwc/terms/" schemaLocation="dwc.xsd"/>
<import namespace="http://purl.org/dc/terms/" schemaLocation="dcterms.xsd"/>
<element name="SimpleDarwinRecordSet"><complexType><sequence>
  <element name="SimpleDarwinRecord" maxOccurs="unbounded"><complexType>
    <choice minOccurs="0" maxOccurs="unbounded">
      <any namespace="http://rs.tdwg.org/dwc/terms/" processContents="strict"/>
      <any namespace="http://purl.org/dc/terms/" processContents="strict"/>
    </choice>
  </complexType></element>
</sequence></complexType></element></schema>"""
_OF_ROWS = (
    "associatedMedia", "catalogNumber", "datasetID", "identifiedBy", "identifiedByID",
    "institutionCode", "institutionID", "materialEntityID", "occurrenceID",
    "otherCatalogNumbers", "previousIdentifications", "recordNumber", "recordedBy", "recordedByID",
)  # fmt: skip
"""Terms of Darwin Core that openDS says otherwise."""
_RECORD_LEVEL = ("license", "modified", "references", "rightsHolder")
"""The terms of Dublin Core that Simple Darwin Core has, as far as we use them."""


@cache
def schema_of_answers(shared: Path, scratch: Path) -> etree.XMLSchema:
    """The schema of answers with their metadata; `scratch` is a folder to put it together in."""
    darwin = [key.partition(":")[2] for key in TERMS if key.startswith("dwc:")]
    files = {
        "oai_datacite.xsd": _DATACITE,
        "dwc.xsd": _terms("http://rs.tdwg.org/dwc/terms/", {*darwin, *_OF_ROWS}),
        "dcterms.xsd": _terms("http://purl.org/dc/terms/", {*_RECORD_LEVEL}),
        "simpledarwincore.xsd": _DARWIN,
    }
    for name, text in files.items():
        (scratch / name).write_text(text, "utf-8")
    oai = shared / "conformance" / "oai-pmh"
    parts = {
        "http://www.openarchives.org/OAI/2.0/": oai / "OAI-PMH.xsd",
        "http://www.openarchives.org/OAI/2.0/oai_dc/": oai / "oai_dc.xsd",
        "http://datacite.org/schema/kernel-4": shared / "datacite-4.7" / "metadata.xsd",
        "http://schema.datacite.org/oai/oai-1.1/": scratch / "oai_datacite.xsd",
        "http://rs.tdwg.org/dwc/xsd/simpledarwincore/": scratch / "simpledarwincore.xsd",
    }
    imports = "".join(
        f'<import namespace="{namespace}" schemaLocation="{place.as_uri()}"/>'
        for namespace, place in parts.items()
    )
    driver = scratch / "answers.xsd"
    driver.write_text(f"{_SCHEMA}>{imports}</schema>", "utf-8")
    return etree.XMLSchema(etree.parse(driver))


def _terms(namespace: str, names: set[str]) -> str:
    declared = "".join(f'<element name="{name}" type="string"/>' for name in sorted(names))
    return f'{_SCHEMA} targetNamespace="{namespace}">{declared}</schema>'
