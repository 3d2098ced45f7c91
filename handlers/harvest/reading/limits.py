"""How much one source may ask of us: bytes, files, lines, time.

Every limit is counted while the bytes flow, never read from what the source says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from handlers.harvest.reading.diagnostics import refusal

MEBIBYTE = 1024 * 1024
PATIENCE_S = 120.0
"""How long an ingest, for which nobody sits and waits, has patience with a busy sender."""
RATE_S = 300.0
"""Over which time the least rate of a sender is measured: a line may stand still for a while."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source may use before it is refused."""

    max_download: int = 4096 * MEBIBYTE
    """Bytes that one URL may send."""
    max_inflated: int = 32768 * MEBIBYTE
    """Bytes that one archive may unpack to."""
    max_ratio: int = 200
    """Unpacked bytes per packed byte, once more than `ratio_free` bytes are out."""
    ratio_free: int = 32 * MEBIBYTE
    max_files: int = 1000
    max_xml: int = 32 * MEBIBYTE
    """Bytes of a metafile or a metadata document."""
    memory_join: int = 32 * MEBIBYTE
    """Bytes of extension files that are joined in memory; more goes to a file."""
    max_redirects: int = 5
    download_attempts: int = 5
    connect_seconds: float = 20.0
    silence_seconds: float = 60.0
    """How long a sender may say nothing."""
    total_seconds: float | None = None
    """How long one attempt may last, however much comes; None: as long as enough comes."""
    least_rate: int = 1024
    """Bytes a second that a sender sends at least, over `RATE_S`."""
    patience_seconds: float = 0.0
    """Longest pause before another attempt. A busy sender may ask for one (Retry-After); where it
    asks for more, or is not waited for, there is none."""
    allow_private_hosts: bool = False
    """Whether a URL may lead into the local network (tests, intranets)."""


class Budget:
    """Counts what comes out of one archive and stops at the limits."""

    def __init__(self, name: str, packed: int, limits: Limits) -> None:
        self._name = name
        self._files = 0
        self._out = 0
        by_ratio = max(limits.ratio_free, packed * limits.max_ratio)
        self._most = min(limits.max_inflated, by_ratio)
        self._limits = limits
        self._paths: set[str] = set()

    def bytes_out(self, count: int) -> None:
        """Count bytes that were inflated."""
        self._out += count
        if self._out > self._most:
            raise refusal("archive-bomb", name=self._name, limit=f"{self._most} bytes")

    def file(self, path: str, target: Path) -> Path | None:
        """Where a member goes; None when it is passed over; refuses unsafe names."""
        self._files += 1
        if self._files > self._limits.max_files:
            raise refusal("too-many-files", name=self._name, limit=self._limits.max_files)
        plain = PurePosixPath(path.replace("\\", "/"))
        has_drive = str(plain)[1:2] == ":"  # of Windows
        if plain.is_absolute() or ".." in plain.parts or has_drive or "\0" in path:
            raise refusal("unsafe-path", file=path, name=self._name)
        if not plain.parts or is_litter(plain):  # `tar -C FOLDER .` begins with the folder itself
            return None
        if str(plain) in self._paths:
            raise refusal("name-twice", file=path, name=self._name)
        self._paths.add(str(plain))
        return target / plain


def is_litter(path: PurePosixPath) -> bool:
    """Whether a file was put there by an operating system."""
    return any(part == "__MACOSX" or part.startswith(".") for part in path.parts)
