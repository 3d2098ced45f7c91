"""The running server under the questions of schemathesis: described answers, no failures.

Each operation of /openapi.json is asked a few drawn requests; whoever writes has no token here.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from tests.scenarios.program import Server

PROBLEM = "application/problem+json"
PROTOCOLS = ("/doip", "/api/handles")
"""Paths whose refusals have the form of their own protocol."""
WRITES = {"post", "put", "patch", "delete"}
READ_BY_POST = ("/sparql", "/oai", "/similar")
"""Paths that take long questions, or an image, in a body."""


@pytest.fixture(scope="module")
def operations(demo: Server) -> list[Any]:
    """The operations that the server describes."""
    schema = schemathesis.openapi.from_url(f"{demo.base}/openapi.json")
    ending = schema.exclude(path="/changes/live")  # it answers until the client leaves
    return [found.ok() for found in ending.get_all_operations()]


def asked(case: Any, demo: Server) -> Any:
    """The answer to one drawn request, which is never a fault of the server's."""
    answer = case.call(base_url=demo.base, timeout=30)
    assert answer.status_code < 500, (case.method, answer.url, answer.text)
    if answer.status_code >= 400 and case.method != "HEAD" and not case.path.startswith(PROTOCOLS):
        kind = answer.headers["content-type"][0]
        assert kind.startswith(PROBLEM), (case.method, answer.url, kind)
        assert answer.json()["status"] == answer.status_code
        assert answer.json()["detail"]
    return answer


def test_no_read_fails_and_every_refusal_is_a_problem(demo, operations):
    reads = [each for each in operations if each.method.lower() not in WRITES]
    assert len(reads) > 20
    for operation in reads:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=5,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            asked(case, demo)

        ask()


def test_every_write_asks_for_a_token_first(demo, operations):
    writes = [each for each in operations if each.method.lower() in WRITES]
    writes = [each for each in writes if not each.path.startswith((*READ_BY_POST, *PROTOCOLS))]
    assert writes
    before = demo.client.get("/api/ingest").json()
    for operation in writes:

        @given(case=operation.as_strategy())
        @settings(
            max_examples=3,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            case.headers.pop("Authorization", None)
            assert asked(case, demo).status_code == 401

        ask()
    assert demo.client.get("/api/ingest").json() == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404), ("GET", "/10.5072/nothing", 404), ("DELETE", "/", 405),
        ("GET", "/10.5072/AAA-AAA-AAA/7", 404), ("GET", "/api/search?planet=Mars", 400),
        ("GET", "/api/search?limit=0", 400), ("POST", "/api/search", 405),
        ("GET", "/sparql?query=SELEC", 400), ("PUT", "/sparql", 405),
        ("GET", "/api/search?as-of=2999-01-01", 400), ("GET", "/static/none.css", 404),
    ],
)  # fmt: skip
def test_every_way_of_being_wrong_is_a_problem(demo, method, path, status):
    answer = demo.client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    body = answer.json()
    assert body["status"] == status
    explained = demo.client.get(body["type"])
    assert explained.status_code == 200, body


@pytest.mark.parametrize("form", ["update", "body"])
def test_an_update_is_refused_and_changes_nothing(demo, form):
    update = "INSERT DATA { <urn:x> <urn:y> <urn:z> }"
    if form == "update":
        answer = demo.client.post("/sparql", data={"update": update})
    else:
        kind = {"content-type": "application/sparql-update"}
        answer = demo.client.post("/sparql", content=update, headers=kind)
    assert answer.status_code in (400, 403, 405, 415)
    assert answer.headers["content-type"] == PROBLEM
    assert demo.rows("SELECT * WHERE { <urn:x> ?p ?o }") == []
