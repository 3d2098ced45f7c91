"""W3C SPARQL 1.1 Query and result-format tests, over HTTP, one test an entry."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pyoxigraph import RdfFormat

from tests.conformance.conftest import SUITE_BASE, Workbench
from tests.conformance.solutions import expected, of_results, of_triples
from tests.conformance.sparql_manifest import QueryTest, query_tests

pytestmark = pytest.mark.slow  # each is quick, all together are not

GROUPS = (
    "aggregates", "bind", "bindings", "cast", "construct", "csv-tsv-res", "exists", "functions",
    "grouping", "json-res", "negation", "project-expression", "property-path", "subquery",
    "syntax-query",
)  # fmt: skip
_LANGUAGE = "the engine keeps the language of equal tags in GROUP_CONCAT; SPARQL 1.1 gives none"
_PATH = "the engine does not match a zero-length path from a term that is not in the graph"
_GRAPH = "inside GRAPH ?g the engine binds ?g too late for a nested "
_LEXICAL = "the store keeps values, not spellings: a number is written anew, in its basic type"
ENGINE_FAILURES = {
    "aggregates/agg-empty-group-count-graph": _GRAPH + "aggregate",
    "aggregates/agg-groupconcat-04": _LANGUAGE,
    "aggregates/agg-groupconcat-06": _LANGUAGE,
    "bindings/graph": _GRAPH + "VALUES",
    "csv-tsv-res/csv03": _LEXICAL,
    "csv-tsv-res/tsv03": _LEXICAL,
    "functions/bnode01": "BNODE(text) gives another blank node each time within one solution",
    "negation/graph-minus": _GRAPH + "MINUS",
    "property-path/zero_or_more_set_end": _PATH,
    "property-path/zero_or_more_set_start": _PATH,
    "property-path/zero_or_one_set_end": _PATH,
    "property-path/zero_or_one_set_start": _PATH,
}
"""What the engine itself does otherwise than the standard; the rest of the suite passes."""
TESTS = [test for group in GROUPS for test in query_tests(group)]
EVALUATIONS = [t for t in TESTS if t.kind in ("QueryEvaluationTest", "CSVResultFormatTest")]
GOOD_SYNTAX = [t for t in TESTS if t.kind == "PositiveSyntaxTest11"]
BAD_SYNTAX = [t for t in TESTS if t.kind == "NegativeSyntaxTest11"]
TYPES = {
    ".csv": "text/csv",
    ".srj": "application/sparql-results+json",
    ".srx": "application/sparql-results+xml",
    ".tsv": "text/tab-separated-values",
    ".ttl": "text/turtle, application/sparql-results+xml;q=0.5",
}


def _ask(workbench: Workbench, test: QueryTest, accept: str) -> httpx.Response:
    return workbench.client.post(
        workbench.served.endpoint,
        content=test.query.read_bytes(),
        headers={"content-type": "application/sparql-query", "accept": accept},
    )


def test_the_query_suite_has_all_its_entries(suite: Any) -> None:
    assert (len(EVALUATIONS), len(GOOD_SYNTAX), len(BAD_SYNTAX)) == (235, 63, 40)


def _known(test: QueryTest) -> Any:
    """A known failure must fail: one that passes is to be taken off the list."""
    reason = ENGINE_FAILURES.get(test.name)
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(test, id=test.name, marks=marks)


@pytest.mark.parametrize("test", [_known(test) for test in EVALUATIONS])
def test_w3c_query_evaluation(workbench: Workbench, test: QueryTest) -> None:
    assert test.result is not None
    named = {SUITE_BASE + file.name: [file] for file in test.named}
    workbench.store.replace(list(test.default), named, SUITE_BASE)
    response = _ask(workbench, test, TYPES[test.result.suffix])
    assert response.status_code == 200, response.text
    if response.headers["content-type"].startswith("text/turtle"):
        got = of_triples(response.content, RdfFormat.TURTLE, SUITE_BASE)
    else:
        suffix = ".srx" if test.result.suffix == ".ttl" else test.result.suffix
        got = of_results(response.content, suffix)
    assert got == expected(test.result, SUITE_BASE)


@pytest.mark.parametrize("test", GOOD_SYNTAX, ids=lambda test: test.name)
def test_w3c_good_syntax_is_answered(workbench: Workbench, test: QueryTest) -> None:
    response = _ask(workbench, test, "*/*")
    if b"SERVICE" in test.query.read_bytes():
        assert response.status_code == 403
    elif response.status_code != 200:  # good syntax that calls a function nobody knows
        assert response.json()["type"].endswith("/problems/query-unsupported")


@pytest.mark.parametrize("test", BAD_SYNTAX, ids=lambda test: test.name)
def test_w3c_bad_syntax_is_refused(workbench: Workbench, test: QueryTest) -> None:
    response = _ask(workbench, test, "*/*")
    assert response.status_code in (400, 403), response.text
