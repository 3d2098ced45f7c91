"""Data mappings: what a curator says about a source that the source does not say itself.

A mapping is an openDS data-mapping document: default values by openDS term, and source terms
by openDS term. A default beats a source term, which beats the built-in table (openDS,
opends ingestion order). People may write it short, as TOML or JSON:

    name = "Minerals of Naturalis"
    [defaults]
    "ods:organisationID" = "https://ror.org/0566bfb96"
    [terms]
    "ods:physicalSpecimenID" = "dwc:catalogNumber"

What would not be recorded is refused when it is read: a key that is misspelt would else be kept
for good, and its defaults never be used.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import SourceRefused
from fdo.identifiers import Pid
from fdo.lifecycle import stamped
from fdo.tolerant import normalise
from handlers.harvest.mapping.terms import PLACES
from ontologies.schemas import explain, validator

BUILT_IN = "Built-in Darwin Core mapping"

_KEYS_OF_SHORT_FORM = frozenset({"name", "description", "standard", "defaults", "terms"})
_OURS = frozenset(
    {
        "@id",
        "ods:hasTombstoneMetadata",
        "schema:dateCreated",
        "schema:dateModified",
        "schema:identifier",
        "schema:version",
    }
)
"""What the repository says itself; of a mapping from elsewhere these speak of the other one."""
_SAID_HERE = frozenset({"ods:fdoType", "ods:type"})
"""What the repository says itself of every specimen; openDS's own examples set it by default."""
_TRIAL = Pid("20.5000.5072", "AAA-AAA-AAA")
_SOMEBODY = {"@type": "schema:Person"}


def load_mapping(path: Path) -> Document:
    """The data-mapping document of a file, as a draft without PID, version, dates, creator."""
    content = _read(path)
    if not isinstance(content, dict):
        raise _refused(path, "is not a table of names", "See the how-to on mappings.")
    full = any(":" in key or key.startswith("@") for key in content)
    document = normalise("data-mapping", content)[0] if full else _from_short_form(path, content)
    trial = stamped(draft_of(document, _SOMEBODY), _TRIAL, 1, modified="2000-01-01T00:00:00.000Z")
    if not validator("data-mapping").is_valid(trial):
        broken = explain("data-mapping", trial)
        told = "; ".join(f"{place or '/'}: {said.rstrip('.')}" for place, said in broken[:3])
        raise _refused(
            path,
            f"is no valid data mapping: {told}",
            "Use the keys and values of an openDS data mapping, or the short form.",
        )
    for target in (*default_values(document), *source_terms(document)):
        if target not in PLACES:
            raise _refused(
                path,
                f"names {target!r}, which is no term that a record can feed",
                "Use openDS terms such as ods:organisationID or dwc:country.",
            )
    return document


def draft_of(mapping: Document | None, creator: Document) -> Document:
    """The document that is recorded of a mapping, or of none, but for PID, version and dates."""
    known = OBJECT_TYPES["data-mapping"]
    said = {key: value for key, value in (mapping or {}).items() if key not in _OURS}
    return {
        "schema:name": BUILT_IN,
        "schema:creator": creator,
        "ods:mappingDataStandard": "DwC",
        **said,
        "@type": known.rdf_type,
        "ods:fdoType": known.fdo_type,
        "ods:status": "Active",
    }


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
            if (plain := term.strip(" '\"")) not in _SAID_HERE:
                flat.setdefault(plain, str(value))
    return flat


def _read(path: Path) -> Any:
    """What a file says, in the values of JSON: a TOML date is its text."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() != ".toml":
            return orjson.loads(text)
        return orjson.loads(orjson.dumps(tomllib.loads(text)))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise _refused(path, f"cannot be read: {error}", "Write it as JSON or TOML.") from error


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
            document[key] = [{term: value} for term, value in _entries(path, part, entries)]
    return document


def _entries(path: Path, part: str, entries: Any) -> list[tuple[str, str]]:
    """The entries of one table of the short form, in order; each has one plain value."""
    if not isinstance(entries, dict):
        raise _refused(path, f"has no table under {part!r}", f'Write [{part}], then "term" = "…".')
    for term, value in entries.items():
        if not isinstance(value, str | int | float):
            raise _refused(
                path,
                f"gives {term!r} no plain value",
                "Write one text, number or truth for each term.",
            )
    return [(term, str(value)) for term, value in sorted(entries.items())]


def _refused(path: Path, what: str, next_step: str) -> SourceRefused:
    return SourceRefused(
        f"The mapping {path.name} {what}. {next_step}", code="mapping-invalid", file=path.name
    )
