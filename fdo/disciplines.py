"""What kind of object a specimen is, by the openDS topic terms, for every kingdom.

Three questions, each a table read from top to bottom: what the basis of record says, what the
classification says, and where both are silent, what the collection is called. Nothing here
reads a name: "CALCITE, GALENA" is not a genus.

>>> classify("HERBARIUM SHEET", Taxonomy(kingdom="Fungi")).discipline
'Botany'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from fdo.disciplines_tables import (
    BASES,
    CATEGORY_BY_TAXON,
    COLLECTION_HINTS,
    KINGDOMS,
    TAXA_OF_KINGDOMS,
)


@dataclass(frozen=True, slots=True)
class Basis:
    """A basis of record: the Darwin Core class, and the discipline it alone decides."""

    name: str
    discipline: str | None = None
    hint: str | None = None


class Taxonomy(NamedTuple):
    """The ranks that tell a discipline; any may be missing."""

    kingdom: str | None = None
    phylum: str | None = None
    class_: str | None = None


NO_TAXONOMY = Taxonomy()


class Topics(NamedTuple):
    """The openDS classification of an object: `ods:topic…` and `ods:livingOrPreserved`."""

    origin: str
    domain: str
    discipline: str
    category: str
    living: str


GEOLOGICAL = frozenset({"Geology", "Astrogeology", "Other Geodiversity"})
"""Disciplines whose names are not taxa."""

_DOMAINS = {
    "Geology": "Earth System",
    "Other Geodiversity": "Earth System",
    "Astrogeology": "Extraterrestrial",
    "Ecology": "Environment",
    "Unclassified": "Unclassified",
}
_NOT_LETTERS = re.compile(r"[^a-z]+")
_NOT_STATED = frozenset({"", "incertaesedis", "unknown", "na", "none", "null", "life", "biota"})
_HINTS = tuple((re.compile(pattern), discipline) for pattern, discipline in COLLECTION_HINTS)


@lru_cache(maxsize=1024)
def basis_of_record(text: str) -> Basis | None:
    """The specimen class that the text means, in any spelling; None if it is no specimen.

    Observations, machine recordings and mentions in literature have no object to hold.
    """
    key = _NOT_LETTERS.sub("", text.rsplit("/", 1)[-1].lower())
    found = BASES.get(key)
    return Basis(*found) if found else None


@lru_cache(maxsize=8192)
def classify(
    basis: str,
    taxonomy: Taxonomy = NO_TAXONOMY,
    collection: str = "",
    *,
    stratigraphy: bool = False,
) -> Topics:
    """The topics of an object; `collection` is whatever names it (code, dataset, title)."""
    kind = basis_of_record(basis) or Basis("")
    kingdom = _kingdom(taxonomy)
    hint = _hint(collection)
    discipline = (
        kind.discipline
        or ("Palaeontology" if hint == "Palaeontology" else None)
        or (KINGDOMS[kingdom] if kingdom else None)
        or hint
        or kind.hint
        or ("Geology" if stratigraphy else "Unclassified")
    )
    return Topics(
        "Unclassified" if discipline == "Unclassified" else "Natural",
        _DOMAINS.get(discipline, "Life"),
        discipline,
        _category(discipline, kingdom, taxonomy, kind),
        "Living" if kind.name == "LivingSpecimen" else "Preserved",
    )


def _kingdom(taxonomy: Taxonomy) -> str | None:
    """The kingdom as stated, else the one its phylum or class belongs to."""
    for rank in taxonomy:
        word = _NOT_LETTERS.sub("", (rank or "").lower())
        if word in _NOT_STATED:
            continue
        if word in KINGDOMS:
            return word
        if word in TAXA_OF_KINGDOMS:
            return TAXA_OF_KINGDOMS[word]
    return None


def _hint(collection: str) -> str | None:
    low = collection.lower()
    return next((discipline for pattern, discipline in _HINTS if pattern.search(low)), None)


def _category(discipline: str, kingdom: str | None, taxonomy: Taxonomy, basis: Basis) -> str:
    """The `ods:topicCategory` of the fdo-profile's list, as far as the taxon tells it."""
    group = next(
        (
            CATEGORY_BY_TAXON[word]
            for rank in (taxonomy.class_, taxonomy.phylum, kingdom)
            if (word := _NOT_LETTERS.sub("", (rank or "").lower())) in CATEGORY_BY_TAXON
        ),
        None,
    )
    match discipline:
        case "Palaeontology" if kingdom and KINGDOMS[kingdom] == "Botany":
            return "Botany Fossils"
        case "Palaeontology" if (taxonomy.phylum or "").lower() in ("chordata", "craniata"):
            return "Vertebrate Fossils"
        case "Palaeontology" if kingdom and KINGDOMS[kingdom] == "Zoology" and taxonomy.phylum:
            return "Invertebrate Fossils"
        case "Palaeontology":
            return "Other Palaeontology Objects"
        case "Botany" | "Zoology" | "Microbiology":
            return group or f"Other {discipline} Objects"
        case "Geology" if basis.name == "MineralSpecimen":
            return "Minerals and Gems"
        case "Geology":
            return "Mixed Geology Objects"
        case "Astrogeology":
            return "Terrestrial Finds/Falls"
        case "Anthropology":
            return "Other Anthropology Objects"
        case _:
            return "Unclassified"
