"""A DOI as a JSON:API resource, with the turns that DataCite's API gives to what was sent:
names in lower case, the year as a number, the publisher as a word unless `publisher=true`."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from api.datacite_double.rules import LISTS, SCHEMA
from api.datacite_double.store import Registered
from api.datacite_schema import errors, to_xml


def resource(found: Registered, parameters: Mapping[str, str], *, detail: bool) -> dict[str, Any]:
    """The resource object; `detail` adds the XML, which lists leave out."""
    client = {"data": {"id": found.owner, "type": "clients"}}
    return {
        "id": found.doi,
        "type": "dois",
        "attributes": _attributes(found, parameters, detail=detail),
        "relationships": {
            "client": client,
            "media": {"data": {"id": found.doi, "type": "media"}},
        },
    }


def metadata_of(found: Registered) -> dict[str, Any]:
    """The metadata in the form of the JSON schema, with the DOI."""
    return {"schemaVersion": SCHEMA, **found.attributes, "doi": found.doi}


def _attributes(
    found: Registered, parameters: Mapping[str, str], *, detail: bool
) -> dict[str, Any]:
    kept = found.attributes
    prefix, _, suffix = found.doi.partition("/")
    publisher = kept.get("publisher")
    if publisher and parameters.get("publisher") != "true":
        publisher = publisher.get("name")
    year = str(kept.get("publicationYear", ""))
    told: dict[str, Any] = {
        "doi": found.doi,
        "prefix": prefix,
        "suffix": suffix,
        **{name: kept.get(name, []) for name in LISTS},
        "identifiers": [
            {
                "identifier": each.get("alternateIdentifier"),
                "identifierType": each.get("alternateIdentifierType"),
            }
            for each in kept.get("alternateIdentifiers", [])
        ],
        "publisher": publisher,
        "container": kept.get("container", {}),
        "publicationYear": int(year) if year.isdecimal() and len(year) < 10 else None,
        "language": kept.get("language"),
        "types": kept.get("types", {}),
        "version": kept.get("version"),
        "schemaVersion": kept.get("schemaVersion", SCHEMA),
        "url": found.url or None,
        "metadataVersion": found.metadata_version,
        "source": "api",
        "isActive": found.state == "findable",
        "state": found.state,
        "created": found.created,
        "registered": found.registered,
        "published": found.published,
        "updated": found.updated,
    }
    if detail and not errors(metadata_of(found)):
        told["xml"] = base64.b64encode(to_xml(metadata_of(found))).decode()
    return told
