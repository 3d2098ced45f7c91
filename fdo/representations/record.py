"""The FDO record as N-Triples: attributes in the words of `col:`.

>>> record_triples("https://doi.org/10.5072/AAA-BBB-CCC", {"pidStatus": "ACTIVE"})
['<https://doi.org/10.5072/AAA-BBB-CCC> <urn:collectome:vocab:pidStatus> "ACTIVE" .\\n']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fdo.representations.lexical import XSD, is_date_time, is_iri, quoted
from ontologies.terms import TERMS, Kind


def record_triples(pid_iri: str, values: Mapping[str, Any]) -> list[str]:
    """One line for each value; keys are local names of `col:`, lists give several lines."""
    lines = []
    for name, value in values.items():
        term = TERMS[f"col:{name}"]
        for item in value if isinstance(value, list) else (value,):
            lines.append(f"<{pid_iri}> <{term.iri}> {_object(term.kind, item)} .\n")
    return lines


def _object(kind: Kind, value: Any) -> str:
    if isinstance(value, bool):
        return f'"{str(value).lower()}"^^<{XSD}boolean>'
    if isinstance(value, int):
        return f'"{value}"^^<{XSD}integer>'
    text = str(value)
    if kind is Kind.IRI and is_iri(text):
        return f"<{text}>"
    if kind is Kind.DATETIME and is_date_time(text):
        return f'"{text}"^^<{XSD}dateTime>'
    return quoted(text)
