"""Facts to bytes and back, by registered names.

A topic is `{Noun}{Participle}.v{n}`, e.g. `SpecimenRevised.v1`: the noun of the object type,
the participle of the fact, the version of its form. Never a Python path. Documents are stored
as canonical JSON in a frame whose first byte names the compression; a released number keeps
its meaning for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import local
from typing import Any

import orjson
import zstandard

from eventstore.upcasts import CURRENT, upcast
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document, parse
from fdo.errors import CollectomeError
from fdo.lifecycle import (
    NOTES,
    Activated,
    Divided,
    Fact,
    Merged,
    Noted,
    Registered,
    Released,
    Restored,
    Retired,
    Revised,
    Status,
    Withheld,
)

PARTICIPLES: dict[str, type[Any]] = {
    "Registered": Registered,
    "Activated": Activated,
    "Revised": Revised,
    "Withheld": Withheld,
    "Released": Released,
    "Tombstoned": Retired,
    "Merged": Merged,
    "Divided": Divided,
    "Restored": Restored,
}
"""Stored name of each fact that holds a document."""

_NAME_OF = {kind: name for name, kind in PARTICIPLES.items()}
_NOUNS = {kind.noun: kind.name for kind in OBJECT_TYPES.values()}

TOPICS: dict[str, tuple[str, str]] = {
    f"{noun}{participle}": (name, participle)
    for noun, name in _NOUNS.items()
    for participle in (*PARTICIPLES, *NOTES)
}
"""Topic without version → (object type, participle)."""

RAW, ZSTD, ZSTD_DICTIONARY_1 = 0, 1, 2
_HEAD = 18
"""Bytes of the longest head of a Zstandard frame (RFC 8878, 3.1.1.1), with its magic number."""
_DICTIONARY = Path(__file__).parent / "dictionaries" / "document-1.zdict"


class UnreadableEvent(CollectomeError):
    """Stored bytes that no codec of this release understands."""


class _Codecs(local):
    """One set of (de)compressors per thread: zstandard's are not thread-safe."""

    def __init__(self) -> None:
        self.plain = zstandard.ZstdCompressor(level=3, write_checksum=False)
        self.unplain = zstandard.ZstdDecompressor()
        if _DICTIONARY.exists():
            trained = zstandard.ZstdCompressionDict(_DICTIONARY.read_bytes())
            self.trained = zstandard.ZstdCompressor(level=3, dict_data=trained)
            self.untrained = zstandard.ZstdDecompressor(dict_data=trained)
        else:
            self.trained = self.untrained = None  # type: ignore[assignment]


_codecs = _Codecs()


def pack(data: bytes) -> bytes:
    """A frame: one byte that names the compression, then the compressed bytes."""
    if len(data) < 64:
        return bytes((RAW,)) + data
    if _codecs.trained is not None:
        return bytes((ZSTD_DICTIONARY_1,)) + _codecs.trained.compress(data)
    return bytes((ZSTD,)) + _codecs.plain.compress(data)


def unpack(frame: bytes) -> bytes:
    """The bytes of a frame of this or any earlier release."""
    kind, body = frame[0], frame[1:]
    try:
        if kind == RAW:
            return bytes(body)
        if kind == ZSTD:
            return _codecs.unplain.decompress(body)
        if kind == ZSTD_DICTIONARY_1 and _codecs.untrained is not None:
            return _codecs.untrained.decompress(body)
    except (zstandard.ZstdError, MemoryError) as broken:  # a damaged head may promise any length
        raise UnreadableEvent(f"A stored document does not decompress: {broken}.") from broken
    raise UnreadableEvent(f"A stored document bears the unknown frame number {kind}.")


def size_of(frame: bytes) -> int:
    """How many bytes a frame holds, as its head says; nothing is unpacked."""
    if frame[:1] == bytes((RAW,)):
        return len(frame)
    try:
        return max(zstandard.frame_content_size(frame[1 : 1 + _HEAD]), len(frame))
    except zstandard.ZstdError:  # whoever unpacks it is told
        return len(frame)


def topic_of(kind: str, fact: Fact) -> str:
    """The stored name of a fact of an object of this type, with the version of its form."""
    participle = fact.what if isinstance(fact, Noted) else _NAME_OF[type(fact)]
    name = OBJECT_TYPES[kind].noun + participle
    return f"{name}.v{CURRENT.get(name, 1)}"


def split_topic(topic: str) -> tuple[str, str]:
    """(object type, participle) of a stored topic; UnreadableEvent for an unknown one."""
    name, _, _ = topic.rpartition(".v")
    try:
        return TOPICS[name]
    except KeyError:
        raise UnreadableEvent(
            f"The topic {topic!r} is not registered: this log was written by a newer release."
        ) from None


def detail_of(fact: Fact) -> dict[str, Any]:
    """What a fact says beside its document, JSON-ready."""
    match fact:
        case Noted(_, detail):
            return dict(detail)
        case Merged(_, successor):
            return {"successor": successor}
        case Divided(_, parts):
            return {"parts": list(parts)}
        case Restored(_, _, reason) if reason:
            return {"reason": reason}
        case _:
            return {}


def fact_of(
    topic: str,
    status: str,
    detail: Mapping[str, Any],
    document: bytes | None,
    overlay: tuple[str, ...] | None = None,
) -> Fact:
    """The fact that was stored, lifted to the current form."""
    _, participle = split_topic(topic)
    content: Document | None = parse(document) if document is not None else None
    content, known = upcast(topic, content, dict(detail))
    if participle in NOTES:
        return Noted(participle, known)
    assert content is not None
    if participle == "Merged":
        return Merged(content, known["successor"], Status(status))
    if participle == "Divided":
        return Divided(content, tuple(known["parts"]), Status(status))
    if participle == "Revised":
        return Revised(content, Status(status), overlay)
    if participle == "Restored":
        return Restored(content, Status(status), known.get("reason", ""))
    fact: Fact = PARTICIPLES[participle](content, Status(status))
    return fact


def dumps(value: Any) -> bytes:
    """Canonical JSON of an envelope."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
