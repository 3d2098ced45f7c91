"""JSON Lines as they come from a stranger: split, measured, read with care.

A line is an annotation, or what to do with one:

    {"type": "Annotation", "motivation": "commenting", "target": "…", "body": {…}}
    {"op": "revise", "pid": "20.5000.5072/…", "version": 1, "annotation": {…}}
    {"op": "withdraw", "pid": "20.5000.5072/…", "reason": "Wrong specimen."}

Nothing here keeps more than one line and its beginning in memory: of a line that is too long only
the digest and the length are told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from fdo.errors import InvalidDocument

Op = Literal["create", "revise", "withdraw"]
OPS: Final[tuple[Op, ...]] = ("create", "revise", "withdraw")
LONGEST: Final = 256 * 1024
"""Bytes of a line; an annotation is a few hundred, with an outline of a region a few thousand."""
DEEPEST: Final = 24
"""Nodes within nodes; the deepest annotation that the model allows has about ten."""
_BOM: Final = b"\xef\xbb\xbf"
_FIELDS: Final[dict[Op, frozenset[str]]] = {
    "create": frozenset({"op", "annotation"}),
    "revise": frozenset({"op", "pid", "version", "annotation"}),
    "withdraw": frozenset({"op", "pid", "version", "reason"}),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not empty, as it came."""

    number: int
    """From 1, empty lines counted; in an array the place of the item."""
    data: bytes | None
    """None: it was too long."""
    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a line asks for."""

    op: Op
    annotation: Mapping[str, Any] = field(default_factory=dict)
    pid: str = ""
    version: int | None = None
    reason: str = ""


class Lines:
    """Cuts a stream into lines; feed it, then `end` it. The same bytes give the same lines,
    whatever the sizes of the parts in which they come."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._size = 0
        self._digest = hashlib.sha256()
        self._number = 0

    def feed(self, data: bytes) -> Iterator[Line]:
        """The lines that end in these bytes."""
        begin = 0
        while (end := data.find(b"\n", begin)) >= 0:
            self._take(data[begin:end])
            begin = end + 1
            yield from self._ended()
        self._take(data[begin:])

    def end(self) -> Iterator[Line]:
        """The last line, where no line break follows it."""
        if self._size:
            yield from self._ended()

    def _take(self, part: bytes) -> None:
        self._size += len(part)
        self._digest.update(part)
        if self._size <= LONGEST + len(_BOM) + 1:
            self._begun += part
        else:
            self._begun.clear()

    def _ended(self) -> Iterator[Line]:
        self._number += 1
        whole = bytes(self._begun) if self._begun or not self._size else None
        size, digest = self._size, self._digest.digest()
        self._begun.clear()
        self._size, self._digest = 0, hashlib.sha256()
        if whole is None or len(kept := _bare(whole, self._number)) > LONGEST:
            yield Line(self._number, None, size, digest)
        elif kept:
            yield Line(self._number, kept, size, digest)


def _bare(line: bytes, number: int) -> bytes:
    return (line.removeprefix(_BOM) if number == 1 else line).strip(b" \t\r")


def items(body: bytes) -> list[Line]:
    """The lines of a JSON array; InvalidDocument where it is none."""
    try:
        found = orjson.loads(body.removeprefix(_BOM))
    except ValueError as wrong:
        raise InvalidDocument(f"The body is no JSON: {wrong}.", [("", str(wrong))]) from wrong
    if not isinstance(found, list):
        raise InvalidDocument(
            "The body is JSON and no array of annotations; send an array, or JSON Lines as "
            "application/x-ndjson.",
            [("", "an array is expected")],
        )
    return list(_items(found))


def _items(found: Iterable[Any]) -> Iterator[Line]:
    for number, item in enumerate(found, 1):
        data = orjson.dumps(item)
        digest = hashlib.sha256(data).digest()
        yield Line(number, data if len(data) <= LONGEST else None, len(data), digest)


def read(line: Line) -> Wanted:
    """What a line asks for; InvalidDocument says what is wrong with it."""
    if line.data is None:
        raise _wrong("", f"The line has {line.size:,} bytes; the longest may have {LONGEST:,}.")
    try:
        found = orjson.loads(line.data)
    except ValueError as wrong:
        raise _wrong("", f"The line is no JSON: {wrong}.") from wrong
    if not isinstance(found, dict):
        raise _wrong("", "The line is no JSON object; each line is one annotation or operation.")
    if (why := _hostile(found)) is not None:
        raise _wrong(*why)
    return _wanted(found) if "op" in found else Wanted("create", found)


def _wanted(found: Mapping[str, Any]) -> Wanted:
    op = found["op"]
    if op not in OPS:
        raise _wrong("/op", f"{op!r:.40} is no operation; there are {', '.join(OPS)}.")
    for name in found:
        if name not in _FIELDS[op]:
            raise _wrong(f"/{name}", f"{op} takes {', '.join(sorted(_FIELDS[op]))}.")
    annotation, pid = found.get("annotation", {}), found.get("pid", "")
    version, reason = found.get("version"), found.get("reason", "")
    if op != "withdraw" and not (isinstance(annotation, dict) and annotation):
        raise _wrong("/annotation", f"{op} needs the annotation, a JSON object.")
    if op != "create" and not (isinstance(pid, str) and pid):
        raise _wrong("/pid", f"{op} needs the PID of the annotation.")
    if version is not None and (type(version) is not int or version < 1):
        raise _wrong("/version", "version is the number of the version that was seen, from 1.")
    if op == "revise" and version is None:
        raise _wrong("/version", "revise needs the version that was seen.")
    if op == "withdraw" and not (isinstance(reason, str) and reason.strip()):
        raise _wrong("/reason", "withdraw needs a reason; it is shown on the tombstone.")
    return Wanted(op, annotation, pid, version, reason)


def _hostile(found: Any) -> tuple[str, str] | None:
    """(pointer, sentence) of what no annotation needs: control characters, bottomless nodes."""
    waiting: list[tuple[str, Any, int]] = [("", found, 1)]
    while waiting:
        place, node, depth = waiting.pop()
        if isinstance(node, str):
            if "\0" in node:
                return place, "A text holds the character U+0000; leave it out."
            continue
        if not isinstance(node, dict | list):
            continue
        if depth > DEEPEST:
            return place, f"Nodes stand {DEEPEST} deep within each other, which is all."
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            if isinstance(key, str) and "\0" in key:
                return place, "A name holds the character U+0000; leave it out."
            waiting.append((f"{place}/{_escaped(key)}", value, depth + 1))
    return None


def _escaped(key: str | int) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")[:200]


def _wrong(pointer: str, sentence: str) -> InvalidDocument:
    return InvalidDocument(sentence, [(pointer, sentence)])
