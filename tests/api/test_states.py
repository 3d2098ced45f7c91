"""Who follows the name of a state is led to where it can be asked."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.conftest import BASE, Repository
from tests.api.documents import a_specimen


@pytest.fixture
def three(repository: Repository) -> Repository:
    """Three events, on 1, 2 and 3 March 2026."""
    for number in range(3):
        repository.register("specimen", a_specimen(f"DH-{number}"))
    return repository


@pytest.mark.parametrize(("moment", "event"), [("2", "2"), ("2026-03-02", "2"), ("0", "0")])
def test_a_state_leads_to_the_endpoint_at_its_event(three, browse, moment, event) -> None:
    response = browse().get(f"/at/{moment}")
    assert response.status_code == 303
    assert response.headers["location"] == f"{BASE}/sparql?as-of={event}"


def test_a_difference_leads_to_its_triples(three, browse) -> None:
    response = browse().get("/delta/2026-03-01/3/added")
    assert response.status_code == 303
    (query,) = parse_qs(urlsplit(response.headers["location"]).query)["query"]
    assert query.startswith("CONSTRUCT")
    assert f"GRAPH <{BASE}/delta/1/3/added>" in query


@pytest.mark.parametrize(("path", "wrong"), [("soon/3", "start"), ("1/9999", "end")])
def test_the_end_that_is_no_moment_is_named(three, browse, path, wrong) -> None:
    assert browse().get(f"/delta/{path}/added").json()["parameter"] == wrong


@pytest.mark.parametrize(
    "path", ["/at/soon", "/at/9999", "/delta/3/1/added", "/delta/1/9999/added"]
)
def test_what_names_no_state_is_refused(three, browse, path) -> None:
    response = browse().get(path)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


def test_a_difference_has_two_sides(three, browse) -> None:
    assert browse().get("/delta/1/2/changed").status_code == 422
