"""`multipart/mixed` bodies, both ways (RFC 2046, 5.1): the segments of a DOIP message over HTTP."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

import orjson

from api.doip.messages import Blob
from api.doip.segments import SEGMENTS, BrokenFraming, json_of, too_large
from api.refusals import TooLarge

_BOUNDARY = re.compile(r'boundary="?([0-9A-Za-z\'()+_,./:=?-]{1,70})"?\s*(?:;|$)')
_HEADERS = 8 * 1024
JSON = "application/json"


def segments_of(body: bytes, content_type: str, limit: int) -> list[Any]:
    """The segments of a body: its parts, or itself; none of an empty one. All but bytes of elements
    has `limit` bytes at most."""
    kind = media_type(content_type)
    if kind != "multipart/mixed":
        _require(len(body), limit)
        return [_segment(kind, body)] if body else []
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise BrokenFraming("multipart/mixed names no boundary (RFC 2046, 5.1.1).")
    parts = [_part(part) for part in _parts(body, found[1].encode())]
    _require(len(body) - sum(len(data) for kind, data in parts if not _is_json(kind)), limit)
    return [_segment(kind, data) for kind, data in parts]


def media_type(content_type: str) -> str:
    """The type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def mixed(segments: Sequence[Any]) -> tuple[bytes, str]:
    """Several segments as one body, and its Content-Type."""
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for segment in segments:
        kind, data = as_bytes(segment)
        head = f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
        parts += [head.encode(), data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/mixed; boundary={boundary}"


def as_bytes(segment: Any) -> tuple[str, bytes]:
    """A segment's media type and bytes."""
    if isinstance(segment, Blob):
        return segment.media_type, segment.data
    return JSON, orjson.dumps(segment, default=str)


def _parts(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the delimiters; preamble and epilogue are ignored."""
    delimiter = b"\r\n--" + boundary
    text = b"\r\n" + body
    if text.count(delimiter) > SEGMENTS + 1:
        raise TooLarge(f"A message has {SEGMENTS} segments at most.")
    _, *after = text.split(delimiter)
    parts: list[bytes] = []
    for piece in after:
        if piece.startswith(b"--"):
            return parts
        padding, end, part = piece.partition(b"\r\n")
        if not end or padding.strip(b" \t"):
            raise BrokenFraming("A delimiter of multipart/mixed is no line of its own.")
        parts.append(part)
    raise BrokenFraming("multipart/mixed ends without its closing delimiter.")


def _require(text: int, limit: int) -> None:
    if text > limit:
        raise too_large(limit)


def _part(part: bytes) -> tuple[str, bytes]:
    """Media type and content."""
    if part.startswith(b"\r\n"):
        return "text/plain", part[2:]
    head, end, data = part.partition(b"\r\n\r\n")
    if not end or len(head) > _HEADERS:
        raise BrokenFraming("The headers of a part do not end, or are too long.")
    kind = "text/plain"
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-type":
            kind = media_type(value)
    return kind, data


def _segment(kind: str, data: bytes) -> Any:
    return json_of(data) if _is_json(kind) else Blob(data, kind)


def _is_json(kind: str) -> bool:
    return kind in (JSON, "")
