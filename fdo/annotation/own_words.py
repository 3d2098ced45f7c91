"""A source that takes over an added identification says it in its own words.

Whoever adds an identification says how they came to it: what stood on the label, which checklist
knew it. A source that agrees corrects the name in its table, and no more. To add the
identification again would put the same name there twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

IDENTIFICATION = "ods:Identification"
_TAXA = "ods:hasTaxonIdentifications"
_NAME = "dwc:scientificName"
_AUTHORSHIP = "dwc:scientificNameAuthorship"
_HOW = frozenset({
    "@id", "@type", "dwc:identificationRemarks", "dwc:verbatimIdentification",
    "ods:identificationType", "ods:isVerifiedIdentification", _TAXA,
})  # fmt: skip
"""Of an identification: how it came about and what others make of it, not what it says."""


def said_since(members: Sequence[Any], value: Any, before: Sequence[Any]) -> Any | None:
    """The member of an array by which its source says since what an added value says; None where
    it does not, or did so already when the value was added, beside which it was wanted."""
    if not (isinstance(value, dict) and value.get("@type") == IDENTIFICATION and _names(value)):
        return None
    saying = [each for each in members if _says(each, value)]
    return saying[-1] if len(saying) > sum(_says(each, value) for each in before) else None


def _says(member: Any, value: dict[str, Any]) -> bool:
    """Whether an identification gives the names of another, and whatever else that says: by whom,
    when, of which type."""
    if not isinstance(member, dict) or member.get("@type") != IDENTIFICATION:
        return False
    rest = value.keys() - _HOW
    return _names(member) == _names(value) and all(member.get(key) == value[key] for key in rest)


def _names(identification: dict[str, Any]) -> list[str]:
    """The names with their authors, in order; the author may be part of the name."""
    taxa = identification.get(_TAXA) or ()
    return sorted(_full(taxon) for taxon in taxa if taxon.get(_NAME))


def _full(taxon: dict[str, Any]) -> str:
    name, author = (" ".join(str(taxon.get(key, "")).split()) for key in (_NAME, _AUTHORSHIP))
    return name if name.endswith(author) else f"{name} {author}"
