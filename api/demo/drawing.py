"""The images of the sample, drawn: `python -m api.demo.drawing` writes them to `images/`.

Two herbarium sheets and a pinned bee, with the labels that the tables of the harvests state. They
are kept as files, since the sample history holds their hashes, and another release of the library
that draws them may compress them otherwise. After drawing them anew, record the history anew.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable, Iterator
from math import cos, pi, sin
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from api.demo.pictures import IMAGES

Points = Iterable[tuple[float, float]]
_FINE = 2
"""Drawn so many times larger, so that lines come out smooth."""
_INK, _PAPER, _SLIP = "#2a2622", "#f3eee0", "#fdfbf4"
_STEM, _GREEN, _OLIVE, _PURPLE = "#6f7a45", "#7f8a4c", "#6d7440", "#7b3f72"


class Sheet:
    """Paper to draw on; places and sizes are in pixels of the image that comes out."""

    def __init__(self, width: int, height: int, paper: str = _PAPER) -> None:
        self._size = width, height
        self._image = Image.new("RGB", (width * _FINE, height * _FINE), paper)
        self._pen = ImageDraw.Draw(self._image)

    def shape(self, points: Points, fill: str) -> None:
        """A filled shape."""
        self._pen.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=fill)

    def line(self, points: Points, width: float, fill: str) -> None:
        """A line through these points."""
        path = [(x * _FINE, y * _FINE) for x, y in points]
        self._pen.line(path, fill=fill, width=round(width * _FINE), joint="curve")

    def label(self, x: int, y: int, width: int, lines: Iterable[str], size: int = 19) -> None:
        """A slip of paper with print on it, the first line larger."""
        said = list(lines)
        height = 20 + sum(round(1.5 * (size + 3 * (not place))) for place in range(len(said)))
        box = [x, y, x + width, y + height]
        self._pen.rectangle([one * _FINE for one in box], fill=_SLIP, outline="#b9b2a0", width=2)
        down = y + 10.0
        for place, line in enumerate(said):
            tall = size + 3 * (not place)
            font = ImageFont.load_default(tall * _FINE)
            self._pen.text(((x + 14) * _FINE, down * _FINE), line, fill=_INK, font=font)
            down += round(1.5 * tall)

    def jpeg(self) -> bytes:
        """What was drawn."""
        out = io.BytesIO()
        drawn = self._image.resize(self._size, Image.Resampling.LANCZOS)
        drawn.save(out, "JPEG", quality=78, optimize=True)
        return out.getvalue()


def leaf(
    x: float, y: float, turn: float, length: float, width: float, lobes: int = 0
) -> list[tuple[float, float]]:
    """The outline of a leaf from its base, pointing where `turn` (radians) says; those of oaks
    have lobes. Without lobes it does for petals, wings and bodies too."""

    def edge(side: int) -> Iterator[tuple[float, float]]:
        for step in range(61):
            at = step / 60
            wave = 1 + 0.28 * cos(2 * pi * lobes * at) if lobes else 1.0
            yield at * length, side * width / 2 * sin(pi * at**0.85) * wave

    outline = [*edge(1), *reversed(list(edge(-1)))]
    return [(x + u * cos(turn) - v * sin(turn), y + u * sin(turn) + v * cos(turn))
            for u, v in outline]  # fmt: skip


def oak() -> bytes:
    """Herbarium sheet DH-000101."""
    sheet = Sheet(640, 900)
    twig = [(250.0, 690.0), (270.0, 560.0), (300.0, 400.0), (310.0, 250.0), (330.0, 130.0)]
    sheet.line(twig, 7, "#5b4a34")
    for place, (x, y, turn) in enumerate((
        (258, 625, 3.0), (262, 610, -0.25), (275, 530, 3.5), (287, 470, -0.6), (301, 390, 3.75),
        (306, 320, -0.8), (312, 240, 4.0), (320, 190, -1.0), (330, 140, -1.7),
    )):  # fmt: skip
        length = 190 - 8 * place
        sheet.shape(leaf(x, y, turn, length, 92, lobes=5), _GREEN if place % 2 else _OLIVE)
        sheet.line([(x, y), (x + 0.9 * length * cos(turn), y + 0.9 * length * sin(turn))], 2, _STEM)
    for x, y in ((352, 560), (384, 540)):
        sheet.line([(290, 500), (x, y - 14)], 3, "#5b4a34")
        sheet.shape(leaf(x, y - 20, 1.4, 52, 30), "#a58b4f")
        sheet.shape(leaf(x - 2, y - 22, 1.4, 22, 36), "#6b5a3a")
    sheet.label(32, 722, 360, (
        "Quercus robur L.", "Estonia: Laelatu wooded meadow", "leg. et det. Liis Tammoja 112",
        "14 June 1998", "DH-000101",
    ))  # fmt: skip
    return sheet.jpeg()


def orchid() -> bytes:
    """Herbarium sheet DH-000102, with a slip on the colour of the fresh flowers."""
    chance, sheet = random.Random(131), Sheet(640, 900)  # noqa: S311 - petals, not secrets
    stem = [(250.0, 690.0), (256.0, 560.0), (268.0, 420.0), (276.0, 250.0), (280.0, 90.0)]
    for x, y, turn, length in (
        (250, 680, -2.35, 330), (251, 670, -0.85, 340),
        (255, 600, -2.0, 300), (258, 560, -1.1, 280),
    ):  # fmt: skip
        sheet.shape(leaf(x, y, turn, length, 46), _OLIVE if turn < -1.5 else _GREEN)
    sheet.line(stem, 9, _STEM)
    for step in range(90):
        across = 280 - step * 0.05 + chance.uniform(-38, 38) * min(1.0, 0.35 + step / 70)
        colour = chance.choice((_PURPLE, "#8d4f83", "#693463"))
        sheet.shape(
            leaf(across, 90 + step * 2.3, chance.uniform(0, 2 * pi), chance.uniform(16, 26), 12),
            colour,
        )
    for x, y, turn in ((246, 690, 1.9), (254, 692, 1.3)):
        sheet.shape(leaf(x, y, turn, 70, 30), "#8a7650")
    sheet.label(400, 636, 205, ("Flowers, fresh:", "deep purple", "J. K."))
    sheet.label(32, 772, 400, (
        "Dactylorhiza incarnata", "Estonia: Laelatu wooded meadow",
        "leg. L. Tammoja, J. Kaskmets 131",
    ), 17)  # fmt: skip
    sheet.label(446, 790, 160, ("DH-000102", "21 June 2004"), 17)
    return sheet.jpeg()


def bee() -> bytes:
    """Pinned bee NS.INS.20001 from above, its label beside it."""
    sheet = Sheet(720, 480, "#e9e6dc")
    x, y = 230.0, 220.0
    for side in (-1, 1):
        sheet.shape(leaf(x - 20, y, side * 2.1, 190, 62), "#cfcdbf")
        sheet.shape(leaf(x - 30, y, side * 2.6, 140, 46), "#d8d5c6")
        for turn in (0.6, 1.2, 1.9):
            knee = (x + 60 * cos(turn), y + side * 60 * sin(turn))
            sheet.line([(x, y), knee, (knee[0] + 30, knee[1] + side * 26)], 4, "#3a2d1c")
        sheet.line([(x + 84, y), (x + 112, y + side * 26), (x + 140, y + side * 30)], 3, "#3a2d1c")
    sheet.shape(leaf(x - 20, y, pi, 170, 84), "#b5792c")
    for band in range(4):
        sheet.shape(
            leaf(x - 52 - 26 * band, y - 38 + 4 * band, pi / 2, 76 - 8 * band, 13), "#3a2d1c"
        )
    sheet.shape(leaf(x - 36, y, 0, 92, 78), "#6a4a22")
    sheet.shape(leaf(x + 40, y, 0, 54, 58), "#46331d")
    sheet.shape(leaf(x + 2, y, 0, 14, 14), "#d9d9dd")
    sheet.label(430, 150, 250, (
        "Apis mellifera", "Leiden, Singelpark", "14.V.2018", "P. de Vriesland", "NS.INS.20001",
    ), 18)  # fmt: skip
    sheet.line([(120, 420), (320, 420)], 4, _INK)
    sheet.label(330, 396, 84, ("5 mm",), 15)
    return sheet.jpeg()


DRAWN: dict[str, Callable[[], bytes]] = {
    "herbarium/DH-000101_a.jpg": oak,
    "herbarium/DH-000102_a.jpg": orchid,
    "zoology/NS.INS.20001_dorsal.jpg": bee,
}
"""Where it is in `images/`, which is where it is below the addresses of media → how it is drawn."""


def main(folder: Path = IMAGES) -> None:
    """Draw them all."""
    for name, draw in DRAWN.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(draw())


if __name__ == "__main__":
    main()
