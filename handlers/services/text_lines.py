"""Lines of text in images: found image by image, read line by line across all images at once.

The models are the PP-OCRv6 ones inside the wheel of rapidocr (ONNX); they are named by their
files, so that the library never looks for others to download. Reading dominates where labels are
dense, and its cost grows with the width to which the lines of a batch are padded: lines of all
images of a micro-batch are sorted by shape, and only lines of like shape share a batch.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handlers.services.images import Picture
from handlers.services.runtime import (
    CUDA,
    ModelRefused,
    inside,
    providers,
    tell_fallback,
    used,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Crop = NDArray[np.uint8]

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNISER = "PP-OCRv6_rec_small.onnx"
TURNER = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"

LONGEST_SIDE = 2_000
"""To which an image is shrunk to find lines; they are read at its full size."""
SHORTEST_SIDE = 736
"""To which the detector enlarges what is smaller, so that a narrow strip would fall into words:
strips are widened with their own edge instead."""
MIN_SCORE = 0.5
"""Below this a reading is noise: most of its letters are guesses."""
MOST_LINES = 500
BATCH_CPU, BATCH_GPU = 2, 64
"""Lines that are read at once. A GPU is idle with few. On two CPU cores two lines keep them busy
better than one, and more cost more in padding than they bring (`./run bench ocr`)."""
SEARCH = "EngineConfig.onnxruntime.cuda_ep_cfg.cudnn_conv_algo_search"
"""How cuDNN chooses the way to compute a convolution. rapidocr has it try all ways anew for each
shape (EXHAUSTIVE), and nearly every batch of lines has a shape of its own: others measured that a
GPU is slower than a CPU then, and faster where nothing is tried."""
ALIKE = 1.3
"""By how much the widest line of a batch may exceed the narrowest: padding costs as much as ink."""
_FLOOR = 320 / 48
"""The recogniser pads every line to at least this ratio of width to height."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text, and the corners of where it stands, in pixels of its picture."""

    text: str
    score: float
    corners: tuple[tuple[float, float], ...]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        across, down = zip(*self.corners, strict=True)
        return min(across), min(down), max(across), max(down)


def weights() -> tuple[Path, Path, Path]:
    """The files of recogniser, detector and turner, as installed."""
    files = [inside("rapidocr", "models", name) for name in (RECOGNISER, DETECTOR, TURNER)]
    for file in files:
        if not file.is_file():
            raise ModelRefused(
                f"The installed rapidocr holds no {file.name}; install the release that is named "
                "in requirements-mas.lock."
            )
    return files[0], files[1], files[2]


class Reader:
    """The three models, loaded."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR

        recogniser, detector, turner = weights()
        self._engine: Any = RapidOCR(
            params={
                "Global.log_level": "critical",
                "Global.max_side_len": LONGEST_SIDE,
                "EngineConfig.onnxruntime.use_cuda": CUDA in providers(),
                SEARCH: "DEFAULT",
                "Det.model_path": str(detector),
                "Cls.model_path": str(turner),
                "Rec.model_path": str(recogniser),
                "Rec.rec_batch_num": 1_024,  # batches are made here
            }
        )
        blank = np.full((48, 320, 3), 255, np.uint8)
        self._found(Picture(blank, ""))
        self._engine.cls_and_rotate([blank])
        self._engine.recognize_txt([blank])
        tell_fallback("label-ocr", self._sessions)

    @property
    def _sessions(self) -> list[Any]:
        parts = (self._engine.text_det, self._engine.text_cls, self._engine.text_rec)
        return [part.session.session for part in parts]

    @property
    def provider(self) -> str:
        """What the models run on, as ONNX Runtime says after it loaded or ran them."""
        return used(self._sessions)

    @property
    def batch(self) -> int:
        """Lines that are read at once, where they are read now."""
        return BATCH_GPU if self.provider == CUDA else BATCH_CPU

    def lines(self, pictures: Iterable[Picture]) -> list[list[Line]]:
        """The lines of each picture, from top to bottom and left to right. A picture is let go
        of before the next one is asked for; the lines of all are read together."""
        places: list[list[NDArray[np.float32]]] = []
        crops: list[Crop] = []
        for picture in pictures:
            places.append(self._found(picture))
            crops += _crops(picture, places[-1])
        turned = self._engine.cls_and_rotate(crops)[0] if crops else []
        read = iter(self.read(turned))
        return [
            [
                Line(text, score, tuple((float(x), float(y)) for x, y in quad))
                for quad, (text, score) in zip(quads, islice(read, len(quads)), strict=True)
                if text and score >= MIN_SCORE
            ]
            for quads in places
        ]

    def read(self, crops: Sequence[Crop], batch: int | None = None) -> list[tuple[str, float]]:
        """Text and score of each image of a line; `batch` lines at most at once."""
        found: list[tuple[str, float]] = [("", 0.0)] * len(crops)
        for group in batches([_shape(crop) for crop in crops], batch or self.batch):
            read = self._engine.recognize_txt([crops[at] for at in group])
            for at, text, score in zip(group, read.txts, read.scores, strict=True):
                found[at] = _clean(text), round(float(score), 4)
        return found

    def crops(self, picture: Picture) -> list[Crop]:
        """The images of the lines of a picture, unread."""
        return _crops(picture, self._found(picture))

    def _found(self, picture: Picture) -> list[NDArray[np.float32]]:
        from rapidocr.main import RapidOCRError
        from rapidocr.utils.process_img import map_boxes_to_original

        widened, left, top = _widened(picture.pixels)
        image, done = self._engine.preprocess_img(widened)
        try:
            _, found = self._engine.detect_and_crop(image, done)
        except RapidOCRError:
            return []  # how it says that there is no text
        quads = map_boxes_to_original(found.boxes, done, *widened.shape[:2])[:MOST_LINES]
        here = np.asarray((left, top), np.float32)
        far = np.asarray((picture.width, picture.height), np.float32)
        cut = [np.clip(np.asarray(quad, np.float32) - here, 0, far) for quad in quads]
        return [quad for quad in cut if np.ptp(quad, axis=0).min() >= 1]


@cache
def reader() -> Reader:
    """The one reader of this process: its models take some hundred megabytes."""
    return Reader()


def batches(shapes: Sequence[float], most: int) -> Iterator[list[int]]:
    """Places of lines that are read together: alike in shape, `most` at once."""
    group: list[int] = []
    for at in sorted(range(len(shapes)), key=lambda at: shapes[at]):
        if group and (len(group) == most or shapes[at] > ALIKE * max(shapes[group[0]], _FLOOR)):
            yield group
            group = []
        group.append(at)
    if group:
        yield group


def _shape(crop: Crop) -> float:
    return float(crop.shape[1]) / float(crop.shape[0])


def _widened(pixels: Crop) -> tuple[Crop, int, int]:
    """The image with its edge drawn out to all sides until it is as large as the detector asks,
    and how far from the left and the top it stands in that."""
    height, width = pixels.shape[:2]
    more, wider = (max(0, SHORTEST_SIDE - side) for side in (height, width))
    top, left = more // 2, wider // 2
    if not more and not wider:
        return pixels, 0, 0
    sides = ((top, more - top), (left, wider - left), (0, 0))
    return np.pad(pixels, sides, mode="edge"), left, top


def _crops(picture: Picture, quads: Sequence[NDArray[np.float32]]) -> list[Crop]:
    from rapidocr.utils.process_img import get_rotate_crop_image

    return [get_rotate_crop_image(picture.pixels, quad.copy()) for quad in quads]


def _clean(text: str) -> str:
    """The text without what is neither seen nor a space."""
    kept = "".join(one for one in text if unicodedata.category(one)[0] != "C")
    return " ".join(kept.split())
