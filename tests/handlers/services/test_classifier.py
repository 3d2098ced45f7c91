"""A model of one's own: only the file that was named, asked as it was trained, sure enough."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from PIL import Image

from handlers.services import available, make
from handlers.services.options import InvalidOptions, read
from handlers.services.runtime import CPU, ModelRefused
from tests.fdo.annotation.saying import image
from tests.handlers.services.drawn import medium, png, stored, value
from tests.handlers.services.onnx_bytes import mean_of_colours

MODEL = mean_of_colours()
SHA256 = hashlib.sha256(MODEL).hexdigest()
OPTIONS = f"""
[classifier.colour-of-sheet]
file = "model.onnx"
sha256 = "{SHA256}"
labels = ["red", "green", "blue"]
mean = [0, 0, 0]
std = [1, 1, 1]
threshold = 0.5
cannot = "It knows no yellow."
"""


def folder(place: Path, options: str = OPTIONS, model: bytes = MODEL) -> Path:
    (place / "services.toml").write_text(options)
    (place / "model.onnx").write_bytes(model)
    return place


def of(colour: str) -> bytes:
    return png(Image.new("RGB", (40, 30), colour))


def test_images_are_classified_by_the_configured_model(tmp_path: Path) -> None:
    service = make("colour-of-sheet", folder(tmp_path))
    assert service.load() in (CPU, "CUDAExecutionProvider")
    answers = service.annotate([medium(of("blue")), medium(b"nothing"), medium(of("#f00"))])
    blue, broken, red = answers
    assert [value(one) for one in stored(blue, image())] == ["blue"]
    assert [value(one) for one in stored(red, image())] == ["red"]
    assert broken.error and not broken.annotations
    assert blue.meta["modelSha256"] == SHA256


def test_a_model_that_takes_so_many_images_at_once_gets_so_many(tmp_path: Path) -> None:
    model = mean_of_colours(batch=4)
    options = OPTIONS.replace(SHA256, hashlib.sha256(model).hexdigest())
    service = make("colour-of-sheet", folder(tmp_path, options, model))
    asked = ["red", "green", "blue", "blue", "red"]  # pure green of HTML is `lime`
    answers = service.annotate([medium(of(one.replace("green", "lime"))) for one in asked])
    assert [value(one) for answer in answers for one in stored(answer, image())] == asked


def test_below_its_threshold_it_says_nothing(tmp_path: Path) -> None:
    service = make("colour-of-sheet", folder(tmp_path))
    answer = service.annotate([medium(of("grey"))])[0]
    assert answer.error is None and not answer.annotations


def test_several_labels_may_be_named(tmp_path: Path) -> None:
    options = OPTIONS.replace("threshold = 0.5", "threshold = 0.2\ntop = 2")
    answer = make("colour-of-sheet", folder(tmp_path, options)).annotate([medium(of("#ff0"))])[0]
    bodies = stored(answer, image())[0]["oa:hasBody"]
    assert {one["rdf:value"] for one in bodies} == {"red", "green"}
    assert all(0.2 <= one["ods:score"] <= 1 for one in bodies)


def test_another_file_is_refused(tmp_path: Path) -> None:
    service = make("colour-of-sheet", folder(tmp_path, model=MODEL + b"\0"))
    with pytest.raises(ModelRefused, match="SHA-256"):
        service.load()


def test_a_file_that_is_gone_or_no_model_is_refused(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (place / "model.onnx").unlink()
    with pytest.raises(ModelRefused, match="cannot be read"):
        make("colour-of-sheet", place).load()
    said = OPTIONS.replace(SHA256, hashlib.sha256(b"nonsense").hexdigest())
    with pytest.raises(ModelRefused, match="no model"):
        make("colour-of-sheet", folder(tmp_path, said, b"nonsense")).load()


def test_a_model_with_another_number_of_labels_is_refused_before_any_work(tmp_path: Path) -> None:
    options = OPTIONS.replace('"blue"', '"blue", "yellow"')
    with pytest.raises(ModelRefused, match="3 labels apart, and 4"):
        make("colour-of-sheet", folder(tmp_path, options)).load()


def test_its_description_says_what_it_cannot_do(tmp_path: Path) -> None:
    place = folder(tmp_path)
    assert "colour-of-sheet" in available(place)
    told = make("colour-of-sheet", place).describe()
    assert "knows no yellow" in told["schema:description"]
    assert told["schema:name"] == "colour-of-sheet" and told["col:autoAccept"] is False


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("threshold = 0.5", "threshold = 5", "threshold"),
        ("threshold = 0.5", "treshold = 0.5", "knows no treshold"),
        ("colour-of-sheet", "Colour", "small letters"),
        (SHA256, "12ab", "sha256"),
        ('["red", "green", "blue"]', '"red"', "labels"),
        ("std = [1, 1, 1]", "std = [1, 0, 1]", "std"),
        ("[classifier.colour-of-sheet]", "[klassifier.colour]", "knows no section"),
        ("[classifier.colour-of-sheet]", "[classifier", "TOML"),
    ],
)
def test_options_that_cannot_be_are_named(
    before: str, after: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidOptions, match=told):
        read(folder(tmp_path, OPTIONS.replace(before, after)))
