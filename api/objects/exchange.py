"""Requests for objects as bytes, and answers ready to go: the plain HTTP under the resolver.

Kept apart from FastAPI because its requests and responses cost more than the look-ups do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode

from starlette.types import Scope, Send
from werkzeug.http import parse_date

from api.negotiation import Format, choose
from api.refusals import UnknownParameter
from api.security import SECURITY_HEADERS
from eventstore.log import Log
from fdo.errors import NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status

PATH = re.compile(
    r"/([0-9]{2}(?:\.[0-9A-Za-z]+)+)/([0-9A-Za-z]{3}-[0-9A-Za-z]{3}-[0-9A-Za-z]{3})"
    r"(?:/(0|[1-9][0-9]{0,8}"
    r"|versions|history|diff|result|verbatim|conformance|record|schema|shapes|datacite|linkset"
    r"|cite)"
    r"(?:(?<=[0-9])/(cite|linkset|proof|sealed))?)?(/?)\Z",
    re.ASCII,
)
"""Prefix, suffix, tail, the part of a version (behind its number), and a slash too many."""

Headers = list[tuple[bytes, bytes]]
Leans = tuple[tuple[str, Status | None], ...]

CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers",
     b"ETag, Link, Last-Modified, Location, Content-Location, Vary, Memento-Datetime, Repr-Digest, "
     b"Collectome-Version, Collectome-Position, Collectome-Salt, Collectome-Graph-Digest"),
    *SECURITY_HEADERS,
]  # fmt: skip
"""Of every answer about an object: any origin may read it, and it runs nothing of others."""
MAY_SEND = "Accept, Authorization, If-Modified-Since, If-None-Match"
"""The headers with which scripts of other origins may ask (Fetch, 3.3.2)."""
KEPT = b"public, max-age=86400"
"""Of what cannot change and may be erased: caches of others ask again after a day, and learn of
the erasure then (decision 0062)."""
MOMENT = ("as-of", "observed-at")
"""The parameters that name a moment."""
_MOMENTS = (*MOMENT, "from", "to")
_BODY_HEADERS = (b"content-type", b"content-length")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for an object."""

    pid: Pid
    tail: str | None
    accept: str
    query: dict[str, str] = field(default_factory=dict)
    authorization: str | None = None
    part: str | None = None
    """What is asked of a version: `sealed`, `proof`."""

    @property
    def past(self) -> bool:
        """Whether a moment is asked for."""
        return any(name in self.query for name in MOMENT)

    @property
    def numbered(self) -> bool:
        """Whether a version is asked for by its address."""
        return self.tail is not None and self.tail.isdigit()

    def format(self, among: Sequence[Format]) -> Format:
        """The format to answer in."""
        return choose(self.accept, self.query.get("format"), among, loosely=True)

    def only(self, *known: str) -> None:
        """Refuse parameters that the resource does not know."""
        for name in self.query:
            if name not in known:
                raise UnknownParameter(
                    f"There is no parameter {name!r} here; there are {', '.join(known)}.",
                    parameter=name,
                    known=list(known),
                )


@dataclass(frozen=True, slots=True)
class Known:
    """What the client says that it has: entity tags, or else the second that its copy is of."""

    tags: bytes | None = None
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """The version in the log that an answer is, byte for byte."""

    pid: Pid
    position: int
    second: int
    """Of its recorded time, as Last-Modified says it."""
    fixed: bool
    """Whether its address names it, and so shows no other."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One answer, ready to go: what HEAD and GET share."""

    status: int
    headers: Headers
    body: bytes
    etag: bytes
    leans: Leans = ()
    """What its links rest on: PID → status of other objects when they were made."""
    stored: Stored | None = None
    """None for what is made by rules of ours, which a release may change without a date."""


def etag_of(body: bytes, salt: bytes | None, name: str) -> bytes:
    """A strong validator. It is keyed with the event's salt, so that nobody can guess an
    erased document from it (decision 0004)."""
    digest = hashlib.blake2b(body, digest_size=12, key=salt or b"").hexdigest()
    return f'"{digest}-{name}"'.encode()


@lru_cache(maxsize=4096)
def http_date(seconds: int) -> bytes:
    """A time as HTTP writes it; objects of one harvest share theirs."""
    return formatdate(seconds, usegmt=True).encode()


def asked_headers(scope: Scope) -> tuple[str, Known, str | None]:
    accept, tags, since, authorization = "", None, None, None
    for name, value in scope["headers"]:
        if name == b"accept":
            accept = f"{accept}, {value.decode('latin-1')}" if accept else value.decode("latin-1")
        elif name == b"if-none-match":
            tags = value
        elif name == b"if-modified-since":
            since = _second(value)
        elif name == b"authorization":
            authorization = value.decode("latin-1")
    return accept, Known(tags, since), authorization


def query_of(scope: Scope) -> dict[str, str]:
    """The parameters of a request, each given once; a moment that is left empty is not given."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name in found:
            raise UnknownParameter(f"{name} is given twice.", parameter=name)
        if value or name not in _MOMENTS:
            found[name] = value
    return found


def canonical_location(found: re.Match[str], scope: Scope) -> str | None:
    """Where to go instead, when the PID is not written in its canonical form."""
    prefix, suffix, *_, slash = found.groups()
    if prefix == prefix.upper() and suffix == suffix.upper() and not slash:
        return None
    return location_of(Pid(prefix.upper(), suffix.upper()), found, scope)


def location_of(pid: Pid, found: re.Match[str], scope: Scope) -> str:
    """The address under another PID: the same version, part and parameters."""
    path = f"/{pid}" + "".join(f"/{one}" for one in (found[3], found[4]) if one)
    query = urlencode(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return str(scope.get("root_path", "")) + path + (f"?{query}" if query else "")


async def redirect_to(send: Send, location: str, status: int = 301) -> int:
    headers = [(b"location", location.encode("ascii", "ignore")), (b"content-length", b"0"), *CORS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
    return status


async def transmit(send: Send, sent: Sent, method: str, known: Known, log: Log) -> int:
    if sent.status == 200 and _is_had(sent, known, log):
        headers = [pair for pair in sent.headers if pair[0] not in _BODY_HEADERS]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return 304
    await send({"type": "http.response.start", "status": sent.status, "headers": sent.headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else sent.body})
    return sent.status


def _is_had(sent: Sent, known: Known, log: Log) -> bool:
    """RFC 9110, 13.1.2 and 13.1.3: a date counts only where no tag is given. And only where it
    proves something: several versions may be of one second (8.8.2.2), what was erased changed
    without a date, and so may all that is not stored as it is sent. Where an address shows what is
    newest, only the date that was sent with it does: a later one may be that of a download, and
    what was recorded elsewhere before it may have come here since."""
    if known.tags is not None:
        return _matches(known.tags, sent.etag)
    made = sent.stored
    if known.since is None or made is None:
        return False
    if made.fixed:
        return known.since >= made.second
    return known.since == made.second and not _had_another(made, log)


def _had_another(made: Stored, log: Log) -> bool:
    """Whether another version was shown at this address within the same second."""
    try:
        before = log.at(made.pid, made.position - 1)
    except NotFound:
        return False
    return before.recorded_at // 1_000_000 >= made.second


def _second(value: bytes) -> int | None:
    """The second (since 1970) that an HTTP-date names; None for anything else, which is passed
    over (RFC 9110, 13.1.3)."""
    found = parse_date(value.decode("latin-1"))
    return None if found is None else int(found.timestamp())


def _matches(known: bytes, etag: bytes) -> bool:
    """RFC 9110, 13.1.2: weak comparison with each of the list, or `*`."""
    asked = [one.strip().removeprefix(b"W/") for one in known.split(b",")]
    return b"*" in asked or etag in asked
