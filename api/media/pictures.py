"""Pictures on pages: of images that are here, and of nothing else.

A page makes nobody fetch: the browser asks no other host for it, and this server asks none
either. What a picture is made of is the cache of media files; what is refused there (a medium
that was withheld or withdrawn, an address that it no longer states) has no picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.representations.annotation.regions import Region
from handlers.media import File, MediaFiles

SMALL, LARGE = 240, 960
"""Longest side of a picture beside other things, and on the page of its medium; in pixels."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as a page bears it; with its size, so that the page does not jump when it comes."""

    address: str
    width: int
    height: int


def file_here(files: MediaFiles, pid: Pid, document: Document) -> File | None:
    """The file of this version of a medium, where its bytes are here and may be shown."""
    uri = document.get("ac:accessURI")
    return files.here(pid, str(uri)) if uri else None


def picture_of(
    pid: Pid, file: File | None, longest: int, region: Region | None = None
) -> Picture | None:
    """The image of a file, or a region of it, no side longer than this; None where there is no
    image, or the region is outside it."""
    if file is None or not file.width or not file.height:
        return None
    if region is None:
        return _fitted(f"/api/media/{pid}/region?size={longest}", file.width, file.height, longest)
    size = file.width, file.height
    pixels = region.pixels(size)
    if pixels is None or region.fractions(size) is None:
        return None
    return _fitted(f"{crop_address(pid, region)}&size={longest}", pixels[2], pixels[3], longest)


def crop_address(pid: Pid, region: Region) -> str:
    """Where a region of an image can be had as an image."""
    fragment = str(region).removeprefix("xywh=").removeprefix("pixel:")
    return f"/api/media/{pid}/region?xywh={quote(fragment, safe=':,.')}"


def _fitted(address: str, width: int, height: int, longest: int) -> Picture:
    scale = min(1.0, longest / max(width, height, 1))
    return Picture(address, max(1, round(width * scale)), max(1, round(height * scale)))
