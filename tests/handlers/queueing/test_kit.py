"""What writers of services rely on: works as they are read, media as they are fetched."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from fdo.representations.annotation import reading
from handlers.queueing import kit
from handlers.queueing.kit import Media, MediaUnavailable, Work
from tests.handlers.queueing.story import job

SERVICE = {
    "@type": "schema:SoftwareApplication",
    "@id": "https://hdl.handle.net/20.5000.5072/AAA-BBB-CCC",
    "schema:name": "echo",
}


class Files(BaseHTTPRequestHandler):
    """Gives each path as its own content; some it does not give."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        gone = b'{"title": "Gone", "detail": "The host says 404."}'
        status, body = (502, gone) if "GGG" in self.path else (200, self.path.encode())
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def files() -> Iterator[str]:
    """A server of files; its address."""
    Files.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def work(base: str = "", suffix: str = "ABC-DEF-123", media: Media | None = None) -> Work:
    document = {"@id": f"https://doi.org/10.5072/{suffix}"}
    return Work("20.5000.5072/JJJ-JJJ-JJJ", document, 1, base, {}, media or Media())


def test_a_message_is_read_as_a_work() -> None:
    found = Work.read(job(7).payload, Media())
    assert (found.job_id, found.version, found.batching) == (job(7).id, 1, False)
    assert str(found.pid) == "10.5072/ABC-DEF-007"


@pytest.mark.parametrize("message", [b"", b"no JSON", b"[]", b"{}", b'{"jobId": "x"}', b"null"])
def test_what_is_no_job_is_an_error_that_says_so(message: bytes) -> None:
    with pytest.raises(ValueError):
        Work.read(message, Media())


def test_a_file_is_fetched_once_and_regions_are_files_of_their_own() -> None:
    with files() as base:
        media = Media()
        first, second = work(base, media=media), work(base, media=media)
        assert first.file() == b"/api/media/10.5072/ABC-DEF-123/file"
        assert second.file() == first.file()
        assert first.region("percent:10,10,50,20").endswith(
            b"region?xywh=percent%3A10%2C10%2C50%2C20"
        )
        assert len(Files.asked) == 2
        media.close()


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with files() as base:
        media = Media(cache_mb=0)
        assert work(base, media=media).file() == work(base, media=media).file()
        assert len(Files.asked) == 2
        monkeypatch.setattr(kit, "FILE_MB", 0)
        with pytest.raises(MediaUnavailable, match="more than 0 MB"):
            work(base, media=media).file()
        media.close()


def test_a_medium_that_cannot_be_had_says_why() -> None:
    with files() as base, pytest.raises(MediaUnavailable, match=r"502: The host says 404\."):
        work(base, suffix="GGG-GGG-GGG").file()
    with pytest.raises(MediaUnavailable, match="could not be read"):
        work(base).file()


def test_annotations_of_the_kit_are_read_without_repair() -> None:
    some = work()
    made = [
        kit.comment(some, "a remark", language="en"),
        kit.region_text(some, "percent:1,2,3,4", "Carex", score=0.9),
        kit.assessment(some, {"sharpness": 3.5}, about=kit.region("percent:0,0,100,100")),
        kit.edit(some, "$['dwc:country']", "Norway", score=0.8),
        kit.addition(some, "$['dwc:individualCount']", 3),
    ]
    found = [reading.read(one, default_creator=SERVICE) for one in made]
    assert [one.repaired for one in found] == [[]] * 5
    assert [one.draft["oa:motivatedBy"][0] for one in found] == [
        "oa:commenting", "oa:commenting", "oa:assessing", "oa:editing", "ods:adding",
    ]  # fmt: skip
    assert {one.draft["oa:hasTarget"][0]["oa:hasSource"] for one in found} == {some.iri}
