"""Two small DOIP clients, written from the specification and from nothing of ours.

Both give an `Answer`: the first segment of the response, and its output as a list of segments.
"""

from __future__ import annotations

import email
import email.policy
import json
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO


@dataclass(frozen=True)
class Answer:
    """A response."""

    first: Mapping[str, Any]
    output: list[Any]

    @property
    def status(self) -> str:
        """The last three characters of the status."""
        return self.first["status"].removeprefix("0.DOIP/Status.")

    @property
    def attributes(self) -> Mapping[str, Any]:
        return self.first.get("attributes", {})

    @property
    def object(self) -> Any:
        """The only segment of the output."""
        (only,) = self.output
        return only


def over_http(browser: Any, target: str, operation: str, attributes: Any = None,
              input: Any = None, token: str | None = None,
              behind: Iterable[Any] = ()) -> Answer:  # fmt: skip
    """Ask /doip of a browser (tests.api.conftest)."""
    params = {"targetId": target, "operationId": operation}
    if attributes is not None:
        params["attributes"] = json.dumps(attributes)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    if behind:
        body = b"".join(_part(one) for one in (input, *behind)) + b"--=part=--\r\n"
        headers["content-type"] = "multipart/mixed; boundary==part="
        sent = browser.request("POST", "/doip", params=params, content=body, headers=headers)
    else:
        sent = browser.request("POST", "/doip", params=params, json=input, headers=headers)
    return heard(sent)


def _part(segment: Any) -> bytes:
    """One part of a multipart body."""
    as_bytes = isinstance(segment, bytes)
    kind = b"application/octet-stream" if as_bytes else b"application/json"
    data = segment if as_bytes else json.dumps(segment).encode()
    return b"--=part=\r\nContent-Type: " + kind + b"\r\n\r\n" + data + b"\r\n"


def heard(sent: Any) -> Answer:
    """What an HTTP answer says."""
    first = json.loads(sent.headers["doip-response"])
    kind = sent.headers.get("content-type", "")
    if not sent.content:
        return Answer(first, [])
    if not kind.startswith("multipart/mixed"):
        return Answer(first, [_segment(kind, sent.content)])
    whole = f"Content-Type: {kind}\r\n\r\n".encode() + sent.content
    parts = email.message_from_bytes(whole, policy=email.policy.HTTP).iter_parts()
    found = [(part.get_content_type(), part.get_payload(decode=True)) for part in parts]
    return Answer(first, [_segment(kind, data) for kind, data in found])


def _segment(kind: str, data: bytes) -> Any:
    return json.loads(data) if kind.startswith("application/json") else data


class Line:
    """One TLS connection to a native server; questions one after the other."""

    def __init__(self, port: int, whence: str = "127.0.0.1") -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        bare = socket.create_connection(("127.0.0.1", port), 20, source_address=(whence, 0))
        self.socket = context.wrap_socket(bare)
        self.file: BinaryIO = self.socket.makefile("rb")

    def ask(self, target: str, operation: str, attributes: Any = None, input: Any = None,
            token: str | None = None, behind: Iterable[Any] = ()) -> Answer:  # fmt: skip
        """One request and its response."""
        first: dict[str, Any] = {"targetId": target, "operationId": operation, "requestId": "r1"}
        if attributes is not None:
            first["attributes"] = attributes
        if token is not None:
            first["authentication"] = {"token": token}
        if input is not None and not behind:
            first["input"] = input
        self.say([first, input, *behind] if behind else [first])
        answer = self.hear()
        assert answer.first["requestId"] == "r1"
        return answer

    def say(self, segments: Iterable[Any], chunk: int = 1000) -> None:
        """A message of JSON and bytes."""
        for one in segments:
            if isinstance(one, bytes):
                self.socket.sendall(b"@\n")
                for start in range(0, len(one), chunk):
                    piece = one[start : start + chunk]
                    self.socket.sendall(str(len(piece)).encode() + b"\n" + piece + b"\n")
                self.socket.sendall(b"#\n")
            else:
                self.socket.sendall(json.dumps(one).encode() + b"\n#\n")
        self.socket.sendall(b"#\n")

    def hear(self) -> Answer:
        """The next message; JSON output that stands in the first segment is given as output."""
        found: list[Any] = []
        while (line := self.file.readline()) != b"#\n":
            assert line, "the server hung up"
            found.append(self._bytes() if line == b"@\n" else self._json(line))
        first, *output = found
        if "output" in first:
            output = [first.pop("output")]
        return Answer(first, output)

    def _json(self, line: bytes) -> Any:
        text = line
        while (line := self.file.readline()) != b"#\n":
            text += line
        return json.loads(text)

    def _bytes(self) -> bytes:
        data = b""
        while (line := self.file.readline()) != b"#\n":
            data += self.file.read(int(line))
            assert self.file.readline() == b"\n"
        return data

    def close(self) -> None:
        self.file.close()
        self.socket.close()
