"""What metadata documents say, in the dialects and encodings in which they are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.harvest.reading.diagnostics import Findings
from handlers.harvest.reading.limits import Limits
from handlers.harvest.reading.metadata import read_metadata
from handlers.harvest.records import DatasetMetadata


def of(raw: bytes | str) -> tuple[DatasetMetadata, set[str]]:
    findings = Findings()
    raw = raw.encode() if isinstance(raw, str) else raw
    metadata = read_metadata(raw, "eml.xml", findings, Limits())
    return metadata, {each.code for each in findings.all()}


def eml(inside: str, attributes: str = "") -> str:
    return (
        '<eml:eml xmlns:eml="https://eml.ecoinformatics.org/eml-2.2.0" '
        f"{attributes}><dataset>{inside}</dataset></eml:eml>"
    )


BOG = (
    "Checklist of the Vascular Plants of Big Lagoon Bog, Big Lagoon County Park, Humboldt County, "
    "California"
)
TITLES = {
    "clb_eml.xml": ("ITIS", set()),
    "eml-utf16LE.xml": (BOG, set()),
    "eml-utf16_declared_as_utf8.xml": (BOG, {"metadata-encoding"}),
    "eml-utf16_no_LE_declared.xml": (BOG, set()),
    "eml.xml": (BOG, set()),
    "eml_utf8_bom.xml": (BOG, set()),
    "ipt_eml.xml": ("PonTaurus", set()),
    "noa_fgdc.txt": (None, {"metadata-unknown"}),
    "worms_dc.xml": ("World Register of Marine Species", set()),
    "worms_dc2.xml": ("World Register of Marine Species", set()),
    "worms_eml2.1.xml": ("World Register of Marine Species", set()),
}


@pytest.mark.parametrize("name", TITLES)
def test_each_dialect_and_encoding_gives_its_title(name: str, shared_data: Path) -> None:
    raw = (shared_data / "dwca-pathology" / "metadata" / name).read_bytes()
    metadata, codes = of(raw)
    assert (metadata.title, codes) == TITLES[name]


def test_an_abstract_is_read_with_its_paragraphs_on_one_line() -> None:
    eml = b"""<eml><dataset><title>T</title><abstract>
        <para>One <emphasis>genus</emphasis>.</para> <para>Two.</para></abstract></dataset></eml>"""
    assert of(eml)[0].abstract == "One genus. Two."
    dublin = b"<metadata><title>T</title><description>All beetles.</description></metadata>"
    assert of(dublin)[0].abstract == "All beetles."


def test_the_facts_of_an_ipt_document_are_read(shared_data: Path) -> None:
    raw = (shared_data / "dwca-pathology" / "metadata" / "ipt_eml.xml").read_bytes()
    assert of(raw)[0] == DatasetMetadata(
        title="PonTaurus",
        identifier="2853f657-ede6-4956-aea3-ca0b4a775947",
        language="en",
        published="2009-12-18",
        contact="mdoering@gbif.org",
        abstract="Test data set mapped to Darwin Core.",
    )


@pytest.mark.parametrize(
    ("rights", "licence"),
    [
        ("<licensed><url>http://spdx.org/CC0</url></licensed>", "http://spdx.org/CC0"),
        ("<licensed><licenseName>CC BY 4.0</licenseName></licensed>", "CC BY 4.0"),
        (
            '<intellectualRights><para>Under <ulink url="http://cc/by"><citetitle>a</citetitle>'
            "</ulink></para></intellectualRights>",
            "http://cc/by",
        ),
        (
            "<intellectualRights><para>See http://creativecommons.org/licenses/by/4.0/. "
            "Thanks.</para></intellectualRights>",
            "http://creativecommons.org/licenses/by/4.0/",
        ),
        (
            "<intellectualRights><para>"
            '<ulink url="http://creativecommons.org/licenses/by/4.0/legalcode">CC BY</ulink>; '
            "images excluded</para></intellectualRights>",
            "CC BY; images excluded http://creativecommons.org/licenses/by/4.0/legalcode",
        ),
        ("<intellectualRights>CC-BY\n  3.0</intellectualRights>", "CC-BY 3.0"),
        ("<intellectualRights><para/></intellectualRights>", None),
    ],
)
def test_the_licence_is_a_link_where_there_is_one(rights: str, licence: str | None) -> None:
    assert of(eml(f"<title>T</title>{rights}"))[0].licence == licence


@pytest.mark.parametrize(
    ("party", "iri"),
    [
        ('<userId directory="https://ror.org/">0566bfb96</userId>', "https://ror.org/0566bfb96"),
        ("<onlineUrl>https://ror.org/0566bfb96</onlineUrl>", "https://ror.org/0566bfb96"),
        (
            '<userId directory="https://www.wikidata.org/wiki">Q641676</userId>',
            "https://www.wikidata.org/wiki/Q641676",
        ),
        ('<userId directory="https://orcid.org/">0000-0002-1825-0097</userId>', None),
        ("<positionName>Q7</positionName>", None),
    ],
)
def test_an_organisation_is_named_by_ror_or_wikidata(party: str, iri: str | None) -> None:
    metadata, _ = of(eml(f"<title>T</title><creator>{party}</creator>"))
    assert metadata.organisation_id == iri


def test_the_publisher_is_taken_for_the_holder_before_the_creator() -> None:
    inside = (
        "<title>T</title><creator><organizationName>Lab</organizationName></creator>"
        "<publisher><organizationName>Museum</organizationName></publisher>"
    )
    assert of(eml(inside))[0].organisation_name == "Museum"


@pytest.mark.parametrize(
    ("attributes", "inside", "identifier"),
    [
        ('packageId="a-b/v1.25"', "", "a-b"),
        ('packageId="x"', "<alternateIdentifier>doi:10.5/ab</alternateIdentifier>", "doi:10.5/ab"),
        ('packageId="NA"', "", None),
    ],
)
def test_the_identifier_is_the_doi_or_the_package_without_version(
    attributes: str, inside: str, identifier: str | None
) -> None:
    assert of(eml(f"{inside}<title>T</title>", attributes))[0].identifier == identifier


def test_dublin_core_gives_licence_publisher_and_date() -> None:
    text = (
        '<metadata xmlns:dc="http://purl.org/dc/terms/"><dc:title>T</dc:title>'
        "<dc:license>http://creativecommons.org/publicdomain/zero/1.0/</dc:license>"
        "<dc:publisher>Museum https://ror.org/0566bfb96</dc:publisher>"
        "<dc:issued>2020-01-01</dc:issued></metadata>"
    )
    metadata, codes = of(text)
    assert metadata.licence == "http://creativecommons.org/publicdomain/zero/1.0/"
    assert metadata.organisation_id == "https://ror.org/0566bfb96"
    assert (metadata.published, codes) == ("2020-01-01", set())


def test_a_broken_document_gives_what_it_can() -> None:
    metadata, codes = of("<eml><dataset><title>Bees & flies</title><pubDate>2020</pubDate></eml>")
    assert (metadata.title or "").startswith("Bees")
    assert metadata.published == "2020"
    assert codes == {"metadata-broken"}
    assert of("<eml")[1] == {"metadata-broken"}


def test_a_document_in_latin_1_that_says_utf8_is_read() -> None:
    raw = '<?xml version="1.0" encoding="UTF-8"?>' + eml("<title>Tromsø</title>")
    metadata, codes = of(raw.encode("latin-1"))
    assert (metadata.title, codes) == ("Tromsø", {"metadata-encoding"})
