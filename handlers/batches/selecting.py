"""Objects that a search or a query finds, as far as one batch takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from eventstore.log import Log
from fdo.documents import Document
from fdo.errors import InvalidDocument, InvalidIdentifier
from fdo.identifiers import Pid
from handlers.batches.naming import Look
from handlers.projections.search import Search, SearchQuery

_PAGE = 1_000
_ALIKE = 50
"""Hits among which the bearer of a number is looked for."""


def searched(search: Search, parameters: Mapping[str, Any]) -> Iterator[str]:
    """PIDs (text) of the specimens that a search finds; the parameters are those of /api/search."""
    query = SearchQuery.parse(
        {name: [str(one) for one in _listed(value)] for name, value in parameters.items()}
    )
    cursor: str | None = None
    while True:
        page = search.find(query, cursor, _PAGE)
        yield from (hit.pid for hit in page.hits)
        cursor = page.next_cursor
        if cursor is None:
            return


def answered(results: bytes) -> Iterator[str]:
    """PIDs (text) in the first column of an answer (SPARQL 1.1 Query Results JSON)."""
    found = orjson.loads(results)
    names: Sequence[str] = found.get("head", {}).get("vars", ())
    if not names:
        raise InvalidDocument(
            "The query gives no table; write SELECT, with the objects in the first column.",
            [("/query/sparql", "SELECT is expected")],
        )
    for row in found["results"]["bindings"]:
        value = row.get(names[0], {}).get("value", "")
        try:
            yield str(Pid.parse(value))
        except InvalidIdentifier as wrong:
            raise InvalidDocument(
                f"The first column of the answer, ?{names[0]}, holds {value!r:.200}, which is no "
                "object of this repository.",
                [("/query/sparql", "the first column holds PIDs")],
            ) from wrong


def look_in(search: Search, log: Log) -> Look:
    """Finds specimens by a number that they bear, catalogue numbers among them."""

    def look(number: str) -> Iterator[str]:
        page = search.find(SearchQuery.parse({"number": [number]}), None, _ALIKE)
        for hit in page.hits:
            if number in _numbers(log.latest(Pid.parse(hit.pid)).document):
                yield hit.pid

    return look


def _numbers(document: Document) -> set[str]:
    found = {str(document.get("ods:physicalSpecimenID", ""))}
    for node in document.get("ods:hasIdentifiers", ()):
        found.add(str(node.get("dcterms:identifier", "")))
    return found


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
