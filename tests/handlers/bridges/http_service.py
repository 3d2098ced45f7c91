"""A machine-annotation service over HTTP: it answers, delays, fails and lies, as it is told to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Orders = Sequence[dict[str, Any]]


@dataclass
class Reply:
    """What a call meets."""

    status: int = 200
    body: bytes | Callable[[Orders], Any] = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass
class Call:
    """A call as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def orders(self) -> Orders:
        found: Orders = json.loads(self.body)["data"]["jobs"]
        return found

    @property
    def jobs(self) -> list[str]:
        return [order["jobId"] for order in self.orders]

    def signed_with(self, secret: str) -> bool:
        """Whether the signature holds, made anew as Standard Webhooks says."""
        head = self.headers
        signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + self.body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        seal = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return f"v1,{seal}" in head["webhook-signature"].split()


def nothing_found(orders: Orders) -> Any:
    """An answer to each job."""
    return {"results": [{"jobId": order["jobId"], "annotations": []} for order in orders]}


class HttpService:
    """Answers calls with `replies` in turn, and with the last of them from then on."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies) or [Reply(body=nothing_found)]
        self.calls: list[Call] = []
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                call = Call({name.lower(): value for name, value in self.headers.items()}, body)
                reply = outer._begun(call)
                time.sleep(reply.delay_s)
                said = reply.body
                sent = said if isinstance(said, bytes) else json.dumps(said(call.orders)).encode()
                with outer._lock:
                    outer.at_once -= 1
                self.send_response(reply.status)
                for name, value in {"content-length": str(len(sent)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jobs"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def _begun(self, call: Call) -> Reply:
        with self._lock:
            self.calls.append(call)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def __enter__(self) -> HttpService:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
