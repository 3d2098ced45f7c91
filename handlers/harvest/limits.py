"""How much one source may ask of us: bytes, files, lines, time.

Every limit is counted while the bytes flow, never read from what the source says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


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
    allow_private_hosts: bool = False
    """Whether a URL may lead into the local network (tests, intranets)."""
