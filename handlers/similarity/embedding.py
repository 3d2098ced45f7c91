"""From an image to its vector: by the descriptor of our own, or by a configured ONNX model.

    embedder = Embedder()                                   # no weights
    embedder = Embedder(Path("clip.onnx"), "ab12…")         # checked by its hash
    embedder.vector(picture)                                # float32, at length one

An ONNX model takes one image as 1 × 3 × H × W floats, RGB, scaled by the mean and deviation of
ImageNet as most image models are, and gives one vector. It is asked once when it is loaded, so
that one which cannot be used is refused before any work.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handlers.services.images import Picture, Unreadable
from handlers.services.runtime import CPU, ModelRefused, session, sha256_of, used
from handlers.similarity import descriptor
from handlers.similarity.vectors import MOST_DIMENSIONS

if TYPE_CHECKING:
    from handlers.similarity.descriptor import Floats

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
_SIDE = 224
"""Of the image, where the model leaves it open."""


class Embedder:
    """Makes vectors of images by one model."""

    def __init__(self, model: Path | None = None, sha256: str | None = None) -> None:
        """ModelRefused where the file is not the one that was named, or no such model."""
        self._model: Any = None
        self.name, self.sha256 = descriptor.NAME, descriptor.SHA256
        self.dimensions = descriptor.DIMENSIONS
        if model is None:
            return
        if not sha256:
            raise ModelRefused(
                f"Say which file {model.name} has to be, by its SHA-256 (setting "
                f"embedding_sha256); the one that is there has {sha256_of(model)}."
            )
        self._model = session(model, sha256)
        self.name, self.sha256 = model.name, sha256_of(model)
        shape = self._model.get_inputs()[0].shape
        if len(shape) != 4 or shape[1] not in (3, "3"):
            raise ModelRefused(
                f"{model.name} takes {shape}; an image model takes 1 × 3 × height × width."
            )
        self._size = tuple(side if isinstance(side, int) else _SIDE for side in shape[2:])
        self.dimensions = self._tried()

    @property
    def provider(self) -> str:
        """What the model runs on, as ONNX Runtime says after it loaded or ran it."""
        return CPU if self._model is None else used([self._model])

    def vector(self, picture: Picture) -> Floats:
        """The vector of an image, at length one."""
        if self._model is None:
            return descriptor.described(picture)
        found = self._given(picture)
        length = float(np.linalg.norm(found))
        if found.size != self.dimensions or not np.isfinite(length) or not length:
            raise Unreadable(f"{self.name} gave no vector for this image.")
        return (found / length).astype(np.float32)

    def packed(self, picture: Picture) -> bytes:
        """The same as 16-bit floats: the form in which it is kept."""
        return self.vector(picture).astype("<f2").tobytes()

    def _tried(self) -> int:
        """Ask the model of an empty image; how many numbers it gives."""
        height, width = self._size
        try:
            size = self._given(Picture(np.full((height, width, 3), 255, np.uint8), "")).size
        except Exception as wrong:  # ONNX Runtime's errors share no class of their own
            raise ModelRefused(f"{self.name} cannot be asked of one image: {wrong}") from wrong
        if not 0 < size <= MOST_DIMENSIONS:
            raise ModelRefused(
                f"{self.name} gives {size:,} numbers for an image; a vector has "
                f"{MOST_DIMENSIONS:,} at most."
            )
        return size

    def _given(self, picture: Picture) -> Floats:
        """What the model gives for an image, as one row of numbers."""
        import cv2

        height, width = self._size
        small = cv2.resize(picture.pixels, (width, height), interpolation=cv2.INTER_AREA)
        rgb = small[:, :, ::-1].astype(np.float32) / 255.0
        asked = ((rgb - _MEAN) / _DEVIATION).transpose(2, 0, 1)[np.newaxis]
        name = self._model.get_inputs()[0].name
        given = self._model.run(None, {name: asked.astype(np.float32)})[0]
        return np.asarray(given, np.float32).ravel()


def unpacked(vector: bytes) -> Floats:
    """A kept vector at full width."""
    return np.frombuffer(vector, "<f2").astype(np.float32)
