"""A model of your own, given as an ONNX file: what an image shows, by the labels it was trained on.

`services.toml` names the file, its SHA-256 and its labels. A file that is another one is refused,
so that annotations never name a model that did not make them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fdo.documents import Document
from handlers.queueing.kit import Answer, MediaUnavailable, Work, target
from handlers.services.about import IMAGES, About
from handlers.services.images import Picture, Unreadable, read
from handlers.services.options import Model
from handlers.services.runtime import ModelRefused, session, sha256_of, used

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCH = 16


class Classifier:
    """Labels of images by one configured model."""

    def __init__(self, name: str, model: Model) -> None:
        self.name, self._model = name, model
        self._session: Any = None
        self._about = About(
            name=name,
            does=model.about,
            cannot=f"{model.cannot} It knows {len(model.labels)} labels and gives one of them to "
            f"whatever it is shown; below a score of {model.threshold:g} it says nothing.",
            works_on=("media",),
            motivations=("oa:assessing",),
            packages=("onnxruntime",),
            filter=IMAGES,
            micro_batch=BATCH,
            gpu="optional",
        )

    def describe(self) -> Document:
        """The registration."""
        return self._about.document()

    def load(self) -> str:
        """Load the model, once; ModelRefused when it is not the one that was configured."""
        if self._session is None:
            made = session(self._model.file, self._model.sha256)
            self._judged(made, np.zeros((1, 3, *_side(made, self._model.size)), np.float32))
            self._session = made
        return used([self._session])

    def annotate(self, works: Sequence[Work]) -> list[Answer]:
        """The labels of every image; those of one batch are looked at together."""
        self.load()
        height, width = _side(self._session, self._model.size)
        answers: list[Answer | None] = []
        tensors = []
        for work in works:
            try:
                tensors.append(self._tensor(read(work.file()), height, width))
                answers.append(None)
            except (Unreadable, MediaUnavailable) as why:
                answers.append(Answer(error=why.message))
        scores = iter(self._judged(self._session, np.stack(tensors)) if tensors else ())
        meta = {
            "executionProvider": used([self._session]),  # now that it ran
            "modelSha256": sha256_of(self._model.file),
            "softwareVersion": self._about.release,
        }
        return [
            answer or Answer(self._said(work, next(scores)), meta=meta)
            for work, answer in zip(works, answers, strict=True)
        ]

    def _said(self, work: Work, scores: NDArray[np.float64]) -> list[dict[str, Any]]:
        best = np.argsort(scores)[::-1][: self._model.top]
        bodies = [
            {
                "type": "TextualBody",
                "value": self._model.labels[at],
                "format": "text/plain",
                "purpose": "classifying",
                "ods:score": round(float(scores[at]), 4),
            }
            for at in best
            if scores[at] >= self._model.threshold
        ]
        if not bodies:
            return []
        return [
            {
                "@context": "http://www.w3.org/ns/anno.jsonld",
                "type": "Annotation",
                "motivation": "assessing",
                "target": target(work),
                "body": bodies,
            }
        ]

    def _tensor(self, picture: Picture, height: int, width: int) -> NDArray[np.float32]:
        """The image as the model wants it: red, green, blue; each channel as it was trained."""
        import cv2

        fitted = cv2.resize(picture.pixels, (width, height), interpolation=cv2.INTER_AREA)
        scaled = np.asarray(fitted, np.float32)[:, :, ::-1] / 255.0
        mean, std = np.array(self._model.mean), np.array(self._model.std)
        return np.asarray(((scaled - mean) / std).transpose(2, 0, 1), np.float32)

    def _judged(self, made: Any, images: NDArray[np.float32]) -> NDArray[np.float64]:
        """Scores from 0 to 1 of every label for every image; ModelRefused where the model does
        not take images, or gives another number of labels."""
        entry = made.get_inputs()[0]
        fixed = entry.shape[0] if isinstance(entry.shape[0], int) else len(images)
        try:
            given = [
                made.run(None, {entry.name: _filled(images[at : at + fixed], fixed)})[0]
                for at in range(0, len(images), fixed)
            ]
            flat = [np.asarray(one, np.float64).reshape(len(one), -1) for one in given]
        except Exception as wrong:  # ONNX Runtime's errors share no class of their own
            raise ModelRefused(f"{self._model.file.name} cannot be asked of images as configured: "
                               f"{wrong}") from wrong  # fmt: skip
        raw = np.concatenate(flat)[: len(images)]
        if raw.shape[1] != len(self._model.labels):
            raise ModelRefused(
                f"{self._model.file.name} tells {raw.shape[1]} labels apart, and "
                f"{len(self._model.labels)} are configured for {self.name}."
            )
        if raw.min() >= 0 and np.allclose(raw.sum(axis=1), 1, atol=1e-3):
            return raw
        raised = np.exp(raw - raw.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _filled(images: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """As many images as the model was made for: empty ones behind too few."""
    return np.pad(images, [(0, size - len(images)), (0, 0), (0, 0), (0, 0)])


def _side(made: Any, configured: int) -> tuple[int, int]:
    """(height, width) that a model wants, where it says so; else as configured."""
    shape = made.get_inputs()[0].shape
    if len(shape) != 4:
        raise ModelRefused(
            f"The model takes input of {len(shape)} dimensions; an image has four: number, "
            "channel, height, width."
        )
    height, width = (one if isinstance(one, int) else configured for one in shape[2:])
    return height, width
