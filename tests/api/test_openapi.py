"""The interface keeps its own description: schemathesis asks what OpenAPI promises."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.objects.reports import PARTS, REPORTS
from api.views import Views
from eventstore.follower import follow_once
from handlers.projections.annotations import Annotations, AnnotationsIndex
from handlers.projections.conformance import Conformance, ConformanceReader
from handlers.projections.holdings import Holdings, HoldingsReader
from handlers.projections.members import Members, MembersReader
from handlers.projections.search import Search, SearchIndex
from handlers.projections.terms import Terms, TermsReader
from handlers.projections.vectors import Vectors, VectorsReader
from tests.api.conftest import Repository
from tests.api.documents import a_specimen


@pytest.fixture(scope="module")
def described(tmp_path_factory):
    """The application over two specimens, with a search view, and its OpenAPI schema."""
    repository = Repository(tmp_path_factory.mktemp("described"))
    repository.register("specimen", a_specimen())
    gone = repository.register("specimen", a_specimen("DH-2"))
    repository.tombstone(gone, "Lost.")
    found, kept = repository.folder / "search.sqlite", repository.folder / "conformance.sqlite"
    changed = repository.folder / "terms.sqlite"
    paged = repository.folder / "members.sqlite"
    named = repository.folder / "holdings.sqlite"
    said = repository.folder / "annotations.sqlite"
    alike = repository.folder / "vectors.sqlite"
    projections = [
        SearchIndex(found), Conformance(kept), Members(paged), Terms(changed), Holdings(named),
        AnnotationsIndex(said), Vectors(alike),
    ]  # fmt: skip
    follow_once(repository.objects.log, projections)
    for projection in projections:
        projection.close()
    views = Views(
        search=Search(found), conformance=ConformanceReader(kept), members=MembersReader(paged),
        terms=TermsReader(changed), holdings=HoldingsReader(named),
        annotations=Annotations(said), vectors=VectorsReader(alike),
    )  # fmt: skip
    schema = schemathesis.openapi.from_asgi("/openapi.json", repository.app(views=views))
    yield schema.exclude(path="/changes/live")  # it answers until the client leaves
    repository.objects.close()


def test_answers_are_those_that_are_described(described):
    """The pytest plug-in of schemathesis does not run under pytest 9, so we loop ourselves.

    A value of the right form may still be refused: an event number in the future, words
    without a letter, another query's cursor.
    """
    asked = 0
    for result in described.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
        def ask(case):
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        ask()
        asked += 1
    assert asked > 20


def test_every_operation_names_the_problems_it_may_answer(browse):
    found = browse().get("/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    assert "/{prefix}/{suffix}" in found["paths"]
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            assert {"400", "404", "405", "406", "422", "500"} <= set(operation["responses"]), path
            assert ("415" in operation["responses"]) >= ("requestBody" in operation), path
            problem = operation["responses"]["500"]["content"]
            assert "application/problem+json" in problem, (method, path)


def test_what_is_answered_before_any_route_is_described_too(browse):
    paths = browse().get("/openapi.json").json()["paths"]
    assert {"get", "head", "post"} == set(paths["/sparql"])
    asked = paths["/sparql"]["get"]
    assert "application/sparql-results+json" in asked["responses"]["200"]["content"]
    assert {"403", "413", "429", "503", "504"} <= set(asked["responses"])
    for path in ("/sparql/examples", "/.well-known/void"):
        assert "text/turtle" in paths[path]["get"]["responses"]["200"]["content"]
    for tail in (*REPORTS, *(f"{{version}}/{part}" for part in PARTS)):
        assert f"/{{prefix}}/{{suffix}}/{tail}" in paths, tail
    record = paths["/{prefix}/{suffix}/record"]["get"]["responses"]["200"]["content"]
    assert {"text/html", "text/turtle", "application/n-triples"} <= set(record)


def test_every_route_has_a_summary(browse):
    for path, operations in browse().get("/openapi.json").json()["paths"].items():
        assert all(operation.get("summary") for operation in operations.values()), path
