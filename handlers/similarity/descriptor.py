"""What an image looks like, as 256 numbers: its colours, where they lie, its edges, its texture.

No model was trained for it and no weights are needed: colour in hue, saturation and value over
the whole image (48), mean colour on a grid of 4 × 4 (48), directions of edges on a grid of 4 × 4
(144), local binary patterns (16). It finds copies, crops, scans of the same sheet and images of
the same make-up (sheets, drawers, labels). What it cannot do: tell one species from another.
A model that can is one setting away (`embedding_model`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from handlers.services.images import Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

NAME = "image-descriptor-1"
SHA256 = hashlib.sha256(b"collectome image descriptor, release 1").hexdigest()
"""It has no weights; its name and release stand for them. Raise both when a number changes."""
DIMENSIONS = 256
_SIDE, _GRID, _DIRECTIONS = 128, 4, 9
_WEIGHTS = (0.7, 1.0, 1.0, 0.3)
"""Of colours, places, edges, texture: the first and the last change with the camera."""
_NOISE = 24.0
"""Strength of an edge below which it may be an artefact of compression."""


def described(picture: Picture) -> Floats:
    """The vector of an image, at length one."""
    import cv2

    resized = cv2.resize(picture.pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    small = np.asarray(resized, np.uint8)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    parts = (_colours(small), _places(small), _edges(grey), _texture(grey))
    weighed = [_unit(part) * weight for part, weight in zip(parts, _WEIGHTS, strict=True)]
    return _unit(np.concatenate(weighed))


def _colours(image: NDArray[np.uint8]) -> Floats:
    import cv2

    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
    counted = cv2.calcHist([hsv], [0, 1, 2], None, [8, 3, 2], [0, 180, 0, 256, 0, 256])
    found = np.asarray(counted, np.float32).ravel()
    rare = np.maximum(found - found.sum() * 0.002, 0.0)  # what is rarer may be noise
    return np.asarray(np.sqrt(rare), np.float32)


def _places(image: NDArray[np.uint8]) -> Floats:
    import cv2

    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB).astype(np.float32)
    cell = _SIDE // _GRID
    means = lab.reshape(_GRID, cell, _GRID, cell, 3).mean(axis=(1, 3))
    return (means.ravel() - 128.0) / 128.0  # type: ignore[no-any-return]  # float32 stays float32


def _edges(grey: NDArray[np.uint8]) -> Floats:
    import cv2

    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    strength, angle = cv2.cartToPolar(across, down, angleInDegrees=True)
    strength = np.maximum(strength - _NOISE, 0.0)
    direction = np.minimum((angle % 180) / (180 / _DIRECTIONS), _DIRECTIONS - 1).astype(int)
    rows, columns = np.indices(grey.shape) // (_SIDE // _GRID)
    place = (rows * _GRID + columns) * _DIRECTIONS + direction
    found = np.bincount(place.ravel(), strength.ravel(), _GRID * _GRID * _DIRECTIONS)
    return np.sqrt(found).astype(np.float32)


def _texture(grey: NDArray[np.uint8]) -> Floats:
    centre = grey[1:-1, 1:-1].astype(np.int16)
    ring = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))
    height, width = centre.shape
    code = np.zeros(centre.shape, int)
    for bit, (y, x) in enumerate(ring):
        code |= (grey[y : y + height, x : x + width] >= centre).astype(int) << bit
    found = np.bincount(code.ravel() >> 4, minlength=16)
    return np.sqrt(found).astype(np.float32)


def _unit(vector: NDArray[np.floating]) -> Floats:
    length = float(np.linalg.norm(vector))
    return (vector / length if length else vector).astype(np.float32)
