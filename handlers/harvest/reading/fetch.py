"""A URL becomes a file: streamed, resumed, limited, and never out of our own network.

Every address is judged before it is visited (see `handlers.outgoing`); redirects are followed by
hand and judged again. A download that breaks goes on where it stopped, if the sender can prove
with a strong ETag or a date that the file is still the same (RFC 9110, 13.1.5). A busy sender is
waited for as long as it asks, within the patience of who fetches; one that only trickles is left.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urljoin, urlsplit, urlunsplit

import orjson

from handlers.harvest.reading.diagnostics import refusal
from handlers.harvest.reading.limits import RATE_S, Limits
from handlers.retrying import asked_to_wait

if TYPE_CHECKING:  # dear to load; most sources are files
    import httpx

    from handlers.outgoing import Target

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_RETRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_RANGE = re.compile(r"bytes (\d+)-\d*/(\d+|\*)")
_ADDRESS = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://\S*")
_OPEN = re.compile(r"[rv]=[\w.-]+")


class _TryAgain(Exception):
    """The transfer broke or the sender is busy; what has come stays."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after
        """Seconds that the sender asks to wait, where it names any."""


def is_url(source: str) -> bool:
    """Whether a source is an address to fetch rather than a path."""
    return bool(re.match(r"(?i)^[a-z][a-z0-9+.-]*://", source))


def name_of(url: str) -> str:
    """A name for what a URL gives: IPT's `r`, else the last part of the path."""
    parts = urlsplit(url)
    resource = parse_qs(parts.query).get("r")
    last = unquote(parts.path.rstrip("/").rsplit("/", 1)[-1])
    name = resource[0] if resource else last or parts.hostname or "download"
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "download"


def without_secrets(text: str) -> str:
    """A text whose addresses have lost what may be a secret in them, for who may not write."""
    return _ADDRESS.sub(lambda found: public_address(found[0]), text)


def public_address(url: str) -> str:
    """An address without user, fragment and query, which may hold a password or a key. The resource
    of an IPT and its version stay: without them the address of an archive says nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no host can be read
        return url.partition("://")[0] + "://"
    kept = "&".join(pair for pair in parts.query.split("&") if _OPEN.fullmatch(pair))
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, kept, ""))


def fetch(url: str, folder: Path, limits: Limits) -> Path:
    """The file behind a URL, in the folder, under a name of this call's own; a file left there
    by a broken attempt is used."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = hashlib.sha256(url.encode()).hexdigest()[:16]
    reason = "no attempt was made"
    with _begun(folder, mark) as begun:
        part, notes = folder / f"{begun}.part", folder / f"{begun}.json"
        attempts = max(1, limits.download_attempts)
        for number in range(1, attempts + 1):
            try:
                _attempt(url, part, notes, limits)
            except _TryAgain as error:
                reason = str(error)
                if error.after is not None and error.after > limits.patience_seconds > 0:
                    reason = f"{reason}, and asks to come back in {error.after:g} s"
                    break
                if number < attempts:
                    pause = 2.0 ** (number - 1) if error.after is None else error.after
                    time.sleep(min(pause, limits.patience_seconds))
                continue
            done = folder / f"{mark}-{secrets.token_hex(4)}-{name_of(url)}"
            part.replace(done)
            notes.unlink(missing_ok=True)
            return done
    raise refusal("download-failed", url=url, reason=reason)


@contextmanager
def _begun(folder: Path, mark: str) -> Iterator[str]:
    """The name of the begun file of a URL. One process at a time goes on with the one that a
    broken attempt left; who comes meanwhile begins a file of its own, which it does not keep."""
    path = folder / f"{mark}.lock"
    with path.open("a") as lock:
        if _taken(lock, path):
            try:
                yield mark
            finally:
                path.unlink()
            return
        own = f"{mark}-{secrets.token_hex(4)}"
        try:
            yield own
        finally:
            for left in (folder / f"{own}.part", folder / f"{own}.json"):
                left.unlink(missing_ok=True)


def _taken(lock: IO[str], path: Path) -> bool:
    """Whether the lock is ours now, and still the one that others find."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return path.stat().st_ino == os.fstat(lock.fileno()).st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def _attempt(url: str, part: Path, notes: Path, limits: Limits) -> None:
    import httpx

    timeout = httpx.Timeout(limits.silence_seconds, connect=limits.connect_seconds)
    with httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False) as client:
        current = url
        for _ in range(limits.max_redirects + 1):
            target = _judged(current, limits)
            try:
                with client.stream(
                    "GET",
                    target.pinned,
                    headers=target.headers | _conditions(part, notes),
                    extensions=target.extensions,
                ) as response:
                    if response.status_code not in _REDIRECTS:
                        _receive(response, url, part, notes, limits)
                        return
                    current = urljoin(current, response.headers.get("location", ""))
            except httpx.HTTPError as error:
                raise _TryAgain(str(error) or type(error).__name__) from error
    raise refusal("download-failed", url=url, reason="too many redirects")


def _conditions(part: Path, notes: Path) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity", "User-Agent": "collectome"}
    if part.exists() and notes.exists() and (size := part.stat().st_size):
        proof = orjson.loads(notes.read_bytes()).get("proof")
        if proof:
            headers |= {"Range": f"bytes={size}-", "If-Range": proof}
    return headers


def _receive(response: httpx.Response, url: str, part: Path, notes: Path, limits: Limits) -> None:
    status = response.status_code
    if status in _RETRY:
        after = asked_to_wait(response.headers.get("retry-after", ""))
        raise _TryAgain(f"the server answered {status}", after)
    if status == 416:
        part.unlink(missing_ok=True)
        raise _TryAgain("the server does not know the rest of the file")
    if status == 206 and _changed(response, notes):
        part.unlink(missing_ok=True)
        raise _TryAgain("the file changed while it came")
    if status not in (200, 206):
        raise refusal("download-failed", url=url, reason=f"the server answered {status}")
    have, expected = _continuation(response, part)
    if expected is not None and expected > limits.max_download:
        raise refusal("download-too-large", url=url, limit=limits.max_download)
    notes.write_bytes(orjson.dumps({"proof": _proof(response)}))
    begun = since = time.monotonic()
    had = have
    with part.open("ab" if have else "wb") as file:
        for block in response.iter_raw():  # unbuffered: what came before a break is kept
            have += len(block)
            if have > limits.max_download:
                file.close()
                part.unlink(missing_ok=True)
                raise refusal("download-too-large", url=url, limit=limits.max_download)
            file.write(block)
            if limits.total_seconds and time.monotonic() - begun > limits.total_seconds:
                file.close()
                part.unlink(missing_ok=True)
                told = f"it had not come after {limits.total_seconds:g} s"
                raise refusal("download-failed", url=url, reason=told)
            if time.monotonic() - since > RATE_S:
                if have - had < limits.least_rate * RATE_S:
                    told = f"less than {limits.least_rate} bytes a second came"
                    raise refusal("download-failed", url=url, reason=told)
                had, since = have, time.monotonic()
    if expected is not None and have != expected:
        raise _TryAgain(f"{have} of {expected} bytes came")


def _continuation(response: httpx.Response, part: Path) -> tuple[int, int | None]:
    """How many bytes are here already, and how many there will be."""
    if response.status_code == 200:
        length = response.headers.get("content-length", "")
        return 0, int(length) if length.isdigit() else None
    found = _RANGE.match(response.headers.get("content-range", ""))
    have = part.stat().st_size if part.exists() else 0
    if not found or int(found[1]) != have:
        part.unlink(missing_ok=True)
        raise _TryAgain("the server sent another part than was asked for")
    return have, None if found[2] == "*" else int(found[2])


def _changed(response: httpx.Response, notes: Path) -> bool:
    """Whether a part belongs to another file than the one begun: a sender may pass over If-Range.
    Parts are put together only where the validators are the same (RFC 9110, 15.3.7.3)."""
    kept = orjson.loads(notes.read_bytes()).get("proof") if notes.exists() else None
    said = response.headers.get("etag" if str(kept).startswith('"') else "last-modified")
    return bool(kept and said and said != kept)


def _proof(response: httpx.Response) -> str | None:
    tag = str(response.headers.get("etag", ""))
    if tag and not tag.startswith("W/"):
        return tag
    date = response.headers.get("last-modified")
    return str(date) if date else None


def _judged(url: str, limits: Limits) -> Target:
    """The URL with an address that may be visited, or a refusal."""
    from handlers.outgoing import UnknownHost, UnsafeAddress, target_of

    try:
        return target_of(url, allow_private=limits.allow_private_hosts)
    except UnknownHost as error:
        raise _TryAgain(str(error)) from error
    except UnsafeAddress as error:
        if error.address is not None:
            raise refusal("host-refused", url=url, address=error.address) from error
        raise refusal("url-refused", url=url, reason=error.reason) from error
