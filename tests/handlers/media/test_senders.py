"""Where files of media come from: never from our own network, whatever a name or a redirect says;
and senders that are slow, busy or break off."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fdo.errors import SourceRefused, Unavailable
from handlers.harvest.reading.fetch import fetch
from handlers.harvest.reading.limits import Limits
from handlers.media import files
from tests.handlers.media.conftest import Collection
from tests.handlers.media.sender import Sender, drawn


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


def named(monkeypatch: pytest.MonkeyPatch, host: str, *answers: list[str]) -> list[str]:
    """A name server that answers so for this host, one answer after another, the last of them for
    ever; what was asked of it. Of its addresses, 127.0.0.1 counts as public."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answering(name: Any, port: Any, *rest: Any, **more: Any) -> list[Any]:
        if name != host:
            return real(name, port, *rest, **more)
        asked.append(name)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", answering)
    monkeypatch.setattr("handlers.outgoing.is_public", lambda address: address == "127.0.0.1")
    return asked


def test_a_name_that_changes_its_mind_is_visited_where_it_was_judged(
    collection: Collection, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the first answer is public, the next leads into our own network."""
    body = drawn((12, 12))
    uri = sender.put("/rebound.png", body).replace("127.0.0.1", "images.example")
    pid = collection.medium(uri)
    guarded = collection.made(allow_private=False)
    asked = named(monkeypatch, "images.example", ["127.0.0.1"], ["127.0.0.2"])
    assert guarded.file(pid).file.path.read_bytes() == body
    assert asked == ["images.example"], "nobody asks again between judging and visiting"
    guarded.close()


def test_a_name_of_which_one_address_is_ours_is_not_visited(
    collection: Collection, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = sender.put("/both.png", drawn()).replace("127.0.0.1", "images.example")
    pid = collection.medium(uri)
    guarded = collection.made(allow_private=False)
    named(monkeypatch, "images.example", ["127.0.0.1", "10.0.0.1"])
    with pytest.raises(SourceRefused, match="not a public address"):
        guarded.file(pid)
    assert "/both.png" not in sender.asked
    guarded.close()


def test_a_busy_sender_is_asked_again(collection: Collection, sender: Sender) -> None:
    pid = collection.medium(sender.put("/busy.png", b"", status=503))
    with pytest.raises(Unavailable, match="503"):
        collection.files.file(pid)
    assert sender.asked.count("/busy.png") == 3
    assert [one["outcome"] for one in collection.checks(pid)] == ["unreachable"]


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
