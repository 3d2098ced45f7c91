"""Similar images over HTTP: of a medium, of an image that is brought; only what is public."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.views import Views
from eventstore.follower import follow_once
from fdo.identifiers import Pid
from fdo.lifecycle import Register, stamped
from handlers.projections.vectors import Vectors, VectorsReader
from handlers.services.images import read
from handlers.similarity.embedding import Embedder
from handlers.similarity.vectors import body_of
from tests.api.conftest import CURATOR, Browser, Repository
from tests.handlers.media.sender import Sender, sending
from tests.handlers.services.onnx_bytes import mean_of_colours
from tests.handlers.similarity.test_likeness import drawing, sent

AT = "2026-11-01T12:00:00.000Z"


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with sending() as made:
        yield made


@pytest.fixture
def gallery(repository: Repository, sender: Sender) -> Iterator[Callable[..., Browser]]:
    """Six images with their vectors, and one without."""
    for number in range(7):
        uri = sender.put(f"/{number}.png", sent(drawing(number)))
        draft = {"@type": "ods:DigitalMedia", "ac:accessURI": uri, "dcterms:title": f"No {number}"}
        pid = repository.register("media", {**draft, "ods:status": "Active"})
        if number < 6:
            described(repository, pid, drawing(number))
    path = repository.folder / "vectors.sqlite"
    view, reader = Vectors(path), VectorsReader(path)

    def browser(**settings: Any) -> Browser:
        while follow_once(repository.objects.log, [view]):
            pass
        return Browser(
            repository.app(views=Views(vectors=reader), media_allow_private=True, **settings)
        )

    yield browser
    view.close()
    reader.close()


def described(
    repository: Repository, medium: Pid, image: Any, embedder: Embedder | None = None
) -> None:
    model = embedder or Embedder()
    pid = repository.objects.reserve("annotation")
    body = body_of(model.packed(read(sent(image))))
    document = {
        "@type": "oa:Annotation",
        "oa:motivatedBy": ["oa:describing"],
        "oa:hasTarget": [{"@type": "oa:SpecificResource", "oa:hasSource": medium.iri}],
        "oa:hasBody": [{"rdf:value": body["value"], "dcterms:format": [body["format"]]}],
        "col:modelSha256": model.sha256,
        "col:contentKey": "0" * 60 + f"{pid.suffix[:3]}0".lower(),
    }
    command = Register(stamped(document, pid, 1, modified=AT))
    repository.objects.handle(command, pid=pid, kind="annotation", by=CURATOR)


def media(repository: Repository) -> dict[str, Pid]:
    heads = [head for head in repository.objects.log.heads("", 100) if head.type == "media"]
    return {repository.objects.log.latest(h.pid).document["dcterms:title"]: h.pid for h in heads}


def test_an_image_that_is_brought_finds_its_like(gallery: Callable[..., Browser]) -> None:
    copy = drawing(3).resize((200, 280))
    files = {"image": ("mine.jpg", sent(copy, "JPEG"), "image/jpeg")}
    found = gallery().request("POST", "/similar?k=2", files=files).json()["similar"]
    assert [len(found), found[0]["title"]] == [2, "No 3"]
    assert found[0]["score"] > 0.95 > found[1]["score"]


def test_a_medium_finds_others_and_not_itself(
    gallery: Callable[..., Browser], repository: Repository
) -> None:
    pids = media(repository)
    browser = gallery()
    for title in ("No 0", "No 6"):  # No 6 has no vector yet: it is looked at now
        said = browser.get(f"/similar?pid={pids[title]}&k=50").json()
        titles = {one["title"] for one in said["similar"]}
        assert titles == {f"No {n}" for n in range(6)} - {title}


def test_what_left_the_public_is_left_out(
    gallery: Callable[..., Browser], repository: Repository
) -> None:
    pids = media(repository)
    repository.tombstone(pids["No 1"], "Withdrawn.")
    said = gallery().get(f"/similar?pid={pids['No 0']}&k=50").json()
    assert "No 1" not in {one["title"] for one in said["similar"]}
    assert gallery().get(f"/similar?pid={pids['No 1']}").status_code == 404


def test_the_page_shows_thumbnails_of_what_is_here_and_fetches_nothing(
    gallery: Callable[..., Browser], repository: Repository, sender: Sender
) -> None:
    pids = media(repository)
    browser = gallery()
    for title in ("No 2", "No 4"):
        assert browser.get(f"/api/media/{pids[title]}/file").status_code == 200
    fetched = list(sender.asked)
    page = browser.get(f"/similar?pid={pids['No 0']}", "text/html").text
    assert (page.count("<img"), page.count("its file is not here now")) == (2, 3)
    assert f"/api/media/{pids['No 2']}/region?size=" in page
    assert sender.asked == fetched
    told = browser.get(f"/similar?pid={pids['No 0']}").json()["similar"]
    shown = {one["title"] for one in told if one["thumbnail"]}
    assert shown == {"No 2", "No 4"}
    assert "looked at and forgotten" in gallery().get("/similar", "text/html").text


def test_a_model_that_is_configured_is_the_one_that_is_asked(
    gallery: Callable[..., Browser], repository: Repository, tmp_path: Path
) -> None:
    """Its vectors alone are compared; those of another model stay where they are."""
    model = mean_of_colours()
    file = tmp_path / "model.onnx"
    file.write_bytes(model)
    sha256 = hashlib.sha256(model).hexdigest()
    pid = media(repository)["No 3"]
    described(repository, pid, drawing(3), Embedder(file, sha256))
    asked = gallery(embedding_model=file, embedding_sha256=sha256)
    files = {"image": ("mine.png", sent(drawing(3)), "image/png")}
    (found,) = asked.request("POST", "/similar", files=files).json()["similar"]
    assert (found["title"], round(found["score"], 2)) == ("No 3", 1.0)


def test_a_model_that_is_another_file_is_told_of_and_not_asked(
    gallery: Callable[..., Browser], repository: Repository, tmp_path: Path
) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(mean_of_colours())
    asked = gallery(embedding_model=file, embedding_sha256="0" * 64)
    told = asked.get(f"/similar?pid={media(repository)['No 3']}")
    assert (told.status_code, "model.onnx has the SHA-256" in told.json()["detail"]) == (503, True)
    assert str(tmp_path) not in told.text


@pytest.mark.parametrize("data", [b"", b"<html>", sent(drawing(1))[:500]])
def test_what_is_no_image_is_refused(gallery: Callable[..., Browser], data: bytes) -> None:
    got = gallery().request("POST", "/similar", files={"image": ("x.png", data, "image/png")})
    assert (got.status_code, "image" in got.json()["detail"] or "empty" in got.text) == (422, True)
