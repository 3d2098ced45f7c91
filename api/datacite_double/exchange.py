"""A request as the double reads it, and an answer as it gives it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

JSON_API = "application/vnd.api+json"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    method: str
    path: str
    """Decoded, without the base path."""
    query: str
    headers: Mapping[str, str]
    body: bytes
    address: str

    @classmethod
    def of(cls, scope: Mapping[str, Any], body: bytes) -> Asked:
        """The request of an ASGI scope."""
        return cls(
            scope["method"],
            unquote(scope.get("raw_path", b"").decode("latin-1").split("?")[0]),
            scope["query_string"].decode("latin-1"),
            {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body,
            (scope.get("client") or ("local", 0))[0],
        )

    @property
    def parameters(self) -> dict[str, str]:
        """The last value of each parameter, hyphens and underscores alike."""
        told = parse_qs(self.query, keep_blank_values=True)
        return {name.replace("-", "_"): values[-1] for name, values in told.items()}

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password of Basic authentication; empty words where they cannot be read."""
        scheme, _, told = self.headers.get("authorization", "").partition(" ")
        if not scheme:
            return None
        try:
            user, _, password = base64.b64decode(told, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return (user, password) if scheme.lower() == "basic" else ("", "")

    @property
    def digest(self) -> str:
        """SHA-256 of the body; empty without one."""
        return hashlib.sha256(self.body).hexdigest() if self.body else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    body: bytes = b""
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, status: int, value: Any, media_type: str = JSON, **headers: str) -> Answer:
        """An answer in JSON; names of headers with underscores for hyphens."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(status, orjson.dumps(value), media_type, named)

    @classmethod
    def refusal(cls, status: int, title: str, **headers: str) -> Answer:
        """An error as DataCite's API words it."""
        told = {"errors": [{"status": str(status), "title": title}]}
        return cls.json(status, told, **headers)
