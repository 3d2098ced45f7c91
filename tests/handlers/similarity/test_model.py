"""Likeness by a model of one's own: only the file that was named, only one that can be asked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handlers.services.enabling import enable
from handlers.services.images import read
from handlers.services.runtime import ModelRefused
from handlers.similarity.embedding import Embedder
from handlers.similarity.vectors import vector_of
from tests.fdo.annotation.saying import image
from tests.handlers.mas.story import BY, Repository
from tests.handlers.services.drawn import medium, png, stored
from tests.handlers.services.onnx_bytes import mean_of_colours

pytest.importorskip("onnxruntime", reason="the packages of requirements-mas.lock are absent")


def written(folder: Path, model: bytes) -> tuple[Path, str]:
    """A file of this model, and its SHA-256."""
    file = folder / f"{hashlib.sha256(model).hexdigest()[:8]}.onnx"
    file.write_bytes(model)
    return file, hashlib.sha256(model).hexdigest()


def plain(colour: str) -> bytes:
    return png(Image.new("RGB", (40, 30), colour))


@pytest.mark.parametrize("side", [8, "any"])
def test_the_vector_is_what_the_model_gives_at_length_one(tmp_path: Path, side: int | str) -> None:
    """The model of the test gives the mean of each colour, of images as ImageNet scales them."""
    embedder = Embedder(*written(tmp_path, mean_of_colours(side)))
    found = embedder.vector(read(plain("#f00")))
    scaled = (np.array([1, 0, 0]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert found == pytest.approx(scaled / np.linalg.norm(scaled), abs=1e-4)


def test_another_file_than_the_one_that_was_named_is_refused(tmp_path: Path) -> None:
    file, sha256 = written(tmp_path, mean_of_colours())
    with pytest.raises(ModelRefused, match="has the SHA-256"):
        Embedder(file, "0" * 64)
    with pytest.raises(ModelRefused, match=f"embedding_sha256.*{sha256}"):
        Embedder(file)
    with pytest.raises(ModelRefused, match=r"gone\.onnx cannot be read") as gone:
        Embedder(tmp_path / "gone.onnx", sha256)
    assert str(tmp_path) not in gone.value.message


def test_a_model_that_cannot_be_asked_of_one_image_is_refused_when_it_is_loaded(
    tmp_path: Path,
) -> None:
    with pytest.raises(ModelRefused, match="cannot be asked of one image"):
        Embedder(*written(tmp_path, mean_of_colours(batch=4)))
    with pytest.raises(ModelRefused, match="no model"):
        Embedder(*written(tmp_path, b"nonsense"))


def test_a_model_is_enabled_with_its_hash_and_its_vectors_name_it(tmp_path: Path) -> None:
    from handlers.services import make

    repository = Repository(tmp_path)
    named = written(tmp_path, mean_of_colours())
    made = enable(repository.objects, "image-embedding", tmp_path, BY, named)
    (model,) = made.models
    assert repository.log.latest(model).document["col:sha256"] == named[1]
    assert made.service.document["col:model"] == model.iri
    with pytest.raises(ModelRefused):
        enable(repository.objects, "image-embedding", tmp_path, BY, (named[0], "0" * 64))
    repository.close()
    service = make("image-embedding", tmp_path, named)
    service.load()
    (answer,) = service.annotate([medium(plain("#00f"))])
    (said,) = stored(answer, image())
    assert answer.meta["modelSha256"] == named[1]
    assert len(vector_of(said) or b"") == 3 * 2
