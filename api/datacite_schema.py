"""DataCite metadata in JSON, judged by DataCite's rules 4.7.

PyPI `datacite` ships the JSON Schema of 4.5. What 4.6 and 4.7 added are words of controlled
lists and one attribute; they are added here, so that the same schema judges both.

>>> errors({"doi": "10.5072/ABC", "titles": []})[0].source
'titles'
"""

from __future__ import annotations

import importlib.resources
import re
from dataclasses import dataclass
from functools import cache, reduce
from operator import getitem
from typing import Any, cast

import jsonschema_rs
import orjson
from lxml import etree

from fdo.errors import InvalidDocument

ADDED = {
    "resourceTypeGeneral": ("Award", "Project", "Poster", "Presentation"),
    "relatedIdentifierType": ("CSTR", "RRID", "RAiD", "SWHID"),
    "contributorType": ("Translator",),
    "relationType": ("HasTranslation", "IsTranslationOf", "Other"),
    "dateType": ("Coverage",),
}
"""Words of DataCite 4.6 (2024-12-05) and 4.7 (2026-03-03) by the list that they belong to."""
_NOT_EMPTY = (
    "definitions/person/properties/name",
    "definitions/nameIdentifiers/items/properties/nameIdentifier",
    "definitions/nameIdentifiers/items/properties/nameIdentifierScheme",
    "definitions/affiliation/items/properties/name",
    "properties/publisher/properties/name",
    "properties/titles/items/properties/title",
    "properties/alternateIdentifiers/items/properties/alternateIdentifier",
    "properties/alternateIdentifiers/items/properties/alternateIdentifierType",
    "properties/relatedIdentifiers/items/properties/relatedIdentifier",
    "properties/fundingReferences/items/properties/funderName",
)
"""Texts that the XSD wants to hold something, and the service as well."""
_TAGGED = etree.XPath("descendant-or-self::*[@made:lang]", namespaces={"made": "xml"})
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_KERNEL = "http://datacite.org/schema/kernel-4"
_LOCATION = f"{_KERNEL} http://schema.datacite.org/meta/kernel-4.7/metadata.xsd"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A rule that metadata break."""

    source: str
    """The property, as DataCite's `source`."""
    title: str


@cache
def _validator() -> jsonschema_rs.Draft201909Validator:
    return jsonschema_rs.Draft201909Validator(schema(), validate_formats=False)


def schema() -> dict[str, Any]:
    """The schema of the library with the words of 4.6 and 4.7."""
    place = importlib.resources.files("datacite") / "schemas" / "datacite-v4.5.json"
    found: dict[str, Any] = orjson.loads(place.read_bytes())
    for name, words in ADDED.items():
        found["definitions"][name]["enum"] += words
    found["definitions"]["relatedObject"]["properties"]["relationTypeInformation"] = {
        "type": "string"
    }
    for path in _NOT_EMPTY:
        reduce(getitem, path.split("/"), found)["minLength"] = 1
    found.pop("id")  # a name of draft 4, which says nothing here
    return found


def errors(metadata: dict[str, Any]) -> list[Wrong]:
    """The rules that the metadata break, none of them twice."""
    found = (
        Wrong(_property(wrong.message, wrong.instance_path), wrong.message)
        for wrong in _validator().iter_errors(metadata)
    )
    return list(dict.fromkeys(found))


def _property(message: str, path: list[str | int]) -> str:
    """The property of the metadata that an error is about: where it is, or which is missing."""
    missing = re.match(r'"(\w+)" is a required', message)
    return str(path[0]) if path else missing[1] if missing else "metadata"


def require_valid(metadata: dict[str, Any]) -> None:
    """Return where the metadata keep the rules; InvalidDocument names those broken."""
    if wrong := errors(metadata):
        raise InvalidDocument(
            f"DataCite would refuse the metadata of {metadata.get('doi', 'the object')}: "
            + "; ".join(f"{each.source}: {each.title}" for each in wrong[:5])
        )


def to_xml(metadata: dict[str, Any]) -> bytes:
    """The metadata as XML of kernel 4, in an order that the XSD of 4.7 takes.

    The rules of the library turn every property into its element; words of 4.6 and 4.7 pass
    through them as they are."""
    from datacite import schema45  # dear to load, and not every start needs it

    root = schema45.dump_etree(metadata)
    if "doi" not in metadata:
        root.append(_handle(metadata))
    root.set(f"{_XSI}schemaLocation", _LOCATION)
    tagged = cast("list[etree._Element]", _TAGGED(root))  # in a namespace of the library's making
    for element in tagged:
        element.set(_LANGUAGE, element.attrib.pop("{xml}lang"))
    written: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="utf-8")
    return written


def _handle(metadata: dict[str, Any]) -> etree._Element:
    """The identifier that every XML record has, of an object whose identifier is a Handle."""
    names = {
        each["alternateIdentifierType"]: each["alternateIdentifier"]
        for each in metadata.get("alternateIdentifiers", ())
    }
    found = etree.Element(
        "{http://datacite.org/schema/kernel-4}identifier", identifierType="Handle"
    )
    found.text = names["Handle"]
    return found
