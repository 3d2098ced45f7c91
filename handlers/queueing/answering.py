"""A service at work: from messages to works, from answers to bytes, and one failure stays one.

A micro-batch that a service cannot do is halved until the work that breaks it stands alone; so a
hundred good works lose nothing but time. What a service says is turned to bytes here, each answer
by itself: one that is no JSON, or too large for a message, is an error of that work only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from handlers.mas.services import topic_of
from handlers.queueing.broker import MAX_PAYLOAD
from handlers.queueing.kit import Answer, Media, Service, Work

LARGEST = MAX_PAYLOAD - 64 * 1024
"""Bytes of one answer."""
LONGEST = 2_000
"""Characters of an error."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer on its way."""

    job: str
    body: bytes


class Answering:
    """One service in one process."""

    def __init__(self, service: Service) -> None:
        self._service, self._media = service, Media()
        self._meta: Mapping[str, Any] = {}
        self.provider = ""
        """What the model runs on, once it is loaded."""
        said = service.describe()
        self.topic = str(said.get("ods:topicName") or topic_of(service.name))
        self._described = {
            "model": said.get("col:model"),
            "softwareVersion": said.get("schema:softwareVersion"),
            **getattr(service, "meta", {}),
        }

    def load(self) -> None:
        """Load the model, and remember what it runs on."""
        self.provider = self._service.load()
        known = {**self._described, "executionProvider": self.provider}
        self._meta = {name: value for name, value in known.items() if value is not None}

    def close(self) -> None:
        """Close connections."""
        self._media.close()

    def work(self, message: bytes) -> Work | None:
        """The work of a message; None where it is none."""
        try:
            return Work.read(message, self._media)
        except ValueError:
            return None

    def answers(self, works: Sequence[Work | None]) -> list[Said]:
        """What the service says of each work, in the same order."""
        known = [work for work in works if work is not None]
        started = time.perf_counter()
        found = iter(self._tried(known))
        seconds = round((time.perf_counter() - started) / max(1, len(known)), 6)
        return [
            self._said(work, next(found), seconds) if work is not None else _NOBODY
            for work in works
        ]

    def _tried(self, works: Sequence[Work]) -> list[Answer]:
        if not works:
            return []
        try:
            answers = list(self._service.annotate(works))
            if len(answers) != len(works):
                raise ValueError(f"{len(answers)} answers to {len(works)} works")
            return answers
        except Exception as error:
            if len(works) == 1:
                log.warning("%s failed", works[0].job_id, exc_info=True)
                return [Answer(error=f"{type(error).__name__}: {error}")]
        middle = len(works) // 2
        return self._tried(works[:middle]) + self._tried(works[middle:])

    def _said(self, work: Work, answer: Answer, seconds: float) -> Said:
        try:
            body = _body(work.job_id, answer, {**self._meta, "seconds": seconds, **answer.meta})
        except (TypeError, ValueError, AttributeError) as error:
            body = _body(work.job_id, Answer(error=f"The answer is no JSON: {error}"), self._meta)
        if len(body) > LARGEST:
            told = f"The answer has {len(body):,} bytes; {LARGEST:,} are the most."
            body = _body(work.job_id, Answer(error=told), self._meta, final=True)
        return Said(work.job_id, body)


_NOBODY = Said("", b'{"job":"","error":"This message is no job."}')


def _body(job: str, answer: Answer, meta: Mapping[str, Any], *, final: bool = False) -> bytes:
    said: dict[str, Any] = {"job": job, "annotations": list(answer.annotations), "meta": meta}
    if answer.batch:
        said["batch"] = list(answer.batch)
    if answer.error is not None:
        said |= {"annotations": [], "error": answer.error[:LONGEST], "final": final}
    return orjson.dumps(said)
