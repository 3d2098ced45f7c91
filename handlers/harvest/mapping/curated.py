"""Data mappings: what a curator says about a source that the source does not say itself.

A mapping is an openDS data-mapping document: default values by openDS term, and source terms
by openDS term. A default beats a source term, which beats the built-in table (openDS,
opends ingestion order). People may write it short, as TOML or JSON:

    name = "Minerals of Naturalis"
    [defaults]
    "ods:organisationID" = "https://ror.org/0566bfb96"
    [terms]
    "ods:physicalSpecimenID" = "dwc:catalogNumber"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import SourceRefused
from handlers.harvest.mapping.terms import PLACES

_KEYS_OF_SHORT_FORM = frozenset({"name", "description", "standard", "defaults", "terms"})


def load_mapping(path: Path) -> Document:
    """The data-mapping document of a file, as a draft without PID, version, dates, creator."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (OSError, ValueError) as error:
        raise _refused(path, f"cannot be read: {error}", "Write it as JSON or TOML.") from error
    if not isinstance(content, dict):
        raise _refused(path, "is not a table of names", "See the how-to on mappings.")
    document = content if "@type" in content else _from_short_form(path, content)
    for target in (*default_values(document), *source_terms(document)):
        if target not in PLACES:
            raise _refused(
                path,
                f"names {target!r}, which is no term that a record can feed",
                "Use openDS terms such as ods:organisationID or dwc:country.",
            )
    return document


def default_values(document: Document | None) -> dict[str, str]:
    """openDS term → value that holds for every record of the source."""
    return _flat(document, "ods:hasDefaultMapping")


def source_terms(document: Document | None) -> dict[str, str]:
    """openDS term → term of the source that feeds it."""
    return _flat(document, "ods:hasTermMapping")


def _flat(document: Document | None, key: str) -> dict[str, str]:
    """One table of the list of one-entry tables that openDS has; the first entry wins."""
    flat: dict[str, str] = {}
    for entry in (document or {}).get(key, ()):
        for term, value in entry.items():
            flat.setdefault(term.strip(" '\""), str(value))
    return flat


def _from_short_form(path: Path, content: Mapping[str, Any]) -> Document:
    if unknown := content.keys() - _KEYS_OF_SHORT_FORM:
        raise _refused(
            path,
            f"has entries that a mapping does not have: {', '.join(sorted(unknown))}",
            f"Use {', '.join(sorted(_KEYS_OF_SHORT_FORM))}.",
        )
    document: Document = {
        "@type": "ods:DataMapping",
        "ods:fdoType": OBJECT_TYPES["data-mapping"].fdo_type,
        "schema:name": str(content.get("name", path.stem)),
        "ods:mappingDataStandard": str(content.get("standard", "DwC")),
    }
    if "description" in content:
        document["schema:description"] = str(content["description"])
    for part, key in (("defaults", "ods:hasDefaultMapping"), ("terms", "ods:hasTermMapping")):
        if entries := content.get(part):
            document[key] = [{term: str(value)} for term, value in sorted(entries.items())]
    return document


def _refused(path: Path, what: str, next_step: str) -> SourceRefused:
    return SourceRefused(
        f"The mapping {path.name} {what}. {next_step}", code="mapping-invalid", file=path.name
    )
