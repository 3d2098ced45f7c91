"""Sources by URL: whole, resumed, limited, and never into our own network."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, unquote

import pytest

from fdo.errors import SourceRefused
from handlers import outgoing
from handlers.harvest.reading import fetch as fetching
from handlers.harvest.reading.fetch import fetch, name_of, public_address, without_secrets
from handlers.harvest.reading.limits import Limits
from handlers.outgoing import is_public
from tests.handlers.harvest.reading.archive_building import metafile, read, refused, table

HOME = Limits(allow_private_hosts=True, download_attempts=3, connect_seconds=5, silence_seconds=5)


class Publisher(BaseHTTPRequestHandler):
    """A small server with manners and without: whole, cut, moved, changing, busy."""

    body = b""
    asked: ClassVar[list[tuple[str, str | None]]] = []
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        type(self).asked.append((self.path, wanted))
        first = [path for path, _ in self.asked].count(self.path) == 1
        match self.path.split("?")[0]:
            case "/moved":
                self.send_response(302)
                self.send_header("Location", "/whole.zip")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "/round":
                self.send_response(302)
                self.send_header("Location", "/round")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "/inward":
                self.send_response(302)
                self.send_header("Location", "file:///etc/passwd")
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "/busy" if first:
                self.send_error(503)
            case "/later":
                self.send_response(429)
                self.send_header("Retry-After", unquote(self.path.partition("?")[2]))
                self.send_header("Content-Length", "0")
                self.end_headers()
            case "/gone":
                self.send_error(404)
            case "/cut.zip" if first:
                self.give(0, len(self.body) // 2)
            case "/changed.zip" if first:
                self.give(0, len(self.body) // 2, tag='"old"')
            case "/changed.zip":
                self.give(0, len(self.body), tag='"new"')
            case "/stubborn.zip" if first:
                self.give(0, len(self.body) // 2, tag='"old"')
            case "/stubborn.zip":  # honours Range, whatever If-Range says
                start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
                self.give(start, len(self.body), tag='"new"')
            case "/unsized":
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(self.body)
                self.close_connection = True
            case _:
                start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
                self.give(start, len(self.body))

    def give(self, start: int, stop: int, tag: str = '"one"') -> None:
        whole = len(self.body)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(whole - start))
        self.end_headers()
        self.wfile.write(self.body[start:stop])
        self.close_connection = stop < whole

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def publisher(tmp_path: Path) -> Iterator[str]:
    meta = metafile(table("occurrence.txt", ("occurrenceID", "locality")))
    with zipfile.ZipFile(tmp_path / "served.zip", "w") as archive:
        archive.writestr("meta.xml", meta)
        archive.writestr("occurrence.txt", "id,l\n1,a\n2,b\n")
    Publisher.body, Publisher.asked = (tmp_path / "served.zip").read_bytes(), []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Publisher)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "path", ["/whole.zip", "/moved", "/busy", "/cut.zip", "/changed.zip", "/unsized"]
)
def test_an_archive_comes_whole_from_senders_of_many_manners(
    path: str, publisher: str, tmp_path: Path
) -> None:
    assert len(read(publisher + path, tmp_path / "w", HOME).records) == 2
    assert [file for file in (tmp_path / "w").rglob("*") if file.is_file()] == []


def test_a_broken_download_goes_on_where_it_stopped(publisher: str, tmp_path: Path) -> None:
    file = fetch(f"{publisher}/cut.zip", tmp_path / "d", HOME)
    assert file.read_bytes() == Publisher.body
    half = len(Publisher.body) // 2
    assert Publisher.asked == [("/cut.zip", None), ("/cut.zip", f"bytes={half}-")]


def test_a_file_that_changed_meanwhile_is_not_stitched_together(
    publisher: str, tmp_path: Path
) -> None:
    file = fetch(f"{publisher}/changed.zip", tmp_path / "d", HOME)
    assert file.read_bytes() == Publisher.body
    assert Publisher.asked[1][1] is not None


def test_a_part_of_another_file_is_not_put_behind_the_one_begun(
    publisher: str, tmp_path: Path
) -> None:
    file = fetch(f"{publisher}/stubborn.zip", tmp_path / "d", HOME)
    assert file.read_bytes() == Publisher.body
    half = len(Publisher.body) // 2
    assert [asked for _, asked in Publisher.asked] == [None, f"bytes={half}-", None]


@pytest.mark.parametrize(
    ("path", "afterwards"),
    [("/cut.zip", ["rest"]), ("/changed.zip", ["rest"]), ("/stubborn.zip", ["rest", None])],
)
def test_what_one_call_began_a_later_one_goes_on_with_where_the_file_is_still_the_same(
    path: str, afterwards: list[str | None], publisher: str, tmp_path: Path
) -> None:
    once = replace(HOME, download_attempts=1)
    assert refused(publisher + path, tmp_path / "w", once) == "download-failed"
    (begun,) = (tmp_path / "w" / "downloads").glob("*.part")
    half = len(Publisher.body) // 2
    assert begun.read_bytes() == Publisher.body[:half]
    assert len(read(publisher + path, tmp_path / "w", HOME).records) == 2
    rest = [asked and "rest" for _, asked in Publisher.asked[1:]]
    assert (rest, Publisher.asked[1][1]) == (afterwards, f"bytes={half}-")
    assert not list((tmp_path / "w" / "downloads").glob("*.part"))


@pytest.mark.parametrize("path", ["/whole.zip", "/unsized"])
def test_more_bytes_than_allowed_are_refused(path: str, publisher: str, tmp_path: Path) -> None:
    limits = Limits(allow_private_hosts=True, max_download=100)
    assert refused(publisher + path, tmp_path / "w", limits) == "download-too-large"


@pytest.mark.parametrize(
    ("path", "code"),
    [("/gone", "download-failed"), ("/round", "download-failed"), ("/inward", "url-refused")],
)
def test_what_cannot_be_had_is_named(path: str, code: str, publisher: str, tmp_path: Path) -> None:
    assert refused(publisher + path, tmp_path / "w", HOME) == code


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "http://localhost:1/x",
        "http://[::1]:1/x",
        "http://0.0.0.0:1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://10.1.2.3/x",
        "http://2130706433/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://[64:ff9b::7f00:1]/x",
        "http://224.0.0.1/x",
    ],
)
def test_our_own_network_is_closed(url: str, tmp_path: Path) -> None:
    assert refused(url, tmp_path / "w") == "host-refused"


def test_a_redirect_into_our_own_network_is_judged_again(
    publisher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []

    def once(address: str) -> bool:
        judged.append(address)
        return len(judged) == 1

    monkeypatch.setattr(outgoing, "is_public", once)
    assert refused(f"{publisher}/moved", tmp_path / "w") == "host-refused"
    assert len(judged) == 2


def test_those_who_fetch_one_address_at_once_do_not_disturb_each_other(
    publisher: str, tmp_path: Path
) -> None:
    held = threading.Event()
    Publisher.body = bytes(range(256)) * 8_000

    def hold(publishing: Publisher, start: int, stop: int, tag: str = '"one"') -> None:
        publishing.send_response(200)
        publishing.send_header("Content-Length", str(len(Publisher.body)))
        publishing.end_headers()
        publishing.wfile.write(Publisher.body[:1_000])
        publishing.wfile.flush()
        held.wait(60)
        publishing.wfile.write(Publisher.body[1_000:])

    first: list[Path] = []
    with pytest.MonkeyPatch.context() as slow:
        slow.setattr(Publisher, "give", hold)
        thread = threading.Thread(
            target=lambda: first.append(fetch(f"{publisher}/one.zip", tmp_path, HOME))
        )
        thread.start()
        until = time.monotonic() + 60
        while not any(p.stat().st_size for p in tmp_path.glob("*.part")):
            assert time.monotonic() < until
    second = fetch(f"{publisher}/one.zip", tmp_path, HOME)
    assert second.read_bytes() == Publisher.body
    held.set()
    thread.join(60)
    assert first[0] != second
    assert first[0].read_bytes() == Publisher.body
    assert {path for path in tmp_path.iterdir() if path.is_file()} == {
        first[0], second, tmp_path / "served.zip",
    }  # fmt: skip


@pytest.mark.parametrize("url", ["ftp://example.org/a.zip", "file:///etc/passwd", "http://a:b@c/"])
def test_other_schemes_and_passwords_are_refused(url: str, tmp_path: Path) -> None:
    assert refused(url, tmp_path / "w") == "url-refused"


def test_public_addresses_are_public() -> None:
    assert is_public("93.184.216.34")
    assert is_public("2606:2800:220:1:248:1893:25c8:1946")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://ipt.example.org/archive.do?r=algae&v=1.25", "algae"),
        ("https://example.org/files/insects%205k.tar.gz", "insects-5k.tar.gz"),
        ("https://example.org/", "example.org"),
    ],
)
def test_a_download_is_named_after_its_resource(url: str, name: str) -> None:
    assert name_of(url) == name


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ipt.example/a.do?r=plants&v=1.2", "https://ipt.example/a.do?r=plants&v=1.2"),
        ("https://a:b@h.example:8080/x.zip?token=s#s", "https://h.example:8080/x.zip"),
        ("https://h.example/a b.zip?key=s&r=x;key=s", "https://h.example/a b.zip"),
        ("https://h.example?r=&r", "https://h.example"),
        ("http://[::1/x?key=s", "http://"),
        ("HTTPS://h.example/x\n?key=s", "https://h.example/x"),
    ],
)
def test_what_everybody_may_see_of_an_address_holds_no_secret(address: str, shown: str) -> None:
    assert public_address(address) == shown


def test_addresses_in_a_text_lose_their_secrets() -> None:
    told = "a:b@c? From https://a:b@h.example/x?key=s and (http://i.example/?r=y&k=s) came nothing."
    shown = "a:b@c? From https://h.example/x and (http://i.example/?r=y came nothing."
    assert without_secrets(told) == shown


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that are made, none of which lasts."""
    made: list[float] = []
    monkeypatch.setattr(fetching.time, "sleep", made.append)
    return made


@pytest.mark.parametrize(
    ("asked", "patience", "made"),
    [
        ("7", 10, [7, 7]),
        ("0", 10, [0, 0]),
        ("11", 10, []),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 10, [0, 0]),
        ("Fri, 01 Jan 2999 00:00:00 GMT", 10, []),
        ("soon", 10, [1, 2]),
        ("soon", 1.5, [1, 1.5]),
        ("7", 0, [0, 0]),
    ],
)
def test_a_busy_sender_is_waited_for_as_long_as_it_asks_within_our_patience(
    asked: str, patience: float, made: list[float], publisher: str, tmp_path: Path,
    pauses: list[float],
) -> None:  # fmt: skip
    limits = replace(HOME, patience_seconds=patience)
    with pytest.raises(SourceRefused, match="429") as refusal:
        fetch(f"{publisher}/later?{quote(asked)}", tmp_path / "d", limits)
    assert pauses == made
    assert ("asks to come back" in refusal.value.message) == (made == [])


def test_a_sender_that_trickles_is_left_and_what_came_is_kept(
    publisher: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "RATE_S", 0.01)

    def trickle(publishing: Publisher, *_: object, **__: object) -> None:
        publishing.send_response(200)
        publishing.send_header("Content-Length", "1000")
        publishing.end_headers()
        for _ in range(1000):
            publishing.wfile.write(b"x")
            time.sleep(0.002)

    monkeypatch.setattr(Publisher, "give", trickle)
    with pytest.raises(SourceRefused, match="bytes a second"):
        fetch(f"{publisher}/slow.zip", tmp_path / "d", replace(HOME, least_rate=100_000))
    assert list((tmp_path / "d").glob("*.part"))


def test_an_unknown_host_is_tried_and_then_named(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="unknown"):
        fetch("http://no-such-host.invalid/x", tmp_path / "d", Limits(download_attempts=2))
