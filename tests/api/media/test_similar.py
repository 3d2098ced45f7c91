"""Similar images over HTTP: of a medium, of an image that is brought; only what is public."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.views import Views
from eventstore.follower import follow_once
from fdo.identifiers import Pid
from fdo.lifecycle import Register, stamped
from handlers.projections.vectors import Vectors, VectorsReader
from handlers.services.images import read
from handlers.similarity.descriptor import SHA256
from handlers.similarity.embedding import Embedder
from handlers.similarity.vectors import body_of
from tests.api.conftest import CURATOR, Browser, Repository
from tests.handlers.media.sender import Sender, sending
from tests.handlers.similarity.test_likeness import drawing, sent

AT = "2026-11-01T12:00:00.000Z"


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with sending() as made:
        yield made


@pytest.fixture
def gallery(repository: Repository, sender: Sender) -> Iterator[Callable[[], Browser]]:
    """Six images with their vectors, and one without."""
    for number in range(7):
        uri = sender.put(f"/{number}.png", sent(drawing(number)))
        draft = {"@type": "ods:DigitalMedia", "ac:accessURI": uri, "dcterms:title": f"No {number}"}
        pid = repository.register("media", {**draft, "ods:status": "Active"})
        if number < 6:
            described(repository, pid, drawing(number))
    path = repository.folder / "vectors.sqlite"
    view, reader = Vectors(path), VectorsReader(path)

    def browser() -> Browser:
        while follow_once(repository.objects.log, [view]):
            pass
        return Browser(repository.app(views=Views(vectors=reader), media_allow_private=True))

    yield browser
    view.close()
    reader.close()


def described(repository: Repository, medium: Pid, image: Any) -> None:
    pid = repository.objects.reserve("annotation")
    body = body_of(Embedder().packed(read(sent(image))))
    document = {
        "@type": "oa:Annotation",
        "oa:motivatedBy": ["oa:describing"],
        "oa:hasTarget": [{"@type": "oa:SpecificResource", "oa:hasSource": medium.iri}],
        "oa:hasBody": [{"rdf:value": body["value"], "dcterms:format": [body["format"]]}],
        "col:modelSha256": SHA256,
        "col:contentKey": "0" * 60 + f"{pid.suffix[:3]}0".lower(),
    }
    command = Register(stamped(document, pid, 1, modified=AT))
    repository.objects.handle(command, pid=pid, kind="annotation", by=CURATOR)


def media(repository: Repository) -> dict[str, Pid]:
    heads = [head for head in repository.objects.log.heads("", 100) if head.type == "media"]
    return {repository.objects.log.latest(h.pid).document["dcterms:title"]: h.pid for h in heads}


def test_an_image_that_is_brought_finds_its_like(gallery: Callable[[], Browser]) -> None:
    copy = drawing(3).resize((200, 280))
    files = {"image": ("mine.jpg", sent(copy, "JPEG"), "image/jpeg")}
    found = gallery().request("POST", "/similar?k=2", files=files).json()["similar"]
    assert [len(found), found[0]["title"]] == [2, "No 3"]
    assert found[0]["score"] > 0.95 > found[1]["score"]


def test_a_medium_finds_others_and_not_itself(
    gallery: Callable[[], Browser], repository: Repository
) -> None:
    pids = media(repository)
    browser = gallery()
    for title in ("No 0", "No 6"):  # No 6 has no vector yet: it is looked at now
        said = browser.get(f"/similar?pid={pids[title]}&k=50").json()
        titles = {one["title"] for one in said["similar"]}
        assert titles == {f"No {n}" for n in range(6)} - {title}


def test_what_left_the_public_is_left_out(
    gallery: Callable[[], Browser], repository: Repository
) -> None:
    pids = media(repository)
    repository.tombstone(pids["No 1"], "Withdrawn.")
    said = gallery().get(f"/similar?pid={pids['No 0']}&k=50").json()
    assert "No 1" not in {one["title"] for one in said["similar"]}
    assert gallery().get(f"/similar?pid={pids['No 1']}").status_code == 404


def test_the_page_shows_thumbnails_and_an_empty_state(
    gallery: Callable[[], Browser], repository: Repository
) -> None:
    pids = media(repository)
    page = gallery().get(f"/similar?pid={pids['No 0']}", "text/html").text
    assert page.count("<img") == 5
    assert f"/api/media/{pids['No 2']}/region?size=" in page
    assert "looked at and forgotten" in gallery().get("/similar", "text/html").text


@pytest.mark.parametrize("data", [b"", b"<html>", sent(drawing(1))[:500]])
def test_what_is_no_image_is_refused(gallery: Callable[[], Browser], data: bytes) -> None:
    got = gallery().request("POST", "/similar", files={"image": ("x.png", data, "image/png")})
    assert (got.status_code, "image" in got.json()["detail"] or "empty" in got.text) == (422, True)
