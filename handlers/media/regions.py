"""A rectangle of an image as an image: `xywh` of Media Fragments URI 1.0 (4.2.2).

    xywh=160,120,320,240            pixels
    xywh=pixel:160,120,320,240
    xywh=percent:25,25,50,50

An image is opened only where its header promises no more pixels than we hold in memory; what
it promises is checked again while it is read.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

import PIL
from PIL import Image, ImageOps, UnidentifiedImageError

from fdo.errors import Refused, SourceRefused

MOST_PIXELS = 120_000_000
"""Of an image that is opened here: 360 MB of memory as RGB."""
_XYWH = re.compile(
    r"(?:xywh=)?(?:(pixel|percent):)?(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)\Z"
)
_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, AttributeError,
    ArithmeticError, MemoryError, RuntimeError, struct.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's readers raise on files that lie about themselves, seen when they were cut and
changed at random."""
_FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "JPEG2000", "AVIF")
MADE_BY = f"2, Pillow {PIL.__version__}"
"""What the bytes of a cut depend on besides the image and what is asked of it; raise the number
when `region` makes others."""
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle: left, top, width, height; in pixels, or in percent of the image."""

    x: float
    y: float
    width: float
    height: float
    percent: bool

    def box(self, image: tuple[int, int]) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) in pixels of an image of this size; Refused outside it."""
        across, down = (image[0] / 100, image[1] / 100) if self.percent else (1.0, 1.0)
        left, top = round(self.x * across), round(self.y * down)
        right = round((self.x + self.width) * across)
        bottom = round((self.y + self.height) * down)
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        if right > image[0] or bottom > image[1]:
            raise Refused(
                f"The region reaches to {right},{bottom}, and the image ends at "
                f"{image[0]},{image[1]}; name a region inside it."
            )
        return left, top, right, bottom


def area_of(text: str) -> Area:
    """The rectangle that a fragment names; Refused where it names none."""
    found = _XYWH.match(text.strip())
    if found is None:
        raise Refused(
            f"{text[:80]!r} is no region; write xywh=x,y,width,height in pixels, or "
            "xywh=percent:x,y,width,height."
        )
    x, y, width, height = map(float, found.groups()[1:])
    if not width or not height:
        raise Refused("A region has a width and a height.")
    return Area(x, y, width, height, found[1] == "percent")


def size_of(path: Path, media_type: str) -> tuple[int | None, int | None]:
    """Width and height of an image as it is shown; (None, None) for what is none we can read."""
    if not media_type.startswith("image/"):
        return None, None
    try:
        with opened(path) as image:
            return _turned(image)
    except (SourceRefused, *_BROKEN):
        return None, None


def region(path: Path, area: Area | None, side: int) -> tuple[bytes, str]:
    """(bytes, media type) of a part of an image, or of all of it, no side longer than `side`;
    JPEG where the image is one, PNG else. It stands as viewers show it (Exif orientation)."""
    with opened(path) as image:
        shape = image.format
        try:
            if area is None:
                image.draft(None, (2 * side, 2 * side))  # JPEG: decoded small
            whole, spread = _wide(ImageOps.exif_transpose(image))
            part = whole.crop(area.box(whole.size)) if area else whole
            part.thumbnail((side, side))
            part = _eight_bits(part, spread) if spread else part
            out = io.BytesIO()
            if shape == "JPEG":
                part.convert("RGB").save(out, "JPEG", quality=92)
            else:
                part.convert("RGBA" if "transparency" in part.info or part.mode in ("RGBA", "LA")
                             else "RGB").save(out, "PNG")  # fmt: skip
        except _BROKEN as broken:
            raise _unreadable(broken) from broken
    return out.getvalue(), "image/jpeg" if shape == "JPEG" else "image/png"


def _wide(image: Image.Image) -> tuple[Image.Image, tuple[float, float] | None]:
    """The image, and of one with more than eight bits a pixel the darkest and the lightest value
    in all of it, by which each part of it is shown: cameras and scanners seldom use all sixteen."""
    if not image.mode.startswith(("I", "F")):
        return image, None
    wide = image.convert("F")
    low, high = wide.getextrema()
    return wide, (float(low), float(high))  # type: ignore[arg-type]  # one channel: two numbers


def _eight_bits(part: Image.Image, spread: tuple[float, float]) -> Image.Image:
    """From black at the least value to white at the greatest."""
    low, high = spread
    if not low < high:
        return Image.new("L", part.size, "white")
    by = 255 / (high - low)
    return part.point(lambda value: value * by - low * by).convert("L")


def opened(path: Path) -> Image.Image:
    """The image of a file, not decoded yet; SourceRefused where it is none, or too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(path, formats=_FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as large:
        raise SourceRefused(
            f"The image has more than {MOST_PIXELS:,} pixels; ask for the file itself.",
            code="image-too-large",
        ) from large
    except _BROKEN as broken:
        raise _unreadable(broken) from broken


def _turned(image: Image.Image) -> tuple[int, int]:
    """Its size as viewers show it: Exif orientations 5 to 8 lie on the side."""
    width, height = image.size
    return (height, width) if image.getexif().get(0x0112, 1) >= 5 else (width, height)


def _unreadable(why: Exception) -> SourceRefused:
    placed = isinstance(why, UnidentifiedImageError) or getattr(why, "filename", None)
    told = f"none of {', '.join(_FORMATS)}" if placed else str(why)[:200]  # no paths of ours
    return SourceRefused(f"The file is no image that can be read: {told}.", code="image-unreadable")
