"""What a dataset says of itself: EML 2.1 and 2.2, or Dublin Core elements.

Only what the harvest needs is read: title, abstract, identifier, licence, organisation, language,
date and contact. The licence is a URL wherever the document holds one. Elements are found by
their local names, so that profiles and wrong namespaces make no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from fdo.identifiers import organisation
from fdo.licences import linked
from handlers.harvest.reading.diagnostics import Findings
from handlers.harvest.reading.limits import Limits
from handlers.harvest.reading.xml_text import local, parse_xml, text_of
from handlers.harvest.records import DatasetMetadata

_URL = re.compile(r"https?://[^\s<>\"')\]]+")
_ORGANISATION = re.compile(
    r"(?:https?://)?(?:www\.)?(?:ror\.org/0[0-9a-z]{8}|wikidata\.org/(?:wiki|entity)/Q\d+)", re.I
)
_VERSION = re.compile(r"/(?:v\d[\d.]*|eml-\d+\.xml)$")
_NO_VALUE = frozenset({"", "na", "n/a", "none", "null"})
PARTIES = ("publisher", "creator", "metadataProvider", "contact", "associatedParty")
"""The parties of EML in the order in which one of them is taken for the holder."""


def read_metadata(raw: bytes, file: str, findings: Findings, limits: Limits) -> DatasetMetadata:
    """The metadata of a dataset; a broken or unknown document gives what it can, and a note."""
    try:
        parsed = parse_xml(raw, file, limit=limits.max_xml, lenient=True)
    except ValueError as error:
        if raw.lstrip()[:1] == b"<":
            findings.note("metadata-broken", file=file, reason=str(error))
        else:
            findings.note("metadata-unknown", file=file)
        return DatasetMetadata()
    if parsed.broken:
        findings.note("metadata-broken", file=file, reason=parsed.broken)
    if parsed.encoding_lies:
        findings.note("metadata-encoding", file=file, declared=parsed.declared, found=parsed.found)
    dataset = _child(parsed.root, "dataset")
    if dataset is not None:
        return _from_eml(parsed.root, dataset)
    metadata = _from_dublin_core(parsed.root)
    if metadata == DatasetMetadata() and not parsed.broken:
        findings.note("metadata-unknown", file=file)
    return metadata


def _from_eml(root: etree._Element, dataset: etree._Element) -> DatasetMetadata:
    parties = [party for name in PARTIES for party in dataset if local(party) == name]
    names = (text_of(_child(party, "organizationName")) for party in parties)
    title = _child(dataset, "title")
    language = text_of(_child(dataset, "language"))
    if language is None and title is not None:
        language = title.get("{http://www.w3.org/XML/1998/namespace}lang")
    return DatasetMetadata(
        title=text_of(title),
        identifier=_identifier(root, dataset),
        licence=_licence(dataset),
        organisation_name=next((name for name in names if name), None),
        organisation_id=_organisation_id(parties, root),
        language=language,
        published=text_of(_child(dataset, "pubDate")),
        contact=_contact([party for party in dataset if local(party) == "contact"] + parties),
        abstract=text_of(_child(dataset, "abstract")),
    )


def _identifier(root: etree._Element, dataset: etree._Element) -> str | None:
    """A DOI, else a UUID, else the package id; without the version that IPT appends."""
    given = [text_of(child) or "" for child in dataset if local(child) == "alternateIdentifier"]
    package = _VERSION.sub("", (root.get("packageId") or "").strip())
    candidates = [each for each in (*given, package) if each.lower() not in _NO_VALUE]
    dois = [each for each in candidates if "10." in each and "/" in each]
    uuids = [each for each in candidates if len(each) == 36 and each.count("-") == 4]
    return next(iter((*dois, *uuids, *reversed(candidates))), None)


def _licence(dataset: etree._Element) -> str | None:
    """`licensed/url` (EML 2.2), else a link in the rights statement, where no words beside it
    limit it, else its text."""
    for licensed in (child for child in dataset if local(child) == "licensed"):
        for name in ("url", "identifier", "licenseName"):
            if found := text_of(_child(licensed, name)):
                return found
    for rights in (child for child in dataset if local(child) == "intellectualRights"):
        text = text_of(rights) or ""
        for element in rights.iter():
            url = (element.get("url") or "").strip()
            if not url and local(element) in ("url", "ulink"):
                url = text_of(element) or ""
            if url.startswith(("http://", "https://")):
                return linked(url, text)
        if text:
            return _licence_in_text(text)
    return None


def _licence_in_text(text: str) -> str:
    """A Creative Commons address in a text where no words beside it limit it, else the text."""
    for url in _URL.findall(text):
        if "creativecommons.org" in url.lower():
            return linked(str(url).rstrip(".,;"), text)
    return text


def _organisation_id(parties: list[etree._Element], root: etree._Element) -> str | None:
    """A ROR or Wikidata id: of a party first, then anywhere in the additional metadata."""
    extra = [each for each in root.iter() if local(each) in ("additionalMetadata", "annotation")]
    for element in (*parties, *extra):
        for text in _texts(element):
            found = _ORGANISATION.search(text)
            if found and (iri := organisation(found[0])):
                return iri
    return None


def _texts(element: etree._Element) -> Iterator[str]:
    """Texts and attribute values below an element; a `userId` also behind its directory."""
    for each in element.iter():
        text = (each.text or "").strip()
        if text:
            yield text
            directory = (each.get("directory") or "").rstrip("/")
            if "ror.org" in directory or "wikidata.org" in directory:
                yield f"{directory}/{text.rsplit('/', 1)[-1]}"
        yield from (str(value) for value in each.attrib.values())


def _contact(parties: list[etree._Element]) -> str | None:
    for name in ("electronicMailAddress", "organizationName", "individualName"):
        for party in parties:
            if found := text_of(_child(party, name)):
                return found
    return None


def _from_dublin_core(root: etree._Element) -> DatasetMetadata:
    """Dublin Core elements anywhere in the document, by local name."""
    first: dict[str, str] = {}
    for element in root.iter():
        if isinstance(element.tag, str) and (text := text_of(element)) and len(element) == 0:
            first.setdefault(local(element), text)
    stated = first.get("license") or first.get("rights")
    party = f"{first.get('publisher', '')} {first.get('rightsHolder', '')}"
    named = _ORGANISATION.search(party)
    return DatasetMetadata(
        title=first.get("title"),
        identifier=first.get("identifier"),
        licence=_licence_in_text(stated) if stated else None,
        organisation_name=first.get("publisher") or first.get("rightsHolder"),
        organisation_id=organisation(named[0]) if named else None,
        language=first.get("language"),
        published=first.get("issued") or first.get("created") or first.get("date"),
        contact=first.get("creator"),
        abstract=first.get("abstract") or first.get("description"),
    )


def _child(element: etree._Element, name: str) -> etree._Element | None:
    """The first child of that name that is not empty, else the first of that name."""
    found = [child for child in element if local(child) == name]
    return next((child for child in found if text_of(child)), found[0] if found else None)
