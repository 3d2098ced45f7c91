"""The files of media over HTTP: bytes, parts, and what is known; harmless whatever was sent."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import httpx
import pytest
from PIL import Image

from api.media import routes
from fdo.identifiers import Pid
from tests.api.conftest import Repository
from tests.handlers.media.sender import Sender, drawn, sending


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with sending() as made:
        yield made


@pytest.fixture
def ask(browse: Callable[..., Any]) -> Any:
    return browse(media_allow_private=True)


def medium(repository: Repository, uri: str) -> Pid:
    draft = {"@type": "ods:DigitalMedia", "ac:accessURI": uri, "ods:status": "Active"}
    return repository.register("media", draft)


def held(repository: Repository) -> list[str]:
    """The files of the cache, but for its index."""
    kept = [path for path in (repository.folder / "media").rglob("*") if path.is_file()]
    return [path.name for path in kept if not path.name.startswith("index.sqlite")]


def test_the_bytes_come_with_their_hash(repository: Repository, ask: Any, sender: Sender) -> None:
    body = drawn()
    pid = medium(repository, sender.put("/a.png", body))
    told = ask.get(f"/api/media/{pid}").json()
    assert (told["outcome"], told["stored"], told["sha256"]) == ("unknown", False, None)
    got = ask.get(f"/api/media/{pid}/file")
    assert (got.status_code, got.content) == (200, body)
    assert got.headers["content-type"] == "image/png"
    assert got.headers["etag"] == f'"{hashlib.sha256(body).hexdigest()}"'
    assert "sandbox" in got.headers["content-security-policy"]
    again = ask.get(f"/api/media/{pid}/file", headers={"if-none-match": got.headers["etag"]})
    assert again.status_code == 304
    part = ask.get(f"/api/media/{pid}/file", headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, body[:4])
    told = ask.get(f"/api/media/{pid}").json()
    assert (told["outcome"], told["width"], told["height"]) == ("fetched", 200, 100)


def test_a_region_has_an_address(repository: Repository, ask: Any, sender: Sender) -> None:
    pid = medium(repository, sender.put("/b.png", drawn()))
    got = ask.get(f"/api/media/{pid}/region?xywh=percent:50,0,50,50&size=40")
    assert Image.open(io.BytesIO(got.content)).size == (40, 20)
    outside = ask.get(f"/api/media/{pid}/region?xywh=150,0,100,50")
    assert (outside.status_code, "200,100" in outside.json()["detail"]) == (400, True)
    assert ask.get(f"/api/media/{pid}/region?size=100000").status_code == 422


def test_a_picture_is_made_once_and_kept(
    repository: Repository, ask: Any, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = medium(repository, sender.put("/kept.png", drawn((321, 123))))
    address = f"/api/media/{pid}/region?size=240"
    first = ask.get(address)
    assert first.status_code == 200 and Image.open(io.BytesIO(first.content)).size[0] == 240

    def never(*_: Any) -> tuple[bytes, str]:
        raise AssertionError("it was made again")

    monkeypatch.setattr("handlers.media.regions.region", never)
    again = ask.get(address)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.headers["content-type"] == first.headers["content-type"] == "image/png"
    seen = ask.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (seen.status_code, seen.content) == (304, b"")


def test_another_size_region_or_way_of_making_it_has_another_etag(
    repository: Repository, ask: Any, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = medium(repository, sender.put("/tags.png", drawn()))
    asked = [
        f"/api/media/{pid}/region?{tail}" for tail in ("size=9", "size=8", "size=9&xywh=0,0,9,9")
    ]
    tags = [ask.get(one).headers["etag"] for one in asked]
    monkeypatch.setattr("handlers.media.regions.MADE_BY", "2")
    tags.append(ask.get(asked[0]).headers["etag"])
    assert len(set(tags)) == 4 and not any(tag.startswith("W/") for tag in tags)


def test_what_is_large_is_made_each_time(repository: Repository, ask: Any, sender: Sender) -> None:
    pid = medium(repository, sender.put("/large.png", drawn((50, 20))))
    assert ask.get(f"/api/media/{pid}/region?size=961").status_code == 200
    assert not list((repository.folder / "media").glob("cuts/*/*/*"))


def test_a_page_is_never_shown_as_one(repository: Repository, ask: Any, sender: Sender) -> None:
    pid = medium(repository, sender.put("/c.html", b"<script>alert(1)</script>"))
    got = ask.get(f"/api/media/{pid}/file")
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert ask.get(f"/api/media/{pid}/region").status_code == 422


def test_what_cannot_be_had_is_told(repository: Repository, ask: Any, sender: Sender) -> None:
    pid = medium(repository, sender.put("/d.png", b"", status=404))
    got = ask.get(f"/api/media/{pid}/file")
    assert (got.status_code, "404" in got.json()["detail"]) == (503, True)
    assert int(got.headers["retry-after"]) > 0
    assert ask.get(f"/api/media/{pid}").json()["outcome"] == "unreachable"
    assert ask.get("/api/media/10.5072/ZZZ-ZZZ-ZZZ/file").status_code == 404


def test_an_erasure_takes_the_bytes(repository: Repository, ask: Any, sender: Sender) -> None:
    pid = medium(repository, sender.put("/e.png", drawn((31, 17))))
    assert ask.get(f"/api/media/{pid}/file").status_code == 200
    assert ask.get(f"/api/media/{pid}/region?size=9").status_code == 200
    assert len(held(repository)) == 2, "the file, and what was made of it"
    token = repository.tokens.create("admin", ("admin",))
    etag = ask.get(f"/{pid}", "application/json").headers["etag"]
    done = ask.request(
        "POST",
        f"/api/objects/{pid}/erase",
        json={"reason": "A portrait.", "confirm": True},
        headers={"authorization": f"Bearer {token}", "if-match": etag},
    )
    assert done.status_code == 200, done.text
    assert not held(repository)
    assert ask.get(f"/api/media/{pid}/file").status_code == 410
    assert ask.get(f"/api/media/{pid}/region?size=9").status_code == 410


def test_only_curators_check_a_link(repository: Repository, ask: Any, sender: Sender) -> None:
    pid = medium(repository, sender.put("/f.png", drawn()))
    assert ask.request("POST", f"/api/media/{pid}/check").status_code == 401
    token = repository.tokens.create("curator", ("curator",))
    headers = {"authorization": f"Bearer {token}"}
    assert ask.request("POST", f"/api/media/{pid}/check", headers=headers).json()["stored"]


def test_a_stored_file_is_an_element_of_its_object(
    repository: Repository, ask: Any, sender: Sender
) -> None:
    body = drawn((40, 40))
    pid = medium(repository, sender.put("/g.png", body))

    def retrieved(**attributes: str) -> httpx.Response:
        asked = {"targetId": str(pid), "operationId": "0.DOIP/Op.Retrieve", **attributes}
        return ask.get("/doip", params=asked)

    assert "file" not in [one["id"] for one in retrieved().json()["elements"]]
    ask.get(f"/api/media/{pid}/file")
    (told,) = [one for one in retrieved().json()["elements"] if one["id"] == "file"]
    assert (told["type"], told["length"]) == ("image/png", len(body))
    assert told["attributes"]["checksum"]["value"] == hashlib.sha256(body).hexdigest()
    assert retrieved(**{"attributes.element": "file"}).content == body


def test_many_images_are_not_decoded_at_once(
    repository: Repository, ask: Any, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = medium(repository, sender.put("/many.png", drawn()))
    assert ask.get(f"/api/media/{pid}/file").status_code == 200
    going, at_work, most = threading.Event(), [], []

    def slow(*_: Any) -> tuple[bytes, str]:
        at_work.append(1)
        most.append(len(at_work))
        going.wait(60)
        at_work.pop()
        return b"", "image/png"

    monkeypatch.setattr("handlers.media.regions.region", slow)
    with ThreadPoolExecutor(routes.CUTS + routes.CUTS_IN_LINE + 1) as pool:
        asked = [
            pool.submit(ask.get, f"/api/media/{pid}/region?size={n + 1}")
            for n in range(routes.CUTS + routes.CUTS_IN_LINE + 1)
        ]
        sent_away = next(as_completed(asked)).result()
        going.set()
    assert (sent_away.status_code, sent_away.headers["retry-after"]) == (503, "10")
    assert max(most) == routes.CUTS
    assert sorted({one.result().status_code for one in asked}) == [200, 503]
