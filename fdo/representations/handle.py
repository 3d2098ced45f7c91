"""The FDO record as the values of a Handle: one value an attribute, each at its index.

What only a Handle has is added: `URL`, `HS_ADMIN`, and `10320/loc`, which names the formats and
versions of the object (weight 1: what a person should see; 0: what programs may ask for).

>>> record = {"pid": "https://doi.org/10.5072/AAA-BBB-CCC", "pidStatus": "ACTIVE"}
>>> values = handle_values(Pid("10.5072", "AAA-BBB-CCC"), record, base="http://e", timestamp="")
>>> [(one.index, one.type) for one in values][:2]
[(6, 'pid'), (11, 'pidStatus')]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from xml.sax.saxutils import quoteattr

import orjson

from fdo.catalogue import OBJECT_TYPES
from fdo.definitions.attributes import ATTRIBUTES
from fdo.identifiers import Pid
from fdo.representations.lexical import is_iri
from fdo.representations.rdf import SYNTAXES

TTL = 86_400
"""Seconds for which a value may be kept; what Handle servers say by default."""
VERSIONS = 20
"""Versions that `10320/loc` names: the newest ones; all are in the list of versions."""
_PERMISSIONS = "011111110011"
_FORMATS = ("json", *SYNTAXES)
_OF_ANNOTATIONS = ("w3c", "opends")
"""Formats that annotations are had in beside those of all objects."""


@dataclass(frozen=True, slots=True)
class HandleValue:
    """One value of a Handle (RFC 3651, 3.1)."""

    index: int
    type: str
    format: Literal["string", "admin"]
    value: str | Mapping[str, Any]
    ttl: int
    timestamp: str

    def as_json(self) -> dict[str, Any]:
        """The value as the Handle API writes it."""
        return {
            "index": self.index,
            "type": self.type,
            "data": {"format": self.format, "value": self.value},
            "ttl": self.ttl,
            "timestamp": self.timestamp,
        }


def handle_values(
    pid: Pid,
    record: Mapping[str, Any],
    *,
    base: str,
    version: int | None = None,
    timestamp: str,
) -> list[HandleValue]:
    """All values in order of index. `version`: those of the Handle of that version."""
    page = f"{base}/{pid}" if version is None else f"{base}/{pid}/{version}"
    public = record.get("pidStatus") != "DRAFT" and "gateReason" not in record
    said: dict[str, Any] = {
        name: record[name]
        for name, attribute in ATTRIBUTES.items()
        if name in record and not attribute.handle_only
    }
    said.setdefault("0.FDO/Type", record.get("digitalObjectType"))
    said.setdefault("0.FDO/Profile", record.get("fdoProfile"))
    said |= {
        "HS_ADMIN": {"handle": f"0.NA/{pid.prefix}", "index": 200, "permissions": _PERMISSIONS},
        "10320/loc": _locations(pid, record, base, page, public=public),
        "URL": page,
        "0.FDO/Data": f"{page}?format=json" if public else f"{base}/{pid}/record?format=json",
    }
    found = [
        HandleValue(
            ATTRIBUTES[name].index,
            name,
            "admin" if name == "HS_ADMIN" else "string",
            value if name == "HS_ADMIN" else _text(value),
            TTL,
            timestamp,
        )
        for name, value in said.items()
        if value is not None
    ]
    return sorted(found, key=lambda one: one.index)


def _text(value: Any) -> str:
    """A value of the record as text: lists as JSON, truth as JSON writes it."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _locations(pid: Pid, record: Mapping[str, Any], base: str, page: str, *, public: bool) -> str:
    """The XML of `10320/loc`: a page for people, and what else there is by name."""
    rows = (
        _rows(pid, record, base, page) if public else [("HTML", page), ("RECORD", f"{page}/record")]
    )
    parts = [
        f"<location href={quoteattr(href)} id={quoteattr(str(number))} view={quoteattr(view)} "
        f'weight="{int(number == 0)}"/>'
        for number, (view, href) in enumerate(rows)
    ]
    return f"<locations>{''.join(parts)}</locations>"


def _rows(pid: Pid, record: Mapping[str, Any], base: str, page: str) -> Iterator[tuple[str, str]]:
    yield "HTML", page
    about = OBJECT_TYPES["annotation"].fdo_type == record.get("digitalObjectType")
    for name in (*_FORMATS, *(_OF_ANNOTATIONS if about else ())):
        yield name.upper(), f"{page}?format={name}"
    yield "DATACITE", f"{base}/{pid}/datacite"
    medium = record.get("primaryMediaId")
    if isinstance(medium, str) and is_iri(medium):
        yield "MEDIA", medium
    catalogue = record.get("normalisedPrimarySpecimenObjectId")
    if isinstance(catalogue, str) and catalogue.startswith(("http://", "https://")):
        yield "CATALOG", catalogue
    newest = int(record.get("version", 0))
    for number in range(newest, max(0, newest - VERSIONS), -1):
        yield f"VERSION {number}", f"{base}/{pid}/{number}"
