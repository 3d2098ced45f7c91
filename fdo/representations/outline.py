"""A document as an outline for readers: every value under a readable name, nothing left out.

Each nested node bears the fragment that names it in RDF, so `#event-1` in a link is a place on
the page. Pure: the same document gives the same outline.

>>> outline({"@type": "ods:DigitalSpecimen", "dwc:collectionCode": "HERB"}).rows
(Row(key='dwc:collectionCode', label='collection code', values=('HERB',)),)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from fdo.documents import Document
from ontologies.terms import CLASSES, DOCUMENT_TERMS, Kind


@dataclass(frozen=True, slots=True)
class Row:
    """One term with its value or values, as text."""

    key: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One node: its own values, then the nodes below it."""

    fragment: str
    title: str
    rows: tuple[Row, ...]
    sections: tuple[Section, ...]


def outline(document: Document) -> Section:
    """The whole document as nested sections."""
    return _section(document, "", _class_label(document))


def _section(node: Document, fragment: str, title: str) -> Section:
    rows, sections = [], []
    for key, value in node.items():
        if key in ("@id", "@type"):
            continue
        term = DOCUMENT_TERMS.get(key)
        if term is not None and term.kind is Kind.NODE and _holds_nodes(value):
            sections += _below(value, f"{fragment}-{term.fragment}".lstrip("-"), term.label)
        else:
            rows.append(Row(key, term.label if term else key, tuple(_texts(value))))
    return Section(fragment, title, tuple(rows), tuple(sections))


def _below(value: Any, fragment: str, title: str) -> list[Section]:
    short = title.removeprefix("has ")
    if isinstance(value, list):
        return [
            _section(item, f"{fragment}-{place}", f"{_class_label(item, short)} {place}")
            for place, item in enumerate(value, 1)
            if isinstance(item, dict)
        ]
    return [_section(value, fragment, _class_label(value, short))]


def _class_label(node: Document, otherwise: str = "document") -> str:
    known = CLASSES.get(str(node.get("@type", "")))
    return known.label if known else otherwise


def _holds_nodes(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, dict) for item in value)
    )


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, dict):
        return [orjson.dumps(value).decode()]
    return [str(value)]
