"""Every refusal has one form, and its type is a page that explains it."""

from __future__ import annotations

import pytest
from fastapi import APIRouter

from api.app import create_app
from api.problems import KINDS, SLUGS, wants_page
from api.settings import Settings
from fdo import errors
from tests.api.conftest import BASE, Browser


def _every_error():
    pending, found = [errors.CollectomeError], []
    while pending:
        kind = pending.pop()
        pending += kind.__subclasses__()
        if kind.__module__ == "fdo.errors" and kind is not errors.CollectomeError:
            found.append(kind)
    return found


@pytest.mark.parametrize("kind", _every_error(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_domain_has_a_type_of_problem(kind):
    assert KINDS[SLUGS[kind]].status >= 400


@pytest.fixture
def failing(repository):
    """An application whose routes refuse in every way."""
    router = APIRouter()

    @router.get("/raise/{name}")
    def refuse(name: str) -> None:
        kind = {one.__name__: one for one in SLUGS}[name]
        told = {"InvalidQuery": ("q", "Because."), "Preparing": ("42", 0.5)}
        raise kind(*told.get(name, ("Because.",)))

    @router.get("/crash")
    def crash() -> None:
        raise RuntimeError("the inside of the server")

    @router.get("/number")
    def number(n: int) -> int:
        return n

    @router.post("/words")
    def words(body: dict[str, str]) -> dict[str, str]:
        return body

    settings = Settings(data=repository.folder, public_base=BASE)
    return Browser(create_app(settings, repository.objects, routers=[router]))


@pytest.mark.parametrize("kind", SLUGS, ids=lambda kind: kind.__name__)
def test_an_error_becomes_a_problem_with_a_type_that_resolves(failing, kind):
    answer = failing.get(f"/raise/{kind.__name__}")
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == body["status"] == KINDS[SLUGS[kind]].status
    assert "Because." in body["detail"] or kind.__name__ == "Preparing"  # it says how far it is
    assert body["title"] == KINDS[SLUGS[kind]].title
    explained = failing.get(body["type"], accept="application/json")
    assert explained.json()["type"] == body["type"]
    assert body["title"] in failing.get(body["type"], accept="text/html").text
    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_frameworks_own_refusals_take_the_same_form(failing):
    for method, path, status, slug in (
        ("GET", "/nowhere", 404, "not-found"),
        ("DELETE", "/health", 405, "method-not-allowed"),
        ("GET", "/number?n=x", 422, "invalid-request"),
        ("GET", "/static/nothing.css", 404, "not-found"),
        ("GET", "/10.5072/abc", 404, "not-found"),
    ):
        answer = failing.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == f"{BASE}/problems/{slug}"
        assert len(answer.json()["detail"]) > 20
        assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert failing.get("/number?n=x").json()["errors"][0]["place"] == "query.n"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/health", "GET, HEAD"),
        ("PUT", "/annotations/batches", "GET, HEAD, POST"),
        ("POST", "/static/collectome.css", "GET, HEAD"),
    ],
)
def test_allow_names_the_methods_of_all_routes_of_an_address(failing, method, path, allowed):
    answer = failing.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert f"allowed: {allowed}." in answer.json()["detail"]


def test_a_body_of_another_type_is_told_apart_from_one_that_is_wrong(failing):
    answer = failing.request("POST", "/words", content="a=b", headers={"content-type": "text/x"})
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
    assert answer.json()["type"] == f"{BASE}/problems/unsupported-media-type"
    assert "text/x" in answer.json()["detail"] and "application/json" in answer.json()["detail"]
    assert failing.request("POST", "/words", content="a=b").status_code == 415
    for wrong in ({"json": ["a"]}, {"content": ""}):
        assert failing.request("POST", "/words", **wrong).status_code == 422
    assert failing.request("POST", "/words", json={"a": "b"}).json() == {"a": "b"}


def test_a_crash_tells_a_reference_and_nothing_of_the_inside(failing, caplog):
    answer = failing.get("/crash")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "inside" not in answer.text
    assert answer.json()["reference"] in caplog.text


def test_a_crash_of_the_query_endpoint_is_a_problem_too(repository, caplog):
    async def crash(scope, receive, send):
        raise RuntimeError("the inside of the server")

    settings = Settings(data=repository.folder, public_base=BASE)
    browser = Browser(create_app(settings, repository.objects, sparql=crash))
    answer = browser.get("/sparql?query=ASK%7B%7D")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["reference"] in caplog.text
    assert "inside" not in answer.text


def test_busy_says_when_to_come_back(failing):
    assert int(failing.get("/raise/Unavailable").headers["retry-after"]) > 0


def test_a_browser_is_shown_the_same_problem_as_a_page(failing):
    page = failing.get("/nowhere", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert KINDS["not-found"].title in page.text
    assert wants_page("text/html")
    assert not wants_page("application/json, text/html;q=0.5")
    assert not wants_page("*/*")


@pytest.mark.parametrize(
    "path",
    ["/api/search?nothing=1", "/api/statistics?by=nothing", "/api/export?format=x", "/10.5072/x",
     "/api/annotations?nothing=1", "/changes?since=x", "/sparql?query=x", "/catalogue?page=9"],
)  # fmt: skip
def test_a_page_of_another_origin_may_read_why_it_was_refused(browse, path):
    answer = browse().get(path, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code >= 400
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert "Retry-After" in answer.headers["access-control-expose-headers"]


def test_the_types_of_problem_are_listed(browse):
    assert {one["name"] for one in browse().get("/problems").json()} == set(KINDS)


@pytest.mark.parametrize("name", ["as-of", "observed-at", "dataset"])
def test_counts_of_now_are_not_given_to_who_asks_for_a_moment(browse, name):
    refused = browse().get(f"/api/conformance?{name}=1")
    assert refused.status_code == 400
    assert refused.json()["parameter"] == name
