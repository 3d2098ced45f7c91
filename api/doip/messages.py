"""What DOIP says, whichever way it travels: requests, responses and statuses (DOIP 2.0, 6).

A message is a list of segments; a segment is JSON, or bytes, which are a `Blob` here. The
refusals of the program become statuses in one place: the type of problem that HTTP would have
answered settles the DOIP status, and its members are the output, so that a client learns the
same from either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.responses import Response as HttpResponse

_STATUS = "0.DOIP/Status."
OK = f"{_STATUS}001"
INVALID = f"{_STATUS}101"
UNAUTHENTICATED = f"{_STATUS}102"
FORBIDDEN = f"{_STATUS}103"
UNKNOWN = f"{_STATUS}104"
TAKEN = f"{_STATUS}105"
DECLINED = f"{_STATUS}200"
FAILED = f"{_STATUS}500"

_OF_PROBLEM = {
    "unauthenticated": UNAUTHENTICATED,
    "forbidden": FORBIDDEN,
    "pid-only": FORBIDDEN,
    "not-found": UNKNOWN,
    "tombstoned": UNKNOWN,
    "erased": UNKNOWN,
    "already-registered": TAKEN,
    "internal-error": FAILED,
    "unavailable": FAILED,
}
"""Type of problem → status; every other problem is an invalid request."""

_TOLD = ("version", "record", "reason", "parameter", "pid", "reference")
"""Members of a problem that a program acts on; they stand among the response's attributes too."""
TEXT = 500
"""Characters of a text among the attributes, which travel in a header; the output has it whole."""
REQUEST_ID = 200
"""Characters of a request's id that are given back."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A segment of bytes."""

    data: bytes
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `input` are its segments after the first."""

    target: str
    operation: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    authentication: Any = None
    input: Sequence[Any] = ()
    id: str | None = None
    reading: bool = False
    """Whether it came in a way that must change nothing, as HTTP's GET."""


@dataclass(frozen=True, slots=True)
class Response:
    """One response; `output` are its segments after the first."""

    output: Sequence[Any] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    status: str = OK
    http_status: int = 200
    http_headers: Mapping[str, str] = field(default_factory=dict)
    """What HTTP says beside: a challenge, or when to come back."""

    def first(self, request_id: str | None) -> dict[str, Any]:
        """The first segment, without output: what the header `Doip-Response` holds."""
        found: dict[str, Any] = {} if request_id is None else {"requestId": request_id}
        found["status"] = self.status
        if self.attributes:
            found["attributes"] = dict(self.attributes)
        return found


def refused(answer: HttpResponse) -> Response:
    """The response for a refusal, from the problem that HTTP would have answered."""
    problem: dict[str, Any] = orjson.loads(bytes(answer.body))
    slug = str(problem["type"]).rpartition("/")[2]
    attributes = {"problem": slug} | {
        name: problem[name][:TEXT] if isinstance(problem[name], str) else problem[name]
        for name in _TOLD
        if name in problem
    }
    if slug == "tombstoned":
        attributes["gone"] = True
    headers = {
        name: answer.headers[name]
        for name in ("www-authenticate", "retry-after", "allow")
        if name in answer.headers
    }
    return Response(
        ({"message": problem["detail"], **problem},),
        attributes,
        _OF_PROBLEM.get(slug, INVALID),
        answer.status_code,
        headers,
    )
