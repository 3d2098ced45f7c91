"""Whether the mapper takes a document: asked before the document is recorded.

The log keeps for good what it is given, and every projection maps it: of a key that the term table
does not know, the graph would say nothing for as long as that version stands. So whoever records
documents asks here first. Nothing is written, so it costs a fraction of the mapping. What stands in
a log all the same is mapped in parts (decision 0073).

>>> check({"@id": "https://doi.org/10.5072/AAA-BBB-CCC", "ods:version": 1})
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fdo.errors import UNREADABLE, InvalidDocument
from fdo.representations.nquads import (
    class_iri,
    not_plain,
    subject_of,
    triples,
    unknown_term,
)
from ontologies.terms import DOCUMENT_TERMS, Kind

_KNOWN = frozenset(DOCUMENT_TERMS) | {"@id", "@type"}
_NODES = frozenset(key for key, term in DOCUMENT_TERMS.items() if term.kind is Kind.NODE)
_FREE = frozenset(key for key, term in DOCUMENT_TERMS.items() if term.kind is Kind.JSON)
_SOUND = frozenset({str, float, bool, type(None)})
_LISTS = (list, tuple)
_LEAST, _MOST = -(2**63), 2**64 - 1
"""The whole numbers that can be written and read again as they are."""


def check(document: dict[str, Any]) -> None:
    """InvalidDocument for what `triples` would refuse, and for a number of more than 64 bits."""
    _node(document, f"<{subject_of(document)}")


def parts(document: dict[str, Any], iri: str) -> tuple[list[str], dict[str, str]]:
    """What the mapper takes of a document that it does not take whole, term by term: the lines, and
    each of the other terms with the reason. Each line comes from one term alone, so equal terms of
    two versions give equal lines here too (`eventstore.patches`)."""
    lines: list[str] = []
    refused: dict[str, str] = {}
    for term, value in document.items():
        if term == "@id":
            continue
        try:
            lines += triples({"@id": iri, term: value})
        except UNREADABLE as wrong:
            refused[term] = reason(wrong)
    return lines, refused


def reason(wrong: Exception) -> str:
    """Why, without a value of the document: where a rule is broken, else the kind of error."""
    if isinstance(wrong, InvalidDocument) and wrong.pointers:
        pointer, said = wrong.pointers[0]
        return f"{pointer[1:]}: {said}"
    return type(wrong).__name__


def _node(node: dict[str, Any], subject: str) -> None:
    if not node.keys() <= _KNOWN:
        raise unknown_term(next(key for key in node if key not in _KNOWN), subject)
    if "@type" in node:
        _types(node["@type"])
    for key, value in node.items():
        if type(value) in _SOUND or key == "@type":  # most values are text
            continue
        if key in _NODES:
            for item in value if isinstance(value, _LISTS) else (value,):
                if isinstance(item, dict):
                    _node(item, subject)
                else:
                    _plain(key, item, subject)
        elif key not in _FREE:
            _plain(key, value, subject)


def _types(value: Any) -> None:
    if type(value) is str:
        _class(value)
        return
    for name in value if isinstance(value, _LISTS) else (value,):
        _class(name) if type(name) is str else class_iri(name)


def _plain(key: str, value: Any, subject: str) -> None:
    if type(value) in _SOUND:
        return
    if isinstance(value, dict):
        raise not_plain(key, subject)
    if isinstance(value, _LISTS):
        for item in value:
            _plain(key, item, subject)
    elif type(value) is int and not _LEAST <= value <= _MOST:
        raise InvalidDocument(
            f"{key} (at {subject[1:]}) is a number of more than 64 bits; write it as text, or "
            "leave it out.",
            [(f"/{key}", "a number of more than 64 bits")],
        )


@lru_cache(maxsize=1 << 10)
def _class(name: str) -> str:
    return class_iri(name)
