"""Files of media: fetched once, kept by hash, checked by events, never from our own network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eventstore.application import DigitalObjects
from fdo.agent import Agent
from fdo.errors import NotFound, PidOnly, SourceRefused, Unavailable
from fdo.identifiers import Pid
from fdo.lifecycle import Register, Status, stamped
from handlers.media import MediaFiles, Terms, forget
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
