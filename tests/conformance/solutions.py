"""Compares answers as the W3C suites mean it: rows in any order, blank nodes by structure.

An answer becomes a small RDF dataset (a node for each row, a triple for each binding), which is
canonicalised by RDFC-1.0; numbers are compared by value, since the engine writes them anew.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pyoxigraph import (
    BlankNode,
    CanonicalizationAlgorithm,
    Dataset,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    RdfFormat,
    parse,
    parse_query_results,
)

_XSD = "http://www.w3.org/2001/XMLSchema#"
_RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
_NUMBERS = {_XSD + name for name in ("integer", "decimal", "double", "float")}
_FORMS = {
    ".srj": QueryResultsFormat.JSON,
    ".srx": QueryResultsFormat.XML,
    ".tsv": QueryResultsFormat.TSV,
}

Comparable = bool | frozenset[str] | list[list[str]]


def of_results(raw: bytes, suffix: str) -> Comparable:
    """An answer in a results format, in comparable form."""
    if suffix == ".csv":
        # SELECT * leaves the order of columns open, so a row is a set of named cells.
        # CSV has blank nodes by label only, and labels are nobody's to compare.
        text = re.sub(r"_:\w+", "_:", raw.decode())
        rows = csv.DictReader(io.StringIO(text))
        return sorted(sorted(f"{name}={cell}" for name, cell in row.items()) for row in rows)
    found = parse_query_results(raw, format=_FORMS[suffix])
    if isinstance(found, QueryBoolean):
        return bool(found)
    names = [variable.value for variable in found.variables]
    quads = []
    for solution in found:
        row = BlankNode()
        quads.append(Quad(row, NamedNode("urn:row"), Literal("")))
        for name in names:
            if solution[name] is not None:
                quads.append(Quad(row, NamedNode(f"urn:var:{name}"), _by_value(solution[name])))
    return _canonical(quads)


def of_triples(raw: bytes, syntax: RdfFormat, base: str) -> Comparable:
    """Triples, in comparable form; a result set written in RDF is read as one."""
    quads = list(parse(raw, format=syntax, base_iri=base))
    if any(quad.predicate.value == _RS + "resultVariable" for quad in quads):
        return _result_set(quads)
    return _canonical([Quad(q.subject, q.predicate, _by_value(q.object)) for q in quads])


def expected(file: Path, base: str) -> Comparable:
    """The answer that the suite gives."""
    if file.suffix == ".ttl":
        return of_triples(file.read_bytes(), RdfFormat.TURTLE, base + file.name)
    return of_results(file.read_bytes(), file.suffix)


def _result_set(quads: list[Quad]) -> Comparable:
    values: dict[object, dict[str, object]] = {}
    for quad in quads:
        values.setdefault(quad.subject, {})[quad.predicate.value] = quad.object
    rows = [q.object for q in quads if q.predicate.value == _RS + "solution"]
    out = [Quad(row, NamedNode("urn:row"), Literal("")) for row in rows]
    for quad in quads:
        if quad.predicate.value == _RS + "binding":
            bound = values[quad.object]
            name = bound[_RS + "variable"].value  # type: ignore[attr-defined]
            value = _by_value(bound[_RS + "value"])
            out.append(Quad(quad.subject, NamedNode(f"urn:var:{name}"), value))
    return _canonical(out)


def _canonical(quads: list[Quad]) -> frozenset[str]:
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return frozenset(str(quad) for quad in dataset)


def _by_value(term: object) -> object:
    if isinstance(term, Literal) and term.datatype.value in _NUMBERS:
        with contextlib.suppress(InvalidOperation):
            number = Decimal(term.value).normalize()
            return Literal(format(number, "f"), datatype=term.datatype)
    if isinstance(term, Literal) and term.datatype.value == _XSD + "boolean":
        return Literal(term.value in ("1", "true"))
    return term
