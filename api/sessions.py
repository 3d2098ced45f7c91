"""Signing in with a browser: a token is pasted once, and a cookie stands for it for a working day.

The cookie holds 32 random bytes and nothing else; what it stands for is in the memory of the
server, which keeps only its SHA-256, so a restart signs everybody out. It is `HttpOnly` and
`SameSite=Strict` (RFC 6265bis, 4.1.2), and over HTTPS `Secure` with the prefix `__Host-`. A token
that is revoked or expires ends its sessions at once. Each form bears the session's own secret, and
comes from our own pages (OWASP, Cross-Site Request Forgery Prevention: token and origin).

    POST /sign-in     token=…&next=/review
    POST /sign-out
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.security import Forbidden, Token, Tokens, Unauthenticated

if TYPE_CHECKING:
    from api.site import Site

LIFETIME_S = 8 * 3600
MOST = 1_000
"""Sessions at once; the oldest goes when there is one more."""
FIELDS = 2_000
"""Fields of a form at most."""

Form = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who signed in, and the secret that the forms of the session bear."""

    token: Token
    secret: str
    until: float


class Sessions:
    """Who is signed in at this server; safe to share between threads."""

    def __init__(self, tokens: Tokens, clock: Callable[[], float] = time.time) -> None:
        self._tokens, self._clock = tokens, clock
        self._lock = Lock()
        self._known: dict[str, Session] = {}

    def begin(self, text: str) -> str:
        """Sign in with the text of a token and give the cookie's value; Unauthenticated for an
        unknown or expired one."""
        token = self._tokens.check(text.strip())
        value = secrets.token_urlsafe(32)
        session = Session(token, secrets.token_urlsafe(32), self._clock() + LIFETIME_S)
        with self._lock:
            while len(self._known) >= MOST:
                self._known.pop(next(iter(self._known)))
            self._known[_hashed(value)] = session
        return value

    def find(self, value: str | None) -> Session | None:
        """The session of a cookie; None where there is none, or its time or token is over."""
        with self._lock:
            session = self._known.get(_hashed(value)) if value else None
        if session is None:
            return None
        digests = {token.digest: token for token in self._tokens.all()}
        token = digests.get(session.token.digest)
        if token is None or _over(token) or session.until <= self._clock():
            self.end(value)
            return None
        return replace(session, token=token)

    def end(self, value: str | None) -> None:
        """Sign out."""
        with self._lock:
            self._known.pop(_hashed(value or ""), None)


def cookie_name(base: str) -> str:
    """The cookie's name: bound to this host where the public address is HTTPS."""
    return "__Host-collectome" if base.startswith("https:") else "collectome-session"


def session_of(request: Request) -> Session | None:
    """Who signed in with this browser; None for a visitor."""
    site: Site = request.app.state.site
    return site.sessions.find(request.cookies.get(cookie_name(site.base)))


async def form_of(request: Request) -> Form:
    """The fields of a form that one of our own pages sent, each with its values."""
    _must_be_ours(request)
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != "application/x-www-form-urlencoded":
        raise Forbidden("A form of this site is sent as application/x-www-form-urlencoded.")
    try:
        text = (await request.body()).decode()
        return parse_qs(text, keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError as wrong:
        raise Forbidden(f"The form cannot be read: {wrong}.") from wrong


SentForm = Annotated[Form, Depends(form_of)]


def signed_in(request: Request, form: Form) -> Session:
    """The session in which a form was sent; refused without one, or without its secret."""
    session = session_of(request)
    if session is None:
        raise Unauthenticated("Sign in again: your session is over. Nothing was changed.")
    if not hmac.compare_digest(one(form, "csrf").encode(), session.secret.encode()):
        raise Forbidden(
            "The form is not one of your session; open its page again. Nothing changed."
        )
    return session


def one(form: Form, name: str, default: str = "") -> str:
    """The last value of a field."""
    return form.get(name, [default])[-1]


def sessions_router(site: Site) -> APIRouter:
    """The routes /sign-in and /sign-out."""
    router = APIRouter(tags=["pages"], include_in_schema=False)
    name = cookie_name(site.base)
    secure = site.base.startswith("https:")

    @router.get("/sign-in")
    def page(request: Request, next: str = "/review") -> Response:
        """The form into which a token is pasted."""
        session = session_of(request)
        return _page(site, session=session, following=_local(next), wrong="")

    @router.post("/sign-in")
    def sign_in(form: SentForm) -> Response:
        """Check the token and set the cookie."""
        following = _local(one(form, "next", "/review"))
        try:
            value = site.sessions.begin(one(form, "token"))
        except Unauthenticated as refused:
            return _page(site, 401, session=None, following=following, wrong=refused.message)
        response = RedirectResponse(following, 303, {"Cache-Control": "no-store"})
        response.set_cookie(
            name, value, max_age=LIFETIME_S, path="/", secure=secure, httponly=True,
            samesite="strict",
        )  # fmt: skip
        return response

    @router.post("/sign-out")
    def sign_out(request: Request, form: SentForm) -> Response:
        """End the session."""
        signed_in(request, form)
        site.sessions.end(request.cookies.get(name))
        response = RedirectResponse("/", 303, {"Cache-Control": "no-store"})
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="strict")
        return response

    return router


def _page(site: Site, status: int = 200, **values: Any) -> Response:
    body = site.renderer.page("sign_in.html", **values)
    return HTMLResponse(body, status, headers={"Cache-Control": "no-store"})


def _must_be_ours(request: Request) -> None:
    """A browser says from where a form comes: by Sec-Fetch-Site, or by Origin."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("Forms are taken from pages of this site only.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise Forbidden("Forms are taken from pages of this site only.")


def _local(path: str) -> str:
    """A path of this site to go on with; anything else becomes the review page."""
    plain = path.isprintable() and path.isascii() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/review"


def _over(token: Token) -> bool:
    return token.expired(datetime.now(UTC))


def _hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
