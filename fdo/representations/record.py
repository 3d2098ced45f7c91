"""The FDO record as N-Triples: attributes in the words of `col:`.

>>> record_triples("https://doi.org/10.5072/AAA-BBB-CCC", {"pidStatus": "ACTIVE"})
['<https://doi.org/10.5072/AAA-BBB-CCC> <urn:collectome:vocab:pidStatus> "ACTIVE" .\\n']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from fdo.representations.lexical import XSD, is_date_time, is_iri, quoted
from ontologies.terms import TERMS, Kind, Term


def record_triples(pid_iri: str, values: Mapping[str, Any]) -> list[str]:
    """One line for each value; keys are names of attributes, lists give several lines."""
    lines = []
    for name, value in values.items():
        term = term_of(name)
        for item in value if isinstance(value, list) else (value,):
            lines.append(f"<{pid_iri}> <{term.iri}> {_object(term.kind, item)} .\n")
    return lines


_NAMES = {"0.FDO/Profile": "fdoProfileDefinition", "0.FDO/Type": "fdoTypeDefinition"}
"""Attributes whose names are no local names."""


def term_of(name: str) -> Term:
    """The term of an attribute in RDF."""
    return TERMS[f"col:{_NAMES.get(name, name)}"]


def _object(kind: Kind, value: Any) -> str:
    if isinstance(value, bool):
        return f'"{str(value).lower()}"^^<{XSD}boolean>'
    if isinstance(value, int):
        return f'"{value}"^^<{XSD}integer>'
    if isinstance(value, dict):
        return quoted(orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode())
    text = str(value)
    if kind is Kind.IRI and is_iri(text):
        return f"<{text}>"
    if kind is Kind.DATETIME and is_date_time(text):
        return f'"{text}"^^<{XSD}dateTime>'
    return quoted(text)
