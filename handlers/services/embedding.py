"""`image-embedding`: what an image looks like, as a vector by which similar ones are found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fdo.documents import Document
from handlers.queueing.kit import ANNO, Answer, Work, target
from handlers.services.about import IMAGES, About
from handlers.services.images import Picture
from handlers.services.sight import Seen, each
from handlers.similarity.embedding import Embedder
from handlers.similarity.vectors import body_of

ABOUT = About(
    name="image-embedding",
    does="Describes an image by a vector, so that similar images are found.",
    cannot="Its own descriptor sees colours, edges and texture: it finds copies, crops and images "
    "of the same make-up, and tells no species apart. A configured model sees what it was "
    "trained on.",
    works_on=("media",),
    motivations=("oa:describing",),
    packages=("numpy", "opencv-contrib-python-headless", "onnxruntime"),
    filter=IMAGES,
    micro_batch=32,
    gpu="optional",
)


class ImageEmbedding:
    """Vectors of images, by one model."""

    name = ABOUT.name

    def __init__(self, model: Path | None = None, sha256: str | None = None) -> None:
        self._configured = model, sha256
        self._embedder: Embedder | None = None

    def describe(self) -> Document:
        """The registration."""
        return ABOUT.document()

    def load(self) -> str:
        """Load the model, once; what it runs on."""
        self._embedder = self._embedder or Embedder(*self._configured)
        return self._embedder.provider

    def annotate(self, works: Sequence[Work]) -> list[Answer]:
        """One vector for each image."""
        self.load()
        return each(works, self._said)

    def _said(self, seen: Seen, picture: Picture) -> Answer:
        embedder = self._embedder
        assert embedder is not None  # load made it
        annotation = {
            "@context": ANNO,
            "type": "Annotation",
            "motivation": "describing",
            "target": target(seen.work),
            "body": body_of(embedder.packed(picture)),
        }
        meta = {
            "modelSha256": embedder.sha256,
            "softwareVersion": ABOUT.release,
            "executionProvider": embedder.provider,  # now that it ran
        }
        return Answer([annotation], meta=meta)
