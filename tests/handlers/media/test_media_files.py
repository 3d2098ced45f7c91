"""Files of media: fetched once, kept by hash, checked by events, never from our own network."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from eventstore.application import DigitalObjects
from fdo.agent import Agent
from fdo.errors import NotFound, PidOnly, SourceRefused, Unavailable
from fdo.identifiers import Pid
from fdo.lifecycle import Register, Status, Tombstone, stamped
from handlers.harvest.reading.fetch import fetch
from handlers.harvest.reading.limits import MEBIBYTE, Limits
from handlers.media import MediaFiles, Terms, files, forget
from handlers.media.store import CUTS_SHARE
from tests.handlers.media.sender import Sender, drawn, sending

AT = "2026-11-01T12:00:00.000Z"
CURATOR = Agent("urn:example:curator", "Curator")


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with sending() as made:
        yield made


class Collection:
    """A repository of media and its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1_000_000.0
        self.objects = DigitalObjects(folder)
        self.files = self.made()

    def made(self, **terms: Any) -> MediaFiles:
        given = Terms(**{"allow_private": True, **terms})
        return MediaFiles(self.folder / "media", self.objects, given, clock=lambda: self.now)

    def medium(self, uri: str, status: Status = Status.ACTIVE, kind: str = "media") -> Pid:
        pid = self.objects.reserve(kind)
        draft = {"@type": "ods:DigitalMedia", "ac:accessURI": uri, "schema:name": "x"}
        document = stamped(draft, pid, 1, modified=AT)
        self.objects.handle(Register(document, status), pid=pid, kind=kind, by=CURATOR)
        return pid

    def checks(self, pid: Pid) -> list[dict[str, Any]]:
        events = self.objects.log.history(pid)
        return [dict(e.detail) for e in events if e.what == "MediaChecked"]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    made = Collection(tmp_path)
    yield made
    made.files.close()
    made.objects.close()


def test_a_file_is_fetched_once_and_told_once(collection: Collection, sender: Sender) -> None:
    body = drawn()
    pid = collection.medium(sender.put("/once.png", body))
    kept = collection.files.file(pid)
    assert collection.files.file(pid) == kept
    assert sender.asked.count("/once.png") == 1
    assert kept.file.path.read_bytes() == body
    sha256 = hashlib.sha256(body).hexdigest()
    assert (kept.file.sha256, kept.file.media_type) == (sha256, "image/png")
    assert (kept.file.width, kept.file.height) == (200, 100)
    told = {"outcome": "fetched", "sha256": sha256, "length": len(body)}
    assert collection.checks(pid) == [told | {"media-type": "image/png"}]


def test_only_an_outcome_that_is_news_is_an_event(collection: Collection, sender: Sender) -> None:
    pid = collection.medium(sender.put("/moves.png", drawn()))
    for _ in range(3):
        collection.files.file(pid, anew=True)
    assert len(collection.checks(pid)) == 1
    sender.put("/moves.png", b"", status=404)
    for _ in range(2):
        with pytest.raises(Unavailable, match="404"):
            collection.files.file(pid, anew=True)
    sender.put("/moves.png", drawn((10, 10)))
    collection.files.file(pid, anew=True)
    assert [one["outcome"] for one in collection.checks(pid)] == [
        "fetched",
        "unreachable",
        "fetched",
    ]
    assert collection.objects.log.head(pid).version == 1


def test_who_asks_after_a_failure_does_not_make_us_ask_again(
    collection: Collection, sender: Sender
) -> None:
    pid = collection.medium(sender.put("/later.png", b"", status=404))
    for _ in range(3):
        with pytest.raises(Unavailable) as told:
            collection.files.file(pid)
    assert sender.asked.count("/later.png") == 1
    assert told.value.details["retry_after"] > 0
    collection.now += 61
    sender.put("/later.png", drawn())
    assert collection.files.file(pid).file.length


def test_the_same_bytes_are_kept_once(collection: Collection, sender: Sender) -> None:
    one, other = (collection.medium(sender.put(f"/{n}.png", drawn((30, 30)))) for n in "ab")
    assert collection.files.file(one).file.path == collection.files.file(other).file.path
    forget(collection.folder / "media", one)
    assert collection.files.file(other).file.path.exists()
    forget(collection.folder / "media", other)
    assert not list((collection.folder / "media" / "files").rglob("*?.*"))
    assert collection.files.store.standing() == ({}, 0, 0)


def test_the_files_not_asked_for_longest_make_room(collection: Collection, sender: Sender) -> None:
    big = [bytes([n]) * 400_000 for n in range(4)]
    pids = [collection.medium(sender.put(f"/big{n}", body)) for n, body in enumerate(big)]
    small = collection.made(quota_mb=1)
    for pid in pids[:2]:
        small.file(pid)
        collection.now += 100
    small.file(pids[0])
    collection.now += 100
    small.file(pids[2])
    assert [small.known(pid)[1] is not None for pid in pids[:3]] == [True, False, True]
    asked = sender.asked.count("/big1")
    small.file(pids[1])
    assert sender.asked.count("/big1") == asked + 1
    small.close()


def test_small_images_have_a_share_of_the_quota(collection: Collection, sender: Sender) -> None:
    collection.files = collection.made(quota_mb=1)
    kept = collection.files.file(collection.medium(sender.put("/cuts.png", drawn())))
    store, sha256, share = collection.files.store, kept.file.sha256, MEBIBYTE // CUTS_SHARE
    store.keep_cut(sha256, "whole", bytes(share + 1), "image/png")
    assert store.cut(sha256, "whole") is None, "larger than all that there is room for"
    for name in ("a", "b"):
        store.keep_cut(sha256, name, bytes(share // 2), "image/png")
        collection.now += 100
    assert store.cut(sha256, "a") == (bytes(share // 2), "image/png")
    store.keep_cut(sha256, "c", bytes(share // 2), "image/png")
    assert [store.cut(sha256, name) is None for name in "abc"] == [False, True, False]
    cuts = list((collection.folder / "media").glob("cuts/*/*/*"))
    assert sorted(path.name for path in cuts) == ["a", "c"]
    cuts[0].unlink()
    assert store.cut(sha256, cuts[0].name) is None


def test_what_is_made_of_a_file_goes_with_it(collection: Collection, sender: Sender) -> None:
    body = drawn((13, 7))
    one = collection.medium(sender.put("/made1.png", body))
    other = collection.medium(sender.put("/made2.png", body))
    sha256 = collection.files.file(one).file.sha256
    collection.files.file(other)
    store, folder = collection.files.store, collection.folder / "media"
    store.keep_cut(sha256, "a", b"small", "image/png")
    forget(folder, one)
    assert store.cut(sha256, "a") == (b"small", "image/png"), "the other shows the same"
    forget(folder, other)
    assert store.cut(sha256, "a") is None and not list(folder.glob("cuts/*/*"))
    store.keep_cut(sha256, "a", b"late", "image/png")  # was being made while its file went
    assert store.cut(sha256, "a") is None and not list(folder.glob("cuts/*/*"))


def test_the_address_of_what_was_erased_is_in_no_file(
    collection: Collection, sender: Sender
) -> None:
    many = [collection.medium(sender.put(f"/of-{n}.png", drawn((9, n + 1)))) for n in range(6)]
    for pid in many:
        collection.files.file(pid)
    folder = collection.folder / "media"

    def says(word: bytes) -> bool:
        return any(word in path.read_bytes() for path in folder.rglob("*") if path.is_file())

    assert says(b"/of-3.png")
    forget(folder, many[3])
    assert says(b"/of-2.png") and not says(b"/of-3.png")


def test_our_own_network_is_not_visited(collection: Collection, sender: Sender) -> None:
    pid = collection.medium(sender.put("/inner.png", drawn()))
    guarded = collection.made(allow_private=False)
    with pytest.raises(SourceRefused, match="not a public address"):
        guarded.file(pid)
    assert "/inner.png" not in sender.asked
    assert [one["outcome"] for one in collection.checks(pid)] == ["refused"]
    guarded.close()


def test_a_redirect_into_our_own_network_is_not_followed(
    collection: Collection, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = sender.put("/secret", b"secret")
    outer = sender.put("/moved", b"", status=302, Location=inner.replace("127.0.0.1", "[::1]"))
    pid = collection.medium(outer)
    judged: list[str] = []

    def is_public(address: str) -> bool:
        judged.append(address)
        return address == "127.0.0.1"

    monkeypatch.setattr("handlers.outgoing.is_public", is_public)
    guarded = collection.made(allow_private=False)
    with pytest.raises(SourceRefused):
        guarded.file(pid)
    assert judged == ["127.0.0.1", "::1"]
    assert "/secret" not in sender.asked
    guarded.close()


def test_a_file_beyond_the_limit_is_not_kept(collection: Collection, sender: Sender) -> None:
    pid = collection.medium(sender.put("/huge", b"x" * 1_500_000))
    limited = collection.made(file_mb=1)
    with pytest.raises(Unavailable, match="more than"):
        limited.file(pid)
    assert not [p for p in (collection.folder / "media").rglob("*") if p.is_file() and
                p.stat().st_size > 1_200_000]  # fmt: skip
    limited.close()


def test_what_is_not_public_has_no_file(collection: Collection, sender: Sender) -> None:
    uri = sender.put("/hidden.png", drawn())
    with pytest.raises(PidOnly):
        collection.files.file(collection.medium(uri, Status.PID_ONLY))
    with pytest.raises(NotFound):
        collection.files.file(collection.medium(uri + "?1", Status.DRAFT))
    with pytest.raises(NotFound, match="only media"):
        collection.files.file(collection.medium(uri, kind="source-system"))
    assert "/hidden.png" not in sender.asked


def test_a_page_in_the_place_of_an_image_is_no_image(
    collection: Collection, sender: Sender
) -> None:
    body = b"<html><script>alert(1)</script></html>"
    pid = collection.medium(sender.put("/page.jpg", body, **{"Content-Type": "image/jpeg"}))
    kept = collection.files.file(pid)
    assert (kept.file.media_type, kept.file.width) == ("application/octet-stream", None)


def test_slow_senders_hold_few_of_those_who_ask(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid, going = collection.medium("http://slow.example/a.jpg"), threading.Event()

    def slow(*_: Any) -> Path:
        going.wait(60)
        raise SourceRefused("no", code="download-failed")

    monkeypatch.setattr(files, "fetch", slow)
    told: list[Exception] = []

    def ask() -> None:
        with pytest.raises(Unavailable) as refused:
            collection.files.file(pid)
        told.append(refused.value)

    waiting = [threading.Thread(target=ask) for _ in range(files.AT_ONCE + files.IN_LINE)]
    for one in waiting:
        one.start()
    until = time.monotonic() + 60
    while collection.files._gate._places._value:  # not all of them have come
        assert time.monotonic() < until
        time.sleep(0.01)
    assert not told
    ask()  # whoever comes now is sent away at once
    assert told[0].details["retry_after"] > 0
    going.set()
    for one in waiting:
        one.join()


def test_a_file_that_comes_by_drops_is_given_up(collection: Collection) -> None:
    class Drops(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(400):
                    self.wfile.write(b"x")
                    time.sleep(0.05)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Drops)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    limits = Limits(allow_private_hosts=True, total_seconds=0.3)
    begun = time.monotonic()
    with pytest.raises(SourceRefused, match=r"had not come after 0\.3 s"):
        fetch(f"http://127.0.0.1:{server.server_address[1]}/", collection.folder / "c", limits)
    assert time.monotonic() - begun < 15
    assert not list((collection.folder / "c").glob("*.part"))
    server.shutdown()
    server.server_close()
    thread.join()


def test_files_that_broke_off_do_not_pile_up(collection: Collection) -> None:
    coming = collection.files.store.coming
    for number in range(4):
        part = coming / f"{number}.part"
        part.write_bytes(b"x" * 100)
        os.utime(part, (number, number) if number < 3 else None)
    collection.files.store.tidy(most=250)
    assert sorted(path.name for path in coming.glob("*.part")) == ["2.part", "3.part"]


def test_what_cannot_be_kept_is_not_left_behind(
    collection: Collection, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError("disk")

    pid = collection.medium(sender.put("/left.png", drawn()))
    monkeypatch.setattr(collection.files.store, "keep", broken)
    with pytest.raises(OSError, match="disk"):
        collection.files.file(pid)
    assert not [path for path in collection.files.store.coming.iterdir() if path.stat().st_size]


# ── what is here already ─────────────────────────────────────────────────────────────────


def test_what_is_here_is_told_and_nothing_is_fetched_for_it(
    collection: Collection, sender: Sender
) -> None:
    uri = sender.put("/here.png", drawn())
    pid = collection.medium(uri)
    assert collection.files.here(pid, uri) is None
    assert "/here.png" not in sender.asked
    assert not (collection.folder / "media").exists(), "who only looks makes no cache"
    kept = collection.files.file(pid)
    assert collection.files.here(pid, uri) == kept.file
    assert collection.files.here(pid, f"{uri}?other") is None, "bytes are those of one address"


def test_of_a_medium_that_was_withdrawn_nothing_is_here(
    collection: Collection, sender: Sender
) -> None:
    uri = sender.put("/withdrawn.png", drawn())
    pid = collection.medium(uri)
    assert collection.files.file(pid)
    lost = Tombstone("Lost.", {"@type": "schema:Person", "schema:name": "x"}, AT)
    collection.objects.handle(lost, pid=pid, kind="media", by=CURATOR)
    assert collection.files.here(pid, uri) is None


def test_why_a_file_is_not_here_is_told(collection: Collection, sender: Sender) -> None:
    uri = sender.put("/away.png", b"", status=404)
    pid = collection.medium(uri)
    assert collection.files.trouble(pid, uri) == ""
    with pytest.raises(Unavailable):
        collection.files.file(pid)
    assert "404" in collection.files.trouble(pid, uri)
    assert collection.files.trouble(pid, f"{uri}?other") == ""


def test_a_file_that_is_brought_is_kept_as_if_it_had_been_fetched(
    collection: Collection, tmp_path: Path
) -> None:
    uri = "https://nowhere.invalid/a.png"
    pid = collection.medium(uri)
    brought = tmp_path / "brought.png"
    brought.write_bytes(drawn())
    for _ in range(2):
        kept = collection.files.bring(pid, brought)
    assert collection.files.file(pid) == kept
    assert collection.files.here(pid, uri) == kept.file
    assert kept.file.path.read_bytes() == brought.read_bytes()
    assert [one["sha256"] for one in collection.checks(pid)] == [kept.file.sha256], "told once"
    withheld = collection.medium("https://nowhere.invalid/b.png", Status.PID_ONLY)
    with pytest.raises(PidOnly):
        collection.files.bring(withheld, brought)
