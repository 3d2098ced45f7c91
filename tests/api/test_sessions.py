"""Signing in with a browser: cookies, their end, and where a form may come from."""

from __future__ import annotations

import pytest

from api.security import Tokens, Unauthenticated
from api.sessions import LIFETIME_S, MOST, Sessions
from tests.api.conftest import BASE, Browser, Repository

FORM = {"origin": BASE, "content-type": "application/x-www-form-urlencoded"}


class Clock:
    """A clock that tests set."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def tokens(tmp_path):
    return Tokens(tmp_path)


def test_a_session_ends_with_its_time_its_token_and_by_signing_out(tokens):
    clock = Clock()
    sessions = Sessions(tokens, clock)
    text = tokens.create("anna", ("curator",))
    one, other, third = (sessions.begin(text) for _ in range(3))
    assert len({one, other, third}) == 3
    session = sessions.find(one)
    assert session is not None
    assert session.token.name == "anna"
    sessions.end(one)
    assert sessions.find(one) is None
    clock.now += LIFETIME_S - 1
    assert sessions.find(other) is not None
    clock.now += 1
    assert sessions.find(other) is None
    clock.now -= LIFETIME_S
    tokens.revoke("anna")
    assert sessions.find(third) is None


def test_rights_are_those_that_the_token_has_now(tokens):
    sessions = Sessions(tokens)
    cookie = sessions.begin(tokens.create("anna", ("curator",)))
    tokens.revoke("anna")
    tokens.create("anna", ("admin",))  # another token of the same name is another token
    assert sessions.find(cookie) is None


def test_a_wrong_token_begins_nothing_and_no_cookie_is_nobody(tokens):
    sessions = Sessions(tokens)
    with pytest.raises(Unauthenticated):
        sessions.begin("fdo_wrong")
    for value in (None, "", "x", "é" * 100):
        assert sessions.find(value) is None


def test_the_oldest_session_makes_room(tokens):
    sessions = Sessions(tokens)
    text = tokens.create("anna", ("curator",))
    first, second = sessions.begin(text), sessions.begin(text)
    for _ in range(MOST - 1):
        sessions.begin(text)
    assert sessions.find(first) is None
    assert sessions.find(second) is not None


def test_the_cookie_is_for_this_host_alone_and_no_script(repository: Repository):
    text = repository.tokens.create("anna", ("curator",))
    browser = Browser(repository.app())
    answer = browser.request("POST", "/sign-in", data={"token": text}, headers={"origin": BASE})
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-collectome=")
    for part in ("HttpOnly", "Path=/", "SameSite=strict", "Secure"):
        assert part in cookie
    assert text not in cookie
    headers = {"cookie": cookie.partition(";")[0]}
    page = browser.get("/sign-in", headers=headers)
    assert "signed in as <strong>anna</strong>" in page.text
    assert page.headers["cache-control"] == "no-store"


def test_over_plain_http_the_cookie_can_still_be_sent_back(repository: Repository):
    text = repository.tokens.create("anna", ("curator",))
    browser = Browser(repository.app(public_base="http://127.0.0.1:8000"))
    answer = browser.request("POST", "/sign-in", data={"token": text})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("collectome-session=")
    assert "Secure" not in cookie


@pytest.mark.parametrize(
    "following",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "",
     "/ok\r\nSet-Cookie: a=b", "review", "/é"],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(repository: Repository, following: str):
    text = repository.tokens.create("anna", ("curator",))
    answer = Browser(repository.app()).request(
        "POST", "/sign-in", data={"token": text, "next": following}, headers={"origin": BASE}
    )
    assert answer.headers["location"] == "/review"


def test_a_wrong_token_is_told_and_sets_no_cookie(repository: Repository):
    browser = Browser(repository.app())
    answer = browser.request("POST", "/sign-in", data={"token": "fdo_x"}, headers={"origin": BASE})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "fdo_x" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"},
     {"sec-fetch-site": "same-site"}],
)  # fmt: skip
def test_a_form_of_another_site_signs_nobody_in(repository: Repository, headers):
    text = repository.tokens.create("anna", ("curator",))
    answer = Browser(repository.app()).request(
        "POST", "/sign-in", data={"token": text}, headers=headers
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_signing_out_needs_the_secret_of_the_session(repository: Repository):
    text = repository.tokens.create("anna", ("curator",))
    app = repository.app()
    browser = Browser(app)
    answer = browser.request("POST", "/sign-in", data={"token": text}, headers={"origin": BASE})
    headers = {"cookie": answer.headers["set-cookie"].partition(";")[0], "origin": BASE}
    page = browser.get("/sign-in", headers=headers).text
    secret = page.partition('name="csrf" value="')[2].partition('"')[0]
    refused = browser.request("POST", "/sign-out", data={"csrf": "x"}, headers=headers)
    assert refused.status_code == 403
    assert "signed in as" in browser.get("/sign-in", headers=headers).text
    gone = browser.request("POST", "/sign-out", data={"csrf": secret}, headers=headers)
    assert gone.status_code == 303
    assert "signed in as" not in browser.get("/sign-in", headers=headers).text
