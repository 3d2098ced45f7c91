"""Images that strangers sent, as arrays of pixels: bounded, checked, upright.

Nothing about a file is believed before it was looked at: the header says how many pixels there
would be before any is decoded, and only formats that collections use are opened at all. What
cannot be read is `Unreadable`, with a sentence for whoever sent it.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from fdo.errors import CollectomeError
from handlers.media.regions import MOST_PIXELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMATS = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000")
MAX_PIXELS = MOST_PIXELS
"""Herbarium sheets at 600 dpi have 69 million; a bomb has billions."""
MAX_BYTES = 200_000_000
MIN_SIDE = 8

_BROKEN = (
    OSError, ValueError, SyntaxError, EOFError, TypeError, KeyError, IndexError, AttributeError,
    ArithmeticError, MemoryError, struct.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow's readers raise on files that lie about themselves, seen when they were cut and
changed at random."""


class Unreadable(CollectomeError):
    """The bytes are no image that can be worked on; the message says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image as it is seen: turned upright as its EXIF says, on white where it was clear."""

    pixels: NDArray[np.uint8]
    """Rows of pixels of blue, green, red."""
    format: str

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])

    @property
    def grey(self) -> NDArray[np.uint8]:
        """Its lightness alone (ITU-R BT.601)."""
        import cv2

        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_BGR2GRAY), np.uint8)


def read(data: bytes, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """The image in these bytes; Unreadable when there is none, or too much of one."""
    if not data:
        raise Unreadable("The file is empty.")
    if len(data) > MAX_BYTES:
        raise Unreadable(f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} are read.")
    try:
        with warnings.catch_warnings():
            # the limit below is the one that counts, and it is asked before pixels are decoded
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # odd metadata is no reason to stop
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as bomb:
        raise Unreadable(f"The image is too large to be read: at most {max_pixels:,} pixels "
                         "are.") from bomb  # fmt: skip
    except _BROKEN as wrong:
        raise Unreadable(f"The file is no image in {', '.join(FORMATS)}.") from wrong
    with image:
        _within(image.size, max_pixels)
        return Picture(_pixels(image), image.format or "")


def _within(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise Unreadable(
            f"The image has {width} × {height} pixels, more than the {max_pixels:,} that are "
            "read; give a smaller copy."
        )
    if min(width, height) < MIN_SIDE:
        raise Unreadable(f"The image has {width} × {height} pixels, too few to see anything.")


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            flat = _eight_bits(ImageOps.exif_transpose(image))
    except _BROKEN as wrong:
        raise Unreadable(f"The image breaks off or is damaged: {str(wrong)[:200]}.") from wrong
    return np.ascontiguousarray(np.asarray(flat, np.uint8)[:, :, ::-1])


def _eight_bits(image: Image.Image) -> Image.Image:
    """Three channels of eight bits; what is clear becomes paper."""
    if image.mode.startswith(("I", "F")):
        deep = np.asarray(image, np.float64)
        low, high = float(deep.min()), float(deep.max())
        spread = (deep - low) * (255.0 / (high - low)) if high > low else deep * 0.0 + 255.0
        return Image.fromarray(spread.astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        clear = image.convert("RGBA")
        paper = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(paper, clear).convert("RGB")
    return image.convert("RGB")


def shrunk(picture: Picture, longest: int) -> tuple[Picture, float]:
    """The picture with no side longer than this, and by how much it was shrunk (1 or more)."""
    import cv2

    factor = max(picture.width, picture.height) / longest
    if factor <= 1:
        return picture, 1.0
    size = max(1, round(picture.width / factor)), max(1, round(picture.height / factor))
    pixels = cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA)
    return Picture(np.asarray(pixels, np.uint8), picture.format), factor
