"""The physical lines of a file: as text, with number and byte offset, and able to go back.

A line is read as UTF-8 whenever its bytes are UTF-8, whatever was declared: text in another
encoding that happens to be valid UTF-8 is so rare that the declaration is the likelier error.
Only then the declared encoding is tried, and at last Windows-1252 and Latin-1, which never
fails; Windows-1252 that is declared as Latin-1 is known by its bytes. Files in UTF-16 or UTF-32
are rewritten as UTF-8 first (`as_utf8`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, NamedTuple

from handlers.harvest.reading.diagnostics import Findings

BLOCK = 1 << 20
LONGEST = 4 << 20
"""Bytes from which on a line is left out, and told: it would have to lie in memory whole."""
LATIN_1 = codecs.lookup("latin-1").name
_CONTROLS = re.compile(b"[\x80-\x9f]")
"""In Latin-1 control characters that no table holds, in Windows-1252 quotes and dashes."""
_ASCII = b"aZ09,;+-\\u0041"


class Line(NamedTuple):
    """One physical line with its end, its number from 1, and where its bytes begin."""

    text: str
    number: int
    offset: int


class Lines:
    """Lines of one file, in order; what was taken and not used can be pushed back."""

    def __init__(
        self, path: Path, name: str, encoding: str, *, carriage_return: bool, findings: Findings
    ) -> None:
        self._path = path
        self._name = name
        self._encoding = encoding
        self._carriage_return = carriage_return
        self._end = b"\r" if carriage_return else b"\n"
        self._findings = findings
        self._returned: list[Line] = []
        self.left_out = 0
        """How many lines were too long so far; each is told by itself."""
        self._source = self._read()

    def __iter__(self) -> Iterator[Line]:
        """What was pushed back, then what was not yet read; begin anew after a push."""
        return chain(self._drain(), self._source)

    def _drain(self) -> Iterator[Line]:
        while self._returned:
            yield self._returned.pop()

    def push_back(self, lines: list[Line]) -> None:
        """Hand out these lines again, in their order, before any other."""
        self._returned.extend(reversed(lines))

    def skip(self, count: int) -> None:
        """Pass over the first lines, whatever they hold and however long they are."""
        for line in self._source if count else ():
            if line.number > count:
                self.push_back([line])
            if line.number >= count:
                return

    def _read(self) -> Iterator[Line]:
        number = offset = 0
        is_cut = False
        with self._path.open("rb", buffering=BLOCK) as file:
            if file.read(3) == codecs.BOM_UTF8:
                offset = 3
            file.seek(offset)
            for raw in self._pieces(file):
                if is_cut or len(raw) >= LONGEST:
                    was_cut, is_cut = is_cut, not raw.endswith(self._end)
                    is_long = is_cut or len(raw) > LONGEST
                    if is_long and not was_cut:
                        number += 1
                        self._too_long(number, offset)
                    if is_long or was_cut:
                        offset += len(raw)
                        continue
                number += 1
                try:
                    text = raw.decode("utf-8")
                except UnicodeDecodeError:
                    text = self._decode_other(raw, number, offset)
                yield Line(text, number, offset)
                offset += len(raw)

    def _pieces(self, file: IO[bytes]) -> Iterator[bytes]:
        """The lines; one that is too long comes in pieces, of which the last alone has an end."""
        if self._carriage_return:
            return _by_carriage_return(file)
        return iter(partial(file.readline, LONGEST), b"")

    def _too_long(self, number: int, offset: int) -> None:
        self.left_out += 1
        self._findings.note(
            "line-too-long", file=self._name, line=number, offset=offset, limit=LONGEST
        )

    def _decode_other(self, raw: bytes, number: int, offset: int) -> str:
        tried = (self._encoding, "cp1252", LATIN_1)
        for codec in tried[1:] if self._encoding == LATIN_1 and _CONTROLS.search(raw) else tried:
            try:
                text = raw.decode(codec)
            except UnicodeError:
                continue
            if codec != self._encoding:
                self._lied(codec, number, offset)
            return text
        raise AssertionError("Latin-1 reads all bytes")

    def _lied(self, found: str, number: int, offset: int) -> None:
        self._findings.note(
            "encoding-false",
            file=self._name,
            line=number,
            offset=offset,
            declared=self._encoding,
            found=found,
        )


def _by_carriage_return(file: IO[bytes]) -> Iterator[bytes]:
    """Lines that end with a carriage return alone (Mac OS before X, Excel 2008)."""
    rest = b""
    while block := file.read(BLOCK):
        *whole, rest = (rest + block).split(b"\r")
        for line in whole:
            yield line + b"\r"
        if len(rest) >= LONGEST:
            yield rest
            rest = b""
    if rest:
        yield rest


def as_utf8(path: Path, encoding: str, target: Path) -> Path:
    """Rewrite a file of two or four bytes per character as UTF-8; bounded memory."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    with path.open("rb") as source, target.open("wb") as sink:
        first = True
        while block := source.read(BLOCK):
            text = decoder.decode(block)
            sink.write((text.removeprefix("\ufeff") if first else text).encode("utf-8"))
            first = False
        sink.write(decoder.decode(b"", final=True).encode("utf-8"))
    return target


def known_encoding(name: str | None) -> str | None:
    """The codec of a declared encoding, or None when there is no such encoding of text, or one in
    which separators and digits are written otherwise than in ASCII."""
    try:
        found = codecs.lookup((name or "utf-8").strip()).name
        if found.startswith(("utf-16", "utf-32")) or _ASCII.decode(found) == _ASCII.decode():
            return found
    except (LookupError, ValueError):  # the latter where a codec is for names of hosts, or none
        pass
    return None


def wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 by byte order mark, or by zeros in every second byte."""
    for bom, name in (
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(bom):
            return name
    half = max(1, len(head) // 2)
    if head[1::2].count(0) > half * 0.4 and head[0::2].count(0) < half * 0.1:
        return "utf-16-le"
    if head[0::2].count(0) > half * 0.4 and head[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    return None
