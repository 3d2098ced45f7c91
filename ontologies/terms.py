"""THE term table: every key a document may bear, and what it means in RDF.

A key is a CURIE as openDS writes it (`dwc:country`). The table says its IRI, what kind of
value it takes, and either its definition (our words) or the standard that defines it. The
mapper to N-Quads, the JSON-LD context and the vocabulary document are all compiled from it.

>>> TERMS["dwc:decimalLatitude"].iri, TERMS["dwc:decimalLatitude"].kind
('http://rs.tdwg.org/dwc/terms/decimalLatitude', <Kind.DOUBLE: 'double'>)
"""

from __future__ import annotations

from ontologies.prefixes import PREFIXES
from ontologies.term import DERIVED_PROPERTY, Class, Kind, Term
from ontologies.words import ALL_CLASSES, ALL_TERMS

__all__ = [
    "CLASSES",
    "DOCUMENT_TERMS",
    "FRAGMENT_KEYS",
    "PREFIXES",
    "TERMS",
    "Class",
    "Kind",
    "Term",
    "iri",
    "iri_of_value",
    "shrink",
]

TERMS: dict[str, Term] = {term.key: term for term in ALL_TERMS}
"""Every property, by CURIE; those of documents and those only this repository writes."""

CLASSES: dict[str, Class] = {each.key: each for each in ALL_CLASSES}
"""Every class that may stand in `@type`, by CURIE."""

DOCUMENT_TERMS: dict[str, Term] = {
    key: term for key, term in TERMS.items() if term.place != DERIVED_PROPERTY
}
"""The properties a document may bear as keys."""

FRAGMENT_KEYS: dict[str, str] = {
    term.fragment: key for key, term in DOCUMENT_TERMS.items() if term.kind is Kind.NODE
}
"""Fragment name of a nested node → the key it stands under (`event` → `ods:hasEvents`)."""


def iri(curie: str) -> str:
    """The IRI of a CURIE with one of our prefixes; anything else is returned as it is.

    As in JSON-LD 1.1 (IRI expansion, 5.2.2), `http://…` is never taken for a CURIE.
    """
    prefix, colon, local = curie.partition(":")
    namespace = PREFIXES.get(prefix)
    if not colon or namespace is None or local.startswith("//"):
        return curie
    return namespace + local


def iri_of_value(text: str) -> str:
    """The IRI that a value means, if it is one: a CURIE is expanded, `geo:` is left alone.

    `geo:` is a URI scheme of its own (RFC 5870), so `geo:52.1,4.5` must stay what it is; no
    other prefix of ours is registered as a scheme. The JSON-LD context leaves it out likewise.
    """
    return text if text.startswith("geo:") else iri(text)


def shrink(name: str) -> str:
    """The CURIE of an IRI in one of our namespaces, for people; else the IRI itself."""
    best = max(
        ((ns, prefix) for prefix, ns in PREFIXES.items() if name.startswith(ns)),
        key=lambda pair: len(pair[0]),
        default=None,
    )
    return f"{best[1]}:{name[len(best[0]) :]}" if best else name
