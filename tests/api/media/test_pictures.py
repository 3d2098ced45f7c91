"""Pictures on the pages of specimens, media and annotations: of what is here, and honest else."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from PIL import Image

from api.media.routes import media_files
from api.settings import Settings
from fdo.identifiers import Pid
from fdo.lifecycle import Tombstone
from tests.api.annotations.reviewing import ANNA, Reviewing
from tests.api.conftest import Repository
from tests.api.documents import a_medium, a_specimen
from tests.handlers.media.sender import drawn, sending

OAK = Pid("10.5072", "AAA-AAA-AAA")
PAGE = {"accept": "text/html"}


@pytest.fixture
def reviewing(repository: Repository) -> Iterator[Reviewing]:
    made = Reviewing(repository)
    yield made
    made.close()


@pytest.fixture
def page(browse: Callable[..., Any]) -> Callable[[Any], str]:
    """The page at a path."""

    def seen(path: Any) -> str:
        answer = browse().get(f"/{path}", "text/html")
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    return seen


def medium(
    repository: Repository, uri: str = "https://example.org/media/1.jpg", **more: Any
) -> Pid:
    return repository.register("media", a_medium(OAK, uri) | more)


def kept(repository: Repository, pid: Pid, size: tuple[int, int] = (400, 200)) -> None:
    """Have the file of a medium here: an image of this size."""
    place = repository.folder / "brought.png"
    place.write_bytes(drawn(size))
    with closing(media_files(Settings(data=repository.folder), repository.objects)) as files:
        files.bring(pid, place)


def specimen(repository: Repository, *media: Pid) -> Pid:
    relations = [
        {"@type": "ods:EntityRelationship", "dwc:relationshipOfResource": "hasDigitalMedia",
         "dwc:relatedResourceID": one.iri}
        for one in media
    ]  # fmt: skip
    return repository.register("specimen", a_specimen(**{"ods:hasEntityRelationships": relations}))


def section(text: str, name: str) -> str:
    """A section of a page; nothing where there is none."""
    found = re.search(rf'<section aria-labelledby="{name}">.*?</section>', text, re.S)
    return found[0] if found else ""


def images(text: str) -> list[dict[str, str]]:
    """The attributes of every image of a page."""
    return [
        dict(re.findall(r'([a-z]+)="([^"]*)"', one)) for one in re.findall("<img ([^>]*)>", text)
    ]


# ── beside a specimen ────────────────────────────────────────────────────────────────────


def test_a_specimen_shows_its_images_that_are_here_and_links_to_the_others(
    repository: Repository, page: Callable[[Any], str], browse: Callable[..., Any]
) -> None:
    shown = medium(repository, **{"dcterms:title": "A sheet"})
    elsewhere = medium(repository, "https://example.org/media/2.jpg")
    kept(repository, shown)
    media = section(page(specimen(repository, shown, elsewhere)), "media")
    (image,) = images(media)
    assert image["src"] == f"/api/media/{shown}/region?size=240"
    assert (image["width"], image["height"], image["loading"]) == ("240", "120", "lazy")
    assert image["alt"] == "", "its name stands beside it, in the same link"
    assert f'<a href="/{shown}"><img' in media and "A sheet</a>" in media
    assert f'<a href="/{elsewhere}">' in media and "Of these no picture is kept here" in media
    small = browse().get(image["src"])
    assert Image.open(io.BytesIO(small.content)).size == (240, 120)


def test_pages_fetch_nothing_and_say_that_they_have_nothing(
    repository: Repository, browse: Callable[..., Any]
) -> None:
    with sending() as sender:
        uri = sender.put("/a.png", drawn())
        pid = medium(repository, uri)
        ask = browse(media_allow_private=True)
        media = section(ask.get(f"/{specimen(repository, pid)}", "text/html").text, "media")
        assert images(media) == [] and "Of them no picture is kept here" in media
        file = section(ask.get(f"/{pid}", "text/html").text, "file")
        assert images(file) == [] and "nobody has asked for it yet" in file
        assert f'<a href="{uri}" rel="nofollow">' in file
        assert sender.asked == []
        assert ask.get(f"/api/media/{pid}/file").status_code == 200
        assert len(images(section(ask.get(f"/{pid}", "text/html").text, "file"))) == 1


def test_what_is_no_longer_public_has_no_picture(
    repository: Repository, page: Callable[[Any], str]
) -> None:
    pid = medium(repository)
    oak = specimen(repository, pid)
    kept(repository, pid)
    assert images(page(oak)) and images(page(f"{pid}/1"))
    by = {"@type": "schema:Person", "schema:name": "Josiah Carberry"}
    repository.do(Tombstone("A portrait.", by, "2026-04-01T12:00:00.000Z"), pid, "media")
    assert images(page(oak)) == [] == images(page(f"{pid}/1"))


def test_an_image_stands_for_its_address_and_not_for_the_next_one(
    repository: Repository, page: Callable[[Any], str]
) -> None:
    pid = medium(repository)
    kept(repository, pid)
    repository.revise(pid, a_medium(OAK, "https://example.org/media/new.jpg"), "media")
    assert images(page(pid)) == []
    assert len(images(page(f"{pid}/1"))) == 1, "the version that named it"


# ── on the page of a medium ──────────────────────────────────────────────────────────────


def test_a_medium_shows_its_picture_with_size_and_name(
    repository: Repository, page: Callable[[Any], str]
) -> None:
    pid = medium(repository, **{"dcterms:title": 'A "sheet" <b>'})
    kept(repository, pid, (1920, 1000))
    file = section(page(pid), "file")
    (image,) = images(file)
    assert (image["width"], image["height"]) == ("960", "500")
    assert image["alt"] == "A &#34;sheet&#34; &lt;b&gt;"
    assert "1,920 × 1,000 pixels, image/png" in file
    assert f'href="/api/media/{pid}/file"' in file


def test_a_file_that_is_no_image_is_named_and_one_that_could_not_be_had_too(
    repository: Repository, browse: Callable[..., Any]
) -> None:
    with sending() as sender:
        song = medium(repository, sender.put("/song.mp3", b"ID3" + bytes(100)))
        lost = medium(repository, sender.put("/lost.png", b"", status=404))
        ask = browse(media_allow_private=True)
        for pid in (song, lost):
            ask.get(f"/api/media/{pid}/file")
        told = section(ask.get(f"/{song}", "text/html").text, "file")
        assert images(told) == [] and "audio/mpeg" in told
        told = section(ask.get(f"/{lost}", "text/html").text, "file")
        assert "When it was last asked for" in told and "404" in told


def test_regions_that_annotations_name_are_drawn_over_the_picture(reviewing: Reviewing) -> None:
    pid = medium(reviewing.told)
    kept(reviewing.told, pid, (400, 200))

    def remark(text: str, fragment: str) -> Pid:
        selector = {"@type": "oa:FragmentSelector", "rdf:value": fragment,
                    "dcterms:conformsTo": "http://www.w3.org/TR/media-frags/"}  # fmt: skip
        target = {"oa:hasSource": pid.iri, "oa:hasSelector": [selector]}
        return reviewing.propose(pid, text, None, "oa:commenting", oa_hasTarget=[target])

    label = remark("The label <i>", "xywh=percent:10,20,30,40")
    beetle = remark("A beetle", "xywh=200,100,100,50")
    gone = remark("Mistaken", "xywh=percent:0,0,5,5")
    reviewing.hands.withdraw(gone, "Mistaken.", ANNA)
    file = section(reviewing.ask("GET", f"/{pid}", headers=PAGE).text, "file")
    boxes = re.findall(
        r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/>', file
    )
    assert sorted(tuple(map(float, box)) for box in boxes) == [
        (40.0, 40.0, 120.0, 80.0),
        (200.0, 100.0, 100.0, 50.0),
    ]
    assert f'<a href="/{label}">The label &lt;i&gt;</a>' in file
    assert f'<a href="/{beetle}">A beetle</a>' in file and "Mistaken" not in file
    about = reviewing.ask("GET", f"/{label}", headers=PAGE).text
    (crop,) = images(about)
    assert crop["src"] == f"/api/media/{pid}/region?xywh=percent:10,20,30,40&amp;size=240"
    assert (crop["width"], crop["height"]) == ("120", "80")
    assert images(reviewing.ask("GET", f"/{pid}/1", headers=PAGE).text)
    assert "<rect" not in reviewing.ask("GET", f"/{pid}/1", headers=PAGE).text
