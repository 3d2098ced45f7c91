"""What a term is: its key, its kind of value, and the words that explain it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from ontologies.prefixes import DOCUMENTATION, PREFIXES

DERIVED_PROPERTY = "derived"
DOCUMENT_PROPERTY = "document"


class Kind(Enum):
    """What a value becomes in RDF; a value that does not fit becomes a plain literal."""

    LITERAL = "literal"
    """Text; a JSON number or boolean keeps its own XSD type."""
    IRI = "iri"
    """An absolute IRI, or a CURIE with one of our prefixes."""
    INTEGER = "integer"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATETIME = "dateTime"
    NODE = "node"
    """An object with properties of its own; it is named by a fragment of the document."""
    JSON = "json"
    """An object whose keys are not ours to read; kept whole as `rdf:JSON`."""


@dataclass(frozen=True, slots=True)
class Term:
    """One property: key → IRI, kind, label, and a definition or the standard's page."""

    key: str
    kind: Kind
    label: str
    definition: str | None = None
    place: str = DOCUMENT_PROPERTY
    fragment: str = ""

    @property
    def iri(self) -> str:
        """The property's IRI; our vocabulary makes none up for terms a standard owns."""
        return _expand(self.key)

    @property
    def standard(self) -> str | None:
        """The page of the standard that defines the term, if it is not ours to define."""
        return DOCUMENTATION.get(self.key.partition(":")[0])


@dataclass(frozen=True, slots=True)
class Class:
    """One class of nodes: key → IRI, label, and a definition or the standard's page."""

    key: str
    label: str
    definition: str | None = None

    @property
    def iri(self) -> str:
        """The class's IRI."""
        return _expand(self.key)

    @property
    def standard(self) -> str | None:
        """The page of the standard that defines the class, if it is not ours to define."""
        return DOCUMENTATION.get(self.key.partition(":")[0])


def label_of(key: str) -> str:
    """A readable label: `dwc:decimalLatitude` → `decimal latitude`."""
    return " ".join(words_of(key))


def fragment_of_key(key: str) -> str:
    """The name of a nested node: the key without prefix and `has`, singular, kebab-case.

    >>> fragment_of_key("ods:hasTaxonIdentifications"), fragment_of_key("ac:hasROI")
    ('taxon-identification', 'roi')
    """
    words = words_of(key)
    if len(words) > 1 and words[0] == "has":
        words = words[1:]
    return "-".join([*words[:-1], _singular(words[-1])]).lower()


_WORD = re.compile(r"[A-Z]+s(?![a-z])|[A-Z]{2,}(?=[A-Z][a-z]|\b|$)|[A-Z]?[a-z0-9]+|[A-Z]")


def words_of(key: str) -> list[str]:
    """The words of a camel-case local name; acronyms stay as they are."""
    local = key.partition(":")[2] or key
    return [w if w[1:2].isupper() else w.lower() for w in _WORD.findall(local)]


def _singular(word: str) -> str:
    if word.endswith(("ses", "ss")):
        return word
    return word[:-1] if word.endswith("s") else word


def _expand(key: str) -> str:
    prefix, _, local = key.partition(":")
    return PREFIXES[prefix] + local
