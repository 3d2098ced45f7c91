"""Speaks to DataCite: one request, and what it met, told in full.

`DataCiteRESTClient` of PyPI `datacite` says how DataCite is addressed and who asks. Three things
are ours, because the client has them otherwise: its `put_doi` takes 201 for an error, though it
is what a PUT of a new DOI answers; its errors keep neither the status nor Retry-After; and it
opens a connection for each request and waits for ever for a slow body.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, cast, get_args

import orjson
import requests
from datacite import DataCiteRESTClient
from datacite.errors import HttpError
from datacite.request import DataCiteRequest

from handlers.processes.minting.wanted import State

TIMEOUT_S = 20.0
"""What one request may take, to the last byte of its answer."""
LONGEST = 1 << 20
"""Answers that are longer are not read."""
QUOTED = 500
"""Characters of a refusal that are kept."""
MEDIA_TYPE = "application/vnd.api+json"

Outcome = Literal["taken", "refused", "hindered"]
"""DataCite has it; DataCite will never take it as it is; or nothing is known, so try again."""

_PATIENT = frozenset({401, 403, 408, 409, 425, 429})
"""Refusals that are none of this DOI: credentials, races, limits."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request met."""

    outcome: Outcome
    said: str
    state: State | None = None
    """In which the DOI is now, where it was taken."""
    wait_s: float = 0.0
    """How long DataCite asks us to wait."""


class DataCite(DataCiteRESTClient):  # type: ignore[misc] # the package bears no types
    """One account at DataCite, or at its double; safe to share between threads."""

    def __init__(self, url: str, username: str, password: str, prefix: str) -> None:
        super().__init__(username, password, prefix, url=url, timeout=TIMEOUT_S)
        self._local = threading.local()

    def upsert(self, doi: str, attributes: Mapping[str, Any], event: str | None) -> Answer:
        """Make or change a DOI, with the event that moves its state; asked twice, it does the
        same as once. Never raises for what DataCite does."""
        told = {"prefix": self.prefix, **attributes, "doi": doi}
        if event is not None:
            told["event"] = event
        body = orjson.dumps({"data": {"type": "dois", "id": doi, "attributes": told}})
        request = self._create_request()
        try:
            status, headers, text = request.put_whole(f"dois/{self.check_doi(doi)}", body)
        except HttpError as error:
            return Answer("hindered", f"no answer: {_plainly(error)}")
        return _judged(status, headers, text)

    def _create_request(self) -> _Request:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
        return _Request(
            session,
            base_url=self.api_url,
            username=self.username,
            password=self.password,
            timeout=self.timeout,
        )


class _Request(DataCiteRequest):  # type: ignore[misc] # the package bears no types
    """A request on a connection that is kept."""

    def __init__(self, session: requests.Session, **options: Any) -> None:
        super().__init__(**options)
        self._session = session

    def put_whole(self, path: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer; HttpError where there is no whole one."""
        end = time.monotonic() + TIMEOUT_S
        try:
            with self._session.put(
                self.base_url + path, data=body, auth=(self.username, self.password),
                headers={"content-type": MEDIA_TYPE, "accept": MEDIA_TYPE},
                timeout=self.timeout, stream=True, allow_redirects=False,
            ) as response:  # fmt: skip
                text = b""
                for part in response.iter_content(65_536):
                    text += part
                    if len(text) > LONGEST or time.monotonic() > end:
                        raise HttpError("the answer is too long or too slow")
                return response.status_code, response.headers, text
        except requests.RequestException as error:
            raise HttpError(error) from error


def event_for(wanted: State, known: State | None) -> str | None:
    """The event that leads from what DataCite said last to what is wanted; an impossible one
    is ignored there without a word."""
    if wanted == known or wanted == "draft":
        return None
    if wanted == "findable":
        return "publish"
    return "hide" if known == "findable" else "register"


def _judged(status: int, headers: Mapping[str, str], text: bytes) -> Answer:
    if status in (200, 201):
        try:
            state = orjson.loads(text)["data"]["attributes"]["state"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            state = None
        if state in get_args(State):
            return Answer("taken", f"answered {status}", cast("State", state))
        return Answer("hindered", f"answered {status}, but what it says cannot be read")
    said = f"answered {status}: {_quoted(text)}"
    if 400 <= status < 500 and status not in _PATIENT:
        return Answer("refused", said)
    return Answer("hindered", said, wait_s=_asked(headers.get("retry-after", "")))


def _quoted(text: bytes) -> str:
    """The reasons of a JSON:API error in one line, else the beginning of the text."""
    try:
        errors = orjson.loads(text)["errors"]
        found = "; ".join(
            ": ".join(str(one[part]) for part in ("source", "title") if one.get(part))
            for one in errors
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        found = " ".join(text.decode(errors="replace").split())
    return found[:QUOTED] or "nothing more"


def _asked(retry_after: str) -> float:
    """Seconds of a Retry-After, which is a number or a date (RFC 9110, 10.2.3)."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _plainly(error: Exception) -> str:
    inner = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    return f"{type(inner).__name__}: {inner}"[:QUOTED]
