"""Archives unpacked without trust: zip, tar, gzip, each byte counted while it comes out.

Refused by name: paths that leave the archive, links, devices, two files of one name,
passwords, too many files, more bytes than allowed in all or per packed byte. What macOS adds
(`__MACOSX`, `._` files) is passed over.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from fdo.errors import SourceRefused
from handlers.harvest.reading.diagnostics import refusal
from handlers.harvest.reading.limits import Budget, Limits

Kind = Literal["zip", "tar", "packed", "plain"]
BLOCK = 1 << 20
TABLE_ENDINGS = (".csv", ".tsv", ".tab", ".txt", ".psv")
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    # caught here, never raised by us: an archive of such a kind is hostile or foreign input
    NotImplementedError,  # zipfile raises it for a compression it does not know: refused in words
    UnicodeDecodeError,
)


def kind_of(path: Path) -> Kind:
    """What a file is, by its first bytes; a packed file may still hold a tar."""
    with path.open("rb") as file:
        head = file.read(512)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return "zip"
    if head[257:262] == b"ustar":
        return "tar"
    if head[:2] == b"\x1f\x8b" or head[:3] == b"BZh" or head[:6] == b"\xfd7zXZ\0":
        return "packed"
    return "plain"


def unpack(path: Path, name: str, target: Path, limits: Limits) -> None:
    """Unpack an archive into an empty folder, or refuse it; leaves plain files only."""
    target.mkdir(parents=True)
    budget = Budget(name, path.stat().st_size, limits)
    try:
        match kind_of(path):
            case "zip":
                _unzip(path, name, target, budget)
            case "tar":
                with path.open("rb") as file:
                    _untar(_Counted(file, budget), name, target, budget)
            case _:
                _unpack_stream(path, name, target, budget)
    except SourceRefused:
        raise
    except _BROKEN as error:
        reason = str(error) or type(error).__name__
        raise refusal("archive-broken", name=name, reason=reason) from error


def _unzip(path: Path, name: str, target: Path, budget: Budget) -> None:
    with zipfile.ZipFile(path) as archive:
        if any(info.filename == "[Content_Types].xml" for info in archive.infolist()):
            raise refusal("spreadsheet", name=name)
        for info in archive.infolist():
            mode = info.external_attr >> 16
            if stat.S_IFMT(mode) == stat.S_IFLNK:
                raise refusal("link-in-archive", file=info.filename, name=name)
            place = budget.file(info.filename, target)
            if place is None or info.is_dir():
                continue
            if info.flag_bits & 1:
                raise refusal("archive-encrypted", name=name)
            with archive.open(info) as source:
                _copy(source, place, budget)


def _unpack_stream(path: Path, name: str, target: Path, budget: Budget) -> None:
    """A tar in gzip, bzip2 or xz, else a single packed table."""
    with _opened(path) as packed:
        is_tar = packed.read(512)[257:262] == b"ustar"
    with _opened(path) as packed:
        if is_tar:
            _untar(_Counted(packed, budget), name, target, budget)
        else:
            _copy(packed, target / _name_of_table(name), budget)


def _name_of_table(name: str) -> str:
    """What a table that came packed is called: by its name without the ending of the packing,
    which a sender that packs on the way (Content-Encoding) does not add."""
    plain = PurePosixPath(name)
    if plain.suffix.lower() in (".gz", ".bz2", ".xz"):
        plain = plain.with_suffix("")
    return plain.name if plain.suffix.lower() in TABLE_ENDINGS else f"{plain.name}.txt"


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        head = file.read(6)
    if head[:3] == b"BZh":
        return bz2.open(path)
    if head[:2] == b"\xfd7":
        return lzma.open(path)
    return gzip.open(path)  # type: ignore[return-value]  # a GzipFile is an IO[bytes] in all we use


def _untar(stream: _Counted, name: str, target: Path, budget: Budget) -> None:
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            if member.issym() or member.islnk():
                raise refusal("link-in-archive", file=member.name, name=name)
            if not (member.isfile() or member.isdir()):
                raise refusal("not-a-plain-file", file=member.name, name=name)
            place = budget.file(member.name, target)
            source = archive.extractfile(member) if member.isfile() else None
            if place is not None and source is not None:
                _copy(source, place, None)


class _Counted:
    """A stream whose bytes are counted as tar reads them, headers and skipped files too."""

    def __init__(self, stream: IO[bytes], budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int) -> bytes:
        """Read and count."""
        block = self._stream.read(size)
        self._budget.bytes_out(len(block))
        return block


def _copy(source: IO[bytes], place: Path, budget: Budget | None) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as sink:
        while block := source.read(BLOCK):
            if budget is not None:
                budget.bytes_out(len(block))
            sink.write(block)
