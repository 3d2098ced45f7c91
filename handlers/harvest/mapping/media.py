"""Media of a specimen: three ways to state them, one document for each access URI.

Audubon Core rows, GBIF Multimedia rows and `dwc:associatedMedia` may all tell of the same
picture. What they say is merged by access URI: the longest value of a term wins, the first
where they are equally long; of two licences the more restrictive one. The order is that of
first mention, extensions before the core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.licences import parse
from handlers.harvest.links import HAS_LICENCE
from handlers.harvest.mapping.nodes import Node, Row, agents, identifier, relation
from handlers.harvest.mapping.values import (
    integer,
    is_absolute,
    is_web_address,
    number,
    split,
    split_addresses,
)
from handlers.harvest.records import MappedMedia, Record, Verdict

Note = Callable[[str, str, str], None]
"""(code, message, next step): tells one finding about the record at hand."""

FDO_TYPE = OBJECT_TYPES["media"].fdo_type
ROW_TYPES = ("ac:Multimedia", "gbif:Multimedia", "gbif:Image")

_TEXTS = {
    # cell → openDS; where two cells feed one key, the first that is filled
    "dcterms:format": "dcterms:format",
    "dc:format": "dcterms:format",
    "dcterms:title": "dcterms:title",
    "dc:title": "dcterms:title",
    "dcterms:description": "dcterms:description",
    "dc:description": "dcterms:description",
    "ac:caption": "dcterms:description",
    "dcterms:language": "dcterms:language",
    "dc:language": "dcterms:language",
    "dcterms:source": "dcterms:source",
    "dc:source": "dcterms:source",
    "dcterms:available": "dcterms:available",
    "ac:metadataLanguageLiteral": "ac:metadataLanguageLiteral",
    "ac:subtypeLiteral": "ac:subtypeLiteral",
    "ac:comments": "ac:comments",
    "ac:subjectCategoryVocabulary": "ac:subjectCategoryVocabulary",
    "ac:variantLiteral": "ac:variantLiteral",
    "ac:variantDescription": "ac:variantDescription",
    "xmp:CreateDate": "xmp:CreateDate",
    "dcterms:created": "xmp:CreateDate",
    "ac:timeOfDay": "ac:timeOfDay",
    "ac:subjectOrientationLiteral": "ac:subjectOrientationLiteral",
    "ac:subjectPartLiteral": "ac:subjectPartLiteral",
    "ac:captureDevice": "ac:captureDevice",
    "ac:digitizationDate": "ac:digitizationDate",
    "ac:resourceCreationTechnique": "ac:resourceCreationTechnique",
    "xmpRights:UsageTerms": "xmpRights:UsageTerms",
    "xmpRights:WebStatement": "xmpRights:WebStatement",
}
_IRIS = {
    # terms that must be IRIs, and where text goes that is none
    "ac:metadataLanguage": "ac:metadataLanguageLiteral",
    "ac:subtype": "ac:subtypeLiteral",
    "ac:variant": "ac:variantLiteral",
    "ac:subjectOrientation": "ac:subjectOrientationLiteral",
    "ac:subjectPart": "ac:subjectPartLiteral",
    "Iptc4xmpExt:CVterm": None,
}
_PIXELS = (integer(0, 2**32 - 1), "a whole number of pixels")  # 32 bits are theirs in Exif
_NUMBERS = {
    "exif:PixelXDimension": _PIXELS,
    "exif:PixelYDimension": _PIXELS,
    "ac:frameRate": (number(), "a number"),
}
_TYPED = frozenset(_IRIS) | frozenset(_NUMBERS)
_LICENCES = (
    "dcterms:license",
    "dc:license",
    "xmpRights:WebStatement",
    "xmpRights:UsageTerms",
    "dcterms:rights",
    "dc:rights",
)
_DCMI = (
    "Collection Dataset Event Image InteractiveResource MovingImage PhysicalObject Service "
    "Software Sound StillImage Text"
)
_DCMI_TYPES = {kind.lower(): kind for kind in _DCMI.split()} | {
    "audio": "Sound",
    "photo": "StillImage",
    "photograph": "StillImage",
    "video": "MovingImage",
}
_TYPE_OF_FORMAT = {"image": "StillImage", "video": "MovingImage", "audio": "Sound", "text": "Text"}
_TYPE_OF_ENDING = {
    **dict.fromkeys(
        ("jpg", "jpeg", "png", "gif", "tif", "tiff", "jp2", "bmp", "webp"), "StillImage"
    ),
    **dict.fromkeys(("mp4", "mov", "avi", "mpg", "mpeg", "webm"), "MovingImage"),
    **dict.fromkeys(("mp3", "wav", "ogg", "flac", "m4a"), "Sound"),
}


@dataclass(frozen=True, slots=True)
class Holder:
    """What every medium of a record has from its record."""

    stamp: Document
    relations: tuple[Node, ...]
    gate: Callable[[str | None], Verdict]
    source_iri: str


def states_media(record: Record, associated: str | None) -> bool:
    """Whether a record says anything about media."""
    return bool(associated) or not record.extensions.keys().isdisjoint(ROW_TYPES)


def media_of(
    record: Record, associated: str | None, holder: Holder, note: Note
) -> list[MappedMedia]:
    """The media of a record, each as a draft document with the verdict of its licence."""
    merged: dict[str, Row] = {}
    for row in _rows(record, associated, note):
        address = row["ac:accessURI"]
        known = merged.get(address)
        merged[address] = _merge(known, row, note) if known else row
    return [_medium(row, holder, note) for row in merged.values()]


def _rows(record: Record, associated: str | None, note: Note) -> Iterator[Row]:
    """Every statement of a medium, each with its access URI; the others are reported."""
    for row_type in ROW_TYPES:
        for row in record.extensions.get(row_type, ()):
            address = _address(row)
            if address:
                yield {**row, "ac:accessURI": address}
            else:
                note(
                    "media-without-address",
                    f"A {row_type} row of {record.id} has no address that can be fetched.",
                    "Give ac:accessURI (or dcterms:identifier) with http:// or https://.",
                )
    for part in split_addresses(associated) if associated else ():
        if is_web_address(part):
            yield {"ac:accessURI": part}
        else:
            note(
                "media-without-address",
                f"dwc:associatedMedia: {part[:120]!r} is not a web address.",
                "Give full addresses with http:// or https://, parted by |.",
            )


def _address(row: Row) -> str | None:
    """The access URI of a row; GBIF rows keep it in the identifier, else in references."""
    for term in (
        "ac:accessURI",
        "dcterms:identifier",
        "dc:identifier",
        "dcterms:references",
        "dc:references",
    ):
        address = row.get(term, "").strip()
        if is_web_address(address):
            return address
    return None


def _merge(known: Row, other: Row, note: Note) -> Row:
    """Both statements in one: the longer value of each term, of licences the stricter."""
    row = {
        term: max(known.get(term, ""), other.get(term, ""), key=len)
        for term in (*known, *(term for term in other if term not in known))
    }
    ours, theirs = _own_licence(known), _own_licence(other)
    if ours and theirs and parse(ours) != parse(theirs):
        strict = ours if not _is_open(ours) else theirs
        if not _is_open(strict):  # what else was said of it must not be read in its place
            row = {term: text for term, text in row.items() if term not in _LICENCES}
        row["dcterms:license"] = strict
        note(
            "media-licences-differ",
            f"{row['ac:accessURI']} has two licences: {ours[:80]!r} and {theirs[:80]!r}.",
            f"State one licence for each medium; {strict[:80]!r} was taken, the stricter.",
        )
    return row


def _is_open(text: str) -> bool:
    licence = parse(text)
    return licence is not None and licence.open_enough


def _own_licence(row: Row) -> str | None:
    """The licence of a row: the first cell that names one we know, else the first that says
    anything of rights, which then is a licence that nobody knows; None where none does."""
    stated = [row[term] for term in _LICENCES if term in row]
    return next((text for text in stated if parse(text)), stated[0] if stated else None)


def _medium(row: Row, holder: Holder, note: Note) -> MappedMedia:
    """One merged statement as a draft openDS 0.5 document."""
    document: Document = {
        "@type": "ods:DigitalMedia",
        "ods:fdoType": FDO_TYPE,
        "ac:accessURI": row["ac:accessURI"],
        **holder.stamp,
    }
    for term, key in _TEXTS.items():
        if term in row and key not in document:
            document[key] = row[term]
    for term in _TYPED.intersection(row):
        if term in _IRIS:
            _iri_or_text(document, term, row[term])
        else:
            _number(document, term, row[term], note)
    if tags := row.get("ac:tag"):
        document["ac:tag"] = list(split(tags))
    if kind := _dcmi_type(row):
        document["dcterms:type"] = kind
    verdict = holder.gate(_own_licence(row))
    if verdict.licence:
        document["dcterms:rights"] = verdict.licence
    _nodes(document, row, holder, verdict)
    return MappedMedia(row["ac:accessURI"], document, verdict)


def _nodes(document: Document, row: Row, holder: Holder, verdict: Verdict) -> None:
    """Relations, identifiers and agents of a medium."""
    relations = [node.copy() for node in holder.relations]
    relations.append(relation("hasFDOType", FDO_TYPE))
    if verdict.inherited:
        relations.append(relation("hasInheritedLicense", holder.source_iri))
    elif verdict.licence:
        relations.append(relation(HAS_LICENCE, verdict.licence))
    page = row.get("ac:furtherInformationURL") or row.get("dcterms:references")
    if page and page != row["ac:accessURI"]:
        relations.append(relation("hasReference", page))
    document["ods:hasEntityRelationships"] = relations
    known = (
        (term, row[term])
        for term in ("dcterms:identifier", "dc:identifier", "ac:providerManagedID")
        if row.get(term, row["ac:accessURI"]) != row["ac:accessURI"]
    )
    if identifiers := [identifier(term, value) for term, value in known]:
        document["ods:hasIdentifiers"] = identifiers
    people = [
        *agents(row.get("dcterms:creator") or row.get("dc:creator"), None, "creator"),
        *agents(row.get("dcterms:contributor") or row.get("dc:contributor"), None, "contributor"),
        *agents(row.get("dcterms:publisher") or row.get("dc:publisher"), None, "publisher"),
        *agents(
            row.get("dcterms:rightsHolder") or row.get("xmpRights:Owner"), None, "rights-owner"
        ),
    ]
    if people:
        document["ods:hasAgents"] = people


def _iri_or_text(document: Document, term: str, value: str) -> None:
    if is_absolute(value) and value.lower().startswith(("http:", "https:", "urn:")):
        document[term] = value
    elif text_term := _IRIS[term]:
        document.setdefault(text_term, value)


def _number(document: Document, term: str, value: str, note: Note) -> None:
    convert, expected = _NUMBERS[term]
    made = convert(value)
    if made is None:
        note(
            "value-does-not-fit",
            f"{term}: {value[:80]!r} is not {expected}.",
            f"Correct {term} at the source; until then it is in the verbatim record only.",
        )
    else:
        document[term] = made


def _dcmi_type(row: Row) -> str | None:
    """The DCMI type as stated, else as its format or the ending of its address tells."""
    stated = row.get("dcterms:type") or row.get("dc:type") or ""
    known = _DCMI_TYPES.get(stated.rsplit("/", 1)[-1].replace(" ", "").lower())
    if known:
        return known
    medium = (row.get("dcterms:format") or row.get("dc:format") or "").partition("/")[0].lower()
    ending = row["ac:accessURI"].partition("?")[0].rpartition(".")[2].lower()
    return _TYPE_OF_FORMAT.get(medium) or _TYPE_OF_ENDING.get(ending)
