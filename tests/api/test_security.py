"""Tokens and the headers that keep pages harmless."""

import stat
from datetime import UTC, datetime
from threading import Thread
from typing import Annotated

import orjson
import pytest
from fastapi import APIRouter, Depends

from api.app import create_app
from api.security import Token, Tokens, Unauthenticated, bearer, reader, require
from api.settings import Settings
from fdo.errors import InvalidIdentifier, Refused, Unavailable
from tests.api.conftest import BASE, Browser
from tests.api.documents import a_specimen


def test_the_first_token_is_made_once_and_may_do_everything(tmp_path):
    tokens = Tokens(tmp_path)
    text = tokens.first()
    assert text is not None
    assert tokens.first() is None
    assert all(tokens.check(text).may(role) for role in ("admin", "curator", "agent"))


def test_the_file_holds_no_token_and_is_for_its_owner_only(tmp_path):
    text = Tokens(tmp_path).create("curator-1", ("curator",))
    file = tmp_path / "tokens.json"
    assert text not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_token_made_by_another_process_is_known_at_once(tmp_path):
    server, command = Tokens(tmp_path), Tokens(tmp_path)
    server.first()
    server.all()
    text = command.create("robot", ("agent",))
    assert server.check(text).name == "robot"
    assert command.revoke("robot")
    with pytest.raises(Unauthenticated):
        server.check(text)


def test_a_revoked_token_is_not_brought_back_by_one_made_meanwhile(tmp_path):
    revoking = Thread(target=lambda: Tokens(tmp_path).revoke("old"))

    class Slow(Tokens):
        def _write(self, tokens):
            revoking.start()
            revoking.join(0.1)
            super()._write(tokens)

    Tokens(tmp_path).create("old", ("curator",))
    Slow(tmp_path).create("new", ("agent",))
    revoking.join()
    assert [token.name for token in Tokens(tmp_path).all()] == ["new"]


@pytest.mark.parametrize("content", [b"{", b"[1]", b'[{"name": "ann"}]', b"\xff"])
def test_a_damaged_file_of_tokens_is_told_and_lets_nobody_in(tmp_path, content):
    tokens = Tokens(tmp_path)
    text = tokens.create("ann", ("admin",))
    (tmp_path / "tokens.json").write_bytes(content)
    with pytest.raises(Unavailable, match="from a backup"):
        tokens.check(text)
    assert tokens.first() is None, "what there was is not written over"
    with pytest.raises(Unavailable):
        tokens.create("bob", ("agent",))
    assert (tmp_path / "tokens.json").read_bytes() == content


def test_an_expired_token_is_refused(tmp_path):
    tokens = Tokens(tmp_path)
    with pytest.raises(Unauthenticated):
        tokens.check(tokens.create("late", ("agent",), days=0))
    assert Token("x", "", ("agent",), "", "2026-01-01T00:00:00+00:00").expired(datetime.now(UTC))


def test_names_are_unique_and_roles_are_known(tmp_path):
    tokens = Tokens(tmp_path)
    tokens.create("one", ("agent",))
    for name, roles in (("one", ("agent",)), ("two", ("king",)), ("a b", ("agent",))):
        with pytest.raises(Refused):
            tokens.create(name, roles)


def test_a_header_without_a_bearer_token_is_refused(tmp_path):
    tokens = Tokens(tmp_path)
    assert bearer(None, tokens) is None
    for header in ("Basic eDp5", "Bearer", "Bearer ", "fdo_x"):
        with pytest.raises(Unauthenticated):
            bearer(header, tokens)


def test_who_only_reads_needs_no_good_token(tmp_path):
    tokens = Tokens(tmp_path)
    known = reader(f"Bearer {tokens.create('ann', ('curator',))}", tokens)
    assert known is not None and known.name == "ann"
    late = tokens.create("late", ("curator",), days=0)
    for header in (None, "Basic eDp5", "Bearer fdo_x", f"Bearer {late}"):
        assert reader(header, tokens) is None


@pytest.fixture
def guarded(repository):
    """An application with one route for curators."""
    router = APIRouter()

    @router.post("/write")
    def write(by: Annotated[Token, Depends(require("curator"))]) -> dict[str, str]:
        return {"by": by.agent.id}

    settings = Settings(data=repository.folder, public_base=BASE)
    app = create_app(settings, repository.objects, tokens=repository.tokens, routers=[router])
    return Browser(app)


def test_writing_needs_a_token_with_the_role(repository, guarded):
    def write(**headers):
        return guarded.request("POST", "/write", headers=headers)

    without = write()
    assert (without.status_code, without.headers["content-type"]) == (
        401,
        "application/problem+json",
    )
    assert without.headers["www-authenticate"].startswith("Bearer")
    robot = repository.tokens.create("robot", ("agent",))
    refused = write(authorization=f"Bearer {robot}")
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    curator = repository.tokens.create("ann", ("curator",))
    assert write(authorization=f"Bearer {curator}").json() == {"by": "urn:collectome:agent:ann"}


def test_a_body_that_is_too_large_is_refused_announced_or_not(repository):
    router = APIRouter()

    @router.post("/echo")
    def echo(body: dict[str, str]) -> dict[str, str]:
        return body

    settings = Settings(data=repository.folder, public_base=BASE, body_limit_kb=16)
    app = create_app(settings, repository.objects, tokens=repository.tokens, routers=[router])
    browser = Browser(app)
    large = b'{"a": "' + b"x" * 20_000 + b'"}'
    announced = browser.request("POST", "/echo", content=large)
    assert announced.status_code == 413
    assert announced.json()["type"] == f"{BASE}/problems/too-large"

    async def pieces():
        for start in range(0, len(large), 1000):
            yield large[start : start + 1000]

    assert browser.request("POST", "/echo", content=pieces()).status_code in (400, 413)
    assert browser.request("POST", "/echo", json={"a": "b"}).json() == {"a": "b"}


@pytest.mark.parametrize(
    "path", ["/", "/vocab", "/nowhere", "/openapi.json", "/static/collectome.css"]
)
def test_every_answer_bears_the_headers_that_keep_pages_harmless(browse, path):
    headers = browse().get(path, accept="text/html,*/*").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["referrer-policy"]


@pytest.mark.parametrize("tail", ["", "/1", "/history", "/versions", "/conformance", "/9"])
def test_pages_of_objects_bear_them_too(repository, browse, tail):
    pid = repository.register("specimen", a_specimen())
    for accept in ("text/html", "application/json"):
        headers = browse().get(f"/{pid}{tail}", accept=accept).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["referrer-policy"]


def test_a_token_keeps_its_limits_and_speaks_for_its_service(tmp_path):
    limits = {
        "scopes": ("motivation:commenting",),
        "quotas": ("10/minute",),
        "service": "hdl:20.5000.5072/aaa-bbb-ccc",
    }
    text = Tokens(tmp_path).create("ocr", ("agent",), organisation="https://ror.org/1", **limits)
    token = Tokens(tmp_path).check(text)
    assert token.scope.motivations == {"commenting"}
    assert [quota.most for quota in token.limits] == [10]
    assert token.agent.id == "https://hdl.handle.net/20.5000.5072/AAA-BBB-CCC"


def test_a_file_of_tokens_from_before_there_were_limits_is_read(tmp_path):
    row = {"name": "old", "digest": "", "roles": ["agent"], "created": "", "expires": None,
           "organisation": None}  # fmt: skip
    (tmp_path / "tokens.json").write_bytes(orjson.dumps([row]))
    (token,) = Tokens(tmp_path).all()
    assert token.roles == ("agent",) and token.limits == () and not token.scope.motivations


@pytest.mark.parametrize(
    "limits", [{"scopes": ("all",)}, {"quotas": ("many",)}, {"service": "ocr"}]
)
def test_limits_that_are_none_make_no_token(tmp_path, limits):
    with pytest.raises((Refused, InvalidIdentifier)):
        Tokens(tmp_path).create("ocr", ("agent",), **limits)
    assert Tokens(tmp_path).all() == ()
