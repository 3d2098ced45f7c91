"""Say how well one document keeps our shapes: what is wrong, where, and the next step.

A report is a pure function of the document's triples, so it can be derived again at any time
and is the same. Only triples whose predicate a shape names go to the engine: the others cannot
change its verdict, and reading them is most of its work.

>>> report = validate(triples(document), "specimen")      # doctest: +SKIP
>>> [(each.severity, each.shape) for each in report.results]      # doctest: +SKIP
[('Warning', 'urn:collectome:shape:georeference-datum')]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

import pyoxigraph

from ontologies.terms import PREFIXES, TERMS, shrink
from shacl.engine import Finding, compiled, shapes_text

Severity = Literal["Violation", "Warning", "Info"]

SHAPED = ("specimen", "media")
"""The object types that have shapes; all others conform."""

SHAPE = "urn:collectome:shape:"
"""The namespace of our shapes."""

RECORDED_YEAR = f"{PREFIXES['col']}recordedYear"
"""The year in which a version was made, as a number: for shapes that compare years with it."""


@dataclass(frozen=True, slots=True)
class Result:
    """One thing to say about a document (SHACL 3.6.2, sh:ValidationResult)."""

    shape: str
    """IRI of the shape that speaks, one per rule."""
    path: str | None
    """The property path, in CURIEs: `dwc:decimalLatitude`, `(ods:hasEvents/dwc:year)`."""
    severity: Severity
    message: str
    focus: str
    """IRI of the node spoken of: the object, or a fragment of it."""
    value: str | None
    component: str
    """Local name of the constraint component, `MinCountConstraintComponent`."""


@dataclass(frozen=True, slots=True)
class Report:
    """All results of one document, in a fixed order; it conforms without a Violation."""

    conforms: bool
    results: tuple[Result, ...]


CONFORMS = Report(True, ())
"""Nothing to say."""

_RANK = {"Violation": 0, "Warning": 1, "Info": 2}


def validate(lines: Sequence[str], kind: str) -> Report:
    """The report of one document, given as N-Triples lines, by the shapes of its object type."""
    if kind not in SHAPED:
        return CONFORMS
    outcome = compiled(kind).validate_text("".join(_relevant(lines, kind)), "ntriples")
    if not len(outcome):
        return CONFORMS
    return _report(outcome.results)


def validate_many(documents: Sequence[tuple[Sequence[str], str]], size: int = 100) -> list[Report]:
    """The reports of many documents, in their order; faster than one by one.

    Documents of one type share a data graph; a result belongs to the document whose IRI (the
    subject of its first line) its focus node bears before the fragment.
    """
    reports = [CONFORMS] * len(documents)
    for kind in SHAPED:
        places = [i for i, (lines, of) in enumerate(documents) if of == kind and lines]
        for start in range(0, len(places), size):
            part = places[start : start + size]
            for place, report in _shared(part, documents, kind):
                reports[place] = report
    return reports


def same_verdict(one: Sequence[str], other: Sequence[str], kind: str) -> bool:
    """Whether two versions that differ in these lines alone must have the same report.

    True only where nothing that a shape looks at differs. The stamps that change with every
    version, its number and its time, are judged by what the shapes ask of them: a number from
    1 on, the year, and a time not before that of creation, which the lines must hold. No result
    quotes a stamp that is as it should be, so equal reports are equal to the letter.
    """
    if kind not in SHAPED:
        return True
    return _judged(one, kind) == _judged(other, kind)


def _judged(lines: Sequence[str], kind: str) -> set[str]:
    kept, times = set[str](), dict[str, str]()
    for line in _relevant(lines, kind):
        _, predicate, rest = line.split(" ", 2)
        if predicate in _TIMES:
            times[predicate] = rest
        if predicate == _VERSION and _FROM_ONE(rest):
            kept.add("a version from 1 on")
        elif predicate != _MODIFIED or not _TIME(rest):
            kept.add(line)
    if times.get(_CREATED, "") > times.get(_MODIFIED, ""):  # a result would quote them
        kept.update(times.values())
    return kept


def _shared(
    places: Sequence[int], documents: Sequence[tuple[Sequence[str], str]], kind: str
) -> Iterable[tuple[int, Report]]:
    owners = {_object(documents[i][0][0][1:].partition(">")[0]): i for i in places}
    if len(owners) < len(places):  # the same object twice: its versions must not mix
        return [(i, validate(documents[i][0], kind)) for i in places]
    text = "".join(line for i in places for line in _relevant(documents[i][0], kind))
    outcome = compiled(kind).validate_text(text, "ntriples")
    found: dict[int, list[Finding]] = {}
    if len(outcome):
        for finding in outcome.results:
            owner = owners[_object(finding.focus_node.strip("<>"))]
            found.setdefault(owner, []).append(finding)
    return [(place, _report(findings)) for place, findings in found.items()]


def _object(iri: str) -> str:
    return iri.partition("#")[0]


def _report(findings: Iterable[Finding]) -> Report:
    results = tuple(sorted({_result(finding) for finding in findings}, key=_order))
    return Report(all(each.severity != "Violation" for each in results), results)


def _order(result: Result) -> tuple[int, str, str, str]:
    return _RANK[result.severity], result.shape, result.focus, result.value or ""


def _result(finding: Finding) -> Result:
    named = finding.source_shape or ""
    shape = named if not named.startswith("_:") else (finding.root_shape or "")
    return Result(
        shape=shape.strip("<>"),
        path=_path(finding.path) if finding.path else None,
        severity=cast("Severity", finding.severity),
        message=finding.message or f"{finding.component} is not kept.",
        focus=finding.focus_node.strip("<>"),
        value=finding.value_plain,
        component=finding.component,
    )


@cache
def _path(path: str) -> str:
    """The SPARQL property path with CURIEs in place of the IRIs that have one."""
    return re.sub(r"<([^>]*)>", lambda iri: shrink(iri[1]), path)


def _relevant(lines: Sequence[str], kind: str) -> list[str]:
    """The lines that can change the verdict, and the year in which the version was made."""
    wanted, types = _mentioned(kind)
    kept: list[str] = []
    for line in lines:
        subject, predicate, rest = line.split(" ", 2)
        if predicate in wanted:
            kept.append(line)
            if predicate == _MODIFIED and (year := _YEAR.match(rest)):
                kept.append(f'{subject} <{RECORDED_YEAR}> "{year[1]}"^^<{_INTEGER}> .\n')
        elif predicate == _TYPE and rest in types:
            kept.append(line)
    return kept


_MODIFIED = f"<{TERMS['dcterms:modified'].iri}>"
_CREATED = f"<{TERMS['dcterms:created'].iri}>"
_TIMES = (_CREATED, _MODIFIED)
_VERSION = f"<{TERMS['ods:version'].iri}>"
_FROM_ONE = re.compile(r'"[1-9]\d*"\^\^').match
_TIME = re.compile(r'"\d{4}-\d{2}-\d{2}T[\d:.]+Z"\^\^').match
_TYPE = f"<{TERMS['rdf:type'].iri}>"
_INTEGER = f"{PREFIXES['xsd']}integer"
_YEAR = re.compile(r'"(\d{4})-')


@cache
def _mentioned(kind: str) -> tuple[frozenset[str], frozenset[str]]:
    """Every IRI that the shapes mention (more than all predicates), and the same as objects."""
    quads = pyoxigraph.parse(shapes_text(kind), format=pyoxigraph.RdfFormat.TURTLE)
    named = {str(q.object) for q in quads if isinstance(q.object, pyoxigraph.NamedNode)}
    return frozenset(named - {_TYPE}), frozenset(f"{name} .\n" for name in named)
