"""The double as an ASGI application: count, draw a fault, answer, write it down, send.

A request waits for nobody: it is answered in one go, so that two changes of one DOI cannot cross.
What a fault does to a connection is done here; what it does to a DOI, by not answering or by
answering first.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, MutableMapping
from dataclasses import asdict
from typing import Any, Literal

import orjson

from api.datacite_double.exchange import Answer, Asked
from api.datacite_double.faults import Fault, Plan
from api.datacite_double.limits import Class, Limiter, Limits
from api.datacite_double.resolving import Resolver, form_of
from api.datacite_double.rest import UNKNOWN, Account, Rest
from api.datacite_double.store import Effect, Line, Store
from fdo.errors import Refused

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Any]
Receive = Callable[[], Any]
Face = Literal["dois", "ra", "handles", "doi", "none"]

ABORT = "collectome.abort"
"""Where the server puts what resets the connection of a request."""
BODY_LIMIT = 10 * 1024 * 1024
LOCAL = ("127.0.0.1", "::1", "local")
DROPS = 10
_FACES: tuple[tuple[Face, re.Pattern[str]], ...] = (
    ("dois", re.compile(r"/dois(?:/(?P<name>.+))?")),
    ("ra", re.compile(r"/(?:ra|doiRA)/(?P<name>.+)")),
    ("handles", re.compile(r"/api/handles/(?P<name>.+)")),
    ("doi", re.compile(r"/(?P<name>10\.[0-9.]+/.+)")),
)


class Double:
    """The application; what it remembers is in the store."""

    def __init__(
        self,
        store: Store,
        account: Account | None = None,
        *,
        limits: Limits | None = None,
        plan: Plan | None = None,
        base_path: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.plan = plan or Plan()
        self._account = account or Account()
        self._rest = Rest(store, self._account)
        self._resolver = Resolver(store, self._account)
        self._clock = clock
        self._base = base_path.rstrip("/")
        limits = limits or Limits()
        self._limiter = Limiter(limits)
        seen = store.journal(limit=1_000_000, since=clock() - limits.window_s)
        self._limiter.remember((s.address, s.kind, s.at) for s in seen if s.fault != "limit")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        asked = Asked.of(scope, await _body(receive))
        if not asked.path.startswith(f"{self._base}/"):
            await _send(send, Answer.refusal(404, UNKNOWN), asked.method)
            return
        if len(asked.body) > BODY_LIMIT:
            await _send(send, Answer.refusal(413, "Request entity too large"), asked.method)
            return
        path = asked.path.removeprefix(self._base)
        if path.startswith("/__") or path == "/heartbeat":
            await _send(send, self._of_the_tester(asked, path), asked.method)
            return
        fault, answer = self._exchange(asked, path)
        await _deliver(scope, send, fault, answer, asked.method)

    def _exchange(self, asked: Asked, path: str) -> tuple[Fault | None, Answer]:
        """The answer, with the fault that it meets on its way."""
        now = self._clock()
        face, name = _face_of(path)
        kind = self._class_of(asked, face)

        def line(status: int, effect: Effect, fault: str = "") -> Line:
            took = max(0.0, self._clock() - now)
            return Line(0, now, asked.address, kind, asked.method, path, asked.digest, status,
                        fault, effect, took)  # fmt: skip

        if wait := self._limiter.wait(asked.address, kind, now):
            self.store.note(line(429, "", "limit"))
            title = "Too many requests; this address has used its share of this service."
            return None, Answer.refusal(429, title, Retry_After=str(wait))
        fault = self.plan.draw(asked.method, path)
        told = fault.kind if fault else ""
        if fault and fault.undone:
            self.store.note(line(_status(fault, 0), "", told))
            return fault, _failure(fault)
        written: list[Line] = []

        def note(status: int, effect: Effect) -> Line:
            written.append(line(_status(fault, status), effect, told))
            return written[-1]

        answer = self._answer(asked, face, name, note, now, fault)
        if not written:
            self.store.note(line(_status(fault, answer.status), "", told))
        return fault, _failure(fault) if fault and fault.kind == "status-after" else answer

    def _answer(
        self,
        asked: Asked,
        face: Face,
        name: str,
        note: Callable[[int, Effect], Line],
        now: float,
        fault: Fault | None,
    ) -> Answer:
        late = fault.seconds if fault and fault.kind == "late-handle" else 0.0
        if face == "dois":
            return self._rest.answer(asked, name, note, now, late=late)
        if face == "none" or asked.method not in ("GET", "HEAD"):
            return Answer.refusal(404, UNKNOWN)
        if face == "ra":
            return self._resolver.agencies(name, now)
        if face == "handles":
            return self._resolver.values(asked, name, now)
        return self._resolver.resolve(asked, name, now)

    def _class_of(self, asked: Asked, face: Face) -> Class:
        if face == "doi" and form_of(asked):
            return "negotiation"
        if self._account.is_named_by(asked.credentials):
            return "authenticated"
        return "identified" if "mailto:" in asked.headers.get("user-agent", "") else "other"

    def _of_the_tester(self, asked: Asked, path: str) -> Answer:
        """The faces that DataCite does not have; for this machine only, and never counted."""
        if path == "/heartbeat":
            return Answer(200, b"OK", "text/plain")
        if asked.address not in LOCAL:
            return Answer.refusal(403, "Only this machine may ask that.")
        told = asked.parameters
        match asked.method, path:
            case "GET", "/__journal":
                most = min(_count(told.get("limit"), 1_000), 10_000)
                lines = self.store.journal(_count(told.get("after"), 0), most)
                return Answer.json(200, {"journal": [asdict(each) for each in lines]})
            case "GET", "/__states":
                return Answer.json(200, self.store.states())
            case "PUT", "/__faults":
                try:
                    self.plan = Plan.parse(orjson.loads(asked.body or b"{}"))
                except (Refused, orjson.JSONDecodeError) as wrong:
                    return Answer.refusal(400, str(wrong))
                return Answer.json(200, {"rules": len(self.plan.rules)})
        return Answer.refusal(404, "Here are GET /__journal, GET /__states and PUT /__faults.")


def _face_of(path: str) -> tuple[Face, str]:
    for face, pattern in _FACES:
        if found := pattern.fullmatch(path.rstrip("/")):
            return face, found["name"] or ""
    return "none", ""


def _count(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 16 else default


def _status(fault: Fault | None, otherwise: int) -> int:
    """The status that the client sees; 0 where it sees none."""
    if fault and fault.kind in ("reset-before", "reset-after"):
        return 0
    return fault.status if fault and fault.kind in ("status", "status-after") else otherwise


def _failure(fault: Fault) -> Answer:
    after = {} if fault.retry_after is None else {"Retry_After": str(fault.retry_after)}
    return Answer.refusal(fault.status, "This was planned to go wrong.", **after)


async def _body(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if not message.get("more_body") or size > BODY_LIMIT:
            return b"".join(parts)[: BODY_LIMIT + 1]


async def _deliver(
    scope: Scope, send: Send, fault: Fault | None, answer: Answer, method: str
) -> None:
    kind = fault.kind if fault else ""
    if kind in ("reset-before", "reset-after"):
        scope[ABORT]()
        return
    if kind == "slow" and fault is not None:
        await _start(send, answer)
        step = max(1, len(answer.body) // DROPS)
        for at in range(0, len(answer.body), step):
            await asyncio.sleep(fault.seconds / DROPS)
            part = {"type": "http.response.body", "body": answer.body[at : at + step]}
            await send({**part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    if kind == "truncated":
        half = answer.body[: len(answer.body) // 2]
        answer = Answer(answer.status, half, answer.media_type, answer.headers)
    await _send(send, answer, method)


async def _send(send: Send, answer: Answer, method: str) -> None:
    await _start(send, answer)
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else answer.body})


async def _start(send: Send, answer: Answer) -> None:
    headers = {"content-length": str(len(answer.body)), **answer.headers}
    if answer.media_type:
        headers["content-type"] = answer.media_type
    if answer.status == 204:
        del headers["content-length"]
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(n.lower().encode(), v.encode()) for n, v in headers.items()],
        }
    )
