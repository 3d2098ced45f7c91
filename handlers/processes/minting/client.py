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
from typing import Any

import orjson
import requests
from datacite import DataCiteRESTClient
from datacite.errors import HttpError
from datacite.request import DataCiteRequest

from handlers.processes.minting.answers import QUOTED, Answer, judged

TIMEOUT_S = 20.0
"""What one request may take, to the last byte of its answer."""
LONGEST = 1 << 20
"""Answers that are longer are not read."""
MEDIA_TYPE = "application/vnd.api+json"


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
        return judged(status, headers, text)

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


def _plainly(error: Exception) -> str:
    """The innermost reason: those around it name the DOI, which may be a draft's."""
    while isinstance(
        inner := getattr(error, "reason", None) or next(iter(error.args), None), Exception
    ):
        error = inner
    return f"{type(error).__name__}: {error}"[:QUOTED]
