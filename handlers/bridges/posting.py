"""One call of a service over HTTP: what is sent, signed, and what is made of the answer.

    POST {col:endpoint}    webhook-id, webhook-timestamp, webhook-signature (Standard Webhooks 1.1)
    {"type": "mas.jobs", "timestamp": …, "data": {"jobs": [{"jobId", "object", "batchingRequested",
     …, "leaseSeconds", "ticket", "running", "result", "failure"}]}}

Every address is judged before each request (see `handlers.outgoing`), redirects are refusals, and
no more of an answer is read than an answer may have.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson

from handlers.bridges.outbox import Errand
from handlers.bridges.reading import MOST_BYTES, Malformed, answer_of, failed
from handlers.bridges.tickets import Tickets
from handlers.mas.answers import Result
from handlers.outgoing import UnknownHost, UnsafeAddress, target_of
from handlers.retrying import asked_to_wait
from handlers.webhooks.signing import signature

_PATIENT = frozenset({408, 425, 429})
_OK, _ACCEPTED, _SERVER = 200, 202, 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call met."""

    status: int | None
    """None: nobody answered."""
    body: bytes = b""
    said: str = ""
    wait_s: float = 0.0
    """How long the service asked us to wait."""

    @property
    def later(self) -> bool:
        """Whether the service has the jobs and answers another time."""
        return self.status == _ACCEPTED

    @property
    def patient(self) -> bool:
        """Whether the same call may go better later."""
        return self.status is None or self.status in _PATIENT or self.status >= _SERVER


@dataclass(frozen=True, slots=True)
class Desk:
    """Where services bring their answers, and by what right."""

    base: str
    tickets: Tickets

    def order(self, errand: Errand, now: float) -> dict[str, Any]:
        """A job as a service gets it over HTTP."""
        here = f"{self.base}/api/mas/jobs/{errand.job}"
        return {
            **orjson.loads(errand.payload),
            "leaseSeconds": max(0, round(errand.ends - now)),
            "ticket": self.tickets.issued(errand.job, errand.attempt),
            "running": f"{here}/running",
            "result": f"{here}/result",
            "failure": f"{here}/failure",
        }


async def post(
    client: httpx.AsyncClient,
    url: str,
    secret: str,
    orders: Sequence[Mapping[str, Any]],
    *,
    name: str,
    now: float,
    timeout_s: float,
    allow_private: bool,
) -> Answer:
    """Send jobs to a service, signed under a name, and say what it answered; never raises for
    what a service or the network does."""
    body = orjson.dumps(
        {
            "type": "mas.jobs",
            "timestamp": datetime.fromtimestamp(now, UTC).isoformat(),
            "data": {"jobs": orders},
        }
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "collectome",
        "webhook-id": name,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": signature(secret, name, int(now), body),
    }
    try:
        async with asyncio.timeout(timeout_s):
            target = await asyncio.to_thread(target_of, url, allow_private=allow_private)
            async with client.stream(
                "POST", target.pinned, content=body, headers=headers | target.headers,
                extensions=target.extensions, timeout=timeout_s,
            ) as response:  # fmt: skip
                return await _read(response)
    except UnsafeAddress as error:
        return Answer(400, said=f"{url} is not called: {error}")
    except TimeoutError:
        return Answer(None, said=f"no answer within {timeout_s:g} s")
    except (httpx.HTTPError, UnknownHost) as error:
        return Answer(None, said=str(error) or type(error).__name__)


def message_name(errands: Sequence[Errand]) -> str:
    """The webhook-id: the same whenever the same attempts go out together."""
    told = " ".join(sorted(f"{one.job}:{one.attempt}" for one in errands))
    return f"msg_{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def results(errands: Sequence[Errand], answer: Answer) -> list[Result]:
    """One result for each job that was sent, and for no other, from an answer that is final."""
    if answer.status != _OK:
        said = answer.said or f"answered {answer.status}"
        return [
            Result(one.job, error=f"The service refuses: {said}.", final=True) for one in errands
        ]
    found, wrong = _told(answer.body)
    missing = wrong or "The service answered 200 without a result for this job."
    return [found.get(one.job) or failed(one.job, missing) for one in errands]


def _told(body: bytes) -> tuple[dict[str, Result], str]:
    """The results in a body by job, and what else is wrong with it."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return {}, f"The service answered 200 and no JSON: {error}."
    many = said.get("results") if isinstance(said, Mapping) else None
    found: dict[str, Result] = {}
    wrong = ""
    for one in many if isinstance(many, list) else [said]:
        try:
            result = answer_of(one)
        except Malformed as error:
            wrong = error.reason
            if error.job is not None:
                found.setdefault(error.job, failed(error.job, error.reason))
        else:
            found[result.job] = result
    return found, wrong


async def _read(response: httpx.Response) -> Answer:
    wait = asked_to_wait(response.headers.get("retry-after", "")) or 0.0
    body = b""
    if response.status_code == _OK:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MOST_BYTES:
                return Answer(413, said=f"its answer has more than {MOST_BYTES:,} bytes")
    return Answer(response.status_code, body, f"it answered {response.status_code}", wait)
