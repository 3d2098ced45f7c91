"""Candidates for a batch, from the graph: objects that bear certain values at certain terms.

Each condition is one property path; the graph answers from its newest published copy, lazily, so
that who stops after a page has paid for a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pyoxigraph import QuerySolutions

from fdo.catalogue import OBJECT_TYPES
from fdo.errors import InvalidDocument, InvalidIdentifier
from fdo.identifiers import Pid
from fdo.representations.nquads import triples
from handlers.batches.expanding import Condition
from handlers.queries.checkpoint import NewestCopy
from ontologies.terms import DOCUMENT_TERMS, Kind, iri

_NUMBERS: Final = (Kind.INTEGER, Kind.DOUBLE)


class GraphFinder:
    """Asks the graph projection of a data folder; nothing is found before it is there."""

    def __init__(self, folder: Path) -> None:
        self._copy = NewestCopy(folder)

    def __call__(self, conditions: Sequence[Condition], kind: str) -> Iterator[Pid]:
        """Candidates; a document has to confirm each."""
        query = query_of(conditions, kind)
        self._copy.refresh()
        if self._copy.store is None:
            return
        answer = self._copy.store.query(query)
        assert isinstance(answer, QuerySolutions)
        for row in answer:
            try:
                yield Pid.parse(row["object"].value)
            except InvalidIdentifier:
                continue  # a node of a document that bears the type of an object


def query_of(conditions: Sequence[Condition], kind: str) -> str:
    """The query; InvalidDocument for a path with a term that no document has."""
    parts = [
        f"?object {_way(condition)} ?v{number} . VALUES ?v{number} {{ {_values(condition)} }}"
        for number, condition in enumerate(conditions)
    ]
    kind_iri = iri(OBJECT_TYPES[kind].rdf_type)
    return f"SELECT DISTINCT ?object WHERE {{ {' '.join(parts)} ?object a <{kind_iri}> }}"


def _way(condition: Condition) -> str:
    keys = [step for step in condition.pattern if isinstance(step, str)]
    for key in keys:
        if key not in DOCUMENT_TERMS:
            raise InvalidDocument(f"{key!r:.200} is no term of an object.")
    return "/".join(f"<{DOCUMENT_TERMS[key].iri}>" for key in keys)


def _values(condition: Condition) -> str:
    """The value as the graph may hold it."""
    key = condition.pattern[-1]
    assert isinstance(key, str)  # a condition ends at a term
    return " ".join(dict.fromkeys(_term(key, value) for value in _forms(key, condition.value)))


def _forms(key: str, value: Any) -> Iterator[Any]:
    """The value as JSON may say it: a number also as text, a text that is a number as one."""
    kind = DOCUMENT_TERMS[key].kind
    if isinstance(value, str) and kind in _NUMBERS:
        try:
            yield int(value) if kind is Kind.INTEGER else float(value)
        except ValueError:
            raise InvalidDocument(f"{key} is a number, not {value!r:.200}.") from None
    elif isinstance(value, str) and kind is Kind.BOOLEAN:
        yield value.lower() == "true"
    else:
        yield value
        if kind is Kind.LITERAL and not isinstance(value, str):
            yield str(value)


def _term(key: str, value: Any) -> str:
    """The value as the mapper writes it, so that the two never differ."""
    line = triples({"@id": "urn:collectome:batch", key: value})[-1]
    return line.split(" ", 2)[2].removesuffix(" .\n")
