"""Reading labels: lines read together across images beside lines read one by one, and the errors.

Labels are drawn, so what stands on them is known: the character error rate is of letters to be
changed among letters drawn. The same lines are read in both ways in turn, a few times, and the
best of each counts: the machine may be shared. On a GPU reading together must be twice as fast;
on a CPU, whose cores one line keeps busy, not slower but for the noise of a shared machine. Each
figure names the provider that ONNX Runtime used.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.result import Result
from handlers.services.checklist import distance
from handlers.services.images import Picture
from handlers.services.runtime import CUDA
from handlers.services.text_lines import reader

WORDS = tuple(
    one
    for line in (
        "Herbarium Musei Botanici Switzerland Valais Zermatt Ranunculus acris L. meadow leg. det.",
        "A. Müller 1987 alt. 1650 m Alpes pennines schattige Felsen am Bach Ufer No. 4711 12.VII.",
        "Österreich Kärnten Isoperla grammatica (Poda) Côte d'Azur forêt São Paulo Brasil",
    )
    for one in line.split()
)
FONTS = ("DejaVuSerif", "DejaVuSans", "DejaVuSansMono", "DejaVuSerif-Italic")
LABELS = 12
ROUNDS = 4
LEAST_GPU, LEAST_CPU = 2.0, 0.95


def measure(_: Path, records: int) -> list[Result]:
    """Draw labels (a thousandth of the records, twelve at least), and read them."""
    drawn = [_label(random.Random(number)) for number in range(max(LABELS, records // 1_000))]
    known = reader()
    pictures = [picture for picture, _ in drawn]
    began = time.perf_counter()
    read = known.lines(pictures)
    whole_s = time.perf_counter() - began
    wrong = sum(
        distance("\n".join(lines), "\n".join(line.text for line in found))
        for (_, lines), found in zip(drawn, read, strict=True)
    )
    letters = sum(len("\n".join(lines)) for _, lines in drawn)
    crops = [crop for picture in pictures for crop in known.crops(picture)]
    alone, together = _best(lambda: known.read(crops, batch=1), lambda: known.read(crops))
    gain, where = alone / together, known.provider
    least = LEAST_GPU if where == CUDA else LEAST_CPU
    return [
        Result("ocr", f"lines one by one over lines together, {where}", gain, "ratio",
               f">= {least:g}", gain >= least),
        Result("ocr", "character error rate", wrong / letters, "share", "<= 0.03",
               wrong / letters <= 0.03),
        Result("ocr", f"lines read together, {where}", len(crops) / together, "lines/s"),
        Result("ocr", f"labels found and read, {where}", len(pictures) / whole_s, "images/s"),
    ]  # fmt: skip


def _best(*ways: Callable[[], object]) -> list[float]:
    """The least time that each way took, the ways taking turns."""
    taken = [float("inf")] * len(ways)
    for _ in range(ROUNDS):
        for at, way in enumerate(ways):
            began = time.perf_counter()
            way()
            taken[at] = min(taken[at], time.perf_counter() - began)
    return taken


def _label(chance: random.Random) -> tuple[Picture, list[str]]:
    """A label with six lines of one to six words."""
    lines = [" ".join(chance.sample(WORDS, chance.randint(1, 6))) for _ in range(6)]
    size = chance.randint(22, 34)
    face = ImageFont.truetype(f"{chance.choice(FONTS)}.ttf", size)
    width = int(max(face.getlength(line) for line in lines)) + 80
    image = Image.new("RGB", (max(width, 700), 60 + 2 * size * len(lines)), "#fdfbf4")
    pen = ImageDraw.Draw(image)
    for at, line in enumerate(lines):
        pen.text((40, 30 + 2 * size * at), line, "#1c1a17", face)
    return Picture(np.ascontiguousarray(np.asarray(image)[:, :, ::-1]), "PNG"), lines
