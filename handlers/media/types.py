"""What a file is, by its first bytes: what its sender says of it is not believed."""

from __future__ import annotations

from pathlib import Path

_HEAD = 64
_PLAIN: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"GIF87a", "image/gif", "gif"),
    (b"GIF89a", "image/gif", "gif"),
    (b"II*\x00", "image/tiff", "tif"),
    (b"MM\x00*", "image/tiff", "tif"),
    (b"II+\x00", "image/tiff", "tif"),
    (b"MM\x00+", "image/tiff", "tif"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2", "jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2", "j2k"),
    (b"%PDF-", "application/pdf", "pdf"),
    (b"ID3", "audio/mpeg", "mp3"),
    (b"\xff\xfb", "audio/mpeg", "mp3"),
    (b"fLaC", "audio/flac", "flac"),
    (b"OggS", "audio/ogg", "ogg"),
    (b"\x1aE\xdf\xa3", "video/webm", "webm"),
    (b"glTF", "model/gltf-binary", "glb"),
)
_BRANDS = {b"avif": ("image/avif", "avif"), b"heic": ("image/heic", "heic")}
_UNKNOWN = ("application/octet-stream", "bin")


def type_of_file(path: Path) -> tuple[str, str]:
    """(media type, usual ending) of a file; `application/octet-stream` where its first bytes say
    nothing. Text is never told apart: a page of HTML that came in the place of an image must not
    be shown as one."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for start, kind, ending in _PLAIN:
        if head.startswith(start):
            return kind, ending
    if head[:4] == b"RIFF":
        inner = {b"WEBP": ("image/webp", "webp"), b"WAVE": ("audio/wav", "wav")}
        return inner.get(head[8:12], _UNKNOWN)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], ("video/mp4", "mp4"))
    return _UNKNOWN
