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
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

SLACK = Decimal("1e-9")
"""What the binary fractions of a sender may add up to beyond an image, as part of it."""
Unit = Literal["percent", "pixel"]
Size = tuple[int, int]
"""Width and height of an image, in pixels."""

_NUMBER = r"\d{1,9}(?:\.\d{1,40})?"
_FRAGMENT = re.compile(rf"xywh=(?:(percent|pixel):)?{','.join([f'({_NUMBER})'] * 4)}", re.ASCII)
_SHAPE = re.compile(r"<\s*(?:\w+:)?(polygon|polyline|rect|circle|ellipse|path)\b([^<>]*)>", re.I)
_ROOT = re.compile(r"\s*+<\s*+(?:\w+:)?svg\b([^<>]*)>", re.I)
_ATTRIBUTE = re.compile(r"(?<![\w:-])([\w:-]++)\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)')")
"""All three look at each sign a few times at most, whatever a stranger wrote."""
_SIGNED = re.compile(r"-?(?:\d{1,9}(?:\.\d{0,20})?|\.\d{1,20})", re.ASCII)
_RELATIVE = re.compile(r"[achlmqstvACHQSTV]")
"""Commands of a path whose numbers are no corners."""
_ONE, _HUNDRED, _MILLIONTH = Decimal(1), Decimal(100), Decimal("0.000001")
_NOTHING = Decimal("1e-20")
"""Of a part, in per cent."""
_LEAST = Decimal("0.001")
"""Of a side of a frame; less of it is no measure."""


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
        return cls("percent", *map(_percent, (x, y, width, height)))

    @classmethod
    def of_pixels(cls, x: float, y: float, width: float, height: float) -> Region:
        """The region of a rectangle in pixels."""
        return cls("pixel", *(Decimal(repr(one)) for one in (x, y, width, height)))

    @property
    def numbers(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Corner and size."""
        return self.x, self.y, self.width, self.height

    @property
    def ends(self) -> tuple[Decimal, Decimal]:
        """Where it ends, across and down."""
        return self.x + self.width, self.y + self.height

    def fractions(self, size: Size | None = None) -> tuple[float, float, float, float] | None:
        """As parts of the image; None for pixels of an image whose size is not known, and for
        what is not inside the image."""
        if self.unit == "pixel" and not size:
            return None
        across, down = (Decimal(one) for one in size or (1, 1))
        scale = (_HUNDRED, _HUNDRED) if self.unit == "percent" else (across, down)
        x, y, w, h = (number / scale[place % 2] for place, number in enumerate(self.numbers))
        if not (x + w <= 1 + SLACK and y + h <= 1 + SLACK):
            return None
        return float(x), float(y), float(min(w, _ONE - x)), float(min(h, _ONE - y))

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


def _percent(part: float) -> Decimal:
    """A part of the image in per cent; what is nothing by any measure is nothing."""
    found = abs(Decimal(repr(part))) * _HUNDRED
    return found if found > _NOTHING else Decimal(0)


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
    """The smallest rectangle around the shapes of an SVG selector: in pixels of the image, or in
    per cent of it where the drawing has a frame of its own. None where no corners can be read, as
    of curves and of paths with relative steps."""
    corners: list[tuple[Decimal, Decimal]] = []
    for found in _SHAPE.finditer(svg):
        said = _attributes(found[2])
        if "transform" in said:
            return None
        corners += _corners(found[1].lower(), said)
    if not corners:
        return None
    frame = _frame(svg)
    if frame is not None:
        x, y, wide, high = frame
        corners = [
            ((one - x) * _HUNDRED / wide, (other - y) * _HUNDRED / high) for one, other in corners
        ]
    left, top = (max(Decimal(0), min(one[axis] for one in corners)) for axis in (0, 1))
    right, bottom = (max(one[axis] for one in corners) for axis in (0, 1))
    if right < left or bottom < top:
        return None
    box = (left, top, right - left, bottom - top)
    if frame is None:
        return Region("pixel", *box)
    return Region("percent", *(one.quantize(_MILLIONTH, ROUND_DOWN) for one in box))


def _frame(svg: str) -> tuple[Decimal, Decimal, Decimal, Decimal] | None:
    """Corner and size of the frame that a drawing names (SVG 2, 8.6), which lies over the whole
    image, as viewers lay it; None where its numbers are pixels of the image."""
    found = _ROOT.match(svg)
    said = _attributes(found[1]) if found else {}
    if "viewbox" in said:
        numbers = _numbers(said["viewbox"])
    else:
        sides = [said.get(name, "") for name in ("width", "height")]
        numbers = [Decimal(0), Decimal(0)]
        numbers += [number for one in sides if "%" not in one for number in _numbers(one)[:1]]
    if len(numbers) != 4 or min(numbers[2:]) < _LEAST:
        return None
    x, y, wide, high = numbers
    return x, y, wide, high


def _attributes(text: str) -> dict[str, str]:
    return {name.lower(): one or other for name, one, other in _ATTRIBUTE.findall(text)}


def _numbers(text: str) -> list[Decimal]:
    return [Decimal(one) for one in _SIGNED.findall(text)]


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
    numbers = _numbers(text)
    return list(zip(numbers[::2], numbers[1::2], strict=False))


def _length(text: str) -> Decimal:
    found = _SIGNED.match(text.strip())
    return Decimal(found[0]) if found else Decimal(0)
