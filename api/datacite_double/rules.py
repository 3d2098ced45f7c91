"""When DataCite takes a DOI: its name, its address, its metadata (lupo: `app/models/doi.rb`)."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from api.datacite_double.states import State
from api.datacite_schema import Wrong, errors

SCHEMA = "http://datacite.org/schema/kernel-4"
NAME = re.compile(r"10\.\d{4,5}/[-._;()/:a-zA-Z0-9*~$=]+\Z")
PROPERTIES = frozenset(
    {
        "types", "creators", "titles", "publisher", "publicationYear", "subjects", "contributors",
        "dates", "language", "alternateIdentifiers", "relatedIdentifiers", "relatedItems", "sizes",
        "formats", "version", "rightsList", "descriptions", "geoLocations", "fundingReferences",
        "container", "schemaVersion", "contentUrl",
    }
)  # fmt: skip
"""What a client may say of a DOI besides its name, address and event; the rest is ignored."""
_ADDRESS = re.compile(r"(?:https?|ftp)://\S+\Z")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_IGNORED = ("container", "contentUrl", "relatedItems")
"""Said of a DOI without being part of what the schema of the library judges."""


def saved(before: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """The metadata after a request: what it names is replaced whole, null takes it away, the
    rest stays. `identifiers` is another name of `alternateIdentifiers`, a publisher may be a
    word, a year a number."""
    after = dict(before)
    for name, value in told.items():
        if name == "identifiers" and "alternateIdentifiers" not in told and value:
            after["alternateIdentifiers"] = [
                {
                    "alternateIdentifier": each.get("identifier"),
                    "alternateIdentifierType": each.get("identifierType"),
                }
                for each in value
                if isinstance(each, dict)
            ]
        elif name in PROPERTIES and value in (None, "", []):
            after.pop(name, None)
        elif name == "publisher" and isinstance(value, str):
            after[name] = {"name": value}
        elif name == "publicationYear" and isinstance(value, int):
            after[name] = str(value)
        elif name in PROPERTIES:
            after[name] = value
    return after


def refusals(
    state: State, url: str, metadata: dict[str, Any], domains: Sequence[str]
) -> list[Wrong]:
    """Why the service does not save this; empty when it does. Of a draft almost anything is
    taken, of the others the address and the metadata are judged."""
    found = list(_address(state, url, domains))
    if any(_NOT_IN_XML.search(text) for text in _texts(metadata)):
        found.append(Wrong("xml", "Invalid character that XML cannot hold"))
    if state != "draft":
        judged = {name: value for name, value in metadata.items() if name not in _IGNORED}
        found += errors({"schemaVersion": SCHEMA, **judged})
    return found


def _address(state: State, url: str, domains: Sequence[str]) -> list[Wrong]:
    if not url:
        return [] if state == "draft" else [Wrong("url", "Can't be blank")]
    if not _ADDRESS.match(url):
        return [Wrong("url", "URL is not valid")]
    host = (urlsplit(url).hostname or "").lower()
    if not any(fnmatch.fnmatchcase(host, domain.lower()) for domain in domains):
        return [Wrong("url", "URL is not allowed by repository domain settings.")]
    return []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
