"""Where a colour chart of 24 patches lies in an image: found by OpenCV, by its squares and colours.

The detector is told what it looks for each time. What is not set in it is not the default that its
manual names but whatever lay in memory: left alone it finds a chart in one try and misses it in the
next, and one image would be told of in several ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from handlers.services.images import Picture, shrunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Colours = NDArray[Any]

KIND = "ColorChecker Classic, 24 patches"
PATCHES = 24
LEAST_ALIKE = 0.8
"""Of drawn charts in all lights it was 0.98; of trays and boxes of other colours, which the
detector takes for charts too, 0.5 at most."""
LONGEST_SIDE = 1_600
"""To which an image is shrunk first: patches are still found, in a tenth of the time."""


def chart_of(picture: Picture) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom of the chart, in pixels; None where none is to be made out."""
    import cv2

    small, factor = shrunk(picture, LONGEST_SIDE)
    detector = cv2.mcc.CCheckerDetector.create()
    detector.setColorChartType(cv2.mcc.MCC24)
    detector.setUseDnnModel(False)
    if not detector.process(small.pixels, 1):
        return None  # the best of none would end the process
    found = detector.getBestColorChecker()
    measured = np.asarray(found.getChartsRGB(True)).reshape(PATCHES, 3, -1)[:, :, 1]
    known = np.asarray(detector.getRefColors()).reshape(PATCHES, 3)[:, ::-1]
    corners = np.asarray(found.getBox(), np.float64) * factor
    if not np.isfinite(corners).all() or _alike(measured, known) < LEAST_ALIKE:
        return None
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _alike(measured: Colours, known: Colours) -> float:
    """The correlation of the patches in red, in green and in blue, the least of the three: light
    of another strength or colour leaves it as it is. 0 where a colour is the same in all."""
    if not (measured.std(axis=0).all() and known.std(axis=0).all()):
        return 0.0
    return float(min(np.corrcoef(measured[:, at], known[:, at])[0, 1] for at in range(3)))
