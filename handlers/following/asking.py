"""Asking the source: limits on what it may send, redirects within it, patience when it is away.

Whoever follows a repository chose it, so its address may be a private one. What it sends is
still limited, since a source may be broken or taken over.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urljoin

import httpx

from eventstore.sections import Incomplete
from fdo.errors import CollectomeError, Refused, Unavailable
from handlers.retrying import asked_to_wait

MEBIBYTE = 1024 * 1024
MAX_BODY = 64 * MEBIBYTE
MAX_SECONDS = 300.0
"""For one answer from its first byte to its last."""
REDIRECTS = 5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 60.0
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})

Query = Mapping[str, str | int]
T = TypeVar("T")


class Away(CollectomeError):
    """The source cannot be reached, is busy or broke off; it is asked again after a while."""


class SourceRefuses(CollectomeError):
    """The source understood and said no; the message says why."""


class Source:
    """A repository by its public address; safe to share between threads."""

    def __init__(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        self.address = good_address(address)
        self._client = httpx.Client(
            headers={"User-Agent": "collectome-follow", "Accept-Encoding": "identity"}
            | dict(headers or {}),
            timeout=httpx.Timeout(60.0, connect=10.0),
            trust_env=False,
        )

    def get(self, path: str, query: Query, accept: str) -> bytes:
        """The whole answer to a question. Away: ask again later; SourceRefuses: do not."""
        url = httpx.URL(f"{self.address}{path}", params=query)
        try:
            for _ in range(REDIRECTS + 1):
                with self._client.stream("GET", url, headers={"Accept": accept}) as answer:
                    if answer.status_code not in _MOVED:
                        return self._body(answer)
                    url = self._within(url, answer.headers.get("location", ""))
        except httpx.HTTPError as error:
            raise Away(f"{self.address}: {str(error) or type(error).__name__}") from error
        raise SourceRefuses(f"{self.address} redirects in a circle.")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _within(self, url: httpx.URL, location: str) -> httpx.URL:
        target = httpx.URL(urljoin(str(url), location))
        if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
            raise SourceRefuses(
                f"{self.address} redirects to another server, {target.scheme}://"
                f"{target.netloc.decode()}; follow that one by name if you trust it."
            )
        return target

    def _body(self, answer: httpx.Response) -> bytes:
        started, body = time.monotonic(), bytearray()
        for block in answer.iter_bytes():
            body += block
            if len(body) > MAX_BODY:
                raise SourceRefuses(
                    f"{self.address} sends more than {MAX_BODY // MEBIBYTE} MiB in one answer, "
                    "which is more than is taken."
                )
            if time.monotonic() - started > MAX_SECONDS:
                raise Away(f"{self.address} was too slow: an answer took over {MAX_SECONDS:.0f} s.")
        if answer.status_code == 200:
            return bytes(body)
        said = f"{self.address} answers {answer.status_code}: {_told(bytes(body))}"
        if answer.status_code in _BUSY:
            raise Away(said, retry_after=seconds_of(answer.headers.get("retry-after", "")))
        raise SourceRefuses(said, status=answer.status_code)


def good_address(address: str) -> str:
    """The address without a final slash; Refused unless it is plain http or https."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as wrong:
        raise Refused(f"{address!r} is no address: {wrong}.") from wrong
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
        raise Refused(
            f"{address!r} is no address of a repository: give http:// or https://, the host and, "
            "where there is one, the path before its PIDs."
        )
    if url.userinfo:
        raise Refused("The address holds a password, which would be seen by others; leave it out.")
    return address.rstrip("/")


def patiently(
    ask: Callable[[], T],
    *,
    attempts: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
    tell: Callable[[str], None] = lambda _: None,
) -> T:
    """What `ask` gives as soon as the source is there; Unavailable after so many attempts.

    The pauses double and are drawn at random up to a minute, so that many followers of one
    source do not come back all at once; a Retry-After is kept.
    """
    tried = 0
    while True:
        try:
            return ask()
        except (Away, Incomplete) as away:
            tried += 1
            if tried == attempts:
                raise Unavailable(f"{away.message} Nothing is lost; try again later.") from away
            longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**tried)
            pause = max(random.uniform(0, longest), away.details.get("retry_after") or 0)  # noqa: S311 - no secret
            tell(f"{away.message} Asking again in {pause:.1f} s.")
            sleep(pause)


def _told(body: bytes) -> str:
    """The detail of a problem+json, or the beginning of whatever it is."""
    try:
        return str(httpx.Response(200, content=body[:MEBIBYTE]).json()["detail"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode(errors="replace")


def seconds_of(text: str) -> float | None:
    """What a Retry-After header asks for, ten minutes at most; None for anything else."""
    seconds = asked_to_wait(text)
    return None if seconds is None else min(seconds, 600.0)
