"""Who may write: tokens, stored as hashes, and the headers that keep pages harmless.

Reads are open. A token is 32 random bytes; the file `tokens.json` (mode 0600) holds only its
SHA-256, with name, roles, creation and expiry. At the first start one admin token is made and
shown once. A role is asked for by `Depends(require("curator"))`; admin may do everything.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from fdo.agent import Agent
from fdo.errors import CollectomeError, Refused, Unavailable
from fdo.identifiers import Pid
from handlers.batches import quotas as limits
from handlers.batches.quotas import Quota
from handlers.batches.scopes import Scopes

Role = Literal["admin", "curator", "agent"]
ROLES: tuple[Role, ...] = ("admin", "curator", "agent")
FILE = "tokens.json"
CHALLENGE = 'Bearer realm="Collectome"'

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
        b"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    ),
)


class Unauthenticated(CollectomeError):
    """The request bears no token, or one that is unknown, revoked or expired."""


class Forbidden(CollectomeError):
    """The token is good, but its roles do not allow this."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of one token; the token itself is not."""

    name: str
    digest: str
    roles: tuple[Role, ...]
    created: str
    expires: str | None = None
    organisation: str | None = None
    """ROR or Wikidata IRI to whose objects a curator or agent is limited; None: all."""
    scopes: tuple[str, ...] = ()
    """What an agent may say of what, and in whose name (`handlers.batches.scopes`)."""
    quotas: tuple[str, ...] = ()
    """How much an agent may write (`handlers.batches.quotas`)."""
    service: str | None = None
    """PID of the machine-annotation service as which the token's holder speaks."""

    def may(self, role: Role) -> bool:
        """Whether the token has the role (admin has every role)."""
        return role in self.roles or "admin" in self.roles

    @property
    def holder(self) -> str | None:
        """IRI of the institution to whose objects it is limited; no admin is."""
        return None if self.may("admin") else self.organisation

    def expired(self, now: datetime) -> bool:
        """Whether the token's time is over."""
        return self.expires is not None and datetime.fromisoformat(self.expires) <= now

    @property
    def agent(self) -> Agent:
        """The agent as which events made with this token are recorded."""
        if self.service is not None:
            return Agent(Pid.parse(self.service).iri, self.name)
        return Agent(f"urn:collectome:agent:{self.name}", self.name)

    @property
    def limits(self) -> tuple[Quota, ...]:
        """How much may be written with it."""
        return limits.parse(self.quotas)

    @property
    def scope(self) -> Scopes:
        """What may be written with it."""
        return Scopes.parse(self.scopes)


class Tokens:
    """The tokens of one data folder; other processes' changes are seen at the next request.
    Unavailable where their file is damaged."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._stamp: tuple[int, int] | None = None
        self._known: tuple[Token, ...] = ()

    def first(self) -> str | None:
        """At the very first start: make an admin token and give its text, to be shown once."""
        with self._alone():
            return None if self._path.exists() else self._made("admin", ("admin",), days=None)

    def create(
        self,
        name: str,
        roles: tuple[Role, ...],
        *,
        days: int | None = 365,
        organisation: str | None = None,
        scopes: Sequence[str] = (),
        quotas: Sequence[str] = (),
        service: str | None = None,
    ) -> str:
        """Make a token and give its text; it cannot be had again."""
        if not name.replace("-", "").isalnum() or any(role not in ROLES for role in roles):
            raise Refused(
                f"A token needs a name of letters, digits and hyphens, and roles of "
                f"{', '.join(ROLES)}; got {name!r} and {', '.join(roles) or 'no role'}."
            )
        Scopes.parse(scopes)
        limits.parse(quotas)
        if service is not None:
            service = str(Pid.parse(service))
        with self._alone():
            if any(token.name == name for token in self.all()):
                raise Refused(
                    f"There is a token named {name!r} already; revoke it, or choose another."
                )
            return self._made(
                name, roles, days=days, organisation=organisation, scopes=tuple(scopes),
                quotas=tuple(quotas), service=service,
            )  # fmt: skip

    def _made(self, name: str, roles: tuple[Role, ...], *, days: int | None, **limited: Any) -> str:
        text = "fdo_" + secrets.token_urlsafe(32)
        now = datetime.now(UTC).replace(microsecond=0)
        expires = None if days is None else (now + timedelta(days=days)).isoformat()
        token = Token(name, _digest(text), roles, now.isoformat(), expires, **limited)
        self._write((*self.all(), token))
        return text

    def revoke(self, name: str) -> bool:
        """Forget a token; False when there is none of that name."""
        with self._alone():
            left = tuple(token for token in self.all() if token.name != name)
            if len(left) == len(self.all()):
                return False
            self._write(left)
            return True

    def all(self) -> tuple[Token, ...]:
        """Every token, in order of creation."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return ()
        if self._stamp != (found.st_mtime_ns, found.st_ino):
            try:
                self._known = tuple(map(_read, orjson.loads(self._path.read_bytes())))
            except (ValueError, TypeError, AttributeError) as broken:
                raise Unavailable(
                    f"{FILE} in the data folder is damaged. Put it back from a backup; or remove "
                    "it and start the server, which makes a new first token."
                ) from broken
            self._stamp = (found.st_mtime_ns, found.st_ino)
        return self._known

    def check(self, text: str) -> Token:
        """The token with this text; Unauthenticated for an unknown or expired one."""
        digest, found = _digest(text), None
        for token in self.all():  # no early exit: every comparison is made
            if hmac.compare_digest(token.digest, digest):
                found = token
        if found is None or found.expired(datetime.now(UTC)):
            raise Unauthenticated(
                "This token is unknown, revoked or expired; ask the repository's admin for "
                "another (`collectome token create`)."
            )
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One change at a time, whichever process makes it: each reads the file, and writes it
        whole."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, tokens: tuple[Token, ...]) -> None:
        draft = self._path.with_suffix(f".{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            rows = [asdict(token) for token in tokens]
            file.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2))
        draft.replace(self._path)


def bearer(header: str | None, tokens: Tokens) -> Token | None:
    """The token of an Authorization header; None without one; Unauthenticated for a bad one."""
    if not header:
        return None
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthenticated("Authorization must be `Bearer` and a token.")
    return tokens.check(text.strip())


def reader(header: str | None, tokens: Tokens) -> Token | None:
    """The token of one who only reads; None without a good one, since reads are open."""
    try:
        return bearer(header, tokens)
    except Unauthenticated:
        return None


_scheme = HTTPBearer(auto_error=False, description="A token made with `collectome token create`.")


def require(*roles: Role) -> Callable[..., Token]:
    """A dependency: the caller's token, which must have one of these roles."""

    def checked(
        request: Request,
        _: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)],
    ) -> Token:
        tokens: Tokens = request.app.state.tokens
        token = bearer(request.headers.get("authorization"), tokens)
        if token is None:
            raise Unauthenticated(
                "This needs a token: send it as `Authorization: Bearer …`. The first one was "
                "shown when the server first started."
            )
        if not any(map(token.may, roles)):
            raise Forbidden(
                f"This needs the role {' or '.join(roles)}; the token {token.name!r} has not got "
                "it."
            )
        return token

    return checked


def _read(row: dict[str, Any]) -> Token:
    several = ("roles", "scopes", "quotas")
    read: dict[str, Any] = {n: tuple(v) if n in several else v for n, v in row.items()}
    return Token(**read)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
