"""The W3C test suite for SHACL Core, run against the engine we build on: no known failure."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from rdflib import RDF, SH, BNode, Graph, Literal, Namespace, Node, URIRef

from shacl.engine import compile_shapes

MF = Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
SHT = Namespace("http://www.w3.org/ns/shacl-test#")
CORE = Path(__file__).resolve().parents[3] / "shared" / "data" / "conformance" / "shacl" / "core"
CASES = sorted(
    file
    for file in CORE.glob("*/*.ttl")
    if file.name != "manifest.ttl" and "sht:Validate" in file.read_text(encoding="utf-8")
)
"""Files of data or shapes alone are named by the case that uses them."""

Finding = tuple[str, str, str]
"""Focus node, severity, constraint component; blank nodes are all alike."""


def test_the_suite_is_there(shared_data: Path):
    assert len(CASES) > 90


@pytest.mark.parametrize("case", CASES, ids=[f"{c.parent.name}/{c.stem}" for c in CASES])
def test_case(case: Path):
    graph = Graph().parse(case, publicID=case.as_uri())
    entry = graph.value(predicate=RDF.type, object=SHT.Validate)
    assert entry is not None
    action, result = graph.value(entry, MF.action), graph.value(entry, MF.result)
    data = _text(graph.value(action, SHT.dataGraph), case)
    shapes = _text(graph.value(action, SHT.shapesGraph), case)
    if result == SHT.Failure:
        with pytest.raises(ValueError):
            compile_shapes(shapes).validate_text(data, "turtle")
        return
    outcome = compile_shapes(shapes).validate_text(data, "turtle")
    found = Counter(
        (_plain(each.focus_node), each.severity, each.component) for each in outcome.results
    )
    assert found == _expected(graph, result)


def _text(named: Node | None, case: Path) -> str:
    """The Turtle of a graph as it is in its file: rdflib would normalise literals."""
    file = case if str(named) == case.as_uri() else case.parent / Path(str(named)).name
    return file.read_text(encoding="utf-8")


def _expected(graph: Graph, report: Node | None) -> Counter[Finding]:
    found: Counter[Finding] = Counter()
    for result in graph.objects(report, SH.result):
        focus = graph.value(result, SH.focusNode)
        assert focus is not None
        text = focus.n3() if isinstance(focus, URIRef | Literal | BNode) else str(focus)
        found[
            _plain(text),
            str(graph.value(result, SH.resultSeverity)).partition("#")[2],
            str(graph.value(result, SH.sourceConstraintComponent)).partition("#")[2],
        ] += 1
    return found


def _plain(term: str) -> str:
    return (
        "_:"
        if term.startswith("_:")
        else term.replace("^^<http://www.w3.org/2001/XMLSchema#string>", "")
    )
