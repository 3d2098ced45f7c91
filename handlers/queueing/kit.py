"""What a machine-annotation service is made of: works in, answers out.

    class Shouter:
        name = "shouter"

        def describe(self) -> dict[str, Any]:
            return {"schema:name": "shouter", "col:worksOn": ["specimen"], …}

        def load(self) -> str:
            return "CPU"

        def annotate(self, works: Sequence[Work]) -> list[Answer]:
            return [Answer([comment(work, "A specimen!")]) for work in works]

    if __name__ == "__main__":
        run(Shouter())

A service knows no queue and no log. It gets a micro-batch of works, says for each what it found,
and may raise: works that fail in a batch are tried one by one. The same work may come twice.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import httpx
import orjson

from fdo.errors import CollectomeError
from fdo.identifiers import Pid

ANNO = "http://www.w3.org/ns/anno.jsonld"
MEDIA_FRAGMENTS = "http://www.w3.org/TR/media-frags/"
FILE_MB = 256
"""Largest medium that is read."""
CACHE_MB = 256
"""What a worker remembers of media, so that services asked of one image fetch it once."""
PATIENCE_S = 60.0


class MediaUnavailable(CollectomeError):
    """The bytes of a medium could not be had; the message says why."""


class Media:
    """Bytes of media from the repository, remembered while there is room."""

    def __init__(self, client: httpx.Client | None = None, *, cache_mb: int = CACHE_MB) -> None:
        self._client = client or httpx.Client(timeout=PATIENCE_S, follow_redirects=True)
        self._room, self._held = cache_mb * 1_000_000, 0
        self._known = OrderedDict[tuple[str, int], bytes]()
        self._lock = Lock()

    def get(self, address: str, version: int) -> bytes:
        """What stands at this address for this version of the medium; MediaUnavailable."""
        key = (address, version)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        found = self._fetched(address)
        with self._lock:
            if key not in self._known and len(found) <= self._room:
                self._known[key] = found
                self._held += len(found)
            while self._held > self._room:
                self._held -= len(self._known.popitem(last=False)[1])
        return found

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _fetched(self, address: str) -> bytes:
        try:
            with self._client.stream("GET", address) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise MediaUnavailable(
                        f"{address} answered {answer.status_code}: {_reason(answer)}"
                    )
                found = bytearray()
                for piece in answer.iter_bytes():
                    found += piece
                    if len(found) > FILE_MB * 1_000_000:
                        raise MediaUnavailable(f"{address} holds more than {FILE_MB} MB.")
                return bytes(found)
        except httpx.HTTPError as error:
            raise MediaUnavailable(
                f"{address} could not be read: {error or type(error)}"
            ) from error


def _reason(answer: httpx.Response) -> str:
    """The sentence of a problem (RFC 9457), or how the answer begins."""
    try:
        said = json.loads(answer.text)
        return str(said.get("detail") or said.get("title"))
    except (ValueError, AttributeError):
        return answer.text[:200]


@dataclass(frozen=True, slots=True)
class Work:
    """One object on which a service is asked to say something."""

    job_id: str
    object: Mapping[str, Any]
    """The openDS document, whole."""
    version: int
    base: str
    """Address of the repository, without a final slash."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """All that the job's message holds."""
    media: Media = field(default_factory=Media, repr=False, compare=False)

    @classmethod
    def read(cls, message: bytes, media: Media) -> Work:
        """The work that a job's message asks for; ValueError where it is none."""
        said = orjson.loads(message)
        try:
            return cls(
                job_id=str(said["jobId"]),
                object=said["object"],
                version=int(said.get("version", 1)),
                base=str(said.get("base", "")).rstrip("/"),
                payload=said,
                media=media,
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"a job's message lacks {error}") from error

    @property
    def iri(self) -> str:
        """The name of the object."""
        return str(self.object["@id"])

    @property
    def pid(self) -> Pid:
        """The PID of the object."""
        return Pid.parse(self.iri)

    @property
    def fdo_type(self) -> str:
        """The FDO type of the object."""
        return str(self.object.get("ods:fdoType", ""))

    @property
    def batching(self) -> bool:
        """Whether answers may be copied to other objects (`batchMetadata`)."""
        return bool(self.payload.get("batchingRequested"))

    def file(self) -> bytes:
        """The bytes of the medium; MediaUnavailable says why there are none."""
        return self.media.get(f"{self.base}/api/media/{self.pid}/file", self.version)

    def region(self, xywh: str) -> bytes:
        """The part of the image that a media fragment names (`percent:10,10,50,20`)."""
        asked = httpx.QueryParams({"xywh": xywh})
        return self.media.get(f"{self.base}/api/media/{self.pid}/region?{asked}", self.version)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service found of one work: annotations, none, or why it could not tell."""

    annotations: Sequence[Mapping[str, Any]] = ()
    error: str | None = None
    batch: Sequence[Mapping[str, Any]] = ()
    """`batchMetadata`: to which other objects the same answer applies."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """model, modelSha256, softwareVersion, executionProvider; each overrides the service's."""


class Service(Protocol):
    """A machine-annotation service as its worker sees it."""

    name: str

    def describe(self) -> dict[str, Any]:
        """The registration: a machine-annotation-service document, defaults left out."""

    def load(self) -> str:
        """Load the model, once in each process; the name of what it runs on (CPU, CUDA …)."""

    def annotate(self, works: Sequence[Work]) -> Sequence[Answer]:
        """An answer for each work, in the same order."""


def target(work: Work, *selectors: Mapping[str, Any]) -> dict[str, Any]:
    """The object of a work, or the part of it that these selectors choose."""
    made: dict[str, Any] = {"type": "SpecificResource", "source": work.iri}
    if work.fdo_type:
        made["ods:fdoType"] = work.fdo_type
    if selectors:
        made["selector"] = list(selectors)
    return made


def term(path: str) -> dict[str, Any]:
    """The selector of one property, by its JSONPath: `$['dwc:country']`."""
    return {"type": "ods:TermSelector", "ods:term": path}


def region(xywh: str) -> dict[str, Any]:
    """The selector of a rectangle of an image: `percent:10,10,50,20` or `pixel:…`."""
    return {"type": "FragmentSelector", "conformsTo": MEDIA_FRAGMENTS, "value": f"xywh={xywh}"}


def text_body(
    value: str, *, score: float | None = None, language: str | None = None
) -> dict[str, Any]:
    """A body of plain text."""
    body: dict[str, Any] = {"type": "TextualBody", "value": value, "format": "text/plain"}
    if language:
        body["language"] = language
    return _sure(body, score)


def value_body(value: Any, *, score: float | None = None) -> dict[str, Any]:
    """A body that holds a number, a boolean or a node: JSON in its value."""
    if isinstance(value, str):
        return text_body(value, score=score)
    said = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return _sure({"type": "TextualBody", "value": said, "format": "application/json"}, score)


def comment(
    work: Work,
    text: str,
    *,
    about: Mapping[str, Any] | None = None,
    score: float | None = None,
    language: str | None = None,
) -> dict[str, Any]:
    """A remark on the object, or on the part that the selector `about` chooses."""
    return _annotation("commenting", work, about, text_body(text, score=score, language=language))


def region_text(
    work: Work, xywh: str, text: str, *, score: float | None = None, language: str | None = None
) -> dict[str, Any]:
    """A text that stands in a rectangle of an image."""
    return comment(work, text, about=region(xywh), score=score, language=language)


def assessment(
    work: Work,
    value: Any,
    *,
    about: Mapping[str, Any] | None = None,
    score: float | None = None,
) -> dict[str, Any]:
    """A measurement or a judgement: a text, or a structure that is kept as JSON."""
    return _annotation("assessing", work, about, value_body(value, score=score))


def edit(work: Work, path: str, value: Any, *, score: float | None = None) -> dict[str, Any]:
    """A proposal to put another value in the place of one that is there."""
    return _annotation("editing", work, term(path), value_body(value, score=score))


def addition(work: Work, path: str, value: Any, *, score: float | None = None) -> dict[str, Any]:
    """A proposal to add a value that is not there yet."""
    return _annotation("ods:adding", work, term(path), value_body(value, score=score))


def _annotation(
    motivation: str, work: Work, about: Mapping[str, Any] | None, body: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "@context": ANNO,
        "type": "Annotation",
        "motivation": motivation,
        "target": target(work, *([about] if about else [])),
        "body": body,
    }


def _sure(body: dict[str, Any], score: float | None) -> dict[str, Any]:
    return body if score is None else {**body, "ods:score": score}


def run(service: Service, arguments: Sequence[str] | None = None) -> int:
    """Work for a repository until told to stop; the `main` of a service of your own.

    python service.py --data my-data
    python service.py --nats nats://queue.example:4222 --nats-user mas --password-file secret
    """
    from handlers.queueing.connection import Access
    from handlers.queueing.worker import Worker

    parser = argparse.ArgumentParser(description=f"Worker of the service {service.name}.")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of the repository")
    parser.add_argument("--nats", default="", help="address of the broker; none: the folder's own")
    parser.add_argument("--nats-user", default="", help="user at that broker")
    parser.add_argument("--password-file", type=Path, help="file with the password or token")
    parser.add_argument("--describe", action="store_true", help="print the registration, and end")
    options = parser.parse_args(arguments)
    if options.describe:
        sys.stdout.write(json.dumps(service.describe(), indent=2, ensure_ascii=False) + "\n")
        return 0
    password = options.password_file.read_text().strip() if options.password_file else ""
    access = Access(options.data, options.nats, options.nats_user, password)
    try:
        return Worker(service, access).run()
    except CollectomeError as refused:
        sys.stderr.write(f"{refused.message}\n")
        return 1
