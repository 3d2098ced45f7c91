"""The first rows of an answer, in a shape that a page can show.

A page shows a thousand rows at most and says so; the rest is never evaluated, because solutions
are drawn one by one.
"""

from __future__ import annotations

import itertools
from typing import Any

import orjson
from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    serialize,
)

_STRING = "http://www.w3.org/2001/XMLSchema#string"


def preview(
    result: QuerySolutions | QueryTriples | QueryBoolean, rows: int, prefixes: dict[str, str]
) -> bytes:
    """JSON: kind, the first rows (or triples as Turtle), and whether there are `more`."""
    if isinstance(result, QueryBoolean):
        return orjson.dumps({"kind": "boolean", "answer": bool(result), "more": False})
    if isinstance(result, QueryTriples):
        triples = list(itertools.islice(result, rows + 1))
        text = serialize(triples[:rows], format=RdfFormat.TURTLE, prefixes=prefixes)
        return orjson.dumps(
            {
                "kind": "triples",
                "turtle": (text or b"").decode(),
                "count": len(triples[:rows]),
                "more": len(triples) > rows,
            }
        )
    names = [variable.value for variable in result.variables]
    solutions = list(itertools.islice(result, rows + 1))
    return orjson.dumps(
        {
            "kind": "bindings",
            "vars": names,
            "rows": [[_cell(s[name]) for name in names] for s in solutions[:rows]],
            "more": len(solutions) > rows,
        }
    )


def _cell(term: object) -> dict[str, Any] | None:
    """A term as in SPARQL 1.1 Query Results JSON §3.2.2; `None` where nothing is bound."""
    match term:
        case None:
            return None
        case NamedNode(value=iri):
            return {"type": "uri", "value": iri}
        case BlankNode(value=label):
            return {"type": "bnode", "value": label}
        case Literal():
            cell: dict[str, Any] = {"type": "literal", "value": term.value}
            if term.language:
                cell["xml:lang"] = term.language
            elif term.datatype.value != _STRING:
                cell["datatype"] = term.datatype.value
            return cell
        case _:  # an RDF 1.2 triple term
            return {"type": "literal", "value": str(term)}
