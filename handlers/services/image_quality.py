"""`image-quality`: size, sharpness, exposure, colour chart and scale of an image, as measured.

One assessment an image, its body JSON, so that thresholds are the reader's own. Names of EXIF
stand where EXIF has them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from handlers.queueing.kit import Answer, assessment
from handlers.services.about import IMAGES, About
from handlers.services.chart import KIND, chart_of
from handlers.services.images import Picture
from handlers.services.scale import scale_of
from handlers.services.sight import Looking, Seen

DARK, BRIGHT = 2, 253
ABOUT = About(
    name="image-quality",
    does="Measures images: size, sharpness (variance of the Laplacian), lightness and clipping, "
    "the place of a colour chart, and pixels a millimetre where there is a ruler.",
    cannot="It does not judge: sharpness depends on what is shown, so compare images of one kind "
    "only. It knows one colour chart (24 patches), misses charts that are small or tilted, and "
    "does not say whether the colours are true. It takes the finest lines of a ruler for "
    "millimetres, and the ruler for lying at the height of the specimen.",
    works_on=("media",),
    motivations=("oa:assessing",),
    packages=("opencv-contrib-python-headless", "numpy"),
    filter=IMAGES,
    micro_batch=8,
    lease_s=300,
)


class ImageQuality(Looking):
    """Measurements of images."""

    def __init__(self) -> None:
        super().__init__(ABOUT, "cv2", _said)


def _said(seen: Seen, picture: Picture) -> Answer:
    meta = {"softwareVersion": ABOUT.release, "executionProvider": "CPU"}
    return Answer([assessment(seen.work, measured(picture, seen))], meta=meta)


def measured(picture: Picture, seen: Seen) -> dict[str, Any]:
    """What is measured of a picture, by name."""
    grey = picture.grey
    return {
        "exif:PixelXDimension": picture.width,
        "exif:PixelYDimension": picture.height,
        "format": picture.format,
        "varianceOfLaplacian": round(sharpness(picture), 1),
        "meanLightness": round(float(grey.mean()), 1),
        "clippedDark": round(float((grey <= DARK).mean()), 4),
        "clippedBright": round(float((grey >= BRIGHT).mean()), 4),
        "colourChart": _chart(picture, seen),
        "ruler": _ruler(picture),
    }


def sharpness(picture: Picture) -> float:
    """Variance of the Laplacian of lightness: high where there are edges, and they are sharp."""
    import cv2

    return float(np.asarray(cv2.Laplacian(picture.grey, cv2.CV_32F)).var())


def _chart(picture: Picture, seen: Seen) -> dict[str, Any]:
    place = chart_of(picture)
    if place is None:
        return {"found": False, "kind": KIND}
    return {"found": True, "kind": KIND, "xywh": seen.xywh(*place)}


def _ruler(picture: Picture) -> dict[str, Any]:
    scale = scale_of(picture)
    if scale is None:
        return {"found": False}
    return {
        "found": True,
        "pixelsPerMillimetre": scale.pixels_per_mm,
        "confidence": scale.confidence,
        "upright": scale.upright,
        "assumed": "the finest lines are millimetres",
    }
