"""What services say of their jobs, in the messages that services for DiSSCo send.

    {"jobId": …, "annotations": […], "batchMetadata": […]?, "batchId": uuid?}
    {"jobId": …, "errorMessage": …}

Read by its form and not by the queue it came through, because services that were given
RABBITMQ_EXCHANGE send their failures to the queue of results. An empty list completes a job.
Ours is `meta`: which model on what hardware (optional).

>>> answer(b'{"jobId": "20.5000.5072/abc-def-123", "annotations": []}').job
'20.5000.5072/ABC-DEF-123'
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid
from handlers.mas.answers import Result

MOST_BYTES = 16 * 1024 * 1024
"""The longest answer that is read."""
_LONGEST_TEXT = 2_000
"""What is kept of an error message."""


class Malformed(Exception):
    """What came is no answer; `job` where at least that can be read."""

    def __init__(self, reason: str, job: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.job = job


def answer(body: bytes, encoding: str | None = None) -> Result:
    """The answer in a message; Malformed says why there is none."""
    if len(body) > MOST_BYTES:
        raise Malformed(f"The answer has {len(body):,} bytes; {MOST_BYTES:,} are read.")
    try:
        said = orjson.loads(_expanded(body) if encoding == "gzip" else body)
    except (orjson.JSONDecodeError, zlib.error) as error:
        raise Malformed(f"The answer is not JSON in UTF-8: {error}.") from error
    return answer_of(said)


def answer_of(said: Any) -> Result:
    """The answer in a JSON value; Malformed says why there is none."""
    if not isinstance(said, Mapping):
        raise Malformed("The answer is no JSON object.")
    job = _job(said.get("jobId"))
    if "errorMessage" in said and said.get("annotations") is None:
        return Result(job, (), error=_text(said["errorMessage"]) or "The service gave no reason.")
    annotations = said.get("annotations")
    if annotations is None or not _objects(annotations):
        raise Malformed("The answer has neither a list `annotations` nor an `errorMessage`.", job)
    batch = said.get("batchMetadata")
    if batch is not None and not _objects(batch):
        raise Malformed("`batchMetadata` is no list of objects.", job)
    batch_id, meta = said.get("batchId"), said.get("meta")
    if batch_id is not None and not isinstance(batch_id, str):
        raise Malformed("`batchId` is no text.", job)
    if meta is not None and not isinstance(meta, Mapping):
        raise Malformed("`meta` is no object.", job)
    return Result(job, annotations, batch or (), batch_id, meta=meta or {})


def failed(job: str, reason: str) -> Result:
    """The answer that we give in the place of a service whose own cannot be used; the reason quotes
    nothing of that."""
    return Result(job, (), error=reason[:_LONGEST_TEXT], ours=True)


def _job(text: Any) -> str:
    try:
        return str(Pid.parse(text)) if isinstance(text, str) else _no_job(text)
    except InvalidIdentifier:
        return _no_job(text)


def _no_job(text: Any) -> str:
    raise Malformed(f"`jobId` is {_text(text)[:80]!r}, which names no job.")


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text[:_LONGEST_TEXT].replace("\x00", "")


def _objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, Mapping) for one in value)


def _expanded(body: bytes) -> bytes:
    """The body without gzip, as the platform's own queues use it; small bombs stay small."""
    reader = zlib.decompressobj(wbits=31)
    expanded = reader.decompress(body, MOST_BYTES + 1)
    if len(expanded) > MOST_BYTES:
        raise Malformed(f"The answer has more than {MOST_BYTES:,} bytes once unpacked.")
    return expanded
