"""Services that look at images: fetch, read, and say of each that cannot be read why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

from fdo.documents import Document
from handlers.media.regions import Area
from handlers.queueing.kit import Answer, MediaUnavailable, Work
from handlers.services.about import About
from handlers.services.context import area_of, cause, xywh
from handlers.services.images import Picture, Unreadable, read

WHOLE = Area(0, 0, 100, 100, percent=True)


@dataclass(frozen=True, slots=True)
class Seen:
    """The image of a work, or the part of it that an annotation asked about, without its pixels:
    a micro-batch of whole sheets would not fit in memory."""

    work: Work
    width: int
    height: int
    area: Area = WHOLE
    """Where the picture lies in the whole image."""

    def xywh(self, left: float, top: float, right: float, bottom: float) -> str:
        """The media fragment, in the whole image, of a rectangle of pixels of the picture."""
        wide, high = self.width, self.height
        left, right = sorted((min(max(left, 0), wide), min(max(right, 0), wide)))
        top, bottom = sorted((min(max(top, 0), high), min(max(bottom, 0), high)))
        x = self.area.x + _down(left / wide * self.area.width)
        y = self.area.y + _down(top / high * self.area.height)
        far = self.area.x + self.area.width, self.area.y + self.area.height
        width = min(_up((right - left) / wide * self.area.width), far[0] - x)
        height = min(_up((bottom - top) / high * self.area.height), far[1] - y)
        return xywh(Area(x, y, width, height, self.area.percent))


def look(work: Work) -> tuple[Seen, Picture] | Answer:
    """The image that a work is about; the answer that says why it cannot be had."""
    asked = cause(work)
    area = area_of(asked, work.iri) if asked is not None else None
    try:
        picture = read(work.file() if area is None else work.region(xywh(area)))
    except (Unreadable, MediaUnavailable) as why:
        return Answer(error=why.message)
    return Seen(work, picture.width, picture.height, area or WHOLE), picture


def each(works: Sequence[Work], say: Callable[[Seen, Picture], Answer]) -> list[Answer]:
    """An answer for every work, whose images are looked at one after another."""
    found = (look(work) for work in works)
    return [one if isinstance(one, Answer) else say(*one) for one in found]


class Looking:
    """A service that looks at images one by one, on the CPU, with a package that it needs."""

    def __init__(self, about: About, package: str, say: Callable[[Seen, Picture], Answer]) -> None:
        self.name = about.name
        self._about, self._package, self._say = about, package, say

    def describe(self) -> Document:
        """The registration."""
        return self._about.document()

    def load(self) -> str:
        """Nothing to load but the package, so that a worker without it says so at once."""
        import_module(self._package)
        return "CPU"

    def annotate(self, works: Sequence[Work]) -> list[Answer]:
        """What is to be said of every image."""
        return each(works, self._say)


def _down(number: float) -> float:
    return int(number * 1_000) / 1_000


def _up(number: float) -> float:
    return -int(-number * 1_000 // 1) / 1_000
