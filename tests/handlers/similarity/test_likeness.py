"""Likeness: the same image in other clothes is near, another one is not; the index follows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from eventstore.application import DigitalObjects
from eventstore.follower import follow_once
from fdo.agent import Agent
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Register, Tombstone, stamped
from handlers.curation import Curation
from handlers.projections.vectors import Vectors, VectorsReader
from handlers.services.images import read
from handlers.similarity import finder as finding
from handlers.similarity.descriptor import DIMENSIONS, SHA256
from handlers.similarity.embedding import Embedder, unpacked
from handlers.similarity.finder import Finder
from handlers.similarity.vectors import body_of, vector_of
from handlers.verification import table_digests

AT = "2026-11-01T12:00:00.000Z"
BY = Agent("urn:example:service", "Service")


def drawing(seed: int) -> Image.Image:
    """A sheet of its own: paper, a plant of strokes, a label, a stamp."""
    rng = np.random.default_rng(seed)
    paper = tuple(int(v) for v in rng.integers(190, 250, 3))
    image = Image.new("RGB", (400, 560), paper)
    pen = ImageDraw.Draw(image)
    green = tuple(int(v) for v in rng.integers(20, 140, 3))
    for _ in range(int(rng.integers(20, 60))):
        x, y, dx, dy = (int(v) for v in (*rng.integers(40, 360, 2), *rng.integers(-90, 90, 2)))
        pen.line((x, y, x + dx, y + dy), green, int(rng.integers(1, 9)))
    left, top = (int(v) for v in rng.integers(10, 200, 2))
    pen.rectangle((left, 300 + top, left + 150, 350 + top), (255, 255, 255), (0, 0, 0))
    pen.ellipse((300, 20 + top, 370, 90 + top), outline=(200, 30, 30), width=4)
    return image


def sent(image: Image.Image, shape: str = "PNG", **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, shape, **options)
    return out.getvalue()


def test_the_same_image_in_other_clothes_is_nearer_than_any_other():
    embedder = Embedder()
    sheets = [drawing(seed) for seed in range(30)]
    known = np.stack([embedder.vector(read(sent(sheet))) for sheet in sheets])
    assert known.shape == (30, DIMENSIONS)
    clothes = {
        "smaller": lambda i: i.resize((160, 224)),
        "compressed": lambda i: Image.open(io.BytesIO(sent(i, "JPEG", quality=35))),
        "darker": lambda i: ImageEnhance.Brightness(i).enhance(0.85),
        "cropped": lambda i: i.crop((12, 12, 388, 548)),
    }
    for name, dressed in clothes.items():
        found = [
            int(np.argmax(known @ embedder.vector(read(sent(dressed(sheet).convert("RGB"))))))
            for sheet in sheets
        ]
        right = sum(place == number for number, place in enumerate(found))
        assert right >= 28, (name, right)


def test_a_vector_survives_its_body():
    vector = Embedder().packed(read(sent(drawing(1))))
    body = body_of(vector)
    stored = {"oa:hasBody": [{"rdf:value": body["value"], "dcterms:format": [body["format"]]}]}
    assert vector_of(stored) == vector
    assert abs(float(np.linalg.norm(unpacked(vector))) - 1) < 1e-2
    for broken in ("!", "AAA", "A" * 20_000):
        stored["oa:hasBody"][0]["rdf:value"] = broken
        assert vector_of(stored) is None


class Collection:
    """Vectors in a log, their view and an index."""

    def __init__(self, folder: Path) -> None:
        self.objects = DigitalObjects(folder)
        self.path = folder / "vectors.sqlite"
        self.view = Vectors(self.path)
        self.reader = VectorsReader(self.path)
        self.finder = Finder(self.reader, SHA256)

    def say(self, medium: Pid, vector: np.ndarray) -> Pid:
        pid = self.objects.reserve("annotation")
        body = body_of(vector.astype("<f2").tobytes())
        document: Document = {
            "@type": "oa:Annotation",
            "oa:motivatedBy": ["oa:describing"],
            "oa:hasTarget": [{"@type": "oa:SpecificResource", "oa:hasSource": medium.iri}],
            "oa:hasBody": [{"rdf:value": body["value"], "dcterms:format": [body["format"]]}],
            "col:modelSha256": SHA256,
            "col:contentKey": pid.suffix.replace("-", "").lower().ljust(64, "0"),
        }
        command = Register(stamped(document, pid, 1, modified=AT))
        self.objects.handle(command, pid=pid, kind="annotation", by=BY)
        return pid

    def nearest(self, vector: np.ndarray, count: int = 3) -> list[str]:
        while follow_once(self.objects.log, [self.view]):
            pass
        return [one.target for one in self.finder.nearest(vector, count)]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    made = Collection(tmp_path)
    yield made
    made.view.close()
    made.reader.close()
    made.objects.close()


def axes(count: int) -> list[np.ndarray]:
    return list(np.eye(count, dtype=np.float32))


def test_the_index_follows_what_comes_and_goes(collection: Collection):
    x, y, z = axes(3)
    media = [collection.objects.reserve("media") for _ in range(3)]
    assert collection.nearest(x) == []
    first = collection.say(media[0], x)
    collection.say(media[1], y)
    assert collection.nearest(x, 1) == [str(media[0])]
    collection.say(media[2], z)
    assert collection.nearest(z, 1) == [str(media[2])]
    by = {"@type": "schema:Person", "schema:identifier": "urn:example:a"}
    gone = Tombstone("Wrong.", by, AT)
    collection.objects.handle(gone, pid=first, kind="annotation", by=BY)
    assert str(media[0]) not in collection.nearest(x)
    again = collection.say(media[1], x)
    assert collection.nearest(x, 1) == [str(media[1])]
    assert len(collection.finder) == 2
    hands = Curation(collection.objects, BY)
    hands.erase(hands.erasable(again), "A portrait.")
    assert collection.nearest(x) == [str(media[2])]


def test_rebuilt_is_as_followed(collection: Collection):
    rng = np.random.default_rng(1)
    media = [collection.objects.reserve("media") for _ in range(8)]
    for number in rng.integers(0, 8, 20):
        collection.say(media[number], rng.normal(size=16).astype(np.float32))
    collection.nearest(np.ones(16, np.float32))
    followed = collection.reader.section(SHA256, 0, 100)
    collection.view.clear()
    collection.nearest(np.ones(16, np.float32))
    rebuilt = collection.reader.section(SHA256, 0, 100)
    assert {(v.annotation, v.target, v.vector) for v in followed} == {
        (v.annotation, v.target, v.vector) for v in rebuilt
    }


def test_rebuilt_after_an_erasure_it_says_what_it_said(collection: Collection):
    x, y, z = axes(3)
    erased = collection.say(collection.objects.reserve("media"), x)
    collection.nearest(x)
    hands = Curation(collection.objects, BY)
    hands.erase(hands.erasable(erased), "A portrait.")
    for vector in (y, z):
        collection.say(collection.objects.reserve("media"), vector)
    collection.nearest(x)
    followed = table_digests(collection.view.connection)
    collection.view.clear()
    collection.nearest(x)
    assert table_digests(collection.view.connection) == followed


def test_many_are_sorted_into_cells_and_still_found(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(finding, "EXACT_UP_TO", 300)
    rng = np.random.default_rng(2)
    vectors = rng.normal(size=(400, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    media = [collection.objects.reserve("media") for _ in vectors]
    for medium, vector in zip(media, vectors, strict=True):
        collection.say(medium, vector)
    found = [collection.nearest(vector, 1) for vector in vectors[:50]]
    assert found == [[str(medium)] for medium in media[:50]]


def test_vectors_that_are_none_spoil_no_others(collection: Collection) -> None:
    """Any service may name the model: of another size, without length, of no numbers, too long."""
    x, y, z = axes(3)
    media = [collection.objects.reserve("media") for _ in range(6)]
    broken = np.zeros(3), np.array([1, 1]), np.array([np.nan, 0, 1]), np.array([np.inf, 0, 0])
    for medium, vector in zip(media, broken, strict=False):
        collection.say(medium, vector.astype(np.float32))
    collection.say(media[4], 60_000 * y)
    collection.say(media[5], (9 * x + y) / 10)
    collection.finder = Finder(collection.reader, SHA256, 3)
    assert collection.nearest(x, 6) == [str(media[5]), str(media[4])]
    assert len(collection.finder) == 2
    (near,) = collection.finder.nearest(60_000 * y, 1)
    assert (near.target, round(near.score, 3)) == (str(media[4]), 1.0)
    for vector in (z * 0, z * np.nan, np.ones(4)):
        assert collection.finder.nearest(vector, 1) == []
