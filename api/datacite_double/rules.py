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
_OF_ROWS = (
    "creators", "titles", "subjects", "contributors", "dates", "alternateIdentifiers",
    "relatedIdentifiers", "relatedItems", "rightsList", "descriptions", "geoLocations",
    "fundingReferences",
)  # fmt: skip
LISTS = (*_OF_ROWS, "sizes", "formats", "contentUrl")
_WORDS = ("publicationYear", "language", "version", "schemaVersion")
PROPERTIES = frozenset({*LISTS, *_WORDS, "types", "publisher", "container"})
"""What a client may say of a DOI besides its name, address and event; the rest is ignored."""
_ADDRESS = re.compile(r"(?:https?|ftp)://[^\s\x00-\x1f\x7f]+\Z")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_IGNORED = ("container", "contentUrl")
"""Said of a DOI without being part of what the schema of the library judges."""


def saved(before: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """The metadata after a request: what it names is replaced whole, null takes it away, the
    rest stays. `identifiers` is another name of `alternateIdentifiers`, a publisher may be a
    word, a year a number; what has another shape than its property is passed over."""
    after = dict(before)
    if told.get("identifiers") and not told.get("alternateIdentifiers"):
        told = {**told, "alternateIdentifiers": _renamed(told["identifiers"])}
    for name in PROPERTIES & told.keys():
        value = _shaped(name, told[name])
        if value:
            after[name] = value
        else:
            after.pop(name, None)
    return after


def _shaped(name: str, value: Any) -> Any:
    """The value in the shape of its property, or nothing."""
    if name in LISTS:
        wanted = dict if name in _OF_ROWS else str
        rows = value if isinstance(value, list) else []
        return [row for row in rows if isinstance(row, wanted)]
    if name == "publisher" and isinstance(value, str):
        return {"name": value} if value else None
    if name in _WORDS:
        return str(value) if isinstance(value, str | int) else None
    return value if isinstance(value, dict) else None


def _renamed(rows: Any) -> list[dict[str, Any]]:
    return [
        {
            "alternateIdentifier": row.get("identifier"),
            "alternateIdentifierType": row.get("identifierType"),
        }
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
    ]


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
    try:
        host = (urlsplit(url).hostname or "").lower() if _ADDRESS.match(url) else ""
    except ValueError:  # brackets without an address of IPv6 in them
        host = ""
    if not host:
        return [Wrong("url", "URL is not valid")]
    if not any(fnmatch.fnmatchcase(host, domain.lower()) for domain in domains):
        return [Wrong("url", "URL is not allowed by repository domain settings.")]
    return []


def _texts(value: Any) -> Iterator[str]:
    """Every text of a value, however deep it lies."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
