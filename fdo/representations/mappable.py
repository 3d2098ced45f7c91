"""Whether the mapper takes a document: asked before the document is recorded.

The log keeps for good what it is given, and every projection maps it: a key that the term table
does not know would stop them all at that event, at every start. So whoever records documents
asks here first. Nothing is written, so it costs a fraction of the mapping.

>>> check({"@id": "https://doi.org/10.5072/AAA-BBB-CCC", "ods:version": 1})
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fdo.errors import InvalidDocument
from fdo.representations.nquads import class_iri, not_plain, subject_of, unknown_term
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
