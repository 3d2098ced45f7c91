"""Regions of an image: as a media fragment (W3C), as fractions (Audubon Core), in pixels.

Numbers are decimal, so that a fraction that became per cent and went back is the same fraction.

>>> region = Region.of_fragment("xywh=percent:10,20.5,30,40")
>>> region.fractions()
(0.1, 0.205, 0.3, 0.4)
>>> str(Region.of_fractions(0.1, 0.205, 0.3, 0.4))
'xywh=percent:10,20.5,30,40'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

Unit = Literal["percent", "pixel"]
Size = tuple[int, int]
"""Width and height of an image, in pixels."""

_NUMBER = r"\d{1,9}(?:\.\d{1,40})?"
_FRAGMENT = re.compile(rf"xywh=(?:(percent|pixel):)?{','.join([f'({_NUMBER})'] * 4)}", re.ASCII)
_SHAPE = re.compile(r"<\s*(?:\w+:)?(polygon|polyline|rect|circle|ellipse|path)\b([^>]*)>", re.I)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SIGNED = re.compile(r"-?(?:\d{1,9}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_RELATIVE = re.compile(r"[achlmqstvACHQSTV]")
"""Commands of a path whose numbers are no corners."""
_ONE, _HUNDRED = Decimal(1), Decimal(100)


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle: corner and size."""

    unit: Unit
    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal

    @classmethod
    def of_fragment(cls, text: str) -> Region | None:
        """The region of a media fragment (Media Fragments URI 1.0, 4.2.2); pixels where no unit
        is given; None for another fragment."""
        found = _FRAGMENT.fullmatch(text.strip())
        if not found:
            return None
        unit: Unit = "percent" if found[1] == "percent" else "pixel"
        return cls(unit, *(Decimal(found[place]) for place in range(2, 6)))

    @classmethod
    def of_fractions(cls, x: float, y: float, width: float, height: float) -> Region:
        """The region of an Audubon Core rectangle."""
        return cls("percent", *(Decimal(repr(one)) * _HUNDRED for one in (x, y, width, height)))

    @classmethod
    def of_pixels(cls, x: float, y: float, width: float, height: float) -> Region:
        """The region of a rectangle in pixels."""
        return cls("pixel", *(Decimal(repr(one)) for one in (x, y, width, height)))

    @property
    def numbers(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Corner and size."""
        return self.x, self.y, self.width, self.height

    def fractions(self, size: Size | None = None) -> tuple[float, float, float, float] | None:
        """As parts of the image; None for pixels of an image whose size is not known, and for
        what is not inside the image."""
        if self.unit == "pixel" and not size:
            return None
        across, down = (Decimal(one) for one in size or (1, 1))
        scale = (_HUNDRED, _HUNDRED) if self.unit == "percent" else (across, down)
        x, y, w, h = (number / scale[place % 2] for place, number in enumerate(self.numbers))
        if not (x + w <= 1 and y + h <= 1):
            return None
        return float(x), float(y), float(w), float(h)

    def pixels(self, size: Size | None = None) -> tuple[int, int, int, int] | None:
        """In whole pixels; None for per cent of an image whose size is not known."""
        if self.unit == "pixel":
            found = self.numbers
        elif size:
            x, y, w, h = self.numbers
            across, down = (Decimal(one) / _HUNDRED for one in size)
            found = x * across, y * down, w * across, h * down
        else:
            return None
        left, top, wide, high = (int(one.quantize(_ONE, ROUND_HALF_EVEN)) for one in found)
        return left, top, wide, high

    def __str__(self) -> str:
        return f"xywh={self.unit}:{','.join(map(_plain, self.numbers))}"


def _plain(number: Decimal) -> str:
    """Without exponent and without zeros that say nothing."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def size_of(medium: Mapping[str, Any]) -> Size | None:
    """The size that the document of an image states."""
    across, down = medium.get("exif:PixelXDimension"), medium.get("exif:PixelYDimension")
    if type(across) is int and type(down) is int and across > 0 and down > 0:
        return across, down
    return None


def bounding(svg: str) -> Region | None:
    """The smallest rectangle, in pixels, around the shapes of an SVG selector; None where no
    corners can be read, as of curves and of paths with relative steps."""
    corners: list[tuple[Decimal, Decimal]] = []
    for found in _SHAPE.finditer(svg):
        said = {name.lower(): one or other for name, one, other in _ATTRIBUTE.findall(found[2])}
        if "transform" in said:
            return None
        corners += _corners(found[1].lower(), said)
    if not corners:
        return None
    left, top = (max(Decimal(0), min(one[axis] for one in corners)) for axis in (0, 1))
    right, bottom = (max(one[axis] for one in corners) for axis in (0, 1))
    if right < left or bottom < top:
        return None
    return Region("pixel", left, top, right - left, bottom - top)


def _corners(shape: str, said: dict[str, str]) -> list[tuple[Decimal, Decimal]]:
    if shape in ("polygon", "polyline"):
        return _pairs(said.get("points", ""))
    if shape == "path":
        steps = said.get("d", "")
        return [] if _RELATIVE.search(steps) else _pairs(steps)
    if shape == "rect":
        x, y, w, h = (_length(said.get(name, "0")) for name in ("x", "y", "width", "height"))
        return [(x, y), (x + w, y + h)]
    x, y = _length(said.get("cx", "0")), _length(said.get("cy", "0"))
    across = _length(said.get("rx", said.get("r", "0")))
    down = _length(said.get("ry", said.get("r", "0")))
    return [(x - across, y - down), (x + across, y + down)]


def _pairs(text: str) -> list[tuple[Decimal, Decimal]]:
    numbers = [Decimal(one) for one in _SIGNED.findall(text)]
    return list(zip(numbers[::2], numbers[1::2], strict=False))


def _length(text: str) -> Decimal:
    found = _SIGNED.match(text.strip())
    return Decimal(found[0]) if found else Decimal(0)
