"""Files of media: fetched once, kept by hash, checked by events, as long as there is room."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import pytest

from fdo.errors import NotFound, PidOnly, Unavailable
from fdo.lifecycle import Status, Tombstone
from handlers.harvest.reading.limits import MEBIBYTE
from handlers.media import forget
from handlers.media.store import CUTS_SHARE
from tests.handlers.media.conftest import AT, CURATOR, Collection
from tests.handlers.media.sender import Sender, drawn


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


@pytest.mark.parametrize("then", [(200, drawn((40, 40))), (503, b""), (404, b"")])
def test_an_erasure_finds_all_bytes_that_a_medium_ever_had(
    collection: Collection, sender: Sender, then: tuple[int, bytes]
) -> None:
    """Also where its address gave others since, or nothing."""
    status, body = then
    folder = collection.folder / "media"
    pid = collection.medium(sender.put("/portrait.png", drawn((41, 41))))
    first = collection.files.file(pid).file
    collection.files.store.keep_cut(first.sha256, "a", b"small", "image/png")
    sender.put("/portrait.png", body, status=status)
    with contextlib.suppress(Unavailable):
        collection.files.file(pid, anew=True)
    assert collection.files.here(pid, sender.at("/portrait.png")) != first, "not shown any more"
    assert first.path.exists() is (status != 200), "kept in case it comes back"
    forget(folder, pid)
    assert not [path for path in folder.glob("files/*/*") if path.is_file()]


def test_bytes_that_another_medium_shows_stay_when_one_gives_others(
    collection: Collection, sender: Sender
) -> None:
    pids = [collection.medium(sender.put(f"/shared{n}.png", drawn((42, 42)))) for n in range(2)]
    kept = [collection.files.file(pid).file for pid in pids]
    sender.put("/shared0.png", drawn((43, 43)))
    assert collection.files.file(pids[0], anew=True).file.sha256 != kept[0].sha256
    assert collection.files.file(pids[1]).file.path.exists()
    assert sender.asked.count("/shared1.png") == 1


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
